"""What the command line tells of work that was given up, and how it is tried again. Ids, kinds and reasons only."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.engine import make_url

from bot.lists import MOST, listed
from bot.settings import Settings
from bot.wiring import SystemClock, make_vault
from storage import deliveries, organizations, set_aside
from storage.migrate import current, problem, revisions
from storage.roles import exempt, lacking
from storage.unit_of_work import Database, Tx, make_engine
from storage.vault import Vault

T = TypeVar("T")


async def _in_database(settings: Settings, work: Callable[[Tx], Awaitable[T]]) -> T:
    database = Database(make_engine(settings.database_url))
    try:
        return await database.run(work, org=None)
    finally:
        await database.close()


NO_SECOND_TRY = {
    "refund": "a refund is sent back by hand, else the money could go out twice: look at the bank",
    "code": "a one-time code is not sent again: the person asks for a new one",
    "expired": "its time is over: write to the person",
}
"""Said of the reasons of `set_aside.no_second_try`."""
LARGEST = 2**63 - 1
"""A number in the queues; nothing has a larger one."""


async def parked(settings: Settings, most: int = MOST) -> str:
    """One line an event: id, kind, when it was given up, why."""
    rows = await _in_database(settings, lambda tx: set_aside.parked(tx, most))
    return "\n".join(listed(rows, _parked_line)) or "No event is parked."


def _parked_line(row: Any) -> str:
    return f"{row.id}  {row.kind}  {_when(row.done_at)}  {row.error or '-'}"


async def replay(settings: Settings, event_id: int) -> str:
    if abs(event_id) > LARGEST or not await _in_database(settings, lambda tx: set_aside.replay(tx, event_id)):
        raise SystemExit(f"balcao: event {event_id} is not parked (`balcao parked` lists those that are)")
    return f"Event {event_id} gets another turn."


async def dead(settings: Settings, most: int = MOST) -> str:
    """One line a delivery: id, kind, template, when it was asked for, how often it was tried, why it was given up, and
    why it is not to be tried again."""
    now = SystemClock().now()
    rows = await _in_database(settings, lambda tx: set_aside.dead(tx, most))
    return "\n".join(listed(rows, lambda row: _dead_line(row, now))) or "No delivery is dead."


def _dead_line(row: Any, now: datetime) -> str:
    reason = set_aside.no_second_try(row, now)
    told = f"  (no second try: {NO_SECOND_TRY[reason]})" if reason else ""
    asked = f"{_when(row.created_at)}  {row.attempts} tries"
    return f"{row.id}  {row.kind}  {row.template or '-'}  {asked}  {row.error or '-'}{told}"


async def retry(settings: Settings, outbox_id: int) -> str:
    now = SystemClock().now()
    known = abs(outbox_id) <= LARGEST
    reason = await _in_database(settings, lambda tx: set_aside.retry(tx, outbox_id, now)) if known else "absent"
    if reason == "absent":
        raise SystemExit(f"balcao: delivery {outbox_id} is not dead (`balcao dead` lists those that are)")
    if reason is not None:
        raise SystemExit(f"balcao: delivery {outbox_id} is not tried again: {NO_SECOND_TRY[reason]}")
    return f"Delivery {outbox_id} is tried again."


async def obstacle(settings: Settings) -> str | None:
    """Why a start is not possible with the database as it is, in one line. It is only looked at: an embedded one is
    made, or brought up to date, at the start."""
    url = settings.database_url
    if not settings.on_postgresql and not _is_there(url):
        return _no_place(Path(make_url(url).database or ""))
    engine = make_engine(url)
    try:
        if settings.on_postgresql:
            return await problem(engine) or await lacking(engine)
        return None if await current(engine) in {None, *revisions()} else await problem(engine)
    finally:
        await engine.dispose()


def _no_place(file: Path) -> str | None:
    if file.exists():
        return "there is a folder where the file is to be"
    if not file.absolute().parent.is_dir():
        return "the folder of its file does not exist"
    return None if os.access(file.absolute().parent, os.W_OK) else "this user may not write in the folder of its file"


async def role_warning(settings: Settings) -> list[str]:
    """A line when PostgreSQL's row security would not hold for the role of BALCAO_DATABASE_URL."""
    if not settings.on_postgresql:
        return []
    engine = make_engine(settings.database_url)
    try:
        problem = await exempt(engine)
    finally:
        await engine.dispose()
    return (
        [f"WARNING  BALCAO_DATABASE_URL: {problem}. Use a plain role, as docker/roles.sql makes it."] if problem else []
    )


async def what_stands_still(settings: Settings) -> list[str]:
    """A line for businesses that cannot be read, and for every number on which Meta takes nothing any more; none where
    the database is not set up yet."""
    if not settings.on_postgresql and not _is_there(settings.database_url):
        return []
    engine = make_engine(settings.database_url)
    try:
        if await problem(engine):
            return []
        return await Database(engine).run(
            lambda tx: _standing_still(tx, make_vault(settings)), org=None, read_only=True
        )
    finally:
        await engine.dispose()


async def _standing_still(tx: Tx, vault: Vault) -> list[str]:
    closed = await organizations.sealed_away(tx, vault)
    lines = (
        [f"{'MISSING' if closed.is_all else 'WARNING'}  of the businesses in the database {closed}"] if closed else []
    )
    return lines + [
        f"STOPPED  number {row.phone_number_id}: {row.stopped_reason}. Put right what Meta says, then restart Balcão."
        for row in await deliveries.reasons_of_stopped(tx)
    ]


def _is_there(url: str) -> bool:
    """Whether an embedded database exists: to look into it would make it."""
    return Path(make_url(url).database or "").is_file()


def _when(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at is not None else "-"
