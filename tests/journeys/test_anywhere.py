"""What is understood anywhere: menu, back, cancel, help, a person; old buttons; silence and hellos."""

from __future__ import annotations

from bot.simulator.bank.books import REMOVED
from tests.town import Person, Stage


async def test_to_the_menu_and_on_where_we_were(ana: Person) -> None:
    await ana.reach("birth_date")

    assert "Como posso ajudar?" in await ana.say("menu")
    assert ana.offers() == ["Continuar cadastro", "Conhecer os planos", "Falar com a equipe"]
    assert "Aurora Premium" in await ana.tap("Conhecer os planos")
    await ana.tap("Voltar ao menu")
    told = await ana.tap("Continuar cadastro")
    assert "data de nascimento" in told
    assert "e-mail" in await ana.say("15/05/1990")


async def test_joining_from_the_plans_while_a_sign_up_waits_goes_on_with_it(stage: Stage, ana: Person) -> None:
    await ana.reach("birth_date")
    await ana.say("menu")
    await ana.tap("Conhecer os planos")
    told = await ana.tap("Continuar cadastro")

    assert "data de nascimento" in told
    assert len(await stage.rows("registration_sessions")) == 1


async def test_back_through_several_questions_and_dialogues(stage: Stage, ana: Person) -> None:
    await ana.reach("number")

    assert "*CEP*" in await ana.say("voltar")
    assert "código" in await ana.say("voltar") or "e-mail" in ana.last.text
    for _ in range(8):
        told = await ana.say("voltar")
        if "nome completo" in told:
            break
    assert "nome completo" in told
    await ana.say("Ana Maria Lima")
    [draft] = await stage.rows("registration_sessions")
    assert draft.full_name == "Ana Maria Lima"


async def test_back_corrects_the_last_answer_only(stage: Stage, ana: Person) -> None:
    await ana.reach("email")

    assert "data de nascimento" in await ana.say("voltar")
    assert "e-mail" in await ana.say("16/06/1991")
    [draft] = await stage.rows("registration_sessions")
    assert draft.birth_date.isoformat() == "1991-06-16"


async def test_there_is_no_way_back_behind_a_payment(ana: Person) -> None:
    await ana.reach("contract")

    assert "Daqui não dá para voltar" in await ana.say("voltar")
    assert "Enviei o código de assinatura" in await ana.tap("Li e quero assinar")
    assert "contrato" in (await ana.say("voltar")).lower()
    await ana.wait(minutes=2)
    await ana.tap("Li e quero assinar")
    assert "CT-00000001" in await ana.say(ana.code())


async def test_cancel_asks_first_and_staying_changes_nothing(ana: Person) -> None:
    await ana.reach("email")

    assert "Quer mesmo cancelar" in await ana.say("cancelar")
    assert "e-mail" in await ana.tap("Continuar cadastro")
    assert "Enviei um código" in await ana.say(ana.email)


async def test_cancel_erases_the_draft_and_takes_the_charge_back(stage: Stage, ana: Person) -> None:
    await ana.reach("family")
    await ana.say("Maria Souza")
    await ana.tap("Filho(a)")
    await ana.say("10/10/2020")
    await ana.tap("Pular")
    ana.place += 1
    await ana.reach("paying")
    charge = ana.charge()
    await ana.say("cancelar")
    told = await ana.tap("Sim, cancelar")

    assert "apaguei suas respostas" in told
    assert "Como posso ajudar?" in told
    [draft] = await stage.rows("registration_sessions")
    assert draft.status == "canceled"
    assert (draft.full_name, draft.cpf_hash, draft.email, draft.address, draft.birth_date) == (None,) * 5
    assert await stage.rows("dependents") == []
    assert charge.status == REMOVED
    [talk] = await stage.rows("conversations")
    assert "Souza" not in str(tuple(talk))
    assert "registration_canceled" in await stage.notices()


async def test_another_plan_instead_of_the_one_to_be_paid(stage: Stage, ana: Person) -> None:
    await ana.reach("paying")
    told = await ana.say("mudei de ideia, quero o individual")

    assert "Escolha outro plano" not in told
    assert ana.offers()[:2] == ["Aurora Individual", "Aurora Família"]
    await ana.tap("Aurora Individual")
    assert "R$\u00a029,90 por Pix" in await ana.tap("Aceito e quero")
    assert "Pagamento confirmado" in await ana.pay()
    [customer] = await stage.rows("registration_sessions")
    assert customer.status != "payment_pending"


async def test_who_asks_for_their_data_is_heard_by_the_team(stage: Stage, ana: Person) -> None:
    await ana.reach("member")
    told = await ana.say("quais dados vocês têm de mim?")

    assert "prazo da lei" in told
    assert "Chamei nossa equipe" in told
    assert [row.detail["reason"] for row in await stage.rows("staff_notices", kind="human_called")] == ["privacy"]
    letter = next(one.mail for one in ana.town.mailbox.received if "falar com a equipe" in one.mail.subject)
    assert "sobre os próprios dados" in letter.text


async def test_hello_some_days_after_the_welcome_is_answered_with_the_menu(ana: Person) -> None:
    await ana.reach("welcome")

    assert await ana.say("obrigada!") == "Por nada! 💚"
    await ana.wait(days=5)
    told = await ana.say("oi")
    assert "Você é membro do plano" in told
    assert "onde paramos" not in told


async def test_cancel_after_paying_gives_the_money_back(stage: Stage, ana: Person) -> None:
    await ana.reach("contract")
    await ana.say("cancelar")
    told = await ana.tap("Sim, cancelar")

    assert "apaguei suas respostas" in told
    assert "Devolvemos R$\u00a099,80" in told
    assert [refund.amount for refund in ana.town.bank.refunds.values()] == [9980]
    assert "money_returned" in await stage.notices()


async def test_money_that_comes_after_cancelling_goes_back(stage: Stage, ana: Person) -> None:
    await ana.reach("paying")
    await ana.say("cancelar")
    await ana.tap("Sim, cancelar")
    told = await ana.pay(late=True)

    assert "Devolvemos R$\u00a099,80" in told
    assert "Pagamento confirmado" not in told
    assert await stage.rows("customers") == []


async def test_a_member_is_not_told_that_a_sign_up_was_cancelled(stage: Stage, ana: Person) -> None:
    await ana.reach("welcome")
    told = await ana.say("cancelar")

    assert "apagar" not in told
    assert "Você é membro do plano" in told
    [customer] = await stage.rows("customers")
    assert customer.status == "active"


async def test_help_is_about_the_question_at_hand(ana: Person) -> None:
    await ana.reach("cpf")
    told = await ana.say("ajuda")

    assert "guardado com criptografia" in told
    assert "Qual é o seu *CPF*?" in told


async def test_a_person_takes_over_and_the_bot_is_silent(stage: Stage, ana: Person) -> None:
    await ana.reach("cpf")

    assert "Chamei nossa equipe" in await ana.say("quero falar com um atendente")
    assert await ana.say("meu cpf não funciona") == ""
    assert await ana.media("audio") == ""
    assert await ana.wait(hours=3) == ""
    assert "human_called" in "".join(await stage.notices()).replace("support.", "")
    assert "Continuar cadastro" in (await ana.say("menu") and ana.offers())
    assert "CPF" in await ana.tap("Continuar cadastro")


async def test_a_stale_button_shows_where_we_are(stage: Stage, ana: Person) -> None:
    await ana.reach("code")
    await ana.say(ana.code())
    told = await ana.tap("Corrigir e-mail")

    assert "mensagem antiga" in told
    assert "*CEP*" in told
    assert "Praça da Sé" in await ana.say("01001-000")


async def test_buttons_of_an_old_menu_are_still_good(ana: Person) -> None:
    await ana.say("oi")
    await ana.tap("Conhecer os planos")
    await ana.tap("Voltar ao menu")

    first = next(option for option in ana.received[0].answers if option.endswith(".join"))
    assert "nome completo" in await ana.tap(first)


async def test_the_third_unclear_answer_offers_a_person(ana: Person) -> None:
    await ana.reach("cpf")

    for _ in range(2):
        assert "pessoa da equipe" not in await ana.say("hã?")
    assert "pessoa da equipe" in await ana.say("hã?")
    assert ana.offers() == ["Falar com a equipe", "Ir para o menu"]
    assert "data de nascimento" in await ana.say(ana.cpf)
    assert "Chamei nossa equipe" in await ana.tap("Falar com a equipe")


async def test_a_card_number_is_kept_nowhere(stage: Stage, ana: Person) -> None:
    await ana.reach("cpf")
    told = await ana.say("4111 1111 1111 1111")

    assert "não envie números de cartão" in told
    assert "CPF" in told
    everything = await stage.everything()
    assert "4111 1111 1111 1111" not in everything
    assert "4111111111111111" not in everything


async def test_a_hello_after_days_says_where_we_were(ana: Person) -> None:
    await ana.reach("cep")
    await ana.wait(days=3)
    told = await ana.say("bom dia")

    assert "Que bom te ver de volta, Ana!" in told
    assert "Faltam 4 passos" in told
    assert "*CEP*" in told


async def test_the_answer_itself_after_days_is_understood(ana: Person) -> None:
    await ana.reach("cep")
    await ana.wait(days=3)

    assert "Praça da Sé" in await ana.say("01001-000")


async def test_voltar_after_the_address_asks_for_it_again_and_not_for_a_new_code(ana: Person) -> None:
    await ana.reach("gender")
    codes = len(ana.town.mailbox.received)

    assert "*CEP*" in await ana.say("voltar")
    assert "Praça da Sé" in await ana.say("01001-000")
    assert "Como você se identifica" in await ana.say("200")
    assert len(ana.town.mailbox.received) == codes


async def test_voltar_from_the_plans_leads_to_the_family(ana: Person) -> None:
    await ana.reach("plan")

    assert "alguém da família" in await ana.say("voltar")
