"""`balcao migrate`, killed at any of its statements: the next one finishes the work."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.migrate import differences, is_at_head, upgrade
from storage.unit_of_work import make_engine
from tests.chaos.keeper import Keeper
from tests.chaos.points import MIGRATION

T = TypeVar("T")

STATEMENTS = 60
"""A migration from nothing has at least so many; kills are spread over them."""


async def kill_migrations(urls: Sequence[str], seed: int, folder: Path) -> tuple[int, list[str]]:
    """Once for each database named: how often `migrate` was killed, and what was wrong afterwards.

    A PostgreSQL database loses all it has, and is at the newest schema again in the end. An SQLite file must be new.
    """
    chance, keeper = random.Random(seed), Keeper(folder)
    problems: list[str] = []
    try:
        await keeper.open("alembic.command")
        for url in urls:
            statement = chance.randint(1, STATEMENTS)
            await _with_engine(url, _forget)
            problem = await _killed_once(keeper, url, statement)
            problems += [f"statement {statement}: {problem}"] if problem else []
    finally:
        await keeper.close()
        for url in dict.fromkeys(urls):
            await upgrade(url)
    return keeper.kills[MIGRATION], problems


async def _killed_once(keeper: Keeper, url: str, statement: int) -> str | None:
    env = {"BALCAO_DATABASE_URL": url}
    keeper.arm(MIGRATION, statement)
    if (status := await keeper.run("migrate", "migrate", env=env)) != -9:
        return f"was not killed, ended with {status}"
    if names := await _with_engine(url, _tables):
        return f"left {len(names)} tables behind"
    if (status := await keeper.run("migrate", "migrate", env=env)) != 0:
        return f"the next one ended with {status}: {keeper.log('migrate')[-300:]}"
    if not await _with_engine(url, is_at_head):
        return "the next one left it where it was"
    return f"differs: {found[0]}" if (found := await differences(url)) else None


async def _forget(engine: AsyncEngine) -> None:
    """As it was before the first migration."""
    if engine.dialect.name == "postgresql":
        async with engine.begin() as connection:
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
            await connection.execute(text("GRANT USAGE ON SCHEMA public TO PUBLIC"))  # As a new database has it.


async def _tables(engine: AsyncEngine) -> list[str]:
    """All or nothing: what a killed migration must not leave."""
    async with engine.connect() as connection:
        found: list[str] = await connection.run_sync(_names)
        return found


def _names(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names()


async def _with_engine(url: str, work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    engine = make_engine(url, pool_size=1)
    try:
        return await work(engine)
    finally:
        await engine.dispose()
