from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.people import Person
from tests.bot.simulator.meta_support import NUMBER, SECRET, Business, MovableClock

ServerFixture = Callable[[web.Application], Awaitable[TestServer]]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def business() -> Business:
    return Business()


@pytest.fixture
async def meta(clock: MovableClock, business: Business, aiohttp_server: ServerFixture) -> AsyncIterator[FakeMeta]:
    app = web.Application()
    app.router.add_post("/webhooks/whatsapp", business.receive)
    server = await aiohttp_server(app)
    async with aiohttp.ClientSession() as session:
        address = str(server.make_url("/webhooks/whatsapp"))
        yield FakeMeta(clock, SECRET, address, session, NUMBER, "200", "token", "+551130000000")


@pytest.fixture
def ana(meta: FakeMeta, clock: MovableClock) -> Person:
    ana = meta.person("551199990000", "Ana de Teste")
    meta.state.last_inbound[ana.key] = clock.now()
    return ana
