"""Lines for staff, sent to the business by e-mail: a digest every few minutes of what is new and more than a note."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from conversations.catalogue import Catalogue, money
from handlers.facts import Organization
from handlers.masks import mask_email
from scheduler.jobs import Directory, facts_of
from storage import deliveries as outgoing
from storage import staff
from storage.base import new_id
from storage.tables.queues import communications
from storage.unit_of_work import Tx

MOST = 50
"""Lines looked at for one letter; the others are in the next."""
LONGEST = 2_400
"""Characters of all lines of one letter: Fluent takes no value longer than 2,500."""
LINE = 300
"""Characters of one line."""
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
                organization = await facts_of(self.directory, inner, organization_id)
                if organization is not None and organization.support_email:
                    count += await self._letter(inner, organization, organization.support_email, now)
            finally:
                await tx.without()
        return count

    async def _letter(self, tx: Tx, organization: Organization, to: str, now: datetime) -> int:
        told, lines = self._lines(await staff.unmailed(tx, MOST), organization)
        await staff.mark_mailed(tx, told, now)
        if lines:
            await self._post(tx, organization, to, {"count": len(lines), "lines": "\n".join(lines)}, now)
        return len(lines)

    def _lines(self, rows: Sequence[Any], organization: Organization) -> tuple[list[uuid.UUID], list[str]]:
        """As many as there is room for, and whose they are; those that are worth no line are done with too."""
        told: list[uuid.UUID] = []
        lines: list[str] = []
        room = LONGEST
        for row in rows:
            line = self._line(row, organization)[:LINE] if _worth_a_line(row) else None
            if line is not None:
                room -= len(line) + 1
                if room < 0:
                    break
                lines.append(line)
            told.append(row.id)
        return told, lines

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
