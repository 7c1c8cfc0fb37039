"""From a paid and signed registration to a member. The keys of `customers` decide; nothing here happens twice."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from handlers.desk import Desk, Outcome
from handlers.memberships import rules
from storage import consents, contracts, memberships, registrations
from storage.base import new_id
from storage.registrations import Draft


async def approve(desk: Desk, registration_id: uuid.UUID) -> Outcome | None:
    """`approved`; `member_exists` when the CPF became a member's meanwhile; None while money or signature is missing,
    or when it was approved before."""
    draft = await registrations.by_id(desk.tx, registration_id)
    if draft is None or draft.status not in ("paid", "signed") or not (draft.paid_at and draft.signed_at):
        return None
    plan = await contracts.plan(desk.tx, draft.plan_id)
    if plan is None:
        raise LookupError(f"plan of registration {registration_id}")
    customer = _customer(desk, draft, draft.pricing.get("validity_months", plan.validity_months))
    number = await memberships.add(desk.tx, desk.organization.id, customer)
    if number is None:
        detail = {"registration_id": str(registration_id)}
        desk.notice("cpf_taken_at_approval", f"cpf_taken:{registration_id}", "critical", **detail)
        return Outcome("member_exists")
    customer_id: uuid.UUID = customer["id"]
    await _hand_over(desk, draft, customer_id)
    ask_card(desk, customer_id)
    desk.notice("member_approved", f"approved:{registration_id}", customer_id=str(customer_id))
    kept = {
        "customer_id": str(customer_id),
        "membership_number": number,
        "plan_name": plan.name,
        "valid_until": customer["valid_until"].isoformat(),
    }
    return Outcome("approved", kept)


def _customer(desk: Desk, draft: Draft, validity_months: int) -> dict[str, Any]:
    sealer = desk.organization.sealer
    cpf = sealer.open(draft.cpf_sealed, "registration_sessions.cpf_sealed")
    day = desk.now.astimezone(desk.organization.zone).date()
    first_charge = rules.first_charge_on(day, draft.pricing["trial_days"])
    copied = ("full_name", "cpf_hash", "birth_date", "email", "phone", "gender", "marital_status", "profession")
    return {
        **{name: getattr(draft, name) for name in copied},
        "id": new_id(),
        "registration_id": draft.id,
        "cpf_sealed": sealer.seal(cpf, "customers.cpf_sealed"),
        "status": "active",
        "plan_id": draft.plan_id,
        "addons": draft.addons or [],
        "pricing": {**draft.pricing, "first_charge_on": first_charge.isoformat()},
        "valid_until": rules.valid_until(day, validity_months),
        "card_key": secrets.token_hex(16),
        "created_at": desk.now,
        "updated_at": desk.now,
    }


async def _hand_over(desk: Desk, draft: Draft, customer_id: uuid.UUID) -> None:
    """All that was the registration's is the member's now."""
    tx = desk.tx
    address = {**draft.address, "id": new_id(), "customer_id": customer_id, "is_primary": True}
    await memberships.add_address(tx, {**address, "created_at": desk.now})
    await memberships.adopt_dependents(tx, draft.id, customer_id)
    await memberships.link(tx, customer_id, desk.contact.id, desk.now)
    await consents.link_customer(tx, draft.id, customer_id)
    await contracts.link_customer(tx, draft.id, customer_id)
    await registrations.advance(tx, draft.id, "approved", desk.now, customer_id=customer_id)


def ask_card(desk: Desk, customer_id: uuid.UUID) -> None:
    desk.ask("document.card", {"customer_id": str(customer_id)})
