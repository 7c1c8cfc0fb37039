"""Sign-ups and the dependants entered in them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import Row, Update, and_, bindparam, delete, func, or_, select, update

from storage.statuses import move, sources
from storage.tables.members import CLOSED, IS_OPEN, dependents, registration_sessions
from storage.tables.queues import communications, documents, media_uploads, outbox
from storage.unit_of_work import Tx, among

PERSONAL = (
    "full_name",
    "cpf_sealed",
    "cpf_hash",
    "birth_date",
    "email",
    "phone",
    "address",
    "gender",
    "marital_status",
    "profession",
    "contract_sealed",
)
"""Columns emptied when a draft is given up or expires."""

_T = registration_sessions


class Draft:
    """A registration that is under way, as it stands in this transaction: its columns are attributes. A change gives a
    new one; who holds the old one still sees what was before."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def but(self, changes: Mapping[str, Any]) -> Draft:
        return Draft({**self._values, **changes})


@dataclass(slots=True)
class _Desk:
    """The open registrations of the people of one transaction: read together, changed in memory, written together."""

    known: dict[uuid.UUID, Draft | None] = field(default_factory=dict)
    """By contact; None: has none."""
    owners: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    """The contact of every registration known."""
    opened: list[Mapping[str, Any]] = field(default_factory=list)
    changed: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)

    def keep(self, draft: Draft) -> None:
        self.known[draft.contact_id] = draft
        self.owners[draft.id] = draft.contact_id

    def learn(self, registration_id: uuid.UUID, values: Mapping[str, Any]) -> None:
        contact_id = self.owners.get(registration_id)
        draft = contact_id and self.known[contact_id]
        if contact_id and draft:
            now = draft.but(values)
            self.known[contact_id] = None if now.status in CLOSED else now


def _desk(tx: Tx) -> _Desk:
    desk: _Desk = tx.kept.setdefault(_T.name, _Desk())
    return desk


_open = (
    select(_T)
    .where(_T.c.contact_id.in_(bindparam("people", expanding=True)), IS_OPEN)
    .order_by(_T.c.id)
    .with_for_update()
)


async def meet(tx: Tx, people: Sequence[uuid.UUID]) -> None:
    """Read and lock the open registrations of all these contacts at once: `open_of` then costs nothing for them."""
    desk = _desk(tx)
    desk.known.update(dict.fromkeys(people))
    for row in await tx.all(_open, people=among(people)):
        desk.keep(Draft(row._asdict()))


async def open_of(tx: Tx, contact_id: uuid.UUID) -> Draft | None:
    """The one registration of this contact that is still under way, locked until the transaction ends."""
    known = _desk(tx).known
    if contact_id not in known:
        await meet(tx, [contact_id])
    return known[contact_id]


async def last_status(tx: Tx, contact_id: uuid.UUID) -> str | None:
    """Of this contact's newest registration."""
    row = await tx.first(select(_T.c.status).where(_T.c.contact_id == contact_id).order_by(_T.c.id.desc()).limit(1))
    return None if row is None else str(row.status)


async def by_id(tx: Tx, registration_id: uuid.UUID, *, lock: bool = True) -> Draft | None:
    """Open or closed."""
    statement = select(_T).where(_T.c.id == registration_id)
    row = await tx.first(statement.with_for_update() if lock else statement)
    return None if row is None else Draft(row._asdict())


def add(tx: Tx, row: Mapping[str, Any]) -> Draft:
    """Open one. Who holds this contact's conversation locked is the only one to do so; the unique key sees to it when
    it is written, together with those of the other people of this transaction."""
    desk = _desk_to_write(tx)
    desk.opened.append(row)
    draft = Draft({**dict.fromkeys(_T.c.keys()), "organization_id": tx.org, **row})
    desk.keep(draft)
    return draft


def change(tx: Tx, registration_id: uuid.UUID, **values: Any) -> None:
    """Enter answers, to be written together with those of the other people of this transaction."""
    desk = _desk_to_write(tx)
    desk.changed[registration_id] = {**desk.changed.get(registration_id, {}), **values}
    desk.learn(registration_id, values)


def _desk_to_write(tx: Tx) -> _Desk:
    desk = _desk(tx)
    if not desk.opened and not desk.changed:
        tx.behind.append(partial(_write, tx, desk))
    return desk


async def _write(tx: Tx, desk: _Desk) -> None:
    opened, desk.opened, changed, desk.changed = desk.opened, [], desk.changed, {}
    if opened:
        await tx.add(_T, opened)
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for registration_id, values in changed.items():
        row = {"b_id": registration_id, **{f"b_{name}": value for name, value in values.items()}}
        alike.setdefault(tuple(sorted(values)), []).append(row)
    for columns, rows in alike.items():
        await tx.run_many(_entering(columns), rows)


@cache
def _entering(columns: tuple[str, ...]) -> Update:
    return update(_T).where(_T.c.id == bindparam("b_id")).values({name: bindparam(f"b_{name}") for name in columns})


async def advance(tx: Tx, registration_id: uuid.UUID, target: str, now: datetime, **values: Any) -> bool:
    changes = {"updated_at": now, **values}
    if not await move(tx, _T, registration_id, target, **changes):
        return False
    _desk(tx).learn(registration_id, {**changes, "status": target})
    return True


async def mark_paid(tx: Tx, registration_id: uuid.UUID, now: datetime) -> bool:
    """True for the one call that makes the registration paid."""
    await advance_to_payment(tx, registration_id, now)
    return await advance(tx, registration_id, "paid", now, paid_at=now)


async def advance_to_payment(tx: Tx, registration_id: uuid.UUID, now: datetime) -> None:
    """From `plan_selected` to `payment_pending`; anything further on stays where it is."""
    await advance(tx, registration_id, "payment_pending", now)


async def mark_signed(tx: Tx, registration_id: uuid.UUID, now: datetime) -> None:
    """Enter the signature. One that is paid keeps its status: the next move is the approval."""
    await advance_to_payment(tx, registration_id, now)
    await advance(tx, registration_id, "signed", now)
    change(tx, registration_id, signed_at=now)


async def close(tx: Tx, registration_id: uuid.UUID, target: str, now: datetime) -> bool:
    """Expire or cancel, and empty everything personal. False when the status does not allow it."""
    erased: dict[str, Any] = dict.fromkeys(PERSONAL)
    if not await advance(tx, registration_id, target, now, **erased):
        return False
    await tx.run(delete(dependents).where(dependents.c.registration_id == registration_id))
    return True


async def erase_talk(tx: Tx, contact_id: uuid.UUID, since: datetime) -> None:
    """What this person was sent since then repeats what they told us (summaries): the wording goes, the fact that
    there was a message stays. Those that have not left are not sent any more, dead ones not even by hand."""
    said = select(communications.c.id).where(
        communications.c.contact_id == contact_id, communications.c.created_at >= since
    )
    waiting = delete(outbox).where(outbox.c.communication_id.in_(said), outbox.c.status.in_(("queued", "held", "dead")))
    dropped = [row.communication_id for row in await tx.all(waiting.returning(outbox.c.communication_id))]
    theirs = update(communications).where(communications.c.contact_id == contact_id)
    if dropped:
        why = {"status": "dropped", "error_code": "registration_closed"}
        waited = communications.c.status.in_(("queued", "held"))
        await tx.run(theirs.where(communications.c.id.in_(dropped), waited).values(why))
    await tx.run(theirs.where(communications.c.created_at >= since).values(content=None, variables=None))


async def erase_document(tx: Tx, document_id: uuid.UUID) -> None:
    """Drop a rendered contract that was never signed. A message that still points at it is not sent."""
    await tx.run(delete(media_uploads).where(media_uploads.c.document_id == document_id))
    await tx.run(delete(documents).where(documents.c.id == document_id))


async def due_to_expire(
    tx: Tx, now: datetime, after: tuple[datetime, uuid.UUID] | None = None, limit: int = 200
) -> Sequence[Row[Any]]:
    """(organization_id, contact_id, id, expires_at) of the drafts whose time is over, oldest first; those behind
    `after` (expires_at and id of the last one known) if that is given."""
    statement = (
        select(_T.c.organization_id, _T.c.contact_id, _T.c.id, _T.c.expires_at)
        .where(_T.c.expires_at <= now, IS_OPEN, _T.c.status.in_(sources(_T.name, "expired")))
        .order_by(_T.c.expires_at, _T.c.id)
        .limit(limit)
    )
    if after is not None:
        instant, last = after
        statement = statement.where(or_(_T.c.expires_at > instant, and_(_T.c.expires_at == instant, _T.c.id > last)))
    return await tx.all(statement)


async def dependents_of(tx: Tx, registration_id: uuid.UUID) -> Sequence[Row[Any]]:
    """In the order in which they were entered."""
    return await tx.all(
        select(dependents)
        .where(dependents.c.registration_id == registration_id)
        .order_by(dependents.c.created_at, dependents.c.id)
    )


async def count_dependents(tx: Tx, registration_id: uuid.UUID) -> int:
    statement = select(func.count()).select_from(dependents).where(dependents.c.registration_id == registration_id)
    return int(await tx.scalar(statement))


async def add_dependent(tx: Tx, row: Mapping[str, Any]) -> None:
    await tx.add(dependents, row)


async def remove_dependent(tx: Tx, dependent_id: uuid.UUID) -> None:
    await tx.run(delete(dependents).where(dependents.c.id == dependent_id))


async def clear_dependent_cpf(tx: Tx, registration_id: uuid.UUID, cpf_hash: str) -> None:
    """Take a CPF off this registration's dependants: it turned out to be the holder's."""
    await tx.run(
        update(dependents)
        .where(dependents.c.registration_id == registration_id, dependents.c.cpf_hash == cpf_hash)
        .values(cpf_sealed=None, cpf_hash=None)
    )
