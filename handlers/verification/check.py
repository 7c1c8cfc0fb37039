"""Trying a code. Wrong, expired, used and never sent are answered alike."""

from __future__ import annotations

from handlers.desk import Desk, Outcome
from handlers.verification import rules
from storage import verification


async def check(desk: Desk, purpose: str, bound_to: str, code: str) -> Outcome:
    row = await verification.newest(desk.tx, desk.contact.id, purpose, bound_to)
    if row is None:
        return _wrong(1)
    used = await verification.count_try(desk.tx, row.id, rules.TRIES)
    if used is None:
        return Outcome("burned")
    keyed = desk.organization.sealer
    right = rules.matches(row.code_hash, code, purpose, bound_to, lambda text: keyed.index(text, "code"))
    if right and await verification.mark_verified(desk.tx, row.id, desk.now):
        return Outcome("verified", {"verified_code_id": str(row.id)})
    if used >= rules.TRIES:
        await verification.burn(desk.tx, row.id, desk.now)
        return Outcome("burned")
    return _wrong(used)


def _wrong(used: int) -> Outcome:
    return Outcome("wrong", {"tries_left": rules.TRIES - used})
