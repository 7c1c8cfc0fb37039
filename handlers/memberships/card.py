"""The digital card: what it shows, and getting it again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from handlers.desk import Desk, Outcome
from handlers.facts import Organization
from handlers.memberships import rules
from handlers.memberships.approve import ask_card
from handlers.ports import CardSheet
from storage import contracts, memberships
from storage.base import new_id
from storage.unit_of_work import Tx


async def card(desk: Desk, customer_id: str) -> Outcome | None:
    """`card` if the image is there, None while it is rendered (then event `card.ready`), `no_card` for a member whom
    this contact does not speak for."""
    member_id = uuid.UUID(customer_id)
    if not await memberships.is_linked(desk.tx, member_id, desk.contact.id):
        return Outcome("no_card")
    member = await memberships.by_id(desk.tx, member_id)
    if member is None:
        return Outcome("no_card")
    if member.card_document_id is None:
        ask_card(desk, member_id)
        return None
    return Outcome("card", _kept(desk, member_id, member.card_document_id))


async def card_ready(desk: Desk, customer_id: uuid.UUID) -> Outcome | None:
    """Event `card.ready`."""
    member = await memberships.by_id(desk.tx, customer_id)
    if member is None or member.card_document_id is None:
        return None
    if not await memberships.is_linked(desk.tx, customer_id, desk.contact.id):
        return None
    return Outcome("card_ready", _kept(desk, customer_id, member.card_document_id))


def _kept(desk: Desk, customer_id: uuid.UUID, document_id: uuid.UUID) -> dict[str, Any]:
    """The addresses come with the facts of the turn; they hold a tag that only the installation can make."""
    url = next((member.card_url for member in desk.contact.members if member.customer_id == customer_id), None)
    return {
        "customer_id": str(customer_id),
        "document_id": str(document_id),
        "card_url": url,
        "share_url": None if url is None else rules.share_url(url),
    }


async def card_sheet(
    tx: Tx, organization: Organization, customer_id: uuid.UUID, card_url: Callable[[str], str]
) -> CardSheet | None:
    """`card_url` makes the public check address of a card key. None when the member is gone."""
    member = await memberships.by_id(tx, customer_id)
    plan = None if member is None else await contracts.plan(tx, member.plan_id)
    if member is None or plan is None:
        return None
    return CardSheet(
        business_name=organization.name,
        brand_color=organization.brand_color,
        holder_name=member.full_name,
        membership_number=member.membership_number,
        plan_name=plan.name,
        valid_until=member.valid_until,
        dependants=[row.full_name for row in await memberships.dependents_of(tx, customer_id)],
        qr_content=card_url(member.card_key),
    )


async def record_card(tx: Tx, customer_id: uuid.UUID, content: bytes, now: datetime) -> uuid.UUID:
    """Keep a card image and make it the member's present one; returns its document id."""
    document_id = new_id()
    await contracts.add_document(tx, document_id, "card", "carteirinha.png", "image/png", content, now)
    await memberships.set_card(tx, customer_id, document_id, now)
    return document_id
