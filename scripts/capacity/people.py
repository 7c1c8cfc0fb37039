"""People against Meta's limit of one message per 6 seconds to one person, after a burst of 45: who ever meets it?"""

from __future__ import annotations

import random
from dataclasses import dataclass

from scheduler.pacing import PAIR, Rate


@dataclass(frozen=True, slots=True)
class Talk:
    what: str
    replies: int
    pause: float
    """Seconds from our reply to the person's next message, on average (no less than a tenth of it)."""


TALKS = (
    Talk("a sign-up of twenty replies, ten seconds each", 20, 10.0),
    Talk("the same in a great hurry, two seconds each", 20, 2.0),
    Talk("a child with the telephone: 200 taps, one a second", 200, 1.0),
)


def held_back(talk: Talk, seed: int = 1, talks: int = 200, rate: Rate = PAIR) -> tuple[float, float]:
    """The share of replies that had to wait, and the longest wait in seconds, over many such talks."""
    chance = random.Random(seed)
    waits = [wait for _ in range(talks) for wait in _waits(talk, chance, rate)]
    return sum(wait > 0 for wait in waits) / len(waits), max(waits)


def _waits(talk: Talk, chance: random.Random, rate: Rate) -> list[float]:
    """Of one talk. The same arithmetic as the pacer's: an instant until which the credit is used up."""
    now = used_until = 0.0
    waits = []
    for _ in range(talk.replies):
        now += 0.1 * talk.pause + chance.expovariate(1 / (0.9 * talk.pause))
        used = max(used_until, now)
        wait = max(0.0, used + rate.every - (now + rate.every * rate.burst))
        used_until = used + rate.every
        now += wait
        waits.append(wait)
    return waits
