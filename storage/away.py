"""Is it the database that is away, or what was asked of it that is wrong?

Who asks for the wrong thing is set aside (a message that cannot be stored, a turn that fails); who finds the database
away asks the same again later, and nothing counts as a failure of his.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from traceback import walk_tb

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_CLASSES = ("08", "28", "3D", "53", "57", "58")
"""SQLSTATE: connection, authorisation, no such database, resources (a full disk, too many connections), operator
intervention (shutting down, starting up), errors of the system. Source: PostgreSQL, appendix A."""
READ_ONLY = "25006"
"""The server is a standby, or became one."""
_CANCELED = "57014"
"""One statement took longer than it may: a fault of that statement."""
_WRONG = ("22", "23", "54")
"""SQLSTATE: data that cannot be, constraints, limits of what fits."""
_SQLITE_WRONG = frozenset(
    {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE}
)
_SQLITE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
    }
)


def is_away(error: BaseException) -> bool:
    """Whether nothing can be read or written just now, whatever it is. asyncpg's own errors come through while it
    connects; later ones are wrapped by SQLAlchemy."""
    if isinstance(error, OSError):
        return error.filename is None  # A file that is missing is missed by us, not by the database.
    if isinstance(error, PoolTimeout):
        return True
    state, code = _codes(error)
    if state is not None:
        return state == READ_ONLY or (state[:2] in _CLASSES and state != _CANCELED)
    if code is not None:
        return code in _SQLITE
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def is_wrong(error: BaseException) -> bool:
    """Whether what was to be written can be written nowhere and never. Neither this nor `is_away`: the database did not
    let us this time (a lock, a statement that took too long), or a fault of ours."""
    state, code = _codes(error)
    if state is not None:
        return state[:2] in _WRONG
    if code is not None:
        return code in _SQLITE_WRONG
    return not isinstance(error, OSError | PoolTimeout | OperationalError)


def _codes(error: BaseException) -> tuple[str | None, int | None]:
    """SQLSTATE and SQLite's primary code, where there is one."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state, code = getattr(cause, "sqlstate", None), getattr(cause, "sqlite_errorcode", None)
    return (state if isinstance(state, str) else None, code & 0xFF if isinstance(code, int) else None)


def asked_in_vain(error: BaseException) -> bool:
    """Whether somebody who had more to do than ask the database failed because it is away, and not because something
    else could not be reached."""
    if not is_away(error):
        return False
    steps = walk_tb(error.__traceback__)
    return isinstance(error, SQLAlchemyError) or any(frame.f_code.co_filename == _DATABASE for frame, _ in steps)


_DATABASE = str(Path(__file__).with_name("unit_of_work.py"))
