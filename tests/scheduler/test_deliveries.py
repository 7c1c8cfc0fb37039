"""Outbox rows: order per lane, one try per claim, and what each class of error leads to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from handlers.ports import (
    ChannelStopped,
    GatewayError,
    MediaExpired,
    NumberThrottled,
    OutcomeUnknown,
    PairLimited,
    Refused,
    TryLater,
    Unreachable,
    WindowClosed,
)
from scheduler import deliveries as module
from scheduler.deliveries import LEASE, Deliveries
from scheduler.jobs import Done, Drop, Hold, Job
from scheduler.landing import CLEAR_UP, DEATHS, LONGEST_WAIT
from scheduler.pacing import Rate
from storage import deliveries as store
from storage import set_aside
from storage.base import new_id
from storage.tables.contacts import contacts
from storage.tables.organizations import channel_numbers
from storage.tables.queues import communications, events, outbox, staff_notices
from storage.unit_of_work import Database, Tx, make_engine
from tests.scheduler.bench import MESSAGE, NUMBER, UNREADABLE, Bench, FreePacer, Script

KIND = "whatsapp.message"


async def go(deliveries: Deliveries) -> int:
    """One claim, to its end."""
    claimed = await deliveries.run_once()
    await deliveries.drain()
    return claimed


async def told(bench: Bench, external_id: str = "") -> list[tuple[str, Any]]:
    return [(row.kind, row.payload) for row in await bench.rows(events)]


async def test_a_message_leaves_and_its_row_is_gone(bench: Bench) -> None:
    ana, script = await bench.person(), Script()
    communication_id = await bench.message(ana)
    assert await go(bench.deliveries({KIND: script})) == 1
    assert await bench.rows(outbox) == []
    sent = await bench.one(communications, id=communication_id)
    assert (sent.status, sent.provider_message_id, sent.sent_at) == ("sent", "wamid.1", bench.clock.now())
    (job,) = script.carried
    assert (job.attempts, job.contact_id, job.organization, job.secret) == (1, ana.id, bench.shop, None)
    assert bench.watch.outcomes("delivery") == ["sent"]


async def test_order_within_a_lane(bench: Bench) -> None:
    ana, ben, script = await bench.person(), await bench.person(), Script([TryLater("x")])
    ids = [await bench.message(ana), await bench.message(ana), await bench.message(ben)]
    deliveries = bench.deliveries({KIND: script})
    assert await go(deliveries) == 2, "the first of each lane"
    assert await go(deliveries) == 0, "the second one waits for the first"
    bench.clock.forward(timedelta(seconds=1))
    assert [await go(deliveries) for _ in range(3)] == [1, 1, 0]
    carried = [job.communication_id for job in script.carried]
    assert [one for one in carried if one != ids[2]] == [ids[0], ids[0], ids[1]]


async def test_two_workers_send_each_message_once(bench: Bench, database_url: str) -> None:
    people = [await bench.person() for _ in range(5)]
    ids = [await bench.message(person) for _ in range(3) for person in people]
    other, script = Database(make_engine(database_url)), Script()
    workers = [bench.deliveries({KIND: script}), bench.deliveries({KIND: script}, database=other)]
    for _ in range(4):
        await asyncio.gather(*(go(worker) for worker in workers))
    await other.close()
    assert sorted(str(job.communication_id) for job in script.carried) == sorted(map(str, ids))
    for place in range(5):
        mine = [job.communication_id for job in script.carried if job.contact_id == people[place].id]
        assert mine == ids[place::5]


async def test_answers_reach_the_mailbox_with_what_is_recorded(bench: Bench) -> None:
    ana = await bench.person()

    async def record(tx: Tx) -> None:
        assert tx.org == bench.shop.id
        await tx.run(contacts.update().values(profile_name="Recorded"))

    await bench.errand(ana)
    await go(bench.deliveries({"ask": Script([Done(event=("asked.yes", {"n": 1}), record=record)])}))
    assert await told(bench) == [("asked.yes", {"n": 1})]
    assert (await bench.one(contacts)).profile_name == "Recorded"


async def test_what_cannot_be_recorded_harms_no_other(bench: Bench, logs: list[Any]) -> None:
    async def break_down(tx: Tx) -> None:
        raise LookupError

    ana, ben = await bench.person(), await bench.person()
    await bench.errand(ana)
    await bench.message(ben)
    script = Script([Done(record=break_down)] * DEATHS, tries=2)
    deliveries = bench.deliveries({"ask": script, KIND: Script()})
    await go(deliveries)
    left = await bench.one(outbox)
    assert (left.kind, left.status) == ("ask", "sending")
    for _ in range(DEATHS):
        bench.clock.forward(LEASE + timedelta(seconds=1))
        assert await deliveries.recover() == 1
        bench.clock.forward(LONGEST_WAIT)
        await go(deliveries)
    assert (await bench.one(outbox)).status == "dead", "it cannot go on for ever"


# --- Errors -----------------------------------------------------------------------------------------------------------

Check = Callable[[Any, Any], None]


@pytest.mark.parametrize(
    ("error", "status", "outcome", "logged"),
    [
        (TryLater("500"), "queued", "retried", "queued"),
        (PairLimited("131056"), "queued", "retried", "queued"),
        (NumberThrottled("130429"), "queued", "retried", "queued"),
        (MediaExpired("131053"), "queued", "retried", "queued"),
        (OutcomeUnknown("timeout"), "uncertain", "uncertain", "queued"),
        (ChannelStopped("190"), "queued", "stopped", "queued"),
        (WindowClosed("131047"), "held", "held", "held"),
        (Hold("no template"), "held", "held", "held"),
        (Refused("100"), "dead", "dead", "failed"),
        (Unreachable("131026"), "dead", "dead", "failed"),
        (GatewayError("odd"), "dead", "dead", "failed"),
        (ZeroDivisionError("a bug"), "dead", "dead", "failed"),
        (Drop("member gone"), None, "dropped", "dropped"),
    ],
)
async def test_each_outcome_is_written_down(
    desk: Bench, error: Any, status: str | None, outcome: str, logged: str
) -> None:
    communication_id = await desk.message(await desk.person())
    await go(desk.deliveries({KIND: Script([error])}))
    assert [row.status for row in await desk.rows(outbox)] == ([status] if status else [])
    sent = await desk.one(communications, id=communication_id)
    assert sent.status == logged
    assert (sent.error_code is not None) == (logged != "queued"), "a reason is kept"
    assert desk.watch.outcomes("delivery") == [outcome]
    contact = await desk.one(contacts)
    assert (contact.unreachable_at is not None) == isinstance(error, Unreachable)
    kinds = [row.kind for row in await desk.rows(staff_notices)]
    expected = {"dead": ["delivery.dead"], "stopped": ["channel.stopped"]}.get(outcome, [])
    assert kinds == expected


async def test_waits_grow_by_four_then_a_dead_letter(desk: Bench) -> None:
    script = Script([TryLater(str(number)) for number in range(8)], tries=8, last=("gave.up", {}))
    await desk.errand(await desk.person())
    deliveries, waits = desk.deliveries({"ask": script}), []
    while (row := await desk.one(outbox)).status != "dead":
        waits.append((row.due_at - desk.clock.now()).total_seconds())
        desk.clock.forward(row.due_at - desk.clock.now())
        assert await go(deliveries) == 1
    assert waits == [0, 1, 4, 16, 64, 256, 900, 900]
    assert (row.attempts, row.error) == (8, "7")
    assert await told(desk) == [("gave.up", {})]


async def test_the_vendors_own_wait_is_kept(desk: Bench) -> None:
    await desk.message(await desk.person())
    await go(desk.deliveries({KIND: Script([TryLater("429", after=timedelta(seconds=30))])}))
    assert (await desk.one(outbox)).due_at == desk.clock.now() + timedelta(seconds=30)


async def test_the_pair_limit_is_that_persons_alone(desk: Bench) -> None:
    ana, ben = await desk.person(), await desk.person()
    pacer, script = FreePacer(waits={f"pair:{NUMBER}:{ana.id}": 5.0}), Script()
    for person in (ana, ben):
        await desk.message(person)
    await go(desk.deliveries({KIND: script}, pacer))
    assert [job.contact_id for job in script.carried] == [ben.id]
    waiting = await desk.one(outbox)
    assert (waiting.due_at - desk.clock.now(), waiting.attempts) == (timedelta(seconds=5), 0)


async def test_a_number_above_its_limit_keeps_no_other_waiting(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of its messages are older: those that cannot go yet take so many places and no more."""
    monkeypatch.setattr("scheduler.deliveries.CLAIM", 2)
    monkeypatch.setattr("scheduler.deliveries.WAITING", 3)
    people = [await bench.person() for _ in range(8)]
    *crowd, last = people
    for person in crowd:
        await bench.message(person)
    await bench.message(last, payload={"number": "other", "message": MESSAGE, "intent": "hello", "values": {}})
    await bench.errand(last, kind="errand")
    pacer, script = FreePacer(waits={f"number:{NUMBER}": 0.005}), Script()
    deliveries = bench.deliveries({KIND: script, "errand": script}, pacer)
    for claimed in (2, 2, 2, 0):
        assert await deliveries.run_once() == claimed
        await asyncio.sleep(0)
    while len(script.carried) < 2:  # noqa: ASYNC110 - they are on their way
        await asyncio.sleep(0.001)
    assert [job.contact_id for job in script.carried] == [last.id, last.id]
    pacer.waits.clear()
    await deliveries.drain()
    while await go(deliveries):
        pass
    assert {job.contact_id for job in script.carried} == {person.id for person in people}
    assert await bench.rows(outbox) == []


async def test_metas_complaints_slow_the_person_or_the_number(desk: Bench) -> None:
    ana, ben, pacer = await desk.person(), await desk.person(), FreePacer()
    deliveries = desk.deliveries({KIND: Script([PairLimited("131056")])}, pacer)
    await desk.message(ana)
    await go(deliveries)
    assert pacer.penalties == [(f"pair:{NUMBER}:{ana.id}", 1.0)]
    pacer.penalties.clear()
    await desk.message(ben)
    await go(desk.deliveries({KIND: Script([NumberThrottled("130429")])}, pacer))
    assert pacer.penalties == [(f"number:{NUMBER}", 1.0)]


async def test_a_stopped_number_keeps_everything_and_tells_once(bench: Bench, logs: list[Any]) -> None:
    people = [await bench.person() for _ in range(3)]
    ids = [await bench.message(person) for person in people]
    script = Script([ChannelStopped("190", "token expired"), ChannelStopped("190", "token expired")], tries=2)
    deliveries = bench.deliveries({KIND: script})
    await go(deliveries)
    carried = len(script.carried)
    assert carried == 3
    number = await bench.one(channel_numbers)
    assert (number.status, number.stopped_reason) == ("stopped", "190: token expired")
    for _ in range(5):
        bench.clock.forward(timedelta(minutes=1))
        await go(deliveries)
    assert len(script.carried) == carried, "nothing is tried while it is stopped"
    assert [row.attempts for row in await bench.rows(outbox)] == [0, 0]
    assert [row.kind for row in await bench.rows(staff_notices)] == ["channel.stopped"]
    assert [line["event"] for line in logs].count("channel.stopped") == 1
    assert await bench.database.run(store.start_numbers, org=None) == 1
    bench.clock.forward(timedelta(minutes=1))
    await go(deliveries)
    assert {(await bench.one(communications, id=one)).status for one in ids} == {"sent"}
    assert (await bench.one(channel_numbers)).stopped_reason is None


async def test_what_is_late_is_dropped_with_its_reason(bench: Bench) -> None:
    script = Script(last=("gave.up", {}))
    communication_id = await bench.message(await bench.person())
    bench.clock.forward(timedelta(hours=23))
    await go(bench.deliveries({KIND: script}))
    assert script.carried == [] == await bench.rows(outbox)
    dropped = await bench.one(communications, id=communication_id)
    assert (dropped.status, dropped.error_code) == ("dropped", "expired")
    assert await told(bench) == [("gave.up", {})]


async def test_a_secret_that_does_not_open_is_lost_alone(bench: Bench) -> None:
    ana, script = await bench.person(), Script(last=("code.undelivered", {"code_id": "1"}))
    await bench.errand(ana, secret=bench.shop.sealer.seal("{}", "another.place"))
    await bench.errand(ana, secret=bench.shop.sealer.seal("{}", "outbox.secret"))
    await go(bench.deliveries({"ask": script}))
    assert [job.secret for job in script.carried] == ["{}"]
    assert (await bench.one(outbox)).error == "cannot_open: ask"
    assert await told(bench) == [("code.undelivered", {"code_id": "1"})]


# --- Outcomes nobody knows --------------------------------------------------------------------------------------------


async def status(bench: Bench, communication_id: Any, state: str, wamid: str = "wamid.lost") -> None:
    await unread_status(bench, communication_id, state, wamid)
    await bench.notices().run_once()


async def unread_status(bench: Bench, communication_id: Any, state: str, wamid: str = "wamid.lost") -> None:
    told = {"id": wamid, "status": state, "timestamp": "1795438800"}
    payload = {**told, "biz_opaque_callback_data": str(communication_id)}
    await bench.mail(None, f"statuses:{wamid}:{state}", kind="statuses", statuses=[payload])


async def test_a_status_clears_up_what_became_of_a_send(bench: Bench) -> None:
    script = Script([OutcomeUnknown("timeout")])
    communication_id = await bench.message(await bench.person())
    deliveries = bench.deliveries({KIND: script})
    await go(deliveries)
    await status(bench, communication_id, "sent")
    assert await bench.rows(outbox) == []
    sent = await bench.one(communications, id=communication_id)
    assert (sent.status, sent.provider_message_id) == ("sent", "wamid.lost")
    bench.clock.forward(CLEAR_UP * 2)
    assert await deliveries.recover() == 0 == await go(deliveries)
    assert len(script.carried) == 1


async def test_without_a_status_it_is_sent_again(bench: Bench) -> None:
    script = Script([OutcomeUnknown("timeout")])
    communication_id = await bench.message(await bench.person())
    deliveries = bench.deliveries({KIND: script})
    await go(deliveries)
    bench.clock.forward(CLEAR_UP)
    assert await deliveries.recover() == 0 == await go(deliveries), "not a moment before"
    bench.clock.forward(timedelta(seconds=1))
    assert await deliveries.recover() == 1 == await go(deliveries)
    assert len(script.carried) == 2
    await status(bench, communication_id, "delivered")
    late = await bench.one(communications, id=communication_id)
    assert (late.status, late.provider_message_id) == ("delivered", "wamid.2")


async def test_a_status_just_before_the_second_send_stops_it(bench: Bench) -> None:
    script = Script([OutcomeUnknown("timeout")])
    communication_id = await bench.message(await bench.person())
    deliveries = bench.deliveries({KIND: script})
    await go(deliveries)
    bench.clock.forward(CLEAR_UP * 2)
    await deliveries.recover()
    await status(bench, communication_id, "delivered")
    assert await go(deliveries) == 0 == len(await bench.rows(outbox))


async def test_nothing_is_sent_again_before_the_statuses_that_came_are_read(bench: Bench) -> None:
    """A worker that was away finds both: a send whose time is up, and the unread status that says it left."""
    script = Script([OutcomeUnknown("timeout")])
    communication_id = await bench.message(await bench.person())
    deliveries = bench.deliveries({KIND: script})
    await go(deliveries)
    await unread_status(bench, communication_id, "sent")
    bench.clock.forward(CLEAR_UP * 2)
    await deliveries.recover()
    assert await go(deliveries) == 0
    await bench.notices().run_once()
    assert (await bench.one(communications, id=communication_id)).status == "sent"
    assert await bench.rows(outbox) == []


async def test_statuses_of_this_moment_do_not_hold_up_a_second_send(bench: Bench) -> None:
    """There is always one just coming in, of somebody else."""
    script = Script([OutcomeUnknown("timeout")])
    await bench.message(await bench.person())
    deliveries = bench.deliveries({KIND: script})
    await go(deliveries)
    bench.clock.forward(CLEAR_UP * 2)
    await unread_status(bench, "another", "sent")
    await deliveries.recover()
    assert await go(deliveries) == 1


async def test_unknown_outcomes_end_too(desk: Bench) -> None:
    script = Script([OutcomeUnknown("timeout")] * 3, tries=3)
    await desk.message(await desk.person())
    deliveries = desk.deliveries({KIND: script})
    for _ in range(4):
        await go(deliveries)
        desk.clock.forward(CLEAR_UP * 2)
        await deliveries.recover()
    dead = await desk.one(outbox)
    assert (dead.status, dead.error) == ("dead", "no_outcome: timeout")


async def test_nobody_tells_what_became_of_a_letter(desk: Bench) -> None:
    ana = await desk.person()
    communication_id = await desk.message(ana, kind="mail.message")
    await go(desk.deliveries({"mail.message": Script([OutcomeUnknown("timeout")])}))
    row = await desk.one(outbox, communication_id=communication_id)
    assert (row.status, row.due_at) == ("queued", desk.clock.now() + timedelta(seconds=1))


async def test_after_a_crash(bench: Bench) -> None:
    """The sender dies between claim and note: a message waits for a status, anything else is simply done again."""
    ana, script = await bench.person(), Script()
    communication_id = await bench.message(ana)
    await bench.errand(ana)
    until = bench.clock.now() + LEASE
    await bench.database.run(
        lambda tx: store.claim(tx, now=bench.clock.now(), until=until, by="dead", most=9), org=None
    )
    deliveries = bench.deliveries({KIND: script, "ask": script})
    assert await deliveries.recover() == 0
    bench.clock.forward(LEASE + timedelta(seconds=1))
    assert await deliveries.recover() == 2
    assert [(row.kind, row.status) for row in await bench.rows(outbox)] == [(KIND, "uncertain"), ("ask", "queued")]
    await status(bench, communication_id, "sent")
    await go(deliveries)
    assert [job.kind for job in script.carried] == ["ask"]


async def test_after_a_crash_a_status_frees_the_lane_before_the_lease_ends(bench: Bench) -> None:
    ana, script = await bench.person(), Script()
    died_with = await bench.message(ana)
    later = await bench.message(ana)
    until = bench.clock.now() + LEASE
    await bench.database.run(
        lambda tx: store.claim(tx, now=bench.clock.now(), until=until, by="dead", most=9), org=None
    )
    deliveries = bench.deliveries({KIND: script})
    await go(deliveries)
    assert script.carried == []
    await status(bench, died_with, "sent")
    await go(deliveries)
    assert [job.communication_id for job in script.carried] == [later]


async def die(bench: Bench, deliveries: Deliveries) -> None:
    """A sender claims all that is due and dies; somebody notices."""
    now = bench.clock.now()
    await bench.database.run(lambda tx: store.claim(tx, now=now, until=now + LEASE, by="dead", most=9), org=None)
    bench.clock.forward(LEASE + timedelta(seconds=1))
    await deliveries.recover()


async def test_deaths_are_no_tries(bench: Bench) -> None:
    """A worker that dies again and again takes nobody's charge or message with it: they wait, and leave in the end."""
    ana = await bench.person()
    await bench.message(ana)
    await bench.errand(ana)
    message, errand = Script(tries=2), Script([TryLater("500")], tries=2)
    deliveries = bench.deliveries({KIND: message, "ask": errand})
    for _ in range(DEATHS - 1):
        await die(bench, deliveries)
        bench.clock.forward(LONGEST_WAIT * 2)
        await deliveries.recover()
    for _ in range(2):
        await go(deliveries)
        bench.clock.forward(timedelta(seconds=1))
    assert (len(message.carried), len(errand.carried)) == (1, 2), "both tries are left"
    assert await bench.rows(outbox) == []


async def test_what_kills_its_senders_waits_longer_and_longer(desk: Bench) -> None:
    await desk.errand(await desk.person())
    deliveries, waits = desk.deliveries({"ask": Script()}), []
    for _ in range(DEATHS):
        await die(desk, deliveries)
        row = await desk.one(outbox)
        waits.append((row.due_at - desk.clock.now()).total_seconds())
        desk.clock.forward(LONGEST_WAIT)
    assert waits[:5] == [0, 4, 16, 64, 256]
    assert waits[5:-1] == [LONGEST_WAIT.total_seconds()] * 4
    assert (row.status, row.error) == ("dead", f"no_outcome: sender died {DEATHS}")


async def test_those_who_died_together_come_back_one_after_another(desk: Bench) -> None:
    """One of them may be what kills: the others get past it."""
    for _ in range(4):
        await desk.errand(await desk.person())
    deliveries = desk.deliveries({"ask": Script()})
    for _ in range(2):
        await die(desk, deliveries)
    waits = [(row.due_at - desk.clock.now()).total_seconds() for row in await desk.rows(outbox)]
    assert waits == [4, 5, 6, 7]


async def test_who_starts_alone_waits_for_no_lease(bench: Bench, logs: list[Any]) -> None:
    await bench.message(await bench.person())
    now = bench.clock.now()
    await bench.database.run(lambda tx: store.claim(tx, now=now, until=now + LEASE, by="dead", most=9), org=None)
    deliveries = bench.deliveries({KIND: Script()})
    assert await deliveries.recover() == 0
    assert await bench.database.run(lambda tx: store.end_leases(tx, now), org=None) == 1
    bench.clock.forward(timedelta(seconds=1))
    assert await deliveries.recover() == 1
    assert [line["event"] for line in logs] == ["deliveries.recovered"]


async def test_what_is_worth_one_try_leaves_no_dead_letter(bench: Bench) -> None:
    """Blue ticks that did not go out, or whose sender died, are nothing to keep or to tell staff about."""
    ana, deliveries = await bench.person(), bench.deliveries({"ask": Script([TryLater("500")], tries=1)})
    await bench.errand(ana)
    await go(deliveries)
    await bench.errand(ana)
    until = bench.clock.now() + LEASE
    await bench.database.run(
        lambda tx: store.claim(tx, now=bench.clock.now(), until=until, by="dead", most=9), org=None
    )
    bench.clock.forward(LEASE + timedelta(seconds=1))
    assert await deliveries.recover() == 1
    assert [*await bench.rows(outbox), *await bench.rows(staff_notices)] == []
    assert bench.watch.outcomes("delivery") == ["dropped"]


# --- Dead letters -----------------------------------------------------------------------------------------------------


async def test_a_claim_that_was_cut_off_at_its_commit_holds_nobody_up(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may stand: nobody carries it, and its people need not wait for the lease to end."""
    script, run = Script(), desk.database.run
    await desk.message(await desk.person())
    deliveries = desk.deliveries({KIND: script})

    async def cut(*args: Any, **kwargs: Any) -> Any:
        await run(*args, **kwargs)
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    with monkeypatch.context() as patch:
        patch.setattr(desk.database, "run", cut)
        for _ in range(2):
            with pytest.raises(asyncpg.PostgresError):
                await go(deliveries)
            desk.clock.forward(timedelta(seconds=1))
    assert (await desk.one(outbox)).status == "sending"
    assert (await go(deliveries), len(script.carried), script.carried[0].attempts) == (1, 1, 1)
    assert await desk.rows(outbox) == []


async def test_what_meta_took_is_remembered_until_the_database_is_back(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the row would be taken for lost when its lease ends, and the person would read the same again."""
    monkeypatch.setattr(module, "RECORD_AGAIN", 0.0)
    ana, script = await desk.person(), Script()
    await desk.message(ana)
    deliveries, run = desk.deliveries({KIND: script}), desk.database.run
    await deliveries.run_once()
    away = [ConnectionRefusedError(), asyncpg.CannotConnectNowError("starting up")] * 3

    async def gone(*args: Any, **kwargs: Any) -> Any:
        if away:
            raise away.pop()
        return await run(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(desk.database, "run", gone)
        await deliveries.drain()
    assert away == []
    assert (await desk.one(communications)).status == "sent"
    desk.clock.forward(LEASE + CLEAR_UP + timedelta(seconds=1))
    assert (await deliveries.recover(), await go(deliveries), len(script.carried)) == (0, 0, 1)


async def test_a_dead_letter_is_tried_again_by_hand(bench: Bench) -> None:
    script = Script([Refused("100", "nothing")], last=("ask.failed", {}))
    ana = await bench.person()
    communication_id = await bench.message(ana)
    deliveries = bench.deliveries({KIND: script})
    await go(deliveries)
    bench.clock.forward(timedelta(hours=20))
    (dead,) = await bench.database.run(lambda tx: set_aside.dead(tx, 9), org=None)
    now = bench.clock.now()
    assert await bench.database.run(lambda tx: set_aside.retry(tx, dead.id, now + timedelta(days=1)), org=None)
    assert await bench.database.run(lambda tx: set_aside.retry(tx, dead.id, now), org=None) is None
    assert await bench.database.run(lambda tx: set_aside.retry(tx, dead.id, now), org=None) == "absent"
    script.plan = [Done(message_id="wamid.again", event=("ask.done", {}))]
    await go(deliveries)
    sent = await bench.one(communications, id=communication_id)
    assert (sent.status, sent.provider_message_id, sent.error_code) == ("sent", "wamid.again", None)
    assert [kind for kind, _ in await told(bench)] == ["ask.failed", "ask.done"], "the second answer counts too"


# --- What costs nobody else anything --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "refused"),
        DBAPIError("select", {}, asyncpg.AdminShutdownError("terminating connection")),
    ],
    ids=["refused", "shutdown"],
)
async def test_a_database_that_is_away_while_a_courier_asks_it_is_no_failure(bench: Bench, error: Exception) -> None:
    """For the picture, the contract, the payer: ten times over, and no try is counted."""

    class Asking(Script):
        async def carry(self, job: Job) -> Done | Hold | Drop:
            await bench.database.run(self.ask, org=None)
            return await super().carry(job)

        async def ask(self, tx: Tx) -> None:
            self.asked += 1
            if self.asked <= 10:
                raise error

        asked = 0

    await bench.message(await bench.person())
    script = Asking()
    deliveries = bench.deliveries({KIND: script})
    for _ in range(11):
        await go(deliveries)
        bench.clock.forward(timedelta(seconds=1))
    assert await bench.rows(outbox) == []
    assert (await bench.one(communications)).status == "sent"
    assert script.carried[-1].attempts == 1


@pytest.mark.parametrize("error", [FileNotFoundError(2, "No such file", "/fonts/none.ttf"), TimeoutError()])
async def test_what_else_fails_is_a_bug_and_not_tried_for_ever(
    bench: Bench, logs: list[dict[str, Any]], error: Exception
) -> None:
    """Meta may have taken the message before."""
    await bench.message(await bench.person())
    await go(bench.deliveries({KIND: Script([error])}))
    assert (await bench.one(outbox)).status == "dead"


async def test_what_waits_for_a_stopped_number_is_in_nobodys_way(bench: Bench) -> None:
    other = {"id": new_id(), "phone_number_id": "other", "business_account_id": "1", "created_at": bench.clock.now()}
    await bench.put(channel_numbers, [other])
    for _ in range(module.CLAIM + 44):
        await bench.message(await bench.person())
    stopping = channel_numbers.update().where(channel_numbers.c.phone_number_id == NUMBER).values(status="stopped")
    await bench.database.run(lambda tx: tx.run(stopping), org=None)
    before = await bench.rows(outbox)
    bench.clock.forward(timedelta(seconds=1))
    await bench.message(
        await bench.person(), payload={"number": "other", "message": MESSAGE, "intent": "hello", "values": {}}
    )
    script = Script()
    assert await go(bench.deliveries({KIND: script})) == 1
    assert [job.payload["number"] for job in script.carried] == ["other"]
    assert [(row.id, row.due_at, row.attempts) for row in await bench.rows(outbox)] == [
        (row.id, row.due_at, row.attempts) for row in before
    ], "they are left where they are"


class Scarce(FreePacer):
    """Credit for one message of a number in seven askings."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def reserve(self, key: str, rate: Rate) -> float:
        if not key.startswith("number:"):
            return 0.0
        self.asked += 1
        return 0.0 if self.asked % 7 == 0 else 0.0001


async def test_who_waits_for_a_number_goes_in_the_order_of_coming(bench: Bench) -> None:
    ids = [await bench.message(await bench.person()) for _ in range(40)]
    script = Script()
    await go(bench.deliveries({KIND: script}, Scarce()))
    assert [job.communication_id for job in script.carried] == ids


async def test_nobody_waits_in_place_for_longer_than_a_lease(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LEASE.total_seconds() / 2 > module.PATIENCE
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    await bench.message(await bench.person())
    script, pacer = Script(), FreePacer({f"number:{NUMBER}": 0.5})
    deliveries = bench.deliveries({KIND: script}, pacer)
    await go(deliveries)
    assert script.carried == []
    assert ((row := await bench.one(outbox)).status, row.error, row.attempts) == ("queued", "paced", 0)
    pacer.waits.clear()
    bench.clock.forward(timedelta(seconds=1))
    assert await go(deliveries) == 1
    assert len(script.carried) == 1


@pytest.mark.parametrize("values", UNREADABLE.values(), ids=UNREADABLE)
async def test_an_organisation_that_cannot_be_read_holds_up_nobody_elses_messages(
    bench: Bench, values: dict[str, Any]
) -> None:
    broken = await bench.broken(values)
    ana, ben, script = await broken.person(), await bench.person(), Script()
    await broken.message(ana)
    await bench.message(ben)
    deliveries = bench.deliveries({KIND: script}, directory=bench.real_directory())
    assert await go(deliveries) == 1
    assert [job.contact_id for job in script.carried] == [ben.id]
    (left,) = await bench.rows(outbox)
    assert (left.status, left.attempts, left.error) == ("queued", 0, "organization unreadable")
    assert left.due_at == bench.clock.now() + timedelta(minutes=1)


async def test_what_a_dead_sender_left_of_such_an_organisation_waits_too(bench: Bench) -> None:
    broken = await bench.broken(UNREADABLE["key"])
    await broken.message(await broken.person())
    lost = outbox.update().values(status="sending", owner="dead", lease_until=bench.clock.now())
    await bench.database.run(lambda tx: tx.run(lost), org=None)
    bench.clock.forward(timedelta(seconds=1))
    deliveries = bench.deliveries({KIND: Script()}, directory=bench.real_directory())
    await deliveries.recover()
    assert await deliveries.recover() == 0, "not looked at again for a minute"
    assert (await bench.one(outbox)).status == "sending"
