"""What is old is forgotten, what is not so old stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table

from scheduler import retention
from storage.base import new_id
from storage.tables.contacts import journey_steps
from storage.tables.members import verification_codes
from storage.tables.queues import communications, events, outbox, staff_notices
from tests.scheduler.bench import Bench

SECOND = timedelta(seconds=1)


async def prune(bench: Bench, at: datetime) -> int:
    return await bench.database.run(lambda tx: retention.prune(tx, at), org=None)


def code(contact_id: Any, at: datetime) -> dict[str, Any]:
    return {
        "contact_id": contact_id, "channel": "email", "purpose": "identity", "bound_to": "x", "recipient_hash": "x",
        "code_hash": "x", "attempts": 0, "sends": 1, "sent_at": at, "expires_at": at, "created_at": at,
    }  # fmt: skip


def step(contact_id: Any, at: datetime) -> dict[str, Any]:
    return {
        "contact_id": contact_id, "dialogue": "menu", "state": "choosing", "outcome": "answered", "entered_at": at,
        "left_at": at,
    }  # fmt: skip


def notice(contact_id: Any, at: datetime) -> dict[str, Any]:
    return {
        "contact_id": contact_id, "kind": "x", "severity": "info", "detail": {}, "dedupe_key": "x", "created_at": at,
        "resolved_at": at,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "make", "keep"),
    [
        (verification_codes, code, timedelta(days=30)),
        (journey_steps, step, timedelta(days=730)),
        (staff_notices, notice, timedelta(days=365)),
    ],
)
async def test_old_rows_go(
    desk: Bench, table: Table, make: Callable[[Any, datetime], dict[str, Any]], keep: timedelta
) -> None:
    ana, now = await desk.person(), desk.clock.now()
    await desk.put(table, [{"id": new_id(), **make(ana.id, now)}])
    assert await prune(desk, now + keep) == 0
    assert await prune(desk, now + keep + SECOND) == 1
    assert await desk.rows(table) == []


async def test_a_line_that_nobody_dealt_with_stays(desk: Bench) -> None:
    now = desk.clock.now()
    await desk.put(staff_notices, [{"id": new_id(), **notice(None, now), "resolved_at": None}])
    assert await prune(desk, now + timedelta(days=4000)) == 0


async def test_what_waits_for_a_month_is_not_sent_any_more(bench: Bench) -> None:
    ana, now = await bench.person(), bench.clock.now()
    held = await bench.message(ana, status="held")
    queued = await bench.message(ana)
    assert await prune(bench, now + timedelta(days=30)) == 0
    assert await prune(bench, now + timedelta(days=30) + SECOND) == 1
    assert [row.communication_id for row in await bench.rows(outbox)] == [queued]
    status = {row.id: row.status for row in await bench.rows(communications)}
    assert status == {held: "dropped", queued: "queued"}


async def test_dead_letters_go_after_three_months(desk: Bench) -> None:
    now = desk.clock.now()
    await desk.errand(None, status="dead")
    assert await prune(desk, now + timedelta(days=90)) == 0
    assert await prune(desk, now + timedelta(days=90) + SECOND) == 1


async def test_what_we_said_is_forgotten_after_a_year(bench: Bench) -> None:
    now = bench.clock.now()
    await bench.message(await bench.person())
    assert await prune(bench, now + timedelta(days=365)) == 0
    later = now + timedelta(days=365) + SECOND
    assert [await prune(bench, later), await prune(bench, later)] == [1, 0]
    row = await bench.one(communications)
    assert (row.content, row.variables, row.template) == (None, None, "hello")


async def test_parked_events_wait_two_weeks_from_when_they_were_parked(desk: Bench) -> None:
    ana = await desk.person()
    await desk.mail(ana, "bad")
    parked_at = desk.clock.forward(timedelta(days=20))
    park = events.update().values(status="parked", done_at=parked_at)
    await desk.database.run(lambda tx: tx.run(park), org=None)
    assert await prune(desk, parked_at + timedelta(days=14)) == 0
    assert await prune(desk, parked_at + timedelta(days=14) + SECOND) == 1
