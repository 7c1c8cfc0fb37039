"""A member who comes back on another WhatsApp number."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from handlers.desk import Desk, Outcome
from handlers.facts import Member
from storage import contracts, memberships, verification

_VERIFIED_FOR = timedelta(minutes=30)


async def recover(desk: Desk, customer_id: str) -> Outcome:
    """`recovered` for who entered the code sent to what the member left on file; else `unverified`."""
    member_id = uuid.UUID(customer_id)
    done = Outcome("recovered", {"customer_id": customer_id})
    if await memberships.is_linked(desk.tx, member_id, desk.contact.id):
        return done
    since = desk.now - _VERIFIED_FOR
    code = await verification.consume(desk.tx, desk.contact.id, "recovery", str(member_id), since=since, now=desk.now)
    member = None if code is None else await memberships.by_id(desk.tx, member_id)
    if code is None or member is None:
        return Outcome("unverified")
    await memberships.link(desk.tx, member_id, desk.contact.id, desk.now)
    desk.contact.members = [*desk.contact.members, await _fact(desk, member)]
    desk.notice("access_recovered", f"recovered:{code.id}", "warning", customer_id=customer_id)
    return done


async def _fact(desk: Desk, member: Row[Any]) -> Member:
    """The member for the rest of this turn; the card's address comes with the next."""
    plan = await contracts.plan(desk.tx, member.plan_id)
    return Member(
        customer_id=member.id,
        membership_number=member.membership_number,
        full_name=member.full_name,
        plan_name="" if plan is None else plan.name,
        status=member.status,
        valid_until=member.valid_until,
        card_url="",
        card_document_id=member.card_document_id,
    )
