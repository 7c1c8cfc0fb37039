"""Redis as bell and metronome of several processes. It holds no truth: losing it costs a second of polling, and pacing
falls back to each process's share. One that does not answer is left alone for a while, so that nobody waits for it.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
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
"""Seconds between attempts to reach a Redis that was lost: one asks, the others go on without it."""
_ANSWER = 0.5
"""Seconds that an answer may take."""
_SILENT, _PONG = 10, 5
"""Seconds of silence after which a listener asks whether anybody is there, and that the answer may take."""
_TOGETHER = 500
"""Buckets that one script looks at."""
_COUNTED = 10.0
"""Seconds between counts of the processes that pace."""

# One number a bucket: the instant until which its credit is used up (generic cell rate algorithm), in microseconds of
# Redis's own clock, so that processes on several hosts agree. Returns for each key 0, or the microseconds to wait.
_RESERVE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local waits = {}
for i, key in ipairs(KEYS) do
  local every, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local used = math.max(tonumber(redis.call('GET', key) or now), now)
  local wait = used + every - (now + every * burst)
  if wait > 0 then
    waits[i] = wait
  else
    redis.call('SET', key, string.format('%.0f', used + every), 'PX', math.ceil(every * (burst + 1) / 1000) + 1000)
    waits[i] = 0
  end
end
return waits
"""
_PENALIZE = """
local t = redis.call('TIME')
local untl = t[1] * 1000000 + t[2] + tonumber(ARGV[1])
if untl > tonumber(redis.call('GET', KEYS[1]) or 0) then
  redis.call('SET', KEYS[1], string.format('%.0f', untl), 'PX', math.ceil(tonumber(ARGV[1]) / 1000) + 1000)
end
return 0
"""

_CENSUS = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 30)
redis.call('EXPIRE', KEYS[1], 60)
return redis.call('ZCARD', KEYS[1])
"""


def connect(url: str) -> Redis:
    """A client that never repeats a command by itself (a repeated reservation would take the credit twice)."""
    return Redis.from_url(url, socket_timeout=_ANSWER, socket_connect_timeout=_ANSWER, retry=Retry(NoBackoff(), 0))


class _Link:
    """Whether Redis is worth asking just now. Its loss and its return are one line each."""

    def __init__(self, what: str, timer: Callable[[], float]) -> None:
        self._what = what
        self._timer = timer
        self._lost = False
        self._again_at = 0.0

    def worth_asking(self) -> bool:
        now = self._timer()
        if not self._lost:
            return True
        if now < self._again_at:
            return False
        self._again_at = now + _AGAIN
        return True

    def lost(self, error: Exception) -> None:
        if not self._lost:
            log.warning("redis.lost", what=self._what, error=type(error).__name__)
        self._lost = True
        self._again_at = self._timer() + _AGAIN

    def found(self) -> None:
        if self._lost:
            log.info("redis.back", what=self._what)
        self._lost = False


class RedisWake:
    """Rings here at once, and in every other process by pub/sub."""

    def __init__(self, redis: Redis, timer: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._local = LocalWake()
        self._name = uuid4().hex
        # Redis has one air for all its databases: another installation's rings are none of ours.
        self._channel = f"{_CHANNEL}:{redis.connection_pool.connection_kwargs.get('db') or 0}"
        self._bell = _Link("ring", timer)
        self._ear = _Link("wake", timer)
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

    def hush(self, topic: str) -> None:
        self._local.hush(topic)

    async def wait(self, topic: str, seconds: float) -> None:
        await self._local.wait(topic, seconds)

    async def _say(self) -> None:
        """Rings that come while one is on its way are said together after it."""
        while self._unsaid:
            topics, self._unsaid = self._unsaid, set()
            if not self._bell.worth_asking():
                continue
            try:
                await self._redis.publish(self._channel, " ".join((*topics, self._name)))
            except (RedisError, OSError) as error:
                self._bell.lost(error)
            else:
                self._bell.found()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    self._ear.found()
                    await self._hear(pubsub)
            except (RedisError, OSError) as error:
                self._ear.lost(error)
                await asyncio.sleep(_AGAIN)

    async def _hear(self, pubsub: PubSub) -> None:
        """Until the connection breaks, or leads nowhere (a host that vanished says nothing, as a quiet night does)."""
        silent = 0
        while silent < _SILENT + _PONG:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1.0)
            silent = silent + 1 if message is None else 0
            if message is not None and message["type"] == "message":
                *topics, name = message["data"].decode().split(" ")
                if name != self._name:  # Our own rang here when it was said.
                    for topic in topics:
                        self._local.ring(topic)
            if silent == _SILENT:
                await pubsub.ping()
        raise ConnectionError("silent")


class RedisPacer:
    """Pacing shared by all processes; while Redis is away, each keeps to its share of the limits: so many parts as
    there were processes when they were last counted."""

    def __init__(self, redis: Redis, fallback: LocalPacer, timer: Callable[[], float] = time.monotonic) -> None:
        self._reserve = redis.register_script(_RESERVE)
        self._penalize = redis.register_script(_PENALIZE)
        self._census = redis.register_script(_CENSUS)
        self._fallback = fallback
        self._timer = timer
        self._link = _Link("pacer", timer)
        self._name = uuid4().hex
        self._peers = 1
        self._count_at = -math.inf
        self._questions: list[tuple[str, Rate, asyncio.Future[float | None]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def reserve(self, key: str, rate: Rate) -> float:
        if self._link.worth_asking():
            answer: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
            self._questions.append((key, rate, answer))
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask(), name="redis-pacer")
            wait = await answer
            if wait is not None:
                return wait
        return await self._fallback.reserve(key, self._share(rate))

    async def _ask(self) -> None:
        """Messages that leave together ask together: one round trip, however many they are."""
        while self._questions:
            asked, self._questions = self._questions[:_TOGETHER], self._questions[_TOGETHER:]
            waits: Sequence[float | None] = [None] * len(asked)
            try:
                await self._count()
                waits = await self._waits([(key, rate) for key, rate, _ in asked])
                self._link.found()
            except (RedisError, OSError) as error:
                self._link.lost(error)
            finally:
                for (_, _, answer), wait in zip(asked, waits, strict=True):
                    if not answer.done():
                        answer.set_result(wait)

    async def _waits(self, asked: Sequence[tuple[str, Rate]]) -> list[float]:
        args = [number for _, rate in asked for number in (math.ceil(rate.every * 1e6), rate.burst)]
        found = await self._reserve(keys=[f"balcao:pace:{key}" for key, _ in asked], args=args)
        return [int(wait) / 1e6 for wait in found]

    async def penalize(self, key: str, rate: Rate, seconds: float) -> None:
        await self._fallback.penalize(key, self._share(rate), seconds)
        if not self._link.worth_asking():
            return
        try:
            until = seconds + rate.every * (rate.burst - 1)
            await self._penalize(keys=[f"balcao:pace:{key}"], args=[int(until * 1e6)])
        except (RedisError, OSError) as error:
            self._link.lost(error)

    async def _count(self) -> None:
        """Say that we are one of those who pace, and hear how many there are."""
        if self._timer() >= self._count_at:
            self._count_at = self._timer() + _COUNTED
            self._peers = max(1, int(await self._census(keys=["balcao:pacers"], args=[self._name])))

    def _share(self, rate: Rate) -> Rate:
        return Rate(rate.every * self._peers, max(1, rate.burst // self._peers))
