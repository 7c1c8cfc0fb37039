"""E-mail and SMS: the wording comes from the catalogue, address and code from the sealed secret."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from conversations.catalogue import Catalogue
from handlers.ports import Attachment, Mail, MailGateway, Refused, SmsGateway
from scheduler.jobs import Done, Drop, Hold, Job
from storage import deliveries as store
from storage.unit_of_work import Database, Tx


def _secret(job: Job) -> dict[str, Any]:
    if job.secret is None:
        raise Refused("no_recipient")
    secret: dict[str, Any] = orjson.loads(job.secret)
    return secret


def _values(job: Job) -> dict[str, Any]:
    values = {"business": job.organization.name, **(job.payload.get("values") or {})}
    return {**values, **{key: value for key, value in _secret(job).items() if key != "to"}}


@dataclass(slots=True)
class MailCourier:
    """`mail.message`: payload {template, values, document_ids}, secret {to, ...}."""

    gateway: MailGateway
    catalogue: Catalogue
    database: Database
    tries: int = 5

    async def carry(self, job: Job) -> Done | Hold | Drop:
        key, values = f"mail-{job.payload['template']}", _values(job)
        mail = Mail(
            to=str(_secret(job)["to"]),
            subject=self.catalogue.say(f"{key}-subject", **values),
            text=self.catalogue.say(f"{key}-body", **values),
            message_id=str(job.communication_id or job.id),
            attachments=await self._attachments(job),
        )
        await self.gateway.send(mail)
        return Done(message_id=mail.message_id)

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        is_code = str(job.payload.get("template", "")).startswith("code-")
        return ("code.undelivered", {"code_id": job.payload["code_id"]}) if is_code else None

    async def _attachments(self, job: Job) -> list[Attachment]:
        ids = [uuid.UUID(value) for value in job.payload.get("document_ids") or ()]

        async def load(tx: Tx) -> list[Attachment]:
            rows = [await store.document(tx, document_id) for document_id in ids]
            return [Attachment(row.filename, row.mime_type, row.content) for row in rows if row is not None]

        return await self.database.run(load, org=job.organization.id, read_only=True) if ids else []


@dataclass(slots=True)
class SmsCourier:
    """`sms.message`: payload {template, values}, secret {to, ...}."""

    gateway: SmsGateway
    catalogue: Catalogue
    tries: int = 3

    async def carry(self, job: Job) -> Done | Hold | Drop:
        text = self.catalogue.say(f"sms-{job.payload['template']}", **_values(job))
        return Done(message_id=await self.gateway.send(str(_secret(job)["to"]), text))

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        return ("code.undelivered", {"code_id": job.payload["code_id"]})
