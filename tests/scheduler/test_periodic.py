"""Periodic jobs: each runs once however many processes there are, and does what it is for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from handlers.payments.sweep import due_checks
from scheduler.periodic import HOLDS, Job, Periodic, expire_registrations, sweep_payments
from scheduler.retention import prune
from storage.base import new_id
from storage.tables.members import registration_sessions
from storage.tables.queues import documents, events, leases, media_uploads, outbox
from storage.unit_of_work import Database, Tx, make_engine
from tests.scheduler.bench import NUMBER, Bench

TXID = "CT00000000000000000000000001"


class Counting:
    def __init__(self, error: Exception | None = None) -> None:
        self.runs = 0
        self.error = error

    async def __call__(self, tx: Tx, now: datetime) -> int:
        self.runs += 1
        if self.error is not None:
            raise self.error
        return 1


async def test_of_two_processes_one_runs_the_job(bench: Bench, database_url: str) -> None:
    work, other = Counting(), Database(make_engine(database_url))
    jobs = [Job("job", timedelta(minutes=10), work)]
    both = [Periodic(bench.database, bench.clock, jobs, "a"), Periodic(other, bench.clock, jobs, "b")]
    for minutes, runs in ((0, 1), (9, 1), (1, 2), (10, 3)):
        bench.clock.forward(timedelta(minutes=minutes))
        for process in both:
            await process.run_due()
        assert work.runs == runs
    await other.close()


async def test_a_job_under_way_elsewhere_is_left_alone_until_it_is_thought_dead(desk: Bench) -> None:
    now, work = desk.clock.now(), Counting()
    await desk.put(leases, [{"name": "job", "owner": "gone", "until": now + HOLDS}])
    periodic = Periodic(desk.database, desk.clock, [Job("job", timedelta(minutes=1), work)], "me")
    await periodic.run_due()
    assert work.runs == 0
    desk.clock.forward(HOLDS)
    await periodic.run_due()
    assert work.runs == 1


async def test_a_failing_job_hurts_no_other_and_comes_again(desk: Bench, logs: list[Any]) -> None:
    bad, good = Counting(ZeroDivisionError()), Counting()
    jobs = [Job("bad", timedelta(minutes=1), bad), Job("good", timedelta(minutes=1), good)]
    periodic = Periodic(desk.database, desk.clock, jobs, "me")
    for _ in range(2):
        await periodic.run_due()
        desk.clock.forward(timedelta(minutes=1))
    assert (bad.runs, good.runs) == (2, 2)
    assert [line["job"] for line in logs if line["event"] == "job.failed"] == ["bad", "bad"]


async def test_the_sweep_asks_the_bank_once_in_five_minutes(bench: Bench) -> None:
    person = await bench.charge(TXID)
    await bench.charge("CT00000000000000000000000002", status="succeeded")

    async def sweep() -> int:
        return await bench.database.run(lambda tx: sweep_payments(tx, bench.clock.now()), org=None)

    assert [await sweep(), await sweep()] == [1, 0]
    row = await bench.one(outbox)
    assert (row.kind, row.contact_id, row.payload["txid"]) == ("pix.check", person.id, TXID)
    bench.clock.forward(timedelta(minutes=6))
    assert await sweep() == 1


async def test_charges_that_were_never_asked_about_are_not_kept_waiting_by_old_ones(bench: Bench) -> None:
    """More are left unpaid on a day than the bank can be asked about in five minutes."""
    olds = [f"CT0000000000000000000000000{number}" for number in range(3)]
    for txid in olds:
        await bench.charge(txid)

    async def sweep(most: int) -> set[str]:
        found = await bench.database.run(lambda tx: due_checks(tx, bench.clock.now(), most), org=None)
        return {check.txid for check in found}

    assert await sweep(3) == set(olds)
    bench.clock.forward(timedelta(minutes=6))
    new = "CT00000000000000000000000009"
    await bench.charge(new)
    bench.clock.forward(timedelta(minutes=2))

    assert await sweep(1) == {new}
    assert await sweep(3) == set(olds)


async def test_left_sign_ups_are_told_to_their_people_once(bench: Bench) -> None:
    person = await bench.charge(TXID)

    async def tell() -> int:
        return await bench.database.run(lambda tx: expire_registrations(tx, bench.clock.now()), org=None)

    assert await tell() == 0
    bench.clock.forward(timedelta(days=7))
    assert [await tell(), await tell()] == [1, 0]
    event = await bench.one(events)
    registration = await bench.one(registration_sessions)
    assert (event.kind, event.contact_id) == ("registration.expired", person.id)
    assert event.payload == {"registration_id": str(registration.id)}


async def test_old_events_and_passing_documents_are_pruned(bench: Bench) -> None:
    ana, now = await bench.person(), bench.clock.now()
    await bench.mail(ana, "done", "ignored", "parked", "pending")
    for status in ("done", "ignored", "parked"):
        close = events.update().where(events.c.external_id == status).values(status=status)
        await bench.database.run(lambda tx, close=close: tx.run(close), org=None)  # type: ignore[misc]
    passing, lasting = new_id(), new_id()
    paper = {"kind": "qr", "mime_type": "image/png", "filename": "x", "content": b"x", "sha256": "0", "created_at": now}
    await bench.put(documents, [{**paper, "id": passing, "expires_at": now + timedelta(days=2)}])
    await bench.put(documents, [{**paper, "id": lasting, "expires_at": None}])
    uploads = [
        {"id": new_id(), "document_id": one, "phone_number_id": NUMBER, "media_id": "1", "expires_at": day}
        for one, day in ((passing, now), (lasting, now + timedelta(days=29)))
    ]
    await bench.put(media_uploads, uploads)
    later = bench.clock.forward(timedelta(days=14, seconds=1))
    assert await bench.database.run(lambda tx: prune(tx, later), org=None) == 3
    assert [row.status for row in await bench.rows(events)] == ["parked", "pending"]
    assert [row.id for row in await bench.rows(documents)] == [lasting]
    assert [row.document_id for row in await bench.rows(media_uploads)] == [lasting]
