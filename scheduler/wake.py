"""Wake-ups: "there is mail", told to whoever waits. A slow poll is the safety net, so losing one loses only time."""

from __future__ import annotations

import asyncio
from typing import Protocol

TURNS, NOTICES, DELIVERIES = "turns", "notices", "deliveries"


class Wake(Protocol):
    def ring(self, topic: str) -> None:
        """Tell everyone who waits on `topic`, here and in other processes. Never blocks, never fails."""

    def hush(self, topic: str) -> None:
        """Whoever looks now answers all rings so far."""

    async def wait(self, topic: str, seconds: float) -> None:
        """Return when `topic` rings, or rang since it was last answered, or after that many seconds."""


class LocalWake:
    """Within one process."""

    def __init__(self) -> None:
        self._bells: dict[str, asyncio.Event] = {}

    def ring(self, topic: str) -> None:
        self._bell(topic).set()

    def hush(self, topic: str) -> None:
        self._bell(topic).clear()

    async def wait(self, topic: str, seconds: float) -> None:
        bell = self._bell(topic)
        try:
            async with asyncio.timeout(seconds):
                await bell.wait()
        except TimeoutError:
            pass
        bell.clear()

    def _bell(self, topic: str) -> asyncio.Event:
        return self._bells.setdefault(topic, asyncio.Event())
