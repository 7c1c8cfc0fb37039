"""Getting the contract onto paper: asked for once for the same data, and its bytes kept."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from handlers.contracts import rules, sheets
from handlers.desk import Desk, Outcome
from handlers.ports import ContractSheet
from storage import contracts, registrations
from storage.registrations import Draft
from storage.unit_of_work import Tx

_FILENAME = "contrato.pdf"


async def prepare(desk: Desk) -> Outcome | None:
    """`contract_ready` if this very contract is there, None while it is being rendered."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    contract = desk.organization.contract
    if draft is None:
        return Outcome("registration_closed")
    if draft.signed_at is not None:
        return Outcome("signed")
    if contract is None:
        desk.notice("contract_missing", "contract_missing", "critical")
        return Outcome("contract_missing")
    issued_at = desk.now.astimezone(desk.organization.zone)
    shown = await sheets.build(desk.tx, desk.organization, draft, contract.id, issued_at)
    wanted = rules.document_id(draft.id, sheets.fingerprint(desk.organization, shown, contract.id))
    if draft.contract_document_id != wanted:
        await _want(desk, draft, contract.id, wanted, shown)
    found = await ready(desk, wanted)
    if found is None:
        payload = {"registration_id": str(draft.id), "contract_id": str(contract.id), "document_id": str(wanted)}
        desk.ask("document.contract", payload)
    return found


async def _want(desk: Desk, draft: Draft, contract_id: uuid.UUID, document_id: uuid.UUID, shown: ContractSheet) -> None:
    """From now on it is this contract, and the one before is gone."""
    if draft.contract_document_id is not None:
        await registrations.erase_document(desk.tx, draft.contract_document_id)
    numbered = replace(shown, number=rules.number(document_id, shown.issued_at.year))
    registrations.change(
        desk.tx,
        draft.id,
        contract_id=contract_id,
        contract_document_id=document_id,
        contract_issued_at=desk.now,
        contract_sealed=sheets.seal(desk.organization, numbered),
    )


async def record_contract(
    tx: Tx, registration_id: uuid.UUID, document_id: uuid.UUID, content: bytes, now: datetime
) -> str | None:
    """Keep the rendered bytes; returns the SHA-256 of those that are kept (the first ones under this id), or None when
    the registration wants another document by now."""
    draft = await registrations.by_id(tx, registration_id)
    if draft is None or draft.contract_document_id != document_id or draft.full_name is None:
        return None
    await contracts.add_document(tx, document_id, "contract", _FILENAME, "application/pdf", content, now)
    row = await contracts.document(tx, document_id)
    return None if row is None else str(row.sha256)


async def ready(desk: Desk, document_id: uuid.UUID) -> Outcome | None:
    """Event `contract.ready` too: only the document that the open registration wants now."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    if draft is None or draft.contract_document_id != document_id:
        return None
    document = await contracts.document(desk.tx, document_id)
    if document is None:
        return None
    number = sheets.unseal(desk.organization, draft.contract_sealed).number
    return Outcome("contract_ready", {"document_id": str(document_id), "sha256": document.sha256, "number": number})
