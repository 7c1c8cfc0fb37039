"""What tells that the database is away, from what tells that something wrong was asked of it."""

from __future__ import annotations

import sqlite3
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.away import is_away


def wrapped(error: Exception) -> DBAPIError:
    """As SQLAlchemy passes on what the driver raised."""
    return DBAPIError("insert", {}, error)


def sqlite(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> DBAPIError:
    error: Any = kind("as SQLite says it")
    error.sqlite_errorcode = code
    return wrapped(error)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        PoolTimeout(),
        OperationalError("insert", {}, Exception()),
        DBAPIError("insert", {}, Exception(), connection_invalidated=True),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InvalidPasswordError("after a failover to a server that does not know us"),
        wrapped(asyncpg.AdminShutdownError("terminating connection due to administrator command")),
        wrapped(asyncpg.CrashShutdownError("terminating connection because of crash of another server process")),
        wrapped(asyncpg.DiskFullError("could not extend file")),
        wrapped(asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction")),
        wrapped(asyncpg.PostgresIOError("could not read block")),
        sqlite(sqlite3.SQLITE_FULL),
        sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT),
        sqlite(sqlite3.SQLITE_IOERR_WRITE),
        sqlite(sqlite3.SQLITE_READONLY_DBMOVED),
    ],
    ids=lambda error: f"{type(error).__name__}-{type(getattr(error, 'orig', error)).__name__}",
)
def test_away(error: Exception) -> None:
    assert is_away(error)


@pytest.mark.parametrize(
    "error",
    [
        KeyError(),
        wrapped(Exception()),
        wrapped(asyncpg.UniqueViolationError("duplicate key")),
        wrapped(asyncpg.DeadlockDetectedError("deadlock detected")),
        wrapped(asyncpg.UntranslatableCharacterError("NUL")),
        wrapped(asyncpg.QueryCanceledError("canceling statement due to statement timeout")),
        IntegrityError("insert", {}, sqlite3.IntegrityError()),
        sqlite(sqlite3.SQLITE_ERROR),
        sqlite(sqlite3.SQLITE_TOOBIG, sqlite3.DataError),
    ],
    ids=lambda error: f"{type(error).__name__}-{type(getattr(error, 'orig', error)).__name__}",
)
def test_not_away(error: Exception) -> None:
    assert not is_away(error)
