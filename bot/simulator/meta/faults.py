"""What can go wrong at Meta, switched at run time."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """All off by default. Counters go down by one with each request they spoil."""

    slow: float = 0.0
    """Seconds before every answer."""
    down: bool = False
    """Every request is answered 500."""
    throttle_all: bool = False
    throttle_next: int = 0
    """Sends to refuse with 130429."""
    fail_next: list[int] = field(default_factory=list)
    """Error codes for the next sends, one each."""
    by_webhook: frozenset[int] = frozenset()
    """Codes that are told by a failed status after an accepted send, as Meta likes to do, and not in the answer."""
    drop_answers: int = 0
    """Sends that are accepted and whose connection is then cut: ambiguous for the sender."""
    garble_answers: int = 0
    """Sends that are accepted and answered 200 with half a body."""
    duplicate_webhooks: bool = False
    reorder_webhooks: bool = False
    """Webhooks wait for `settle` (or for the courier) and leave in reverse order."""
    lose_statuses: bool = False

    def next_code(self) -> int | None:
        """The code to refuse this send with, if a fault says so."""
        if self.throttle_all:
            return 130429
        if self.throttle_next > 0:
            self.throttle_next -= 1
            return 130429
        return self.fail_next.pop(0) if self.fail_next else None

    def drops_answer(self) -> bool:
        self.drop_answers, spoiled = max(0, self.drop_answers - 1), self.drop_answers > 0
        return spoiled

    def garbles_answer(self) -> bool:
        self.garble_answers, spoiled = max(0, self.garble_answers - 1), self.garble_answers > 0
        return spoiled
