"""Callers who take their time: their connections end, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, web

from bot.http.app import IDLE, make_app, make_runner
from tests.bot.http_support import open_web
from tests.bot.processes import GOOD, started
from tests.bot.test_serve import listening, post
from tests.hostile.wire import Wire, dialled

SLOW = 120
"""Callers of each kind; more than the files that the process starts with."""
FILES = 256


@dataclass(frozen=True, slots=True)
class Place:
    host: str
    port: int


# --- Headers that do not end ----------------------------------------------------------------------------------------


@pytest.fixture
async def hasty(sqlite_url: str) -> AsyncIterator[Place]:
    """The application with a shorter patience for idle connections."""
    async with open_web(sqlite_url) as opened:
        runner = make_runner(make_app(opened.deps), shutdown_timeout=0.1, idle=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Place(*runner.addresses[0][:2])
        await runner.cleanup()


async def drip(wire: Wire, data: bytes) -> None:
    """A byte at a time, until it is all said or nobody listens."""
    for place in range(len(data)):
        try:
            await wire.send(data[place : place + 1])
        except ConnectionError:
            return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("first", [b"", b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_headers_that_do_not_end_are_cut(hasty: Place, first: bytes) -> None:
    """On a new connection and on one that has been of use before."""
    async with dialled(hasty) as wire:
        await wire.send(first)
        if first:
            assert (await wire.answer()).status == 200
        dripping = asyncio.create_task(drip(wire, b"POST /webhooks/whatsapp HTTP/1.1\r\nX-Slow: " + b"a" * 8_000))
        assert await wire.ended() == b""
        await dripping


def test_a_proxy_is_not_hung_up_on() -> None:
    """nginx keeps an idle connection to us for a minute (`keepalive_timeout` of an upstream)."""
    assert IDLE > 60


# --- The real process -----------------------------------------------------------------------------------------------

KINDS = {
    "nothing": b"",
    "half a header": b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nX-Slow: a",
    "half a body": b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
}


@contextmanager
def few_files() -> Iterator[None]:
    """What is started here may open few files, unless it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.timeout(180)
async def test_others_are_served_while_hundreds_dawdle(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/balcao.db"
    env = GOOD | {"BALCAO_DATABASE_URL": url, "BALCAO_PORT": "0"}
    async with AsyncExitStack() as stack:
        with few_files():
            server = await stack.enter_async_context(
                started(tmp_path / "serve", "serve", "--host", "127.0.0.1", env=env)
            )
        address = await listening(server)
        place = Place("127.0.0.1", urlsplit(address).port or 0)
        for sent in [*KINDS.values()] * SLOW:
            wire = await stack.enter_async_context(dialled(place))
            await wire.send(sent)
        client = await stack.enter_async_context(ClientSession())
        assert {await post(client, address, f"wamid.{number}") for number in range(20)} == {200}
        alarms = [line for line in server.complained.splitlines() if '"level":"info"' not in line]
        assert alarms == []
        assert await server.stop() == 0
