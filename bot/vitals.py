"""What a process is made of at this moment, as metrics: its tasks and the database connections it uses.

Both are flat in a healthy process, whatever its age; one that only rises is a leak.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from sqlalchemy.pool import QueuePool

from storage.unit_of_work import Database

EVERY = 5.0
"""Seconds between looks."""


class Watch(Protocol):
    def process(self, tasks: int, connections: int) -> None: ...


def look(database: Database, watch: Watch) -> None:
    pool = database.engine.pool
    watch.process(len(asyncio.all_tasks()), pool.checkedout() if isinstance(pool, QueuePool) else 0)


async def keep_looking(database: Database, watch: Watch) -> None:
    """Until cancelled."""
    while True:
        look(database, watch)
        await asyncio.sleep(EVERY)
