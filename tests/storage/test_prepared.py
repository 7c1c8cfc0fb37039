"""Statements go by the drivers themselves: the values are the right ones however often and however differently used."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Row, bindparam, func, literal_column, or_, select, text, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError

from handlers.facts import Organization
from storage.base import new_id
from storage.prepared import LENGTHS, Shelf
from storage.tables.contacts import contacts
from storage.tables.queues import events, leases, staff_notices
from storage.unit_of_work import Database, Tx, UnevenRows, among, make_engine
from storage.wire import NotCommitted
from tests import factories
from tests.clock import START

NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(make_engine(database_url, pool_size=2))
    await database.run(lambda tx: tx.add(leases, [lease(name) for name in NAMES]), org=None)
    yield database
    await database.close()


@pytest.fixture
async def shop(database: Database) -> Organization:
    return await factories.organization(database)


def lease(name: str, **values: Any) -> dict[str, Any]:
    return {"name": name, "owner": "", "until": START, **values}


def notice(key: str, **detail: Any) -> dict[str, Any]:
    return {"kind": "k", "severity": "info", "detail": detail, "dedupe_key": key, "created_at": START}


async def names(database: Database, statement: Any, **values: Any) -> list[str]:
    return [row.name for row in await database.run(lambda tx: tx.all(statement, **values), org=None)]


_named = select(leases.c.name).where(leases.c.name.in_(bindparam("these", expanding=True))).order_by(leases.c.name)


async def test_a_statement_that_is_kept_takes_lists_of_any_length(database: Database) -> None:
    for size in (3, 1, 5, 0, 2, 3):
        assert await names(database, _named, these=list(NAMES[:size])) == list(NAMES[:size])
    assert await names(database, _named, these=among(NAMES[:3])) == ["a", "b", "c"]


_twice = select(leases.c.name).where(
    leases.c.name.in_(bindparam("these", expanding=True)),
    or_(leases.c.owner == bindparam("owner"), leases.c.name.in_(bindparam("those", expanding=True))),
    leases.c.name.in_(bindparam("these", expanding=True)),
    leases.c.until == START,
)


async def test_lists_and_values_stand_where_they_belong(database: Database) -> None:
    await database.run(lambda tx: tx.run(update(leases).where(leases.c.name == "a").values(owner="me")), org=None)
    for those, found in ((["b", "c"], ["a", "b"]), ([], ["a"]), (["d"], ["a"])):
        assert sorted(await names(database, _twice, these=["a", "b"], owner="me", those=those)) == found


async def test_the_sql_of_many_lengths_is_not_kept_for_good(database: Database) -> None:
    for size in range(LENGTHS + 3):
        assert await names(database, _named, these=["a"] * size) == ["a"] * (size > 0)
    assert len(database._shelf.held(_named, False)._texts) == 3


async def test_a_statement_made_anew_takes_its_own_values(database: Database) -> None:
    """Statements of one structure share what was compiled, and never a value."""
    for wanted in ("a", "b", "a", "zzz"):
        alone = select(leases.c.name).where(leases.c.name == wanted)
        assert await names(database, alone) == [wanted] * (wanted in NAMES)
    for many in (["a"], ["b", "c"], [], ["d"]):
        assert await names(database, select(leases.c.name).where(leases.c.name.in_(many))) == many
    for most in (2, 4):
        assert await names(database, select(leases.c.name).order_by(leases.c.name).limit(most)) == list(NAMES[:most])
    for owner in ("one", "two"):
        changed = update(leases).where(or_(leases.c.name == "a", leases.c.name == "b")).values(owner=owner)
        assert await database.run(lambda tx, it=changed: tx.run(it), org=None) == 2  # type: ignore[misc]
        assert await names(database, select(leases.c.name).where(leases.c.owner == owner)) == ["a", "b"]


async def test_values_of_selects_within_selects_are_not_mixed_up(database: Database, shop: Organization) -> None:
    """Limiting them to an organisation copies their values under other names."""
    for name in ("Ana", "Bia"):
        await factories.contact(database, shop, profile_name=name)

    async def found(name: str) -> list[str | None]:
        inner = select(contacts.c.id).where(contacts.c.profile_name == name)
        statement = select(contacts.c.profile_name).where(contacts.c.id.in_(inner))
        return [row.profile_name for row in await database.run(lambda tx: tx.all(statement), org=shop.id)]

    assert [await found(name) for name in ("Ana", "Bia", "Ana", "Eva")] == [["Ana"], ["Bia"], ["Ana"], []]


@pytest.mark.parametrize("beside", [False, True])
def test_a_copy_of_a_value_is_never_kept(monkeypatch: pytest.MonkeyPatch, beside: bool) -> None:
    """Whatever limiting a statement does to it: two of one structure have a value each."""

    def copied(statement: Any) -> Any:
        again = leases.c.name == statement.whereclause.right.value
        return statement.where(again) if beside else select(leases.c.name).where(again)

    monkeypatch.setattr("storage.prepared.within", copied)
    shelf = Shelf(sqlite.dialect(paramstyle="qmark"))
    for name in ("a", "b"):
        prepared, own = shelf.known(select(leases.c.name).where(leases.c.name == name), scoped=True)
        assert set(prepared.one({}, own)[1]) == {name}


async def test_a_limit_is_compiled_once(database: Database) -> None:
    for most in (1, 2):
        await names(database, select(leases.c.name).order_by(leases.c.name).limit(most))
    assert len([key for key in database._shelf._known if "LIMIT" in str(database._shelf._known[key]._compiled)]) == 1


async def test_many_rows_keep_what_the_statement_always_says(database: Database) -> None:
    always = update(leases).where(leases.c.name == bindparam("b_name")).values(owner="same", until=bindparam("b_until"))
    later = START + timedelta(hours=1)
    rows = [{"b_name": name, "b_until": later} for name in NAMES[:3]]
    await database.run(lambda tx: tx.run_many(always, rows), org=None)
    found = await database.run(lambda tx: tx.all(select(leases).where(leases.c.owner == "same")), org=None)
    assert [(row.name, row.until) for row in sorted(found)] == [(name, later) for name in NAMES[:3]]


async def test_rows_keep_their_order(database: Database, shop: Organization) -> None:
    """Letters are carried through, and messages leave, by the numbers that they are given here."""
    letter = {"source": "whatsapp", "kind": "message", "payload": {}, "occurred_at": START, "received_at": START}
    wanted = [str(number) for number in (5, 3, 9, 1, 7)]
    rows = [{**letter, "external_id": one} for one in wanted]
    key = ["organization_id", "source", "external_id"]
    await database.run(lambda tx: tx.add(events, rows[:2]), org=shop.id)
    assert len(await database.run(lambda tx: tx.add_new(events, rows, key), org=shop.id)) == 3
    found = await database.run(lambda tx: tx.all(select(events.c.external_id).order_by(events.c.id)), org=shop.id)
    assert [row.external_id for row in found] == wanted


async def test_many_rows_are_one_statement_of_postgresql(postgresql_url: str) -> None:
    database = Database(make_engine(postgresql_url))
    told: list[str] = []
    database.tap = told.append
    await database.run(lambda tx: tx.add_new(leases, [lease(name) for name in NAMES], ["name"], "name"), org=None)
    rename = update(leases).where(leases.c.name == bindparam("b_name")).values(owner=bindparam("b_owner"))
    rows = [{"b_name": name, "b_owner": name.upper()} for name in NAMES]
    await database.run(lambda tx: tx.run_many(rename, rows), org=None)
    assert [line.split()[0].rstrip(";") for line in told] == ["BEGIN", "INSERT", "COMMIT", "BEGIN", "UPDATE", "COMMIT"]
    owners = await database.run(lambda tx: tx.all(select(leases.c.name, leases.c.owner)), org=None)
    assert {row.name: row.owner for row in owners} == {name: name.upper() for name in NAMES}
    await database.close()


async def test_a_text_that_is_too_long_is_refused_and_never_cut(postgresql_url: str) -> None:
    database = Database(make_engine(postgresql_url))
    with pytest.raises(DBAPIError):
        await database.run(lambda tx: tx.add(leases, lease("x" * 61)), org=None)
    await database.run(lambda tx: tx.add(leases, lease("a")), org=None)
    rename = update(leases).where(leases.c.name == bindparam("b_name")).values(owner=bindparam("b_owner"))
    with pytest.raises(DBAPIError):
        await database.run(lambda tx: tx.run_many(rename, [{"b_name": "a", "b_owner": "y" * 61}]), org=None)
    await database.close()


async def test_a_key_is_made_where_none_is_given(database: Database, shop: Organization) -> None:
    rows = [notice(str(number)) for number in range(3)]
    await database.run(lambda tx: tx.add(staff_notices, rows), org=shop.id)
    given = notice("3") | {"id": new_id()}
    await database.run(lambda tx: tx.add(staff_notices, given), org=shop.id)
    found = await database.run(lambda tx: tx.all(select(staff_notices.c.id)), org=None)
    assert len({row.id for row in found}) == 4
    assert given["id"] in {row.id for row in found}


async def test_what_was_new_is_told(database: Database, shop: Organization) -> None:
    async def add(*keys: str) -> list[Any]:
        rows = [notice(key) for key in keys]
        key = ["organization_id", "dedupe_key"]
        return await database.run(lambda tx: tx.add_new(staff_notices, rows, key, "dedupe_key"), org=shop.id)

    assert await add("1", "2") == ["1", "2"]
    assert await add("2", "3", "3") == ["3"]
    assert await add() == []


async def test_types_go_in_and_come_out(database: Database, shop: Organization) -> None:
    local = datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=-3)))
    row = notice("1", text="açaí ✓", number=7, nothing=None) | {"created_at": local}
    await database.run(lambda tx: tx.add(staff_notices, row), org=shop.id)
    (found,) = await database.run(lambda tx: tx.all(select(staff_notices)), org=shop.id)
    assert isinstance(found, Row)
    assert (found.detail, found.resolved_at) == ({"text": "açaí ✓", "number": 7, "nothing": None}, None)
    assert found.created_at == local
    assert found.created_at.tzinfo is UTC
    assert found.organization_id == shop.id
    assert isinstance(found.organization_id, uuid.UUID)
    assert (found[0], found._mapping["kind"], found._asdict()["kind"]) == (found.id, "k", "k")


async def test_plain_text_and_counts(database: Database) -> None:
    counted = select(func.count()).select_from(leases)
    assert await database.run(lambda tx: tx.scalar(counted), org=None) == len(NAMES)
    assert await database.run(lambda tx: tx.scalar(text("select 1")), org=None) == 1
    nobody = select(leases).where(leases.c.name == "zzz")
    assert await database.run(lambda tx: tx.first(nobody), org=None) is None
    assert await database.run(lambda tx: tx.scalar(nobody), org=None) is None


async def test_a_value_that_was_forgotten_is_said(database: Database) -> None:
    with pytest.raises(KeyError, match="no value for these"):
        await names(database, _named, those=[])


async def test_rows_of_one_insert_name_the_same_columns(database: Database, shop: Organization) -> None:
    """SQLAlchemy takes the first row's columns for all: what others say beside them would be lost without a word."""
    rows = [notice("a"), {**notice("b"), "contact_id": new_id()}]
    for way in (Tx.add, lambda tx, table, rows: tx.add_new(table, rows, ("organization_id", "dedupe_key"))):
        with pytest.raises(UnevenRows, match="staff_notices"):
            await database.run(lambda tx, way=way: way(tx, staff_notices, rows), org=shop.id)  # type: ignore[misc]


async def test_an_error_names_its_kind_and_no_row(database: Database) -> None:
    with pytest.raises(IntegrityError) as told:
        await database.run(lambda tx: tx.add(leases, lease("a", owner="123.456.789-09")), org=None)
    assert "123.456.789-09" not in str(told.value)
    assert "(a)" not in str(told.value), "PostgreSQL tells the key that is there already"
    with pytest.raises(DBAPIError) as refused:
        await database.run(lambda tx: tx.all(select(literal_column("no_such_column")).select_from(leases)), org=None)
    assert not refused.value.connection_invalidated
    assert await names(database, _named, these=["a"]) == ["a"], "the connection went back clean"


async def test_a_failure_that_was_passed_over_is_no_commit(postgresql_url: str) -> None:
    """PostgreSQL answers COMMIT with a rollback then, and without an error."""
    database = Database(make_engine(postgresql_url))
    told: list[str] = []

    async def work(tx: Tx) -> None:
        tx.after_commit.append(lambda: told.append("committed"))
        await tx.add(leases, lease("a"))
        with pytest.raises(IntegrityError):
            await tx.add(leases, lease("a"))

    with pytest.raises(NotCommitted):
        await database.run(work, org=None)
    assert told == []
    assert await names(database, _named, these=["a"]) == []
    await database.close()


async def test_what_is_taken_back_alone(database: Database) -> None:
    async def alone(tx: Tx, *those: str) -> None:
        async with tx.savepoint():
            for name in those:
                await tx.add(leases, lease(name))

    async def work(tx: Tx) -> None:
        await tx.add(leases, lease("before"))
        with pytest.raises(IntegrityError):
            await alone(tx, "inside", "a")
        await alone(tx, "after")

    await database.run(work, org=None)
    assert await names(database, _named, these=["before", "inside", "after"]) == ["after", "before"]


async def test_who_counts_statements_is_told_of_each(database: Database) -> None:
    told: list[str] = []
    database.tap = told.append
    await names(database, _named, these=["a"])
    assert [line.split()[0].rstrip(";") for line in told] == ["BEGIN", "SELECT", "COMMIT"]
