"""Where a process can be made to die, put around production's own functions from outside.

A point is armed by a file of its name in the folder that `CHAOS_ARMS` names; the file says at which passing (1: the
next). Whichever process comes by takes the file (a rename is atomic, so only one does), leaves its process id in the
file's name, and kills itself as `kill -9` would: nothing is closed, flushed or said.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Engine, event

import bot.http.pix
import scheduler.deliveries
import scheduler.landing
import scheduler.periodic
from bot.gateways.pix.bcb import BcbPix
from bot.gateways.whatsapp import GraphWhatsApp
from bot.http.intake import Intake
from scheduler.deliveries import Deliveries
from scheduler.notices import Notices
from scheduler.turns import Turns
from storage.unit_of_work import Database, Tx

ARMS = "CHAOS_ARMS"
MIGRATION = "migration.statement"
"""Passed at every statement of `balcao migrate`."""

MEANING = {
    "event.committed": "a webhook's events are committed, Meta has no 200 yet",
    "turn.inside": "inside a turn, all is written, nothing committed",
    "turn.committed": "a turn is committed, nothing delivered yet",
    "meta.accepted": "Meta took the message, we have not noted it",
    "landing.inside": "results of deliveries are written, not committed",
    "statuses.inside": "a batch of statuses and callbacks is written, not committed",
    "charge.made": "the charge exists at the bank, we have not noted it",
    "callback.stored": "the bank's callback is stored, the bank has no 200 yet",
    "payment.seen": "the bank told us that it is paid, we have not noted it",
    "refund.made": "the bank has the order to give money back, we have not noted it",
}
"""The named points of `serve`, in the order of a message's way."""

LEASE = "CHAOS_LEASE"
"""Seconds of a delivery's lease. Below the time-outs of the gateways (30 s) a process that stalls looks dead."""
CLEAR_UP = timedelta(seconds=4)
LONGEST_WAIT = timedelta(seconds=6)
DEATHS = 100
"""Ten deaths of an innocent job's senders take an hour with the waits as they are, and half a minute with these."""
HOLDS = timedelta(seconds=10)
SECONDS_BETWEEN_LOOKS = 1.0

_loop: ContextVar[str | None] = ContextVar("chaos_loop", default=None)
_passed: dict[str, int] = {}


def passing(point: str) -> None:
    """Die here if this point is armed and it is its turn."""
    armed = Path(os.environ[ARMS], point)
    try:
        turn = int(armed.read_text() or 1)
    except (FileNotFoundError, ValueError):
        return
    _passed[point] = _passed.get(point, 0) + 1
    if _passed[point] < turn:
        return
    try:
        armed.rename(f"{armed}.{os.getpid()}")
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def install() -> None:
    """Put every point in its place and shorten the waits; once, before the first process is forked."""
    _shorten()
    for owner, name, label in ((Turns, "run_once", "turn"), (Notices, "run_once", "statuses")):
        setattr(owner, name, _labelled(getattr(owner, name), label))
    setattr(Deliveries, "run_once", _labelled(Deliveries.run_once, "landing"))  # noqa: B010 - not for mypy to see
    setattr(Database, "run", _watched(Database.run))  # noqa: B010
    _after(Intake, "receive", "event.committed")
    _after(GraphWhatsApp, "send", "meta.accepted")
    _after(BcbPix, "create", "charge.made")
    _after(BcbPix, "refund", "refund.made")
    _after(BcbPix, "get", "payment.seen", lambda state: state is not None and bool(state.payments))
    _after(bot.http.pix, "store", "callback.stored")


def watch_migration() -> None:
    """In the process that migrates."""
    event.listen(Engine, "before_cursor_execute", lambda *_: passing(MIGRATION))


def _shorten() -> None:
    """What takes minutes in earnest takes seconds here; nothing else is changed."""
    scheduler.deliveries.LEASE = timedelta(seconds=float(os.environ[LEASE]))
    scheduler.landing.CLEAR_UP = CLEAR_UP
    scheduler.landing.LONGEST_WAIT = LONGEST_WAIT
    scheduler.landing.DEATHS = DEATHS
    scheduler.periodic.HOLDS = HOLDS
    add = AsyncIOScheduler.add_job

    def sooner(self: AsyncIOScheduler, *words: Any, seconds: float, **named: Any) -> Any:
        return add(self, *words, seconds=min(seconds, SECONDS_BETWEEN_LOOKS), **named)

    setattr(AsyncIOScheduler, "add_job", sooner)  # noqa: B010


def _labelled(step: Callable[[Any], Awaitable[int]], label: str) -> Callable[[Any], Awaitable[int]]:
    """Whatever it does, and the tasks that come of it, know in which loop they are."""

    async def labelled(self: Any) -> int:
        _loop.set(label)
        return await step(self)

    return labelled


def _watched(run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A transaction that has something to tell afterwards is one that changed something."""

    async def watched(self: Database, work: Callable[[Tx], Awaitable[Any]], **options: Any) -> Any:
        label = _loop.get()

        async def with_points(tx: Tx) -> Any:
            done = await work(tx)
            if label is not None and tx.after_commit:
                passing(f"{label}.inside")
                tx.after_commit.insert(0, lambda: passing(f"{label}.committed"))
            return done

        return await run(self, with_points, **options)

    return watched


def _after(owner: Any, name: str, point: str, counts: Callable[[Any], bool] = lambda _: True) -> None:
    """Pass the point when `name` has done its work and its caller does not know yet."""
    original = getattr(owner, name)

    async def wrapped(*words: Any, **named: Any) -> Any:
        done = await original(*words, **named)
        if counts(done):
            passing(point)
        return done

    setattr(owner, name, wrapped)
