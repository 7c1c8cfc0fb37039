"""Redis stopped, flushed, struck dumb: pacing and wake-ups go on, nobody waits for it, and it is found again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.gateways import redis as module
from bot.gateways.redis import RedisPacer, RedisWake, connect
from scheduler.pacing import LocalPacer, Rate
from scripts.services import start_redis
from tests.proxy import Proxy

RATE = Rate(60.0, 10)


class Timer:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def own(redis_url: str) -> Iterator[str]:
    """A Redis of this test's own: what is said on a shared one is heard in every database of it."""
    with ExitStack() as stack:
        yield start_redis(stack)


@pytest.fixture
async def proxy(own: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(urlsplit(own).port or 0)
    await proxy.open()
    yield proxy
    await proxy.close()


@asynccontextmanager
async def through(proxy: Proxy) -> AsyncIterator[Redis]:
    async with connect(f"redis://127.0.0.1:{proxy.port}/0") as redis:
        yield redis


async def credit(*pacers: RedisPacer, asks: int = 40) -> int:
    """How many of so many may go at once."""
    return sum([await pacers[number % len(pacers)].reserve("n", RATE) == 0.0 for number in range(asks)])


async def test_several_processes_without_redis_keep_to_the_limit_together(proxy: Proxy) -> None:
    timer = Timer()
    async with through(proxy) as one, through(proxy) as two:
        pacers = [RedisPacer(redis, LocalPacer(timer), timer) for redis in (one, two)]
        for _ in range(2):
            for pacer in pacers:
                await pacer.reserve("other", RATE)
            timer.now += 60
        await proxy.close()
        assert await credit(*pacers) == 10
        await proxy.open()


async def test_a_dumb_redis_is_asked_by_one_now_and_then(proxy: Proxy) -> None:
    """It costs one caller one short wait, not every message two of them; the log has a line for it, not thousands."""
    timer = Timer()
    async with through(proxy) as redis:
        pacer = RedisPacer(redis, LocalPacer(timer), timer)
        await pacer.reserve("n", RATE)
        proxy.dumb, before = True, proxy.heard
        with capture_logs() as logs:
            assert await credit(pacer) == 10
            assert proxy.heard - before == 1
            timer.now += 3
            await credit(pacer)
            assert proxy.heard - before <= 3
            proxy.dumb = False
            timer.now += 3
            await pacer.reserve("m", RATE)
        assert [line["event"] for line in logs] == ["redis.lost", "redis.back"]


async def test_flushed_it_gives_one_burst_more(own: str) -> None:
    timer = Timer()
    async with connect(own) as redis:
        pacer = RedisPacer(redis, LocalPacer(timer), timer)
        assert await credit(pacer) == 10
        await redis.flushall()
        await redis.script_flush()
        assert await credit(pacer) == 10
        assert await credit(pacer) == 0


async def test_a_ring_is_heard_again_after_it_came_back(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AGAIN", 0.05)
    async with through(proxy) as one, through(proxy) as two:
        here, there = RedisWake(one), RedisWake(two)
        there.start()
        await proxy.close()
        here.ring("turns")
        async with asyncio.timeout(2):
            await here.wait("turns", 60)
        await proxy.open()
        async with asyncio.timeout(30):
            heard = asyncio.create_task(there.wait("turns", 60))
            while not heard.done():
                here.ring("turns")
                await asyncio.sleep(0.02)
        await here.stop()
        await there.stop()


async def test_a_listener_notices_that_nobody_is_there(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that vanished breaks no connection; without asking, its silence would be taken for a quiet night."""
    monkeypatch.setattr(module, "_SILENT", 1)
    monkeypatch.setattr(module, "_PONG", 1)
    async with through(proxy) as redis:
        wake = RedisWake(redis)
        with capture_logs() as logs:
            wake.start()
            async with asyncio.timeout(30):
                while not proxy.heard:  # noqa: ASYNC110 - it happens in Redis
                    await asyncio.sleep(0.01)
                proxy.dumb = True
                while not logs:  # noqa: ASYNC110 - a log has no event
                    await asyncio.sleep(0.05)
            await wake.stop()
        assert (logs[0]["event"], logs[0]["what"]) == ("redis.lost", "wake")
