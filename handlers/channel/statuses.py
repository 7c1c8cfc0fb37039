"""Delivery statuses of what we sent. They move a communication forward only (`advance`), since Meta guarantees no order
and may skip `delivered` when `read` comes at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from handlers.channel.lenient import instant, integer, record, records, string

STATUS_RANK = {"queued": 0, "sent": 1, "delivered": 2, "read": 3, "played": 3}
"""How far a communication is. A voice note that was played was read: both are the same height."""
_MAY_FAIL = frozenset({"queued", "sent"})


class State(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"
    DELETED = "deleted"
    WARNING = "warning"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class NoticeError:
    code: int
    """0 when Meta gave none that can be read."""
    title: str
    details: str
    """`error_data.details`, which Meta says to branch on beside the code."""


@dataclass(frozen=True, slots=True)
class Status:
    message_id: str | None
    status: State
    at: datetime | None
    opaque: str | None
    """Our `biz_opaque_callback_data`: the outbox row."""
    category: str | None
    """What Meta calls it when it charges for it: `service`, `utility`, `marketing`, …"""
    errors: tuple[NoticeError, ...]


def parse_status(payload: dict[str, Any]) -> Status:
    """One of `statuses[]`. A state not known here is `State.OTHER`."""
    payload = record(payload)
    return Status(
        message_id=string(payload.get("id")),
        status=_state(payload.get("status")),
        at=instant(payload.get("timestamp")),
        opaque=string(payload.get("biz_opaque_callback_data")),
        category=string(record(payload.get("pricing")).get("category")),
        errors=read_errors(payload.get("errors")),
    )


def advance(current: str, new: str) -> str | None:
    """What a communication becomes when a status arrives, or None if it stays. `played` is kept as `read`;
    `failed` only befalls what was not delivered, and nothing follows it. `deleted`, `warning` and
    unknown words move nothing."""
    if new == State.FAILED:
        return "failed" if current in _MAY_FAIL else None
    if current not in STATUS_RANK or STATUS_RANK.get(new, -1) <= STATUS_RANK[current]:
        return None
    return "read" if new == State.PLAYED else str(new)


def _state(value: Any) -> State:
    return State(value) if isinstance(value, str) and value in _STATES else State.OTHER


def read_errors(value: Any) -> tuple[NoticeError, ...]:
    return tuple(_error(item) for item in records(value))


def _error(item: dict[str, Any]) -> NoticeError:
    data = item.get("error_data")
    details = string(data.get("details") if isinstance(data, dict) else data, 1024)
    title = string(item.get("title")) or string(item.get("message")) or ""
    return NoticeError(integer(item.get("code")) or 0, title, details or "")


_STATES = frozenset(State)
