"""What a use case is handed for one turn: the open transaction, who it is for, and the rows it wants written.

Handlers write what must be decided by the database at once through `tx`; everything that leaves the house is a row
added here and written in bulk when the batch of turns ends. Nothing is sent, nothing is committed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from handlers.facts import Contact, Organization
from storage.base import new_id
from storage.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command or an event came to, in one word that the dialogue's map knows, with what to remember.

    `keep` goes to the draft (JSON values; None forgets the key). `note` is a catalogue key told before the next
    question, with `values` for its variables.
    """

    name: str
    keep: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    """Draft values this answers: a late answer to a former question is nobody's."""
    unheard: str | None = None
    """A catalogue key told where no dialogue waits for this, or may go on with it while a person has the floor: good
    news is never lost."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Which message made this happen: kept as evidence."""

    message_id: str | None = None
    at: datetime | None = None
    text: str = ""


@dataclass(slots=True)
class Rows:
    """Rows of a whole batch of turns, flushed in bulk."""

    outbox: list[dict[str, Any]] = field(default_factory=list)
    communications: list[dict[str, Any]] = field(default_factory=list)
    timers: list[dict[str, Any]] = field(default_factory=list)
    dropped_timers: list[tuple[uuid.UUID, str]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Desk:
    tx: Tx
    organization: Organization
    contact: Contact
    now: datetime
    rows: Rows
    heard: Heard = field(default_factory=Heard)

    def ask(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        dedupe_key: str | None = None,
        secret: str | None = None,
        due_at: datetime | None = None,
        expires_in: timedelta | None = None,
        communication_id: uuid.UUID | None = None,
    ) -> None:
        """Ask the outside for something (outbox row outside the person's message lane). The answer comes back as an
        event of this person. `secret` is sealed and erased once used. Asked at most once per `dedupe_key`."""
        sealed = None if secret is None else self.organization.sealer.seal(secret, "outbox.secret")
        self.rows.outbox.append(
            {
                "organization_id": self.organization.id,
                "contact_id": self.contact.id,
                "lane": f"ask:{new_id()}",
                "kind": kind,
                "payload": dict(payload),
                "secret": sealed,
                "communication_id": communication_id,
                "dedupe_key": dedupe_key,
                "due_at": due_at or self.now,
                "expires_at": self.now + expires_in if expires_in else None,
                "created_at": self.now,
            }
        )

    def log(self, channel: str, template: str, recipient: str, content: str | None) -> uuid.UUID:
        """Enter a message in the communications log as queued. `recipient` and `content` hold no secret."""
        communication_id = new_id()
        self.rows.communications.append(
            {
                "id": communication_id,
                "organization_id": self.organization.id,
                "contact_id": self.contact.id,
                "channel": channel,
                "template": template,
                "recipient": recipient,
                "content": content,
                "variables": None,
                "created_at": self.now,
            }
        )
        return communication_id

    def later(self, name: str, due_at: datetime, version: int | None = None, **payload: Any) -> None:
        """Set this person's timer `name` (one of each name); `version` binds it to a conversation version."""
        self.rows.timers.append(
            {
                "id": new_id(),
                "organization_id": self.organization.id,
                "contact_id": self.contact.id,
                "name": name,
                "version": version,
                "payload": payload,
                "due_at": due_at,
            }
        )

    def never_mind(self, name: str) -> None:
        """Drop this person's timer `name`, if there is one."""
        self.rows.timers = [
            row for row in self.rows.timers if (row["contact_id"], row["name"]) != (self.contact.id, name)
        ]
        self.rows.dropped_timers.append((self.contact.id, name))

    def notice(self, kind: str, dedupe_key: str, severity: str = "info", **detail: Any) -> None:
        """A line for staff. `detail` holds ids and amounts, no personal data."""
        self.rows.notices.append(
            {
                "id": new_id(),
                "organization_id": self.organization.id,
                "contact_id": self.contact.id,
                "kind": kind,
                "severity": severity,
                "detail": detail,
                "dedupe_key": dedupe_key,
                "created_at": self.now,
            }
        )
