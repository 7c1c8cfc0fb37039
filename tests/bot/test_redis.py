"""The same contract for pacing and wake-ups in one process and through a real Redis, and what happens without it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.gateways.redis import RedisPacer, RedisWake, connect
from scheduler.pacing import PAIR, LocalPacer, Pacer, Rate
from scheduler.wake import LocalWake, Wake
from tests.proxy import Proxy


@pytest.fixture(params=["local", "redis"])
async def pacer(request: pytest.FixtureRequest) -> AsyncIterator[Pacer]:
    local = LocalPacer(time.monotonic)
    if request.param == "local":
        yield local
        return
    async with connect(request.getfixturevalue("redis_url")) as redis:
        yield RedisPacer(redis, local)


@pytest.fixture(params=["local", "redis"])
async def wake(request: pytest.FixtureRequest) -> AsyncIterator[Wake]:
    if request.param == "local":
        yield LocalWake()
        return
    async with connect(request.getfixturevalue("redis_url")) as redis:
        wake = RedisWake(redis)
        wake.start()
        yield wake
        await wake.stop()


async def test_a_burst_then_a_wait_that_takes_nothing(pacer: Pacer) -> None:
    waits = [await pacer.reserve("pair", PAIR) for _ in range(47)]
    assert waits[:45] == [0.0] * 45
    assert all(5.0 < wait <= 6.0 for wait in waits[45:])
    assert await pacer.reserve("other", PAIR) == 0.0


async def test_credit_comes_back(pacer: Pacer) -> None:
    rate = Rate(0.02, 1)
    assert await pacer.reserve("n", rate) == 0.0
    while wait := await pacer.reserve("n", rate):
        assert wait <= 0.02
        await asyncio.sleep(wait)


async def test_a_complaint_means_silence_and_no_burst_after_it(pacer: Pacer) -> None:
    await pacer.penalize("pair", PAIR, 16.0)
    await pacer.penalize("pair", PAIR, 1.0)
    assert 15.0 < await pacer.reserve("pair", PAIR) <= 16.0


async def test_a_ring_is_heard_by_who_waits(wake: Wake) -> None:
    waiting = asyncio.create_task(wake.wait("turns", 60))
    await asyncio.sleep(0)
    wake.ring("turns")
    async with asyncio.timeout(2):
        await waiting


async def test_time_runs_out(wake: Wake) -> None:
    async with asyncio.timeout(1):
        await wake.wait("deliveries", 0.01)


# --- Several processes ------------------------------------------------------------------------------------------------


async def test_processes_share_the_credit(redis_url: str) -> None:
    async with connect(redis_url) as one, connect(redis_url) as two:
        pacers = [RedisPacer(redis, LocalPacer(time.monotonic)) for redis in (one, two)]
        went = [await pacers[number % 2].reserve("n", Rate(60.0, 10)) == 0.0 for number in range(30)]
    assert sum(went) == 10


async def test_a_ring_is_heard_in_another_process(redis_url: str) -> None:
    async with connect(redis_url) as one, connect(redis_url) as two:
        here, there = RedisWake(one), RedisWake(two)
        there.start()
        try:
            async with asyncio.timeout(20):
                await heard_by(here, there)
                here.ring("turns")
                here.ring("notices")
                await asyncio.gather(there.wait("turns", 60), there.wait("notices", 60))
        finally:
            await here.stop()
            await there.stop()


async def heard_by(one: RedisWake, other: RedisWake) -> None:
    """Both are connected: what one rings reaches the other. (Redis counts listeners of all its databases.)"""
    while not other._local._bell("hello").is_set():
        one.ring("hello")
        await asyncio.sleep(0.01)


async def test_ones_own_ring_is_heard_once(redis_url: str) -> None:
    async with connect(redis_url) as redis:
        here, there = RedisWake(redis), RedisWake(redis)
        here.start()
        there.start()
        try:
            async with asyncio.timeout(20):
                await heard_by(here, there)
                await heard_by(there, here)
                here.ring("turns")
                here.hush("turns")
                await there.wait("turns", 60)
                there.ring("notices")
                await here.wait("notices", 60)
            assert not here._local._bell("turns").is_set(), "what went round by Redis is no news"
        finally:
            await here.stop()
            await there.stop()


async def test_installations_on_other_databases_of_one_redis_do_not_wake_each_other(redis_url: str) -> None:
    async with connect(redis_url) as redis, connect(f"{redis_url.rpartition('/')[0]}/0") as other:
        here, there, stranger = RedisWake(redis), RedisWake(redis), RedisWake(other)
        here.start()
        there.start()
        try:
            async with asyncio.timeout(20):
                await heard_by(here, there)
                stranger.ring("turns")
                assert stranger._saying is not None
                await stranger._saying
                here.ring("notices")
                await there.wait("notices", 60)  # What was said before has arrived by now.
            assert not there._local._bell("turns").is_set()
        finally:
            for wake in (here, there, stranger):
                await wake.stop()


# --- Without Redis ----------------------------------------------------------------------------------------------------


async def test_redis_dies_midway(redis_url: str) -> None:
    """Pacing goes on in each process, rings are heard at home, nothing is raised."""
    address = urlsplit(redis_url)
    proxy = Proxy(address.port or 6379)
    await proxy.open()
    async with connect(f"redis://127.0.0.1:{proxy.port}{address.path}") as redis:
        pacer, wake = RedisPacer(redis, LocalPacer(time.monotonic)), RedisWake(redis)
        wake.start()
        assert await pacer.reserve("n", Rate(60.0, 2)) == 0.0
        await proxy.close()
        waits = [await pacer.reserve("n", Rate(60.0, 2)) for _ in range(3)]
        assert waits[:2] == [0.0, 0.0]
        assert waits[2] > 0.0
        await pacer.penalize("m", PAIR, 16.0)
        assert await pacer.reserve("m", PAIR) > 15.0
        wake.ring("turns")
        async with asyncio.timeout(2):
            await wake.wait("turns", 60)
        await wake.stop()


async def test_messages_that_leave_together_ask_once(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connect(redis_url) as redis:
        pacer = RedisPacer(redis, LocalPacer(time.monotonic))
        await pacer.reserve("n", Rate(60.0, 10))
        asked, evalsha = [0], redis.evalsha

        async def counted(*args: Any, **kwargs: Any) -> Any:
            asked[0] += 1
            return await evalsha(*args, **kwargs)

        monkeypatch.setattr(redis, "evalsha", counted)
        waits = await asyncio.gather(*(pacer.reserve("n", Rate(60.0, 10)) for _ in range(20)))
    assert asked == [1]
    assert waits.count(0.0) == 9, "the credit is shared out as if each had asked alone"
