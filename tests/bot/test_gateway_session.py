"""Connections to the outside, all gateways alike."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.gateways.whatsapp import make_session


async def test_what_a_burst_opened_is_left_idle_afterwards() -> None:
    """Only what is idle ends: with any other order a calm stream would keep all of them in use for good."""
    at_once, all_here, callers = 8, asyncio.Event(), list[object]()

    async def answer(request: web.Request) -> web.Response:
        callers.append(request.transport.get_extra_info("peername") if request.transport else None)
        if len(callers) >= at_once:
            all_here.set()
        await all_here.wait()
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server, make_session() as session:

        async def call() -> None:
            async with session.post(server.make_url("/")) as response:
                await response.read()

        await asyncio.gather(*(call() for _ in range(at_once)))
        assert len(set(callers)) == at_once
        callers.clear()
        for _ in range(3 * at_once):
            await call()
        assert len(set(callers)) == 1
