"""Paying by Pix, as people and banks really do: each case has a word for the person and a line for staff."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.simulator.bank.books import REMOVED
from bot.simulator.meta.state import Order
from tests.clock import FrozenClock
from tests.town import CPF_2, Person, Stage, business_with, staged

DUE = 9980


@pytest.fixture
async def ana(both: Stage) -> Person:
    """Somebody who stands before the Pix code, on either database."""
    person = both.person()
    await person.reach("paying")
    return person


@pytest.fixture
async def payer(stage: Stage) -> Person:
    """The same on SQLite alone, where what is tested is the talk rather than the books."""
    person = stage.person()
    await person.reach("paying")
    return person


def returned(person: Person) -> list[int]:
    """Centavos given back by the bank, in order."""
    return [refund.amount for refund in person.town.bank.refunds.values()]


def orders(person: Person) -> list[Order]:
    """What WhatsApp's own Pix bubbles show, oldest first."""
    return list(person.town.meta.orders.values())


async def statuses(stage: Stage) -> list[str]:
    return [row.status for row in await stage.rows("payment_intents")]


async def test_the_exact_amount(both: Stage, ana: Person) -> None:
    assert "R$\u00a099,80" in ana.last.text
    assert "Pagamento confirmado" in await ana.pay()
    assert await both.notices("pix") == ["pix_settled"]
    assert await statuses(both) == ["succeeded"]
    assert returned(ana) == []


async def test_unless_wanted_no_message_is_spent_on_the_bubble(stage: Stage, payer: Person) -> None:
    assert "Recebi seu Pix" not in await payer.pay()
    assert [order.payment for order in orders(payer)] == ["pending"]


async def test_already_paid_before_the_money_and_after(stage: Stage, payer: Person) -> None:
    assert "O banco ainda não me avisou" in await payer.say("já paguei")
    payer.town.bank.faults.lose_callbacks = True
    assert await payer.pay() == ""
    assert "Pagamento confirmado" in await payer.tap("Já paguei")
    assert await stage.notices("pix") == ["pix_settled"]


async def test_an_expired_code_is_renewed(stage: Stage, payer: Person) -> None:
    first = payer.charge()
    await payer.wait(minutes=61)

    assert "venceu sem pagamento" in await payer.say("já paguei")
    assert "Vale até" in await payer.tap("Novo código")
    assert payer.charge() is not first
    assert "Pagamento confirmado" in await payer.pay()
    assert await statuses(stage) == ["expired", "succeeded"]


async def test_a_new_code_takes_the_former_one_back(stage: Stage, payer: Person) -> None:
    first = payer.charge()

    assert "Vale até" in await payer.say("novo código")
    assert first.status == REMOVED
    assert payer.charge() is not first
    assert await statuses(stage) == ["canceled", "pending"]


async def test_late_money_counts(both: Stage, ana: Person) -> None:
    await ana.wait(minutes=90)

    assert "Pagamento confirmado" in await ana.pay(late=True)
    assert await both.notices("pix") == ["pix_late"]
    assert returned(ana) == []


async def test_a_short_payment_and_the_rest(both: Stage, ana: Person) -> None:
    assert "Ainda faltam *R$\u00a049,80*" in await ana.pay(5000)
    assert "R$\u00a049,80" in await ana.tap("Novo código")
    assert ana.charge().amount == 4980
    assert "Pagamento confirmado" in await ana.pay()
    assert await both.notices("pix") == ["pix_partial", "pix_settled"]
    assert returned(ana) == []


async def test_too_much_is_given_back(both: Stage, ana: Person) -> None:
    told = await ana.pay(12000)

    assert "Pagamento confirmado" in told
    assert "Devolvemos R$\u00a020,20" in told
    assert returned(ana) == [2020]
    assert await both.notices() == ["pix_excess", "refund_done"]


async def test_paid_twice_the_second_is_given_back(both: Stage, ana: Person) -> None:
    told = await ana.pay(times=2)

    assert told.count("Pagamento confirmado") == 1
    assert "Devolvemos R$\u00a099,80" in told
    assert returned(ana) == [DUE]
    assert await both.notices("pix") == ["pix_settled", "pix_duplicate"]


async def test_paid_again_later_is_given_back(stage: Stage, payer: Person) -> None:
    await payer.pay()
    told = await payer.pay(late=True)

    assert "Devolvemos R$\u00a099,80" in told
    assert returned(payer) == [DUE]
    assert "CT-00000001" in await finish(payer)


@pytest.fixture
async def marking(database_url: str, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[Stage]:
    """A business that has its bubbles marked as paid: until WhatsApp is told, they go on asking for the money."""
    business = business_with(tmp_path, ("bubble_paid: false", "bubble_paid: true"))
    async with staged(database_url, clock, business=business) as stage:
        yield stage


async def test_the_bubble_says_that_it_is_paid(marking: Stage) -> None:
    ana = marking.person()
    await ana.reach("paying")
    told = await ana.pay()

    assert "Recebi seu Pix de *R$\u00a099,80*" in told
    assert "Pagamento confirmado" in told
    assert [(order.status, order.payment) for order in orders(ana)] == [("completed", "captured")]
    assert "Recebi seu Pix" not in await ana.pay(late=True)


async def test_of_several_bubbles_the_last_that_shows_the_paid_charge_says_so(marking: Stage) -> None:
    ana = marking.person()
    await ana.reach("paying")
    await ana.say("novo código")
    await ana.say("e agora?")
    await ana.tap("Ver o código")
    told = await ana.pay()

    assert told.count("Recebi seu Pix") == 1
    assert [order.payment for order in orders(ana)] == ["pending", "pending", "captured"]


async def test_who_was_shown_the_plain_form_is_not_told_of_a_bubble(marking: Stage) -> None:
    ana = marking.person()
    await ana.reach("offer")
    marking.town.meta.faults.fail_next = [2040]
    await ana.tap("Aceito e quero")
    marking.town.meta.refusals.clear()
    told = await ana.pay()

    assert "Pagamento confirmado" in told
    assert "Recebi seu Pix" not in told


async def test_a_bubble_that_cannot_be_marked_stops_nothing(marking: Stage) -> None:
    ana = marking.person()
    await ana.reach("paying")
    marking.town.meta.faults.fail_next = [2046]

    assert "Pagamento confirmado" in await ana.pay()
    assert marking.town.meta.refusals.pop()[0] == 2046
    assert "delivery.dead" in await marking.notices()


async def finish(person: Person) -> str:
    await person.tap("Li e quero assinar")
    return await person.say(person.code())


async def test_a_refund_that_fails_is_for_staff(stage: Stage, payer: Person) -> None:
    payer.town.bank.faults.fail_refunds = True
    told = await payer.pay(12000)

    assert "Devolvemos R$" not in told
    assert "refund_failed" in await stage.notices()


async def test_a_forged_callback_moves_nothing(stage: Stage, payer: Person) -> None:
    assert await payer.town.bank.forge(txid=payer.charge().txid, amount=DUE) == 200
    assert await payer.town.bank.forge(amount=DUE) == 200
    await payer.town.settle()

    assert payer.read() == ""
    assert await stage.rows("payments") == []
    assert await statuses(stage) == ["pending"]
    assert "Pagamento confirmado" in await payer.pay()


async def test_a_lost_callback_is_found_by_the_sweep(both: Stage, ana: Person) -> None:
    ana.town.bank.faults.lose_callbacks = True
    assert await ana.pay() == ""

    assert "Pagamento confirmado" in await ana.wait(minutes=6)
    assert await both.notices("pix") == ["pix_settled"]


async def test_duplicated_and_grouped_callbacks_count_once(both: Stage, ana: Person) -> None:
    berta = both.person("5511987650000", "Berta", email="berta@gmail.com", cpf=CPF_2)
    await berta.reach("paying")
    bank = ana.town.bank
    bank.faults.group_callbacks = bank.faults.duplicate_callbacks = True
    for txid in bank.charges:
        await bank.pay(txid)
    await ana.town.settle()

    for person in (ana, berta):
        assert person.read().count("Pagamento confirmado") == 1
    assert len(await both.rows("payments")) == 2
    assert len(bank.calls[-1].body["pix"]) == 2  # type: ignore[arg-type]
    assert returned(ana) == []


async def test_other_words_before_the_code_show_the_ways(stage: Stage, payer: Person) -> None:
    told = await payer.say("não entendi nada")

    assert "O pagamento é por Pix: *R$\u00a099,80*" in told
    assert "não me avisou" not in told
    assert payer.offers() == ["Já paguei", "Ver o código", "Novo código"]
    assert "botão abaixo" in await payer.tap("Ver o código")
    assert len(payer.town.bank.charges) == 1


async def test_the_bank_is_down_when_the_charge_is_made(stage: Stage) -> None:
    berta = stage.person("5511987650000", "Berta", email="berta@gmail.com", cpf=CPF_2)
    await berta.reach("offer")
    berta.town.bank.faults.down = True
    told = await berta.tap("Aceito e quero")
    for _ in range(6):
        told += await berta.wait(minutes=5)

    assert "o banco não respondeu" in told
    assert "pix_failed" in await stage.notices()
    berta.town.bank.faults.down = False
    assert "por Pix" in await berta.tap("Tentar de novo")
    assert "Pagamento confirmado" in await berta.pay()


async def test_the_bank_is_down_when_somebody_says_they_paid(stage: Stage, payer: Person) -> None:
    payer.town.bank.faults.down = True
    told = await payer.say("já paguei")
    for _ in range(8):
        told += await payer.wait(minutes=10)

    assert "O banco ainda não me avisou" in told
    payer.town.bank.faults.down = False
    assert "Pagamento confirmado" in await payer.pay(late=True)


async def test_the_bubble_carries_the_very_code_of_the_bank(stage: Stage, payer: Person) -> None:
    order = payer.last.message["interactive"]["action"]["parameters"]
    codes = [way["pix_dynamic_code"]["code"] for way in order["payment_settings"] if way["type"] == "pix_dynamic_code"]
    assert codes == [payer.charge().br_code]


async def test_without_the_bubble_the_code_is_a_picture_and_a_text(
    sqlite_url: str, clock: FrozenClock, tmp_path: Path
) -> None:
    business = business_with(tmp_path, ("bubble: true", "bubble: false"))
    async with staged(sqlite_url, clock, business=business) as stage:
        ana = stage.person()
        await ana.reach("paying")
        picture, code = ana.received[-2:]

        assert list(picture.answers.values()) == ["Já paguei", "Novo código"]
        assert stage.town.meta.media[picture.media_id or ""].mime_type == "image/png"
        assert code.text == ana.charge().br_code
        assert "Pagamento confirmado" in await ana.pay()
