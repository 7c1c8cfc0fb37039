"""Mailboxes: strict order per person, nothing twice, one person's trouble is nobody else's."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from conversations.catalogue import portuguese
from conversations.dialogues.all import dialogues
from conversations.engine import Engine
from handlers.commands import COMMANDS
from handlers.facts import Contact
from handlers.ports import Accepted
from handlers.reactions import react
from scheduler import turns as module
from scheduler.couriers.whatsapp import WhatsAppCourier
from scheduler.parking import opened
from scheduler.turns import TRIES
from storage import set_aside
from storage.tables.contacts import contacts, conversations, journey_steps
from storage.tables.queues import communications, events, outbox, staff_notices
from storage.unit_of_work import Database, Tx, make_engine
from tests.clock import FrozenClock
from tests.scheduler.bench import UNREADABLE, Bench, Recorder, open_bench


async def until_idle(bench: Bench, engine: object) -> int:
    """Take turns until nobody has mail that may be read now; how many events were done."""
    turns, total = bench.turns(engine), 0
    while done := await turns.run_once():
        total += done
    return total


async def status_of(bench: Bench, external_id: str) -> str:
    return str((await bench.one(events, external_id=external_id)).status)


async def test_a_persons_events_are_taken_in_order_and_erased(bench: Bench) -> None:
    ana = await bench.person()
    await bench.mail(ana, "a", "b", "c", text={"body": "123.456.789-09"})
    assert await until_idle(bench, Recorder()) == 3
    assert await bench.seen(ana) == ["a", "b", "c"]
    rows = await bench.rows(events)
    assert [(row.status, row.payload, row.done_at) for row in rows] == [("done", None, bench.clock.now())] * 3


async def test_many_people_in_one_batch(bench: Bench) -> None:
    people = [await bench.person() for _ in range(12)]
    for round_ in range(2):
        for place, person in enumerate(people):
            await bench.mail(person, f"{place}.{round_}")
    assert await bench.turns(Recorder()).run_once() == 24
    assert [await bench.seen(person) for person in people] == [[f"{at}.0", f"{at}.1"] for at in range(12)]


async def test_a_full_mailbox_takes_several_turns(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVENTS", 2)
    ana = await desk.person()
    await desk.mail(ana, *"abcde")
    turns = desk.turns(Recorder())
    assert [await turns.run_once() for _ in range(4)] == [2, 2, 1, 0]
    assert await desk.seen(ana) == list("abcde")


async def test_one_who_fails_hurts_nobody(bench: Bench, logs: list[dict[str, Any]]) -> None:
    people = [await bench.person() for _ in range(3)]
    for name, person in zip("abc", people, strict=True):
        await bench.mail(person, f"{name}1", f"{name}2")
    await until_idle(bench, Recorder(["b1"]))
    assert [await bench.seen(person) for person in people] == [["a1", "a2"], [], ["c1", "c2"]]
    assert await status_of(bench, "b1") == "pending" == await status_of(bench, "b2")
    assert any(line["event"] == "turns.failed" for line in logs)
    assert not any("something personal" in str({k: v for k, v in line.items() if k != "exc_info"}) for line in logs)


async def test_tried_again_after_4_and_16_seconds_then_parked(bench: Bench) -> None:
    ana, engine = await bench.person(), Recorder(["bad"])
    await bench.mail(ana, "bad", "next", text={"body": "oi"})
    for wait in (4, 16):
        await until_idle(bench, engine)
        bench.clock.forward(timedelta(seconds=wait - 1))
        assert await until_idle(bench, engine) == 0
        assert await status_of(bench, "bad") == "pending"
        bench.clock.forward(timedelta(seconds=1))
    assert engine.apologies == []
    await until_idle(bench, engine)
    assert engine.apologies == [ana.id]
    assert await bench.seen(ana) == ["next"]
    parked = await bench.one(events, external_id="bad")
    assert (parked.status, opened(bench.shop.sealer, parked.payload)["text"]) == ("parked", {"body": "oi"})
    assert parked.error.startswith("ValueError at bench.py:")
    notice = await bench.one(staff_notices)
    assert (notice.kind, notice.severity, notice.detail) == (
        "turn.parked", "critical", {"event_id": parked.id, "event": "message"},
    )  # fmt: skip
    talk = await bench.one(conversations)
    assert (talk.attempts, talk.blocked_until) == (0, None)
    assert [told[1] for told in bench.watch.told if told[0] == "turn"] == ["retried", "retried", "parked", "done"]


async def fail_through(bench: Bench, engine: object) -> None:
    """Let whatever fails fail as often as it may."""
    for _ in range(8):
        await until_idle(bench, engine)
        bench.clock.forward(timedelta(seconds=16))


async def test_a_database_that_goes_away_in_the_middle_is_no_failure_of_the_event(desk: Bench) -> None:
    """However often: the event waits with what came after it, nobody is told anything, nothing is parked."""
    ana, engine = await desk.person(), Recorder()
    await desk.mail(ana, "a", "b")
    cut = DBAPIError("update", {}, asyncpg.AdminShutdownError("terminating connection"))

    class Cutting(Recorder):
        async def take(self, *_: Any) -> None:
            raise cut

    cutting = desk.turns(Cutting())
    for _ in range(TRIES + 1):
        with pytest.raises(DBAPIError):
            await cutting.run_once()
    assert await until_idle(desk, engine) == 2
    assert await desk.seen(ana) == ["a", "b"]
    assert await desk.rows(staff_notices) == []


async def test_six_failures_in_a_row_lead_to_the_menu(desk: Bench) -> None:
    ana, engine = await desk.person(), Recorder(["bad", "worse"])
    stuck = conversations.update().values(dialogue="signup", state="cpf", floor="human", version=7)
    await desk.database.run(lambda tx: tx.run(stuck), org=None)
    await desk.mail(ana, "bad", "worse")
    await fail_through(desk, engine)
    assert engine.apologies == [ana.id], "told once, not at every parked event"
    talk = await desk.one(conversations)
    assert (talk.dialogue, talk.state, talk.attempts, talk.floor) == ("menu", "choosing", 0, "human")
    assert len(await desk.rows(staff_notices)) == 2
    await desk.mail(ana, "fine")
    await until_idle(desk, engine)
    assert await desk.seen(ana) == ["fine"]


async def test_the_apology_is_a_message(desk: Bench) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError

    engine = Engine(dialogues(), portuguese(), COMMANDS, react)
    engine._message = break_down  # type: ignore[assignment, method-assign]
    ana = await desk.person()
    await desk.mail(ana, "bad", text={"body": "oi"})
    await fail_through(desk, engine)
    sent = await desk.one(communications)
    assert sent.template == "engine-trouble"
    assert (await desk.one(outbox)).payload["phone"] == ana.wa_id


async def test_a_parked_event_is_played_again_first(bench: Bench) -> None:
    ana, engine = await bench.person(), Recorder(["bad"])
    await bench.mail(ana, "bad")
    await fail_through(bench, engine)
    bad = await bench.one(events, status="parked")
    await bench.mail(ana, "next")
    assert await bench.database.run(lambda tx: set_aside.replay(tx, bad.id), org=None)
    assert not await bench.database.run(lambda tx: set_aside.replay(tx, bad.id), org=None)
    engine.fails_at.clear()
    await until_idle(bench, engine)
    assert await bench.seen(ana) == ["bad", "next"]


async def test_blocked_people_with_full_mailboxes_are_in_nobodys_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud, quiet = await bench.person(), await bench.person()
    until = bench.clock.now() + timedelta(minutes=1)
    block = conversations.update().where(conversations.c.contact_id == loud.id).values(blocked_until=until)
    await bench.database.run(lambda tx: tx.run(block), org=None)
    await bench.mail(loud, *(f"l{number}" for number in range(1100)))
    await bench.mail(quiet, "q")
    assert await until_idle(bench, Recorder()) == 1
    assert await bench.seen(quiet) == ["q"]


async def test_steps_and_names_are_recorded(desk: Bench) -> None:
    ana = await desk.person()
    unreachable = contacts.update().values(unreachable_at=desk.clock.now())
    await desk.database.run(lambda tx: tx.run(unreachable), org=None)
    await desk.mail(ana, "a", _from={"name": "Ana Nova", "username": "ana.nova"}, referral={"source_id": "7"})
    await until_idle(desk, Recorder())
    step = await desk.one(journey_steps)
    assert (step.dialogue, step.outcome, step.contact_id) == ("menu", "answered", ana.id)
    kept = await desk.one(contacts)
    assert (kept.profile_name, kept.username, kept.referral) == ("Ana Nova", "ana.nova", {"source_id": "7"})
    assert (kept.last_inbound_at, kept.last_message_id) == (desk.clock.now(), "a")
    assert kept.unreachable_at is None, "who writes can be reached"


async def test_held_messages_are_released_when_the_person_writes(bench: Bench) -> None:
    ana, other = await bench.person(), await bench.person()
    for person in (ana, other):
        await bench.message(person)
    await bench.database.run(lambda tx: tx.run(outbox.update().values(status="held")), org=None)
    now = bench.clock.forward(timedelta(days=3))
    await bench.mail(ana, "timer", kind="timer")
    await until_idle(bench, Recorder())
    assert {row.status for row in await bench.rows(outbox)} == {"held"}, "only the person's own words open the window"
    await bench.mail(ana, "a")
    await until_idle(bench, Recorder())
    free, held = await bench.rows(outbox, contact_id=ana.id), await bench.rows(outbox, contact_id=other.id)
    assert (free[0].status, held[0].status) == ("queued", "held")
    assert free[0].due_at == now
    assert free[0].expires_at > now, "it waited for the person: that does not make it stale"


# --- Two workers on one database --------------------------------------------------------------------------------------


async def race(bench: Bench, other: Database, engine: Recorder, rounds: int) -> None:
    workers = [bench.turns(engine), bench.turns(engine, other)]
    for _ in range(rounds):
        await asyncio.gather(*(worker.run_once() for worker in workers))


async def play(url: str, deliveries: list[list[tuple[int, int]]], bad: set[str]) -> None:
    """Each list arrives while two workers are at it; a pair is (person, message), possibly seen before."""
    async with open_bench(url, FrozenClock()) as bench:
        other = Database(make_engine(url))
        try:
            people = [await bench.person() for _ in range(3)]
            arrived: dict[int, list[str]] = {0: [], 1: [], 2: []}
            engine = Recorder(bad)
            for bulk in deliveries:
                await asyncio.gather(race(bench, other, engine, 1), _arrive(bench, people, bulk, arrived))
            for _ in range(7):
                await race(bench, other, engine, 2)
                bench.clock.forward(timedelta(seconds=16))
            for place, person in enumerate(people):
                good = [one for one in arrived[place] if one not in bad]
                assert await bench.seen(person) == good
            assert {row.status for row in await bench.rows(events)} <= {"done", "parked"}
            assert {row.external_id for row in await bench.rows(events, status="parked")} == bad & {
                one for of_one in arrived.values() for one in of_one
            }
        finally:
            await other.close()


async def _arrive(
    bench: Bench, people: list[Contact], bulk: list[tuple[int, int]], arrived: dict[int, list[str]]
) -> None:
    for place, number in bulk:
        name = f"{place}.{number}"
        if name not in arrived[place]:
            arrived[place].append(name)
        await bench.mail(people[place], name)


BULKS = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=8), min_size=1, max_size=5
)


SLOW_SETUP = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


@settings(max_examples=6, derandomize=True, suppress_health_check=SLOW_SETUP)
@given(deliveries=BULKS, bad=st.lists(st.sampled_from(["0.0", "1.1", "1.2"]), max_size=1))
async def test_two_workers_take_each_event_once_and_in_order(
    database_url: str, deliveries: list[list[tuple[int, int]]], bad: list[str]
) -> None:
    await _empty(database_url)
    await play(database_url, deliveries, set(bad))


async def _empty(url: str) -> None:
    """As the database was at the start of the test, for the next example."""

    async def clear(tx: Tx) -> None:
        for table in (events, journey_steps, staff_notices, outbox, communications):
            await tx.run(table.delete())
        for name in ("channel_numbers", "conversations", "contacts"):
            await tx.run(contacts.metadata.tables[name].delete())

    database = Database(make_engine(url))
    await database.run(clear, org=None)
    await database.close()


# --- Organisations that cannot be read ------------------------------------------------------------------------------


@pytest.mark.parametrize("values", UNREADABLE.values(), ids=UNREADABLE)
async def test_an_organisation_that_cannot_be_read_holds_up_nobody_elses_talk(
    desk: Bench, values: dict[str, Any]
) -> None:
    """Its people wait: nothing is parked, and they are answered in order once it can be read again."""
    broken = await desk.broken(values)
    ana, ben, engine = await broken.person(), await desk.person(), Recorder()
    turns = desk.turns(engine, directory=desk.real_directory())
    await broken.mail(ana, "bad1")
    for second in range(12):
        await desk.mail(ben, f"good{second}")
        while await turns.run_once():
            pass
        desk.clock.forward(timedelta(seconds=4))
    assert await desk.seen(ben) == [f"good{second}" for second in range(12)]
    assert await status_of(desk, "bad1") == "pending"
    await broken.mail(ana, "bad2")
    turns = broken.turns(engine)
    while await turns.run_once():
        pass
    assert await broken.seen(ana) == [], "not before its minute is over"
    desk.clock.forward(timedelta(minutes=1))
    while await turns.run_once():
        pass
    assert await broken.seen(ana) == ["bad1", "bad2"]


@pytest.mark.parametrize(
    "wrote", [None, timedelta(days=2), timedelta(minutes=1)], ids=["never", "long ago", "just now"]
)
async def test_the_apology_reaches_whoever_wrote(bench: Bench, wrote: timedelta | None) -> None:
    """The turn is undone, yet their message opened the 24-hour window."""

    def break_down(*_: object) -> None:
        raise RuntimeError

    engine = Engine(dialogues(), portuguese(), COMMANDS, react)
    engine._message = break_down  # type: ignore[assignment,method-assign]
    ana = await bench.person()
    before = contacts.update().values(last_inbound_at=None if wrote is None else bench.clock.now() - wrote)
    await bench.database.run(lambda tx: tx.run(before), org=None)
    await bench.mail(ana, "bad", text={"body": "oi"})
    await fail_through(bench, engine)

    class Meta:
        async def send(self, *_: Any, **__: Any) -> Accepted:
            return Accepted("wamid.1")

    courier = WhatsAppCourier(Meta(), bench.database, bench.clock)  # type: ignore[arg-type]
    deliveries = bench.deliveries({"whatsapp.message": courier})
    await deliveries.run_once()
    await deliveries.drain()
    assert (await bench.one(communications)).status == "sent"
