"""Is it the database that is away, or what was asked of it that is wrong?

Who asks for the wrong thing is set aside (a message that cannot be stored, a turn that fails); who finds the database
away asks the same again later, and nothing counts as a failure of his.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_CLASSES = ("08", "28", "3D", "53", "57", "58")
"""SQLSTATE: connection, authorisation, no such database, resources (a full disk, too many connections), operator
intervention (shutting down, starting up), errors of the system. Source: PostgreSQL, appendix A."""
READ_ONLY = "25006"
"""The server is a standby, or became one."""
_CANCELED = "57014"
"""One statement took longer than it may: a fault of that statement."""
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
    if isinstance(error, OSError | PoolTimeout):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        return state == READ_ONLY or (state[:2] in _CLASSES and state != _CANCELED)
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF in _SQLITE
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
