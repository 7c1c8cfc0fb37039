"""Two locks on every row: `Tx` filters by organisation, and PostgreSQL's row security beneath it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Table, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import migrate
from storage.base import new_id
from storage.tables.all import metadata
from storage.tables.contacts import contacts
from storage.tables.organizations import organizations
from storage.tables.queues import events, leases
from storage.unit_of_work import NOBODY, Database, Tx, WrongOrganization, make_engine
from tests.databases import execute

NOW = datetime(2026, 11, 23, 13, tzinfo=UTC)
AURORA = uuid.UUID(int=1)
BRISA = uuid.UUID(int=2)
REFUSED = "row-level security"


def _organization(organization_id: uuid.UUID, slug: str) -> dict[str, Any]:
    return {
        "id": organization_id,
        "slug": slug,
        "name": slug.title(),
        "timezone": "America/Sao_Paulo",
        "settings": {},
        "data_key": b"sealed",
        "created_at": NOW,
        "updated_at": NOW,
    }


def _contact(organization_id: uuid.UUID) -> dict[str, Any]:
    return {"id": new_id(), "organization_id": organization_id, "phone_number_id": "1", "created_at": NOW}


async def _fill(tx: Tx) -> None:
    await tx.add(organizations, [_organization(AURORA, "aurora"), _organization(BRISA, "brisa")])
    await tx.add(contacts, [_contact(AURORA), _contact(AURORA), _contact(BRISA)])


async def _count(tx: Tx, table: Table) -> int:
    return int(await tx.scalar(select(func.count()).select_from(table)))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(make_engine(database_url))
    await database.run(_fill, org=None)
    yield database
    await database.close()


@pytest.fixture
async def plain(plain: AsyncEngine) -> AsyncEngine:
    """That of a role that row security holds for, with two organisations to see."""
    await Database(plain).run(_fill, org=None)
    return plain


# --- PostgreSQL's lock: the queries below go round the filters of `Tx` on purpose ------------------------------------


def bare(tx: Tx) -> Tx:
    """The same transaction without the house's own filters."""
    return Tx(tx._wire, tx._shelf, None)


async def test_rows_of_another_organization_are_not_there(plain: AsyncEngine) -> None:
    async def look(tx: Tx) -> tuple[int, int, int]:
        contact_count = await bare(tx).scalar(select(func.count()).select_from(contacts))
        theirs = update(contacts).where(contacts.c.organization_id == BRISA).values(wa_id="5")
        others = await bare(tx).run(theirs)
        owners = await bare(tx).scalar(select(func.count()).select_from(organizations))
        return contact_count or 0, others, owners or 0

    assert await Database(plain).run(look, org=AURORA) == (2, 0, 1)
    assert await Database(plain).run(look, org=BRISA) == (1, 1, 1)


async def test_the_system_sees_everybody(plain: AsyncEngine) -> None:
    assert await Database(plain).run(lambda tx: _count(tx, contacts), org=None) == 3
    assert await Database(plain).run(lambda tx: _count(tx, organizations), org=None) == 2


async def test_nobody_said_nothing_seen(plain: AsyncEngine) -> None:
    """Before anything was set, and after a transaction that had set it (PostgreSQL then gives '', not null)."""
    count = select(func.count()).select_from(contacts)
    async with plain.connect() as connection:
        assert await connection.scalar(count) == 0
        await connection.rollback()
        async with connection.begin():
            await connection.execute(text("select set_config('app.org', '*', true)"))
            assert await connection.scalar(count) == 3
        assert await connection.scalar(count) == 0


async def test_a_row_for_another_organization_is_refused(plain: AsyncEngine) -> None:
    async def smuggle(tx: Tx) -> None:
        await bare(tx).add(contacts, _contact(BRISA))

    async def give_away(tx: Tx) -> None:
        await bare(tx).run(update(contacts).values(organization_id=BRISA))

    async def found(tx: Tx) -> None:
        await bare(tx).add(organizations, _organization(NOBODY, "nova"))

    for work in (smuggle, give_away, found):
        with pytest.raises(DBAPIError, match=REFUSED):
            await Database(plain).run(work, org=AURORA)
    assert await Database(plain).run(lambda tx: _count(tx, contacts), org=BRISA) == 1


async def test_one_transaction_goes_from_person_to_person(plain: AsyncEngine) -> None:
    async def batch(tx: Tx) -> list[int]:
        counts = []
        for org in (AURORA, BRISA):
            await tx.within(org)
            counts.append(await bare(tx).scalar(select(func.count()).select_from(contacts)) or 0)
        await tx.without()
        return [*counts, await _count(tx, contacts)]

    assert await Database(plain).run(batch, org=None) == [2, 1, 3]


async def test_what_belongs_to_nobody_is_everybodys(plain: AsyncEngine) -> None:
    """Leases of the periodic jobs, and events of numbers that are not ours (seen by the system alone)."""
    event = {"organization_id": NOBODY, "source": "meta", "external_id": "1", "kind": "message", "occurred_at": NOW,
             "received_at": NOW}  # fmt: skip
    await Database(plain).run(lambda tx: tx.add(events, event), org=None)
    await Database(plain).run(lambda tx: tx.add(leases, {"name": "job", "owner": "", "until": NOW}), org=AURORA)
    assert await Database(plain).run(lambda tx: _count(tx, leases), org=BRISA) == 1
    assert await Database(plain).run(lambda tx: _count(tx, events), org=AURORA) == 0


# --- The lock of `Tx`: on SQLite, and for a superuser, whom policies do not hold -------------------------------------


async def test_queries_are_filtered(database: Database) -> None:
    assert await database.run(lambda tx: _count(tx, contacts), org=AURORA) == 2
    assert await database.run(lambda tx: _count(tx, contacts), org=BRISA) == 1
    assert await database.run(lambda tx: _count(tx, contacts), org=None) == 3
    assert await database.run(lambda tx: tx.run(update(contacts).values(wa_id="5")), org=BRISA) == 1


async def test_joined_and_aliased_tables_are_filtered(database: Database) -> None:
    other = contacts.alias()
    both = contacts.join(other, contacts.c.phone_number_id == other.c.phone_number_id)
    query = select(func.count()).select_from(both)
    assert await database.run(lambda tx: tx.scalar(query), org=AURORA) == 4


async def test_rows_get_their_organization_and_no_other(database: Database) -> None:
    mine = {name: value for name, value in _contact(AURORA).items() if name != "organization_id"}
    await database.run(lambda tx: tx.add(contacts, mine), org=AURORA)
    assert await database.run(lambda tx: _count(tx, contacts), org=AURORA) == 3
    with pytest.raises(WrongOrganization, match="contacts"):
        await database.run(lambda tx: tx.add(contacts, _contact(BRISA)), org=AURORA)


async def test_every_table_says_whose_its_rows_are() -> None:
    without = {table.name for table in metadata.tables.values() if "organization_id" not in table.c}
    assert without == {"organizations", "leases", "schema_floor"}


# --- how it is written ----------------------------------------------------------------------------------------------

_OLDER = "organization_id::text = current_setting('app.org', true) OR current_setting('app.org', true) = '*'"
_POLICIES = "select tablename, qual, with_check from pg_policies order by tablename"


async def test_policies_of_an_older_wording_are_written_anew(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url)
    async with engine.begin() as connection:
        wanted = (await connection.execute(text(_POLICIES))).all()
        assert {table for table, *_ in wanted} == {table.name for table in metadata.tables.values() if _owned(table)}
        for table, *_ in wanted:
            if table != "organizations":
                older = f"alter policy own_organization on {table} using ({_OLDER}) with check ({_OLDER})"
                await connection.execute(text(older))
        await connection.execute(text("update alembic_version set version_num = '0006'"))
    await migrate.upgrade(postgresql_url)
    async with engine.connect() as connection:
        assert (await connection.execute(text(_POLICIES))).all() == wanted
    await engine.dispose()


def _owned(table: Table) -> bool:
    return table.name == "organizations" or "organization_id" in table.c


async def test_postgresql_expects_the_rows_that_pass(plain: AsyncEngine, postgresql_url: str) -> None:
    """Of a condition it knows nothing of it expects one row in two hundred, and plans for a table that seems empty."""
    many = 400
    await Database(plain).run(lambda tx: tx.add(contacts, [_contact(AURORA) for _ in range(many)]), org=None)
    await execute(postgresql_url, "analyze contacts")
    async with plain.connect() as connection:
        [plan] = (await connection.execute(text("explain (format json) select * from contacts"))).scalar_one()
    assert plan["Plan"]["Plan Rows"] >= many / 2
