"""How fast we may speak: so many messages a second per number, and so many to one person.

Both are kept as "the time until which the credit is used up" (the generic cell rate algorithm): one number a bucket.
Meta: 80 messages a second per number by default; one message per 6 seconds to the same person, in bursts of up to 45
borrowed from the future.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """`every` seconds a message, `burst` of them at once."""

    every: float
    burst: int


PAIR = Rate(6.0, 45)


def number_rate(messages_per_second: int) -> Rate:
    """Never more than that many in any one second, the burst included."""
    burst = max(1, messages_per_second // 10)
    return Rate(1 / max(1, messages_per_second - burst), burst)


class Pacer(Protocol):
    async def reserve(self, key: str, rate: Rate) -> float:
        """Take one message's credit. Returns 0.0 when it may go now; else the seconds to wait, and nothing is taken."""

    async def penalize(self, key: str, rate: Rate, seconds: float) -> None:
        """The other side complained: nothing of this key for so long, and no burst after it."""


class LocalPacer:
    """In this process; `timer` gives seconds that only grow."""

    def __init__(self, timer: Callable[[], float], *, most: int = 100_000) -> None:
        self._timer = timer
        self._most = most
        self._used_until: dict[str, float] = {}

    async def reserve(self, key: str, rate: Rate) -> float:
        now = self._timer()
        used = max(self._used_until.get(key, now), now)
        wait = used + rate.every - (now + rate.every * rate.burst)
        if wait > 0:
            return wait
        self._used_until[key] = used + rate.every
        self._prune(now)
        return 0.0

    async def penalize(self, key: str, rate: Rate, seconds: float) -> None:
        until = self._timer() + seconds + rate.every * (rate.burst - 1)
        self._used_until[key] = max(self._used_until.get(key, 0.0), until)

    def _prune(self, now: float) -> None:
        if len(self._used_until) > self._most:
            self._used_until = {key: until for key, until in self._used_until.items() if until > now}
