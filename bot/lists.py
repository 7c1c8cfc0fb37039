"""Lists on the terminal: a line each, and at the end how many more there are. Nothing is left out in silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

MOST = 200
"""Lines shown unless more are asked for."""


def listed(rows: Sequence[Any], line: Callable[[Any], str]) -> list[str]:
    """A line for each row; `in_all` of a row says how many there are with those that are not here."""
    total = rows[0].in_all if rows else 0
    more = [f"… and {total - len(rows)} more: --most {total} shows all of them"] if total > len(rows) else []
    return [*map(line, rows), *more]
