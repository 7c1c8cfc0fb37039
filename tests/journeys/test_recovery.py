"""A member who writes from another phone gets back in by a code to the e-mail on file, which is never shown whole."""

from __future__ import annotations

import pytest

from tests.town import Person, Stage


@pytest.fixture
async def other(stage: Stage, ana: Person) -> Person:
    """Another phone, held by somebody who has just given Ana's CPF."""
    await ana.reach("member")
    person = stage.person("5521912340000", "Quem será", email=ana.email)
    await person.reach("cpf")
    return person


async def test_the_member_gets_back_in(stage: Stage, ana: Person, other: Person) -> None:
    told = await other.say(other.cpf)
    assert "Esse CPF já é de um membro" in told
    assert "a•••@gmail.com" in told

    assert "Se houver um cadastro" in await other.tap("Enviar código")
    told = await other.say(other.code())
    assert "Você já é membro" in told
    assert "Você é membro do plano *Aurora Família*" in told
    assert "Link: http" in await other.tap("Minha carteirinha")
    assert [row.status for row in await stage.rows("registration_sessions")] == ["approved", "canceled"]
    assert len(await stage.rows("customers")) == 1
    assert len(await stage.rows("customer_contacts")) == 2
    assert "access_recovered" in await stage.notices()


async def test_a_stranger_learns_nothing(stage: Stage, ana: Person, other: Person) -> None:
    await other.say(other.cpf)
    await other.tap("Enviar código")
    for _ in range(5):
        await other.say(other.wrong_code())

    assert "muitas tentativas" in other.last.text
    told = "\n".join(bubble.text for bubble in other.received)
    assert ana.email not in told
    assert "CT-0000" not in told
    await other.say("menu")
    assert "Minha carteirinha" not in other.offers()
    assert len(await stage.rows("customer_contacts")) == 1


async def test_a_mistyped_cpf_is_typed_again(other: Person) -> None:
    await other.say(other.cpf)

    assert "*CPF*" in await other.tap("Digitei errado")
    assert "data de nascimento" in await other.say("123.456.789-09")


async def test_the_members_own_phone_needs_no_code(stage: Stage, ana: Person) -> None:
    await ana.reach("member")
    await ana.tap("Cadastrar outra pessoa")
    await ana.say("Ana Paula Souza")
    told = await ana.say(ana.cpf)

    assert "Você já é membro" in told
    assert len(ana.town.mailbox.inbox(ana.email)) == 2


async def test_two_people_of_one_phone(stage: Stage, ana: Person) -> None:
    """Families share phones: the second member is found beside the first, and the card asked for is told apart."""
    await ana.reach("member")
    await ana.tap("Cadastrar outra pessoa")
    ana.full_name, ana.cpf, ana.email = "Rui Souza", "123.456.789-09", "rui@gmail.com"
    ana.place = 2
    assert "CT-00000002" in await ana.reach("welcome")
    await ana.reach("member")

    assert "De quem é a carteirinha" in await ana.tap("Minha carteirinha")
    await ana.tap("Rui Souza")
    assert ana.last.media_id is not None


async def test_two_phones_race_for_one_cpf(stage: Stage, ana: Person) -> None:
    """Both may be half way with it; who is approved second gets the money back."""
    rival = stage.person("5521912340000", "Rival", email="rival@gmail.com")
    await ana.reach("contract")
    await rival.reach("signing")
    assert "CT-00000001" in await ana.reach("welcome")
    told = await rival.say(rival.code())

    assert "já virou membro por outro cadastro" in told
    assert "Devolvemos R$\u00a099,80" in told
    assert len(await stage.rows("customers")) == 1
    assert "cpf_taken_at_approval" in await stage.notices()
