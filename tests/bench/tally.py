"""What the crowd writes down, and what it tells of it at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.bench.measure import percentile


@dataclass(slots=True)
class Books:
    """What went wrong, from the first turn to the last."""

    lost: int = 0
    refused: int = 0
    wrong: int = 0
    """Replies that were not the expected one."""
    surplus: int = 0
    """Replies that nobody waited for."""


@dataclass(slots=True)
class Window:
    """What was measured of turns that ended, and calls that were answered, within the window; seconds."""

    turns: int = 0
    acks: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


def report(window: Window, used: Mapping[str, float], took: float) -> dict[str, Any]:
    """Latencies in ms, CPU in ms a turn and as a share of one core."""
    turns = max(window.turns, 1)
    return {
        "turns_per_second": round(window.turns / took, 1),
        "calls_per_second": round(len(window.acks) / took, 1),
        "ack_ms": [round(percentile(window.acks, share) * 1000, 1) for share in (0.5, 0.99)],
        "whole_ms": [round(percentile(window.whole, share) * 1000, 1) for share in (0.5, 0.99)],
        "cpu_ms_per_turn": {name: round(seconds * 1000 / turns, 3) for name, seconds in used.items()},
        "busy": {name: round(seconds / took, 2) for name, seconds in used.items()},
    }
