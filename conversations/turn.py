"""What a turn is made of: the event that came, and the work under way for one person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conversations.conversation import Conversation
from conversations.reply import Reply
from conversations.said import Said
from handlers.desk import Desk, Outcome

HOME = "menu"
FLOOR = "floor"
"""Timer that gives the floor back to the bot, should the person and staff have forgotten it."""
PATIENCE = 3
"""Unclear answers in a row before a person is offered."""

Command = Callable[..., Awaitable[Outcome | None]]
React = Callable[[Desk, str, Mapping[str, Any]], Awaitable[Sequence[Outcome]]]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: `message` (payload as Meta sent it), `timer`, or the name of a business event."""

    kind: str
    payload: Mapping[str, Any]
    external_id: str
    occurred_at: datetime
    version: int | None = None


class Runaway(Exception):
    """A dialogue moved in circles without asking anything."""


@dataclass(slots=True)
class Turn:
    """One event of one person under way."""

    desk: Desk
    conversation: Conversation
    reply: Reply = field(default_factory=Reply)
    said: Said | None = None
    moved: bool = False
    quiet: bool = False
    """Nobody spoke: leave the reminder as it is."""
    arrivals: int = 0
    expires_at: datetime | None = None
    """After which what is said here is not worth sending any more."""
