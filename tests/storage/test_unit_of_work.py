"""One transaction at a time, whole or not at all, and of one organisation."""

from __future__ import annotations

import asyncio
import random
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, exists, func, or_, select, update

from handlers.facts import Organization
from storage.scope import Unscoped
from storage.tables.contacts import contacts, conversations
from storage.tables.queues import leases, staff_notices
from storage.unit_of_work import Database, Tx, WrongOrganization, make_engine
from tests import factories
from tests.clock import START

LEASE = {"name": "n", "owner": "0", "until": START}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(make_engine(database_url, pool_size=3))
    yield database
    await database.close()


async def add_lease(tx: Tx, name: str = "n") -> None:
    await tx.add(leases, {**LEASE, "name": name})


async def count(database: Database) -> int:
    return int(await database.run(lambda tx: tx.scalar(select(func.count()).select_from(leases)), org=None))


async def test_an_error_takes_everything_back(database: Database) -> None:
    async def work(tx: Tx) -> None:
        await add_lease(tx)
        raise LookupError("no")

    with pytest.raises(LookupError):
        await database.run(work, org=None)
    assert await count(database) == 0


async def test_hooks_run_after_the_commit_only(database: Database) -> None:
    called: list[str] = []

    async def work(tx: Tx, fail: bool) -> None:
        await add_lease(tx)
        tx.after_commit.append(lambda: called.append("done"))
        inner = await tx.within(uuid.uuid4())
        inner.after_commit.append(lambda: called.append("inner"))
        await tx.without()
        assert called == []
        if fail:
            raise LookupError

    with pytest.raises(LookupError):
        await database.run(lambda tx: work(tx, True), org=None)
    assert called == []
    await database.run(lambda tx: work(tx, False), org=None)
    assert called == ["done", "inner"]


async def test_a_cancelled_caller_leaves_the_work_to_its_end(database: Database) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(tx: Tx) -> None:
        await add_lease(tx)
        begun.set()
        await go_on.wait()

    caller = asyncio.create_task(database.run(work, org=None))
    await begun.wait()
    for _ in range(3):
        caller.cancel()
        await asyncio.sleep(0)
        assert not caller.done(), "however often it is cancelled"
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await count(database) == 1


async def test_300_random_cancellations_leave_no_transaction_open(database: Database) -> None:
    chance = random.Random(7)

    async def work(tx: Tx, number: int) -> None:
        await add_lease(tx, str(number))
        if number % 3 == 0:
            raise LookupError
        await tx.all(select(leases.c.name).limit(1))

    async def call(number: int) -> None:
        await database.run(lambda tx: work(tx, number), org=None)

    for start in range(0, 300, 20):
        callers = [asyncio.create_task(call(number)) for number in range(start, start + 20)]
        for caller in callers:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
    async with asyncio.timeout(5):
        await database.run(lambda tx: add_lease(tx, "after"), org=None)
    assert await count(database) > 1


ADD_ONE = """
import asyncio, sys
from sqlalchemy import select, update
from storage.tables.queues import leases
from storage.unit_of_work import Database, make_engine

async def work(tx):
    held = int(await tx.scalar(select(leases.c.owner)))
    await tx.run(update(leases).values(owner=str(held + 1)))

async def main():
    database = Database(make_engine(sys.argv[1]))
    for _ in range(25):
        await database.run(work, org=None)
    await database.close()

asyncio.run(main())
"""


async def test_several_processes_lose_no_update_on_sqlite(sqlite_url: str) -> None:
    database = Database(make_engine(sqlite_url))
    await database.run(add_lease, org=None)
    children = [await asyncio.create_subprocess_exec(sys.executable, "-c", ADD_ONE, sqlite_url) for _ in range(2)]
    assert [await child.wait() for child in children] == [0, 0]
    assert await database.run(lambda tx: tx.scalar(select(leases.c.owner)), org=None) == "50"
    await database.close()


# --- Tenancy ----------------------------------------------------------------------------------------------------------


class Two:
    """Two organisations, with one and two people."""

    def __init__(self, database: Database, mine: Organization, theirs: Organization) -> None:
        self.database, self.mine, self.theirs = database, mine, theirs

    async def read(self, statement: Any) -> int:
        return len(await self.database.run(lambda tx: tx.all(statement), org=self.mine.id))

    async def change(self, statement: Any) -> int:
        return await self.database.run(lambda tx: tx.run(statement), org=self.mine.id)


@pytest.fixture
async def two(database: Database) -> Two:
    mine, theirs = [await factories.organization(database) for _ in range(2)]
    for owner in (mine, theirs, theirs):
        person = await factories.contact(database, owner)
        if owner is theirs:
            talk = {"contact_id": person.id, "dialogue": "menu", "state": "x", "draft": {}, "stack": [], "history": [],
                    "entered_at": START, "updated_at": START}  # fmt: skip
            await database.run(lambda tx, talk=talk: tx.add(conversations, talk), org=owner.id)  # type: ignore[misc]
    return Two(database, mine, theirs)


_other = contacts.alias("other")
_apart = conversations.c.contact_id != contacts.c.id
_same = conversations.c.contact_id == contacts.c.id
READS = {
    "columns": (select(contacts.c.id), 1),
    "a table": (select(contacts), 1),
    "select_from": (select(func.count().label("n"), contacts.c.id).select_from(contacts).group_by(contacts.c.id), 1),
    "only a condition": (select(func.count()).where(contacts.c.id.is_not(None)).having(func.count() > 1), 0),
    "an alias": (select(_other.c.id), 1),
    "two tables by a condition": (select(contacts.c.id).where(_apart), 0),
    "select_from and another table's condition": (
        select(contacts.c.id).select_from(contacts).where(_apart), 0,
    ),
    "select_from and another table's column": (
        select(contacts.c.id, conversations.c.state).select_from(contacts).where(_apart), 0,
    ),
    "a join": (select(contacts.c.id).join(_other, _other.c.phone_number_id == contacts.c.phone_number_id), 1),
    "an outer join": (select(contacts.c.id).select_from(contacts.outerjoin(conversations, _same)), 1),
    "exists": (select(contacts.c.id).where(~exists().where(conversations.c.state == "x")), 1),
    "in": (select(contacts.c.id).where(contacts.c.phone_number_id.in_(select(_other.c.phone_number_id))), 1),
    "or": (select(contacts.c.id).where(or_(contacts.c.id.is_not(None), exists().where(_same))), 1),
    "a subquery": (select(select(contacts.c.id, contacts.c.organization_id).subquery()), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
async def test_reading_stays_within(two: Two, name: str) -> None:
    statement, rows = READS[name]
    assert await two.read(statement) == rows


async def test_what_cannot_be_limited_is_refused(two: Two) -> None:
    blind = select(contacts.c.id).subquery()
    hidden = select(select(func.count()).select_from(contacts).scalar_subquery())
    for statement in (select(blind.c.id), hidden):
        with pytest.raises(Unscoped):
            await two.read(statement)


async def test_changing_stays_within(two: Two) -> None:
    assert await two.change(update(contacts).values(wa_id="1")) == 1
    assert await two.change(update(contacts).where(_same).values(wa_id="2")) == 0, "their talk, our person"
    chosen = select(_other.c.id).order_by(_other.c.id).limit(5)
    assert await two.change(delete(contacts).where(contacts.c.id.in_(chosen))) == 1
    left = await two.database.run(lambda tx: tx.all(select(contacts.c.wa_id)), org=None)
    assert len(left) == 2
    assert "1" not in {row.wa_id for row in left}


async def test_many_changes_at_once_stay_within(two: Two) -> None:
    everybody = await two.database.run(lambda tx: tx.all(select(contacts.c.id)), org=None)
    rename = update(contacts).where(contacts.c.id == bindparam("b_id")).values(wa_id=bindparam("b_wa_id"))
    rows = [{"b_id": row.id, "b_wa_id": "7"} for row in everybody]
    await two.database.run(lambda tx: tx.run_many(rename, rows), org=two.mine.id)
    after = await two.database.run(lambda tx: tx.all(select(contacts.c.wa_id)), org=None)
    assert [row.wa_id for row in after].count("7") == 1


async def test_writing_for_another_organization_is_refused(two: Two) -> None:
    notice = {"id": uuid.uuid4(), "kind": "k", "severity": "info", "detail": {}, "dedupe_key": "1", "created_at": START}
    foreign = {**notice, "organization_id": two.theirs.id}
    key = ["organization_id", "dedupe_key"]
    for work in (
        lambda tx: tx.add(staff_notices, foreign),
        lambda tx: tx.add_new(staff_notices, [foreign], key),
        lambda tx: tx.put(staff_notices, [foreign], key, ["kind"]),
    ):
        with pytest.raises(WrongOrganization, match="staff_notices"):
            await two.database.run(work, org=two.mine.id)
    await two.database.run(lambda tx: tx.add(staff_notices, notice), org=two.mine.id)
    (row,) = await two.database.run(lambda tx: tx.all(select(staff_notices)), org=None)
    assert row.organization_id == two.mine.id


async def test_one_transaction_looks_at_one_after_the_other(two: Two) -> None:
    people = select(func.count()).select_from(contacts)

    async def work(tx: Tx) -> list[int]:
        seen = [await (await tx.within(org.id)).scalar(people) for org in (two.mine, two.theirs, two.mine)]
        await tx.without()
        return [*seen, await tx.scalar(people)]

    assert await two.database.run(work, org=None) == [1, 2, 1, 3]


async def test_new_rows_only_and_overwriting(database: Database) -> None:
    rows = [{**LEASE, "name": str(number)} for number in range(1200)]

    async def work(tx: Tx) -> tuple[int, int]:
        first = await tx.add_new(leases, rows[:700], ["name"], returning="name")
        second = await tx.add_new(leases, rows, ["name"], returning="name")
        await tx.put(leases, [{**LEASE, "name": "5", "owner": "new"}], ["name"], ["owner"])
        return len(first), len(second)

    assert await database.run(work, org=None) == (700, 500)
    owner = select(leases.c.owner).where(leases.c.name == "5")
    assert await database.run(lambda tx: tx.scalar(owner), org=None) == "new"
