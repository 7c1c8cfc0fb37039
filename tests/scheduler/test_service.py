"""The worker as a whole: what it counts, and that it stops without losing anything."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from handlers.ports import Refused
from scheduler.periodic import Periodic
from scheduler.service import MANY, Service
from storage import deliveries as store
from storage.base import new_id
from storage.tables.members import payment_intents
from storage.tables.queues import events, outbox, timers
from tests.scheduler.bench import NUMBER, Bench, Recorder, Script
from tests.scheduler.test_deliveries import go


def service(bench: Bench, engine: Any = None, courier: Any = None) -> Service:
    couriers = {"whatsapp.message": courier or Script()}
    return Service(
        bench.database, bench.turns(engine or Recorder()), bench.notices(), bench.deliveries(couriers),
        Periodic(bench.database, bench.clock, (), "test"), bench.clock, bench.wake, bench.watch,
    )  # fmt: skip


def gauges(bench: Bench) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for name, *values in bench.watch.told:
        named = name in ("payments", "dead")
        found[(name, values[0]) if named else name] = values[1:] if named else values
    return found


async def test_gauges(bench: Bench) -> None:
    ana = await bench.person()
    await bench.mail(ana, "a", "b", "c")
    parked = events.update().where(events.c.external_id == "c").values(status="parked")
    await bench.database.run(lambda tx: tx.run(parked), org=None)
    await bench.message(ana)
    await bench.charge("CT00000000000000000000000001")
    await go(bench.deliveries({"whatsapp.message": Script([Refused("100")])}))
    bench.clock.forward(timedelta(seconds=40))
    worker = service(bench)
    await worker.observe()
    told = gauges(bench)
    assert (told["mailbox"], told["parked"], told["dead", "whatsapp.message"]) == ([2, 40.0], [1], [1])
    assert told["payments", "pending"] == [1]
    paid = payment_intents.update().values(status="succeeded")
    await bench.database.run(lambda tx: tx.run(paid), org=None)
    await worker.observe()
    told = gauges(bench)
    assert (told["payments", "pending"], told["payments", "succeeded"]) == ([0], [1]), "what is no more is told too"
    bench.clock.forward(timedelta(days=2))
    await worker.observe()
    assert gauges(bench)["payments", "succeeded"] == [0], "of what is over that of a day: there is more every year"
    waiting = payment_intents.update().values(status="pending")
    await bench.database.run(lambda tx: tx.run(waiting), org=None)
    await worker.observe()
    assert gauges(bench)["payments", "pending"] == [1], "however long it waits"


async def test_a_number_is_told_to_be_stopped_as_long_as_it_is(bench: Bench) -> None:
    """Whether or not anything was on its way when it stopped."""
    worker, told = service(bench), []
    for change in (lambda tx: store.stop_number(tx, NUMBER, "190"), store.start_numbers):
        await worker.observe()
        told.append(gauges(bench)["stopped"])
        await bench.database.run(change, org=None)
        await worker.observe()
        told.append(gauges(bench)["stopped"])
    assert told == [[0], [1], [1], [0]]


async def test_dead_deliveries_are_told_by_kind_until_they_are_gone(bench: Bench) -> None:
    await bench.errand(await bench.person(), "pix.refund", status="dead")
    worker = service(bench)
    await worker.observe()
    told = gauges(bench)
    assert (told["dead", "pix.refund"], told["dead", "whatsapp.message"]) == ([1], [0])
    await bench.database.run(lambda tx: tx.run(outbox.delete()), org=None)
    await worker.observe()
    assert gauges(bench)["dead", "pix.refund"] == [0]


async def test_timers_become_events_of_their_people(bench: Bench) -> None:
    ana, now = await bench.person(), bench.clock.now()
    row = {"id": new_id(), "contact_id": ana.id, "name": "reminder", "version": 3, "payload": {"count": 1},
           "due_at": now + timedelta(minutes=15)}  # fmt: skip
    await bench.put(timers, [row])
    worker = service(bench)
    await worker.beat()
    assert await bench.rows(events) == []
    bench.clock.forward(timedelta(minutes=15))
    await worker.beat()
    await worker.beat()
    event = await bench.one(events)
    assert (event.kind, event.payload) == ("timer", {"count": 1, "name": "reminder", "version": 3})
    assert await bench.rows(timers) == []


async def test_it_runs_until_it_is_stopped_and_drains(desk: Bench) -> None:
    people = [await desk.person() for _ in range(3)]
    landed = asyncio.Event()

    class Slow(Script):
        async def carry(self, job: Any) -> Any:
            await landed.wait()
            return await Script.carry(self, job)

    worker, courier = service(desk, courier=(slow := Slow())), slow
    worker.start()
    for place, person in enumerate(people):
        await desk.mail(person, str(place))
    await desk.message(people[0])
    desk.wake.ring("turns")
    desk.wake.ring("deliveries")
    while not worker._deliveries.in_flight:  # noqa: ASYNC110 - a loop of the product gets there
        await asyncio.sleep(0.01)
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0.01)
    assert not stopping.done()
    landed.set()
    await stopping
    assert len(courier.carried) == 1
    assert await desk.rows(outbox) == []
    await worker.until_trouble()


async def as_far_as_it_goes() -> None:
    """Every task runs until it waits for something that is not there."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_loop_looks_again_only_for_a_ring_or_when_there_was_much(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.service.GATHER", {"turns": 0.0})
    worker, found = service(desk), asyncio.Queue[int]()
    looked: list[int] = []

    async def step() -> int:
        looked.append(found.get_nowait())
        if len(looked) == 3:
            desk.wake.ring("turns")  # While it works: there may be news that it did not see.
        return looked[-1]

    for done in (0, MANY, 1, 2, 0):
        found.put_nowait(done)
    desk.wake.ring("turns")
    loop = asyncio.create_task(worker._loop("turns", step))
    await as_far_as_it_goes()
    assert looked == [0], "the ring before the look was answered by it"
    desk.wake.ring("turns")
    await as_far_as_it_goes()
    assert looked == [0, MANY, 1, 2]
    worker._stopping = True
    desk.wake.ring("turns")
    await loop


async def test_a_step_that_fails_is_tried_again(desk: Bench, logs: list[Any]) -> None:
    worker, calls, done = service(desk), 0, asyncio.Event()

    async def step() -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionError
        done.set()
        return 0

    loop = asyncio.create_task(worker._loop("turns", step))
    while not logs:  # noqa: ASYNC110 - a loop of the product gets there
        await asyncio.sleep(0.005)
    desk.wake.ring("turns")
    await done.wait()
    worker._stopping = True
    desk.wake.ring("turns")
    await loop
    assert [line["event"] for line in logs] == ["loop.failed"]
