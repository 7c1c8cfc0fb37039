"""A clock that can be moved forward while everything runs: the demo's time, for the application and the fakes alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Listener = Callable[[], None]


class MovableClock:
    """Real time plus an offset that only grows. Who waits for a moment hears of every jump."""

    def __init__(self, real: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._real = real
        self._offset = timedelta()
        self._listeners: list[Listener] = []

    @property
    def offset(self) -> timedelta:
        """How far ahead of real time it is."""
        return self._offset

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        return self._real() + self._offset

    def forward(self, span: timedelta) -> datetime:
        """Jump ahead and tell every listener; the new instant. ValueError below zero: time never goes back."""
        if span < timedelta():
            raise ValueError("time does not go back")
        self._offset += span
        for listener in tuple(self._listeners):
            listener()
        return self.now()

    def subscribe(self, listener: Listener) -> Listener:
        """Call `listener` after every jump, until the function that is returned is called."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe
