"""Which plan, and what it costs today."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.desk import Desk, Outcome
from handlers.registrations import drafts
from handlers.registrations.rules import age_on, chosen_addons, misfit, price, today
from storage import registrations

_MAY_CHOOSE = ("address_verified", "plan_selected", "payment_pending")


async def choose_plan(desk: Desk, plan_id: str, addons: Sequence[str] = ()) -> Outcome:
    """May be done again until something is paid in full; charges of the former price are replaced by the next one."""
    draft = await drafts.editable(desk)
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
    pricing = price(plan, chosen, day).as_json()
    lines = [{"slug": addon.slug, "name": addon.name, "price": addon.price} for addon in chosen]
    await registrations.advance(desk.tx, draft.id, "plan_selected", desk.now)
    await drafts.write(desk, draft, "plan", plan_id=plan.id, addons=lines, pricing=pricing)
    kept = {"plan_id": str(plan.id), "addons": [addon.slug for addon in chosen], "pricing": pricing}
    return Outcome("priced", kept)
