"""What a delivery is handed and what it gives back."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from handlers.facts import Organization
from storage.away import is_away
from storage.unit_of_work import Tx

log = structlog.get_logger()


class Directory(Protocol):
    async def organization(self, tx: Tx, organization_id: uuid.UUID) -> Organization: ...


async def facts_of(directory: Directory, tx: Tx, organization_id: uuid.UUID) -> Organization | None:
    """None when this organisation cannot be read: its data key was wrapped under a secret that we were not given, or
    its settings are of another version. Its people wait until that is put right; nobody else waits for them."""
    try:
        return await directory.organization(tx, organization_id)
    except Exception as error:
        if is_away(error):
            raise
        log.critical("organization.unreadable", organization_id=str(organization_id), error=type(error).__name__)
        return None


UNREADABLE = timedelta(minutes=1)
"""How often what waits for an organisation that cannot be read looks whether it can."""

Record = Callable[[Tx], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """One outbox row under way, with what the database knew when it was claimed."""

    id: int
    organization: Organization
    contact_id: uuid.UUID | None
    kind: str
    payload: Mapping[str, Any]
    secret: str | None
    communication_id: uuid.UUID | None
    attempts: int
    """Tries so far, this one included."""
    created_at: datetime
    expires_at: datetime | None
    last_inbound_at: datetime | None


@dataclass(frozen=True, slots=True)
class Done:
    """It is done. `event` (kind, payload) goes to the person's mailbox; `record` writes what we learned; both in the
    transaction that closes the row. `message_id` is the provider's, for the communications log."""

    event: tuple[str, Mapping[str, Any]] | None = None
    record: Record | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """It may not go now: wait until the person writes."""

    reason: str


EXPIRED = "expired"
"""Why a job is dropped whose time is over."""


@dataclass(frozen=True, slots=True)
class Drop:
    """It is not worth sending any more."""

    reason: str


class Courier(Protocol):
    """Carries jobs of one kind. Raises only GatewayError."""

    tries: int
    """After so many failures the job is given up: a dead letter, or `gives_up_with`."""

    async def carry(self, job: Job) -> Done | Hold | Drop: ...

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        """The event that tells the person's dialogue that this will not come."""


def job_of(row: Any, organization: Organization, window: Any = None, *, sealed: bool = False) -> Job:
    """A job from its outbox row; `window` tells when the person last wrote. Raises CannotOpen, unless it may stay
    `sealed`."""
    sealer = organization.sealer
    return Job(
        id=row.id,
        organization=organization,
        contact_id=row.contact_id,
        kind=row.kind,
        payload=row.payload,
        secret=sealer.open(row.secret, "outbox.secret") if row.secret and not sealed else None,
        communication_id=row.communication_id,
        attempts=row.attempts,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_inbound_at=window.last_inbound_at if window else None,
    )


def document_ids(value: Any) -> list[str]:
    """Every document named anywhere in a message."""
    if isinstance(value, dict):
        own = [value["document_id"]] if isinstance(value.get("document_id"), str) else []
        return own + [found for inner in value.values() for found in document_ids(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in document_ids(inner)]
    return []
