"""Periodic jobs: rows under a lease, so that any number of processes may run them and each runs once.

APScheduler only beats the time (its stores lose and double jobs when shared); what is due is asked of the database.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from handlers.payments.sweep import due_checks
from handlers.ports import Clock
from handlers.registrations.closing import DueDraft, due_drafts
from scheduler.notices import check_row
from storage import clockwork
from storage import deliveries as outgoing
from storage.unit_of_work import Database, Tx

log = structlog.get_logger()

HOLDS = timedelta(minutes=5)
"""A job that ran longer than this is thought dead and may be run by another process."""

PAGES = 50
"""Pages of a job without a pause for the other jobs; it comes again at the next tick if that was not the end."""

Work = Callable[[Tx, datetime], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    every: timedelta
    work: Work
    page: int | None = None
    """Work that did so much is done again, in the next transaction: others can write between the pages."""


class Periodic:
    def __init__(self, database: Database, clock: Clock, jobs: Sequence[Job], owner: str) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._owner = owner
        self._rests_until: dict[str, datetime] = {}
        """When a job that we ran ourselves can be due again at the earliest: until then nobody need be asked."""

    async def run_due(self) -> None:
        """Run every job that is due and that no other process holds. A failing job is tried at its next turn."""
        for job in self._jobs:
            if self._clock.now() < self._rests_until.get(job.name, datetime.min.replace(tzinfo=UTC)):
                continue
            if not await self._database.run(lambda tx, job=job: self._take(tx, job), org=None):  # type: ignore[misc]
                continue
            finished = await self._run(job)
            await self._database.run(
                lambda tx, job=job, finished=finished: self._give_back(tx, job, finished),  # type: ignore[misc]
                org=None,
            )

    async def _run(self, job: Job) -> bool:
        """Whether there is nothing left to do (or it failed, and is tried at its next turn)."""
        total, count = 0, 0
        try:
            for _ in range(PAGES):
                count = await self._database.run(lambda tx: job.work(tx, self._clock.now()), org=None)
                total += count
                if job.page is None or count < job.page:
                    break
        except Exception:
            log.exception("job.failed", job=job.name)
            return True
        if total:
            log.info("job.done", job=job.name, count=total)
        return job.page is None or count < job.page

    async def _take(self, tx: Tx, job: Job) -> bool:
        return await clockwork.take_lease(tx, job.name, self._owner, self._clock.now(), job.every, HOLDS)

    async def _give_back(self, tx: Tx, job: Job, finished: bool) -> None:
        now = self._clock.now()
        await clockwork.give_lease_back(tx, job.name, self._owner, now, finished)
        if finished:
            self._rests_until[job.name] = now + job.every


async def expire_registrations(tx: Tx, now: datetime) -> int:
    """Sign-ups left for seven days: the person's dialogue is told, which erases the draft. Page by page, so that drafts
    that were told and still stand (a blocked mailbox) keep none of the others from their turn."""
    count, last = 0, None
    while page := await due_drafts(tx, now, last):
        count += await clockwork.add_events(tx, [_expired(draft, now) for draft in page])
        last = page[-1]
    return count


def _expired(draft: DueDraft, now: datetime) -> dict[str, Any]:
    """Its name holds when the time was over: whoever answers at the last minute gets more time, and another end."""
    return {
        "organization_id": draft.organization_id,
        "contact_id": draft.contact_id,
        "source": "clock",
        "external_id": f"registration.expired:{draft.registration_id}:{draft.expires_at.isoformat()}",
        "kind": "registration.expired",
        "payload": {"registration_id": str(draft.registration_id)},
        "occurred_at": now,
        "received_at": now,
    }


async def sweep_payments(tx: Tx, now: datetime) -> int:
    """Charges whose callback may never have come: the bank is asked."""
    due = await due_checks(tx, now)
    rows = [check_row(one.organization_id, one.contact_id, one.intent_id, one.txid, now) for one in due]
    await outgoing.add_outbox(tx, rows)
    return len(rows)
