"""What people write beside the Pix: that they paid, that they want another code or plan, or something else."""

from __future__ import annotations

import pytest

from handlers.desk import Outcome
from tests.conversations.stage import Stage, Told
from tests.conversations.test_engine import CHARGED, at, commands, stage


def at_pix() -> Stage:
    told = commands(payments__check=Told(Outcome("still_unpaid")))
    return at(stage(commands=told), "menu.joining", "signup.checkout", "checkout.paying", draft=CHARGED)


@pytest.mark.parametrize("said", ["aceita cartão?", "boleto", "quanto eu pago?", "ainda não paguei", "é seguro?"])
async def test_who_did_not_say_that_they_paid_is_not_told_that_nothing_came(said: str) -> None:
    talk = at_pix()
    await talk.says(said)
    assert "não me avisou" not in talk.text
    assert "por Pix" in talk.text
    assert "69,90" in talk.text
    assert talk.titles == ["Já paguei", "Ver o código", "Novo código"]
    assert len(talk.messages) == 1
    await talk.says(said)
    assert "não me avisou" not in talk.text
    assert "por Pix" in talk.text


@pytest.mark.parametrize(
    "said", ["paguei", "Já paguei!", "paguei agora", "segue o comprovante", "transferi", "pago", "já fiz o pix"]
)  # fmt: skip
async def test_who_says_that_they_paid_has_the_bank_asked(said: str) -> None:
    talk = at_pix()
    await talk.says(said)
    assert "não me avisou" in talk.text


@pytest.mark.parametrize("said", ["mudei de ideia, quero o individual", "quero trocar de plano", "outro plano"])
async def test_another_plan_may_be_asked_for_at_the_pix(said: str) -> None:
    told = commands(registrations__may_choose=Told(Outcome("choose")))
    talk = at(stage(commands=told), "menu.joining", "signup.checkout", "checkout.paying", draft=CHARGED)
    await talk.says(said)
    assert talk.place == "signup.plan"


async def test_a_code_that_has_ended_asks_for_a_new_one_until_there_is_one() -> None:
    told = commands(payments__renew=Told(Outcome("charge_ready", CHARGED)))
    talk = at(stage(commands=told), "menu.joining", "signup.checkout", "checkout.unpaid",
              draft={**CHARGED, "expired": True})  # fmt: skip
    await talk.says("aceita cartão?")
    assert "Esse código venceu" in talk.text
    assert "por Pix:" not in talk.text
    await talk.says("pode gerar outro")
    assert talk.place == "checkout.paying"
    await talk.says("aceita boleto?")
    assert "venceu" not in talk.text
    assert "O pagamento é por Pix" in talk.text
