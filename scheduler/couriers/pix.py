"""Pix: charges are made, asked about, taken back and refunded at the bank. The answers are events of the payer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from handlers.payments import charge as charges
from handlers.ports import ChannelStopped, Charge, Clock, DocumentPress, PixGateway, TryLater
from scheduler.jobs import Done, Drop, Hold, Job
from scheduler.landing import BANK_AWAY
from storage import contracts as documents
from storage.base import new_id
from storage.unit_of_work import Database, Tx

QR_LIFE = timedelta(days=2)
REFUSED_WAIT = timedelta(hours=6)
"""Between tries of a refund that the bank takes from nobody of ours: ten of them last over a weekend."""


@dataclass(slots=True)
class CreateCharge:
    """`pix.create`: payload {intent_id, txid, amount} → pix.created or pix.failed."""

    gateway: PixGateway
    press: DocumentPress
    database: Database
    clock: Clock
    tries: int = 3

    async def carry(self, job: Job) -> Done | Hold | Drop:
        intent_id, org = uuid.UUID(job.payload["intent_id"]), job.organization
        request = await self.database.run(
            lambda tx: charges.charge_request(tx, org, intent_id), org=org.id, read_only=True
        )
        event = ("pix.created", {"intent_id": str(intent_id)})
        if request is None:
            return Done(event=event)
        charge = await self.gateway.create(request)
        image = await self.press.qr(charge.br_code)

        async def record(tx: Tx) -> None:
            await self._record(tx, intent_id, charge, image)

        return Done(event=event, record=record)

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        return ("pix.failed", {"intent_id": job.payload["intent_id"], "code": code})

    async def _record(self, tx: Tx, intent_id: uuid.UUID, charge: Charge, image: bytes) -> None:
        document_id, now = new_id(), self.clock.now()
        await documents.add_document(tx, document_id, "qr", "pix.png", "image/png", image, now)
        if not await charges.record_charge(tx, intent_id, charge, document_id, now):
            return
        await documents.expire_document(tx, document_id, charge.expires_at + QR_LIFE)


@dataclass(slots=True)
class CheckCharge:
    """`pix.check`: payload {intent_id, txid, asked} → pix.state with all that the bank knows of the charge."""

    gateway: PixGateway
    tries: int = 6

    async def carry(self, job: Job) -> Done | Hold | Drop:
        known = {name: job.payload.get(name) for name in ("intent_id", "asked")}
        known["our_key"] = job.organization.pix_key or None
        if not self.gateway.confirms:
            return Done(event=("pix.state", {**known, "confirms": False}))
        try:
            state = await self.gateway.get(str(job.payload["txid"]))
        except (TryLater, ChannelStopped) as error:
            if job.payload.get("asked") or (isinstance(error, TryLater) and job.attempts < self.tries):
                raise
            # Nobody waits for this answer, and in five minutes the sweep asks again: no dead letter each time.
            return Drop(BANK_AWAY)
        if state is None:
            return Done(event=("pix.state", {**known, "unknown": True}))
        payments = [
            {
                "end_to_end_id": payment.end_to_end_id,
                "txid": payment.txid,
                "amount": payment.amount,
                "paid_at": payment.paid_at.isoformat(),
                "key": payment.key,
                "refunded": payment.refunded,
            }
            for payment in state.payments
        ]
        told = {"status": state.status, "key": state.key, "amount": state.amount, "payments": payments}
        return Done(event=("pix.state", {**known, "unknown": False, **told}))

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        # Somebody who asked is told that it is not seen yet; the sweep will ask the bank again.
        return ("pix.silent", {"intent_id": job.payload["intent_id"]}) if job.payload.get("asked") else None


@dataclass(slots=True)
class CancelCharge:
    """`pix.cancel`: payload {intent_id, txid} → pix.notice if it was paid before it could be taken back."""

    gateway: PixGateway
    tries: int = 6

    async def carry(self, job: Job) -> Done | Hold | Drop:
        if await self.gateway.cancel(str(job.payload["txid"])):
            return Done()
        return Done(event=("pix.notice", {"intent_id": job.payload["intent_id"]}))

    def gives_up_with(self, job: Job, code: str) -> None:
        return None


@dataclass(slots=True)
class RefundPayment:
    """`pix.refund`: payload {refund_id, end_to_end_id, provider_refund_id, amount, reason} → pix.refunded.

    Somebody's money is owed: a bank that refuses us (credentials, certificate) is asked again until it is put right.
    """

    gateway: PixGateway
    tries: int = 10

    async def carry(self, job: Job) -> Done | Hold | Drop:
        told = job.payload
        try:
            refund = await self.gateway.refund(
                str(told["end_to_end_id"]), str(told["provider_refund_id"]), int(told["amount"]), str(told["reason"])
            )
        except ChannelStopped as error:
            raise TryLater(error.code, error.detail, after=REFUSED_WAIT) from error
        return Done(event=("pix.refunded", {"refund_id": told["refund_id"], "status": refund.status}))

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        return ("pix.refunded", {"refund_id": job.payload["refund_id"], "status": "failed"})
