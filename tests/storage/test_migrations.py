"""Migrations make the very schema that the tables describe, from any number of processes, all or nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import migrate
from storage.migrations.autogenerate import owner_column
from storage.tables.all import metadata
from storage.unit_of_work import make_engine

_ROOT = Path(__file__).parents[2]

_POSTGRES_SCHEMA = """
select 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' ||
       coalesce(character_maximum_length::text, '') || ' ' || is_nullable || ' ' || coalesce(column_default, '')
from information_schema.columns where table_schema = :schema
union all select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
from pg_constraint where connamespace = cast(:schema as regnamespace) and contype <> 'n'
union all select 'index ' || indexdef from pg_indexes where schemaname = :schema
"""


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(database_url)
    yield engine
    await engine.dispose()


async def test_tables_and_migrations_are_the_same(database_url: str) -> None:
    found = await migrate.differences(database_url)
    assert found == [], "run: python -m storage.migrate revision -m '…'"


async def test_a_difference_is_found(database_url: str, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("alter table leases rename column owner to holder"))
    try:
        assert await migrate.differences(database_url)
    finally:
        async with engine.begin() as connection:
            await connection.execute(text("alter table leases rename column holder to owner"))


async def test_every_constraint_and_default_is_the_same_on_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    """What alembic's comparison passes over: checks, defaults, conditions of indexes."""
    twin = make_engine(f"sqlite+aiosqlite:///{tmp_path}/twin.db")
    async with twin.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await twin.dispose()
    assert _sqlite_schema(tmp_path / "balcao.db") == _sqlite_schema(tmp_path / "twin.db")


def _sqlite_schema(file: Path) -> dict[str, list[str]]:
    with sqlite3.connect(file) as connection:
        rows = connection.execute(
            "select name, sql from sqlite_master where sql is not null and name <> 'alembic_version'"
        ).fetchall()
    connection.close()
    return {name: sorted(line.strip().rstrip(",") for line in sql.splitlines()) for name, sql in rows}


async def test_every_constraint_and_default_is_the_same_on_postgresql(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url)
    async with engine.connect() as connection:
        migrated = await _postgres_schema(connection, "public")
        await connection.execute(text("create schema twin"))
        await connection.execute(text("set local search_path to twin"))
        await connection.run_sync(metadata.create_all, checkfirst=False)
        described = await _postgres_schema(connection, "twin")
        await connection.rollback()
    await engine.dispose()
    assert migrated == described


async def _postgres_schema(connection: AsyncConnection, schema: str) -> Sequence[str]:
    rows = (await connection.execute(text(_POSTGRES_SCHEMA), {"schema": schema})).scalars().all()
    return sorted(row.replace(f"{schema}.", "") for row in rows if "alembic_version" not in row)


async def test_a_fresh_database_is_brought_to_the_head(database_url: str, engine: AsyncEngine) -> None:
    assert await migrate.current(engine) == migrate.head() is not None
    assert await migrate.is_at_head(engine)


async def test_a_database_without_migrations_has_no_revision(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/new.db")
    assert await migrate.current(engine) is None
    assert not await migrate.is_at_head(engine)
    await engine.dispose()


async def test_down_to_nothing_and_up_again(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/again.db"
    await migrate.upgrade(url)
    await migrate.downgrade(url)
    with sqlite3.connect(tmp_path / "again.db") as connection:
        tables = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        names = [name for (name,) in connection.execute(tables)]
    connection.close()
    assert names == ["alembic_version"]
    await migrate.upgrade(url)
    assert await migrate.differences(url) == []


async def test_three_processes_at_once_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/shared.db"
    assert await _upgrade_by_three(url) == [(0, ""), (0, ""), (0, "")]
    assert await migrate.differences(url) == []


async def test_three_processes_at_once_on_postgresql(postgresql_url: str) -> None:
    await migrate.downgrade(postgresql_url)
    assert await _upgrade_by_three(postgresql_url) == [(0, ""), (0, ""), (0, "")]
    assert await migrate.differences(postgresql_url) == []


async def _upgrade_by_three(url: str) -> list[tuple[int | None, str]]:
    code = "import asyncio, sys; from storage import migrate; asyncio.run(migrate.upgrade(sys.argv[1]))"
    runs = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", code, url, cwd=_ROOT, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    said = await asyncio.gather(*(run.communicate() for run in runs))
    return [(run.returncode, errors.decode()[-500:]) for run, (_, errors) in zip(runs, said, strict=True)]


async def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("create table half_made (id int)"))
        raise ZeroDivisionError

    url = f"sqlite+aiosqlite:///{tmp_path}/failing.db"
    with pytest.raises(ZeroDivisionError):
        await migrate._upgrade(url, half)
    with sqlite3.connect(tmp_path / "failing.db") as connection:
        assert connection.execute("select count(*) from sqlite_master").fetchone() == (0,)
    connection.close()


async def test_a_migration_that_breaks_references_is_taken_back(sqlite_url: str) -> None:
    def orphan(connection: Connection) -> None:
        connection.execute(text("insert into membership_counters values ('00000000000000000000000000000001', 1, null)"))
        connection.execute(
            text("insert into channel_numbers (id, organization_id, phone_number_id, business_account_id, created_at)"
                 " values ('1', '2', '3', '4', '2026-01-01')")
        )  # fmt: skip

    engine = migrate._engine(sqlite_url)
    with pytest.raises(migrate.BrokenReferences, match="channel_numbers → organizations"):
        await migrate._in_transaction(engine, orphan)
    async with engine.connect() as connection:
        assert await connection.scalar(text("select count(*) from membership_counters")) == 0
    await engine.dispose()


async def test_every_table_with_an_owner_has_row_security(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url)
    query = (
        "select relname from pg_class join pg_policy on polrelid = pg_class.oid"
        " where relrowsecurity and relforcerowsecurity and polqual is not null and polwithcheck is not null"
    )
    async with engine.connect() as connection:
        secured = set((await connection.execute(text(query))).scalars())
    await engine.dispose()
    assert secured == {table.name for table in metadata.tables.values() if owner_column(table.name, table.columns)}


def test_migrations_that_branch_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    monkeypatch.setattr(migrate, "FOLDER", tmp_path)
    assert migrate.head() is None
    (versions / "0001_a.py").write_text('revision = "0001"\ndown_revision = None\n')
    assert migrate.head() == "0001"
    for name in ("0002", "0003"):
        (versions / f"{name}.py").write_text(f'revision = "{name}"\ndown_revision = "0001"\n')
    with pytest.raises(LookupError, match="0002, 0003"):
        migrate.head()


def test_alembic_is_not_loaded_where_there_is_nothing_to_migrate(sqlite_url: str) -> None:
    code = (
        "import asyncio, sys; from storage import migrate; asyncio.run(migrate.upgrade(sys.argv[1]));"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, sqlite_url], cwd=_ROOT, check=False).returncode == 0


def test_the_command_for_developers(capsys: pytest.CaptureFixture[str]) -> None:
    migrate.main(["check"])
    with pytest.raises(SystemExit):
        migrate.main(["nonsense"])


def test_revision_writes_a_file_with_our_types(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From nothing to everything, in a copy of the migrations' folder."""
    (tmp_path / "versions").mkdir()
    for name in ("env.py", "script.py.mako"):
        (tmp_path / name).write_text((migrate.FOLDER / name).read_text())
    monkeypatch.setattr(migrate, "FOLDER", tmp_path)
    migrate.main(["revision", "-m", "All of it"])
    written = (tmp_path / "versions" / "0001_all_of_it.py").read_text()
    assert 'sa.Column("payload", Json, nullable=True)' in written
    assert 'sa.Column("received_at", UtcDateTime(), nullable=False)' in written
    assert 'secure("organizations", "id")' in written
    assert 'secure("leases")' not in written
