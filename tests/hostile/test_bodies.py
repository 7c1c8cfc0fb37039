"""Bodies at the edges of what may be sent: size, pieces, packing, nesting, slowness, keys written twice."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from bot.http.app import make_runner
from bot.http.bodies import LARGEST, Bodies
from storage.base import new_id
from tests.bot.http_support import Web, body_of, open_web, sign, text
from tests.hostile.wire import Wire, dialled

WEBHOOKS = {"/webhooks/whatsapp": LARGEST, "/webhooks/pix": 1 << 20, "/v1/webhooks/payments": 1 << 20}
"""What is taken from strangers, and how much of it."""


@pytest.fixture
async def lite(sqlite_url: str) -> AsyncIterator[Web]:
    async with open_web(sqlite_url) as opened:
        yield opened


def padded(body: bytes, size: int) -> bytes:
    """The same JSON, `size` bytes long."""
    return body + b" " * (size - len(body))


# --- Size -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "code"), [(LARGEST, 200), (LARGEST + 1, 413)])
async def test_three_megabytes_and_not_a_byte_more(lite: Web, size: int, code: int) -> None:
    assert await lite.whatsapp(padded(body_of([text("wamid.1")]), size)) == code
    assert len(await lite.events()) == (code == 200)


@pytest.mark.parametrize(("size", "code"), [(LARGEST, 200), (LARGEST + 1, 413)])
async def test_in_pieces_without_a_length_it_is_the_same(lite: Web, size: int, code: int) -> None:
    body = padded(body_of([text("wamid.1")]), size)
    async with dialled(lite) as wire:
        wire.head("POST /webhooks/whatsapp", {"Transfer-Encoding": "chunked", "X-Hub-Signature-256": sign(body)})
        for start in range(0, size, 1 << 19):
            await wire.piece(body[start : start + (1 << 19)])
        await wire.piece(b"")
        assert (await wire.answer()).status == code
    assert len(await lite.events()) == (code == 200)


async def test_an_announced_size_is_refused_before_anything_is_read(lite: Web) -> None:
    for path, most in WEBHOOKS.items():
        async with dialled(lite) as wire:
            wire.head(f"POST {path}", {"Content-Length": str(most + 1)})
            assert (await wire.answer()).status == 413


# --- Time and memory ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Door:
    """Somewhere that takes bodies and tells their length."""

    host: str
    port: int

    async def begin(self, stack: AsyncExitStack, sent: int, length: int = 1_000) -> Wire:
        """A body of which only a part has come."""
        wire = await stack.enter_async_context(dialled(self))
        wire.head("POST /", {"Content-Length": str(length)})
        await wire.send(b"x" * sent)
        return wire


@asynccontextmanager
async def door(bodies: Bodies) -> AsyncIterator[Door]:
    async def take(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await bodies.read(request))))

    app = web.Application()
    app.router.add_post("/", take)
    runner = make_runner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Door(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


async def test_a_body_that_does_not_end_is_given_up() -> None:
    async with door(Bodies(patience=0.05)) as place, AsyncExitStack() as stack:
        wire = await place.begin(stack, sent=10)
        assert (await wire.answer()).status == 408


async def test_unfinished_bodies_share_a_bound() -> None:
    """Whoever comes on top is sent away, small ones that come whole are not, and there is room again afterwards."""
    async with door(Bodies(most_held=1_500)) as place, AsyncExitStack() as stack:
        first = await place.begin(stack, sent=999)
        second = await place.begin(stack, sent=999)
        refused, _ = await asyncio.wait(
            [asyncio.create_task(wire.answer()) for wire in (first, second)], return_when=asyncio.FIRST_COMPLETED
        )
        assert [task.result().status for task in refused] == [503]
        whole = await place.begin(stack, sent=1_000)
        assert (await whole.answer()).body == b"1000"
        await first.send(b"x")
        await second.send(b"x")
        third = await place.begin(stack, sent=600)
        await third.send(b"x" * 400)
        assert (await third.answer()).body == b"1000"


# --- Content --------------------------------------------------------------------------------------------------------


async def test_a_bomb_stays_packed(lite: Web) -> None:
    """A hundred megabytes in a hundred kilobytes: judged as it came, never unpacked."""
    bomb = gzip.compress(b"[" * (100 << 20), compresslevel=1)
    for coding in ("gzip", "deflate", "br", "gzip, gzip"):
        headers = {"Content-Encoding": coding, "X-Hub-Signature-256": sign(bomb)}
        assert (await lite.post("/webhooks/whatsapp", bomb[:LARGEST], **headers))[0] in (400, 401)
        assert (await lite.post("/webhooks/pix", bomb[: 1 << 20], **headers))[0] == 400
        assert (await lite.post("/v1/webhooks/payments", bomb[: 1 << 20], **headers))[0] == 400


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "é"]
)
async def test_the_content_type_does_not_matter(lite: Web, kind: str) -> None:
    body = body_of([text("wamid.1")])
    code, _ = await lite.post("/webhooks/whatsapp", body, **{"X-Hub-Signature-256": sign(body), "Content-Type": kind})
    assert (code, len(await lite.events())) == (200, 1)


NESTS = {
    "lists": b"[" * 10_000 + b"]" * 10_000,
    "records": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "open lists": b"[" * 10_000,
    "open records": b'{"a":' * 10_000,
    "in its place": b'{"object":"whatsapp_business_account","entry":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "in a pix": b'{"pix":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
}


@pytest.mark.parametrize("nest", NESTS)
async def test_ten_thousand_levels_are_no_error_of_ours(lite: Web, nest: str) -> None:
    body = NESTS[nest]
    assert await lite.whatsapp(body) in (200, 400)
    for path in ("/webhooks/pix", "/webhooks/pix/pix"):
        assert (await lite.post(path, body))[0] in (200, 400)
    assert (await lite.post("/v1/webhooks/payments", body))[0] == 400
    assert not [line for line in lite.logs if line["log_level"] == "error"]


async def test_of_keys_written_twice_the_last_one_counts(lite: Web) -> None:
    body = body_of([text("wamid.1", "first")])
    twice = body.replace(b'"body":"first"', b'"body":"first","body":"last"').replace(
        b'"messages":[', b'"messages":[],"messages":['
    )
    assert await lite.whatsapp(twice) == 200
    (row,) = await lite.events()
    assert row.payload["text"] == {"body": "last"}


async def test_of_a_payment_told_twice_the_last_one_counts(lite: Web) -> None:
    body = b'{"paymentIntentId":"x","paymentIntentId":"%b","status":"a"}' % str(new_id()).encode()
    assert (await lite.post("/v1/webhooks/payments", body))[0] == 200
