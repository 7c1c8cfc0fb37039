"""Drafts whose time is over: each end is told, none is hidden behind others."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from scheduler.periodic import expire_registrations
from storage import registrations
from storage.tables.members import registration_sessions
from storage.tables.queues import events
from tests.scheduler.bench import Bench


async def tell(bench: Bench) -> int:
    return await bench.database.run(lambda tx: expire_registrations(tx, bench.clock.now()), org=None)


async def change(bench: Bench, **values: object) -> None:
    await bench.database.run(lambda tx: tx.run(registration_sessions.update().values(**values)), org=None)


async def test_a_draft_that_got_more_time_ends_once_more(bench: Bench) -> None:
    await bench.charge("CT00000000000000000000000001")
    now = bench.clock.forward(timedelta(days=7))
    assert await tell(bench) == 1
    # Answered in the meantime: the event finds nothing to expire, the draft lives on.
    await change(bench, expires_at=now + timedelta(days=7))
    assert await tell(bench) == 0
    bench.clock.forward(timedelta(days=7))
    assert [await tell(bench), await tell(bench)] == [1, 0]
    assert len({row.external_id for row in await bench.rows(events)}) == 2


@pytest.mark.parametrize(("status", "count"), [("signed", 1), ("paid", 0), ("approved", 0), ("started", 1)])
async def test_who_has_not_paid_expires_even_when_signed(desk: Bench, status: str, count: int) -> None:
    await desk.charge("CT00000000000000000000000001")
    await change(desk, status=status)
    desk.clock.forward(timedelta(days=7))
    assert await tell(desk) == count


async def test_drafts_that_stand_still_hide_no_others(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    original = registrations.due_to_expire

    async def pages_of_two(tx: object, now: datetime, after: object = None) -> object:
        return await original(tx, now, after, limit=2)  # type: ignore[arg-type]

    monkeypatch.setattr(registrations, "due_to_expire", pages_of_two)
    stuck = [await bench.charge(f"CT0000000000000000000000000{place}") for place in range(5)]
    bench.clock.forward(timedelta(days=7))
    assert [await tell(bench), await tell(bench)] == [5, 0]
    late = await bench.charge("CT00000000000000000000000009")
    bench.clock.forward(timedelta(days=7))
    assert await tell(bench) == 1, "the five still stand before it"
    told = [row.contact_id for row in await bench.rows(events)]
    assert set(told[:5]) == {one.id for one in stuck}
    assert told[5] == late.id
