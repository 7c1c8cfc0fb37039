"""Meta refuses, is silent or slow for long: nobody's answer is lost or sent late, and nobody waits for another."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from handlers.ports import PairLimited, TryLater
from scheduler.jobs import Done, Drop, Hold, Job
from scheduler.landing import LONGEST_WAIT
from storage.tables.queues import communications, outbox, staff_notices
from tests.scheduler.bench import Bench, Script
from tests.scheduler.conftest import bench, desk, logs
from tests.scheduler.test_deliveries import go
from tests.town import CPF_2, Person, Stage

__all__ = ["bench", "desk", "logs"]

KIND = "whatsapp.message"


def back(person: Person) -> None:
    """Meta works again; that it refused what it was told to refuse is forgiven."""
    person.town.meta.faults.down = False
    person.town.meta.refusals.clear()


async def hours(person: Person, count: int) -> str:
    """Time passes as it does for a worker: not in one leap."""
    return "".join([await person.wait(hours=1) for _ in range(count)])


# --- Hours without Meta ---------------------------------------------------------------------------------------------


async def test_answers_outlive_hours_without_meta(stage: Stage, ana: Person) -> None:
    """Eight tries take half an hour: what is answered is kept longer than that, and staff get one line a day."""
    berta = stage.person("5511987650000", "Berta", email="berta@gmail.com", cpf=CPF_2)
    for person in (ana, berta):
        await person.reach("name")
    ana.town.meta.faults.down = True
    for person in (ana, berta):
        assert await person.say(person.full_name) == ""
    assert await hours(ana, 9) == ""

    assert await stage.notices() == ["channel.away"]
    back(ana)
    assert "CPF" in await ana.wait(minutes=15)
    assert "CPF" in berta.read()
    assert "data de nascimento" in await ana.say(ana.cpf)
    assert await stage.rows("outbox") == []


async def test_who_wrote_again_meanwhile_gets_the_answers_in_order(ana: Person) -> None:
    await ana.reach("name")
    ana.town.meta.faults.down = True
    await ana.say(ana.full_name)
    await ana.say(ana.cpf)
    back(ana)

    told = await ana.wait(minutes=15)
    assert told.index("CPF") < told.index("nascimento")
    assert "e-mail" in await ana.say("15/05/1990")


async def test_a_reminder_is_for_its_hour_only(ana: Person) -> None:
    await ana.reach("email")
    ana.town.meta.faults.down = True
    await ana.wait(minutes=15)
    await hours(ana, 3)
    back(ana)

    assert await ana.wait(minutes=15) == ""
    assert "Enviei um código" in await ana.say(ana.email)


async def test_a_payment_code_that_expired_on_the_way_is_not_shown(stage: Stage, ana: Person) -> None:
    await ana.reach("offer")
    ana.town.meta.faults.down = True
    await ana.tap("Aceito e quero")
    await hours(ana, 2)
    back(ana)
    told = await hours(ana, 1)

    assert "Esse código venceu" in told
    assert ana.charge().br_code not in str([bubble.message for bubble in ana.received])
    assert ana.offers() == ["Novo código", "Já paguei"]
    assert "por Pix" in await ana.tap("Novo código")
    assert "Pagamento confirmado" in await ana.pay()


async def test_an_answer_of_yesterday_is_not_sent_and_staff_know_whose(stage: Stage, ana: Person) -> None:
    await ana.reach("name")
    ana.town.meta.faults.down = True
    await ana.say(ana.full_name)
    await hours(ana, 24)
    back(ana)

    assert await hours(ana, 1) == ""
    late = [row for row in await stage.rows("staff_notices") if row.kind == "delivery.late"]
    [contact] = await stage.rows("contacts")
    assert [row.contact_id for row in late] == [contact.id]
    assert "CPF" in await ana.say("oi")


# --- One person's trouble -------------------------------------------------------------------------------------------


class Picky(Script):
    """Takes what is for anybody but one person."""

    def __init__(self, refused: uuid.UUID) -> None:
        super().__init__(tries=8)
        self.refused: uuid.UUID | None = refused

    async def carry(self, job: Job) -> Done | Hold | Drop:
        if job.contact_id == self.refused:
            raise TryLater("131000")
        return await super().carry(job)


async def test_a_dead_letter_ends_and_the_person_is_answered_again(desk: Bench) -> None:
    """What Meta will not take while it takes everything else is at fault itself."""
    ana, berta = await desk.person(), await desk.person()
    meta = Picky(ana.id)
    deliveries = desk.deliveries({KIND: meta})
    await desk.message(ana)
    await desk.message(ana)
    for _ in range(meta.tries):
        await desk.message(berta)
        await go(deliveries)
        desk.clock.forward(LONGEST_WAIT)

    dead = await desk.one(outbox, status="dead")
    line = await desk.one(staff_notices)
    assert (line.kind, line.contact_id, dead.contact_id) == ("delivery.dead", ana.id, ana.id)
    meta.refused = None
    await go(deliveries)
    assert [row.status for row in await desk.rows(communications, contact_id=ana.id)] == ["failed", "sent"]


async def test_the_pair_limit_of_one_holds_up_nobody_else(desk: Bench) -> None:
    ana, berta = await desk.person(), await desk.person()
    script = Script([PairLimited("131056")])
    first = [await desk.message(ana), await desk.message(ana)]
    deliveries = desk.deliveries({KIND: script})
    await go(deliveries)
    await desk.message(berta)
    await go(deliveries)

    assert [job.contact_id for job in script.carried] == [ana.id, berta.id]
    assert [row.communication_id for row in await desk.rows(outbox)] == first


# --- Slow -------------------------------------------------------------------------------------------------------------


class Stuck:
    """A courier whose other side does not answer before it is let go."""

    tries = 3

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.under_way = 0

    async def carry(self, job: Job) -> Done | Hold | Drop:
        self.under_way += 1
        await self.gate.wait()
        return Done(message_id=f"wamid.{job.id}")

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        return None


async def claim_all(deliveries: Any) -> None:
    while await asyncio.wait_for(deliveries.run_once(), 30):
        pass


async def test_a_slow_bank_leaves_room_for_messages(desk: Bench) -> None:
    """A bank that takes 20 s for everything, and more charges than we wait for at once: people are still answered."""
    bank, meta = Stuck(), Script()
    ana = await desk.person()
    for _ in range(300):
        await desk.errand(None, "pix.create")
    deliveries = desk.deliveries({KIND: meta, "pix.create": bank})
    await claim_all(deliveries)
    await desk.message(ana)
    await claim_all(deliveries)

    assert len(meta.carried) == 1
    assert bank.under_way < 300
    bank.gate.set()
    await claim_all(deliveries)
    await deliveries.drain()
    assert (bank.under_way, await desk.rows(outbox)) == (300, [])


async def test_a_meta_that_takes_ten_seconds_is_given_eighty_a_second(desk: Bench) -> None:
    """The rate of a number, 80 a second by default, times ten seconds: so many are under way at once."""
    meta = Stuck()
    for _ in range(900):
        await desk.message(None)
    deliveries = desk.deliveries({KIND: meta})
    waiting = asyncio.create_task(claim_all(deliveries))
    while meta.under_way < 800:  # noqa: ASYNC110 - what is under way has no event
        await asyncio.sleep(0.01)
    meta.gate.set()
    await waiting
    await deliveries.drain()
    assert {row.status for row in await desk.rows(communications)} == {"sent"}


async def test_waits_grow_to_a_quarter_of_an_hour_and_no_more(desk: Bench) -> None:
    """However many tries: a power of four would leave the calendar soon."""
    ana = await desk.person()
    await desk.message(ana)
    row = await desk.one(outbox)
    await desk.database.run(lambda tx: tx.run(outbox.update().values(attempts=60)), org=None)
    deliveries = desk.deliveries({KIND: Script([TryLater("131000")])})
    await go(deliveries)
    again = await desk.one(outbox)
    assert (again.id, again.due_at - desk.clock.now()) == (row.id, LONGEST_WAIT)
    assert (await desk.one(staff_notices)).kind == "channel.away"


async def test_a_pix_code_that_waited_for_the_window_is_not_shown_when_it_is_over(stage: Stage, ana: Person) -> None:
    """Meta refuses the bubble inside the window (a known, rare case), and she comes back three days later."""
    await ana.reach("offer")
    ana.town.meta.faults.fail_next = [131047] * 8
    await ana.tap("Aceito e quero")
    ana.town.meta.faults.fail_next = []
    await hours(ana, 72)

    shown = len(ana.received)
    assert "venceu" in await ana.say("oi")
    assert ana.charge().br_code not in str([bubble.message for bubble in ana.received[shown:]])
    back(ana)
