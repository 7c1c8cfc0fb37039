"""Documents: rendered once, the bytes kept. The answer is an event of the person they are for."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.contracts import prepare, sheets, sign
from handlers.memberships import card as cards
from handlers.ports import Clock, DocumentPress, Refused
from scheduler.jobs import Done, Drop, Hold, Job
from storage.unit_of_work import Database, Tx


def _failed(job: Job) -> tuple[str, Mapping[str, Any]]:
    return ("document.failed", {"kind": job.kind})


@dataclass(slots=True)
class RenderContract:
    """`document.contract`: payload {registration_id, contract_id, document_id} → contract.ready."""

    press: DocumentPress
    database: Database
    clock: Clock
    tries: int = 3

    async def carry(self, job: Job) -> Done | Hold | Drop:
        org, registration_id = job.organization, uuid.UUID(job.payload["registration_id"])
        document_id = uuid.UUID(job.payload["document_id"])
        try:
            sheet = await self.database.run(lambda tx: sheets.sheet(tx, org, registration_id), org=org.id)
        except sheets.Incomplete as error:
            raise Refused("registration_gone") from error
        content = await self.press.contract(sheet)

        async def record(tx: Tx) -> None:
            await prepare.record_contract(tx, registration_id, document_id, content, self.clock.now())

        return Done(event=("contract.ready", {"document_id": str(document_id)}), record=record)

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]]:
        return _failed(job)


@dataclass(slots=True)
class RenderSignedCopy:
    """`document.signed`: payload {signature_id} → contract.signed_copy."""

    press: DocumentPress
    database: Database
    clock: Clock
    tries: int = 3

    async def carry(self, job: Job) -> Done | Hold | Drop:
        org, signature_id = job.organization, uuid.UUID(job.payload["signature_id"])
        sheet, evidence = await self.database.run(lambda tx: sign.evidence(tx, org, signature_id), org=org.id)
        content = await self.press.signed_contract(sheet, evidence)
        document_id = sign.signed_document_id(signature_id)

        async def record(tx: Tx) -> None:
            await sign.record_signed(tx, signature_id, content, self.clock.now())

        return Done(event=("contract.signed_copy", {"document_id": str(document_id)}), record=record)

    def gives_up_with(self, job: Job, code: str) -> None:
        return None


@dataclass(slots=True)
class RenderCard:
    """`document.card`: payload {customer_id} → card.ready."""

    press: DocumentPress
    database: Database
    clock: Clock
    card_url: Callable[[str], str]
    tries: int = 3

    async def carry(self, job: Job) -> Done | Hold | Drop:
        org, customer_id = job.organization, uuid.UUID(job.payload["customer_id"])
        sheet = await self.database.run(
            lambda tx: cards.card_sheet(tx, org, customer_id, self.card_url), org=org.id, read_only=True
        )
        if sheet is None:
            return Drop("member gone")
        content = await self.press.card(sheet)

        async def record(tx: Tx) -> None:
            await cards.record_card(tx, customer_id, content, self.clock.now())

        return Done(event=("card.ready", {"customer_id": str(customer_id)}), record=record)

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]]:
        return _failed(job)
