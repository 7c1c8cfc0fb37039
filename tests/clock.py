"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
"""A Monday, ten in the morning in São Paulo."""


class FrozenClock:
    """A `handlers.ports.Clock` for tests."""

    def __init__(self, start: datetime = START) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be aware")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def forward(self, span: timedelta) -> datetime:
        """Move on and return the new instant. Time does not go back."""
        if span < timedelta(0):
            raise ValueError("time does not go back")
        self._now += span
        return self._now
