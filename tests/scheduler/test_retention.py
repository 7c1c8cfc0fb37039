"""What is old is forgotten, what is not so old stays."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from scheduler import retention
from scheduler.periodic import PAGES, Job, Periodic
from scheduler.retention import PAGE
from storage.base import new_id
from storage.tables.contacts import journey_steps
from storage.tables.members import verification_codes
from storage.tables.queues import communications, events, outbox, staff_notices
from storage.unit_of_work import Tx
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
    await desk.put(staff_notices, [{"id": new_id(), **notice(None, now), "resolved_at": None, "severity": "warning"}])
    assert await prune(desk, now + timedelta(days=4000)) == 0


async def test_a_line_that_only_tells_of_the_day_goes_after_a_year(desk: Bench) -> None:
    now = desk.clock.now()
    await desk.put(staff_notices, [{"id": new_id(), **notice(None, now), "resolved_at": None}])
    assert await prune(desk, now + timedelta(days=365)) == 0
    assert await prune(desk, now + timedelta(days=365) + SECOND) == 1


async def test_that_we_said_something_is_forgotten_after_five_years(bench: Bench) -> None:
    now = bench.clock.now()
    await bench.message(await bench.person())
    five_years = now + timedelta(days=5 * 365 + 2)
    assert await prune(bench, five_years) == 1, "its words"
    assert await prune(bench, five_years + SECOND) == 1, "the rest"
    assert await bench.rows(communications) == []


async def test_a_backlog_goes_page_by_page_with_room_for_others_in_between(bench: Bench) -> None:
    """What one run every six hours of one bounded statement would never catch up with."""
    ana = await bench.person()
    many = PAGE * 2 + 10
    await bench.mail(ana, *(f"m{number}" for number in range(many)))
    await bench.database.run(lambda tx: tx.run(events.update().values(status="done")), org=None)
    bench.clock.forward(timedelta(days=15))
    left: list[int] = []

    async def work(tx: Tx, now: datetime) -> int:
        left.append(await tx.scalar(select(func.count()).select_from(events)))
        return await retention.prune(tx, now)

    periodic = Periodic(bench.database, bench.clock, [Job("retention", timedelta(hours=6), work, PAGE)], "me")
    await periodic.run_due()
    assert left == [many, many - PAGE, many - 2 * PAGE]
    assert await bench.rows(events) == []
    bench.clock.forward(timedelta(hours=5))
    await periodic.run_due()
    assert len(left) == 3, "it is done until the next time"


async def test_a_job_that_is_not_finished_comes_again_at_the_next_tick(desk: Bench) -> None:
    runs = itertools.count(1)

    async def work(tx: Tx, now: datetime) -> int:
        return 1 if next(runs) == PAGES + 3 else 10

    periodic = Periodic(desk.database, desk.clock, [Job("endless", timedelta(hours=6), work, 10)], "me")
    await periodic.run_due()
    assert next(runs) == PAGES + 1
    await periodic.run_due()
    assert next(runs) == PAGES + 4
    await periodic.run_due()
    assert next(runs) == PAGES + 5


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
