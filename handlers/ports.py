"""What the business needs from the outside world, as small protocols.

`bot/gateways` fulfils each of them twice: with a real driver and with a local one. A gateway translates every
error of its vendor into one of the four classes below; vendor exceptions never leave it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol


class GatewayError(Exception):
    """Root of what a gateway may raise. `code` is the vendor's own code as text, `detail` holds no personal data."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Refused(GatewayError):
    """The vendor understood and said no for ever: do not send the same again."""


class TryLater(GatewayError):
    """Nothing happened out there; the same request may pass later. `after` is the vendor's own wait, if it gave one."""

    def __init__(self, code: str, detail: str = "", after: timedelta | None = None) -> None:
        super().__init__(code, detail)
        self.after = after


class OutcomeUnknown(GatewayError):
    """Time-out or cut connection after the request left: it may have happened. Reconcile before sending it again."""


class ChannelStopped(GatewayError):
    """Nothing will pass on this number, key or account until a person acts (token, billing, restriction)."""


# --- WhatsApp ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Address:
    """Where a WhatsApp message goes: exactly one of `phone` (wa_id as received, digits, no plus) and `bsuid`."""

    phone: str | None = None
    bsuid: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """Meta took the message (accepted, not delivered). `wa_id` may differ from the phone it was sent to."""

    message_id: str
    wa_id: str | None = None
    message_status: str | None = None


class PairLimited(TryLater):
    """131056: too much to this person; wait 4^n seconds for this person only."""


class NumberThrottled(TryLater):
    """130429, 4, 80007: too much from this number; slow the number down."""


class WindowClosed(Refused):
    """131047: more than 24 hours since the person last wrote; only a template passes."""


class Unreachable(Refused):
    """131026 and kin: this person cannot get messages."""


class MediaExpired(Refused):
    """The uploaded media id is gone; upload the document again."""


class WhatsAppGateway(Protocol):
    async def send(self, phone_number_id: str, to: Address, message: dict[str, Any], *, opaque: str) -> Accepted:
        """POST /{phone_number_id}/messages. `message` is `{"type": T, T: {...}}` (plus `context`), without envelope;
        `opaque` (<= 512 chars) comes back as `biz_opaque_callback_data` in every status of this message."""

    async def upload(self, phone_number_id: str, content: bytes, mime_type: str, filename: str) -> str:
        """Upload media and return its id, good for 30 days."""

    async def mark_read(self, phone_number_id: str, message_id: str, *, typing: bool) -> None:
        """Blue ticks for the person's message and all before it; `typing` shows "typing..." for at most 25 s."""


# --- Pix --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    txid: str
    """26 to 35 characters `[a-zA-Z0-9]`, made by us: the idempotency key."""
    amount: int
    """Centavos, above zero."""
    expires_in: timedelta
    description: str
    """Shown to the payer, at most 140 characters."""
    payer_name: str | None = None
    payer_cpf: str | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    txid: str
    br_code: str
    """Pix Copia e Cola."""
    created_at: datetime
    expires_at: datetime
    location: str | None = None


@dataclass(frozen=True, slots=True)
class PixPayment:
    """One Pix that reached our key."""

    end_to_end_id: str
    txid: str | None
    amount: int
    paid_at: datetime
    key: str | None = None
    refunded: int = 0
    """Centavos given back so far (DEVOLVIDO)."""


@dataclass(frozen=True, slots=True)
class ChargeState:
    txid: str
    status: str
    """BCB's own word: ATIVA, CONCLUIDA, REMOVIDA_PELO_USUARIO_RECEBEDOR, REMOVIDA_PELO_PSP."""
    amount: int
    key: str
    payments: Sequence[PixPayment] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Refund:
    refund_id: str
    status: str
    """EM_PROCESSAMENTO, DEVOLVIDO or NAO_REALIZADO."""
    amount: int
    reason: str | None = None


class PixGateway(Protocol):
    confirms: bool
    """False where nobody can tell whether a charge was paid (static BR Code): staff confirm by hand."""

    async def create(self, request: ChargeRequest) -> Charge:
        """Create the charge, or return the one that already has this txid."""

    async def get(self, txid: str) -> ChargeState | None:
        """State of a charge with its payments; None if the bank does not know the txid."""

    async def cancel(self, txid: str) -> bool:
        """Take an unpaid charge back, so that it can no longer be paid. A no-op when it is gone; False when money came
        before, so that it is there to be asked for."""

    async def received(self, since: datetime, until: datetime) -> Sequence[PixPayment]:
        """All Pix with a txid that reached our key in that span (the sweep for callbacks that never came)."""

    async def refund(self, end_to_end_id: str, refund_id: str, amount: int, reason: str) -> Refund:
        """Give `amount` centavos back. `refund_id` is our idempotency key, `[a-zA-Z0-9]{1,35}`."""


# --- Mail, SMS, CEP ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attachment:
    filename: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    to: str
    subject: str
    text: str
    message_id: str
    """Our id: the local part of the Message-ID header."""
    attachments: Sequence[Attachment] = field(default_factory=tuple)


class MailGateway(Protocol):
    async def send(self, mail: Mail) -> None: ...


class SmsGateway(Protocol):
    async def send(self, to: str, text: str) -> str:
        """Send to an E.164 number (`+55...`) and return the provider's message id."""


@dataclass(frozen=True, slots=True)
class CepAddress:
    cep: str
    """Eight digits."""
    city: str
    state: str
    """UF, two letters."""
    street: str | None = None
    neighborhood: str | None = None


class CepDirectory(Protocol):
    async def find(self, cep: str) -> CepAddress | None:
        """The address of an eight-digit CEP, None when it does not exist. Raises TryLater when the service is down."""


# --- Documents --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DependantLine:
    name: str
    relationship: str
    """In Portuguese, as the reader sees it."""
    birth_date: date


@dataclass(frozen=True, slots=True)
class ContractParty:
    name: str
    cpf: str
    """Eleven digits; the renderer formats it."""
    birth_date: date
    email: str
    phone: str | None
    address: str
    """One line."""


@dataclass(frozen=True, slots=True)
class ContractSheet:
    """All that the contract PDF shows."""

    business_name: str
    business_document: str
    """CNPJ, formatted, or an empty string."""
    title: str
    version: str
    body: str
    """Contract text: paragraphs separated by a blank line; a line starting with `# ` is a heading, `- ` an item."""
    party: ContractParty
    dependants: Sequence[DependantLine]
    plan_name: str
    price_lines: Sequence[tuple[str, str]]
    """Label and value as the reader sees them, e.g. ("Mensalidade", "R$ 69,90")."""
    issued_at: datetime
    """In the business's own zone."""
    number: str
    """Our reference of this document."""


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    at: datetime
    """In the business's own zone."""
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceSheet:
    """The page of evidence that follows the signed contract."""

    document_sha256: str
    signer_name: str
    signer_cpf: str
    signed_at: datetime
    method: str
    lines: Sequence[EvidenceLine]
    signature_number: str


@dataclass(frozen=True, slots=True)
class CardSheet:
    business_name: str
    brand_color: str
    """`#rrggbb`."""
    holder_name: str
    membership_number: str
    plan_name: str
    valid_until: date
    dependants: Sequence[str]
    qr_content: str
    """What the QR holds: the public check address."""


class DocumentPress(Protocol):
    """Renders off the event loop. Same input, same bytes within one version."""

    async def contract(self, sheet: ContractSheet) -> bytes:
        """PDF."""

    async def signed_contract(self, sheet: ContractSheet, evidence: EvidenceSheet) -> bytes:
        """PDF: the contract as signed, then the evidence page."""

    async def card(self, sheet: CardSheet) -> bytes:
        """PNG, 8-bit RGB, under 5 MB."""

    async def qr(self, content: str) -> bytes:
        """PNG of a QR code, with a quiet zone, large enough to be scanned off a phone's screen."""


class Clock(Protocol):
    def now(self) -> datetime:
        """This instant, aware, in UTC."""
