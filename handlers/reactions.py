"""The one place where features meet: what an event of the outside leads to, and commands that touch more than one.

Every event may come twice, late, or in any order; each feature answers for its own rows, so that a repetition finds
nothing left to do and says nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from handlers.channel import changes as identities
from handlers.consents.grant import grant
from handlers.contracts import prepare as contracts
from handlers.contracts import sign as signatures
from handlers.desk import Desk, Outcome
from handlers.memberships import approve as memberships
from handlers.memberships import card as cards
from handlers.memberships import recover as recovery
from handlers.payments import charge as charges
from handlers.payments import refund as refunds
from handlers.payments import state as payments
from handlers.registrations import closing, drafts, plan
from handlers.verification import send as codes

Payload = Mapping[str, Any]
Reaction = Callable[[Desk, Payload], Awaitable[list[Outcome]]]


async def react(desk: Desk, kind: str, payload: Payload) -> list[Outcome]:
    """What an event came to, in the order in which it is to be told. An unknown kind is for staff to see."""
    reaction = _REACTIONS.get(kind)
    if reaction is None:
        desk.notice("event_unknown", f"event_unknown:{kind}"[:120], "warning", event=kind)
        return []
    return await reaction(desk, payload)


async def advance(desk: Desk, registration_id: uuid.UUID) -> Outcome | None:
    """Paid and signed, in either order: approve. If the CPF became a member's meanwhile, the money goes back."""
    outcome = await memberships.approve(desk, registration_id)
    if outcome is not None and outcome.name == "member_exists":
        await _give_up(desk, registration_id, "CPF já cadastrado")
    return outcome


async def _give_up(desk: Desk, registration_id: uuid.UUID, reason: str) -> bool:
    """Close a registration that will not become a member, take its charges back and return its money."""
    if not await closing.cancel(desk, registration_id):
        return False
    await _settle_accounts(desk, registration_id, reason)
    return True


async def _settle_accounts(desk: Desk, registration_id: uuid.UUID, reason: str) -> None:
    await charges.withdraw(desk, registration_id)
    amount = await refunds.give_back(desk, registration_id, reason)
    if amount:
        detail = {"registration_id": str(registration_id), "amount": amount}
        desk.notice("money_returned", f"returned:{registration_id}", "warning", **detail)


# --- Commands over several features -----------------------------------------------------------------------------


async def charge(desk: Desk) -> Outcome | None:
    await drafts.keep_alive(desk)
    return await _unless_approved(desk, await charges.charge(desk))


async def renew(desk: Desk) -> Outcome | None:
    await drafts.keep_alive(desk)
    return await _unless_approved(desk, await charges.renew(desk))


async def check(desk: Desk) -> Outcome | None:
    await drafts.keep_alive(desk)
    return await payments.check(desk)


async def prepare(desk: Desk) -> Outcome | None:
    """No contract for more people than the plan takes, though somebody paid for it and entered them before."""
    crowded = await plan.overcrowded(desk)
    if crowded is None:
        return await contracts.prepare(desk)
    desk.notice("plan_overcrowded", f"plan_overcrowded:{crowded.id}", "critical", registration_id=str(crowded.id))
    return Outcome("contract_missing")


async def sign(desk: Desk) -> Outcome | None:
    """`signed` while the payment is missing, else `approved` (or `member_exists`)."""
    return await _unless_approved(desk, await signatures.sign(desk))


async def _unless_approved(desk: Desk, outcome: Outcome | None) -> Outcome | None:
    """The approval's outcome in the place of the step's own, when that step was the last one missing."""
    if outcome is None or outcome.name not in ("nothing_due", "signed"):
        return outcome
    return await advance(desk, uuid.UUID(outcome.keep["registration_id"])) or outcome


async def cancel(desk: Desk, reason: str = "") -> Outcome:
    """Give the registration up, even one that is paid: before it is signed everything is returned (CDC art. 49).
    `too_late` once it made a member."""
    registration_id = await closing.open_registration(desk)
    if registration_id is None:
        return Outcome("too_late" if await closing.approved(desk) else "canceled")
    if not await _give_up(desk, registration_id, "Cadastro cancelado"):
        return Outcome("too_late")
    detail = {"registration_id": str(registration_id), "reason": reason[:100]}
    desk.notice("registration_canceled", f"canceled:{registration_id}", **detail)
    return Outcome("canceled")


async def stop(desk: Desk) -> Outcome:
    """ "Parar": no more reminders, and the consent to advertising is taken back (LGPD art. 8 § 5)."""
    outcome = await identities.stop(desk)
    await grant(desk, ["marketing"], False)
    return outcome


async def recover(desk: Desk, customer_id: str) -> Outcome:
    """The sign-up that turned out to be a member's is given up with it."""
    outcome = await recovery.recover(desk, customer_id)
    registration_id = await closing.open_registration(desk)
    if outcome.name == "recovered" and registration_id is not None:
        await _give_up(desk, registration_id, "Cadastro recuperado")
    return outcome


# --- Events -----------------------------------------------------------------------------------------------------


def _one(outcome: Outcome | None) -> list[Outcome]:
    return [] if outcome is None else [outcome]


def _about(payload: Payload) -> dict[str, Any]:
    """Which look-up this answers."""
    return {"cep": payload.get("cep")}


async def _cep_found(desk: Desk, payload: Payload) -> list[Outcome]:
    names = ("cep", "street", "neighborhood", "city", "state")
    kept = {name: payload.get(name) for name in names}
    if not payload.get("street"):
        # Small towns have one CEP for all streets.
        return [Outcome("cep_street_missing", kept, note="address-town", about=_about(payload))]
    return [Outcome("cep_found", kept, about=_about(payload))]


async def _cep_unknown(desk: Desk, payload: Payload) -> list[Outcome]:
    return [Outcome("cep_unknown", note="address-unknown", about=_about(payload))]


async def _cep_down(desk: Desk, payload: Payload) -> list[Outcome]:
    return [Outcome("cep_down", note="address-down", about=_about(payload))]


async def _code_undelivered(desk: Desk, payload: Payload) -> list[Outcome]:
    return _one(await codes.undelivered(desk, uuid.UUID(payload["code_id"])))


async def _pix_created(desk: Desk, payload: Payload) -> list[Outcome]:
    return _one(await charges.created(desk, uuid.UUID(payload["intent_id"])))


async def _pix_failed(desk: Desk, payload: Payload) -> list[Outcome]:
    return _one(await charges.failed(desk, uuid.UUID(payload["intent_id"]), str(payload.get("code", ""))))


async def _pix_notice(desk: Desk, payload: Payload) -> list[Outcome]:
    await payments.noticed(desk, uuid.UUID(payload["intent_id"]))
    return []


async def _pix_state(desk: Desk, payload: Payload) -> list[Outcome]:
    return await _received(desk, await payments.read(desk, payload))


async def _pix_silent(desk: Desk, payload: Payload) -> list[Outcome]:
    """The bank did not answer: not seen yet, which is all that can be said. The sweep asks again."""
    return [Outcome("still_unpaid", {"expired": False})]


async def _pix_confirmed(desk: Desk, payload: Payload) -> list[Outcome]:
    user_id = payload.get("user_id")
    received = await payments.confirm_by_hand(
        desk,
        uuid.UUID(payload["intent_id"]),
        None if user_id is None else uuid.UUID(user_id),
        payload.get("amount"),
    )
    return await _received(desk, received)


async def _received(desk: Desk, received: payments.Received) -> list[Outcome]:
    if received.settled is None:
        if received.amount:
            await drafts.keep_alive(desk)
        return received.outcomes
    approved = await advance(desk, received.settled)
    return [*received.outcomes, approved or Outcome("paid", {"amount": received.amount}, unheard=payments.NOTED)]


async def _pix_refunded(desk: Desk, payload: Payload) -> list[Outcome]:
    return _one(await refunds.refund_answered(desk, uuid.UUID(payload["refund_id"]), str(payload["status"])))


async def _contract_ready(desk: Desk, payload: Payload) -> list[Outcome]:
    return _one(await contracts.ready(desk, uuid.UUID(payload["document_id"])))


async def _document_failed(desk: Desk, payload: Payload) -> list[Outcome]:
    """Rendering was given up: staff see the dead letter, the person may try again."""
    return [Outcome("document_failed", {"no_picture": True})]


async def _bubble_refused(desk: Desk, payload: Payload) -> list[Outcome]:
    """WhatsApp would not show its own Pix bubble to this person: QR code and code in the plain form."""
    return [Outcome("bubble_refused", {"plain": True})]


async def _pix_unseen(desk: Desk, payload: Payload) -> list[Outcome]:
    """The code expired before WhatsApp could show it: a new one is offered, not made for somebody who may be away."""
    return [Outcome("unseen", {"expired": True})]


async def _contract_signed_copy(desk: Desk, payload: Payload) -> list[Outcome]:
    return _one(await signatures.signed_copy(desk, uuid.UUID(payload["document_id"])))


async def _card_ready(desk: Desk, payload: Payload) -> list[Outcome]:
    return _one(await cards.card_ready(desk, uuid.UUID(payload["customer_id"])))


async def _contact_changed(desk: Desk, payload: Payload) -> list[Outcome]:
    await identities.changed(desk, payload.get("wa_id"), payload.get("bsuid"))
    return []


async def _registration_expired(desk: Desk, payload: Payload) -> list[Outcome]:
    registration_id = await closing.expire(desk)
    if registration_id is None:
        return []
    await _settle_accounts(desk, registration_id, "Cadastro expirado")
    return [Outcome("registration_expired")]


_REACTIONS: dict[str, Reaction] = {
    "cep.found": _cep_found,
    "cep.unknown": _cep_unknown,
    "cep.down": _cep_down,
    "code.undelivered": _code_undelivered,
    "pix.created": _pix_created,
    "pix.failed": _pix_failed,
    "pix.notice": _pix_notice,
    "pix.state": _pix_state,
    "pix.confirmed": _pix_confirmed,
    "pix.silent": _pix_silent,
    "pix.refunded": _pix_refunded,
    "pix.unseen": _pix_unseen,
    "contract.ready": _contract_ready,
    "document.failed": _document_failed,
    "bubble.refused": _bubble_refused,
    "contact.changed": _contact_changed,
    "contract.signed_copy": _contract_signed_copy,
    "card.ready": _card_ready,
    "registration.expired": _registration_expired,
}
EVENTS = frozenset(_REACTIONS)
