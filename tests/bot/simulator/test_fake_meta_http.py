"""The fake Meta's endpoints over HTTP: shapes of answers, media, and the courier that runs beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.people import Person
from tests.bot.simulator.conftest import ServerFixture
from tests.bot.simulator.meta_samples import (
    text,
)
from tests.bot.simulator.meta_support import NUMBER, SECRET, Business, MovableClock, to_ana


@pytest.fixture
async def graph(meta: FakeMeta, aiohttp_server: ServerFixture) -> AsyncIterator[aiohttp.ClientSession]:
    server = await aiohttp_server(meta.app())
    headers = {"Authorization": "Bearer token"}
    async with aiohttp.ClientSession(str(server.make_url("/v25.0/")), headers=headers) as session:
        yield session


async def test_the_shape_of_an_answer(graph: aiohttp.ClientSession, meta: FakeMeta, ana: Person) -> None:
    async with graph.post(f"{NUMBER}/messages", json=to_ana(text())) as answer:
        assert answer.status == 200
        assert await answer.json() == {
            "messaging_product": "whatsapp",
            "contacts": [{"input": "+551199990000", "wa_id": "551199990000", "user_id": ana.bsuid}],
            "messages": [{"id": meta.sent_to(ana)[0].id}],
        }


async def test_the_shape_of_a_refusal(graph: aiohttp.ClientSession, meta: FakeMeta, ana: Person) -> None:
    meta.faults.throttle_all = True
    async with graph.post(f"{NUMBER}/messages", json=to_ana(text())) as answer:
        assert answer.status == 400
        error = (await answer.json())["error"]
    assert error.pop("fbtrace_id")
    assert error == {
        "message": "(#130429) Rate limit hit",
        "type": "OAuthException",
        "code": 130429,
        "error_data": {"messaging_product": "whatsapp", "details": "fault: asked for by the simulator"},
    }


@pytest.mark.parametrize(
    ("authorization", "body", "code"), [("", b"{}", 200), ("Bearer é", b"{}", 190), ("Bearer token", b"{", 100)]
)
async def test_requests_refused_at_the_door(
    graph: aiohttp.ClientSession, authorization: str, body: bytes, code: int
) -> None:
    headers = {"Authorization": authorization}
    async with graph.post(f"{NUMBER}/messages", data=body, headers=headers) as answer:
        assert (await answer.json())["error"]["code"] == code


async def test_a_read_notice_must_be_whole(graph: aiohttp.ClientSession, meta: FakeMeta, ana: Person) -> None:
    wamid = await meta.says(ana, "oi")
    notice = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
    for body in (
        {**notice, "status": "delivered"},
        {**notice, "typing_indicator": {"type": "audio"}},
        {**notice, "to": "+55"},
    ):
        async with graph.post(f"{NUMBER}/messages", json=body) as answer:
            assert answer.status == 400
    assert len(meta.refusals) == 3
    assert meta.chats[ana.key][0].status == "delivered"


async def test_an_upload_may_fail_too(graph: aiohttp.ClientSession, meta: FakeMeta) -> None:
    meta.faults.fail_next = [131016]
    form = aiohttp.FormData({"messaging_product": "whatsapp"}, default_to_multipart=True)
    form.add_field("file", b"%PDF-1", filename="a.pdf", content_type="application/pdf")
    async with graph.post(f"{NUMBER}/media", data=form) as answer:
        assert answer.status == 500
    assert meta.media == {}


async def test_throughput_of_the_number(graph: aiohttp.ClientSession) -> None:
    async with graph.get(NUMBER, params={"fields": "throughput"}) as answer:
        assert await answer.json() == {"throughput": {"level": "STANDARD"}, "id": NUMBER}


async def test_links_to_media_last_five_minutes(
    graph: aiohttp.ClientSession, meta: FakeMeta, ana: Person, clock: MovableClock
) -> None:
    await meta.sends_media(ana, "document", b"%PDF-1", filename="rg.pdf")
    media_id = meta.chats[ana.key][0].media_id
    async with graph.get(f"{media_id}") as answer:
        link = (await answer.json())["url"]
    async with graph.get(link) as answer:
        assert await answer.read() == b"%PDF-1"
    async with graph.get(link, headers={"Authorization": "Bearer other"}) as answer:
        assert answer.status == 401
    clock.forward(minutes=5)
    async with graph.get(link) as answer:
        assert answer.status == 404
    async with graph.delete(f"{media_id}") as answer:
        assert answer.status == 200
    async with graph.get(f"{media_id}") as answer:
        assert answer.status == 400


@pytest.mark.parametrize("data", [{"messaging_product": "whatsapp"}, b"not multipart"])
async def test_an_upload_without_a_file_is_refused(graph: aiohttp.ClientSession, data: Any) -> None:
    form = aiohttp.FormData(data, default_to_multipart=True) if isinstance(data, dict) else data
    async with graph.post(f"{NUMBER}/media", data=form) as answer:
        assert (await answer.json())["error"]["code"] == 100


async def test_slowness_is_waited_for_in_the_given_sleep(
    graph: aiohttp.ClientSession, meta: FakeMeta, ana: Person
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    meta.sleep, meta.faults.slow = sleep, 3.5
    async with graph.post(f"{NUMBER}/messages", json=to_ana(text())) as answer:
        assert answer.status == 200
    assert slept == [3.5]


async def test_by_itself_the_courier_needs_no_settle(
    clock: MovableClock, business: Business, meta: FakeMeta, aiohttp_server: ServerFixture
) -> None:
    async def no_wait(seconds: float) -> None:
        await asyncio.sleep(0)

    async with aiohttp.ClientSession() as session:
        address = meta.webhook_url
        auto = FakeMeta(clock, SECRET, address, session, NUMBER, "2", "t", "+551130000000", auto=True, sleep=no_wait)
        server = await aiohttp_server(auto.app())
        business.statuses = [500] * 4
        await auto.says(auto.person("551199990000", "Ana de Teste"), "oi")
        await asyncio.wait_for(business.arrived.wait(), 5)
        await server.close()
    assert [posted.status for posted in auto.webhook_log] == [500, 500, 500, 500, 200]
