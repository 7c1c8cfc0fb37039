"""Landing: what came of a delivery is written down.

sent            the row is gone, the communications log has the provider's id
later           transient: waits 4^n seconds (or what the vendor asked), then again; after `tries` a dead letter
uncertain       the answer was lost: waits for a status that names it before it is sent again
stopped         the number cannot send until a person acts: everything stays where it is, staff are told once
held            the 24-hour window is closed and no template is named: waits until the person writes
dropped, dead   with the reason, in the log and (dead) in a line for staff
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from handlers.ports import (
    ChannelStopped,
    Clock,
    GatewayError,
    MediaExpired,
    OutcomeUnknown,
    TryLater,
    Unreachable,
    WindowClosed,
)
from scheduler.jobs import (
    EXPIRED,
    UNREADABLE,
    Courier,
    Directory,
    Done,
    Drop,
    Hold,
    Job,
    document_ids,
    facts_of,
    job_of,
)
from scheduler.wake import NOTICES, TURNS, Wake
from storage import deliveries as store
from storage.base import new_id
from storage.unit_of_work import Tx

log = structlog.get_logger()

CLEAR_UP = timedelta(seconds=60)
"""How long a send of unknown outcome waits for a status before it is sent again."""
UNREAD = timedelta(seconds=1)
"""Statuses older than this should have been read; younger ones there are always."""
STOPPED = timedelta(minutes=1)
"""How often a message of a stopped number looks whether it works again."""
LONGEST_WAIT = timedelta(minutes=15)
DIED = "sender died"
DEATHS = 10
"""So many senders in a row may die with a job; then it is thought to be what kills them."""
QUIET = 2 * LONGEST_WAIT
"""A number on which nothing passed for so long is thought to be cut off, rather than one message to be at fault."""
BANK_AWAY = "bank_away"
"""Reason of a Drop: asked in vain, and asked anew by the sweep."""
UNKNOWN_AT_ONCE = 3
"""Sends of unknown outcome that follow each other at once. Each may be one message more to the person, so the rest of
the tries are spread over an hour and a half instead of being more."""
PACED = "paced"
"""Code of a TryLater that is our own doing: no try is counted."""
_NOT_GONE = (None, "queued", "held")
"""Statuses of a communication that nothing is known to have left of."""


class Watch(Protocol):
    def delivery(self, kind: str, outcome: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Result:
    job: Job
    outcome: Done | Hold | Drop | GatewayError


class Landing:
    def __init__(
        self, directory: Directory, couriers: Mapping[str, Courier], clock: Clock, wake: Wake, watch: Watch
    ) -> None:
        self._directory = directory
        self._couriers = couriers
        self._clock = clock
        self._wake = wake
        self._watch = watch
        self._passed: dict[str, datetime] = {}
        """When each number last passed a message of this process."""

    async def record(self, tx: Tx, landed: Sequence[Result]) -> None:
        """All of them, in one transaction of the system."""
        await self._done(tx, [(each.job, each.outcome) for each in landed if isinstance(each.outcome, Done)])
        for each in landed:
            outcome = "sent" if isinstance(each.outcome, Done) else await self._not_done(tx, each.job, each.outcome)
            tx.after_commit.append(_count(self._watch, each.job.kind, outcome))

    async def _done(self, tx: Tx, done: Sequence[tuple[Job, Done]]) -> None:
        now = self._clock.now()
        sent = [(job.communication_id, told.message_id, now) for job, told in done if job.communication_id is not None]
        failed = await store.mark_sent(tx, sent)
        self._passed.update({str(job.payload["number"]): now for job, _ in done if job.payload.get("number")})
        for job, told in done:
            if told.record is not None:
                await told.record(await tx.within(job.organization.id))
                await tx.without()
        await store.finish(tx, [job.id for job, _ in done])
        for job, told in done:
            await self._answer(tx, job, told.event)
        if failed:
            await self._told_meanwhile(tx, failed, {job.communication_id: job for job, _ in done})

    async def _told_meanwhile(self, tx: Tx, failed: Sequence[Any], jobs: Mapping[uuid.UUID | None, Job]) -> None:
        """Meta took these and failed them before its answer was written down: as if it told so now."""
        now = self._clock.now()
        rows = [
            {
                "organization_id": jobs[row.id].organization.id,
                "contact_id": None,
                "source": "whatsapp",
                "external_id": f"failed:{row.id}:{now.isoformat()}",
                "kind": "status",
                "payload": {
                    "id": row.provider_message_id,
                    "status": "failed",
                    "timestamp": str(int(row.failed_at.timestamp())),
                    "biz_opaque_callback_data": str(row.id),
                    "errors": [{"code": row.error_code, "error_data": {"details": row.error_message or ""}}],
                },
                "occurred_at": row.failed_at,
                "received_at": now,
            }
            for row in failed
        ]
        await store.add_answers(tx, rows)
        tx.after_commit.append(lambda: self._wake.ring(NOTICES))

    async def _not_done(self, tx: Tx, job: Job, outcome: Hold | Drop | GatewayError) -> str:
        if isinstance(outcome, Hold):
            return await self._hold(tx, job, outcome.reason)
        if isinstance(outcome, Drop):
            return await self._drop(tx, job, outcome.reason)
        return await self._error(tx, job, outcome)

    # --- classes of errors --------------------------------------------------------------------------------------

    async def _error(self, tx: Tx, job: Job, error: GatewayError) -> str:
        now = self._clock.now()
        if isinstance(error, TryLater) and error.code == PACED:
            wait = error.after or timedelta(seconds=1)
            await store.put_back(tx, job.id, due_at=now + wait, error=PACED, attempts=job.attempts - 1)
            return "paced"
        if isinstance(error, OutcomeUnknown) and _has_statuses(job):
            await store.set_aside(tx, job.id, "uncertain", error=str(error)[:500], due_at=now + CLEAR_UP)
            return "uncertain"
        if isinstance(error, ChannelStopped) and job.payload.get("number"):
            return await self._stop(tx, job, error)
        if isinstance(error, WindowClosed):
            return await self._hold(tx, job, error.code)
        if isinstance(error, TryLater | OutcomeUnknown | MediaExpired) and await self._worth_it(tx, job, error.code):
            return await self._again(tx, job, error)
        return await self.bury(tx, job, error)

    async def _worth_it(self, tx: Tx, job: Job, code: str) -> bool:
        """Whether to try again: so and so often, or, while nothing at all passes on the number, until the message is
        stale or the person has written anew and has another answer coming."""
        if job.attempts < self._tries(job):
            return True
        anew = job.last_inbound_at is not None and job.last_inbound_at > job.created_at
        if job.kind != "whatsapp.message" or job.expires_at is None or anew:
            return False
        now, number = self._clock.now(), str(job.payload["number"])
        if number in self._passed and self._passed[number] > now - QUIET:
            return False
        await self._notice(tx, job, "channel.away", f"away:{number}:{now:%Y-%m-%d}", code)
        return True

    async def _again(self, tx: Tx, job: Job, error: GatewayError) -> str:
        wait = wait_after(job, error)
        if isinstance(error, MediaExpired):
            documents = [uuid.UUID(value) for value in document_ids(job.payload.get("message"))]
            await store.forget_uploads(tx, documents, str(job.payload.get("number")))
            wait = timedelta()
        due_at = self._clock.now() + wait
        await store.put_back(tx, job.id, due_at=due_at, error=str(error)[:500], attempts=job.attempts)
        return "retried"

    async def _stop(self, tx: Tx, job: Job, error: GatewayError) -> str:
        now, number = self._clock.now(), str(job.payload["number"])
        await store.put_back(tx, job.id, due_at=now + STOPPED, error=str(error)[:500], attempts=job.attempts - 1)
        if await store.stop_number(tx, number, str(error)):
            await self._notice(tx, job, "channel.stopped", f"stopped:{number}:{now.isoformat()}", error.code)
            log.critical("channel.stopped", number=number, code=error.code)
        return "stopped"

    async def _hold(self, tx: Tx, job: Job, reason: str) -> str:
        await store.set_aside(tx, job.id, "held", error=reason)
        await self._mark(tx, job, "held", reason)
        return "held"

    async def _drop(self, tx: Tx, job: Job, reason: str) -> str:
        await store.finish(tx, [job.id])
        await self._mark(tx, job, "dropped", reason)
        if reason == EXPIRED and job.kind == "whatsapp.message" and not _passing(job):
            await self._notice(tx, job, "delivery.late", f"late:{job.id}", reason)
        if reason == BANK_AWAY:
            await self._notice(tx, job, "bank.away", f"bank.away:{self._clock.now():%Y-%m-%d}", reason)
        await self._give_up(tx, job, reason)
        return "dropped"

    async def bury(self, tx: Tx, job: Job, error: GatewayError) -> str:
        """A dead letter: kept with its reason until somebody has it sent again. What is worth one try only is not."""
        if self._tries(job) == 1:
            return await self._drop(tx, job, error.code)
        await store.set_aside(tx, job.id, "dead", error=str(error)[:500])
        await self._mark(tx, job, "failed", error.code, error.detail)
        if isinstance(error, Unreachable) and job.contact_id is not None:
            await store.unreachable(tx, job.contact_id, self._clock.now())
        await self._notice(tx, job, "delivery.dead", f"dead:{job.id}", error.code)
        await self._give_up(tx, job, error.code)
        log.error("delivery.dead", kind=job.kind, outbox_id=job.id, code=error.code)
        return "dead"

    # --- after a crash ------------------------------------------------------------------------------------------

    async def recover(self, tx: Tx) -> int:
        """Rows whose sender died, and unknown outcomes whose time is up: ask the log whether they left; else again,
        unless it was tried often enough. A message found "sending" is uncertain too: it waits for a status first."""
        now = self._clock.now()
        rows = await self._ripe(tx, now)
        for place, row in enumerate(rows):
            status = await store.communication_status(tx, row.communication_id) if row.communication_id else None
            if status not in _NOT_GONE:
                await store.finish(tx, [row.id])
                continue
            organization = await facts_of(self._directory, tx, row.organization_id)
            if organization is None:
                await store.postpone(tx, row.id, now + UNREADABLE)
                continue
            job = job_of(row, organization, sealed=True)
            if row.status == "sending":
                await self._sender_died(tx, job, _deaths(row.error) + 1, place / len(rows))
            else:
                await self._nobody_told(tx, job, row.error)
        return len(rows)

    async def _sender_died(self, tx: Tx, job: Job, deaths: int, share: float) -> None:
        """Nobody refused it, so a death counts as no try. From the second on it may be this job that kills: it waits,
        and those that died together (`share` of 0 to 1 through them) come back one after another."""
        now, error = self._clock.now(), f"{DIED} {deaths}"
        wait = min(timedelta(seconds=4 ** (deaths - 1)), LONGEST_WAIT) * (1 + share) if deaths > 1 else timedelta()
        if _has_statuses(job):
            await store.set_aside(tx, job.id, "uncertain", error=error, due_at=now + max(CLEAR_UP, wait))
        elif deaths < DEATHS and self._tries(job) > 1:
            await store.put_back(tx, job.id, due_at=now + wait, error=error, attempts=job.attempts - 1)
        else:
            await self.bury(tx, job, OutcomeUnknown("no_outcome", error))

    async def _nobody_told(self, tx: Tx, job: Job, error: str | None) -> None:
        deaths = _deaths(error)
        attempts = job.attempts - 1 if deaths else job.attempts
        if deaths < DEATHS and attempts < self._tries(job):
            wait = timedelta() if attempts < UNKNOWN_AT_ONCE else LONGEST_WAIT
            await store.put_back(tx, job.id, due_at=self._clock.now() + wait, error=error, attempts=attempts)
        else:
            await self.bury(tx, job, OutcomeUnknown("no_outcome", error or DIED))

    async def _ripe(self, tx: Tx, now: datetime) -> list[Any]:
        """A send of unknown outcome is not ripe while statuses that came in its time, or long ago, are unread: after a
        while without a worker one of them may say that it left."""
        rows = await store.overdue_leases(tx, now, 200)
        unread = await store.oldest_unread_status(tx) if any(row.status == "uncertain" for row in rows) else None
        if unread is None:
            return list(rows)
        return [row for row in rows if row.status != "uncertain" or unread > max(row.due_at, now - UNREAD)]

    # --- helpers ------------------------------------------------------------------------------------------------

    def _tries(self, job: Job) -> int:
        courier = self._couriers.get(job.kind)
        return courier.tries if courier is not None else 0

    async def _give_up(self, tx: Tx, job: Job, code: str) -> None:
        courier = self._couriers.get(job.kind)
        await self._answer(tx, job, courier.gives_up_with(job, code) if courier is not None else None)

    async def _answer(self, tx: Tx, job: Job, event: tuple[str, Mapping[str, Any]] | None) -> None:
        """Into the mailbox of who waits for it. A job that was given up and tried again has an answer of each kind."""
        if event is None or job.contact_id is None:
            return
        now = self._clock.now()
        row = {
            "organization_id": job.organization.id,
            "contact_id": job.contact_id,
            "source": "outbox",
            "external_id": f"{job.id}:{event[0]}",
            "kind": event[0],
            "payload": dict(event[1]),
            "occurred_at": now,
            "received_at": now,
        }
        await store.add_answers(tx, [row])
        tx.after_commit.append(lambda: self._wake.ring(TURNS))

    async def _mark(self, tx: Tx, job: Job, status: str, code: str, message: str = "") -> None:
        if job.communication_id is not None:
            await store.mark(tx, job.communication_id, status, code=code[:40], message=message[:500] or None)

    async def _notice(self, tx: Tx, job: Job, kind: str, dedupe_key: str, code: str) -> None:
        row = {
            "id": new_id(),
            "organization_id": job.organization.id,
            "contact_id": job.contact_id,
            "kind": kind,
            "severity": "critical" if kind == "channel.stopped" else "warning",
            "detail": {"kind": job.kind, "code": code, "outbox_id": job.id},
            "dedupe_key": dedupe_key,
            "created_at": self._clock.now(),
        }
        await store.add_notice(tx, row)


def wait_after(job: Job, error: GatewayError) -> timedelta:
    """What the vendor asked for, else 4^n seconds, n from 0."""
    if isinstance(error, TryLater) and error.after is not None:
        return error.after
    return min(timedelta(seconds=4 ** min(job.attempts - 1, 8)), LONGEST_WAIT)


def _deaths(error: str | None) -> int:
    """How many senders died with it one after the other, by the reason noted last."""
    counted = (error or "").removeprefix(f"{DIED} ")
    return int(counted) if counted.isdigit() else 0


def _passing(job: Job) -> bool:
    """What nobody misses: a reminder, or what the dialogue itself says anew."""
    return bool(job.payload.get("unseen")) or str(job.payload.get("intent")).startswith("engine-reminder")


def _has_statuses(job: Job) -> bool:
    """Whether somebody tells later what became of it: Meta does, of messages; nobody does of an e-mail or an SMS."""
    return job.communication_id is not None and job.kind.startswith("whatsapp.")


def _count(watch: Watch, kind: str, outcome: str) -> Callable[[], None]:
    return lambda: watch.delivery(kind, outcome)
