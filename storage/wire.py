"""How SQL travels: one connection to PostgreSQL (asyncpg) or SQLite (aiosqlite), as its driver offers it.

Errors come out as SQLAlchemy's, without the rows they would quote.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import aiosqlite
import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

T = TypeVar("T")
Tap = Callable[[str], None]
_INTEGRITY = "23"
"""Class of SQLSTATE: a key, a check or a reference. Source: PostgreSQL, appendix A."""


class Wire(Protocol):
    async def begin(self, org: uuid.UUID | None, read_only: bool) -> None: ...
    async def commit(self) -> None: ...
    async def undo(self) -> None:
        """Take the whole transaction back."""

    async def see(self, org: uuid.UUID | None) -> None:
        """Whose rows there are from here on: one organisation's, or all of them (None)."""

    async def mark(self) -> None:
        """Begin what may be taken back alone; `release` or `rewind` ends it."""

    async def release(self) -> None: ...
    async def rewind(self) -> None: ...
    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Any]: ...
    async def change(self, sql: str, arguments: Sequence[Any]) -> int:
        """How many rows it touched."""

    async def change_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None: ...
    @property
    def lost(self) -> bool:
        """Whether nothing can travel here any more."""


def open_wire(driver: Any, tap: Tap | None) -> Wire:
    """`tap` is told of every statement as it leaves."""
    return (_SqliteWire if isinstance(driver, aiosqlite.Connection) else _PostgresWire)(driver, tap)


class _PostgresWire:
    def __init__(self, driver: asyncpg.Connection, tap: Tap | None) -> None:
        self._driver = driver
        self._tap = tap

    async def begin(self, org: uuid.UUID | None, read_only: bool) -> None:
        # In one round trip. The value is a UUID or a star: nothing that could end the literal.
        await self._told("BEGIN", self._driver.execute(f"BEGIN; {_as_seen(org)}"))

    async def commit(self) -> None:
        await self._told("COMMIT", self._driver.execute("COMMIT"))

    async def undo(self) -> None:
        await self._told("ROLLBACK", self._driver.execute("ROLLBACK"))

    async def see(self, org: uuid.UUID | None) -> None:
        await self._told("set_config", self._driver.execute(_as_seen(org)))

    async def mark(self) -> None:
        await self._told("SAVEPOINT", self._driver.execute("SAVEPOINT mark"))

    async def release(self) -> None:
        await self._told("RELEASE", self._driver.execute("RELEASE SAVEPOINT mark"))

    async def rewind(self) -> None:
        await self._told("ROLLBACK TO", self._driver.execute("ROLLBACK TO SAVEPOINT mark; RELEASE SAVEPOINT mark"))

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
        return await self._told(sql, self._driver.fetch(sql, *arguments))

    async def change(self, sql: str, arguments: Sequence[Any]) -> int:
        tag: str = await self._told(sql, self._driver.execute(sql, *arguments))
        return int(tag.rpartition(" ")[2])

    async def change_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._told(sql, self._driver.executemany(sql, rows))

    @property
    def lost(self) -> bool:
        return bool(self._driver.is_closed())

    async def _told(self, sql: str, work: Awaitable[T]) -> T:
        if self._tap is not None:
            self._tap(sql)
        try:
            return await work
        except asyncpg.PostgresError as error:
            error.detail = None  # It quotes rows.
            raise self._named(error, sql) from None
        except asyncpg.InterfaceError as error:
            raise InterfaceError(sql, None, error, connection_invalidated=self.lost) from None

    def _named(self, error: asyncpg.PostgresError, sql: str) -> DBAPIError:
        state = str(error.sqlstate or "")
        kind = IntegrityError if state.startswith(_INTEGRITY) else DBAPIError
        return kind(sql, None, error, connection_invalidated=self.lost)


def _as_seen(org: uuid.UUID | None) -> str:
    return f"SELECT set_config('app.org', '{'*' if org is None else uuid.UUID(int=org.int)}', true)"


class _SqliteWire:
    """Every call is one visit to the driver's thread."""

    def __init__(self, driver: aiosqlite.Connection, tap: Tap | None) -> None:
        self._driver = driver
        self._tap = tap

    async def begin(self, org: uuid.UUID | None, read_only: bool) -> None:
        # A transaction that reads first and then writes would fail with SQLITE_BUSY if another had written meanwhile.
        await self.fetch("BEGIN DEFERRED" if read_only else "BEGIN IMMEDIATE", ())

    async def commit(self) -> None:
        await self.fetch("COMMIT", ())

    async def undo(self) -> None:
        await self.fetch("ROLLBACK", ())

    async def see(self, org: uuid.UUID | None) -> None:
        """SQLite knows no row security."""

    async def mark(self) -> None:
        await self.fetch("SAVEPOINT mark", ())

    async def release(self) -> None:
        await self.fetch("RELEASE mark", ())

    async def rewind(self) -> None:
        await self.fetch("ROLLBACK TO mark", ())
        await self.fetch("RELEASE mark", ())

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
        rows: Any = await self._told(sql, self._driver.execute_fetchall(sql, arguments))
        return rows  # type: ignore[no-any-return]

    async def change(self, sql: str, arguments: Sequence[Any]) -> int:
        return (await self._told(sql, self._driver.execute(sql, arguments))).rowcount

    async def change_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._told(sql, self._driver.executemany(sql, rows))

    @property
    def lost(self) -> bool:
        return False

    async def _told(self, sql: str, work: Awaitable[T]) -> T:
        if self._tap is not None:
            self._tap(sql)
        try:
            return await work
        except sqlite3.IntegrityError as error:
            raise IntegrityError(sql, None, error) from None
        except sqlite3.OperationalError as error:
            raise OperationalError(sql, None, error) from None
        except sqlite3.Error as error:
            raise DBAPIError(sql, None, error) from None
