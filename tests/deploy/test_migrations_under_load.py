"""Migrations beside traffic: whoever migrates waits for the others, never the others for whoever migrates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from storage import migrate
from storage.unit_of_work import make_engine
from tests.bot.processes import until
from tests.deploy.test_rolling import back_to_this_schema
from tests.deploy.versions import COLUMNS, CONTRACTION, INDEX, migrations_with

WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass"


@pytest.fixture
async def url(postgresql_url: str) -> AsyncIterator[str]:
    yield postgresql_url
    await back_to_this_schema(postgresql_url)


@pytest.fixture
async def database(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    yield connection
    await connection.close()


async def revision(url: str) -> str | None:
    engine = make_engine(url)
    found = await migrate.current(engine)
    await engine.dispose()
    return found


async def test_it_steps_back_from_a_table_that_is_in_use(
    url: str, database: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "FOLDER", migrations_with(tmp_path, COLUMNS, INDEX))
    monkeypatch.setattr(migrate, "PAUSES", (0.1,) * 100)
    other = await asyncpg.connect(url.replace("+asyncpg", ""))
    async with database.transaction():
        await database.execute("SELECT count(*) FROM events")
        migrating = asyncio.create_task(migrate.upgrade(url))
        await until(lambda: other.fetchval(WAITS), "a migration that waits")
        # Stuck behind it, but not for longer than its patience lasts.
        await other.execute("SET statement_timeout = '20s'")
        assert await other.fetchval("SELECT count(*) FROM events") == 0
        assert not migrating.done()
    await migrating
    await other.close()
    assert await revision(url) == "9002"
    assert await database.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_events_made_up'::regclass")


async def test_it_gives_up_after_so_many_tries_and_leaves_nothing(
    url: str, database: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = migrate.head()
    monkeypatch.setattr(migrate, "FOLDER", migrations_with(tmp_path, COLUMNS))
    monkeypatch.setattr(migrate, "PAUSES", (0.1,))
    async with database.transaction():
        await database.execute("SELECT count(*) FROM outbox")
        with pytest.raises(DBAPIError, match="lock timeout"):
            await migrate.upgrade(url)
    assert await revision(url) == ours
    assert await database.fetchval("SELECT to_regclass('made_up')") is None


async def test_an_index_is_built_while_another_migrator_waits(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migrator that waited with an open statement would be waited for by the index, for ever."""
    monkeypatch.setattr(migrate, "FOLDER", migrations_with(tmp_path, COLUMNS, INDEX))
    await asyncio.gather(*(migrate.upgrade(url) for _ in range(3)))
    assert await revision(url) == "9002"


async def test_a_newer_database_is_left_alone_until_it_leaves_us_behind(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, ours = make_engine(url), migrate.head()
    with monkeypatch.context() as newer:
        newer.setattr(migrate, "FOLDER", migrations_with(tmp_path, COLUMNS))
        await migrate.upgrade(url)
    await migrate.upgrade(url)
    assert (await migrate.problem(engine), await migrate.current(engine)) == (None, "9001")
    (tmp_path / "later").mkdir()
    with monkeypatch.context() as newer:
        newer.setattr(migrate, "FOLDER", migrations_with(tmp_path / "later", COLUMNS, CONTRACTION))
        assert "run `balcao migrate` first" in str(await migrate.problem(engine))
        await migrate.upgrade(url)
    with pytest.raises(migrate.WrongSchema, match=rf"at schema 9002, which leaves this version \({ours}\) behind"):
        await migrate.upgrade(url)
    await engine.dispose()
