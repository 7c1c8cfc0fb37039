"""HTTP/1.1 as little as the load needs: keep-alive connections to the server, and the Graph that the server calls.

Written on bare protocols because the generator must cost far less than what it measures: a general client and server
took four times as long as this for the same turn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

Answered = Callable[[int], None]
"""Told the status of the answer; 0 when the connection was lost before there was one."""

MOST_LINES = 100
"""Connections at once; further calls wait for a free one, as part of their time. A busy uvloop accepts connections one
at a time: with a thousand, half of them would still be at the door when the measuring ends, calls and all."""
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


def length_of(head: bytes) -> int:
    """The Content-Length of a head in small letters; 0 without one."""
    at = head.find(_LENGTH)
    if at < 0:
        return 0
    end = head.find(b"\r\n", at)
    return int(head[at + len(_LENGTH) : end if end >= 0 else len(head)])


class Line(asyncio.Protocol):
    """One connection: one call at a time."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answered: Answered | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes, answered: Answered) -> None:
        self._answered = answered
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        end = buffer.find(_END)
        if end < 0 or len(buffer) < end + 4 + length_of(buffer[:end].lower()):
            self._buffer = buffer
            return
        self._buffer = b""
        answered, self._answered = self._answered, None
        self._lines.free(self)
        if answered is not None:
            answered(int(buffer[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        self._lines.lost(self)
        if self._answered is not None:
            self._answered(0)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Lines:
    """The connections to one server: the one used last is used next, another is opened when none is free."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._free: list[Line] = []
        self._all: set[Line] = set()
        self._waiting: deque[tuple[bytes, Answered]] = deque()
        self._opening: set[asyncio.Task[None]] = set()

    def post(self, request: bytes, answered: Answered) -> None:
        if self._free:
            self._free.pop().send(request, answered)
            return
        self._waiting.append((request, answered))
        if len(self._all) + len(self._opening) < MOST_LINES:
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        line = Line(self)
        try:
            await asyncio.get_running_loop().create_connection(lambda: line, *self._address)
        except OSError:
            if self._waiting:
                self._waiting.popleft()[1](0)
            return
        self._all.add(line)
        self.free(line)

    def free(self, line: Line) -> None:
        if self._waiting:
            line.send(*self._waiting.popleft())
        else:
            self._free.append(line)

    def lost(self, line: Line) -> None:
        self._all.discard(line)
        if line in self._free:
            self._free.remove(line)

    def close(self) -> None:
        for line in list(self._all):
            line.close()


class Graph(asyncio.Protocol):
    """The server's side: every request's body is handed to `hear`, whose bytes are the answer."""

    def __init__(self, hear: Callable[[bytes], bytes]) -> None:
        self._hear = hear
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        while (end := buffer.find(_END)) >= 0:
            whole = end + 4 + length_of(buffer[:end].lower())
            if len(buffer) < whole:
                break
            body, buffer = buffer[end + 4 : whole], buffer[whole:]
            if self._transport is not None:
                self._transport.write(self._hear(body))
        self._buffer = buffer
