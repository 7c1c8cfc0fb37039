"""People go back, look at something else, and pay meanwhile: what was accepted is what is charged, signed and begun."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from bot.staff_commands import confirm_payment
from bot.town import ACCOUNT, DISPLAY, NUMBER
from handlers.organizations.apply import NumberSettings, apply
from handlers.organizations.directory import Directory
from handlers.organizations.parse import parse
from tests.clock import FrozenClock
from tests.journeys.test_payments_journey import returned
from tests.town import Person, Stage, business_with, staged

BIA = ("Bia Souza", "Filho(a)", "10/10/2015", "Pular")


@pytest.fixture(autouse=True)
def _news_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a business applies is seen by the next turn, not three seconds later."""
    monkeypatch.setattr(Directory, "_still_holds", AsyncMock(return_value=False))


async def enter(person: Person, answers: Sequence[str]) -> None:
    for words in answers:
        await (person.tap(words) if words in person.offers() else person.say(words))


async def change(stage: Stage, file: Path) -> None:
    """The business applies another file while people are under way."""
    balcao = stage.town.balcao
    business = parse(await asyncio.to_thread(file.read_text, "utf-8"), file.name)
    number = NumberSettings(NUMBER, ACCOUNT, DISPLAY)
    await balcao.database.run(lambda tx: apply(tx, balcao.vault, business, balcao.clock.now(), number), org=None)


async def plan_of(stage: Stage) -> str:
    (draft,) = await stage.rows("registration_sessions")
    (plan,) = await stage.rows("plans", id=draft.plan_id)
    return str(plan.name)


# --- Voltar between plans ---------------------------------------------------------------------------------------------


async def test_an_extra_that_was_taken_back_is_not_charged(both: Stage) -> None:
    ana = both.person()
    await ana.reach("offer")
    await ana.tap("Ver adicionais")
    assert "R$\u00a0134,70" in await ana.tap("Dentista Aurora Família")
    await ana.say("voltar")

    assert "Hoje você paga: R$\u00a099,80" in await ana.say("voltar")
    assert "R$\u00a099,80 por Pix" in await ana.tap("Aceito e quero")


async def test_the_plan_that_was_accepted_is_the_one_signed(both: Stage) -> None:
    ana = both.person()
    await ana.reach("plan")
    await ana.tap("Aurora Individual")
    await ana.tap("Ver outros planos")
    await ana.tap("Aurora Premium")
    await ana.say("voltar")
    assert "Aurora Individual" in await ana.say("voltar")

    assert "R$\u00a029,90 por Pix" in await ana.tap("Aceito e quero")
    assert "Pagamento confirmado" in await ana.pay()
    await ana.tap("Li e quero assinar")
    assert "Bem-vindo(a)" in await ana.say(ana.code())
    assert await plan_of(both) == "Aurora Individual"


async def test_a_plan_named_beside_the_list_is_shown_and_nobody_new_in_the_family(ana: Person) -> None:
    await ana.reach("family")
    await enter(ana, BIA)

    for words in ("quanto é o premium?", "gostei do premium", "quero o Premium"):
        assert "*Aurora Premium*" in await ana.say(words)
        assert "Aceito e quero" in ana.offers()
        await ana.say("voltar")


async def test_who_is_to_be_in_the_family_is_no_plan(ana: Person) -> None:
    await ana.reach("plan")

    assert "Aceito e quero" not in await ana.say("quero incluir minha família")


async def test_a_price_that_changed_is_shown_before_it_is_accepted(stage: Stage, ana: Person, tmp_path: Path) -> None:
    await ana.reach("offer")
    await change(stage, business_with(tmp_path, ("price: 69.90", "price: 89.90")))

    told = await ana.say("oi")
    assert "Plano: R$\u00a069,90" in told
    assert "Hoje você paga: R$\u00a099,80" in told
    told = await ana.tap("Aceito e quero")
    assert "acabaram de mudar" in told
    assert "Plano: R$\u00a089,90" in told
    assert "Hoje você paga: R$\u00a0119,80" in told
    assert "R$\u00a0119,80 por Pix" in await ana.tap("Aceito e quero")


async def test_a_plan_that_went_while_it_was_looked_at(stage: Stage, ana: Person, tmp_path: Path) -> None:
    await ana.reach("plan")
    await ana.tap("Aurora Individual")
    await change(stage, business_with(tmp_path, ("price: 29.90", "price: 29.90\n    min_age: 60")))

    assert "é para titulares" in await ana.tap("Aceito e quero")
    assert "Aurora Família" in ana.offers()


# --- The family ----------------------------------------------------------------------------------------------------


async def test_going_back_takes_nobody_out_of_the_family_unseen(ana: Person) -> None:
    await ana.reach("family")
    await enter(ana, BIA)

    assert "Bia Souza" in await ana.say("voltar")
    assert "Bia Souza" in await ana.tap("Continuar")
    assert "só para uma pessoa" in await ana.tap("Aurora Individual")


async def test_who_was_taken_out_is_not_shown_again_by_going_back(stage: Stage, ana: Person) -> None:
    await ana.reach("family")
    await enter(ana, BIA)
    await ana.tap("Mudar dependentes")
    await ana.tap("Remover alguém")
    assert "Bia" not in await ana.tap("Bia Souza")

    assert "Bia" not in await ana.say("voltar")
    assert "Bia" not in await ana.say("voltar")
    assert await stage.rows("dependents") == []


async def test_nobody_is_paid_for_in_a_plan_for_one(both: Stage) -> None:
    """The code was handed out, the family entered afterwards, and the old code paid."""
    ana = both.person()
    await ana.reach("plan")
    await ana.tap("Aurora Individual")
    await ana.tap("Aceito e quero")
    await ana.say("voltar")
    await ana.tap("Ver outros planos")
    await ana.tap("Mudar dependentes")
    await enter(ana, BIA)

    assert "Já avisei a equipe" in await ana.pay()
    assert "plan_overcrowded" in await both.notices()
    await ana.say("cancelar")
    assert "Devolvemos R$\u00a029,90" in await ana.tap("Sim, cancelar")


async def test_the_family_is_asked_again_before_a_plan_for_one_is_accepted(ana: Person) -> None:
    await ana.reach("plan")
    await ana.tap("Aurora Individual")
    await ana.tap("Ver outros planos")
    await ana.tap("Mudar dependentes")
    await enter(ana, BIA)
    while "Aceito e quero" not in ana.offers():
        await ana.say("voltar")

    assert "só para uma pessoa" in await ana.tap("Aceito e quero")


# --- Paid meanwhile ------------------------------------------------------------------------------------------------


ELSEWHERE = [("Ver adicionais",), ("Ver outros planos", "Aurora Premium")]


@pytest.mark.parametrize("on", ELSEWHERE)
async def test_paid_while_looking_at_plans_again(both: Stage, on: tuple[str, ...]) -> None:
    ana = both.person()
    await ana.reach("paying")
    await ana.say("voltar")
    await enter(ana, on)

    assert "Pagamento confirmado" in await ana.pay()
    await ana.tap("Li e quero assinar")
    assert "Bem-vindo(a)" in await ana.say(ana.code())
    assert await plan_of(both) == "Aurora Família"
    assert returned(ana) == []


async def test_paid_while_an_earlier_answer_is_given_again(stage: Stage, ana: Person) -> None:
    await ana.reach("paying")
    while "Pular" not in ana.offers():
        await ana.say("voltar")

    assert "Recebi seu Pix" in await ana.pay()
    await ana.tap("Pular")
    assert "Pagamento confirmado" in await ana.tap("Agora não")
    assert returned(ana) == []


async def test_a_part_is_told_of_wherever_they_are(ana: Person) -> None:
    await ana.reach("paying")
    await ana.say("voltar")

    assert "Recebi seu Pix" in await ana.pay(5000)
    assert "R$\u00a049,80 por Pix" in await ana.tap("Aceito e quero")


async def test_a_code_taken_back_too_late_is_asked_about_at_once(stage: Stage, ana: Person) -> None:
    await ana.reach("paying")
    ana.town.bank.faults.lose_callbacks = True
    await ana.pay()

    told = await ana.say("novo código")
    told += await ana.wait(seconds=5)
    assert "Pagamento confirmado" in told
    assert [row.status for row in await stage.rows("payment_intents")] == ["succeeded", "canceled"]


# --- Time ------------------------------------------------------------------------------------------------------------


async def test_who_has_a_code_does_not_expire(both: Stage) -> None:
    ana = both.person()
    await ana.reach("paying")
    await ana.wait(days=6, hours=23, minutes=40)
    assert "Vale até" in await ana.say("novo código")

    assert "foi encerrado" not in await ana.wait(minutes=25)
    assert "Pagamento confirmado" in await ana.pay()


async def test_a_part_gives_the_answers_their_life_again(stage: Stage, ana: Person) -> None:
    await ana.reach("paying")
    await ana.wait(days=6, hours=23, minutes=40)
    await ana.pay(5000, late=True)
    (draft,) = await stage.rows("registration_sessions")
    assert draft.expires_at - stage.town.balcao.clock.now() > timedelta(days=6, hours=23)


async def test_staff_have_days_to_confirm_what_somebody_says_they_paid(sqlite_url: str, clock: FrozenClock) -> None:
    async with staged(sqlite_url, clock, extra={"BALCAO_PIX_DRIVER": "static"}) as stage:
        ana = stage.person()
        await ana.reach("paying")
        await ana.wait(days=6, hours=12)
        await ana.say("novo código")
        charge = (await stage.rows("payment_intents"))[-1]
        assert "equipe vai conferir" in await ana.say("já paguei")
        await ana.wait(hours=14)

        await confirm_payment(stage.town.settings, charge.provider_intent_id)
        assert "Pagamento confirmado" in await ana.wait(seconds=1)


# --- The business changes its terms after the plan was accepted -----------------------------------------------------


async def test_the_contract_keeps_the_terms_that_were_paid_for(stage: Stage, ana: Person, tmp_path: Path) -> None:
    await ana.reach("paying")
    await change(stage, business_with(tmp_path, ("price: 69.90", "price: 699.00\n    billing_cycle: yearly")))
    await ana.pay()
    await ana.tap("Li e quero assinar")
    await ana.say(ana.code())

    (member,) = await stage.rows("customers")
    assert (member.pricing["cycle_price"], member.pricing["billing_cycle"]) == (6990, "monthly")


async def test_the_first_charge_is_never_before_the_membership(
    sqlite_url: str, clock: FrozenClock, tmp_path: Path
) -> None:
    business = business_with(tmp_path, ("price: 69.90", "price: 69.90\n    trial_days: 7"))
    async with staged(sqlite_url, clock, business=business) as stage:
        ana = stage.person()
        await ana.reach("paying")
        await ana.pay()
        await ana.wait(days=12)
        await ana.say("oi")
        await ana.tap("Li e quero assinar")
        await ana.say(ana.code())

        (member,) = await stage.rows("customers")
        due = member.created_at.date() + timedelta(days=7)
        assert abs((due - type(due).fromisoformat(member.pricing["first_charge_on"])).days) <= 1
