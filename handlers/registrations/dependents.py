"""The holder's dependants, while the registration is under way."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from handlers.desk import Desk, Outcome
from handlers.registrations import drafts
from handlers.registrations.rules import age_on, months_on, today
from storage import registrations
from storage.base import new_id


async def family(desk: Desk) -> Outcome:
    """Who is entered by now."""
    draft = await drafts.editable(desk)
    return drafts.NOT_OPEN if draft is None else Outcome("family", await _kept(desk, draft.id))


async def add_dependent(
    desk: Desk, full_name: str, relationship: str, birth_date: str, cpf: str | None = None
) -> Outcome:
    """`relationship`: spouse, child, parent or other. The very same person entered twice counts once."""
    draft = await drafts.editable(desk)
    if draft is None:
        return drafts.NOT_OPEN
    entered = await registrations.dependents_of(desk.tx, draft.id)
    born = date.fromisoformat(birth_date)
    twice = (full_name, relationship, born) in {(row.full_name, row.relationship, row.birth_date) for row in entered}
    if not twice:
        cpf_hash = None if cpf is None else desk.organization.sealer.index(cpf, "cpf")
        if cpf_hash is not None and cpf_hash in {draft.cpf_hash, *(row.cpf_hash for row in entered)}:
            return Outcome("dependent_cpf_taken")
        await registrations.add_dependent(desk.tx, _row(desk, draft.id, full_name, relationship, born, cpf, cpf_hash))
    await drafts.write(desk, draft, "dependents")
    return Outcome("added", await _kept(desk, draft.id))


async def remove_dependent(desk: Desk, index: int) -> Outcome:
    """`index` counts from 0 in the list last kept; one that is not there removes nobody."""
    draft = await drafts.editable(desk)
    if draft is None:
        return drafts.NOT_OPEN
    entered = await registrations.dependents_of(desk.tx, draft.id)
    if 0 <= index < len(entered):
        await registrations.remove_dependent(desk.tx, entered[index].id)
    await drafts.write(desk, draft, "dependents")
    return Outcome("removed", await _kept(desk, draft.id))


def _row(
    desk: Desk,
    registration_id: uuid.UUID,
    full_name: str,
    relationship: str,
    born: date,
    cpf: str | None,
    cpf_hash: str | None,
) -> dict[str, Any]:
    sealed = None if cpf is None else desk.organization.sealer.seal(cpf, "dependents.cpf_sealed")
    return {
        "id": new_id(),
        "registration_id": registration_id,
        "full_name": full_name,
        "relationship": relationship,
        "birth_date": born,
        "cpf_sealed": sealed,
        "cpf_hash": cpf_hash,
        "created_at": desk.now,
    }


async def _kept(desk: Desk, registration_id: uuid.UUID) -> dict[str, Any]:
    rows: Sequence[Row[Any]] = await registrations.dependents_of(desk.tx, registration_id)
    day = today(desk.now, desk.organization.zone)
    return {"dependents": [_told(row, day) for row in rows]}


def _told(row: Row[Any], day: date) -> dict[str, Any]:
    """As the talk shows them: full years, and months for who is not one yet."""
    age = age_on(row.birth_date, day)
    told = {"name": row.full_name, "relationship": row.relationship, "age": age}
    return told if age else {**told, "months": months_on(row.birth_date, day)}
