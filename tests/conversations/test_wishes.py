"""What is understood anywhere, typed as people type it: and what only sounds like it, left to the question."""

from __future__ import annotations

from typing import Any

import pytest

from conversations.catalogue import portuguese
from handlers.facts import Member
from tests.conversations.stage import Stage
from tests.conversations.test_engine import CHARGED, DRAFT, EVERYWHERE, at, commands, signed_up_to_cpf, stage
from tests.factories import START
from tests.factories import plan as a_plan

LABELS = {
    "engine-button-human": "human", "checkout-option-doubt": "human", "engine-button-menu": "menu",
    "engine-button-resume": "resume", "engine-button-stop": "stop",
}  # fmt: skip
CARD = {"card_url": "https://example.com/cards/a", "share_url": "https://wa.me/?text=a",
        "document_id": "018f0000-0000-7000-8000-000000000009"}  # fmt: skip
everywhere = pytest.mark.parametrize(("dialogue", "state"), EVERYWHERE)


def member(stage: Stage) -> Stage:
    plan = stage.organization.plans[0].name
    one = Member(stage.contact.id, "CT-00000001", "Ana Exemplo", plan, "active", START.date(), CARD["card_url"], None)
    stage.contact.members = [one]
    return stage


def at_home(state: str = "choosing", **draft: Any) -> Stage:
    return member(at(stage(), f"menu.{state}", draft={**CARD, **draft}))


# --- A person -------------------------------------------------------------------------------------------------------


@everywhere
@pytest.mark.parametrize("key", LABELS)
async def test_the_label_of_a_way_out_typed_by_hand_is_that_way(dialogue: str, state: str, key: str) -> None:
    told = commands()
    below = () if dialogue == "menu" else ("signup.address",)
    talk = at(stage(commands=told), *below, f"{dialogue}.{state}", draft=DRAFT)
    before = dict(talk.conversation.top.draft)
    await talk.says(portuguese().say(key))
    match LABELS[key]:
        case "human":
            assert talk.conversation.floor == "human"
        case "menu":
            assert talk.place == "menu.choosing"
        case "stop":
            assert told["contacts.stop"].calls == [{}]
        case "resume" if (dialogue, state) != ("dependents", "more"):
            assert talk.draft == before
            assert "Não entendi" not in talk.text
    assert talk.messages
    assert not talk.conversation.unclear


async def test_an_answer_that_reads_like_a_way_out_is_the_answer() -> None:
    talk = at(stage(), "menu.joining", "signup.dependents", "dependents.more", draft={"dependents": []})
    await talk.says("Continuar")
    assert "dependents.more" not in talk.stack


async def test_lost_at_the_menu_a_person_is_offered_once_and_the_menu_not_at_all() -> None:
    talk = stage()
    await talk.says("oi")
    for _ in range(3):
        await talk.says("hã?")
    assert talk.titles == ["Quero fazer parte", "Conhecer os planos", "Falar com a equipe"]
    await talk.says("falar com a equipe")
    assert talk.conversation.floor == "human"


# --- Leaving, and one's data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["quero cancelar meu plano", "cancelar assinatura"])
async def test_a_member_who_wants_to_leave_is_told_how(said: str) -> None:
    talk = at_home()
    await talk.says(said)
    assert "Para cancelar o plano" in talk.text
    assert "Não entendi" not in talk.text


async def test_a_sign_up_is_cancelled_after_a_question() -> None:
    talk = at(stage(), "menu.joining", "signup.email")
    await talk.says("quero cancelar meu cadastro")
    assert talk.place == "leaving.confirm"


@pytest.mark.parametrize("place", ["menu.choosing", "signup.cpf", "signup.full_name", "signup.profession"])
@pytest.mark.parametrize("said", ["quero apagar meus dados", "quais dados vocês têm de mim?"])
async def test_whoever_asks_about_their_data_gets_the_team(place: str, said: str) -> None:
    told = commands()
    talk = at(stage(commands=told), place)
    await talk.says(said)
    assert told["support.call_human"].calls == [{"reason": "privacy"}]
    assert talk.conversation.floor == "human"
    assert talk.text.startswith("Seus dados são seus")
    assert "Chamei" in talk.text or "Anotei" in talk.text
    assert len(talk.messages) == 1


async def test_no_consent_at_its_question_is_no_request_about_data() -> None:
    told = commands()
    talk = at(stage(commands=told), "menu.joining", "signup.health")
    await talk.says("não autorizo")
    assert told["support.call_human"].calls == []
    assert told["consents.grant"].calls == [{"kinds": ["health"], "granted": False}]


@pytest.mark.parametrize(
    ("places", "promised"),
    [
        (["menu.choosing"], False),
        (["menu.joining", "signup.checkout", "checkout.welcome"], False),
        (["menu.joining", "signup.cpf"], True),
        (["menu.joining", "signup.cpf", "menu.choosing"], True),
    ],
)
async def test_who_stops_the_reminders_may_go_on_where_there_is_something_to_go_on_with(
    places: list[str], promised: bool
) -> None:
    talk = at(stage(), *places, draft=CHARGED)
    await talk.says("parar")
    assert "não mando mais lembretes" in talk.text
    assert ("escrever *oi*" in talk.text) is promised


# --- Prices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["quanto custa?", "quais são os planos", "mensalidade"])
async def test_the_first_question_of_a_stranger_is_answered_with_the_plans_and_a_welcome(said: str) -> None:
    talk = stage()
    await talk.says(said)
    assert talk.place == "menu.plans"
    assert talk.text.startswith("Olá! 👋 Aqui é *Clube Exemplo*")
    assert "R$" in talk.text
    assert len(talk.messages) == 1


@pytest.mark.parametrize("place", ["signup.full_name", "signup.cpf", "signup.profession", "address.street"])
async def test_half_way_prices_are_told_and_the_way_goes_on(place: str) -> None:
    talk = at(stage(), "menu.joining", *([] if place.startswith("signup") else ["signup.address"]), place)
    await talk.says("quanto custa?")
    assert talk.place == "menu.plans"
    assert "Olá" not in talk.text
    await talk.taps("Continuar cadastro")
    assert talk.place == place
    assert not talk.draft


async def test_back_from_the_prices_to_what_they_interrupted() -> None:
    talk = await signed_up_to_cpf()
    for _ in range(3):
        await talk.says("quanto custa?")
    assert talk.stack == ["menu.joining", "signup.cpf", "menu.plans"]


@pytest.mark.parametrize("place", ["signup.plan", "menu.plans"])
async def test_where_prices_stand_the_question_itself_answers(place: str) -> None:
    below = ["menu.joining"] if place.startswith("signup") else []
    talk = at(stage(), *below, place)
    await talk.says("quanto custa?")
    assert talk.place == place
    assert "Não entendi" not in talk.text
    assert not talk.conversation.unclear
    assert talk.messages


def with_plans() -> Stage:
    talk = stage()
    names = ("Aurora Individual", "Aurora Família", "Aurora Premium")
    talk.organization = type(talk.organization)(
        **{**{name: getattr(talk.organization, name) for name in talk.organization.__slots__},
           "plans": tuple(a_plan(name=name) for name in names)})  # fmt: skip
    return at(talk, "menu.plans")


@pytest.mark.parametrize("said", ["Aurora Família", "gostei do premium", "individual", "quero o familia"])
async def test_a_plan_by_its_name_joins(said: str) -> None:
    talk = with_plans()
    await talk.says(said)
    assert talk.place == "signup.full_name"


async def test_the_price_of_one_plan_is_told_alone() -> None:
    talk = with_plans()
    await talk.says("quanto é o familia?")
    assert talk.place == "menu.plans"
    assert "Aurora Família" in talk.text
    assert "Premium" not in talk.text
    assert talk.titles == ["Quero fazer parte", "Voltar ao menu"]
    await talk.says("quanto custa?")
    assert "Premium" in talk.text


@pytest.mark.parametrize("said", ["Aurora", "não quero o premium", "premium ou familia", "tem carência?"])
async def test_what_names_no_plan_is_asked_again_in_few_words(said: str) -> None:
    talk = with_plans()
    await talk.says(said)
    assert talk.place == "menu.plans"
    assert "Não entendi" in talk.text
    assert "R$" not in talk.text


async def test_a_menu_that_was_not_understood_is_not_read_out_again() -> None:
    talk = stage()
    await talk.says("oi")
    await talk.says("tem farmácia?")
    assert "Não entendi" in talk.text
    assert "Olá" not in talk.text


# --- Thanks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["choosing", "card", "benefits", "plans"])
@pytest.mark.parametrize(
    ("said", "answer"), [("obrigada", "Por nada! 💚"), ("valeu!", "Por nada! 💚"), ("👍", "Combinado! 💚")]
)
async def test_thanks_get_one_short_line(state: str, said: str, answer: str) -> None:
    talk = at_home(state)
    (message,) = await talk.says(said)
    assert message == {"type": "text", "text": {"body": answer, "preview_url": False}}
    assert talk.conversation.unclear == 0
    assert talk.place == f"menu.{state}"


@pytest.mark.parametrize("said", ["obrigada", "ok"])
async def test_half_way_a_thank_you_loses_nothing(said: str) -> None:
    talk = await signed_up_to_cpf()
    await talk.says(said)
    assert len(talk.messages) == 1
    assert talk.place == "signup.cpf"
    assert "Não entendi" not in talk.text
    assert "contei 0" not in talk.text
    assert talk.text.endswith("Qual é o seu *CPF*?")
    assert "Prazer" not in talk.text


@pytest.mark.parametrize("place", ["checkout.paying", "checkout.contract"])
async def test_a_thank_you_does_not_send_the_code_or_the_contract_again(place: str) -> None:
    talk = at(stage(), "menu.joining", "signup.checkout", place, draft={**CHARGED, "document_id": CARD["document_id"]})
    await talk.says("obrigada")
    assert len(talk.messages) == 1
    assert talk.text == "Por nada! 💚"
    assert talk.place == place


async def test_an_answer_comes_before_a_thank_you() -> None:
    talk = at(stage(), "menu.joining", "signup.addons", draft={"addons": [], "plan_id": "none", **CHARGED})
    await talk.says("obrigado")
    assert talk.place != "signup.addons"


async def test_okay_accepts_no_offer() -> None:
    talk = at(
        stage(), "menu.joining", "signup.checkout", "checkout.contract", draft={"document_id": CARD["document_id"]}
    )
    await talk.says("ok então tá")
    assert talk.place == "checkout.contract"
    assert "Combinado" not in talk.text


async def test_a_stranger_who_begins_with_thanks_is_welcomed() -> None:
    talk = stage()
    await talk.says("obrigada")
    assert "Clube Exemplo" in talk.text


@pytest.mark.parametrize("state", ["card", "benefits", "plans", "no_card"])
async def test_hello_on_the_card_is_a_hello_at_the_menu(state: str) -> None:
    talk = at_home(state)
    await talk.says("oi")
    assert talk.place == "menu.choosing"
    assert "Oi, Ana!" in talk.text


@pytest.mark.parametrize("state", ["card", "no_card", "plans"])
async def test_the_choices_of_the_menu_are_heard_in_its_rooms(state: str) -> None:
    talk = at_home(state)
    await talk.says("quais benefícios")
    assert talk.place == "menu.benefits"


async def test_the_buttons_of_the_menu_above_are_good_on_the_card() -> None:
    talk = member(stage())
    await talk.says("oi")
    at(talk, "menu.card", draft=CARD)
    await talk.taps("Meus benefícios")
    assert talk.place == "menu.benefits"


async def test_a_card_is_not_sent_again_with_what_was_not_understood() -> None:
    talk = at_home("card")
    (message,) = await talk.says("serve na farmácia do bairro?")
    assert "Não entendi" in talk.text
    assert "https://" not in talk.text
    assert message["type"] == "interactive"
    assert "header" not in message["interactive"]
