"""What a turn knows before it begins: the organisation and its shop, the person, the member. Values, no I/O."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from handlers.ports import Address
from storage.vault import Sealer


@dataclass(frozen=True, slots=True)
class Benefit:
    name: str
    description: str = ""
    discount_percentage: int | None = None


@dataclass(frozen=True, slots=True)
class Addon:
    slug: str
    name: str
    price: int
    """Centavos per billing cycle."""


@dataclass(frozen=True, slots=True)
class Plan:
    id: uuid.UUID
    slug: str
    name: str
    category: str
    """individual, family or premium."""
    description: str
    price: int
    """Centavos per billing cycle."""
    billing_cycle: str
    """monthly, quarterly, semester or yearly."""
    adhesion_fee: int
    trial_days: int
    average_savings: int | None
    max_dependents: int
    min_age: int
    max_age: int | None
    validity_months: int
    collects_health_data: bool
    is_highlight: bool
    benefits: Sequence[Benefit] = ()
    addons: Sequence[Addon] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    id: uuid.UUID
    version: str
    title: str
    content: str
    summary: Sequence[str]
    """Three to six short lines, shown in the chat."""


@dataclass(frozen=True, slots=True)
class ConsentText:
    """A text people agree to. `kind`: terms, privacy, signature_method, marketing, health."""

    kind: str
    version: str
    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A template approved at Meta, used outside the 24-hour window. `parameters` name values of the intent."""

    name: str
    language: str = "pt_BR"
    parameters: Sequence[str] = ()
    category: str = "utility"


@dataclass(frozen=True, slots=True)
class Organization:
    id: uuid.UUID
    slug: str
    name: str
    zone: ZoneInfo
    sealer: Sealer
    document: str = ""
    """CNPJ, formatted, or empty."""
    brand_color: str = "#0b7a5b"
    greeting: str = ""
    """One line about the business, shown to strangers."""
    support_phone: str | None = None
    """E.164 of the person who is told when somebody asks for a human."""
    support_email: str | None = None
    verification_channels: Sequence[str] = ("email",)
    """In order of preference: email, whatsapp, sms."""
    code_template: Template | None = None
    """Authentication template for codes by WhatsApp."""
    codes_a_day: int = 5000
    """One-time codes that all its people together may have sent within a day."""
    templates: Mapping[str, Template] = field(default_factory=dict)
    """By intent: payment_confirmed, contract_ready, welcome, reminder…"""
    pix_bubble: bool = False
    """Send the native Pix bubble (order_details) beside QR image and code."""
    pix_bubble_paid: bool = False
    """Tell WhatsApp when the bubble was paid (order_status), which is a message of its own."""
    pix_key: str = ""
    """The key charges are paid to, shown in the native bubble; from the installation's settings."""
    pix_merchant: str = ""
    media_url: Callable[[str], str] | None = None
    """Makes the public address of a stored QR image."""
    pix_expires_minutes: int = 60
    read_receipts: bool = False
    reminders: bool = True
    consents: Mapping[str, ConsentText] = field(default_factory=dict)
    plans: Sequence[Plan] = ()
    contract: Contract | None = None

    def plan(self, plan_id: str | uuid.UUID | None) -> Plan | None:
        return next((plan for plan in self.plans if str(plan.id) == str(plan_id)), None)


@dataclass(frozen=True, slots=True)
class Member:
    customer_id: uuid.UUID
    membership_number: str
    full_name: str
    plan_name: str
    status: str
    valid_until: date
    card_url: str
    card_document_id: uuid.UUID | None


@dataclass(slots=True)
class Contact:
    """The person on the other side. Replies go to `address`: as received, never rewritten."""

    id: uuid.UUID
    phone_number_id: str
    profile_name: str | None
    wa_id: str | None
    bsuid: str | None
    phone_e164: str | None
    last_inbound_at: datetime | None = None
    last_message_id: str | None = None
    marketing_stopped: bool = False
    reminders_stopped: bool = False
    referral: Mapping[str, Any] | None = None
    utm: Mapping[str, Any] | None = None
    members: Sequence[Member] = ()
    """Members this WhatsApp number belongs to; families share a phone."""

    @property
    def address(self) -> Address:
        return Address(phone=self.wa_id) if self.wa_id else Address(bsuid=self.bsuid)

    @property
    def first_name(self) -> str:
        return (self.profile_name or "").split(" ")[0]
