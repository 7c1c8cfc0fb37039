from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.gateways.sms import MemorySms, TwilioSms
from bot.simulator.sms import FakeTwilio
from handlers.ports import ChannelStopped, GatewayError, OutcomeUnknown, Refused, TryLater

ANA = "+5511987654321"
ACCOUNT, TOKEN, SENDER = "AC0000", "secret", "+15005550006"


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def twilio() -> FakeTwilio:
    return FakeTwilio(Noon(), ACCOUNT, TOKEN)


@pytest.fixture
async def address(twilio: FakeTwilio) -> AsyncIterator[str]:
    async with TestServer(twilio.app()) as server:
        yield str(server.make_url("/"))


async def test_a_message_arrives(twilio: FakeTwilio, address: str, session: aiohttp.ClientSession) -> None:
    sid = await TwilioSms(session, address, ACCOUNT, TOKEN, SENDER).send(ANA, "Seu código é 123456 & não o passe")
    [sms] = twilio.messages
    assert (sms.sid, sms.to, sms.sender, sms.text) == (sid, ANA, SENDER, "Seu código é 123456 & não o passe")


@pytest.mark.parametrize(
    ("to", "code"), [("+15005550001", "21211"), ("+15005550009", "21614"), ("+15005550004", "21610")]
)
async def test_numbers_that_get_nothing(address: str, session: aiohttp.ClientSession, to: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        await TwilioSms(session, address, ACCOUNT, TOKEN, SENDER).send(to, "oi")
    assert caught.value.code == code
    assert to not in str(caught.value)


@pytest.mark.parametrize(
    ("to", "text"), [("11987654321", "oi"), ("+55\r\n11987654321", "oi"), (ANA, " "), (ANA, "x" * 1601)]
)
async def test_what_is_not_even_sent(
    twilio: FakeTwilio, address: str, session: aiohttp.ClientSession, to: str, text: str
) -> None:
    for gateway in (TwilioSms(session, address, ACCOUNT, TOKEN, SENDER), MemorySms(Noon())):
        with pytest.raises(Refused):
            await gateway.send(to, text)
    assert twilio.messages == []


async def test_a_person_who_opted_out(twilio: FakeTwilio, address: str, session: aiohttp.ClientSession) -> None:
    twilio.opted_out.add(ANA)
    with pytest.raises(Refused, match="21610"):
        await TwilioSms(session, address, ACCOUNT, TOKEN, SENDER).send(ANA, "oi")


async def test_a_wrong_token_stops_the_channel(address: str, session: aiohttp.ClientSession) -> None:
    with pytest.raises(ChannelStopped, match="20003"):
        await TwilioSms(session, address, ACCOUNT, "wrong", SENDER).send(ANA, "oi")


async def test_faults(twilio: FakeTwilio, address: str, session: aiohttp.ClientSession) -> None:
    quick = aiohttp.ClientTimeout(total=0.05)
    gateway = TwilioSms(session, address, ACCOUNT, TOKEN, SENDER, timeout=quick)
    twilio.faults.throttled = True
    with pytest.raises(TryLater, match="20429"):
        await gateway.send(ANA, "oi")
    twilio.faults.down = True
    with pytest.raises(TryLater, match="503"):
        await gateway.send(ANA, "oi")
    twilio.faults.slow = 0.2
    with pytest.raises(OutcomeUnknown):
        await gateway.send(ANA, "oi")


async def test_nobody_listens(unused_tcp_port: int, session: aiohttp.ClientSession) -> None:
    with pytest.raises(TryLater):
        await TwilioSms(session, f"http://127.0.0.1:{unused_tcp_port}", ACCOUNT, TOKEN, SENDER).send(ANA, "oi")


@pytest.mark.parametrize(
    ("status", "body", "expected", "code"),
    [
        (201, "<html>", OutcomeUnknown, "unreadable"),
        (201, "[]", OutcomeUnknown, "unreadable"),
        (302, "", ChannelStopped, "http-302"),
        (400, '{"code": 21606, "message": "x"}', ChannelStopped, "21606"),
        (400, '{"code": 30001}', TryLater, "30001"),
        (400, '{"code": 21408}', Refused, "21408"),
        (403, "", ChannelStopped, "http-403"),
        (404, '{"code": 20404}', ChannelStopped, "20404"),
        (404, "<html>", ChannelStopped, "http-404"),
        (429, "", TryLater, "http-429"),
        (500, '{"code": 20500}', TryLater, "20500"),
    ],
)
async def test_every_answer_has_a_class(
    session: aiohttp.ClientSession, status: int, body: str, expected: type[GatewayError], code: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"Retry-After": "7", "Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        with pytest.raises(expected) as caught:
            await TwilioSms(session, str(server.make_url("/")), ACCOUNT, TOKEN, SENDER).send(ANA, "oi")
    assert caught.value.code == code
    if isinstance(caught.value, TryLater):
        assert caught.value.after == timedelta(seconds=7)


async def test_the_store_in_memory() -> None:
    store = MemorySms(Noon(), keep=2)
    for text in "abc":
        sid = await store.send(ANA, text)
    assert [each.text for each in store.received] == ["b", "c"]
    assert store.inbox(ANA)[-1].sid == sid
    assert store.inbox(ANA)[-1].at == Noon().now()
    store.down = True
    with pytest.raises(TryLater):
        await store.send(ANA, "d")
