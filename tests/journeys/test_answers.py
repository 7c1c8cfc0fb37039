"""Every question with its wrong answers: each is told what was wrong, asked again, and understood the next time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.clock import FrozenClock
from tests.town import CPF, Person, Stage, business_with, cpf, staged


async def test_the_name(ana: Person) -> None:
    await ana.reach("name")

    assert "nome *e sobrenome*" in await ana.say("ana")
    assert "Nome não tem números" in await ana.say("Ana 123")
    assert "Não encontrei um nome" in await ana.say("🙂")
    assert "até" in await ana.say("Ana " + "Souza " * 60)
    assert "Não parece um nome" in await ana.say("https://ana.com.br quero saber")
    assert "Prazer, Ana!" in await ana.say("ANA PAULA DE SOUZA")


async def test_the_cpf(stage: Stage, ana: Person) -> None:
    await ana.reach("cpf")

    assert "contei 10" in await ana.say("529982247-2")
    assert "não confere" in await ana.say("529.982.247-26")
    assert "todos os números iguais" in await ana.say("111.111.111-11")
    assert "CNPJ" in await ana.say("12.345.678/0001-95")
    assert "contei 0" in await ana.say("não sei")
    assert "data de nascimento" in await ana.say("meu cpf é 529 982 247 25")
    [draft] = await stage.rows("registration_sessions")
    assert draft.cpf_hash


async def test_the_birth_date(ana: Person) -> None:
    await ana.reach("birth_date")

    assert "ainda não chegou" in await ana.say("15/05/2030")
    assert "não existe no calendário" in await ana.say("31/02/1990")
    assert "Não entendi a data" in await ana.say("faz tempo")
    assert "antiga demais" in await ana.say("15/05/1850")
    assert "pelo menos 18 anos" in await ana.say("15/05/2015")
    assert "e-mail" in await ana.say("15 de maio de 1990")


async def test_the_email(ana: Person) -> None:
    await ana.reach("email")

    assert "não parece completo" in await ana.say("não tenho certeza")
    assert "Seria *ana@gmail.com*?" in await ana.say("ana arroba gmail")
    assert "Seria *ana@gmail.com*?" in await ana.say("ana@gmial.com")
    assert "Qual é o seu *e-mail*" in await ana.tap("Escrever de novo")
    assert "Seria *ana@gmail.com*?" in await ana.say("ana@gmail.con")
    assert "a•••@gmail.com" in await ana.tap("Sim, corrija")
    assert len(ana.town.mailbox.inbox("ana@gmail.com")) == 1


async def test_an_address_that_looks_odd_may_be_right(ana: Person) -> None:
    await ana.reach("email")
    await ana.say("ana@gmial.com")

    assert "Enviei um código" in await ana.tap("Está certo assim")
    assert len(ana.town.mailbox.inbox("ana@gmial.com")) == 1


async def test_five_wrong_codes_burn_it_and_another_one_comes(ana: Person) -> None:
    await ana.reach("code")
    burned = ana.code()

    assert "6 números" in await ana.say("123")
    for _ in range(4):
        assert "não vale" in await ana.say(ana.wrong_code())
    assert "muitas tentativas" in await ana.say(ana.wrong_code())
    assert "muitas tentativas" in await ana.say(burned)
    await ana.wait(seconds=60)
    assert "Enviei um código" in await ana.tap("Reenviar código")
    assert ana.code() != burned
    assert "Confirmado" in await ana.say(ana.code())


async def test_a_code_is_no_longer_good_after_five_minutes(ana: Person) -> None:
    await ana.reach("code")
    await ana.wait(seconds=300)

    assert "já venceu" in await ana.say(ana.code())
    await ana.tap("Reenviar código")
    assert "Confirmado" in await ana.say(f"{ana.code()[:3]} {ana.code()[3:]}")


async def test_codes_are_sent_again_after_a_minute_and_three_times_at_most(ana: Person) -> None:
    await ana.reach("code")
    inbox = ana.town.mailbox.inbox

    assert "segundos" in await ana.tap("Reenviar código")
    assert len(inbox(ana.email)) == 1
    for sent in (2, 3, 4):
        await ana.wait(seconds=60)
        assert "Enviei um código" in await ana.tap("Reenviar código")
        assert len(inbox(ana.email)) == sent
    await ana.wait(seconds=60)
    assert "preciso esperar um pouco" in await ana.tap("Reenviar código")
    assert len(inbox(ana.email)) == 4
    assert "Confirmado" in await ana.say(ana.code())


async def test_who_comes_back_after_days_is_told_that_the_code_is_over(ana: Person) -> None:
    await ana.reach("code")
    await ana.wait(days=2)

    told = await ana.say("oi")
    assert "já venceu" in told
    assert "Enviei um código" not in told
    assert "Enviei um código" in await ana.tap("Reenviar código")
    assert "Confirmado" in await ana.say(ana.code())


async def test_who_comes_back_to_the_code_does_not_hear_again_what_was_wrong_with_the_last_answer(ana: Person) -> None:
    await ana.reach("code")

    assert "segundos" in await ana.tap("Reenviar código")
    await ana.say("menu")
    back = await ana.tap("Continuar cadastro")
    assert "Digite aqui o código" in back
    assert "segundos" not in back
    assert "não vale" in await ana.say(ana.wrong_code())
    await ana.say("menu")
    back = await ana.tap("Continuar cadastro")
    assert "Digite aqui o código" in back
    assert "não vale" not in back
    assert "Confirmado" in await ana.say(ana.code())


async def test_a_mistyped_email_is_corrected_from_the_code(ana: Person) -> None:
    await ana.reach("email")
    await ana.say("ana.errada@gmail.com")

    assert "e-mail" in await ana.tap("Corrigir e-mail")
    assert "a•••@gmail.com" in await ana.say(ana.email)
    assert "Confirmado" in await ana.say(ana.code())


async def test_a_code_that_cannot_be_sent_is_told(ana: Person) -> None:
    await ana.reach("email")
    ana.town.mailbox.down = True
    await ana.say(ana.email)
    told = ""
    for _ in range(6):
        told += await ana.wait(seconds=50)

    assert "Não consegui enviar o código por e-mail" in told
    ana.town.mailbox.down = False
    assert "Enviei um código" in await ana.tap("Reenviar código")
    assert "Confirmado" in await ana.say(ana.code())


async def test_the_cep(stage: Stage, ana: Person) -> None:
    await ana.reach("cep")

    assert "contei 5" in await ana.say("01001")
    assert "Não encontrei esse CEP" in await ana.say("99999-999")
    assert "Praça da Sé" in await ana.say("01001000")
    assert "Qual é o *CEP*" in await ana.tap("Digitar outro CEP")
    assert "Avenida Paulista" in await ana.say("01310-100")
    assert "Não achei o número" in await ana.say("não lembro")
    assert "Endereço anotado" in await ana.say("s/n")
    [draft] = await stage.rows("registration_sessions")
    assert (draft.address["street"], draft.address["number"]) == ("Avenida Paulista", "S/N")


async def test_a_small_town_asks_for_the_street(stage: Stage, ana: Person) -> None:
    await ana.reach("cep")

    assert "cidade toda" in await ana.say("13940-000")
    await ana.say("Rua das Flores")
    assert "número" in await ana.say("Centro")
    assert "Endereço anotado" in await ana.say("25 casa 2")
    [draft] = await stage.rows("registration_sessions")
    assert draft.address["city"] == "Águas de Lindóia"
    assert draft.address["cep"] == "13940000"


async def test_the_address_is_typed_when_the_cep_is_not_known_or_the_service_is_down(stage: Stage, ana: Person) -> None:
    await ana.reach("cep")
    ana.town.cep.faults.down = True

    told = await ana.say("01310-100")
    told += await ana.wait(minutes=2)
    assert "fora do ar" in told
    assert "Não entendi a rua" in await ana.say("?")
    await ana.say("Rua Augusta")
    assert "cidade e estado" in await ana.say("Consolação")
    assert "De qual estado" in await ana.say("São Paulo das Missões do Norte")
    assert "número" in await ana.say("São Paulo - SP")
    assert "Endereço anotado" in await ana.say("nº 500, bloco B")


async def test_who_knows_no_cep_types_it_all(stage: Stage, ana: Person) -> None:
    await ana.reach("cep")

    assert "rua" in await ana.tap("Não sei o CEP")
    await ana.say("Rua das Acácias")
    await ana.say("Jardim Novo")
    await ana.say("Campinas SP")
    assert "Endereço anotado" in await ana.say("12")
    [draft] = await stage.rows("registration_sessions")
    assert (draft.address["city"], draft.address["state"], draft.address["cep"]) == ("Campinas", "SP", "")


async def test_the_profile_may_be_told_or_skipped(stage: Stage, ana: Person) -> None:
    await ana.reach("gender")

    assert "Escolha uma das opções" in await ana.say("talvez")
    assert "estado civil" in await ana.say("femenino")
    assert "profissão" in await ana.say("3")
    assert "só a profissão" in await ana.say("🙂")
    assert "alguém da família" in await ana.say("atendente")
    [draft] = await stage.rows("registration_sessions")
    assert (draft.gender, draft.marital_status, draft.profession) == ("F", "stable_union", "atendente")


async def test_a_dependant(stage: Stage, ana: Person) -> None:
    await ana.reach("family")

    assert "nome *e sobrenome*" in await ana.say("Maria")
    assert "Maria é o quê seu?" in await ana.say("Maria Souza")
    assert "Escolha uma das opções" in await ana.say("vizinha do lado")
    assert "data de nascimento* de Maria" in await ana.say("filha")
    assert "ainda não chegou" in await ana.say("01/01/2030")
    assert "*CPF* de Maria" in await ana.say("10/10/2020")
    assert "não confere" in await ana.say("529.982.247-26")
    assert "já está neste cadastro" in await ana.say(CPF)
    told = await ana.say(cpf(123123123))
    assert "Maria Souza, Filho(a), 6 anos" in told


async def test_the_family_grows_beside_the_plans_up_to_the_maximum_and_shrinks(stage: Stage, ana: Person) -> None:
    await ana.reach("family")
    for name in ("Maria", "João", "Rita", "Pedro", "Lia", "Beto"):
        await ana.say(f"{name} Souza")
        await ana.tap("Filho(a)")
        await ana.say("10/10/2015")
        told = await ana.tap("Pular")

    assert told.count("Filho(a)") == 6
    assert "no máximo 6 pessoas" in await ana.say("Caio Souza")
    assert "Família completa" in await ana.tap("Mudar dependentes")
    assert "no máximo 6 pessoas" in await ana.say("Caio Souza")
    await ana.tap("Remover alguém")
    await ana.tap("Rita Souza")
    assert [row.full_name for row in await stage.rows("dependents")] == [
        f"{name} Souza" for name in ("Maria", "João", "Pedro", "Lia", "Beto")
    ]
    told = await ana.tap("Continuar")
    assert "Rita" not in told
    assert "Maria Souza" in told


async def test_a_plan_that_does_not_fit_says_why(ana: Person) -> None:
    await ana.reach("family")
    await ana.say("Maria Souza")
    await ana.tap("Filho(a)")
    await ana.say("10/10/2015")
    await ana.tap("Pular")

    assert "é só para uma pessoa" in await ana.tap("Aurora Individual")
    assert "Hoje você paga: R$\u00a099,80" in await ana.tap("Aurora Família")
    assert "Toque abaixo" in await ana.tap("Ver outros planos")


async def test_a_plan_for_other_ages_says_so(sqlite_url: str, clock: FrozenClock, tmp_path: Path) -> None:
    business = business_with(tmp_path, ("    max_dependents: 5\n", "    max_dependents: 5\n    min_age: 59\n"))
    async with staged(sqlite_url, clock, business=business) as stage:
        ana = stage.person()
        await ana.reach("plan")

        assert "a partir de 59 anos" in await ana.tap("Aurora Família")
        assert "Hoje você paga" in await ana.tap("Aurora Individual")


async def test_addons_change_the_price(stage: Stage, ana: Person) -> None:
    await ana.reach("plan")
    await ana.tap("Aurora Individual")

    await ana.tap("Ver adicionais")
    told = await ana.tap("Dentista Aurora")
    assert "Dentista Aurora: + R$\u00a014,90" in told
    assert "Hoje você paga: R$\u00a044,80" in told
    assert "Ver adicionais" not in ana.offers()
    await ana.tap("Aceito e quero")
    assert ana.charge().amount == 4480


async def test_the_health_consent_is_asked_apart_and_may_be_refused(stage: Stage, ana: Person) -> None:
    await ana.reach("plan")
    offer = await ana.tap("Aurora Premium")
    assert "7 dias são grátis" in offer
    assert "Hoje você paga: R$\u00a00,00" in offer

    asked = await ana.tap("Aceito e quero")
    assert "Dados de saúde" in asked
    assert "Escolha uma das opções" in await ana.say("como assim?")
    told = await ana.tap("Não autorizo")
    assert "Falta só assinar!" in told
    assert "Pagamento confirmado" not in told
    consents = {row.consent_type: row.granted for row in await stage.rows("consents")}
    assert consents["health"] is False
    assert ana.town.bank.charges == {}
    await ana.tap("Li e quero assinar")
    assert "CT-00000001" in await ana.say(ana.code())


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("audio", "ouvir áudios"),
        ("sticker", "figurinha"),
        ("image", "uma foto"),
        ("video", "seu vídeo"),
        ("document", "o arquivo"),
    ],
)
async def test_media_where_text_is_asked(ana: Person, kind: str, told: str) -> None:
    await ana.reach("name")

    assert told in await ana.media(kind)
    assert "Prazer" in await ana.say(ana.full_name)


async def test_anything_else_where_text_is_asked(ana: Person) -> None:
    await ana.reach("name")
    person = [{"name": {"formatted_name": "Beto", "first_name": "Beto"}, "phones": [{"phone": "+5511900000000"}]}]

    ana.clock.forward(timedelta(seconds=7))
    await ana.town.meta.sends_location(ana.phone, -23.5, -46.6)
    await ana.town.settle()
    assert "a localização" in ana.read()
    assert "o contato" in await ana.send({"type": "contacts", "contacts": person})
    assert "tipo de mensagem" in await ana.send(
        {"type": "unsupported", "errors": [{"code": 131051, "title": "Message type unknown"}]}
    )
    assert await ana.send({"type": "reaction", "reaction": {"message_id": ana.last.id, "emoji": "👍"}}) == ""
    assert "Prazer" in await ana.say(ana.full_name)


async def test_labels_numbers_and_near_spellings_do_as_well_as_taps(ana: Person) -> None:
    await ana.say("oi")
    assert "nome completo" in await ana.say("quero fazer parte")
    ana.place = 2
    await ana.reach("plan")
    assert "*Aurora Família*" in await ana.say("aurora familia")
    await ana.say("3")
    assert "*Aurora Individual*" in await ana.say("1")
    assert "por Pix" in await ana.say("aceito e qero")
