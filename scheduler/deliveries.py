"""Deliveries: outbox rows leave in order per lane, paced, outside any transaction; `landing` writes down what came of
each.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog

from handlers.ports import Clock, GatewayError, NumberThrottled, PairLimited, TryLater
from scheduler.jobs import EXPIRED, UNREADABLE, Courier, Directory, Done, Drop, Hold, Job, facts_of, job_of
from scheduler.landing import PACED, Landing, Result, Watch, wait_after
from scheduler.pacing import PAIR, Pacer, Rate
from scheduler.wake import DELIVERIES, Wake
from storage import deliveries as store
from storage.away import asked_in_vain, is_away
from storage.unit_of_work import Database, Tx
from storage.vault import CannotOpen

log = structlog.get_logger()

LEASE = timedelta(seconds=90)
"""Longer than any gateway's time-out: a lease that ended means that the sender died."""
AT_ONCE = 1024
"""Deliveries under way: with a Meta that takes ten seconds, still what a number may send (80 a second)."""
ERRANDS = 256
"""Of them, what is no message (charges, look-ups, letters): a bank that answers nothing leaves room for people."""
CLAIM = 256
"""Rows claimed in one transaction."""
WAITING = 256
"""Messages that wait in place for the limits of their numbers: while there are so many, only others are claimed."""
NEAR = 1.0
"""Seconds of pacing worth waiting for in place."""
GATHER = 0.02
"""Seconds in which answers come together before they are written down."""
RECORD_AGAIN = 1.0
"""Seconds between attempts to write results down while the database is away."""
PATIENCE = 30.0
"""Seconds of waiting in place, those before it included; then it comes back to the queue. Well within the lease."""
THROTTLED = 1.0
"""Seconds of silence of a number that sent too much."""


class Deliveries:
    def __init__(
        self,
        database: Database,
        directory: Directory,
        couriers: Mapping[str, Courier],
        pacer: Pacer,
        number_rate: Rate,
        clock: Clock,
        wake: Wake,
        watch: Watch,
        *,
        owner: str,
        at_once: int = AT_ONCE,
    ) -> None:
        self._database = database
        self._directory = directory
        self._couriers = couriers
        self._pacer = pacer
        self._number_rate = number_rate
        self._clock = clock
        self._wake = wake
        self._landing = Landing(directory, couriers, clock, wake, watch)
        self._owner = owner
        self._at_once = at_once
        self._flying: set[asyncio.Task[None]] = set()
        self._errands: set[asyncio.Task[None]] = set()
        self._waiting: Counter[str] = Counter()
        """How many wait in place, by number."""
        self._heads: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Who waits first, by number: the others wait for it, in the order in which they came."""
        self._landed: list[Result] = []
        self._doubtful: tuple[datetime, datetime] | None = None
        """First and last end of the leases of claims that may or may not have been committed."""
        self._writer: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    @property
    def in_flight(self) -> int:
        return len(self._flying) + len(self._landed)

    @property
    def kinds(self) -> Collection[str]:
        """What is carried here."""
        return self._couriers.keys()

    async def run_once(self) -> int:
        """Claim what is due and let it fly; returns how many were claimed, and CLAIM if there was no room until now.
        `drain` waits for the answers."""
        room = min(self._at_once - self.in_flight, CLAIM)
        if room <= 0:
            await asyncio.wait(self._under_way(), return_when=asyncio.FIRST_COMPLETED)
            return CLAIM
        for job in (jobs := await self._claimed(room)):
            task = asyncio.create_task(self._fly(job), name=f"delivery-{job.id}")
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)
            if not is_message(job.kind):
                self._errands.add(task)
                task.add_done_callback(self._errands.discard)
        return len(jobs)

    async def drain(self) -> None:
        """Wait until everything under way has landed and been written down."""
        self._hurry.set()
        while under_way := self._under_way():
            await asyncio.wait(under_way)
        self._hurry.clear()

    def _under_way(self) -> set[asyncio.Task[None]]:
        writing = {self._writer} if self._writer is not None and not self._writer.done() else set()
        return self._flying | writing

    # --- claiming -----------------------------------------------------------------------------------------------

    async def _claimed(self, room: int) -> list[Job]:
        """What may fly now. A claim whose commit was cut off may stand, with nobody carrying it: the next one takes it
        back first, else its people would wait for the lease to end."""
        until = self._clock.now() + LEASE
        try:
            jobs = await self._database.run(lambda tx: self._claim(tx, room), org=None)
        except Exception:
            self._doubtful = (self._doubtful[0] if self._doubtful else until, self._clock.now() + LEASE)
            raise
        self._doubtful = None
        return jobs

    async def _claim(self, tx: Tx, room: int) -> list[Job]:
        now = self._clock.now()
        if self._doubtful is not None:
            await store.unclaim(tx, by=self._owner, since=self._doubtful[0], until=self._doubtful[1])
        full = set(self._waiting) if self._waiting.total() >= WAITING else set()
        rows = await store.claim(
            tx,
            now=now,
            until=now + LEASE,
            by=self._owner,
            most=room,
            messages_only=len(self._errands) >= ERRANDS,
            but_of=sorted(full | await store.stopped_numbers(tx)),
        )
        people = [row.contact_id for row in rows if row.contact_id is not None]
        windows = await store.windows(tx, people)
        jobs = []
        for row in rows:
            organization = await facts_of(self._directory, tx, row.organization_id)
            if organization is None:
                await self._wait(tx, row, now + UNREADABLE, "organization unreadable")
                continue
            window = windows.get(row.contact_id) if row.contact_id else None
            try:
                jobs.append(job_of(row, organization, window))
            except CannotOpen:
                # Sealed under a key we were not given: that one is lost, the others go on.
                job = job_of(row, organization, window, sealed=True)
                await self._landing.bury(tx, job, GatewayError("cannot_open", row.kind))
        return jobs

    async def _wait(self, tx: Tx, row: Any, due_at: datetime, why: str) -> None:
        await store.put_back(tx, row.id, due_at=due_at, error=why, attempts=row.attempts - 1)

    # --- flying -------------------------------------------------------------------------------------------------

    async def _fly(self, job: Job) -> None:
        try:
            outcome = await self._carry(job)
        except GatewayError as error:
            outcome = error
            await self._slow_down(job, error)
        except Exception as error:
            if asked_in_vain(error):  # It was asked for a picture, a charge, a contract: nothing has left.
                outcome = TryLater(PACED, after=timedelta(seconds=RECORD_AGAIN))
            else:
                log.exception("delivery.bug", kind=job.kind, outbox_id=job.id)
                outcome = GatewayError("bug", job.kind)
        self._landed.append(Result(job, outcome))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_down(), name="landing")

    async def _carry(self, job: Job) -> Done | Hold | Drop | GatewayError:
        courier = self._couriers.get(job.kind)
        if courier is None:
            return GatewayError("no_courier", job.kind)
        if job.expires_at is not None and job.expires_at <= self._clock.now():
            return Drop(EXPIRED)
        wait = await self._pace(job)
        if wait > 0:
            return TryLater(PACED, after=timedelta(seconds=wait))
        return await courier.carry(job)

    async def _pace(self, job: Job) -> float:
        """Take the credit of the number and of the pair; seconds to come back in when there is none."""
        number = job.payload.get("number")
        if number is None:
            return 0.0
        if job.kind == "whatsapp.message":
            wait = await self._pacer.reserve(f"pair:{number}:{job.contact_id}", PAIR)
            if wait > 0:
                return wait
        if number not in self._waiting:
            wait = await self._pacer.reserve(f"number:{number}", self._number_rate)
            if not 0 < wait <= NEAR:
                return wait
        return await self._queue_up(str(number))

    async def _queue_up(self, number: str) -> float:
        """Wait in place for the credit of a number, first come, first served; only the first one asks for it."""
        self._waiting[number] += 1
        try:
            async with asyncio.timeout(PATIENCE), self._heads[number]:
                wait = await self._pacer.reserve(f"number:{number}", self._number_rate)
                while 0 < wait <= NEAR:
                    await asyncio.sleep(wait)
                    wait = await self._pacer.reserve(f"number:{number}", self._number_rate)
                return wait
        except TimeoutError:
            return NEAR
        finally:
            self._waiting -= Counter([number])  # One that nobody waits for is gone from it.

    async def _slow_down(self, job: Job, error: GatewayError) -> None:
        """Meta complained: this person only, or the whole number."""
        number = job.payload.get("number")
        if isinstance(error, PairLimited):
            wait = wait_after(job, error).total_seconds()
            await self._pacer.penalize(f"pair:{number}:{job.contact_id}", PAIR, wait)
        elif isinstance(error, NumberThrottled):
            await self._pacer.penalize(f"number:{number}", self._number_rate, THROTTLED)

    # --- landing ------------------------------------------------------------------------------------------------

    async def _write_down(self) -> None:
        """One writer: those who land during a transaction share the next one."""
        while self._landed:
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER):
                    await self._hurry.wait()
            landed, self._landed = self._landed, []
            try:
                await self._database.run(lambda tx, landed=landed: self._landing.record(tx, landed), org=None)  # type: ignore[misc]
            except Exception as error:
                if is_away(error):
                    await self._remember(landed, error)
                    continue
                log.exception("delivery.record_failed", rows=len(landed))
                for result in landed:
                    await self._record_alone(result)
            self._wake.ring(DELIVERIES)

    async def _remember(self, landed: list[Result], error: Exception) -> None:
        """The database is away: what Meta took is kept in mind until it can be written down, else it would be taken
        for lost and sent again. What is under way counts as in flight, so no more than that is ever kept."""
        self._landed[:0] = landed
        log.warning("delivery.record_waits", rows=len(self._landed), error=type(error).__name__)
        await asyncio.sleep(RECORD_AGAIN)

    async def _record_alone(self, result: Result) -> None:
        try:
            await self._database.run(lambda tx: self._landing.record(tx, [result]), org=None)
        except Exception:
            # The row stays "sending"; when its lease ends, `recover` asks the log what became of it.
            log.exception("delivery.record_lost", kind=result.job.kind, outbox_id=result.job.id)

    async def recover(self) -> int:
        """What became of rows whose sender died, and of unknown outcomes whose time is up; returns how many."""
        rows = await self._database.run(self._landing.recover, org=None)
        if rows:
            log.warning("deliveries.recovered", rows=rows)
        return rows


def is_message(kind: str) -> bool:
    return kind.startswith("whatsapp.")
