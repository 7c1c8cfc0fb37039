"""Turns: people with mail are claimed in batches, their events carried through in order, everything committed once.

A batch that fails is rolled back whole and its people are tried one by one, so that one bad turn costs nobody else
anything. A turn that fails alone is retried after a while, then its event is parked, the person is told once, and the
next message finds the conversation where it was (or at the menu, when it keeps failing).
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import structlog

from conversations.engine import Engine, Event
from conversations.reply import STALE_AFTER
from handlers.desk import Desk, Rows
from handlers.facts import Member, Organization
from handlers.ports import Clock
from scheduler.jobs import UNREADABLE, facts_of
from scheduler.parking import opened, sealed
from scheduler.people import Person, contact_row, meet, person_of, talk_row
from scheduler.wake import DELIVERIES, Wake
from storage import mailboxes, registrations
from storage.away import is_away
from storage.unit_of_work import Database, Tx

log = structlog.get_logger()

PEOPLE = 100
"""People per transaction."""
EVENTS = 20
"""Events of one person per transaction."""
TRIES = 3
HOPELESS = TRIES * 2
"""Failures in a row after which the conversation starts again at the menu."""


class Directory(Protocol):
    async def organization(self, tx: Tx, organization_id: uuid.UUID) -> Organization: ...
    def card_url(self, card_key: str) -> str: ...


class Watch(Protocol):
    """Metrics of the turns."""

    def turn(self, outcome: str, seconds: float) -> None: ...
    def step(self, dialogue: str, step: str, outcome: str) -> None: ...


@dataclass(slots=True)
class _Batch:
    people: list[Person] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)
    put_off: int = 0
    """People whose organisation cannot be read."""

    @property
    def done(self) -> int:
        return sum(len(person.done) for person in self.people)


class Turns:
    def __init__(
        self,
        database: Database,
        directory: Directory,
        engine: Engine,
        clock: Clock,
        wake: Wake,
        watch: Watch,
        timer: Callable[[], float],
    ) -> None:
        self._database = database
        self._directory = directory
        self._engine = engine
        self._clock = clock
        self._wake = wake
        self._watch = watch
        self._timer = timer

    async def run_once(self) -> int:
        """Carry one batch through; returns how many events were done or put off (0: nobody has mail)."""
        claimed: list[uuid.UUID] = []
        started = self._timer()
        try:
            batch = await self._database.run(lambda tx: self._batch(tx, claimed), org=None)
        except Exception as error:
            if not claimed:
                raise
            log.warning("turns.batch_failed", people=len(claimed), exc_info=not is_away(error))
            done = 0
            for contact_id in claimed:
                done += await self._alone(contact_id)
            return done
        self._observe(batch, self._timer() - started)
        return batch.done + batch.put_off

    def _observe(self, batch: _Batch, seconds: float) -> None:
        for _ in range(done := batch.done):
            self._watch.turn("done", seconds / done)
        for step in batch.rows.steps:
            self._watch.step(step["dialogue"], step["state"], step["outcome"])

    async def _batch(self, tx: Tx, claimed: list[uuid.UUID]) -> _Batch:
        rows = await mailboxes.claim_people(tx, self._clock.now(), PEOPLE)
        people = [row.contact_id for row in rows]
        claimed.extend(people)
        return await self._carry(tx, rows, await mailboxes.mail(tx, people, EVENTS) if people else [])

    async def _alone(self, contact_id: uuid.UUID) -> int:
        """One event of one person in a transaction of its own, with the consequences if it fails."""
        tried: list[tuple[int, int]] = []
        """The event and the failures before it."""

        async def work(tx: Tx) -> _Batch:
            row = await mailboxes.claim_person(tx, contact_id, self._clock.now())
            if row is None:
                return _Batch()
            mail = await mailboxes.mail(tx, [contact_id], 1)
            tried.extend((event.id, row.attempts) for event in mail)
            return await self._carry(tx, [row], mail)

        started = self._timer()
        try:
            batch = await self._database.run(work, org=None)
        except Exception as error:
            if not tried or is_away(error):
                raise  # The database, not the event.
            log.exception("turns.failed", contact_id=str(contact_id))
            where = _where(error)
            await self._database.run(lambda tx: self._failed(tx, contact_id, tried[0], where), org=None)
            self._wake.ring(DELIVERIES)
            return 1
        self._observe(batch, self._timer() - started)
        return batch.done

    async def _carry(self, tx: Tx, rows: Sequence[Any], events: Sequence[Any]) -> _Batch:
        batch = _Batch()
        if not rows:
            return batch
        mail: dict[uuid.UUID, list[Any]] = {}
        for event in events:
            mail.setdefault(event.contact_id, []).append(event)
        members = await self._members(tx, [row.contact_id for row in rows])
        for org, group in groupby(sorted(rows, key=lambda row: row.organization_id), lambda row: row.organization_id):
            inner, mine = await tx.within(org), list(group)
            organization = await facts_of(self._directory, inner, org)
            if organization is None:
                await mailboxes.put_off(inner, [row.contact_id for row in mine], self._clock.now() + UNREADABLE)
                batch.put_off += len(mine)
                continue
            await registrations.meet(inner, [row.contact_id for row in mine])
            for row in mine:
                person = person_of(row, mail.get(row.contact_id, []), members)
                await self._turns(inner, organization, person, batch.rows)
                batch.people.append(person)
        await tx.without()
        await self._flush(tx, batch)
        return batch

    async def _members(self, tx: Tx, people: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Member]]:
        found: dict[uuid.UUID, list[Member]] = {}
        for row in await mailboxes.members_of(tx, people):
            url = self._directory.card_url(row.card_key)
            found.setdefault(row.contact_id, []).append(
                Member(
                    row.id,
                    row.membership_number,
                    row.full_name,
                    row.plan_name,
                    row.status,
                    row.valid_until,
                    url,
                    row.card_document_id,
                )
            )
        return found

    async def _turns(self, tx: Tx, organization: Organization, person: Person, rows: Rows) -> None:
        now = self._clock.now()
        for row in person.events:
            payload = opened(organization.sealer, row.payload)
            if row.kind == "message":
                payload = meet(person, payload, row.occurred_at)
            event = Event(row.kind, payload, row.external_id, row.occurred_at, payload.get("version"))
            desk = Desk(tx, organization, person.contact, now, rows)
            await self._engine.take(desk, person.conversation, event)
            person.done.append(row.id)

    async def _flush(self, tx: Tx, batch: _Batch) -> None:
        now = self._clock.now()
        rows = batch.rows
        await mailboxes.flush(
            tx,
            messages=rows.communications,
            errands=rows.outbox,
            later=rows.timers,
            dropped=rows.dropped_timers,
            notices=rows.notices,
            steps=rows.steps,
        )
        await mailboxes.save_talks(tx, [talk_row(person, now) for person in batch.people])
        wrote = [person for person in batch.people if any(event.kind == "message" for event in person.events)]
        await mailboxes.save_contacts(tx, [contact_row(person) for person in wrote])
        if wrote:
            said: dict[uuid.UUID, set[str]] = {person.contact.id: set() for person in wrote}
            for row in rows.outbox:
                said.get(row["contact_id"], set()).add(str(row["payload"].get("intent")))
            await mailboxes.release_held(tx, said, now, STALE_AFTER)
        await mailboxes.close_events(tx, [event_id for person in batch.people for event_id in person.done], now)
        tx.after_commit.append(lambda: self._wake.ring(DELIVERIES))

    async def _failed(self, tx: Tx, contact_id: uuid.UUID, tried: tuple[int, int], where: str) -> None:
        """What a failure leads to, unless another process was quicker to try the same event and says so itself."""
        now = self._clock.now()
        row = await mailboxes.claim_person(tx, contact_id, now)
        event_id, failures = tried
        event = await mailboxes.still_pending(tx, event_id)
        if row is None or event is None or row.attempts != failures:
            return
        attempts = row.attempts + 1
        if attempts % TRIES:
            await mailboxes.block(tx, contact_id, attempts, now + timedelta(seconds=4 ** (attempts % TRIES)))
            self._watch.turn("retried", 0.0)
            return
        inner = await tx.within(row.organization_id)
        organization = await facts_of(self._directory, inner, row.organization_id)
        if organization is None:
            await mailboxes.put_off(inner, [contact_id], now + UNREADABLE)
            return
        self._watch.turn("parked", 0.0)
        await mailboxes.park_event(inner, event_id, where, now, sealed(organization.sealer, event.payload))
        person = person_of(row, [], {})
        if event.kind == "message":
            # The turn was undone, but they wrote: what they are told may reach them.
            await mailboxes.heard_from(inner, contact_id, event.occurred_at)
        person.conversation.attempts = attempts
        if attempts >= HOPELESS:
            was = person.conversation
            # One version on: buttons and timers of the place that was left stay void.
            person.conversation = replace(self._engine.greet(contact_id, now), floor=was.floor, version=was.version + 1)
        batch = _Batch([person])
        desk = Desk(inner, organization, person.contact, now, batch.rows)
        desk.notice("turn.parked", f"parked:{event_id}", "critical", event_id=event_id, event=event.kind)
        if attempts == TRIES:
            await self._engine.apologize(desk, person.conversation)
        await tx.without()
        await self._flush(tx, batch)


def _where(error: Exception) -> str:
    """What failed and where, without the message: it may quote what the person said."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
