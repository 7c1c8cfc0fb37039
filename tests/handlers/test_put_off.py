"""Answers that wait to be written together: nobody reads the past, and a batch of people costs few statements."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from storage import registrations
from storage.tables.members import registration_sessions
from storage.unit_of_work import Database, Tx, among
from tests.counter import Counter, counter

COLUMN = registration_sessions.c.current_step


async def test_a_statement_reads_what_was_put_off_before_it(ana: Counter) -> None:
    await ana.did("registrations.begin")

    async def work(desk: Any) -> tuple[Any, Any]:
        draft = await registrations.open_of(desk.tx, desk.contact.id)
        assert draft is not None
        registrations.change(desk.tx, draft.id, current_step="elsewhere")
        return draft.current_step, await desk.tx.scalar(select(COLUMN))

    assert await ana.run(work) == ("begin", "elsewhere")


async def test_what_was_put_off_is_there_after_the_commit(database: Database, ana: Counter) -> None:
    await ana.did("registrations.begin")

    async def work(desk: Any) -> None:
        draft = await registrations.open_of(desk.tx, desk.contact.id)
        assert draft is not None
        registrations.change(desk.tx, draft.id, current_step="later")

    await ana.run(work)
    assert await database.run(lambda tx: tx.scalar(select(COLUMN)), org=ana.organization.id) == "later"


async def test_many_people_are_written_in_one_statement(database: Database, ana: Counter) -> None:
    people = [ana, *[await counter(database, ana.organization) for _ in range(5)]]
    for one in people:
        await one.did("registrations.begin")
    told: list[str] = []

    async def work(tx: Tx) -> None:
        await registrations.meet(tx, [one.contact.id for one in people])
        for one in people:
            draft = await registrations.open_of(tx, one.contact.id)
            assert draft is not None
            registrations.change(tx, draft.id, current_step="name")

    database.tap = lambda statement: told.append(statement.split()[0])
    await database.run(work, org=ana.organization.id)
    assert told.count("UPDATE") == 1
    assert len([one for one in told if one == "SELECT"]) == 1, "the drafts"


def test_lists_come_in_few_lengths() -> None:
    assert {len(among(range(size))) for size in range(1, 101)} == {1, 2, 4, 8, 16, 32, 64, 128}
    assert among([1, 2, 3]) == [1, 2, 3, 3]
    assert among([]) == []
