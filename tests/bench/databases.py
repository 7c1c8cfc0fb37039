"""Fresh databases with the example's business, as a server would have them: on PostgreSQL for a role that row security
holds for, and with four WhatsApp numbers, for one may not send more than 1,000 messages a second."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import asyncpg
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.engine import make_url

from handlers.organizations.apply import NumberSettings, apply, parse
from storage.tables.organizations import channel_numbers, organizations
from storage.tables.queues import events, outbox
from storage.unit_of_work import Database, Tx, make_engine
from storage.vault import Vault
from tests import services
from tests.bench.meta import ACCOUNT, NUMBERS
from tests.bench.servers import ROOT
from tests.bot.processes import GOOD
from tests.databases import PostgresDatabase, SqliteTemplate, alive

T = TypeVar("T")
PATIENCE = 30.0
"""Seconds that what is left after the last turn may take."""


@contextmanager
def on_sqlite(folder: Path) -> Iterator[str]:
    """The address of a fresh file on the disk that `folder` is on."""
    place = folder / str(time.monotonic_ns())
    place.mkdir()
    url = SqliteTemplate(place).copy(place)
    furnish(url)
    yield url


@contextmanager
def on_postgresql(admin_url: str) -> Iterator[str]:
    with PostgresDatabase(admin_url) as database:
        furnish(database.url)
        with plain_role(database.url) as url:
            yield url


def furnish(url: str) -> None:
    """The example's business, and its further numbers. Without blue ticks, which the example asks for and a business
    has to ask for: they are a second call to the Graph for each message, and the ruler makes one."""
    within(url, _furnish)


async def _furnish(tx: Tx) -> None:
    now = datetime.now(UTC)
    text = (ROOT / "examples" / "benefit-card.yaml").read_text("utf-8")
    business = parse(text.replace("read_receipts: true", "read_receipts: false"), "benefit-card.yaml")
    await apply(tx, Vault([GOOD["BALCAO_SECRET_KEY"]]), business, now, NumberSettings(NUMBERS[0], ACCOUNT))
    await _add_numbers(tx, now)


async def _add_numbers(tx: Tx, now: datetime) -> None:
    org = await tx.scalar(select(organizations.c.id))
    known = {row.phone_number_id for row in await tx.all(select(channel_numbers.c.phone_number_id))}
    common = {"organization_id": org, "business_account_id": ACCOUNT, "created_at": now}
    missing = [{**common, "phone_number_id": number} for number in NUMBERS if number not in known]
    if missing:
        await tx.add(channel_numbers, missing)


@contextmanager
def plain_role(url: str) -> Iterator[str]:
    """The address for a role that is neither superuser nor owner; gone afterwards."""
    name, place = f"balcao_bench_{os.getpid()}", make_url(url)
    admin = place.set(drivername="postgresql").render_as_string(hide_password=False)
    grants = (
        f"CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'bench'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}",
    )
    asyncio.run(_drop_left_over(admin))
    asyncio.run(execute(admin, *grants))
    try:
        yield place.set(username=name, password="bench").render_as_string(hide_password=False)
    finally:
        asyncio.run(execute(admin, f"DROP OWNED BY {name}", f"DROP ROLE {name}"))


async def _drop_left_over(admin: str) -> None:
    """Roles of runs that were killed."""
    connection = await asyncpg.connect(admin)
    try:
        names = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname ~ '^balcao_bench_[0-9]+$'")
        for (name,) in names:
            if not alive(int(name.rpartition("_")[2])):
                await connection.execute(f"DROP OWNED BY {name}")
                with suppress(asyncpg.DependentObjectsStillExistError):
                    await connection.execute(f"DROP ROLE {name}")
    finally:
        await connection.close()


@contextmanager
def analyzed(url: str, after: float) -> Iterator[None]:
    """ANALYZE of a PostgreSQL database by its owner, so many seconds from now."""
    place = make_url(url) if url else None
    if place is None or place.get_backend_name() != "postgresql":
        yield
        return
    owner = make_url(services.place(services.POSTGRESQL)).set(database=place.database)
    admin = owner.set(drivername="postgresql").render_as_string(hide_password=False)
    timer = threading.Timer(after, lambda: asyncio.run(execute(admin, "ANALYZE")))
    timer.start()
    try:
        yield
    finally:
        timer.join()


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def within(url: str, work: Callable[[Tx], Awaitable[T]]) -> T:
    """The result of one transaction of the system."""

    async def go() -> T:
        database = Database(make_engine(url))
        try:
            return await database.run(work, org=None)
        finally:
            await database.close()

    return asyncio.run(go())


def catch_up(url: str) -> tuple[float, int]:
    """Seconds until nothing is pending or queued any more, and what still is after PATIENCE, or was parked or given
    up."""
    begun = time.monotonic()
    while True:
        waiting, failed = within(url, _unfinished)
        took = time.monotonic() - begun
        if not waiting or took > PATIENCE:
            return took, waiting + failed
        time.sleep(0.1)


async def _unfinished(tx: Tx) -> tuple[int, int]:
    async def count(condition: ColumnElement[bool]) -> int:
        return int(await tx.scalar(select(func.count()).where(condition)))

    waiting = await count(events.c.status == "pending")
    waiting += await count(outbox.c.status.in_(("queued", "sending", "uncertain")))
    return waiting, await count(events.c.status == "parked") + await count(outbox.c.status.in_(("held", "dead")))
