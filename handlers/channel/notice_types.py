"""The typed forms of account notices, one for each webhook field that Balcão acts on or shows to staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.channel.statuses import NoticeError


@dataclass(frozen=True, slots=True)
class Template:
    id: str | None
    name: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class TemplateStatus:
    template: Template
    event: str
    """APPROVED, REJECTED, PAUSED, DISABLED, PENDING_DELETION, FLAGGED…"""
    reason: str | None
    category: str | None


@dataclass(frozen=True, slots=True)
class TemplateQuality:
    template: Template
    previous: str | None
    current: str


@dataclass(frozen=True, slots=True)
class TemplateCategory:
    """With `correct` (and no `previous`) the change is announced for `at`; else it has happened."""

    template: Template
    previous: str | None
    current: str
    correct: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class TemplateComponents:
    template: Template
    body: str


@dataclass(frozen=True, slots=True)
class PhoneQuality:
    phone: str | None
    event: str
    limit: str | None


@dataclass(frozen=True, slots=True)
class PhoneName:
    phone: str | None
    decision: str
    name: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Restriction:
    type: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    event: str
    phone: str | None
    violation: str | None
    restrictions: tuple[Restriction, ...]
    ban_state: str | None


@dataclass(frozen=True, slots=True)
class AccountReview:
    decision: str


@dataclass(frozen=True, slots=True)
class AccountAlert:
    type: str
    severity: str | None
    status: str | None
    description: str | None
    entity_type: str | None
    entity_id: str | None


@dataclass(frozen=True, slots=True)
class BusinessCapability:
    daily_conversations: str | None
    """People a day outside the window: a count, a tier's name, or -1 for no limit."""
    phone_numbers: int | None


@dataclass(frozen=True, slots=True)
class Preference:
    wa_id: str | None
    bsuid: str | None
    allowed: bool
    """False: the person stopped this category (`marketing_messages`); True: resumed it."""
    category: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class UserPreferences:
    preferences: tuple[Preference, ...]


@dataclass(frozen=True, slots=True)
class UserIdChange:
    wa_id: str | None
    previous: str | None
    current: str
    previous_parent: str | None
    current_parent: str | None


@dataclass(frozen=True, slots=True)
class UserIdUpdate:
    changes: tuple[UserIdChange, ...]


@dataclass(frozen=True, slots=True)
class Security:
    """PIN_CHANGED, PIN_RESET_REQUEST, PIN_RESET_SUCCESS."""

    event: str
    phone: str | None
    requester: str | None


@dataclass(frozen=True, slots=True)
class PaymentConfiguration:
    name: str
    provider: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class FlowNotice:
    flow_id: str
    event: str
    old_status: str | None
    new_status: str | None
    alert: str | None
    error_rate: float | None
    message: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Old messages of a number shared with the Business app (coexistence): kept, never answered."""

    progress: int | None
    messages: tuple[dict[str, Any], ...]
    errors: tuple[NoticeError, ...]


@dataclass(frozen=True, slots=True)
class Echo:
    """A message staff sent from the Business app: a human is talking with this person."""

    message_id: str
    wa_id: str | None
    bsuid: str | None
    at: datetime | None
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Echoes:
    echoes: tuple[Echo, ...]


@dataclass(frozen=True, slots=True)
class ChannelErrors:
    errors: tuple[NoticeError, ...]


@dataclass(frozen=True, slots=True)
class UnknownNotice:
    field: str
    payload: dict[str, Any]


Notice = (
    TemplateStatus
    | TemplateQuality
    | TemplateCategory
    | TemplateComponents
    | PhoneQuality
    | PhoneName
    | AccountUpdate
    | AccountReview
    | AccountAlert
    | BusinessCapability
    | UserPreferences
    | UserIdUpdate
    | Security
    | PaymentConfiguration
    | FlowNotice
    | History
    | Echoes
    | ChannelErrors
    | UnknownNotice
)
