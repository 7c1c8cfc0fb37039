"""Who locks several messages does so in the order of their ids: else two processes would wait for each other."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select, text

from storage import deliveries
from storage.base import new_id
from storage.tables.queues import communications
from storage.unit_of_work import Database, Tx, make_engine
from tests import factories
from tests.bot.processes import until
from tests.clock import START


async def test_what_has_left_is_noted_in_the_order_of_ids(postgresql_url: str) -> None:
    database = Database(make_engine(postgresql_url))
    shop = await factories.organization(database)
    first, second = sorted((new_id(), new_id()))
    # The other way round in the table, for that is how an update comes across them.
    said = {"channel": "whatsapp", "template": "t", "recipient": "r", "created_at": START}
    rows = [{"id": one, **said} for one in (second, first)]
    await database.run(lambda tx: tx.add(communications, rows), org=shop.id)
    held = asyncio.Event()

    async def status(tx: Tx) -> None:
        """A status of the first one is being entered, then comes one of the second."""
        await tx.all(select(communications.c.id).where(communications.c.id == first).with_for_update())
        held.set()
        await until(lambda: somebody_waits(database), "the one who notes what has left")
        await tx.all(select(communications.c.id).where(communications.c.id == second).with_for_update(nowait=True))

    async def landing(tx: Tx) -> None:
        await held.wait()
        await deliveries.mark_sent(tx, [(second, "wamid.2", START), (first, "wamid.1", START)])

    async with asyncio.timeout(30), asyncio.TaskGroup() as both:
        both.create_task(database.run(status, org=None))
        both.create_task(database.run(landing, org=None))
    noted = await database.run(lambda tx: tx.all(select(communications.c.provider_message_id)), org=None)
    assert {row.provider_message_id for row in noted} == {"wamid.1", "wamid.2"}
    await database.close()


async def somebody_waits(database: Database) -> Any:
    waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    return await database.run(lambda tx: tx.scalar(text(waits)), org=None)
