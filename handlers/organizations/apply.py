"""`balcao apply`: the business of a file, made so in the database. A second run of the same file changes nothing."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from handlers.organizations.parse import parse
from handlers.organizations.problems import ApplyError, Problem
from handlers.organizations.schema import BusinessFile, Contract
from handlers.organizations.shop import apply_partners, apply_plans
from handlers.organizations.tally import Report, Tally, differs
from storage import organizations as store
from storage.base import new_id
from storage.tables.catalogue import contracts
from storage.unit_of_work import Tx
from storage.vault import Vault

__all__ = ["ApplyError", "NumberSettings", "Problem", "Report", "apply", "parse"]

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NumberSettings:
    """The WhatsApp number of the installation's settings."""

    phone_number_id: str
    business_account_id: str
    display_number: str = ""


async def apply(
    tx: Tx, vault: Vault, business: BusinessFile, now: datetime, number: NumberSettings | None = None
) -> Report:
    """Make the organisation what the file says. `tx` is the system's. `number` goes to the first organisation.

    Raises ApplyError, before anything is written, when the file would change a text that people have agreed to.
    """
    tally = Tally()
    row = await store.by_slug(tx, business.business.slug)
    if row is None:
        row = await _found(tx, vault, business, now)
        tally.add("created", "organization")
    else:
        await _refuse_rewriting(tx, business, row)
        tally.add(*await _change(tx, business, row))
    if number is not None:
        await _give_number(tx, row.id, row.slug, number, now, tally)
    own = await tx.within(row.id)
    try:
        await _apply_contract(own, business.contract, row.id, now, tally)
        await apply_plans(own, row.id, business.plans, now, tally)
        await apply_partners(own, row.id, business.partners, tally)
    finally:
        await tx.without()
    if not tally.is_quiet:
        # Strictly later, as the directory tells by it that what it remembers is out of date.
        await store.change(tx, row.id, {"updated_at": max(now, row.updated_at + _TICK)})
    return tally.report()


# --- The organisation itself ------------------------------------------------------------------------------------------


async def _found(tx: Tx, vault: Vault, file: BusinessFile, now: datetime) -> Row[Any]:
    organization_id = new_id()
    await store.add(
        tx,
        {
            "id": organization_id,
            "slug": file.business.slug,
            **_columns(file, {}),
            "data_key": vault.new_data_key(organization_id),
            "created_at": now,
            "updated_at": now,
        },
    )
    row = await store.by_id(tx, organization_id)
    if row is None:
        raise LookupError(f"organisation {organization_id} was written and is not there")
    return row


async def _change(tx: Tx, file: BusinessFile, row: Row[Any]) -> tuple[Any, str]:
    values = _columns(file, row.settings)
    if not differs(row, values):
        return "unchanged", "organization"
    await store.change(tx, row.id, values)
    return "changed", "organization"


def _columns(file: BusinessFile, before: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": file.business.name,
        "timezone": file.business.timezone,
        "settings": {**before, **_settings(file), "published_consents": _published(file, before)},
    }


def _settings(file: BusinessFile) -> dict[str, Any]:
    """The JSON of `organizations.settings`, as `directory.py` reads it."""
    templates = {intent: template.model_dump() for intent, template in file.messages.templates.items()}
    code_template = file.verification.code_template
    return {
        "document": file.business.document or "",
        "brand_color": file.business.brand_color,
        "greeting": file.business.greeting,
        "support_phone": file.support.phone,
        "support_email": file.support.email,
        "verification_channels": list(file.verification.channels),
        "code_template": None if code_template is None else code_template.model_dump(),
        "codes_a_day": file.verification.codes_a_day,
        "templates": templates,
        "pix_bubble": file.pix.bubble,
        "pix_bubble_paid": file.pix.bubble_paid,
        "pix_expires_minutes": file.pix.expires_minutes,
        "read_receipts": file.messages.read_receipts,
        "reminders": file.messages.reminders,
        "consents": {kind: consent.model_dump() for kind, consent in file.consents.items()},
    }


def _published(file: BusinessFile, before: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of every consent text there ever was, by `kind@version`: what people agreed to stays what it was."""
    new = {f"{kind}@{consent.version}": _sha256(consent.text) for kind, consent in file.consents.items()}
    return {**before.get("published_consents", {}), **new}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def _give_number(tx: Tx, of: uuid.UUID, slug: str, number: NumberSettings, now: datetime, tally: Tally) -> None:
    """The first organisation's, unless it is somebody's already: numbers never move by themselves."""
    wanted = {"business_account_id": number.business_account_id}
    if number.display_number:  # The settings do not know it: what Meta told stays.
        wanted["display_number"] = number.display_number
    row = await store.number(tx, number.phone_number_id)
    if row is None and await store.first(tx) == of:
        key = {"id": new_id(), "organization_id": of, "phone_number_id": number.phone_number_id, "created_at": now}
        await store.add_number(tx, {**key, **wanted})
        tally.add("created", "number")
    elif row is not None and row.organization_id == of:
        if differs(row, wanted):
            await store.change_number(tx, number.phone_number_id, wanted)
        tally.add("changed" if differs(row, wanted) else "unchanged", "number")
    else:
        owner = await store.by_id(tx, row.organization_id) if row is not None else None
        whose = owner.slug if owner is not None else "the first business applied"
        tally.tell(f"number {number.phone_number_id} belongs to {whose}: {slug} answers nobody on it")


# --- Texts that people agree to ---------------------------------------------------------------------------------------


async def _refuse_rewriting(tx: Tx, file: BusinessFile, row: Row[Any]) -> None:
    published = row.settings.get("published_consents", {})
    problems = [*_rewritten_consents(file, published), *await _rewritten_contract(tx, file, row.id)]
    if problems:
        raise ApplyError(file.source.filename, problems)


def _rewritten_consents(file: BusinessFile, published: Mapping[str, str]) -> Iterator[Problem]:
    for kind, consent in file.consents.items():
        before = published.get(f"{kind}@{consent.version}")
        if before not in (None, _sha256(consent.text)):
            yield file.source.problem(
                ("consents", kind, "text"), f"published text {consent.version} cannot change; raise the version"
            )


async def _rewritten_contract(tx: Tx, file: BusinessFile, of: uuid.UUID) -> list[Problem]:
    if file.contract is None:
        return []
    wanted, rows = file.contract.model_dump(), await store.contracts_of(tx, of)
    same = next((row for row in rows if row.version == file.contract.version), None)
    if same is not None:
        return [
            file.source.problem(
                ("contract", name), f"published contract {same.version} cannot change; raise the version"
            )
            for name, value in wanted.items()
            if same._mapping[name] != value
        ]
    if rows and file.contract.effective_from < rows[0].effective_from:
        message = f"is before {rows[0].effective_from}, when contract {rows[0].version} came into force"
        return [file.source.problem(("contract", "effective_from"), message)]
    return []


async def _apply_contract(tx: Tx, contract: Contract | None, of: uuid.UUID, now: datetime, tally: Tally) -> None:
    """A new version is added; the former ones stay, for those who signed them and until the new one is in force."""
    if contract is None:
        return
    label = f"contract {contract.version}"
    if any(row.version == contract.version for row in await store.contracts_of(tx, of)):
        tally.add("unchanged", label)
        return
    await store.add_row(tx, contracts, {**contract.model_dump(), "is_active": True, "created_at": now})
    tally.add("created", label)
