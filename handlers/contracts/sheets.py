"""What the contract shows, from the database; and the same, frozen into the evidence of a signature."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from handlers.contracts import rules
from handlers.facts import Organization
from handlers.ports import ContractParty, ContractSheet, DependantLine
from storage import contracts, registrations
from storage.registrations import Draft
from storage.unit_of_work import Tx

_PLACE = "registration_sessions.contract_sealed"


class Incomplete(Exception):
    """This registration cannot have a contract: answers are missing, or the draft was erased."""


async def sheet(tx: Tx, organization: Organization, registration_id: uuid.UUID) -> ContractSheet:
    """As it was when the contract was asked for, whatever changed since. Raises Incomplete."""
    draft = await registrations.by_id(tx, registration_id, lock=False)
    if draft is None or draft.contract_sealed is None:
        raise Incomplete(str(registration_id))
    return unseal(organization, draft.contract_sealed)


def seal(organization: Organization, sheet: ContractSheet) -> bytes:
    return organization.sealer.seal(rules.canonical(freeze(sheet)).decode(), _PLACE)


def unseal(organization: Organization, sealed: bytes) -> ContractSheet:
    return thaw(orjson.loads(organization.sealer.open(sealed, _PLACE)), organization.zone)


async def build(
    tx: Tx, organization: Organization, draft: Draft, contract_id: uuid.UUID, issued_at: datetime
) -> ContractSheet:
    """From the answers as they are now; still without a number."""
    contract = await contracts.contract(tx, contract_id)
    plan = None if draft.plan_id is None else await contracts.plan(tx, draft.plan_id)
    complete = draft.full_name and draft.cpf_sealed and draft.birth_date and draft.email and draft.address
    if contract is None or plan is None or not complete or draft.pricing is None:
        raise Incomplete(str(draft.id))
    return ContractSheet(
        business_name=organization.name,
        business_document=organization.document,
        title=contract.title,
        version=contract.version,
        body=contract.content,
        party=_party(organization, draft),
        dependants=[
            DependantLine(row.full_name, rules.RELATIONSHIPS[row.relationship], row.birth_date)
            for row in await registrations.dependents_of(tx, draft.id)
        ],
        plan_name=plan.name,
        price_lines=rules.price_lines(
            draft.pricing.get("billing_cycle", plan.billing_cycle), draft.pricing, draft.addons or []
        ),
        issued_at=issued_at,
        number="",
    )


def _party(organization: Organization, draft: Draft) -> ContractParty:
    return ContractParty(
        name=draft.full_name,
        cpf=organization.sealer.open(draft.cpf_sealed, "registration_sessions.cpf_sealed"),
        birth_date=draft.birth_date,
        email=draft.email,
        phone=draft.phone,
        address=rules.one_line(draft.address),
    )


def fingerprint(organization: Organization, sheet: ContractSheet, contract_id: uuid.UUID) -> str:
    """Of all that is shown but the date of issue and the number, which follow from it."""
    shown = {**asdict(sheet), "issued_at": None, "number": None, "contract_id": str(contract_id)}
    return organization.sealer.index(rules.canonical(shown).decode(), "contract")


def freeze(sheet: ContractSheet) -> dict[str, Any]:
    """As JSON values."""
    frozen = asdict(sheet)
    frozen["issued_at"] = sheet.issued_at.isoformat()
    frozen["party"]["birth_date"] = sheet.party.birth_date.isoformat()
    frozen["dependants"] = [{**asdict(line), "birth_date": line.birth_date.isoformat()} for line in sheet.dependants]
    frozen["price_lines"] = [list(line) for line in sheet.price_lines]
    return frozen


def thaw(frozen: dict[str, Any], zone: ZoneInfo) -> ContractSheet:
    party = {**frozen["party"], "birth_date": date.fromisoformat(frozen["party"]["birth_date"])}
    dependants = [
        DependantLine(line["name"], line["relationship"], date.fromisoformat(line["birth_date"]))
        for line in frozen["dependants"]
    ]
    changed = {
        "party": ContractParty(**party),
        "dependants": dependants,
        "price_lines": [(label, value) for label, value in frozen["price_lines"]],
        "issued_at": datetime.fromisoformat(frozen["issued_at"]).astimezone(zone),
    }
    return ContractSheet(**{**frozen, **changed})
