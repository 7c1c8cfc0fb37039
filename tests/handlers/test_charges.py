"""Charging: one live charge, of what is missing now; asking about it; the sweep."""

from __future__ import annotations

import uuid

from handlers.payments.charge import charge_request
from handlers.payments.sweep import due_checks
from storage.tables.members import payment_intents
from tests.counter import Counter
from tests.factories import CPF
from tests.handlers.ledger import DUE, names, rows, status


async def test_charge_is_asked_once_and_handed_out(payer: Counter) -> None:
    assert await payer.do("payments.charge") is None
    assert await payer.do("payments.charge") is None
    (asked,) = payer.asked("pix.create")
    assert (asked["amount"], len(asked["txid"])) == (DUE, 32)
    ready = await payer.banked()
    assert ready.name == "charge_ready"
    assert set(ready.keep) == {"intent_id", "br_code", "amount", "expires_at", "qr_document_id"}
    assert await payer.did("payments.charge") == ready
    assert await status(payer) == "payment_pending"


async def test_charge_request_is_built_from_the_database(payer: Counter) -> None:
    await payer.do("payments.charge")
    intent_id = uuid.UUID(payer.asked("pix.create")[0]["intent_id"])
    request = await payer.run(lambda desk: charge_request(desk.tx, desk.organization, intent_id))
    assert request is not None
    assert (request.amount, request.payer_name, request.payer_cpf) == (DUE, "Ana Maria Exemplo", CPF)
    assert len(request.description) <= 140
    await payer.banked()
    assert await payer.run(lambda desk: charge_request(desk.tx, desk.organization, intent_id)) is None
    assert CPF not in str(payer.rows.outbox)


async def test_nothing_due_is_paid_at_once(ana: Counter) -> None:
    await ana.choose(place=1)
    assert (await ana.did("payments.charge")).name == "nothing_due"
    assert await status(ana) == "paid"
    assert (await ana.did("payments.charge")).name == "paid"
    assert ana.asked("pix.create") == []


async def test_expired_charge_is_renewed_on_request(payer: Counter) -> None:
    first = await payer.charge()
    payer.forward(hours=2)
    second = await payer.charge()
    assert second["intent_id"] != first["intent_id"]
    assert [row.status for row in await rows(payer, payment_intents)] == ["expired", "pending"]
    assert payer.asked("pix.cancel") == []


async def test_new_code_takes_the_old_one_back(payer: Counter) -> None:
    first = await payer.charge()
    assert await payer.do("payments.renew") is None
    await payer.banked()
    assert [cancel["intent_id"] for cancel in payer.asked("pix.cancel")] == [first["intent_id"]]
    assert [row.status for row in await rows(payer, payment_intents)] == ["canceled", "pending"]


async def test_another_plan_replaces_the_charge(payer: Counter) -> None:
    await payer.charge()
    await payer.accept(0, ["dental"])
    assert (await payer.charge())["amount"] == DUE + 1990
    assert [row.status for row in await rows(payer, payment_intents)] == ["canceled", "pending"]


async def test_charge_made_after_it_was_given_up_is_taken_back(payer: Counter) -> None:
    await payer.do("payments.charge")
    await payer.did("registrations.cancel", reason="")
    intent_id = payer.asked("pix.create")[0]["intent_id"]
    assert await payer.hear("pix.created", intent_id=intent_id) == []
    assert len(payer.asked("pix.cancel")) == 2


async def test_charge_the_bank_refuses(payer: Counter) -> None:
    await payer.do("payments.charge")
    intent_id = payer.asked("pix.create")[0]["intent_id"]
    assert names(await payer.hear("pix.failed", intent_id=intent_id, code="chave_invalida")) == ["charge_failed"]
    assert await payer.hear("pix.failed", intent_id=intent_id, code="chave_invalida") == []
    assert (await payer.charge())["intent_id"] != intent_id


async def test_asking_about_an_unpaid_charge(payer: Counter) -> None:
    charge = await payer.charge()
    assert await payer.do("payments.check") is None
    (asked,) = payer.asked("pix.check")
    assert (asked["intent_id"], asked["asked"]) == (charge["intent_id"], True)
    (told,) = await payer.state(charge["intent_id"], [], asked=True)
    assert (told.name, told.keep) == ("still_unpaid", {"expired": False})
    assert await payer.state(charge["intent_id"], [], asked=False) == []
    payer.forward(hours=2)
    (told,) = await payer.state(charge["intent_id"], [], asked=True)
    assert told.keep == {"expired": True}


async def test_asking_covers_replaced_codes_too(payer: Counter) -> None:
    first = await payer.charge()
    await payer.do("payments.renew")
    second = dict((await payer.banked()).keep)
    await payer.do("payments.check")
    asked = {item["intent_id"]: item["asked"] for item in payer.asked("pix.check")}
    assert asked == {second["intent_id"]: True, first["intent_id"]: False}


async def test_asking_when_it_is_paid_or_short(payer: Counter) -> None:
    charge = await payer.charge()
    part = payer.pix(4000)
    await payer.state(charge["intent_id"], [part])
    (told,) = await payer.state(charge["intent_id"], [part], asked=True)
    assert (told.name, told.keep) == ("short", {"missing": 7000})
    rest = payer.pix(7000)
    assert names(await payer.state(charge["intent_id"], [part, rest])) == ["paid"]
    assert (await payer.did("payments.check")).name == "paid"
    assert names(await payer.state(charge["intent_id"], [part, rest], asked=True)) == ["paid"]


async def test_asking_before_there_is_a_charge(payer: Counter) -> None:
    assert (await payer.did("payments.check")).name == "still_unpaid"


async def test_bank_that_does_not_know_the_charge(payer: Counter) -> None:
    charge = await payer.charge()
    assert names(await payer.state(charge["intent_id"], [], unknown=True, asked=True)) == ["pix_unknown"]
    assert await payer.state(charge["intent_id"], [], unknown=True) == []
    assert len(payer.noticed("pix_unknown")) == 1


async def test_charge_removed_at_the_bank(payer: Counter) -> None:
    charge = await payer.charge()
    await payer.state(charge["intent_id"], [], status="REMOVIDA_PELO_PSP")
    assert (await payer.charge())["intent_id"] != charge["intent_id"]


async def test_callback_is_a_trigger_only(payer: Counter) -> None:
    charge = await payer.charge()
    assert await payer.hear("pix.notice", intent_id=charge["intent_id"]) == []
    assert [item["asked"] for item in payer.asked("pix.check")] == [False]
    assert await status(payer) == "payment_pending"


async def test_sweep_asks_about_each_charge_once_in_five_minutes(payer: Counter) -> None:
    charge = await payer.charge()

    async def due() -> list[str]:
        found = await payer.database.run(lambda tx: due_checks(tx, payer.now), org=None)
        return [str(item.intent_id) for item in found]

    assert await due() == []
    payer.forward(seconds=61)
    assert await due() == [charge["intent_id"]]
    assert await due() == []
    payer.forward(minutes=6)
    assert await due() == [charge["intent_id"]]
    payer.forward(hours=2)
    await payer.state(charge["intent_id"], [])
    payer.forward(minutes=6)
    assert await due() == [], "what lapsed rests longer"
    payer.forward(minutes=25)
    assert await due() == [charge["intent_id"]]
    payer.forward(days=1)
    assert await due() == []
