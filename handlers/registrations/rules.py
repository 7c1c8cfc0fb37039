"""Who may join, and what it costs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from handlers.facts import Addon, Plan

DRAFT_LIFE = timedelta(days=7)
"""Counted from the last answer; then the draft is erased."""
ADULT = 18
"""A holder signs a contract: LGPD art. 14, Código Civil art. 5."""


def today(now: datetime, zone: ZoneInfo) -> date:
    return now.astimezone(zone).date()


def age_on(birth_date: date, day: date) -> int:
    """Full years. Who is born on 29 February has a birthday on 1 March of a common year."""
    had_birthday = (day.month, day.day) >= (birth_date.month, birth_date.day)
    return day.year - birth_date.year - (0 if had_birthday else 1)


def months_on(birth_date: date, day: date) -> int:
    """Full months."""
    months = (day.year - birth_date.year) * 12 + day.month - birth_date.month
    return months - (0 if day.day >= birth_date.day else 1)


def minimum_age(plans: Sequence[Plan]) -> int:
    """The youngest that any plan takes as a holder, never under 18."""
    return max(ADULT, min((plan.min_age for plan in plans), default=ADULT))


@dataclass(frozen=True, slots=True)
class Pricing:
    """Centavos, and the terms they are for: all that a business may change while somebody pays and signs."""

    cycle_price: int
    addons_total: int
    adhesion_fee: int
    due_now: int
    trial_days: int
    billing_cycle: str
    validity_months: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def chosen_addons(plan: Plan, slugs: Iterable[str]) -> list[Addon]:
    """Those of the plan's add-ons that were asked for, once each, in the plan's order."""
    wanted = set(slugs)
    return [addon for addon in plan.addons if addon.slug in wanted]


def price(plan: Plan, addons: Sequence[Addon]) -> Pricing:
    """Due now: the adhesion fee, and the first cycle unless a trial comes before it."""
    addons_total = sum(addon.price for addon in addons)
    first_cycle = 0 if plan.trial_days else plan.price + addons_total
    return Pricing(
        cycle_price=plan.price,
        addons_total=addons_total,
        adhesion_fee=plan.adhesion_fee,
        due_now=plan.adhesion_fee + first_cycle,
        trial_days=plan.trial_days,
        billing_cycle=plan.billing_cycle,
        validity_months=plan.validity_months,
    )


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a plan cannot be had: an outcome's name and what it says."""

    name: str
    detail: dict[str, int | None]


def misfit(plan: Plan, age: int, dependents: int) -> Misfit | None:
    if dependents > plan.max_dependents:
        return Misfit("too_many_dependents", {"maximum": plan.max_dependents})
    if age < max(ADULT, plan.min_age) or (plan.max_age is not None and age > plan.max_age):
        return Misfit("age_outside", {"minimum": max(ADULT, plan.min_age), "maximum": plan.max_age})
    return None
