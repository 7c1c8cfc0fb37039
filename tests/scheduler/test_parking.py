"""A turn that failed: which event is set aside, what is left readable of it, and how much mail is read at all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from scheduler.parking import opened, sealed
from storage import mailboxes, set_aside
from storage.tables.contacts import conversations
from storage.tables.queues import events
from storage.unit_of_work import Tx
from storage.vault import CannotOpen
from tests.scheduler.bench import Bench, Recorder

CPF = "123.456.789-09"


class Reader(Recorder):
    """Remembers what it was told, too."""

    def __init__(self, fails_at: Sequence[str] = ()) -> None:
        super().__init__(fails_at)
        self.payloads: list[dict[str, Any]] = []

    async def take(self, desk: Any, conversation: Any, event: Any) -> None:
        await super().take(desk, conversation, event)
        self.payloads.append(event.payload)


async def fail_through(bench: Bench, engine: Recorder) -> None:
    """As often as it takes to be set aside."""
    turns = bench.turns(engine)
    for _ in range(3):
        while await turns.run_once():
            pass
        bench.clock.forward(timedelta(seconds=16))


async def test_what_was_said_is_sealed_until_it_has_another_turn(bench: Bench) -> None:
    ana, engine = await bench.person(), Reader(["bad"])
    await bench.mail(ana, "bad", text={"body": CPF})
    for _ in range(2):
        await fail_through(bench, engine)
        parked = await bench.one(events)
        assert (parked.status, set(parked.payload)) == ("parked", {"sealed"})
        assert CPF not in str(parked.payload)
        assert opened(bench.shop.sealer, parked.payload)["text"] == {"body": CPF}
        assert await bench.database.run(lambda tx, row=parked: set_aside.replay(tx, row.id), org=None)  # type: ignore[misc]
    engine.fails_at.clear()
    await fail_through(bench, engine)
    assert [told["text"] for told in engine.payloads] == [{"body": CPF}]
    done = await bench.one(events)
    assert (done.status, done.payload) == ("done", None)


async def test_a_seal_holds_for_one_business_only(desk: Bench) -> None:
    mine = sealed(desk.shop.sealer, {"id": "1"})
    theirs = type(desk.shop.sealer)(uuid.uuid4(), desk.shop.sealer.data_key)
    with pytest.raises(CannotOpen):
        opened(theirs, mine)
    assert opened(desk.shop.sealer, None) == {}
    assert opened(desk.shop.sealer, sealed(desk.shop.sealer, None)) == {}


async def test_the_event_that_failed_is_the_one_set_aside(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with a lower number may be committed later, by another process: it had no part in the failure."""
    ana, engine = await desk.person(), Recorder(["bad"])
    await desk.mail(ana, "bad")
    failed = await desk.one(events, external_id="bad")
    original = mailboxes.still_pending

    tries = iter(range(1, 4))

    async def meanwhile(tx: Tx, event_id: int) -> Any:
        if next(tries) < 3:
            return await original(tx, event_id)
        early = {
            "id": event_id - 1000, "organization_id": desk.shop.id, "contact_id": ana.id, "source": "whatsapp",
            "external_id": f"early{event_id}", "kind": "message", "payload": {}, "occurred_at": desk.clock.now(),
            "received_at": desk.clock.now(),
        }  # fmt: skip
        await tx.add(events, early)
        return await original(tx, event_id)

    monkeypatch.setattr(mailboxes, "still_pending", meanwhile)
    await fail_through(desk, engine)
    status = {row.external_id: row.status for row in await desk.rows(events)}
    assert status == {"bad": "parked", f"early{failed.id}": "done"}


async def test_old_buttons_stay_void_after_starting_again(desk: Bench) -> None:
    ana, engine = await desk.person(), Recorder(["bad", "worse"])
    await desk.database.run(lambda tx: tx.run(conversations.update().values(version=7)), org=None)
    await desk.mail(ana, "bad", "worse")
    await fail_through(desk, engine)
    await fail_through(desk, engine)
    talk = await desk.one(conversations)
    assert (talk.dialogue, talk.version) == ("menu", 8)


async def test_of_a_full_mailbox_only_so_much_is_read(bench: Bench) -> None:
    loud, quiet, done = await bench.person(), await bench.person(), await bench.person()
    await bench.mail(done, "gone")
    await bench.database.run(lambda tx: tx.run(events.update().values(status="done")), org=None)
    await bench.mail(loud, *(f"l{number}" for number in range(30)))
    await bench.mail(quiet, "q0", "q1")
    people = [loud.id, quiet.id, done.id]
    mail = await bench.database.run(lambda tx: mailboxes.mail(tx, people, 3), org=None)
    assert [row.external_id for row in mail] == ["l0", "l1", "l2", "q0", "q1"]
