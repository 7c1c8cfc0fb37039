"""A server on this machine that can be taken away, made slow or struck dumb."""

from __future__ import annotations

import asyncio


class Proxy:
    """Passes bytes on until it is closed; it may be opened again at the same port. While `dumb`, what is said to it is
    heard and goes nowhere, as with a host that vanished."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0
        self.dumb = False
        self.heard = 0
        """Pieces that clients sent."""

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_in, there_out = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, there_out]
        for source, target, counts in ((reader, there_out, True), (there_in, writer, False)):
            self._tasks.add(asyncio.create_task(self._pump(source, target, counts)))

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, counts: bool) -> None:
        while data := await source.read(4096):
            self.heard += counts
            if not self.dumb:
                target.write(data)
