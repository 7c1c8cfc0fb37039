"""The load: people who sign up, each answering only what was answered to them, and the Graph that hears the replies.

Run as a process of its own: `python -m tests.bench.crowd '{...}'` with the fields of `Plan`; prints one JSON line.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import orjson

from tests.bench import meta
from tests.bench.measure import Store, Use, pin, run
from tests.bench.people import Person, echoes, join, sign_up
from tests.bench.tally import Books, Window, report
from tests.bench.wire import Graph, Lines

GIVE_UP = 20.0
"""Seconds after which a reply is counted as lost."""
STATUSES = ((b"sent", 0.05), (b"delivered", 0.2), (b"read", 1.0))
"""What follows every reply, and how many seconds after it."""
GATHER = 0.05
"""Seconds for which statuses are gathered where several go into one call."""
PAUSE = 0.05
"""Seconds until a newcomer takes the place of one who was not served."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`rate`: turns a second that begin come what may; 0: each of the people says the next as soon as the last was
    answered. `desk`: "balcao" (replies are checked), "echo" (says everything back) or "signature" (never replies)."""

    port: int
    graph_port: int
    secret: str
    desk: str
    people: int
    rate: float
    seconds: float
    warm_up: float
    batch: int
    """Statuses in one webhook call."""
    pids: list[int]
    """The server's processes."""
    core: int | None
    database: str = ""
    others: list[int] = field(default_factory=list)


class Crowd:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lines = Lines("127.0.0.1", plan.port)
        self._host, self._secret = f"127.0.0.1:{plan.port}".encode(), plan.secret.encode()
        self._loop = asyncio.get_running_loop()
        self._by_phone: dict[bytes, Person] = {}
        self._idle: deque[Person] = deque()
        self._batches: list[list[bytes]] = [[] for _ in meta.NUMBERS]
        self._steps = sign_up if plan.desk == "balcao" else echoes
        # Nobody and nothing of a former run on the same database comes back.
        self._run = int(time.time() * 10) % 1_000_000
        self._wamids = self._phones = 0
        self._open = True
        self.under_way = 0
        """Calls that were not answered yet, and statuses that are still to be told."""
        self.books, self.window = Books(), Window()

    # --- people -----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        for _ in range(self._plan.people):
            person = self._newcomer()
            if self._plan.rate:
                self._idle.append(person)
            else:
                self._speak(person)
        if self._plan.rate:
            self._beat(time.perf_counter())

    def end(self) -> None:
        """No turn begins any more."""
        self._open = False

    def waiting(self) -> int:
        return sum(person.expected is not None for person in self._by_phone.values())

    def _beat(self, due: float) -> None:
        """Begin what is due; a turn's time counts from when it was due, however late we are."""
        while self._open and due <= time.perf_counter():
            self._speak(self._idle.popleft() if self._idle else self._newcomer(), due)
            due += 1 / self._plan.rate
        if self._open:
            self._loop.call_later(max(due - time.perf_counter(), 0.0), self._beat, due)

    def _newcomer(self) -> Person:
        self._phones += 1
        number = (self._run * 1_000 + self._phones) % 100_000_000
        phone = f"55119{number:08d}".encode()
        person = Person(meta.number_of(phone), phone, self._steps(number))
        self._by_phone[phone] = person
        return person

    def _speak(self, person: Person, due: float | None = None) -> None:
        """The person's next turn; a newcomer's first if there is none."""
        step = next(person.steps, None)
        if step is None:
            del self._by_phone[person.phone]
            person = self._newcomer()
            step = next(person.steps)
        said = step.said or join(person.heard)
        if said is None:
            self.books.wrong += 1
            return self._replace(person)
        person.expected, person.acknowledged, person.replied_at = step.expected, False, 0.0
        person.begun = due or time.perf_counter()
        body = meta.message(person.number, person.phone, self._wamid(), said)
        self._post(body, partial(self._acknowledged, person))
        return None

    def _acknowledged(self, person: Person, status: int) -> None:
        if status != 200:
            self.books.refused += 1
            return self._replace(person)
        person.acknowledged = True
        if person.replied_at or self._plan.desk == "signature":
            self._turned(person)
        return None

    def _turned(self, person: Person) -> None:
        """Acknowledged and answered."""
        person.expected = None
        self.window.turns += 1
        if person.replied_at:
            self.window.whole.append(person.replied_at - person.begun)
        if not self._open:
            return
        if self._plan.rate:
            self._idle.append(person)
        else:
            self._speak(person)

    def _replace(self, person: Person) -> None:
        """Somebody who was not served goes, for a newcomer."""
        person.expected = None
        if self._by_phone.pop(person.phone, None) is not None and not self._plan.rate:
            self._loop.call_later(PAUSE, self._come)

    def _come(self) -> None:
        if self._open:
            self._speak(self._newcomer())

    def look_for_lost(self) -> None:
        before = time.perf_counter() - GIVE_UP
        for person in list(self._by_phone.values()):
            if person.expected is not None and person.begun < before:
                self.books.lost += 1
                self._replace(person)

    # --- the Graph --------------------------------------------------------------------------------------------------

    def hear(self, body: bytes) -> bytes:
        """`POST /v…/{number}/messages`: taken at once. Returns the answer's bytes."""
        now = time.perf_counter()
        heard = orjson.loads(body)
        if heard.get("status") == "read":
            return meta.READ
        phone, wamid = heard["to"].lstrip("+").encode(), self._wamid()
        person = self._by_phone.get(phone)
        if person is None or person.expected is None or person.replied_at:
            self.books.surplus += 1
        else:
            self._replied(person, body, heard, now)
        self._report(phone, wamid, orjson.dumps(heard.get("biz_opaque_callback_data")))
        return meta.accepted(phone, wamid)

    def _replied(self, person: Person, body: bytes, heard: dict[str, Any], now: float) -> None:
        if person.expected is not None and person.expected not in body:
            self.books.wrong += 1
            return self._replace(person)
        person.heard, person.replied_at = heard, now
        if person.acknowledged:
            self._turned(person)
        return None

    def _report(self, phone: bytes, wamid: bytes, opaque: bytes) -> None:
        for state, after in STATUSES:
            self.under_way += 1
            self._loop.call_later(after, self._tell, meta.number_of(phone), meta.status(phone, wamid, opaque, state))

    def _tell(self, number: int, update: bytes) -> None:
        self.under_way -= 1
        batch = self._batches[number]
        batch.append(update)
        if len(batch) >= self._plan.batch:
            self._flush(number)
        elif len(batch) == 1:
            self._loop.call_later(GATHER, self._flush, number)

    def _flush(self, number: int) -> None:
        batch, self._batches[number] = self._batches[number], []
        if batch:
            self._post(meta.statuses(number, batch), self._told)

    def _told(self, status: int) -> None:
        self.books.refused += status != 200

    # --- calls ------------------------------------------------------------------------------------------------------

    def _wamid(self) -> bytes:
        self._wamids += 1
        return b"wamid.%d.%010d" % (self._run, self._wamids)

    def _post(self, body: bytes, answered: Callable[[int], None]) -> None:
        self.under_way += 1
        call = meta.signed(self._host, self._secret, body)
        self._lines.post(call, partial(self._answered, time.perf_counter(), answered))

    def _answered(self, begun: float, answered: Callable[[int], None], status: int) -> None:
        self.under_way -= 1
        self.window.acks.append(time.perf_counter() - begun)
        answered(status)

    def close(self) -> None:
        self._lines.close()


async def measure(plan: Plan) -> dict[str, Any]:
    crowd, store = Crowd(plan), Store(plan.database, plan.others, plan.core)
    loop, port = asyncio.get_running_loop(), plan.graph_port
    graph = await loop.create_server(lambda: Graph(crowd.hear), "127.0.0.1", port, backlog=1024)
    crowd.begin()
    await _watch(crowd, store, plan.warm_up)
    crowd.window, before, begun, own = Window(), _use(plan), time.perf_counter(), time.process_time()
    stored = store.look()
    await _watch(crowd, store, plan.seconds)
    window, after, took = crowd.window, _use(plan), time.perf_counter() - begun
    own, stored = time.process_time() - own, store.look() - stored
    crowd.end()
    await _drained(crowd)
    crowd.books.lost += crowd.waiting()
    crowd.close()
    graph.close()
    used = {"server": after.cpu_seconds - before.cpu_seconds, "store": stored, "generator": own}
    return report(window, used, took) | asdict(crowd.books) | {"peak_mb": round(after.peak_bytes / 1e6)}


async def _watch(crowd: Crowd, store: Store, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 1.0))
        crowd.look_for_lost()
        store.look()


async def _drained(crowd: Crowd) -> None:
    end = time.monotonic() + GIVE_UP
    while (crowd.under_way or crowd.waiting()) and time.monotonic() < end:  # noqa: ASYNC110 - thousands of small ends
        await asyncio.sleep(0.02)


def _use(plan: Plan) -> Use:
    uses = [Use.of(pid) for pid in plan.pids]
    return Use(sum(use.cpu_seconds for use in uses), max(use.peak_bytes for use in uses))


def main() -> None:
    plan = Plan(**orjson.loads(sys.argv[1]))
    pin(plan.core)
    print(orjson.dumps(run(measure(plan))).decode())


if __name__ == "__main__":
    main()
