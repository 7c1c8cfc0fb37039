"""What the fake bank knows: charges, the Pix it received, the refunds it was asked for. Pure state, no I/O."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.gateways.pix.brcode import dynamic_code
from bot.gateways.pix.money import reais
from bot.simulator.bank.problems import Violation, bad_charge, bad_refund, not_found

ACTIVE = "ATIVA"
PAID = "CONCLUIDA"
REMOVED = "REMOVIDA_PELO_USUARIO_RECEBEDOR"
PENDING = "EM_PROCESSAMENTO"
RETURNED = "DEVOLVIDO"
FAILED = "NAO_REALIZADO"
REFUND_WINDOW = timedelta(days=90)
ISPB = "99999004"


@dataclass(slots=True)
class BankCharge:
    """A `cob`. `terms` is what its owner asked for, as JSON; amount and life are kept beside it as values."""

    txid: str
    number: int
    terms: dict[str, object]
    amount: int
    expires_in: timedelta
    created_at: datetime
    location: str
    br_code: str
    status: str = ACTIVE
    revision: int = 0
    payments: list[BankPayment] = field(default_factory=list)

    @property
    def expires_at(self) -> datetime:
        """After it payers' banks refuse, yet the charge stays ATIVA: the standard has no status for it."""
        return self.created_at + self.expires_in


@dataclass(slots=True)
class BankRefund:
    """A `devolucao`; `amount` in centavos."""

    refund_id: str
    rtr_id: str
    amount: int
    requested_at: datetime
    description: str | None = None
    status: str = PENDING
    settled_at: datetime | None = None
    reason: str | None = None


@dataclass(slots=True)
class BankPayment:
    """A Pix that reached the key; `amount` in centavos."""

    end_to_end_id: str
    txid: str | None
    amount: int
    paid_at: datetime
    key: str
    refunds: list[BankRefund] = field(default_factory=list)

    @property
    def given_back(self) -> int:
        """Centavos returned or on their way."""
        return sum(refund.amount for refund in self.refunds if refund.status != FAILED)


class Books:
    """Charges by txid (for ever), payments by end-to-end id, refunds by both their ids.

    Ids carry a random tag of this instance, so that a bank started anew never repeats those of its predecessor.
    """

    def __init__(self, key: str, name: str, city: str) -> None:
        self.key = key
        self.name = name
        self.city = city
        self.charges: dict[str, BankCharge] = {}
        self.payments: dict[str, BankPayment] = {}
        self.refunds: dict[tuple[str, str], BankRefund] = {}
        self._tag = secrets.token_hex(3)[:5]
        self._count = 0
        dynamic_code("a/b", name, city)

    def put(self, txid: str, terms: Mapping[str, object], amount: int, expires_in: timedelta, now: datetime) -> None:
        """Create the charge; an ATIVA one is revised, any other refuses."""
        if txid in self.charges:
            self.revise(txid, terms, amount, expires_in)
            return
        location = f"pix.banco.example/qr/v2/{hashlib.sha256(txid.encode()).hexdigest()[:32]}"
        code = dynamic_code(location, self.name, self.city)
        number = len(self.charges) + 1
        self.charges[txid] = BankCharge(txid, number, dict(terms), amount, expires_in, now, location, code)

    def revise(self, txid: str, terms: Mapping[str, object], amount: int | None, expires_in: timedelta | None) -> None:
        """Change an ATIVA charge. None keeps what it has."""
        charge = self.active(txid)
        charge.terms.update(terms)
        charge.amount = charge.amount if amount is None else amount
        charge.expires_in = charge.expires_in if expires_in is None else expires_in
        charge.revision += 1

    def remove(self, txid: str) -> None:
        charge = self.active(txid)
        charge.status = REMOVED
        charge.revision += 1

    def charge(self, txid: str) -> BankCharge:
        if txid not in self.charges:
            raise not_found("CobNaoEncontrado")
        return self.charges[txid]

    def active(self, txid: str) -> BankCharge:
        charge = self.charge(txid)
        if charge.status != ACTIVE:
            raise bad_charge(Violation("cob.status", f"A cobrança não está ATIVA, e sim {charge.status}."))
        return charge

    def receive(self, txid: str | None, amount: int, at: datetime) -> BankPayment:
        """A Pix arrives; the charge of its txid, if there is one, is CONCLUIDA."""
        payment = BankPayment(self._id("E", at), txid, amount, at, self.key)
        self.payments[payment.end_to_end_id] = payment
        charge = self.charges.get(txid or "")
        if charge is not None:
            charge.status = PAID
            charge.payments.append(payment)
        return payment

    def payment(self, end_to_end_id: str) -> BankPayment:
        if end_to_end_id not in self.payments:
            raise not_found("PixNaoEncontrado")
        return self.payments[end_to_end_id]

    def refund(
        self, end_to_end_id: str, refund_id: str, amount: int, description: str | None, now: datetime
    ) -> BankRefund:
        """Ask for a refund: a new id, within 90 days, never more than was paid. A used id is refused, even repeated."""
        payment = self.payment(end_to_end_id)
        if (end_to_end_id, refund_id) in self.refunds:
            raise bad_refund(Violation("devolucao.id", "O id já foi utilizado em outra devolução deste Pix."))
        if payment.given_back + amount > payment.amount:
            rest = reais(payment.amount - payment.given_back)
            raise bad_refund(Violation("devolucao.valor", f"A soma excederia o valor do Pix; restam {rest}."))
        if now - payment.paid_at > REFUND_WINDOW:
            raise bad_refund(Violation("devolucao", "O prazo de 90 dias desde a liquidação do Pix terminou."))
        refund = BankRefund(refund_id, self._id("D", now), amount, now, description)
        payment.refunds.append(refund)
        self.refunds[end_to_end_id, refund_id] = refund
        return refund

    def settle_refunds(self, now: datetime, *, fail: bool) -> list[tuple[BankPayment, BankRefund]]:
        """Bring every pending refund to its end and tell which."""
        settled = []
        for payment in self.payments.values():
            for refund in payment.refunds:
                if refund.status == PENDING:
                    refund.status, refund.settled_at = (FAILED, None) if fail else (RETURNED, now)
                    refund.reason = "Conta do pagador encerrada." if fail else None
                    settled.append((payment, refund))
        return settled

    def _id(self, letter: str, at: datetime) -> str:
        """E + ISPB + yyyymmddHHMM + 11 characters: 32 in all; `rtrId` is alike with a D."""
        self._count += 1
        return f"{letter}{ISPB}{at:%Y%m%d%H%M}{self._tag}{self._count:06d}"
