"""HTTP by hand, byte by byte, for what no honest client would send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

PATIENCE = 20.0
"""Seconds for an answer, or for the end of a connection."""


class Place(Protocol):
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    """0: the connection was closed without a word."""
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Wire:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def head(self, line: str, headers: Mapping[str, str]) -> None:
        told = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "x", **headers}.items())
        self.writer.write(f"{line} HTTP/1.1\r\n{told}\r\n".encode("latin-1"))

    async def piece(self, data: bytes) -> None:
        """A chunk; an empty one is the last."""
        try:
            await self.send(b"%x\r\n%b\r\n" % (len(data), data))
        except ConnectionError:
            return  # Answered and closed already.

    async def answer(self) -> Answer:
        """The next answer."""
        async with asyncio.timeout(PATIENCE):
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return Answer(0, {}, b"")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
            return Answer(int(first.split()[1]), headers, body)

    async def ended(self) -> bytes:
        """All that still comes, once the other side has hung up."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@asynccontextmanager
async def dialled(place: Place) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(place.host, place.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
