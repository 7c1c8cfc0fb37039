"""Redis as bell and metronome of several processes. It holds no truth: losing it costs a second of polling, and pacing
falls back to each process's own.
"""

from __future__ import annotations

import asyncio
import math

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from scheduler.pacing import LocalPacer, Rate
from scheduler.wake import LocalWake

log = structlog.get_logger()

_CHANNEL = "balcao:wake"
_UNHEARD = 0.1
"""Seconds after which a task that was cancelled and goes on is cancelled again."""
_AGAIN = 2.0
"""Seconds between attempts to listen again."""

# One number a bucket: the instant until which its credit is used up (generic cell rate algorithm), in microseconds of
# Redis's own clock, so that processes on several hosts agree. Returns 0, or the microseconds to wait.
_RESERVE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local every, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local used = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = used + every - (now + every * burst)
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', used + every), 'PX', math.ceil(every * (burst + 1) / 1000) + 1000)
return 0
"""
_PENALIZE = """
local t = redis.call('TIME')
local untl = t[1] * 1000000 + t[2] + tonumber(ARGV[1])
if untl > tonumber(redis.call('GET', KEYS[1]) or 0) then
  redis.call('SET', KEYS[1], string.format('%.0f', untl), 'PX', math.ceil(tonumber(ARGV[1]) / 1000) + 1000)
end
return 0
"""


def connect(url: str) -> Redis:
    """A client that never repeats a command by itself (a repeated reservation would take the credit twice)."""
    return Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 0))


class RedisWake:
    """Rings here at once, and in every other process by pub/sub."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._local = LocalWake()
        self._listener: asyncio.Task[None] | None = None
        self._unsaid: set[str] = set()
        self._saying: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._listener = asyncio.create_task(self._listen(), name="redis-wake")

    async def stop(self) -> None:
        """The client swallows a cancellation that meets it while it connects: so it is told until it has heard."""
        pending = {task for task in (self._listener, self._saying) if task is not None}
        while pending:
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=_UNHEARD)

    def ring(self, topic: str) -> None:
        self._local.ring(topic)
        self._unsaid.add(topic)
        if self._saying is None or self._saying.done():
            self._saying = asyncio.create_task(self._say(), name="redis-ring")

    async def wait(self, topic: str, seconds: float) -> None:
        await self._local.wait(topic, seconds)

    async def _say(self) -> None:
        """Rings that come while one is on its way are said together after it."""
        while self._unsaid:
            topics, self._unsaid = self._unsaid, set()
            try:
                for topic in topics:
                    await self._redis.publish(_CHANNEL, topic)
            except (RedisError, OSError) as error:
                log.warning("redis.ring_failed", error=type(error).__name__)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(_CHANNEL)
                    while True:
                        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1.0)
                        if message is not None:
                            self._local.ring(message["data"].decode())
            except (RedisError, OSError) as error:
                log.warning("redis.wake_lost", error=type(error).__name__)
                await asyncio.sleep(_AGAIN)


class RedisPacer:
    """Pacing shared by all processes; while Redis is away, each keeps to the limits on its own."""

    def __init__(self, redis: Redis, fallback: LocalPacer) -> None:
        self._reserve = redis.register_script(_RESERVE)
        self._penalize = redis.register_script(_PENALIZE)
        self._fallback = fallback

    async def reserve(self, key: str, rate: Rate) -> float:
        try:
            wait = await self._reserve(keys=[f"balcao:pace:{key}"], args=[math.ceil(rate.every * 1e6), rate.burst])
        except (RedisError, OSError) as error:
            log.warning("redis.pacer_lost", error=type(error).__name__)
            return await self._fallback.reserve(key, rate)
        return int(wait) / 1e6

    async def penalize(self, key: str, rate: Rate, seconds: float) -> None:
        await self._fallback.penalize(key, rate, seconds)
        try:
            until = seconds + rate.every * (rate.burst - 1)
            await self._penalize(keys=[f"balcao:pace:{key}"], args=[int(until * 1e6)])
        except (RedisError, OSError) as error:
            log.warning("redis.pacer_lost", error=type(error).__name__)
