"""However much waits, a claim reads no more of it than it takes: else who catches up after an outage would be the
slower the more there is.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import clockwork, deliveries, mailboxes
from storage.base import new_id
from storage.tables.contacts import contacts, conversations
from storage.tables.queues import events, outbox
from storage.unit_of_work import Database, Tx, make_engine
from tests import factories
from tests.clock import START
from tests.databases import execute

LONG, FEW, PEOPLE = 20_000, 800, 400
READ = 1_100
"""Rows that a claim may look at: it takes people from the oldest thousand letters."""

Claim = Callable[[Tx], Awaitable[Any]]


async def people(tx: Tx) -> int:
    return len(await mailboxes.claim_people(tx, START, 100))


async def letters(tx: Tx) -> int:
    rows = await mailboxes.claim_people(tx, START, 100)
    return len(await mailboxes.mail(tx, [row.contact_id for row in rows], 20))


async def messages(tx: Tx) -> int:
    until = START + timedelta(minutes=1)
    return len(await deliveries.claim(tx, now=START, until=until, by="me", most=100))


async def fill(database: Database, many: int = LONG) -> None:
    org = (await factories.organization(database)).id
    ids = [new_id() for _ in range(PEOPLE)]
    await database.run(lambda tx: _fill(tx, ids, many), org=org)


async def _fill(tx: Tx, ids: list[uuid.UUID], many: int) -> None:
    talk = {"dialogue": "menu", "state": "choosing", "draft": {}, "stack": [], "history": [], "entered_at": START}
    await tx.add(contacts, [{"id": one, "phone_number_id": "1", "created_at": START} for one in ids])
    await tx.add(conversations, [{"contact_id": one, "updated_at": START, **talk} for one in ids])
    letter = {"source": "whatsapp", "kind": "message", "payload": {}, "occurred_at": START, "received_at": START}
    mail = [{"contact_id": ids[n % PEOPLE], "external_id": str(n), **letter} for n in range(many)]
    await tx.add(events, [{**one, "status": "done"} for one in mail[: many // 2]])
    await tx.add(events, mail[many // 2 :])
    errand = {"kind": "whatsapp.message", "payload": {"number": "1"}, "due_at": START, "created_at": START}
    await tx.add(outbox, [{"lane": f"person:{n}", **errand} for n in range(many)])


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def limited(plain: AsyncEngine, postgresql_url: str) -> Database:
    """As the application runs: for a role that row security holds for, whose conditions spoil every estimate."""
    await fill(Database(plain))
    await execute(postgresql_url, "analyze")  # As autovacuum does after a minute.
    return Database(plain)


@pytest.fixture
async def surprised(plain: AsyncEngine, postgresql_url: str) -> Database:
    """The same, when PostgreSQL last looked in a quiet moment: queues are full and empty within seconds."""
    await fill(Database(plain), FEW)
    await execute(postgresql_url, "delete from outbox", "update events set status = 'done'", "analyze")
    await fill(Database(plain), FEW)
    return Database(plain)


@pytest.mark.parametrize(("claim", "taken"), [(people, 100), (messages, 100)])
async def test_postgresql_stops_reading(
    limited: Database, claim: Claim, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sql, plan in await explained(limited, claim, taken, monkeypatch):
        read = [(step["Relation Name"], looked_at(step)) for step in readers(plan)]
        assert max(rows for _, rows in read) <= READ, (sql, read)


@pytest.mark.parametrize(("claim", "taken"), [(people, 100), (letters, 100), (messages, 100)])
async def test_postgresql_looks_for_what_is_due_once(
    surprised: Database, claim: Claim, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it expects nothing it may look anew for every row it comes across: a claim of a hundred took 0.25 s."""
    for sql, plan in await explained(surprised, claim, taken, monkeypatch):
        limits = [step["Actual Loops"] for step in steps(plan) if step["Node Type"] == "Limit"]
        assert set(limits) <= {1}, sql
        assert max(compared(step) for step in steps(plan)) <= READ, sql


async def explained(
    database: Database, claim: Claim, taken: int, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, Any]]:
    """The statements of a claim, with their plans as they were carried out."""
    asked: list[tuple[str, Any]] = []
    fetch = asyncpg.Connection.fetch

    async def explaining(self: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith(("SELECT", "UPDATE", "WITH")):
            [(plan,)] = await fetch(self, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
            asked.append((sql, plan[0]["Plan"]))
        return await fetch(self, sql, *arguments)

    assert await database.run(claim, org=None) == taken
    monkeypatch.setattr(asyncpg.Connection, "fetch", explaining)
    await database.run(claim, org=None)
    assert asked
    return asked


def readers(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Steps that read a table."""
    return [step for step in steps(plan) if "Relation Name" in step and step["Node Type"] != "ModifyTable"]


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from steps(inner)


def looked_at(step: dict[str, Any]) -> int:
    rows: int = (step["Actual Rows"] + step.get("Rows Removed by Filter", 0)) * step["Actual Loops"]
    return rows


def compared(step: dict[str, Any]) -> int:
    """Rows that a step went through in vain: those of everything with those of everything else, where no index leads
    from one to the other."""
    vain: int = step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Join Filter", 0)
    return vain * int(step["Actual Loops"])


# --- SQLite -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("claim", "sorted_once"), [(people, 1), (messages, 0)])
async def test_sqlite_sorts_nothing_that_waits(sqlite_url: str, claim: Claim, sorted_once: int) -> None:
    """Of the people found, that is all: their letters come in the order of an index."""
    [plan] = await plans(sqlite_url, claim)
    assert sum("TEMP B-TREE FOR ORDER BY" in step for step in plan) == sorted_once, plan


async def test_sqlite_counts_what_waits_and_not_what_is_done(sqlite_url: str) -> None:
    """Every fifteen seconds, in every process."""
    found = [step for plan in await plans(sqlite_url, lambda tx: clockwork.depths(tx, START)) for step in plan]
    assert found
    assert [step for step in found if step in ("SCAN events", "SCAN conversations")] == []


async def plans(url: str, work: Claim) -> list[list[str]]:
    """The steps of every statement."""
    database = Database(make_engine(url))
    statements: list[str] = []
    database.tap = statements.append
    await database.run(work, org=None)
    await database.close()
    with sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///")) as connection:
        found = [
            [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {one}", [None] * one.count("?"))]
            for one in statements
            if one.startswith(("SELECT", "UPDATE", "WITH"))
        ]
    connection.close()
    return found
