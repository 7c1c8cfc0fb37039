"""How SQL travels: one connection to PostgreSQL (asyncpg) or SQLite (aiosqlite), as its driver offers it.

Errors come out as SQLAlchemy's, without the rows they would quote.
"""

from __future__ import annotations

import sqlite3
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import aiosqlite
import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

T = TypeVar("T")
Tap = Callable[[str], None]
_INTEGRITY = "23"
"""Class of SQLSTATE: a key, a check or a reference. Source: PostgreSQL, appendix A."""


class NotCommitted(Exception):
    """A statement of this transaction had failed, and whoever asked went on."""


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


class _Told(ABC):
    """What both have in common: who counts is told, and errors get their names."""

    def __init__(self, driver: Any, tap: Tap | None) -> None:
        self._driver = driver
        self._tap = tap

    async def _told(self, sql: str, work: Awaitable[T]) -> T:
        if self._tap is not None:
            self._tap(sql)
        try:
            return await work
        except (asyncpg.PostgresError, asyncpg.InterfaceError, sqlite3.Error) as error:
            raise self._named(error, sql) from None

    @abstractmethod
    def _named(self, error: Any, sql: str) -> DBAPIError: ...


class _PostgresWire(_Told):
    async def begin(self, org: uuid.UUID | None, read_only: bool) -> None:
        # In one round trip. The value is a UUID or a star: nothing that could end the literal.
        await self._told("BEGIN", self._driver.execute(f"BEGIN; {_as_seen(org)}"))

    async def commit(self) -> None:
        # Of a transaction in which something failed PostgreSQL makes a ROLLBACK, and calls it no error.
        if await self._told("COMMIT", self._driver.execute("COMMIT")) != "COMMIT":
            raise NotCommitted

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

    def _named(self, error: Any, sql: str) -> DBAPIError:
        if isinstance(error, asyncpg.InterfaceError):
            return InterfaceError(sql, None, error, connection_invalidated=self.lost)
        error.detail = None  # It quotes rows.
        kind = IntegrityError if str(error.sqlstate or "").startswith(_INTEGRITY) else DBAPIError
        return kind(sql, None, error, connection_invalidated=self.lost)


def _as_seen(org: uuid.UUID | None) -> str:
    return f"SELECT set_config('app.org', '{'*' if org is None else uuid.UUID(int=org.int)}', true)"


class _SqliteWire(_Told):
    """Every call is one visit to the driver's thread."""

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
        cursor: aiosqlite.Cursor = await self._told(sql, self._driver.execute(sql, arguments))
        return cursor.rowcount

    async def change_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._told(sql, self._driver.executemany(sql, rows))

    @property
    def lost(self) -> bool:
        return False

    def _named(self, error: Any, sql: str) -> DBAPIError:
        kinds = (sqlite3.IntegrityError, IntegrityError), (sqlite3.OperationalError, OperationalError)
        kind = next((ours for theirs, ours in kinds if isinstance(error, theirs)), DBAPIError)
        return kind(sql, None, error)
