"""Bodies of strangers, read within three bounds: of size, of time, and of what all that are under way hold together.

Nobody has to prove who they are before the last byte (a signature is over the whole body), so without these a few
hundred callers who send three megabytes slowly would fill the memory.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

LARGEST = 3 * 1024 * 1024
"""Meta's own bound."""
PATIENCE = 20.0
"""Seconds for a whole body: even three megabytes need no more on any line between servers."""
MOST_HELD = 64 * 1024 * 1024
"""Bytes of unfinished bodies in this process; who comes on top is asked to come again."""


class Bodies:
    def __init__(self, *, patience: float = PATIENCE, most_held: int = MOST_HELD) -> None:
        self._patience = patience
        self._most_held = most_held
        self._held = 0

    async def read(self, request: web.Request, largest: int = LARGEST) -> bytes:
        """The whole body. HTTPRequestEntityTooLarge, HTTPRequestTimeout, or HTTPServiceUnavailable when there is no
        room for another one."""
        if (request.content_length or 0) > largest:
            raise web.HTTPRequestEntityTooLarge(largest)
        if request.content.is_eof():  # It came in one piece with its headers, as nearly all do.
            body = await request.read()
            if len(body) > largest:
                raise web.HTTPRequestEntityTooLarge(largest)
            return body
        try:
            async with asyncio.timeout(self._patience):
                return await self._gather(request, largest)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None

    async def _gather(self, request: web.Request, largest: int) -> bytes:
        body = bytearray()
        try:
            async for piece in request.content.iter_any():
                body += piece
                self._held += len(piece)
                if len(body) > largest:
                    raise web.HTTPRequestEntityTooLarge(largest)
                if self._held > self._most_held:
                    raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"})
            return bytes(body)
        finally:
            self._held -= len(body)
