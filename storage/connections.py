"""Connections to PostgreSQL that outlive a failover: one that leads nowhere, or to a server that became a standby, is
given up, so that the pool finds the new primary by itself.
"""

from __future__ import annotations

import math
import socket
import time
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, DisconnectionError

from storage.away import READ_ONLY

KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 25_000}
"""A host that vanished without a word is noticed within 25 s; by default nobody would ever notice who only waits for
an answer. Seconds, seconds, times, milliseconds; a system has those it has (Linux: all)."""

IDLE = 5.0
"""Seconds without use after which a connection is asked whether it is still there (`pool_pre_ping` would ask before
every transaction, a round trip each). A busy one that breaks fails one transaction; who ran it tries again."""


_distrusted: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()
"""When a connection of this engine was last found to lead nowhere."""


def watch(engine: Engine) -> None:
    def check(connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["made_at"] <= _distrusted.get(engine, -math.inf):
            raise DisconnectionError  # The pool replaces it.
        _ping_if_idle(connection, record)

    event.listen(engine, "connect", _made)
    event.listen(engine, "connect", _keep_alive)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", check)


def distrust(engine: Engine) -> None:
    """One connection was lost: those made before it are not used any more."""
    _distrusted[engine] = time.monotonic()


def is_of_no_use(error: BaseException) -> bool:
    """Whether this came from a server that became a standby."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == READ_ONLY


def _made(_connection: Any, record: Any) -> None:
    record.info["made_at"] = time.monotonic()


def _keep_alive(connection: Any, _record: Any) -> None:
    # asyncpg has no setting for it and shows its socket nowhere else.
    found = connection.driver_connection._transport.get_extra_info("socket")
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_if_idle(connection: Any, record: Any) -> None:
    if time.monotonic() - record.info.get("used_at", time.monotonic()) < IDLE:
        return
    try:
        connection.ping()
    except Exception as error:
        raise DisconnectionError from error
