"""Bringing a database to the newest schema, safely from any number of processes at once.

Alembic takes 1.6 s to import, so it is loaded only where there is something to migrate. For developers:

    python -m storage.migrate revision -m "what changes"    # writes storage/migrations/versions/….py from the tables
    python -m storage.migrate check                         # fails when tables and migrations differ
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.unit_of_work import make_engine

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")

FOLDER = Path(__file__).with_name("migrations")
_REVISION = re.compile(r"""^(revision|down_revision) = ["']([^"']+)["']$""", re.MULTILINE)
_LOCK = 0x62616C63616F
"""PostgreSQL's advisory lock of whoever migrates ("balcao")."""


_GIVES_WAY = {"55P03", "40P01"}
"""SQLSTATEs after which a migration tries again: it got no lock in time; it and somebody else waited for each other."""
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0)
"""Seconds between its tries, in which those go on who waited behind it."""
NEXT_IN_LINE = 0.2
"""Seconds between looks whether the other migrator is done. Looks and not a lock to wait for: an index that is built
beside the traffic waits for every open statement, that of a waiting migrator too."""


class WrongSchema(Exception):
    """This version of the code cannot work with the database's schema; the words say what to do."""


class BrokenReferences(Exception):
    """A migration on SQLite left rows that refer to rows which are not there; nothing of it was kept."""


def revisions() -> dict[str, str | None]:
    """Every revision this version knows, with the one before it."""
    found = [dict(_REVISION.findall(file.read_text("utf-8"))) for file in (FOLDER / "versions").glob("[!_]*.py")]
    return {names["revision"]: names.get("down_revision") for names in found}


def head(known: Mapping[str, str | None] | None = None) -> str | None:
    """The newest revision there is a migration for."""
    known = revisions() if known is None else known
    newest = set(known) - set(known.values())
    if len(newest) > 1:
        raise LookupError(f"migrations branch: {', '.join(sorted(newest))}")
    return next(iter(newest), None)


async def current(engine: AsyncEngine) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    async with engine.connect() as connection:
        connection = await connection.execution_options(sqlite_begin="DEFERRED")
        if not await connection.run_sync(lambda plain: inspect(plain).has_table("alembic_version")):
            return None
        found: str | None = await connection.scalar(text("select version_num from alembic_version"))
        return found


async def is_at_head(engine: AsyncEngine) -> bool:
    return await current(engine) == head()


async def problem(engine: AsyncEngine, known: Mapping[str, str | None] | None = None) -> str | None:
    """Why this version cannot work with the database as it is, in one line; None if it can.

    A newer schema is no problem while the database says that versions like this one may still work with it. `known` are
    the revisions of when a process was started: a deploy may have changed the files since.
    """
    known = revisions() if known is None else known
    found, newest = await current(engine), head(known)
    if found == newest:
        return None
    if found is None or found in known:
        return f"the database is at schema {found}, this version needs {newest}: run `balcao migrate` first"
    if await _floor(engine) in known:
        return None
    return f"the database is at schema {found}, which leaves this version ({newest}) behind: start a newer one"


async def _floor(engine: AsyncEngine) -> str | None:
    async with engine.connect() as connection:
        connection = await connection.execution_options(sqlite_begin="DEFERRED")
        if not await connection.run_sync(lambda plain: inspect(plain).has_table("schema_floor")):
            return None
        found: str | None = await connection.scalar(text("select revision from schema_floor"))
        return found


async def upgrade(url: str) -> None:
    """Bring the database at `url` (`sqlite+aiosqlite://…` or `postgresql+asyncpg://…`) to the newest schema.

    A migration that fails leaves nothing of itself: on SQLite all of them, on PostgreSQL each by itself, so that no
    table is locked for longer than it takes. Where traffic stands in its way it steps back and tries again. A database
    that is newer is left as it is. WrongSchema if this version cannot work with that one.
    """

    def work(connection: Connection) -> None:
        from alembic import command

        command.upgrade(_config(connection), "head")

    # A thread with a loop of its own: waiting for the lock and importing alembic stop nobody else.
    await asyncio.to_thread(lambda: asyncio.run(_upgrade(url, work)))


async def _upgrade(url: str, work: Callable[[Connection], None]) -> None:
    engine = _engine(url)
    migrate = _beside_traffic if engine.dialect.name == "postgresql" else _in_transaction
    try:
        with _file_lock(url):
            if await _is_behind(engine):
                await migrate(engine, work)
    finally:
        await engine.dispose()


async def _is_behind(engine: AsyncEngine) -> bool:
    """Whether there is something to do; WrongSchema where nothing can be done."""
    found = await current(engine)
    if found is None or found in revisions():
        return found != head()
    if trouble := await problem(engine):
        raise WrongSchema(trouble)
    return False


async def _beside_traffic(engine: AsyncEngine, work: Callable[[Connection], None]) -> None:
    async with _first_in_line(engine):
        for pause in (*PAUSES, None):
            if not await _is_behind(engine):
                return
            try:
                await _one_by_one(engine, work)
            except DBAPIError as error:
                if pause is None or getattr(error.orig, "sqlstate", None) not in _GIVES_WAY:
                    raise
                await asyncio.sleep(pause)


async def _one_by_one(engine: AsyncEngine, work: Callable[[Connection], None]) -> None:
    """Outside a transaction of ours: alembic opens one for each migration."""
    from storage.migrations.online import LOCK_TIMEOUT

    async with engine.connect() as connection:
        await connection.execute(text("select set_config('lock_timeout', :limit, false)"), {"limit": LOCK_TIMEOUT})
        # Migrations that touch rows see everybody's.
        await connection.execute(text("select set_config('app.org', '*', false)"))
        await connection.commit()
        await connection.run_sync(work)


@asynccontextmanager
async def _first_in_line(engine: AsyncEngine) -> AsyncIterator[None]:
    """One process at a time migrates a PostgreSQL database. The lock goes with its session."""
    async with engine.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        while not await connection.scalar(text("select pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):  # noqa: ASYNC110
            await asyncio.sleep(NEXT_IN_LINE)
        yield


async def downgrade(url: str, revision: str = "base") -> None:
    """Back to `revision`. What its migrations made, with the rows in it, is gone."""

    def work(connection: Connection) -> None:
        from alembic import command

        command.downgrade(_config(connection), revision)

    await _with_engine(url, lambda engine: _in_transaction(engine, work))


async def differences(url: str) -> list[Any]:
    """What the tables have and the database at `url` lacks, or the other way round; as alembic lists it."""

    def work(connection: Connection) -> list[Any]:
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        import storage.tables.all
        from storage.migrations.autogenerate import OPTIONS

        context = MigrationContext.configure(connection, opts=OPTIONS)
        return list(compare_metadata(context, storage.tables.all.metadata))

    return await _with_engine(url, lambda engine: _in_transaction(engine, work))


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _engine(url: str) -> AsyncEngine:
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        # A table that is made anew is dropped in between, which would drag along or trip over what refers to it.
        event.listen(engine.sync_engine, "connect", lambda raw, _record: raw.execute("PRAGMA foreign_keys=OFF"))
    return engine


async def _with_engine(url: str, work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    engine = _engine(url)
    try:
        return await work(engine)
    finally:
        await engine.dispose()


async def _in_transaction(engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.execute(text("select set_config('app.org', '*', true)"))
        done = await connection.run_sync(work)
        if engine.dialect.name == "sqlite":
            await _check_references(connection)
        return done


async def _check_references(connection: AsyncConnection) -> None:
    broken: list[Any] = list(await connection.exec_driver_sql("PRAGMA foreign_key_check"))
    if broken:
        raise BrokenReferences(", ".join(sorted({f"{row.table} → {row.parent}" for row in broken})))


@contextmanager
def _file_lock(url: str) -> Iterator[None]:
    """One process at a time migrates an SQLite file: its own lock gives up after 5 s, this one waits."""
    address = make_url(url)
    if sys.platform == "win32" or address.get_backend_name() != "sqlite" or address.database in (None, "", ":memory:"):
        yield
        return
    import fcntl

    with open(f"{address.database}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


async def _revise(url: str, message: str) -> None:
    """Write a migration from the difference of the tables and a database made by the migrations there are."""

    def work(connection: Connection) -> None:
        from alembic import command

        count = len(list((FOLDER / "versions").glob("[!_]*.py")))
        config = _config(connection)
        _tidied_by_ruff(config)
        command.revision(config, message, autogenerate=True, rev_id=f"{count + 1:04d}")

    await upgrade(url)
    await _with_engine(url, lambda engine: _in_transaction(engine, work))


def _tidied_by_ruff(config: Config) -> None:
    options = {"format": "format --quiet", "fix": "check --fix --quiet"}
    config.set_section_option("post_write_hooks", "hooks", ", ".join(options))
    for name, arguments in options.items():
        config.set_section_option("post_write_hooks", f"{name}.type", "module")
        config.set_section_option("post_write_hooks", f"{name}.module", "ruff")
        config.set_section_option("post_write_hooks", f"{name}.options", f"{arguments} REVISION_SCRIPT_FILENAME")


async def _check(url: str) -> None:
    await upgrade(url)
    for difference in await differences(url):
        sys.exit(f"tables and migrations differ: {difference}\nrun: python -m storage.migrate revision -m '…'")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m storage.migrate")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="fail when tables and migrations differ")
    revision = commands.add_parser("revision", help="write a migration from what changed in the tables")
    revision.add_argument("-m", "--message", required=True)
    told = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/scratch.db"
        asyncio.run(_revise(url, told.message) if told.command == "revision" else _check(url))


if __name__ == "__main__":
    main()
