"""While somebody of the team has the floor, the bot asks nothing; what matters is told all the same."""

from __future__ import annotations

from tests.town import Person, Stage


async def test_a_payment_is_told_of_and_goes_on_when_they_are_back(stage: Stage, ana: Person) -> None:
    await ana.reach("paying")
    assert "equipe" in await ana.say("atendente")

    told = await ana.pay()
    assert "Recebi seu Pix" in told
    assert "assinar" not in told, "the contract waits until they are back"
    await ana.say("menu")
    assert "Pagamento confirmado" in await ana.tap("Continuar cadastro")


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
