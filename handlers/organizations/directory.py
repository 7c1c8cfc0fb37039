"""Organisations as turns and deliveries know them, remembered in memory.

A turn must not read a whole shop: what was read is kept, and every few seconds `organizations.updated_at` tells whether
it still holds. Whoever changes an organisation or its shop moves that instant.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from handlers.facts import Addon, Benefit, ConsentText, Contract, Organization, Plan, Template
from handlers.ports import Clock
from storage import organizations as store
from storage.unit_of_work import Tx
from storage.vault import Vault

RECHECK_SECONDS = 3.0


class UnknownOrganization(LookupError):
    """No organisation has this id."""


@dataclass(slots=True)
class _Known:
    organization: Organization
    updated_at: datetime
    checked_at: float
    contracts: Sequence[tuple[date, Contract]]
    """With the day each came into force, the last first."""


class Directory:
    """`public_links` gives the address of a card's check page. `timer` counts seconds, `clock` tells the day."""

    def __init__(
        self,
        vault: Vault,
        public_links: Callable[[str], str],
        clock: Clock,
        *,
        timer: Callable[[], float] = time.monotonic,
        recheck_after: float = RECHECK_SECONDS,
    ) -> None:
        self._vault = vault
        self._public_links = public_links
        self._clock = clock
        self._timer = timer
        self._recheck_after = recheck_after
        self._known: dict[uuid.UUID, _Known] = {}

    def card_url(self, card_key: str) -> str:
        return self._public_links(card_key)

    async def organization(self, tx: Tx, organization_id: uuid.UUID) -> Organization:
        """At most `recheck_after` seconds old. Raises UnknownOrganization."""
        known = self._known.get(organization_id)
        if known is None or not await self._still_holds(tx, known):
            known = await self._load(tx, organization_id)
            self._known[organization_id] = known
        return self._on_this_day(known)

    async def _still_holds(self, tx: Tx, known: _Known) -> bool:
        now = self._timer()
        if now - known.checked_at < self._recheck_after:
            return True
        if await store.changed_at(tx, known.organization.id) != known.updated_at:
            return False
        known.checked_at = now
        return True

    async def _load(self, tx: Tx, organization_id: uuid.UUID) -> _Known:
        checked_at = self._timer()
        # The organisation first: a change in between leaves an old instant beside new rows, which the next check sees.
        row = await store.by_id(tx, organization_id)
        if row is None:
            self._known.pop(organization_id, None)
            raise UnknownOrganization(str(organization_id))
        organization = _organization(row, self._vault, await _plans(tx, organization_id))
        contracts = [
            (contract.effective_from, _contract(contract))
            for contract in await store.contracts_of(tx, organization_id)
            if contract.is_active
        ]
        return _Known(organization, row.updated_at, checked_at, contracts)

    def _on_this_day(self, known: _Known) -> Organization:
        today = self._clock.now().astimezone(known.organization.zone).date()
        contract = next((contract for since, contract in known.contracts if since <= today), None)
        if known.organization.contract is not contract:
            known.organization = replace(known.organization, contract=contract)
        return known.organization


async def first_organization(tx: Tx) -> uuid.UUID | None:
    """The organisation that was applied first; None before any was. `tx` is the system's."""
    return await store.first(tx)


# --- Rows to facts ----------------------------------------------------------------------------------------------------


def _organization(row: Row[Any], vault: Vault, plans: Sequence[Plan]) -> Organization:
    settings: Mapping[str, Any] = row.settings
    plain = {name: settings[name] for name in _PLAIN if name in settings}
    return Organization(
        id=row.id,
        slug=row.slug,
        name=row.name,
        zone=ZoneInfo(row.timezone),
        sealer=vault.sealer(row.id, row.data_key),
        verification_channels=tuple(settings.get("verification_channels", ("email",))),
        code_template=_template(settings.get("code_template")),
        templates={
            intent: template
            for intent, values in settings.get("templates", {}).items()
            if (template := _template(values)) is not None
        },
        consents={
            kind: ConsentText(kind, values["version"], values["text"], values.get("url"))
            for kind, values in settings.get("consents", {}).items()
        },
        plans=plans,
        **plain,
    )


_PLAIN = (
    *("document", "brand_color", "greeting", "support_phone", "support_email"),
    *("codes_a_day", "pix_bubble", "pix_bubble_paid", "pix_expires_minutes", "read_receipts", "reminders"),
)


def _template(values: Mapping[str, Any] | None) -> Template | None:
    if values is None:
        return None
    return Template(values["name"], values["language"], tuple(values["parameters"]), values["category"])


async def _plans(tx: Tx, of: uuid.UUID) -> tuple[Plan, ...]:
    benefits: dict[uuid.UUID, list[Benefit]] = {}
    for row in await store.benefits_of(tx, of):
        benefit = Benefit(row.benefit_name, row.benefit_description, row.discount_percentage)
        benefits.setdefault(row.plan_id, []).append(benefit)
    addons: dict[uuid.UUID, list[Addon]] = {}
    for row in await store.addons_of(tx, of):
        if row.is_active:
            addons.setdefault(row.plan_id, []).append(Addon(row.slug, row.name, row.price))
    return tuple(
        _plan(row, benefits.get(row.id, ()), addons.get(row.id, ()))
        for row in await store.plans_of(tx, of)
        if row.is_active
    )


_PLAN_COLUMNS = (
    *("id", "slug", "name", "category", "description", "price", "billing_cycle", "adhesion_fee", "trial_days"),
    *("average_savings", "max_dependents", "min_age", "max_age", "validity_months", "collects_health_data"),
    "is_highlight",
)


def _plan(row: Row[Any], benefits: Sequence[Benefit], addons: Sequence[Addon]) -> Plan:
    columns = {name: row._mapping[name] for name in _PLAN_COLUMNS}
    return Plan(**columns, benefits=tuple(benefits), addons=tuple(addons))


def _contract(row: Row[Any]) -> Contract:
    return Contract(row.id, row.version, row.title, row.content, tuple(row.summary))
