"""Retention: what is old is forgotten. How long what is kept is told in docs/privacy.md."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from storage import retention
from storage.unit_of_work import Tx

KEEP_EVENTS = timedelta(days=14)
"""Closed events are needed to recognise what Meta delivers again: it tries for up to seven days."""
KEEP_PARKED = timedelta(days=14)
"""Time for somebody to put right what made an event fail, and to have it tried again."""
KEEP_HELD = timedelta(days=30)
"""A message that waits for the person to write means nothing any more after a month."""
KEEP_DEAD = timedelta(days=90)
"""Deliveries that were given up can be tried again for as long."""
KEEP_CODES = timedelta(days=30)
"""Long past every limit on codes (a day), for questions about one. A signature's evidence has its own copy."""
KEEP_NOTICES = timedelta(days=365)
"""Lines for staff, from when they were dealt with; those that only tell of the day, from when they were written."""
KEEP_STEPS = timedelta(days=2 * 365)
"""Times of the steps of a talk, for comparing one year with the one before."""
KEEP_WORDING = timedelta(days=365)
"""Text and values of what we said."""
KEEP_MESSAGES = timedelta(days=5 * 365 + 2)
"""That something was said, and what became of it: as long as a claim may be made of it (CDC, art. 27: five years)."""

_RULES: tuple[tuple[Callable[[Tx, datetime], Awaitable[int]], timedelta], ...] = (
    (retention.closed_events, KEEP_EVENTS),
    (retention.parked_events, KEEP_PARKED),
    (retention.passing_documents, timedelta()),
    (retention.held_messages, KEEP_HELD),
    (retention.dead_letters, KEEP_DEAD),
    (retention.codes, KEEP_CODES),
    (retention.uploads, timedelta()),
    (retention.resolved_notices, KEEP_NOTICES),
    (retention.plain_notices, KEEP_NOTICES),
    (retention.steps, KEEP_STEPS),
    (retention.wording, KEEP_WORDING),
    (retention.messages, KEEP_MESSAGES),
)


async def prune(tx: Tx, now: datetime) -> int:
    """Forget what is due by `now`, of each kind one page; returns how many rows were deleted or emptied."""
    return sum([await rule(tx, now - keep) for rule, keep in _RULES])


PAGE = retention.MOST
"""After so many rows or more there may be another page."""
