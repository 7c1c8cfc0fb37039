"""While somebody of the team has the floor, the bot asks nothing; what matters is told all the same."""

from __future__ import annotations

import pytest

from tests.town import Person, Stage


async def test_a_payment_is_told_of_and_goes_on_when_they_are_back(stage: Stage, ana: Person) -> None:
    await ana.reach("paying")
    assert "equipe" in await ana.say("atendente")

    told = await ana.pay()
    assert "Recebi seu Pix" in told
    assert "assinar" not in told, "the contract waits until they are back"
    await ana.say("menu")
    assert "Pagamento confirmado" in await ana.tap("Continuar cadastro")


async def test_what_is_said_to_the_person_is_not_for_the_bot(ana: Person) -> None:
    await ana.reach("cep")
    await ana.say("atendente")

    for words in ("quero continuar", "Continuar", "obrigada", "quanto custa?", "sim"):
        assert await ana.say(words) == ""
    assert "Como posso ajudar?" in await ana.say("menu")


async def test_who_was_left_half_way_by_both_is_reminded_once(stage: Stage, ana: Person) -> None:
    await ana.reach("cep")
    await ana.say("atendente")

    told = [await ana.wait(hours=1) for _ in range(30)]
    assert [words != "" for words in told].count(True) == 1
    assert "Guardei seu cadastro" in "".join(told)
    assert "CEP" in await ana.tap("Continuar")


async def test_who_is_asked_to_go_on_is_not_asked_whether_to_leave(stage: Stage, ana: Person) -> None:
    await ana.reach("contract")
    assert "Quer mesmo cancelar" in await ana.say("cancelar")
    assert "pela metade" in await ana.wait(minutes=15)

    assert "cancelar seu cadastro?" not in await ana.tap("Continuar")
    assert "Li e quero assinar" in ana.offers()


@pytest.mark.parametrize("yes", ["sim", "bora", "Continuar", "quero continuar"])
async def test_a_yes_to_the_reminder_goes_on_and_answers_nothing_else(ana: Person, yes: str) -> None:
    await ana.reach("cep")
    await ana.wait(minutes=15)

    told = await ana.say(yes)
    assert "Que bom te ver de volta" in told
    assert "CEP" in told
    assert "contei" not in told


async def test_a_no_to_the_reminder_is_taken_kindly(ana: Person) -> None:
    await ana.reach("contract")
    await ana.say("cancelar")
    await ana.wait(minutes=15)

    assert await ana.say("agora não") == "Tudo bem, fica guardado 💚 Quando quiser continuar, é só escrever *oi*."
    assert "assinar" in await ana.say("oi")
    await ana.tap("Li e quero assinar")
    assert "Bem-vindo(a)" in await ana.say(ana.code())


async def test_only_the_word_right_after_the_reminder_is_said_to_it(ana: Person) -> None:
    await ana.reach("contract")
    await ana.wait(minutes=15)
    await ana.say("menu")
    await ana.tap("Continuar cadastro")
    assert "Quer mesmo cancelar" in await ana.say("cancelar")

    assert "cancelei seu cadastro" in await ana.say("sim")
