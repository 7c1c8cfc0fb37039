"""Plans and partners of a file, written to the database. What a file no longer names is retired, never deleted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from handlers.organizations.schema import Location, Partner, Plan
from handlers.organizations.tally import Tally, differs
from storage import organizations as store
from storage.tables.catalogue import partner_locations, partners, plan_addons, plan_benefits, plans
from storage.unit_of_work import Tx

_PLAN_COLUMNS = frozenset(Plan.model_fields) - {"slug", "highlight", "benefits", "addons"}
_PARTNER_COLUMNS = frozenset(Partner.model_fields) - {"slug", "locations"}
_LOCATION_COLUMNS = frozenset(Location.model_fields) - {"hours"}

Children = dict[uuid.UUID, list[Row[Any]]]


def _by(rows: Sequence[Row[Any]], parent: str) -> Children:
    found: Children = {}
    for row in rows:
        found.setdefault(row._mapping[parent], []).append(row)
    return found


def _same(rows: Sequence[Row[Any]], wanted: Sequence[Mapping[str, Any]], key: str) -> bool:
    there = {row._mapping[key]: row for row in rows}
    return len(there) == len(wanted) and not any(
        values[key] not in there or differs(there[values[key]], values) for values in wanted
    )


# --- Plans ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Shelf:
    """The plans as they stand."""

    plans: dict[str, Row[Any]]
    benefits: Children
    addons: Children


async def apply_plans(tx: Tx, of: uuid.UUID, wanted: Sequence[Plan], now: datetime, tally: Tally) -> None:
    shelf = _Shelf(
        {row.slug: row for row in await store.plans_of(tx, of)},
        _by(await store.benefits_of(tx, of), "plan_id"),
        _by([row for row in await store.addons_of(tx, of) if row.is_active], "plan_id"),
    )
    for order, plan in enumerate(wanted):
        await _apply_plan(tx, shelf, plan, order, now, tally)
    for slug in shelf.plans.keys() - {plan.slug for plan in wanted}:
        row = shelf.plans[slug]
        if row.is_active:
            await store.change_row(tx, plans, row.id, {"is_active": False, "updated_at": now})
            tally.add("retired", f"plan {slug}")


async def _apply_plan(tx: Tx, shelf: _Shelf, plan: Plan, order: int, now: datetime, tally: Tally) -> None:
    row = shelf.plans.get(plan.slug)
    values = {**plan.model_dump(include=set(_PLAN_COLUMNS)), "is_highlight": plan.highlight, "is_active": True}
    benefits, addons = _benefits(plan), _addons(plan)
    label = f"plan {plan.slug}"
    if row is None:
        stamps = {"version": 1, "sort_order": order, "created_at": now, "updated_at": now}
        plan_id = await store.add_row(tx, plans, {"slug": plan.slug, **values, **stamps})
        await _put_parts(tx, shelf, plan_id, benefits, addons)
        tally.add("created", label)
        return
    same_parts = _same(shelf.benefits.get(row.id, []), benefits, "benefit_name") and _same(
        shelf.addons.get(row.id, []), addons, "slug"
    )
    if same_parts and not differs(row, values):
        # Another place in the list is no other plan: its version stays.
        if row.sort_order != order:
            await store.change_row(tx, plans, row.id, {"sort_order": order, "updated_at": now})
        tally.add("unchanged" if row.sort_order == order else "changed", label)
        return
    stamps = {"version": row.version + 1, "sort_order": order, "updated_at": now}
    await store.change_row(tx, plans, row.id, {**values, **stamps})
    await _put_parts(tx, shelf, row.id, benefits, addons)
    tally.add("changed", label)


def _benefits(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "benefit_name": benefit.name,
            "benefit_description": benefit.description,
            "discount_percentage": benefit.discount_percentage,
            "sort_order": order,
        }
        for order, benefit in enumerate(plan.benefits)
    ]


def _addons(plan: Plan) -> list[dict[str, Any]]:
    return [
        {"slug": addon.slug, "name": addon.name, "price": addon.price, "sort_order": order, "is_active": True}
        for order, addon in enumerate(plan.addons)
    ]


async def _put_parts(
    tx: Tx, shelf: _Shelf, plan_id: uuid.UUID, benefits: list[dict[str, Any]], addons: list[dict[str, Any]]
) -> None:
    owner = {"plan_id": plan_id}
    names = {row["benefit_name"] for row in benefits}
    gone = [row.id for row in shelf.benefits.get(plan_id, []) if row.benefit_name not in names]
    await store.drop_rows(tx, plan_benefits, gone)
    await store.put_children(tx, plan_benefits, [{**owner, **row} for row in benefits], ["plan_id", "benefit_name"])
    slugs = {row["slug"] for row in addons}
    for row in shelf.addons.get(plan_id, []):
        if row.slug not in slugs:
            await store.change_row(tx, plan_addons, row.id, {"is_active": False})
    await store.put_children(tx, plan_addons, [{**owner, **row} for row in addons], ["plan_id", "slug"])


# --- Partners ---------------------------------------------------------------------------------------------------------


async def apply_partners(tx: Tx, of: uuid.UUID, wanted: Sequence[Partner], tally: Tally) -> None:
    there = {row.slug: row for row in await store.partners_of(tx, of)}
    places = _by(await store.locations_of(tx, of), "partner_id")
    for partner in wanted:
        await _apply_partner(tx, there.get(partner.slug), places, partner, tally)
    for slug in there.keys() - {partner.slug for partner in wanted}:
        if there[slug].status == "active":
            await store.change_row(tx, partners, there[slug].id, {"status": "inactive"})
            tally.add("retired", f"partner {slug}")


async def _apply_partner(tx: Tx, row: Row[Any] | None, places: Children, partner: Partner, tally: Tally) -> None:
    values = {**partner.model_dump(include=set(_PARTNER_COLUMNS)), "status": "active"}
    locations = [_location(location) for location in partner.locations]
    label = f"partner {partner.slug}"
    if row is None:
        partner_id = await store.add_row(tx, partners, {"slug": partner.slug, **values})
        await _put_locations(tx, places, partner_id, locations)
        tally.add("created", label)
    elif differs(row, values) or not _same(places.get(row.id, []), locations, "name"):
        await store.change_row(tx, partners, row.id, values)
        await _put_locations(tx, places, row.id, locations)
        tally.add("changed", label)
    else:
        tally.add("unchanged", label)


def _location(location: Location) -> dict[str, Any]:
    return {**location.model_dump(include=set(_LOCATION_COLUMNS)), "opening_hours": dict(location.hours)}


async def _put_locations(tx: Tx, places: Children, partner_id: uuid.UUID, locations: list[dict[str, Any]]) -> None:
    names = {row["name"] for row in locations}
    gone = [row.id for row in places.get(partner_id, []) if row.name not in names]
    await store.drop_rows(tx, partner_locations, gone)
    rows = [{"partner_id": partner_id, **row} for row in locations]
    await store.put_children(tx, partner_locations, rows, ["partner_id", "name"])
