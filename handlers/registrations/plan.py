"""Which plan, and what it costs today. Looking at a plan changes nothing; what was accepted last is what is charged,
signed and begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.desk import Desk, Outcome
from handlers.facts import Addon, Plan
from handlers.registrations import drafts
from handlers.registrations.rules import Pricing, age_on, chosen_addons, misfit, price, today
from storage import registrations
from storage.registrations import Draft

_MAY_CHOOSE = ("address_verified", "plan_selected", "payment_pending")
_PAID = Outcome("paid")
"""What was accepted is paid: there is nothing more to choose."""


@dataclass(frozen=True, slots=True)
class _Choice:
    draft: Draft
    plan: Plan
    addons: Sequence[Addon]
    pricing: Pricing

    def outcome(self, name: str, note: str | None = None) -> Outcome:
        slugs = [addon.slug for addon in self.addons]
        kept = {"plan_id": str(self.plan.id), "addons": slugs, "pricing": self.pricing.as_json()}
        return Outcome(name, kept, note)


async def may_choose(desk: Desk) -> Outcome:
    """`choose`, or `paid` for who went back and paid meanwhile."""
    draft = await drafts.editable(desk)
    if draft is None:
        return drafts.NOT_OPEN
    return _PAID if draft.paid_at is not None else Outcome("choose")


async def choose_plan(desk: Desk, plan_id: str, addons: Sequence[str] = ()) -> Outcome:
    """`priced`: what this plan costs now. The one accepted before stands, and may be paid, while they look around."""
    found = await _look(desk, plan_id, addons)
    if isinstance(found, Outcome):
        return found
    await drafts.write(desk, found.draft, "plan")
    return found.outcome("priced")


async def accept_plan(desk: Desk, plan_id: str, addons: Sequence[str], pricing: Mapping[str, Any]) -> Outcome:
    """`accepted` for the very price that was shown (`pricing`, of `priced`), which stands from now on; `repriced` when
    the business changed it meanwhile. May be done again until something is paid in full; charges of the former price
    are replaced by the next one."""
    found = await _look(desk, plan_id, addons)
    if isinstance(found, Outcome):
        return found
    fresh = found.pricing.as_json()
    # A version before this one may have shown a price with fewer terms.
    if any(pricing[name] != fresh[name] for name in pricing.keys() & fresh.keys()):
        return found.outcome("repriced", "signup-repriced")
    lines = [{"slug": addon.slug, "name": addon.name, "price": addon.price} for addon in found.addons]
    await registrations.advance(desk.tx, found.draft.id, "plan_selected", desk.now)
    await drafts.write(desk, found.draft, "accepted", plan_id=found.plan.id, addons=lines, pricing=fresh)
    return found.outcome("accepted")


async def overcrowded(desk: Desk) -> Draft | None:
    """The open registration, unless it is signed, if it has more dependants than the accepted plan takes: they were
    entered after it was accepted."""
    draft = await drafts.editable(desk)
    plan = None if draft is None else desk.organization.plan(str(draft.plan_id))
    if draft is None or plan is None:
        return None
    return draft if await registrations.count_dependents(desk.tx, draft.id) > plan.max_dependents else None


async def _look(desk: Desk, plan_id: str, addons: Sequence[str]) -> _Choice | Outcome:
    """The plan with its price, or why it cannot be had."""
    draft = await drafts.editable(desk)
    if draft is not None and draft.paid_at is not None:
        return _PAID
    if draft is None or draft.status not in _MAY_CHOOSE or draft.birth_date is None:
        return drafts.NOT_OPEN
    plan = desk.organization.plan(plan_id)
    if plan is None:
        return Outcome("plan_gone")
    day = today(desk.now, desk.organization.zone)
    dependents = await registrations.count_dependents(desk.tx, draft.id)
    problem = misfit(plan, age_on(draft.birth_date, day), dependents)
    if problem is not None:
        return Outcome(problem.name, problem.detail)
    chosen = chosen_addons(plan, addons)
    return _Choice(draft, plan, chosen, price(plan, chosen))
