"""Lines for staff, sent to the business by e-mail: a digest every few minutes of what is new and more than a note."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from conversations.catalogue import Catalogue, money
from handlers.facts import Organization
from handlers.masks import mask_email
from scheduler.jobs import Directory
from storage import deliveries as outgoing
from storage import staff
from storage.base import new_id
from storage.tables.queues import communications
from storage.unit_of_work import Tx

MOST = 50
"""Lines of one letter; the others are in the next."""
_TEMPLATE = "notice"
_TOLD_ALREADY = "human_called"
"""Has a letter of its own."""


@dataclass(frozen=True, slots=True)
class MailNotices:
    """The work of a periodic job. Each notice is in one letter at most; where nobody gave an address none is sent."""

    directory: Directory
    catalogue: Catalogue

    async def __call__(self, tx: Tx, now: datetime) -> int:
        count = 0
        for organization_id in await staff.with_unmailed(tx):
            inner = await tx.within(organization_id)
            try:
                organization = await self.directory.organization(inner, organization_id)
                if organization.support_email:
                    count += await self._letter(inner, organization, organization.support_email, now)
            finally:
                await tx.without()
        return count

    async def _letter(self, tx: Tx, organization: Organization, to: str, now: datetime) -> int:
        rows = await staff.unmailed(tx, MOST)
        await staff.mark_mailed(tx, [row.id for row in rows], now)
        worth = [row for row in rows if _worth_a_line(row)]
        if worth:
            lines = "\n".join(self._line(row, organization) for row in worth)
            await self._post(tx, organization, to, {"count": len(worth), "lines": lines}, now)
        return len(worth)

    def _line(self, row: Any, organization: Organization) -> str:
        at = row.created_at.astimezone(organization.zone).strftime("%d/%m %H:%M")
        what = self.catalogue.say("notice-kind", kind=row.kind.replace(".", "_"))
        return f"• {at}  {what}{_about(row.detail)}"

    async def _post(
        self, tx: Tx, organization: Organization, to: str, values: Mapping[str, Any], now: datetime
    ) -> None:
        communication_id = new_id()
        log = {
            "id": communication_id,
            "organization_id": organization.id,
            "contact_id": None,
            "channel": "email",
            "template": _TEMPLATE,
            "recipient": mask_email(to),
            "content": None,
            "variables": None,
            "created_at": now,
        }
        await tx.add(communications, log)
        await outgoing.add_outbox(tx, [_mail(organization, to, values, communication_id, now)])


def _mail(
    organization: Organization, to: str, values: Mapping[str, Any], communication_id: uuid.UUID, now: datetime
) -> dict[str, Any]:
    return {
        "organization_id": organization.id,
        "contact_id": None,
        "lane": f"ask:{new_id()}",
        "kind": "mail.message",
        "payload": {"template": _TEMPLATE, "values": dict(values), "document_ids": []},
        "secret": organization.sealer.seal(orjson.dumps({"to": to}).decode(), "outbox.secret"),
        "communication_id": communication_id,
        "dedupe_key": None,
        "due_at": now,
        "expires_at": None,
        "created_at": now,
    }


def _worth_a_line(row: Any) -> bool:
    """Not a letter about a letter that did not arrive: it would be the next one."""
    of_mail = row.kind == "delivery.dead" and row.detail.get("kind") == "mail.message"
    return row.kind != _TOLD_ALREADY and not of_mail


def _about(detail: Mapping[str, Any]) -> str:
    """` (R$ 99,80, txid: …)`: what helps to find it; ids and amounts only."""
    amount = detail.get("amount")
    parts = [money(amount)] if isinstance(amount, int) else []
    parts += [f"{name}: {value}" for name, value in detail.items() if name != "amount" and value is not None]
    return f" ({', '.join(parts)})" if parts else ""
