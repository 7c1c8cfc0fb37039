"""A morning's peak, tick by tick: mailboxes that the workers empty, an outbox in which numbers above their limit are
passed by, numbers that answer no more than Meta lets them, a worker that is lost.

A flow model: what comes within one tick for one number goes together, in the order in which it came. Seeded, without
sleeping; half an hour takes a fraction of a second.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scripts.capacity.inputs import Inputs
from scripts.capacity.model import needs, shares

TICK = 1.0
"""Seconds."""
RAMP, HOLD, TAIL = 300, 600, 300
"""Seconds: the morning comes, stays, and is over (at half of the peak)."""
LOST_AT, LOST_FOR = RAMP + 120, 60
"""Seconds: when workers are lost, and until they are started again."""
Cohort = tuple[float, int, float]
"""When it came in, whose (a place in the sources), how many."""


@dataclass(frozen=True, slots=True)
class Scene:
    name: str
    upgraded: bool
    """Those who need it have Meta's top tier, and as many numbers as they need; else everybody has the default."""
    passed_by: bool = True
    """Numbers that must wait are, once they fill the places there are for that; else there is one line for all."""
    lost: int = 0
    """Workers lost for a minute."""


@dataclass(slots=True)
class Source:
    """One organisation, or all the small ones together."""

    share: float
    most: float
    """Replies a second that Meta lets its numbers send."""
    waiting: deque[Cohort] = field(default_factory=deque)
    """Claimed: they have a place among what is under way."""
    held: float = 0.0
    limited: bool = False
    """Asked for more than that."""


@dataclass(frozen=True, slots=True)
class Story:
    name: str
    within: tuple[float, float, float]
    """Seconds to the reply, p50, p99 and the longest, of organisations that ask no more than Meta lets them."""
    above: tuple[float, float, float]
    mailboxes: float
    """Most messages that waited for a turn."""
    outbox: float
    """Most replies that waited to leave."""
    limited: int
    """Organisations above their limit."""
    unsent: float
    """Replies that still waited at the end."""


def sources(of: Inputs, upgraded: bool) -> list[Source]:
    """Each organisation that may come near its limit, and the others as one."""
    near = []
    for share in shares(int(of["organisations"]), of["skew"]):
        asked = share * of["messages_per_second"] * of["replies"]
        most = _most(of, asked, upgraded)
        if asked > 0.8 * most:
            near.append(Source(share, most, limited=asked > most))
    return [*near, Source(1 - sum(source.share for source in near), math.inf)]


def _most(of: Inputs, asked: float, upgraded: bool) -> float:
    """Replies a second that Meta lets an organisation send, which asks for so many at the peak."""
    default, top = (of[name] / (1 + of["replies"]) for name in ("number_default", "number_top"))
    if not upgraded or asked <= default * of["number_fill"]:
        return default
    return top * math.ceil(asked / of["number_fill"] / top)


def play(of: Inputs, scene: Scene, seed: int = 1) -> Story:
    return _Play(of, scene, seed).story()


class _Play:
    def __init__(self, of: Inputs, scene: Scene, seed: int) -> None:
        self._of, self._scene = of, scene
        self._random = random.Random(seed)
        need = needs(of)
        self._workers, self._core_turns = need.app_cores, need.core_turns
        self._sources = sources(of, scene.upgraded)
        self._mail: deque[Cohort] = deque()
        self._outbox: list[deque[Cohort]] = [deque() for _ in self._sources]
        self._mail_held = self._outbox_held = self._under_way = 0.0
        self._sent: list[tuple[float, float, bool]] = []
        """Seconds, how many, of a limited organisation."""
        self._most = [0.0, 0.0]

    def story(self) -> Story:
        for tick in range(int((RAMP + HOLD + TAIL) / TICK)):
            self._tick(tick * TICK)
        within = [(seconds, many) for seconds, many, limited in self._sent if not limited]
        above = [(seconds, many) for seconds, many, limited in self._sent if limited]
        limited = sum(source.limited for source in self._sources)
        unsent = self._outbox_held + self._under_way
        mailboxes, outbox = self._most
        return Story(self._scene.name, _told(within), _told(above), mailboxes, outbox, limited, unsent)

    def _tick(self, now: float) -> None:
        self._arrive(now)
        lost = self._scene.lost if LOST_AT <= now < LOST_AT + LOST_FOR else 0
        self._turn((self._workers - lost) * self._core_turns * TICK)
        if self._scene.lost and now == LOST_AT:
            self._lose(now)
        self._claim(self._workers - lost)
        for source in self._sources:
            self._send(source, now)
        self._most = [max(self._most[0], self._mail_held), max(self._most[1], self._outbox_held + self._under_way)]

    def _arrive(self, now: float) -> None:
        rate = self._of["messages_per_second"] * _shape(now)
        for place, source in enumerate(self._sources):
            mean = rate * source.share * TICK
            many = max(0.0, round(self._random.gauss(mean, math.sqrt(mean))))
            if many:
                self._mail.append((now, place, many))
                self._mail_held += many

    def _turn(self, room: float) -> None:
        """Oldest mail first, whoever it is for."""
        for cohort in _taken(self._mail, room):
            self._mail_held -= cohort[2]
            replies = cohort[2] * self._of["replies"]
            self._outbox[cohort[1]].append((*cohort[:2], replies))
            self._outbox_held += replies

    def _claim(self, workers: float) -> None:
        """Oldest first, as long as there is room among what is under way."""
        room = workers * self._of["slots"] - self._under_way
        places = workers * self._of["waiting"] - sum(source.held for source in self._sources)
        places = max(0.0, places) if self._scene.passed_by else math.inf
        while room > 1e-9 and (lines := [one for one in self._outbox if one and self._may_leave(one) + places > 1e-9]):
            line = min(lines, key=lambda one: one[0][0])
            leave, source = self._may_leave(line), self._sources[line[0][1]]
            cohort = next(_taken(line, min(room, leave + places)))
            source.waiting.append(cohort)
            source.held += cohort[2]
            self._outbox_held -= cohort[2]
            self._under_way += cohort[2]
            room -= cohort[2]
            places -= max(0.0, cohort[2] - leave)

    def _may_leave(self, line: deque[Cohort]) -> float:
        """Of a line, what its number may send within the tick."""
        source = self._sources[line[0][1]]
        return max(0.0, source.most * TICK - source.held)

    def _send(self, source: Source, now: float) -> None:
        for came, _, many in _taken(source.waiting, source.most * TICK):
            source.held -= many
            self._under_way -= many
            base = self._random.lognormvariate(math.log(self._of["reply_p50"]), self._spread())
            self._sent.append((now - came + base, many, source.limited))

    def _spread(self) -> float:
        """Sigma of a log-normal with the p50 and p99 that were measured."""
        return math.log(self._of["reply_p99"] / self._of["reply_p50"]) / 2.326

    def _lose(self, now: float) -> None:
        """What the lost ones were sending waits for the end of its lease, then for a status that may name it."""
        flow = self._of["messages_per_second"] * self._of["replies"] * self._scene.lost / self._workers
        delayed = flow * self._of["send_seconds"]
        self._sent.append((self._of["lease_seconds"] + self._of["uncertain_seconds"], delayed, False))


def _shape(now: float) -> float:
    """Of the peak: half of it, up to all of it, and half again."""
    return 0.5 + 0.5 * min(1.0, now / RAMP) if now < RAMP + HOLD else 0.5


def _taken(line: deque[Cohort], room: float) -> Iterator[Cohort]:
    """From the head of a line, as much as there is room for."""
    while line and room > 1e-9:
        came, place, many = line.popleft()
        if many > room:
            line.appendleft((came, place, many - room))
            many = room
        room -= many
        yield came, place, many


def _told(sent: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    ordered = sorted(sent)
    total = sum(many for _, many in ordered)
    found, so_far = [], 0.0
    marks = deque((0.5 * total, 0.99 * total))
    for seconds, many in ordered:
        so_far += many
        while marks and so_far >= marks[0]:
            found.append(seconds)
            marks.popleft()
    return (found[0], found[1], ordered[-1][0]) if total else (0.0, 0.0, 0.0)
