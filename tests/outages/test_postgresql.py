"""PostgreSQL cut off, killed, started again and turned into a standby, while people sign up at real processes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from scripts.services import Cluster, make_cluster, start_redis
from tests.bot.processes import until
from tests.outages.world import World, open_world

PEOPLE = 4
LASTING = {"fsync": "off", "full_page_writes": "off"}
"""A commit outlives the death of the server, though not of the machine."""
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"


@pytest.fixture
def cluster(postgresql_url: str) -> Iterator[Cluster]:
    """A server of this test's own. (The shared one is asked for so that the test is left out where there is none.)"""
    with ExitStack() as stack:
        yield make_cluster(stack, LASTING)


@pytest.fixture
def redis(redis_url: str) -> Iterator[ExitStack]:
    """The same: what is said on a shared one is heard in every database of it. Closed, it is away."""
    with ExitStack() as stack:
        yield stack


async def do(cluster: Cluster, *statements: str) -> None:
    connection = await asyncpg.connect(cluster.url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def cut(cluster: Cluster, times: int) -> None:
    """Every connection of ours, in whatever it is doing, again and again."""
    connection = await asyncpg.connect(cluster.url)
    try:
        for _ in range(times):
            await connection.fetch(CUT, "balcao")
            await asyncio.sleep(0.15)
    finally:
        await connection.close()


async def without_redis(world: World, redis: ExitStack, people: list[Any]) -> None:
    """Nothing rings any more: who looks by himself finds what there is."""
    await asyncio.to_thread(redis.close)

    async def told() -> bool:
        status, said = await world.ready(world.worker)
        return status == 200 and said["checks"]["redis"] != "ok"

    await until(told, "a worker that misses Redis")
    await asyncio.gather(*[world.sign_up(*one) for one in people])


async def away(world: World) -> None:
    """Both processes say what is missing, and that they live."""
    await world.becomes(503)
    for address in (world.web, world.worker):
        status, told = await world.ready(address)
        assert (status, told["status"]) == (503, "unavailable")
        assert told["checks"]["database"] != "ok"
        assert await world.live(address) == 200


@pytest.mark.timeout(180)
async def test_everybody_gets_through_once(cluster: Cluster, redis: ExitStack, tmp_path: Path) -> None:
    await do(cluster, "CREATE DATABASE balcao")
    url = f"postgresql+asyncpg://postgres@127.0.0.1:{cluster.port}/balcao"
    async with open_world(tmp_path, url, {"BALCAO_REDIS_URL": start_redis(redis)}) as world:
        people = world.people(PEOPLE)
        # Connections are cut in the middle of transactions.
        half = [asyncio.create_task(world.sign_up(*one)) for one in people[: PEOPLE // 2]]
        await cut(cluster, 6)
        # The server dies and comes back at the same address.
        rest = [asyncio.create_task(world.sign_up(*one)) for one in people[PEOPLE // 2 :]]
        await asyncio.to_thread(cluster.stop)
        await away(world)
        await asyncio.to_thread(cluster.start)
        await world.becomes(200)
        await asyncio.gather(*half)
        # It is a standby now: it answers, and takes nothing.
        await do(cluster, "ALTER DATABASE balcao SET default_transaction_read_only = on")
        await cut(cluster, 1)
        late = world.people(1)
        rest += [asyncio.create_task(world.sign_up(*one)) for one in late]
        await away(world)
        await do(cluster, "ALTER DATABASE balcao SET default_transaction_read_only = off")
        await world.becomes(200)
        await asyncio.gather(*rest)
        late += world.people(1)
        await without_redis(world, redis, late[-1:])
        await world.idle()
        await world.everybody_got_through_once([*people, *late])
        assert 503 in world.answers
        assert world.answers <= {200, 503}
