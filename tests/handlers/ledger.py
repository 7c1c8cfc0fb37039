"""What tests of money look at: rows of this business, the books in short."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from handlers.desk import Outcome
from storage.tables.members import payments, refunds, registration_sessions
from tests.counter import Counter

DUE = 11000
"""Cents of the plan that `Counter.choose` takes."""


def names(outcomes: list[Outcome]) -> list[str]:
    return [outcome.name for outcome in outcomes]


async def rows(ana: Counter, table: Any) -> list[Row[Any]]:
    return list(await ana.run(lambda desk: desk.tx.all(select(table).order_by(table.c.created_at, table.c.id))))


async def status(ana: Counter) -> str:
    return str((await rows(ana, registration_sessions))[-1].status)


async def books(ana: Counter) -> tuple[list[tuple[str, int]], list[int]]:
    """Payments as (outcome, amount), and refunds' amounts."""
    paid = await rows(ana, payments)
    return [(row.outcome, row.amount) for row in paid], [row.amount for row in await rows(ana, refunds)]
