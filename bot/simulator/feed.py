"""Server-Sent Events: every page is told the parts of the world that changed since it was last told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
import structlog
from aiohttp import web

from bot.simulator.snapshot import gathered

Parts = dict[str, Any]
LOOK_EVERY = 0.2
"""Seconds between two looks at the world while somebody watches; an action in the page is shown at once."""
HEARTBEAT = 15.0
_log = structlog.get_logger(__name__)


class Feed:
    """Looks at the world while there are watchers. `look` returns its parts."""

    def __init__(self, look: Callable[[], Awaitable[Parts]]) -> None:
        self._look = look
        self._parts: dict[str, bytes] = {}
        self._watchers: set[asyncio.Event] = set()
        self._hurry = asyncio.Event()
        self._closing = False

    def hurry(self) -> None:
        """Something was done: look now."""
        self._hurry.set()

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """Cleanup context of the page's application."""
        self._closing = False
        task = asyncio.create_task(self._run(), name="simulator-feed")
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def stop(self) -> None:
        """Let every watcher end, so that a shutdown need not wait for open pages."""
        self._closing = True
        for watcher in self._watchers:
            watcher.set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The whole state first, then what changes, until the page leaves."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        changed = asyncio.Event()
        self._watchers.add(changed)
        told: dict[str, bytes] = {}
        try:
            await self._refresh()
            while not self._closing:
                told = await self._tell(response, told)
                await self._wait(changed)
        except (ConnectionError, RuntimeError):
            _log.debug("simulator.page_left")
        finally:
            self._watchers.discard(changed)
        return response

    async def _tell(self, response: web.StreamResponse, told: dict[str, bytes]) -> dict[str, bytes]:
        current = self._parts
        news = {name: orjson.Fragment(value) for name, value in current.items() if told.get(name) != value}
        await response.write(
            b"event: state\ndata: " + orjson.dumps(gathered(news)) + b"\n\n" if news else b": still here\n\n"
        )
        return current

    async def _wait(self, changed: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT):
                await changed.wait()
        changed.clear()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._hurry.wait()
            self._hurry.clear()
            if self._watchers:
                await self._refresh()

    async def _refresh(self) -> None:
        """A look that fails (the application is just stopping) is noted, and the page keeps what it has."""
        try:
            parts = {name: orjson.dumps(value) for name, value in (await self._look()).items()}
        except Exception as error:
            _log.warning("simulator.look_failed", error=type(error).__name__)
            return
        if parts == self._parts:
            return
        self._parts = parts
        for watcher in self._watchers:
            watcher.set()
