"""Answers as people give them: yes and no, other words than the button's, two things at once, none at all."""

from __future__ import annotations

import pytest

from tests.town import Person, Stage


async def test_yes_and_no_before_something_is_thrown_away(ana: Person) -> None:
    await ana.reach("birth_date")

    for refusal in ("não", "n", "não quero cancelar", "agora não"):
        assert "Quer mesmo cancelar" in await ana.say("cancelar")
        assert "data de nascimento" in await ana.say(refusal)
    await ana.say("cancelar")
    assert "Não entendi" in await ana.say("talvez")
    assert "cancelei seu cadastro" in await ana.say("ss")


@pytest.mark.parametrize(("typed", "granted"), [("sim", True), ("n", False)])
async def test_the_health_consent_by_yes_and_no(stage: Stage, ana: Person, typed: str, granted: bool) -> None:
    await ana.reach("plan")
    await ana.tap("Aurora Premium")
    await ana.tap("Aceito e quero")

    assert "Falta só assinar" in await ana.say(typed)
    assert {row.granted for row in await stage.rows("consents") if row.consent_type == "health"} == {granted}


async def test_terms_and_the_signature_take_no_mere_yes(stage: Stage, ana: Person) -> None:
    await ana.reach("offer")

    for word in ("sim", "ok", "pode", "claro"):
        assert "Escolha uma das opções" in await ana.say(word)
    assert await stage.rows("consents") == []
    await ana.reach("contract")
    for word in ("sim", "ok", "pode"):
        assert "toque no botão abaixo" in await ana.say(word)


async def test_offers_take_no_mere_yes(stage: Stage, ana: Person) -> None:
    await ana.reach("welcome")
    await ana.say("claro")

    assert not any(row.granted for row in await stage.rows("consents") if row.consent_type == "marketing")


async def test_a_new_code_for_the_one_that_expired(stage: Stage, ana: Person) -> None:
    await ana.reach("paying")
    await ana.wait(days=4)
    assert "Quer que eu gere um novo?" in await ana.say("já paguei")

    assert "por Pix" in await ana.say("sim, pode gerar")
    assert len(stage.town.bank.charges) == 2


async def test_a_code_for_what_is_missing(ana: Person) -> None:
    await ana.reach("paying")
    assert "Posso gerar o Pix do que falta" in await ana.pay(1000)

    assert "por Pix" in await ana.say("ok")


@pytest.mark.parametrize(("typed", "yes"), [("ana@gmail", "sim"), ("ana@gmial.com", "ss"), ("aná@gmail.com", "isso")])
async def test_yes_to_the_address_that_is_suggested(ana: Person, typed: str, yes: str) -> None:
    await ana.reach("email")

    assert "Seria *ana@gmail.com*?" in await ana.say(typed)
    assert "a•••@gmail.com" in await ana.say(yes)
    assert len(ana.town.mailbox.inbox("ana@gmail.com")) == 1


async def test_no_to_the_address_that_is_suggested(ana: Person) -> None:
    await ana.reach("email")

    assert "Seria *ana@gmail.com*?" in await ana.say("ana@gmail")
    assert ana.offers() == ["Sim, corrija", "Escrever de novo"]
    assert (await ana.say("não sei")).endswith("\n\nSeria *ana@gmail.com*?")
    assert "Qual é o seu *e-mail*" in await ana.say("n")
    assert "Você escreveu *ana@gmial.com*" in await ana.say("ana@gmial.com")
    assert "Você escreveu *ana@hotmial.com*" in await ana.say("não, é ana@hotmial.com")
    assert "Seria *ana@gmail.com*?" in await ana.say("ana@gmail")
    assert "Você escreveu *ana@hotmial.com*" in await ana.say("ana@hotmial.com")
    assert "a•••@hotmial.com" in await ana.say("ana@hotmial.com")


async def test_yes_to_the_code_that_gives_the_access_back(stage: Stage, ana: Person) -> None:
    await ana.reach("member")
    bia = stage.person("5511911112222", "Bia Lima")
    await bia.reach("cpf")

    assert "recuperar seu acesso" in await bia.say(ana.cpf)
    assert "vale 5 minutos" in await bia.say("sim, pode enviar")


async def test_no_extras(ana: Person) -> None:
    await ana.reach("plan")
    await ana.tap("Aurora Individual")
    await ana.tap("Ver adicionais")

    assert "Hoje você paga" in await ana.say("não")


async def test_a_sentence_is_no_name(stage: Stage, ana: Person) -> None:
    await ana.reach("name")

    for sentence in ("pode ser só Ana?", "vai se ferrar", "seu robô burro", "Por que precisa"):
        assert "Não parece um nome" in await ana.say(sentence)
    assert "Uma pessoa de cada vez" in await ana.say("Ana Souza, Maria Souza")
    assert "Prazer, Maria!" in await ana.say("Maria da Silva Souza 52998224725")
    [draft] = await stage.rows("registration_sessions")
    assert draft.full_name == "Maria da Silva Souza"


async def test_other_words_for_the_gender(stage: Stage, ana: Person) -> None:
    await ana.reach("gender")

    for typed in ("homem", "M", "f", "mulher", "não binário"):
        assert "estado civil" in await ana.say(typed)
        assert "se identifica" in await ana.say("voltar")
    await ana.say("homem")
    await ana.say("solteira")
    await ana.tap("Pular")
    [draft] = await stage.rows("registration_sessions")
    assert (draft.gender, draft.marital_status) == ("M", "single")


async def test_who_would_rather_not_say(ana: Person) -> None:
    await ana.reach("gender")

    for refusal in ("prefiro não dizer", "não quero dizer", "não", "Prefiro não informar."):
        assert "alguém da família" in await ana.say(refusal)
        assert "se identifica" in await ana.say("voltar")


async def test_other_words_for_the_marital_status(stage: Stage, ana: Person) -> None:
    await ana.reach("gender")
    await ana.say("2")

    for typed in ("casada", "sou solteira", "separado", "viúva", "moro junto"):
        assert "profissão" in await ana.say(typed)
        assert "estado civil" in await ana.say("voltar")
    await ana.say("tô casado")
    for sentence in ("por que precisa?", "não sei", "sim"):
        assert "só a profissão" in await ana.say(sentence)
    assert "alguém da família" in await ana.say("não quero dizer")
    [draft] = await stage.rows("registration_sessions")
    assert (draft.marital_status, draft.profession) == ("married", None)


async def test_nobody_else(ana: Person) -> None:
    await ana.reach("family")

    for nobody in ("só eu mesmo", "Só eu!", "não", "n", "não, obrigado", "ninguém", "não tenho filhos"):
        assert "Vamos ao seu plano" in await ana.say(nobody)
        assert "alguém da família" in await ana.say("voltar")


async def test_somebody_without_a_name(ana: Person) -> None:
    await ana.reach("family")

    assert "Vamos lá" in await ana.say("sim")
    assert "Não encontrei um nome" in await ana.say("minha filha")
    assert "Não parece um nome" in await ana.say("só eu e minha mãe")
    assert "Uma pessoa de cada vez" in await ana.say("Meu marido João Souza e minha filha Ana Souza")
    assert "João é o quê seu?" in await ana.say("meu marido João Souza")


async def test_other_words_for_the_relationship(stage: Stage, ana: Person) -> None:
    await ana.reach("family")
    await ana.say("Maria Souza")

    for typed in ("marido", "minha esposa", "esposo", "companheira", "filha", "irmã", "minha avó"):
        assert "data de nascimento* de Maria" in await ana.say(typed)
        assert "é o quê seu" in await ana.say("voltar")
    await ana.say("minha mãe")
    await ana.say("10/10/1960")
    await ana.tap("Pular")
    assert [row.relationship for row in await stage.rows("dependents")] == ["parent"]


@pytest.mark.parametrize("none", ["não tem", "n"])
async def test_a_child_without_a_cpf(stage: Stage, ana: Person, none: str) -> None:
    await ana.reach("family")
    await ana.say("minha filha Maria Souza")
    await ana.say("filha")
    await ana.say("10/10/2020")

    assert "Maria Souza, Filho(a)" in await ana.say(none)
    assert "Uma pessoa de cada vez" in await ana.say("João Souza, Rita Lima")
    assert "Família anotada" in await ana.tap("Mudar dependentes")
    assert "escolher o plano" in await ana.say("é só")


async def test_the_number_with_a_yes_before_it(stage: Stage, ana: Person) -> None:
    await ana.reach("number")

    assert "Endereço anotado" in await ana.say("sim, 120 apto 34")
    [draft] = await stage.rows("registration_sessions")
    assert (draft.address["number"], draft.address["complement"]) == ("120", "apto 34")


async def test_no_to_the_place_that_was_found(ana: Person) -> None:
    await ana.reach("number")

    for typed in ("não", "não é aí"):
        assert "*CEP*" in await ana.say(typed)
        assert "Praça da Sé" in await ana.say("01001-000")
    assert "*rua*" in await ana.say("endereço errado")


async def test_a_place_that_is_not_known_is_not_written_down(ana: Person) -> None:
    await ana.reach("cep")
    await ana.say("não sei")

    assert "conta de luz" in await ana.say("não sei")
    assert "bairro" in await ana.say("Rua das Flores")
    assert "conta de luz" in await ana.say("não sei")
    assert "cidade e estado" in await ana.say("Centro")
    assert "conta de luz" in await ana.say("não sei")


@pytest.mark.parametrize("typed", ["não recebi nada", "o código não chegou ainda"])
async def test_a_code_that_did_not_come(ana: Person, typed: str) -> None:
    await ana.reach("code")
    await ana.wait(seconds=60)

    assert "Enviei um código" in await ana.say(typed)
    assert len(ana.town.mailbox.inbox(ana.email)) == 2
    assert "Confirmado" in await ana.say(f"meu código é {ana.code()}")


async def test_a_code_that_went_to_the_wrong_address(ana: Person) -> None:
    await ana.reach("code")

    for typed in ("esse email está errado", "o e-mail tá errado", "errei meu email"):
        assert "Qual é o seu *e-mail*" in await ana.say(typed)
        await ana.say("outra.ana@gmail.com" if typed.startswith("esse") else ana.email)
        await ana.wait(seconds=60)
