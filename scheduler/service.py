"""The worker: loops that run turns, notices and deliveries, and the clock that beats beside them.

Long-lived tasks are named and watched; one that dies takes the worker down with its cause logged, so that a
supervisor starts it again rather than leaving half a worker. Stopping drains what is under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from handlers.ports import Clock
from scheduler.deliveries import Deliveries
from scheduler.notices import Notices
from scheduler.periodic import Periodic
from scheduler.turns import Turns
from scheduler.wake import DELIVERIES, NOTICES, TURNS, Wake
from storage import clockwork
from storage.away import is_away
from storage.statuses import ALLOWED
from storage.unit_of_work import Database

log = structlog.get_logger()

POLL = 1.0
"""Seconds between looks when nothing rings: the safety net of the wake-ups."""
GATHER = {TURNS: 0.015, NOTICES: 0.1, DELIVERIES: 0.01}
"""Seconds a loop lets work come together before it takes some: a transaction of twenty costs little more than one of
one. Nobody waits for a notice; the others together stay far below what a person notices."""
MANY = 20
"""A step that did fewer has found no more: what comes next rings. (So many events of one person go in one turn.)"""
DRAIN = 15.0
"""Seconds a stopping worker waits for deliveries under way."""
PAUSE_AFTER_ERROR = 1.0


class Watch(Protocol):
    """Gauges of the whole."""

    def mailbox(self, depth: int, oldest_seconds: float) -> None: ...
    def parked(self, count: int) -> None: ...
    def dead(self, kind: str, count: int) -> None: ...
    def stopped(self, count: int) -> None: ...
    def payments(self, state: str, count: int) -> None: ...


class Service:
    def __init__(
        self, database: Database, turns: Turns, notices: Notices, deliveries: Deliveries, periodic: Periodic,
        clock: Clock, wake: Wake, watch: Watch,
    ) -> None:  # fmt: skip
        self._watch = watch
        self._database = database
        self._turns = turns
        self._notices = notices
        self._deliveries = deliveries
        self._periodic = periodic
        self._clock = clock
        self._wake = wake
        self._kinds = set(deliveries.kinds)
        """Of deliveries: those carried here, and others that were found dead."""
        self._stopping = False
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._ticking: set[asyncio.Task[Any]] = set()
        self._beat = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        loops = {TURNS: self._turns.run_once, NOTICES: self._notices.run_once, DELIVERIES: self._deliveries.run_once}
        for topic, step in loops.items():
            self._tasks.append(asyncio.create_task(self._loop(topic, step), name=f"loop-{topic}"))
        jobs = ((self.beat, 1), (self._periodic.run_due, 5), (self._deliveries.recover, 5), (self.observe, 15))
        for job, seconds in jobs:
            self._beat.add_job(self._tick, "interval", [job], seconds=seconds, name=job.__qualname__)
        self._beat.start()

    async def until_trouble(self) -> None:
        """Return when a loop has died (with its error raised) or the service was stopped."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        self._stopping = True
        self._over.set()
        if self._beat.running:
            self._beat.shutdown(wait=False)
        for topic in (TURNS, NOTICES, DELIVERIES):
            self._wake.ring(topic)
        await asyncio.gather(*self._tasks, *self._ticking, return_exceptions=True)
        try:
            async with asyncio.timeout(DRAIN):
                await self._deliveries.drain()
        except TimeoutError:
            log.warning("service.drain_timed_out", in_flight=self._deliveries.in_flight)

    async def _tick(self, job: Callable[[], Awaitable[object]]) -> None:
        """In a task of ours: the clock cancels what it runs when it stops, and the database must not close on it."""
        task = asyncio.ensure_future(job())
        self._ticking.add(task)
        task.add_done_callback(self._ticking.discard)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        else:
            self._ticked(job.__name__, task)

    def _ticked(self, name: str, task: asyncio.Future[Any]) -> None:
        error = task.exception()
        if error is not None and not is_away(error):
            raise error
        if error is not None:
            log.warning("job.failed", job=name, error=type(error).__name__)

    async def beat(self) -> None:
        """Due timers become events. Called every second, and at once when the simulator moves its clock."""
        fired = await self._database.run(lambda tx: clockwork.fire_timers(tx, self._clock.now()), org=None)
        if fired:
            self._wake.ring(TURNS)

    async def observe(self) -> None:
        """How much waits, as metrics: depth and age of the mailboxes, what is parked, dead and stopped, payments by
        state. What is no more is told too."""
        now = self._clock.now()
        found = await self._database.run(lambda tx: clockwork.depths(tx, now), org=None, read_only=True)
        oldest = found["oldest"]
        self._watch.mailbox(found["depth"], (now - oldest).total_seconds() if oldest else 0.0)
        self._watch.parked(found["parked"])
        self._watch.stopped(found["stopped"])
        self._kinds |= found["dead"].keys()
        for kind in sorted(self._kinds):
            self._watch.dead(kind, found["dead"].get(kind, 0))
        for state in ALLOWED["payment_intents"]:
            self._watch.payments(state, found["payments"].get(state, 0))

    async def settle(self) -> None:
        """Run until nothing is left to do now (tests and the simulator; no waiting for what is due later)."""
        while True:
            await self.beat()
            await self._periodic.run_due()
            done = await self._turns.run_once() + await self._notices.run_once() + await self._deliveries.run_once()
            await self._deliveries.drain()
            if not done:
                return

    async def _loop(self, topic: str, step: Callable[[], Awaitable[int]]) -> None:
        while not self._stopping:
            await asyncio.sleep(GATHER[topic])
            self._wake.hush(topic)
            try:
                done = await step()
            except Exception as error:
                # The database is away or the code is wrong: say so, and try again rather than spin or die.
                log.error("loop.failed", loop=topic, error=type(error).__name__, exc_info=not is_away(error))
                await self._pause()
                continue
            if done < MANY and not self._stopping:
                await self._wake.wait(topic, POLL)

    async def _pause(self) -> None:
        """However much rings meanwhile: other processes may be well."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE_AFTER_ERROR):
                await self._over.wait()
