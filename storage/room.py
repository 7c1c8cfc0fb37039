"""Whether the database takes what is written, and for how long still."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import text

from storage.unit_of_work import Tx

FULL = 4 * 1024 * 1024
"""Bytes left on SQLite under which nothing is promised: its write-ahead log alone grows by as much before it is read
back (1000 pages)."""
LOW = 128 * 1024 * 1024
"""Bytes left under which somebody should make room: a day of a busy desk."""

_PRAGMAS = ("page_size", "page_count", "freelist_count", "max_page_count")


async def left(tx: Tx) -> int | None:
    """Bytes that an SQLite database may still grow by; None where nobody can tell (PostgreSQL, in memory)."""
    if tx.dialect != "sqlite":
        return None
    size, pages, free, most = [await tx.scalar(text(f"PRAGMA {name}")) for name in _PRAGMAS]
    file = await tx.scalar(text("SELECT file FROM pragma_database_list WHERE name = 'main'"))
    if not file:
        return None
    return int(min((most - pages + free) * size, shutil.disk_usage(Path(file).parent).free))


async def closed(tx: Tx) -> str | None:
    """Why nothing can be written; None when it can."""
    if tx.dialect == "postgresql":
        mode = await tx.scalar(text("select current_setting('transaction_read_only')"))
        return "read-only: a standby?" if mode == "on" else None
    room = await left(tx)
    return f"full: {room // 1024} kB left" if room is not None and room < FULL else None


async def low(tx: Tx) -> str | None:
    """That room is getting scarce, before it is too late."""
    room = await left(tx)
    return f"{room // 1024**2} MB left" if room is not None and room < LOW else None
