"""Databases made for the tests of one process: a migrated SQLite file to copy, a PostgreSQL database to empty.

Every process (pytest, or each worker of pytest-xdist) has its own, named after its process id, so that several runs on
one machine do not meet. What a killed run left behind is dropped by the next.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import re
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import redis
from sqlalchemy import text

from storage.unit_of_work import make_engine

T = TypeVar("T")
OWN = re.compile(r"balcao_test_(\d+)")

EMPTY_ALL = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
                WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'schema_floor')
    LOOP EXECUTE 'DELETE FROM ' || name; END LOOP;
END $$
"""
"""Some rows in many tables: DELETE is many times faster than TRUNCATE. `replica` sets keys and triggers aside."""


class Loop:
    """An event loop in a thread of its own: works before, during and after whatever loop a test has."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test-databases", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def migrate(url: str) -> None:
    """Bring the database to the newest schema with the project's own migrations, in a thread (they may run a loop)."""
    outcome: list[BaseException] = []

    def work() -> None:
        try:
            done = importlib.import_module("storage.migrate").upgrade(url)
            if inspect.isawaitable(done):
                asyncio.run(_await(done))
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work, name="test-migration")
    thread.start()
    thread.join()
    if outcome:
        raise outcome[0]


async def _await(done: Any) -> None:
    await done


class PostgresDatabase:
    """One fresh, migrated database on the server whose admin address is given."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._loop = Loop()
        self.name = f"balcao_test_{os.getpid()}"
        plain = urlunsplit(urlsplit(admin_url)._replace(path=f"/{self.name}"))
        self.url = plain.replace("postgresql://", "postgresql+asyncpg://", 1)
        self._plain_url = plain
        self._connection: asyncpg.Connection | None = None

    def __enter__(self) -> Self:
        self._loop.run(self._create())
        migrate(self.url)
        self._connection = self._loop.run(asyncpg.connect(self._plain_url))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.run(self._drop())
        self._loop.close()

    def empty(self) -> None:
        """No rows anywhere, the schema as it was."""
        connection = self._connection
        if connection is None:
            raise RuntimeError("not entered")
        self._loop.run(connection.execute(EMPTY_ALL))

    async def _create(self) -> None:
        admin = await asyncpg.connect(self._admin_url)
        try:
            for row in await admin.fetch("SELECT datname FROM pg_database"):
                if self._is_left_over(row["datname"]):
                    await admin.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}" WITH (FORCE)')
            await admin.execute(f"CREATE DATABASE \"{self.name}\" TEMPLATE template0 ENCODING 'UTF8'")
        finally:
            await admin.close()

    def _is_left_over(self, name: str) -> bool:
        """Made by a process of this machine that is no more, or by a former one with our id."""
        found = OWN.fullmatch(name)
        local = urlsplit(self._admin_url).hostname in (None, "localhost", "127.0.0.1", "::1")
        return found is not None and local and (name == self.name or not alive(int(found[1])))

    async def _drop(self) -> None:
        if self._connection is not None:
            await self._connection.close()
        admin = await asyncpg.connect(self._admin_url)
        try:
            await admin.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        finally:
            await admin.close()


class SqliteTemplate:
    """A migrated file, copied for each test."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "template.db"
        self._file.touch()
        migrate(f"sqlite+aiosqlite:///{self._file}")

    def copy(self, folder: Path) -> str:
        """The address of a fresh copy in `folder`."""
        target = folder / "balcao.db"
        for suffix in ("", "-wal", "-shm"):
            source = Path(f"{self._file}{suffix}")
            if source.exists():
                Path(f"{target}{suffix}").write_bytes(source.read_bytes())
        return f"sqlite+aiosqlite:///{target}"


class RedisDatabase:
    """One of Redis' numbered databases that nobody uses: claimed by a key, never one that holds anything."""

    CLAIM = "balcao-test-owner"
    SECONDS = 3600

    def __init__(self, url: str) -> None:
        number = next((number for number in range(15, 0, -1) if self._claim(url, number)), None)
        if number is None:
            raise LookupError(f"every database of {url} is in use")
        self.url = self._numbered(url, number)
        self._client = redis.Redis.from_url(self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.flushdb()
        self._client.close()

    def empty(self) -> None:
        """Nothing in it but our claim."""
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.flushdb()
            pipeline.set(self.CLAIM, os.getpid(), ex=self.SECONDS)
            pipeline.execute()

    @classmethod
    def _claim(cls, url: str, number: int) -> bool:
        with redis.Redis.from_url(cls._numbered(url, number)) as client:
            if not client.set(cls.CLAIM, os.getpid(), nx=True, ex=cls.SECONDS):
                owner = client.get(cls.CLAIM)
                return isinstance(owner, bytes) and not alive(int(owner))
            if client.dbsize() == 1:
                return True
            client.delete(cls.CLAIM)
            return False

    @staticmethod
    def _numbered(url: str, number: int) -> str:
        return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def execute(url: str, *statements: str) -> None:
    """As the owner, all in one transaction."""
    engine = make_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()
