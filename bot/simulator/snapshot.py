"""The whole simulated world as JSON, in parts, so that the page is sent only what changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.gateways.mail import MemoryMail, ReceivedMail
from bot.gateways.sms import MemorySms
from bot.simulator.bank.books import ACTIVE, RETURNED, BankCharge, BankPayment
from bot.simulator.bank.fake import FakeBank
from bot.simulator.bubbles import View, chat_view
from bot.simulator.cep import FakeCep
from bot.simulator.clock import MovableClock
from bot.simulator.meta.app import FakeMeta
from bot.simulator.sms import FakeTwilio
from bot.simulator.switches import Switches


@dataclass(slots=True)
class World:
    """The fakes that one page shows."""

    meta: FakeMeta
    bank: FakeBank
    mailbox: MemoryMail
    sms: FakeTwilio | MemorySms
    cep: FakeCep
    clock: MovableClock
    business_name: str
    staff: Collection[str]
    """wa_ids of the business's own people and of its partners."""
    switches: Switches

    def parts(self) -> dict[str, Any]:
        """Everything but the dialogues, by name; the chats one by one under `chats/{key}`."""
        chats = {
            f"chats/{person.key}": chat_view(self.meta, person, self.business_name) for person in self.meta.state.people
        }
        return {
            "business": {"name": self.business_name, "number": self.meta.display_phone_number.lstrip("+")},
            "clock": {"offset": self.clock.offset.total_seconds()},
            "people": self._people(),
            "bank": {"charges": self._charges()},
            "mailbox": [_mail(number, each) for number, each in enumerate(self.mailbox.received)],
            "sms": self._sms(),
            "faults": self.switches.view(),
            "refusals": self._refusals(),
            **chats,
        }

    def _people(self) -> list[View]:
        return [
            {
                "wa_id": person.key,
                "name": person.name,
                "kind": "business" if person.key in self.staff else "customer",
                "typing": self.meta.is_typing(person),
            }
            for person in self.meta.state.people
        ]

    def _charges(self) -> list[View]:
        """Newest first."""
        now = self.clock.now()
        return [_charge(charge, now) for charge in reversed(self.bank.charges.values())]

    def _refusals(self) -> View:
        """What Meta would not take: how many sends, and the code and reason of the last."""
        refusals = self.meta.refusals
        code, details, _ = refusals[-1] if refusals else (None, None, None)
        return {"count": len(refusals), "code": code, "details": details}

    def _sms(self) -> list[View]:
        messages = self.sms.messages if isinstance(self.sms, FakeTwilio) else self.sms.received
        return [{"id": each.sid, "to": each.to, "text": each.text, "at": _instant(each.at)} for each in messages]


def gathered(parts: dict[str, Any]) -> dict[str, Any]:
    """Parts as one object: those under `chats/` by person."""
    state: dict[str, Any] = {name: value for name, value in parts.items() if not name.startswith("chats/")}
    chats = {name.removeprefix("chats/"): value for name, value in parts.items() if name.startswith("chats/")}
    return state | ({"chats": chats} if chats else {})


def charge_state(charge: BankCharge, now: datetime) -> str:
    """What the payer's app would say: open, expired, canceled, paid, short, over or twice."""
    if not charge.payments:
        if charge.status != ACTIVE:
            return "canceled"
        return "open" if now < charge.expires_at else "expired"
    if len(charge.payments) > 1:
        return "twice"
    paid = charge.payments[0].amount
    return "paid" if paid == charge.amount else "short" if paid < charge.amount else "over"


def _charge(charge: BankCharge, now: datetime) -> View:
    payer = charge.terms.get("devedor")
    return {
        "txid": charge.txid,
        "amount": charge.amount,
        "state": charge_state(charge, now),
        "created_at": _instant(charge.created_at),
        "expires_at": _instant(charge.expires_at),
        "description": charge.terms.get("solicitacaoPagador"),
        "payer_name": payer.get("nome") if isinstance(payer, dict) else None,
        "br_code": charge.br_code,
        "payments": [_payment(payment) for payment in charge.payments],
    }


def _payment(payment: BankPayment) -> View:
    refunded = sum(refund.amount for refund in payment.refunds if refund.status == RETURNED)
    return {
        "id": payment.end_to_end_id,
        "amount": payment.amount,
        "at": _instant(payment.paid_at),
        "refunded": refunded,
    }


def _mail(number: int, received: ReceivedMail) -> View:
    mail = received.mail
    files = [
        {"filename": file.filename, "size": len(file.content), "url": f"/mail/{mail.message_id}/{index}"}
        for index, file in enumerate(mail.attachments)
    ]
    return {
        "id": f"{mail.message_id}-{number}",
        "at": _instant(received.at),
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "attachments": files,
    }


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
