"""The WhatsApp driver against the fake Meta, over a real local port: the contract of `WhatsAppGateway`."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.gateways.meta_errors import CLASSES
from bot.gateways.whatsapp import GraphWhatsApp, make_session
from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.people import Person
from handlers.ports import (
    Address,
    ChannelStopped,
    GatewayError,
    MediaExpired,
    NumberThrottled,
    OutcomeUnknown,
    PairLimited,
    Refused,
    TryLater,
    Unreachable,
    WhatsAppGateway,
    WindowClosed,
)

NUMBER = "100000000000001"
TOKEN = "a-token-of-the-fake"
PDF = b"%PDF-1.7 a contract"
ServerFixture = Callable[[web.Application], Awaitable[TestServer]]


class MovableClock:
    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def forward(self, **span: float) -> None:
        self.instant += timedelta(**span)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with make_session(limit=16) as session:
        yield session


@pytest.fixture
async def meta(clock: MovableClock, session: aiohttp.ClientSession) -> FakeMeta:
    return FakeMeta(clock, "secret", "http://127.0.0.1:9/", session, NUMBER, "200", TOKEN, "+551130000000")


@pytest.fixture
async def url(meta: FakeMeta, aiohttp_server: ServerFixture) -> str:
    return str((await aiohttp_server(meta.app())).make_url(""))


@pytest.fixture
def gateway(url: str, session: aiohttp.ClientSession) -> WhatsAppGateway:
    return GraphWhatsApp(session, url, "v25.0", TOKEN)


@pytest.fixture
def ana(meta: FakeMeta, clock: MovableClock) -> Person:
    ana = meta.person("551199990000", "Ana de Teste")
    meta.state.last_inbound[ana.key] = clock.now()
    return ana


TO_ANA = Address(phone="551199990000")


def text(body: str = "Olá!") -> dict[str, Any]:
    return {"type": "text", "text": {"body": body}}


def document(media_id: str) -> dict[str, Any]:
    return {"type": "document", "document": {"id": media_id, "filename": "contrato.pdf"}}


async def test_a_message_sent_is_accepted_and_shown(gateway: WhatsAppGateway, meta: FakeMeta, ana: Person) -> None:
    accepted = await gateway.send(NUMBER, TO_ANA, text("Bem-vinda, Ana ✨"), opaque="outbox-1")

    [bubble] = meta.sent_to(ana)
    assert (bubble.id, bubble.text, bubble.opaque) == (accepted.message_id, "Bem-vinda, Ana ✨", "outbox-1")
    assert accepted.wa_id == "551199990000"
    assert accepted.message_status is None
    assert meta.refusals == []


async def test_wa_id_of_the_answer_is_the_form_whatsapp_uses(gateway: WhatsAppGateway, meta: FakeMeta) -> None:
    bia = meta.person("553199990000", "Bia de Teste")
    await meta.says(bia, "oi")

    accepted = await gateway.send(NUMBER, Address(phone="5531999990000"), text(), opaque="1")

    assert accepted.wa_id == "553199990000"


async def test_a_person_without_a_phone_is_reached_by_bsuid(gateway: WhatsAppGateway, meta: FakeMeta) -> None:
    caio = meta.person(None, "Caio de Teste", bsuid="BR.123", username="caio")
    await meta.says(caio, "oi")

    accepted = await gateway.send(NUMBER, Address(bsuid="BR.123"), text(), opaque="1")

    assert accepted.wa_id is None
    assert [bubble.id for bubble in meta.sent_to(caio)] == [accepted.message_id]


async def test_no_address_is_refused_here(gateway: WhatsAppGateway) -> None:
    with pytest.raises(Refused, match="no-recipient"):
        await gateway.send(NUMBER, Address(), text(), opaque="1")


async def test_text_that_is_no_unicode_is_refused_here(gateway: WhatsAppGateway, meta: FakeMeta) -> None:
    with pytest.raises(Refused, match="not-json"):
        await gateway.send(NUMBER, TO_ANA, text("\ud83d"), opaque="1")
    assert meta.refusals == []


async def test_an_upload_can_be_sent_and_fetched(
    gateway: WhatsAppGateway, meta: FakeMeta, ana: Person, url: str, session: aiohttp.ClientSession
) -> None:
    media_id = await gateway.upload(NUMBER, PDF, "application/pdf", "contrato.pdf")
    await gateway.send(NUMBER, TO_ANA, document(media_id), opaque="1")

    assert meta.sent_to(ana)[0].media_id == media_id
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with session.get(f"{url}/v25.0/{media_id}", headers=headers) as answer:
        described = await answer.json()
    async with session.get(described["url"], headers=headers) as answer:
        assert await answer.read() == PDF
    assert (described["mime_type"], meta.media[media_id].filename) == ("application/pdf", "contrato.pdf")


async def test_an_upload_of_a_wrong_kind_is_refused(gateway: WhatsAppGateway) -> None:
    with pytest.raises(Refused) as caught:
        await gateway.upload(NUMBER, b"<svg/>", "image/svg+xml", "x.svg")
    assert caught.value.code == "100"


async def test_media_is_gone_after_thirty_days(
    gateway: WhatsAppGateway, meta: FakeMeta, ana: Person, clock: MovableClock
) -> None:
    media_id = await gateway.upload(NUMBER, PDF, "application/pdf", "contrato.pdf")
    clock.forward(days=30)
    await meta.says(ana, "oi")

    with pytest.raises(MediaExpired):
        await gateway.send(NUMBER, TO_ANA, document(media_id), opaque="1")


async def test_mark_read_and_typing(gateway: WhatsAppGateway, meta: FakeMeta, ana: Person, clock: MovableClock) -> None:
    await meta.says(ana, "oi")
    last = await meta.says(ana, "tem alguém aí?")

    await gateway.mark_read(NUMBER, last, typing=True)

    assert [bubble.status for bubble in meta.chats[ana.key]] == ["read", "read"]
    assert meta.is_typing(ana)
    clock.forward(seconds=25)
    assert not meta.is_typing(ana)


async def test_reading_what_never_came_is_refused(gateway: WhatsAppGateway, ana: Person) -> None:
    with pytest.raises(Refused):
        await gateway.mark_read(NUMBER, "wamid.unknown", typing=False)


async def test_a_wrong_token_stops_the_channel(url: str, session: aiohttp.ClientSession, ana: Person) -> None:
    with pytest.raises(ChannelStopped) as caught:
        await GraphWhatsApp(session, url, "v25.0", "another").send(NUMBER, TO_ANA, text(), opaque="1")
    assert caught.value.code == "190"


async def test_a_foreign_number_stops_the_channel(gateway: WhatsAppGateway, ana: Person) -> None:
    with pytest.raises(ChannelStopped) as caught:
        await gateway.send("999", TO_ANA, text(), opaque="1")
    assert caught.value.code == "33"


async def test_closed_window(gateway: WhatsAppGateway, ana: Person, clock: MovableClock) -> None:
    clock.forward(hours=24)
    with pytest.raises(WindowClosed):
        await gateway.send(NUMBER, TO_ANA, text(), opaque="1")


async def test_unknown_person(gateway: WhatsAppGateway) -> None:
    with pytest.raises(Unreachable):
        await gateway.send(NUMBER, Address(phone="551188880000"), text(), opaque="1")


async def test_pair_limit(gateway: WhatsAppGateway, ana: Person, clock: MovableClock) -> None:
    for index in range(45):
        await gateway.send(NUMBER, TO_ANA, text(), opaque=str(index))
    with pytest.raises(PairLimited):
        await gateway.send(NUMBER, TO_ANA, text(), opaque="46")
    clock.forward(seconds=6)
    await gateway.send(NUMBER, TO_ANA, text(), opaque="46")


@pytest.mark.parametrize(
    ("code", "kind"),
    sorted(
        (code, kind)
        for code, kind in CLASSES.items()
        if code
        in {
            0,
            2,
            4,
            10,
            200,
            368,
            2040,
            80007,
            130429,
            130472,
            131000,
            131016,
            131026,
            131031,
            131047,
            131048,
            131049,
            131053,
            131056,
            131057,
            131062,
            132001,
            132015,
            133010,
            134011,
            137000,
        }
    ),
)
async def test_each_class_of_error(
    gateway: WhatsAppGateway, meta: FakeMeta, ana: Person, code: int, kind: type[GatewayError]
) -> None:
    meta.faults.fail_next = [code]

    with pytest.raises(GatewayError) as caught:
        await gateway.send(NUMBER, TO_ANA, text(), opaque="1")

    assert type(caught.value) is kind
    assert caught.value.code == str(code)
    assert meta.sent_to(ana) == []


async def test_throttling_comes_as_400_and_passes(gateway: WhatsAppGateway, meta: FakeMeta, ana: Person) -> None:
    meta.faults.throttle_next = 1
    with pytest.raises(NumberThrottled):
        await gateway.send(NUMBER, TO_ANA, text(), opaque="1")
    await gateway.send(NUMBER, TO_ANA, text(), opaque="1")


async def test_an_outage_is_for_later(gateway: WhatsAppGateway, meta: FakeMeta, ana: Person) -> None:
    meta.faults.down = True
    with pytest.raises(TryLater):
        await gateway.send(NUMBER, TO_ANA, text(), opaque="1")


async def test_a_cut_after_sending_is_ambiguous(gateway: WhatsAppGateway, meta: FakeMeta, ana: Person) -> None:
    meta.faults.drop_answers = 1

    with pytest.raises(OutcomeUnknown):
        await gateway.send(NUMBER, TO_ANA, text(), opaque="outbox-7")

    assert [bubble.opaque for bubble in meta.sent_to(ana)] == ["outbox-7"]


async def test_an_unreadable_acceptance_is_ambiguous(gateway: WhatsAppGateway, meta: FakeMeta, ana: Person) -> None:
    meta.faults.garble_answers = 1
    with pytest.raises(OutcomeUnknown):
        await gateway.send(NUMBER, TO_ANA, text(), opaque="1")
    assert len(meta.sent_to(ana)) == 1


async def test_a_time_out_after_sending_is_ambiguous(
    meta: FakeMeta, url: str, session: aiohttp.ClientSession, ana: Person
) -> None:
    answered = asyncio.Event()

    async def until_let_go(seconds: float) -> None:
        await answered.wait()

    meta.faults.slow, meta.sleep = 60, until_let_go
    hasty = GraphWhatsApp(session, url, "v25.0", TOKEN, timeout=aiohttp.ClientTimeout(total=0.05))
    with pytest.raises(OutcomeUnknown):
        await hasty.send(NUMBER, TO_ANA, text(), opaque="1")
    answered.set()


async def test_nobody_listening_is_for_later(session: aiohttp.ClientSession) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(TryLater, match="not-connected"):
        await GraphWhatsApp(session, address, "v25.0", TOKEN).send(NUMBER, TO_ANA, text(), opaque="1")


async def test_an_unknown_host_is_for_later(session: aiohttp.ClientSession) -> None:
    with pytest.raises(TryLater, match="not-connected"):
        await GraphWhatsApp(session, "http://graph.invalid", "v25.0", TOKEN).send(NUMBER, TO_ANA, text(), opaque="1")


async def _canned(aiohttp_server: ServerFixture, status: int, body: bytes, **headers: str) -> str:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=status, body=body, headers=headers)

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    return str((await aiohttp_server(app)).make_url(""))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{}", b'{"messages":[]}', b'{"messages":[{"id":5}]}', b"<html>"]
)
async def test_acceptance_without_an_id_is_ambiguous(
    aiohttp_server: ServerFixture, session: aiohttp.ClientSession, body: bytes
) -> None:
    address = await _canned(aiohttp_server, 200, body)
    with pytest.raises(OutcomeUnknown):
        await GraphWhatsApp(session, address, "v25.0", TOKEN).send(NUMBER, TO_ANA, text(), opaque="1")


async def test_redirects_are_not_followed(aiohttp_server: ServerFixture, session: aiohttp.ClientSession) -> None:
    address = await _canned(aiohttp_server, 307, b"", Location="http://127.0.0.1:9/elsewhere")
    with pytest.raises(ChannelStopped):
        await GraphWhatsApp(session, address, "v25.0", TOKEN).send(NUMBER, TO_ANA, text(), opaque="1")


async def test_a_lost_answer_to_an_upload_is_for_later(
    aiohttp_server: ServerFixture, session: aiohttp.ClientSession
) -> None:
    gateway = GraphWhatsApp(session, await _canned(aiohttp_server, 200, b"{"), "v25.0", TOKEN)
    with pytest.raises(TryLater):
        await gateway.upload(NUMBER, PDF, "application/pdf", "x.pdf")
    with pytest.raises(TryLater):
        await gateway.mark_read(NUMBER, "wamid.1", typing=False)
