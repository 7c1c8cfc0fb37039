"""The way in to the database, shared: webhook calls that arrive during a commit go into the next one together.

A call is answered after its commit. When a shared transaction fails, each call is tried alone and then by halves, so
that one fragment that cannot be stored hurts nobody: it is kept as "unknown". When the database itself is away, callers
are told so at once and Meta delivers again (for seven days).
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, replace
from hashlib import sha256

import structlog

from bot.http.envelope import Item
from handlers.channel.inbox import Received, receive
from handlers.ports import Clock
from storage.away import is_away, is_wrong
from storage.unit_of_work import Database

log = structlog.get_logger()

MOST_CALLS = 1_000
"""Calls that may wait; the next one is sent away."""
MOST_ITEMS = 20_000
"""Items that may wait, whatever the number of calls."""
PER_COMMIT = 1_000
"""Items after which a transaction takes no further call (databases bound the parameters of a statement)."""
GATHER = 0.004
"""Seconds in which the first calls after a quiet moment come together."""
PATIENCE = 15.0
"""Seconds a caller waits. Meta documents no deadline; what comes too late is stored all the same."""

Stored = Callable[[Sequence[Item], Received], None]


class NotNow(Exception):
    """Nothing can be promised: the queue is full, or the database is away or too slow. Deliver again later."""


@dataclass(slots=True)
class _Call:
    items: Sequence[Item]
    done: asyncio.Future[bool]
    """Whether it is committed."""

    def settle(self, committed: bool) -> None:
        """The caller may have left, or have been told that it takes too long."""
        if not self.done.done():
            self.done.set_result(committed)


class Intake:
    """One writer for all calls of this process. `stored` is told of each commit, once it is done."""

    def __init__(
        self, database: Database, clock: Clock, stored: Stored = lambda items, received: None, *,
        most_calls: int = MOST_CALLS, patience: float = PATIENCE,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._stored = stored
        self._most_calls = most_calls
        self._patience = patience
        self._queue: deque[_Call] = deque()
        self._waiting_items = 0
        self._writer: asyncio.Task[None] | None = None

    async def receive(self, items: Sequence[Item]) -> None:
        """Return when the items are committed; NotNow when that cannot be promised."""
        if len(self._queue) >= self._most_calls or self._waiting_items >= MOST_ITEMS:
            raise NotNow
        loop = asyncio.get_running_loop()
        starts = range(0, len(items), PER_COMMIT)
        calls = [_Call(items[start : start + PER_COMMIT], loop.create_future()) for start in starts]
        self._queue.extend(calls)
        self._waiting_items += len(items)
        if self._writer is None or self._writer.done():
            # A context of its own: the writer works for many requests and must not log under the id of the first.
            self._writer = asyncio.create_task(self._write(), name="intake", context=Context())
        # Not `asyncio.timeout`: a fifth of what a small call costs.
        late = loop.call_later(self._patience, _give_up, calls)
        try:
            committed = [await call.done for call in calls]
        finally:
            late.cancel()
        if not all(committed):
            raise NotNow

    async def close(self) -> None:
        """Let the writer finish what it was given."""
        if self._writer is not None:
            await asyncio.wait({self._writer})

    async def _write(self) -> None:
        await asyncio.sleep(GATHER)
        while self._queue:
            await self._commit(self._take())

    def _take(self) -> list[_Call]:
        calls: list[_Call] = []
        size = 0
        while self._queue and size < PER_COMMIT:
            calls.append(self._queue.popleft())
            size += len(calls[-1].items)
        self._waiting_items -= size
        return calls

    async def _commit(self, calls: Sequence[_Call]) -> None:
        try:
            await self._store([item for call in calls for item in call.items])
        except Exception as error:
            away = is_away(error)
            log.warning("intake.commit_failed", calls=len(calls), error=type(error).__name__, exc_info=not away)
            await self._one_by_one(calls, hopeless=away)
        else:
            for call in calls:
                call.settle(True)

    async def _one_by_one(self, calls: Sequence[_Call], *, hopeless: bool) -> None:
        """Each in a transaction of its own, until the database lets none of them in: not each waits for that anew."""
        for call in calls:
            if hopeless:
                call.settle(False)
                continue
            try:
                await self._salvage(call.items)
            except Exception as error:
                log.exception("intake.failed", items=len(call.items))
                hopeless = not is_wrong(error)
                call.settle(False)
            else:
                call.settle(True)

    async def _salvage(self, items: Sequence[Item]) -> None:
        """Store all of them, else by halves in their order, down to the one that cannot be what it claims to be."""
        try:
            await self._store(items)
        except Exception as error:
            if not is_wrong(error):
                raise  # Answered 503: whoever called calls again.
            if len(items) > 1:
                middle = len(items) // 2
                await self._salvage(items[:middle])
                await self._salvage(items[middle:])
            else:
                log.exception("intake.stored_as_unknown", kind=items[0].kind, field=items[0].field)
                await self._store([as_unknown(items[0])])

    async def _store(self, items: Sequence[Item]) -> None:
        now = self._clock.now()
        received = await self._database.run(lambda tx: receive(tx, items, now), org=None)
        try:
            self._stored(items, received)
        except Exception:  # It is committed, whoever was to be told: telling must not make it look otherwise.
            log.exception("intake.not_told")


def _give_up(calls: Sequence[_Call]) -> None:
    for call in calls:
        call.settle(False)


def as_unknown(item: Item) -> Item:
    """The same thing in a form that any database takes: plain ASCII, belonging to nobody in particular."""
    raw = json.dumps(item.payload, default=repr)
    return replace(
        item,
        kind="unknown",
        field=_safe(item.field) or "",
        phone_number_id=_safe(item.phone_number_id),
        account_id=_safe(item.account_id),
        external_id=_safe(item.external_id) or sha256(raw.encode()).hexdigest(),
        occurred_at=None,
        payload={"raw": raw, "claimed": item.kind},
    )


def _safe(value: object) -> str | None:
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else None
