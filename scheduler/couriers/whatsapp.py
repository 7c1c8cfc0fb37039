"""WhatsApp messages: the 24-hour window is asked before each send, media are uploaded once and re-used."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from handlers.facts import Organization, Template
from handlers.ports import Address, Clock, GatewayError, Refused, WhatsAppGateway, WindowClosed
from scheduler.jobs import EXPIRED, Done, Drop, Hold, Job, document_ids
from storage import deliveries as store
from storage.base import new_id
from storage.unit_of_work import Database, Tx

WINDOW = timedelta(hours=24)
BESIDE = 1.0
"""Seconds that blue ticks may take longer than the message they go with: nothing is noted late for them."""
MEDIA_LIFE = timedelta(days=29)
"""Meta keeps uploads for 30 days; we stop using them a day before."""


@dataclass(slots=True)
class WhatsAppCourier:
    """`whatsapp.message`: payload {number, phone|bsuid, message, intent, values, read}; `read` is the
    id of the message that this one answers."""

    gateway: WhatsAppGateway
    database: Database
    clock: Clock
    tries: int = 8

    async def carry(self, job: Job) -> Done | Hold | Drop:
        reading = asyncio.create_task(self._mark_read(job)) if job.payload.get("read") else None
        try:
            return await self._carry(job)
        finally:
            if reading is not None and (await asyncio.wait({reading}, timeout=BESIDE))[1]:
                reading.cancel()

    async def _mark_read(self, job: Job) -> None:
        with suppress(GatewayError):
            await self.gateway.mark_read(str(job.payload["number"]), str(job.payload["read"]), typing=False)

    async def _carry(self, job: Job) -> Done | Hold | Drop:
        if self._window_open(job):
            message = await self._with_media(job, job.payload["message"])
            try:
                return await self._send(job, message)
            except WindowClosed:
                # Meta's clock says otherwise (a known, rare case): the template is the way.
                pass
        intent = str(job.payload.get("intent") or "")
        template = template_for(job.organization, intent, job.payload.get("values") or {})
        if template is None:
            return Hold("window closed, no template for " + (intent or "this message"))
        return await self._send(job, template)

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        """A Pix bubble that WhatsApp refuses (2040: not for this person or number) is asked for in the plain form. What
        lost its use before it could be shown is told to the dialogue by the name that it chose."""
        if code == EXPIRED and job.payload.get("unseen"):
            return (str(job.payload["unseen"]), {})
        interactive = job.payload["message"].get("interactive") or {}
        return ("bubble.refused", {"code": code}) if interactive.get("type") == "order_details" else None

    def _window_open(self, job: Job) -> bool:
        if job.payload.get("to_staff") or job.payload["message"].get("type") == "template":
            return True
        return job.last_inbound_at is not None and self.clock.now() < job.last_inbound_at + WINDOW

    async def _send(self, job: Job, message: Mapping[str, Any]) -> Done:
        to = Address(phone=job.payload.get("phone"), bsuid=job.payload.get("bsuid"))
        number = str(job.payload["number"])
        accepted = await self.gateway.send(number, to, dict(message), opaque=str(job.communication_id or job.id))
        return Done(message_id=accepted.message_id)

    async def _with_media(self, job: Job, message: Mapping[str, Any]) -> dict[str, Any]:
        """The message with every document id replaced by a media id of Meta's."""
        if not document_ids(message):
            return dict(message)
        return {key: await self._resolve(job, value) for key, value in message.items()}

    async def _resolve(self, job: Job, value: Any) -> Any:
        if isinstance(value, dict):
            resolved = {key: await self._resolve(job, inner) for key, inner in value.items() if key != "document_id"}
            if isinstance(value.get("document_id"), str):
                resolved["id"] = await self._media_id(job, uuid.UUID(value["document_id"]))
            return resolved
        if isinstance(value, list):
            return [await self._resolve(job, inner) for inner in value]
        return value

    async def _media_id(self, job: Job, document_id: uuid.UUID) -> str:
        org, number = job.organization.id, str(job.payload["number"])

        async def look(tx: Tx) -> Any:
            known = await store.upload_of(tx, document_id, number, self.clock.now())
            return known if known is not None else await store.document(tx, document_id)

        found = await self.database.run(look, org=org, read_only=True)
        if isinstance(found, str):
            return found
        if found is None:
            raise Refused("document_gone", str(document_id))
        media_id = await self.gateway.upload(number, found.content, found.mime_type, found.filename)
        row = {
            "id": new_id(),
            "document_id": document_id,
            "phone_number_id": number,
            "media_id": media_id,
            "expires_at": self._media_until(),
        }
        await self.database.run(lambda tx: store.save_upload(tx, row), org=org)
        return media_id

    def _media_until(self) -> datetime:
        return self.clock.now() + MEDIA_LIFE


@dataclass(slots=True)
class CodeCourier:
    """`whatsapp.code`: a one-time code in the organisation's authentication template; the code is in the secret."""

    gateway: WhatsAppGateway
    tries: int = 3

    async def carry(self, job: Job) -> Done | Hold | Drop:
        template = job.organization.code_template
        if template is None or job.secret is None or not job.payload.get("phone"):
            raise Refused("no_code_template")
        to = Address(phone=str(job.payload["phone"]))
        message = code_message(template, str(orjson.loads(job.secret)["code"]))
        accepted = await self.gateway.send(str(job.payload["number"]), to, message, opaque=str(job.communication_id))
        return Done(message_id=accepted.message_id)

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        return ("code.undelivered", {"code_id": job.payload["code_id"]})


@dataclass(slots=True)
class StaffCourier:
    """`whatsapp.staff`: a template to somebody who works here. Payload {number, template, language, parameters,
    values}, secret {to, ...} with `to` in E.164."""

    gateway: WhatsAppGateway
    tries: int = 5

    async def carry(self, job: Job) -> Done | Hold | Drop:
        secret = orjson.loads(job.secret or "{}")
        template = Template(job.payload["template"], job.payload["language"], job.payload["parameters"])
        values = {**(job.payload.get("values") or {}), **secret, "business": job.organization.name}
        to = Address(phone=str(secret["to"]).lstrip("+"))
        message = template_message(template, {name: values.get(name, "-") for name in template.parameters})
        accepted = await self.gateway.send(str(job.payload["number"]), to, message, opaque=str(job.communication_id))
        return Done(message_id=accepted.message_id)

    def gives_up_with(self, job: Job, code: str) -> None:
        return None


@dataclass(slots=True)
class ReadCourier:
    """`whatsapp.read`: blue ticks, and "typing..." when an answer takes a while. Worth one try."""

    gateway: WhatsAppGateway
    tries: int = 1

    async def carry(self, job: Job) -> Done | Hold | Drop:
        await self.gateway.mark_read(
            str(job.payload["number"]), str(job.payload["message_id"]), typing=bool(job.payload.get("typing"))
        )
        return Done()

    def gives_up_with(self, job: Job, code: str) -> None:
        return None


def template_for(organization: Organization, intent: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The message of this intent as the organisation's template; None when none is named or a value is missing."""
    named = organization.templates.get(intent)
    if named is None or not all(name in values for name in named.parameters):
        return None
    return template_message(named, values)


def template_message(template: Template, values: Mapping[str, str]) -> dict[str, Any]:
    """A template with its body parameters, in the order the organisation named them. Line breaks are not allowed."""
    parameters = [{"type": "text", "text": " ".join(str(values[name]).split()) or "-"} for name in template.parameters]
    components = [{"type": "body", "parameters": parameters}] if parameters else []
    content: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    return {"type": "template", "template": {**content, **({"components": components} if components else {})}}


def code_message(template: Template, code: str) -> dict[str, Any]:
    """An authentication template: the code stands in the body and again in the copy button."""
    text = {"type": "text", "text": code}
    components = [
        {"type": "body", "parameters": [text]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [text]},
    ]
    content = {"name": template.name, "language": {"code": template.language}, "components": components}
    return {"type": "template", "template": content}
