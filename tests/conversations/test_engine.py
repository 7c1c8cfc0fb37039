"""The engine: what every dialogue can rely on, whatever it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from conversations.catalogue import portuguese
from conversations.conversation import Frame
from conversations.dialogue import Arrival, Ask, Dialogue, Heard, Move, Talk, Unclear
from conversations.dialogues.all import dialogues
from conversations.engine import REMINDERS, SILENT_KINDS, Runaway
from conversations.render import Choice
from conversations.said import Kind
from handlers.commands import COMMANDS
from handlers.desk import Desk, Outcome
from tests.conversations.stage import Message, Stage, Told, person, shop

MENU = "any.menu"
BEGAN = Outcome("began", {"registration_id": "018f0000-0000-7000-8000-000000000001"})
CHARGED = {
    "intent_id": "018f0000-0000-7000-8000-000000000002", "br_code": "000201", "amount": 6990,
    "expires_at": "2026-11-23T14:00:00+00:00", "qr_document_id": "018f0000-0000-7000-8000-000000000003",
}  # fmt: skip


def commands(**changes: Told) -> dict[str, Any]:
    """Commands that all go well, as far as the address."""
    usual: dict[str, Any] = {name: Told(None) for name in COMMANDS}
    usual |= {
        "registrations.begin": Told(BEGAN),
        "registrations.name": Told(Outcome("saved")),
        "registrations.claim_cpf": Told(Outcome("cpf_free")),
        "registrations.birth_date": Told(Outcome("adult")),
        "registrations.email": Told(Outcome("email_saved")),
        "registrations.identity_verified": Told(Outcome("saved")),
        "registrations.cancel": Told(Outcome("canceled")),
        "registrations.profile": Told(Outcome("saved")),
        "registrations.family": Told(Outcome("family", {"dependents": []})),
        "verification.send": Told(Outcome("code_sent", {"recipient_masked": "a•••@example.com"})),
        "verification.check": Told(Outcome("verified")),
        "support.call_human": Told(Outcome("human_called")),
        "contacts.stop": Told(Outcome("reminders_stopped")),
    }
    return usual | {name.replace("__", "."): told for name, told in changes.items()}


class News:
    """A reaction that brings what it was told to."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.heard: list[str] = []

    async def __call__(self, desk: Desk, kind: str, payload: Mapping[str, Any]) -> Sequence[Outcome]:
        self.heard.append(kind)
        return self.outcomes


def stage(*outcomes: Outcome, **changes: Any) -> Stage:
    return Stage(commands=changes.pop("commands", commands()), reaction=News(*outcomes), **changes)


def at(stage: Stage, *places: str, draft: Mapping[str, Any] | None = None, version: int = 5) -> Stage:
    """Put the person somewhere: `dialogue.state`, the last one on top."""
    frames = [Frame(dialogue, state) for dialogue, state in (place.split(".") for place in places)]
    frames[-1].draft.update(draft or {})
    stage.conversation.stack[:] = frames
    stage.conversation.version = version
    return stage


async def signed_up_to_cpf() -> Stage:
    talk = stage()
    await talk.says("oi")
    await talk.taps("Quero fazer parte")
    await talk.says("Ana Maria Exemplo")
    assert talk.place == "signup.cpf"
    return talk


# --- Beginning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["oi", "blá blá", "kkkk", "", "123"])
async def test_first_words_are_welcomed(words: str) -> None:
    talk = stage()
    (message,) = await talk.says(words)
    assert "Clube Exemplo" in talk.text
    assert "Não entendi" not in talk.text
    assert talk.titles == ["Quero fazer parte", "Conhecer os planos", "Falar com a equipe"]
    assert message["type"] == "interactive"


async def test_first_words_that_ask_for_something_get_it() -> None:
    talk = stage()
    await talk.says("quero fazer parte")
    assert talk.place == "signup.full_name"


async def test_hello_half_way_tells_how_far_it_is() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("bom dia")
    assert "Faltam 7 passos" in talk.text
    assert "*CPF*" in talk.text
    assert len(talk.messages) == 1


# --- Buttons --------------------------------------------------------------------------------------------------------


async def test_an_old_button_shows_where_we_are_and_changes_nothing() -> None:
    talk = stage()
    await talk.says("oi")
    await talk.taps("Quero fazer parte")
    old = next(key for key, title in talk.shown.items() if title == "Conhecer os planos")
    before = talk.conversation.to_row()
    (message,) = await talk.taps(old)
    assert "mensagem antiga" in talk.text
    assert "nome completo" in talk.text
    assert message["type"] == "text"
    assert talk.conversation.to_row() == before


async def test_old_buttons_of_the_menu_stay_good_at_the_menu() -> None:
    talk = stage()
    await talk.says("oi")
    old = dict(talk.shown)
    await talk.says("menu")
    plans = next(key for key, title in old.items() if title == "Conhecer os planos")
    await talk.taps(plans)
    assert talk.place == "menu.plans"


async def test_an_old_button_of_the_menu_that_is_no_longer_offered_is_stale() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("menu")
    join = next(key for key, title in talk.shown.items() if title == "Quero fazer parte")
    await talk.taps(join)
    assert talk.place == "menu.choosing"
    assert "mensagem antiga" in talk.text


@pytest.mark.parametrize(
    "nonsense", ["", ".", "...", "a.b.c.d", "menu.choosing.x.join", "signup.plan.5", "any.nonsense"]
)
async def test_a_button_that_never_was_is_answered(nonsense: str) -> None:
    talk = await signed_up_to_cpf()
    await talk.taps(nonsense)
    assert talk.place == "signup.cpf"
    assert talk.messages


async def test_a_button_of_a_template_counts_as_its_words() -> None:
    talk = at(stage(), "menu.choosing")
    await talk.sends({"type": "button", "button": {"text": "Conhecer os planos", "payload": "PLANS"}})
    assert talk.place == "menu.plans"


@pytest.mark.parametrize("typed", ["2", "conhecer os planos", "os planos", "CONHECER PLANOS", "opção 2"])
async def test_a_button_may_be_typed(typed: str) -> None:
    talk = at(stage(), "menu.choosing")
    await talk.says(typed)
    assert talk.place == "menu.plans"


async def test_a_way_out_may_be_typed_where_it_is_offered() -> None:
    talk = at(stage(), "signup.member_found", draft={"customer_id": "1", "recovery_email_masked": "a•••@example.com"})
    await talk.says("falar com a equipe")
    assert talk.conversation.floor == "human"


# --- Pages ----------------------------------------------------------------------------------------------------------


class Cities(Dialogue):
    name = "menu"
    initial = "choosing"
    states = ("choosing", "chosen")
    moves = (("pick", "choosing", "chosen"), ("again", "chosen", "choosing"))

    def ask_choosing(self, talk: Talk) -> Ask:
        return Ask("menu-whose", {}, [Choice(f"city-{index}", f"Cidade {index}") for index in range(25)])

    def hear_choosing(self, talk: Talk) -> Heard:
        return Move("pick", {"city": talk.option}) if talk.option else Unclear("choice")

    def ask_chosen(self, talk: Talk) -> Ask:
        return Ask("menu-whose", {}, [Choice("again", "De novo")])


async def test_more_turns_the_page_and_an_answer_forgets_it() -> None:
    talk = Stage([Cities()])
    await talk.says("oi")
    assert talk.titles[0] == "Cidade 0"
    await talk.taps("Mais opções")
    assert talk.titles[0] == "Cidade 9"
    await talk.says("mais opções")
    assert talk.titles == [f"Cidade {index}" for index in range(18, 25)] + ["Mais opções"]
    await talk.says("cidade 20")
    assert talk.draft == {"city": "city-20"}
    await talk.taps("De novo")
    assert talk.titles[0] == "Cidade 0"


async def test_a_button_of_an_earlier_page_is_good() -> None:
    talk = Stage([Cities()])
    await talk.says("oi")
    await talk.taps("Mais opções")
    await talk.taps("Cidade 3")
    assert talk.draft == {"city": "city-3"}


# --- Wishes ---------------------------------------------------------------------------------------------------------

EVERYWHERE = [
    (dialogue.name, state)
    for dialogue in dialogues()
    for state in dialogue.states
    if state not in dialogue.waits and not hasattr(dialogue, f"arrive_{state}")
]
DRAFT = {
    **CHARGED, "dependent": "Bia",
    "email": "a@example.com", "suggestion": "b@example.com", "plan_id": "none", "addons": [],
    "purpose": "identity", "bound_to": "x", "missing": 100, "sha256": "ab", "minimum": 18, "index": 0,
}  # fmt: skip


@pytest.mark.parametrize(("dialogue", "state"), EVERYWHERE)
async def test_from_anywhere_the_menu_is_one_word_away_and_back_again(dialogue: str, state: str) -> None:
    below = () if dialogue in ("menu", "signup") else ("signup.address",)
    talk = at(stage(), "menu.joining", *below, f"{dialogue}.{state}", draft=DRAFT)
    if dialogue == "menu":
        talk = at(stage(), f"menu.{state}", draft=DRAFT)
    await talk.says("menu")
    assert talk.place == "menu.choosing"
    assert len(talk.titles) == 3
    if "Continuar cadastro" in talk.titles:
        await talk.taps("Continuar cadastro")
        assert talk.place == ("address.cep" if dialogue == "leaving" else f"{dialogue}.{state}")
        assert talk.messages


@pytest.mark.parametrize(("dialogue", "state"), EVERYWHERE)
@pytest.mark.parametrize("wish", ["ajuda", "voltar", "cancelar", "parar", "oi", "atendente?"])
async def test_every_wish_is_answered_everywhere(dialogue: str, state: str, wish: str) -> None:
    talk = at(stage(), "menu.joining", f"{dialogue}.{state}", draft=DRAFT)
    await talk.says(wish)
    assert talk.messages


async def test_the_menu_again_and_again_does_not_pile_up() -> None:
    talk = await signed_up_to_cpf()
    for _ in range(5):
        await talk.says("menu")
        await talk.taps("Conhecer os planos")
        assert "Quero fazer parte" not in talk.titles
        await talk.says("menu")
    assert talk.stack == ["menu.joining", "signup.cpf", "menu.choosing"]


async def test_a_profession_may_sound_like_a_wish() -> None:
    talk = at(stage(), "menu.joining", "signup.profession")
    await talk.says("Atendente")
    assert talk.conversation.floor == "bot"
    assert talk.conversation.stack[1].draft["profession"] == "Atendente"


@pytest.mark.parametrize("wish", ["menu", "voltar", "cancelar", "ajuda", "falar com atendente"])
async def test_other_wishes_are_wishes_there_too(wish: str) -> None:
    talk = at(stage(), "menu.joining", "signup.profession")
    await talk.says(wish)
    assert all("profession" not in frame.draft for frame in talk.conversation.stack)


async def test_stop_reminders() -> None:
    told = commands()
    talk = at(stage(commands=told), "menu.joining", "signup.cpf")
    await talk.says("parar")
    assert told["contacts.stop"].calls == [{}]
    assert "não mando mais lembretes" in talk.text


# --- Cancel ---------------------------------------------------------------------------------------------------------


async def test_cancel_asks_first_and_stay_goes_on() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("cancelar")
    assert talk.place == "leaving.confirm"
    await talk.says("cancelar")
    assert talk.stack.count("leaving.confirm") == 1
    await talk.taps("Continuar cadastro")
    assert talk.place == "signup.cpf"


async def test_to_go_on_after_the_menu_is_to_go_on_with_the_sign_up_not_with_leaving_it() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("cancelar")
    await talk.says("menu")
    assert talk.place == "menu.choosing"
    await talk.taps("Continuar cadastro")
    assert talk.place == "signup.cpf"


async def test_to_stay_when_cancel_was_said_at_the_menu_is_to_go_on_with_the_sign_up() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("menu")
    await talk.says("cancelar")
    await talk.taps("Continuar cadastro")
    assert talk.place == "signup.cpf"


async def test_menu_and_cancel_in_turn_pile_nothing_up() -> None:
    talk = await signed_up_to_cpf()
    for _ in range(5):
        await talk.says("menu")
        assert talk.stack == ["menu.joining", "signup.cpf", "menu.choosing"]
        await talk.says("cancelar")
        assert talk.stack == ["menu.joining", "signup.cpf", "leaving.confirm"]
    await talk.taps("Sim, cancelar")
    assert talk.stack == ["menu.choosing"]


async def test_cancel_ends_the_sign_up_and_says_so_with_the_menu() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("cancelar")
    await talk.taps("Sim, cancelar")
    assert talk.stack == ["menu.choosing"]
    assert "cancelei seu cadastro" in talk.text
    assert len(talk.messages) == 1


async def test_cancel_after_it_is_too_late_leads_to_people() -> None:
    told = commands(registrations__cancel=Told(Outcome("too_late")))
    talk = at(stage(commands=told), "menu.joining", "signup.checkout", "checkout.approving")
    await talk.says("cancelar")
    await talk.taps("Sim, cancelar")
    assert talk.place == "leaving.late"
    assert "Falar com a equipe" in talk.titles


@pytest.mark.parametrize(("typed", "floor"), [("sim", "human"), ("pode", "human"), ("não", "bot")])
async def test_yes_and_no_where_it_is_too_late_to_cancel(typed: str, floor: str) -> None:
    talk = at(stage(), "menu.joining", "signup.checkout", "checkout.approving", "leaving.late")
    await talk.says(typed)
    assert talk.conversation.floor == floor


class Asks(Dialogue):
    """A question whose first answer has a label that sounds like a no."""

    name = "menu"
    initial = "choosing"
    states = ("choosing", "first", "second")
    moves = (("first", "choosing", "first"), ("second", "choosing", "second"))

    def ask_choosing(self, talk: Talk) -> Ask:
        first = Choice("first", "Não agora", answers="yes", heard=("talvez",))
        return Ask("menu-whose", {}, [first, Choice("second", "Sim, já", answers="no", heard=("jamais",))])

    def ask_first(self, talk: Talk) -> Ask:
        return Ask("menu-whose")

    ask_second = ask_first


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("sim", "second"),
        ("1", "first"),
        ("pode", "first"),
        ("n", "second"),
        ("talvez", "first"),
        ("jamais", "second"),
        ("pode?", "choosing"),
    ],
)
async def test_labels_and_numbers_come_before_other_words_and_a_mere_yes_or_no(typed: str, place: str) -> None:
    talk = at(stage(scenes=[Asks()]), "menu.choosing")
    await talk.says(typed)
    assert talk.place == f"menu.{place}"


async def test_cancel_with_nothing_to_lose_is_the_menu() -> None:
    talk = at(stage(), "menu.plans")
    await talk.says("cancelar")
    assert talk.stack == ["menu.choosing"]


# --- Back -----------------------------------------------------------------------------------------------------------


async def test_back_to_the_former_question() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("voltar")
    assert talk.place == "signup.full_name"
    await talk.says("Bia Exemplo")
    assert talk.draft["full_name"] == "Bia Exemplo"


async def test_back_out_of_a_called_dialogue() -> None:
    talk = await signed_up_to_cpf()
    for answer in ("123.456.789-09", "15/05/1990", "ana@example.com"):
        await talk.says(answer)
    assert talk.stack == ["menu.joining", "signup.identity", "verification.code"]
    await talk.says("voltar")
    assert talk.stack == ["menu.joining", "signup.email"]


async def test_back_from_the_menu_is_what_it_interrupted() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("menu")
    await talk.says("voltar")
    assert talk.place == "signup.cpf"


async def test_no_way_back_at_the_beginning() -> None:
    talk = stage()
    await talk.says("voltar")
    assert "não dá para voltar" in talk.text
    assert talk.stack == ["menu.choosing"]


async def test_no_way_back_behind_a_payment() -> None:
    talk = at(stage(), "menu.joining", "signup.checkout", "checkout.contract", draft={"sha256": "ab"})
    talk.conversation.top.wall()
    before = talk.stack
    await talk.says("voltar")
    assert talk.stack == before
    assert "não dá para voltar" in talk.text


async def test_back_from_the_signing_code_is_the_contract() -> None:
    talk = at(stage(), "menu.joining", "signup.checkout", "checkout.contract", draft={"sha256": "ab"})
    talk.conversation.top.wall()
    await talk.says("oi")
    await talk.taps("Li e quero assinar")
    assert talk.place == "verification.code"
    await talk.says("voltar")
    assert talk.place == "checkout.contract"


# --- Not understood -------------------------------------------------------------------------------------------------


async def test_the_third_time_a_person_is_offered() -> None:
    talk = await signed_up_to_cpf()
    for _ in range(2):
        await talk.says("não sei")
        assert talk.titles == []
    await talk.says("sei lá")
    assert talk.titles == ["Falar com a equipe", "Ir para o menu"]
    assert "CPF" in talk.text
    assert len(talk.messages) == 1
    await talk.says("ir para o menu")
    assert talk.place == "menu.choosing"
    assert talk.conversation.unclear == 0


async def test_an_answer_starts_the_count_again() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("não sei")
    await talk.says("não sei")
    await talk.says("123.456.789-09")
    assert talk.conversation.unclear == 0


async def test_ways_out_are_offered_once() -> None:
    talk = at(stage(), "signup.member_found", draft={"customer_id": "1", "recovery_email_masked": "a•••@example.com"})
    for _ in range(3):
        await talk.says("como assim")
    assert talk.titles.count("Falar com a equipe") == 1


async def test_why_and_the_question_are_one_message() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("123")
    assert "contei 3" in talk.text
    assert "*CPF*" in talk.text
    assert len(talk.messages) == 1


MESSAGES: dict[Kind, Message] = {
    Kind.IMAGE: {"type": "image", "image": {"id": "1"}},
    Kind.VIDEO: {"type": "video", "video": {"id": "1"}},
    Kind.AUDIO: {"type": "audio", "audio": {"id": "1", "voice": True}},
    Kind.STICKER: {"type": "sticker", "sticker": {"id": "1"}},
    Kind.DOCUMENT: {"type": "document", "document": {"id": "1"}},
    Kind.LOCATION: {"type": "location", "location": {"latitude": 1, "longitude": 1}},
    Kind.CONTACTS: {"type": "contacts", "contacts": [{"name": {"formatted_name": "Bia"}}]},
    Kind.ORDER: {"type": "order", "order": {"catalog_id": "1"}},
    Kind.FLOW: {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}},
    Kind.EDIT: {
        "type": "edit",
        "edit": {"original_message_id": "1", "message": {"type": "text", "text": {"body": "x"}}},
    },
    Kind.UNSUPPORTED: {"type": "poll"},
}


@pytest.mark.parametrize("kind", MESSAGES, ids=str)
async def test_every_kind_of_message_is_answered(kind: Kind) -> None:
    talk = await signed_up_to_cpf()
    await talk.sends(MESSAGES[kind])
    assert portuguese().say(f"error-kind-{kind.value}") in talk.text
    assert talk.place == "signup.cpf"


def test_no_kind_is_forgotten() -> None:
    assert set(MESSAGES) | SILENT_KINDS | {Kind.TEXT, Kind.CHOICE} == set(Kind)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "reaction", "reaction": {"message_id": "1", "emoji": "👍"}},
        {"type": "revoke", "revoke": {"original_message_id": "1"}},
        {"type": "interactive", "interactive": {"type": "payment_method", "payment_method": {}}},
        {"type": "text", "text": {"body": "menu"}, "group_id": "group-1"},
        {"type": "image", "image": {"id": "1"}, "group_id": "group-1"},
    ],
    ids=["reaction", "revoke", "payment method", "text in a group", "picture in a group"],
)
async def test_what_asks_for_no_answer_gets_none(message: Message) -> None:
    talk = await signed_up_to_cpf()
    before = talk.conversation.to_row()
    assert await talk.sends(message) == []
    assert talk.conversation.to_row() == before
    assert talk.reminder() is None


async def test_a_new_number_is_told_to_the_business() -> None:
    talk = await signed_up_to_cpf()
    news = talk.reaction
    assert isinstance(news, News)
    system = {"type": "user_changed_number", "wa_id": "5511900000000"}
    assert await talk.sends({"type": "system", "system": system}) == []
    assert news.heard == ["contact.changed"]


async def test_a_card_number_is_refused_and_the_question_stands() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("4111 1111 1111 1111")
    assert "números de cartão" in talk.text
    assert "*CPF*" in talk.text
    assert talk.conversation.unclear == 0


async def test_a_receipt_while_the_pix_is_awaited_asks_the_bank() -> None:
    told = commands()
    talk = at(stage(commands=told), "menu.joining", "signup.checkout", "checkout.paying", draft=CHARGED)
    await talk.sends(MESSAGES[Kind.IMAGE])
    assert told["payments.check"].calls == [{}]


# --- The floor ------------------------------------------------------------------------------------------------------


async def test_when_a_human_has_the_floor_the_bot_is_silent() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("atendente")
    assert talk.conversation.floor == "human"
    assert "Anotei seu pedido" in talk.text
    for words in ("oi", "voltar", "123.456.789-09", "ajuda", "atendente"):
        assert await talk.says(words) == []
    assert await talk.sends(MESSAGES[Kind.AUDIO]) == []
    assert talk.place == "signup.cpf"


async def test_menu_gives_the_floor_back_and_the_sign_up_goes_on() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("atendente")
    await talk.says("menu")
    assert talk.conversation.floor == "bot"
    await talk.taps("Continuar cadastro")
    assert talk.place == "signup.cpf"


async def test_a_button_of_the_present_question_is_said_to_the_bot() -> None:
    talk = at(stage(), "menu.joining", "signup.checkout", "checkout.contract", draft={"sha256": "ab"})
    await talk.says("oi")
    stale = f"checkout.contract.{talk.conversation.version - 1}.sign"
    talk.conversation.floor = "human"
    assert await talk.taps(stale) == []
    await talk.taps("Li e quero assinar")
    assert talk.place == "verification.code"
    assert talk.conversation.floor == "bot"


async def test_nobody_is_reminded_while_a_human_has_the_floor() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("atendente")
    assert talk.reminder() is None
    assert await talk.rings() == []


# --- Waiting, and the business --------------------------------------------------------------------------------------


async def test_who_waits_is_told_so() -> None:
    talk = at(stage(), "menu.joining", "signup.checkout", "checkout.preparing")
    await talk.says("e aí, demora?")
    assert "preparando seu contrato" in talk.text


async def test_who_comes_back_to_a_wait_is_told_so() -> None:
    talk = at(stage(), "menu.joining", "signup.checkout", "checkout.preparing")
    await talk.says("menu")
    await talk.taps("Continuar cadastro")
    assert talk.place == "checkout.preparing"
    assert "preparando seu contrato" in talk.text


async def test_an_outcome_goes_to_the_dialogue_that_waits_for_it_even_below_the_menu() -> None:
    ready = Outcome("contract_ready", {"sha256": "ab", "document_id": "018f0000-0000-7000-8000-000000000009"})
    talk = at(stage(ready), "menu.joining", "signup.checkout", "checkout.preparing", "menu.plans")
    await talk.happens("contract.ready")
    assert talk.stack == ["menu.joining", "signup.checkout", "checkout.contract"]
    assert talk.titles == ["Li e quero assinar", "Tenho uma dúvida"]


async def test_an_outcome_that_nobody_waits_for_is_told_by_its_note_alone() -> None:
    talk = at(stage(Outcome("refund_sent", note="refund-sent", values={"amount": 500})), "menu.choosing")
    (message,) = await talk.happens("pix.refunded")
    assert "R$\u00a05,00" in talk.text
    assert message["type"] == "text"
    assert talk.place == "menu.choosing"
    assert talk.reminder() is None


async def test_an_outcome_without_a_note_that_nobody_waits_for_says_nothing() -> None:
    talk = at(stage(Outcome("cep_found")), "menu.joining", "signup.cpf")
    assert await talk.happens("cep.found") == []
    assert talk.reminder() is None


async def test_a_note_and_the_question_are_one_message() -> None:
    talk = at(
        stage(Outcome("cep_unknown", note="address-unknown")), "menu.joining", "signup.address", "address.looking"
    )
    await talk.happens("cep.unknown")
    assert len(talk.messages) == 1
    assert "Não encontrei esse CEP" in talk.text
    assert "*CEP*" in talk.text


async def test_a_signed_copy_is_one_document_with_its_words() -> None:
    values = {"document_id": "018f0000-0000-7000-8000-000000000009", "filename": "contrato.pdf"}
    talk = at(stage(Outcome("signed_copy", note="signed-copy", values=values)), "menu.choosing")
    (message,) = await talk.happens("contract.signed_copy")
    assert message["type"] == "document"
    assert "sua via" in message["document"]["caption"]


async def test_expiry_ends_the_sign_up_wherever_it_stood() -> None:
    talk = at(stage(Outcome("registration_expired")), "menu.joining", "signup.address", "address.street", "menu.plans")
    await talk.happens("registration.expired")
    assert talk.stack == ["menu.choosing"]
    assert "encerrado" in talk.text


# --- Welcome, where all is done ---------------------------------------------------------------------------------------


async def test_the_menu_after_the_welcome_leaves_nothing_half_way() -> None:
    talk = at(stage(), "menu.joining", "signup.checkout", "checkout.welcome", draft={"membership_number": "CT-1"})
    await talk.says("menu")
    assert talk.stack == ["menu.choosing"]
    assert "Continuar cadastro" not in talk.titles
    assert talk.reminder() is None


async def test_a_member_has_nothing_to_cancel_here() -> None:
    told = commands()
    talk = at(stage(commands=told), "menu.joining", "signup.checkout", "checkout.welcome")
    await talk.says("cancelar")
    assert talk.stack == ["menu.choosing"]
    assert told["registrations.cancel"].calls == []


# --- Reminders --------------------------------------------------------------------------------------------------------


async def test_reminders_come_twice_and_then_no_more() -> None:
    talk = await signed_up_to_cpf()
    said_at, first = talk.now, talk.reminder()
    assert first is not None
    assert first["due_at"] == said_at + REMINDERS[0]
    talk.forward(minutes=15)
    await talk.rings(version=first["version"], count=0)
    assert talk.titles == ["Continuar", "Não me lembre mais"]
    second = talk.reminder()
    assert second is not None
    assert second["due_at"] == said_at + REMINDERS[1] < said_at + timedelta(hours=24)
    await talk.rings(version=second["version"], count=1)
    assert "Guardei seu cadastro" in talk.text
    assert talk.reminder() is None


async def test_continue_goes_on_and_stop_stops() -> None:
    talk = await signed_up_to_cpf()
    await talk.rings()
    await talk.taps("Continuar")
    assert "*CPF*" in talk.text
    await talk.taps("any.stop")
    assert "não mando mais lembretes" in talk.text


async def test_a_reminder_for_a_place_that_was_left_is_void() -> None:
    talk = await signed_up_to_cpf()
    assert await talk.rings(version=talk.conversation.version - 1) == []


@pytest.mark.parametrize("why", ["stopped", "business"])
async def test_no_reminders_against_a_wish(why: str) -> None:
    talk = Stage(
        commands=commands(),
        contact=person(reminders_stopped=why == "stopped"),
        organization=shop(reminders=why != "business"),
    )
    at(talk, "menu.joining", "signup.cpf")
    assert await talk.rings() == []


@pytest.mark.parametrize("place", ["checkout.awaiting_staff", "checkout.preparing", "checkout.welcome"])
async def test_nobody_is_reminded_of_what_others_have_to_do(place: str) -> None:
    talk = at(stage(), "menu.joining", "signup.checkout", place)
    assert await talk.rings() == []


async def test_nobody_is_reminded_of_the_menu() -> None:
    talk = stage()
    await talk.says("oi")
    assert talk.reminder() is None


# --- What was stored by another version -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "now"),
    [
        (["menu.joining", "signup.former"], ["menu.joining", "signup.full_name"]),
        (["former.state"], ["menu.choosing"]),
        (["menu.joining", "signup.identity", "former.state"], ["menu.joining", "signup.identity", "menu.choosing"]),
        (["menu.former"], ["menu.choosing"]),
    ],
)
async def test_a_place_that_is_gone_is_politely_replaced_and_told_to_staff(stored: list[str], now: list[str]) -> None:
    talk = at(stage(), *stored)
    await talk.says("blá")
    assert talk.stack == now
    assert talk.messages
    assert talk.noticed() == ["conversation.unknown_state"]


@pytest.mark.parametrize("kind", ["timer", "news"])
async def test_a_place_that_is_gone_does_no_harm_when_nobody_speaks(kind: str) -> None:
    talk = at(stage(Outcome("paid")), "menu.joining", "signup.former")
    await (talk.rings() if kind == "timer" else talk.happens("pix.state"))
    await talk.says("oi")
    assert talk.place == "signup.full_name"


async def test_a_lost_dialogue_below_the_menu_can_be_taken_up_again() -> None:
    talk = at(stage(), "menu.joining", "signup.former", "menu.choosing")
    await talk.says("menu")
    await talk.taps("Continuar cadastro")
    assert talk.place == "signup.full_name"


# --- Trouble --------------------------------------------------------------------------------------------------------


class Circle(Dialogue):
    name = "menu"
    initial = "one"
    states = ("one", "two")
    moves = (("on", "one", "two"), ("on", "two", "one"))

    def arrive_one(self, talk: Talk) -> Arrival:
        return Move("on")

    arrive_two = arrive_one


async def test_a_dialogue_that_runs_in_circles_is_stopped() -> None:
    with pytest.raises(Runaway, match="menu"):
        await Stage([Circle()]).says("oi")


async def test_an_apology_changes_nothing() -> None:
    talk = await signed_up_to_cpf()
    before = talk.stack
    await talk.turn(lambda desk: talk.engine.apologize(desk, talk.conversation))
    assert "tive um problema" in talk.text
    assert talk.stack == before


async def test_how_long_each_step_took_is_recorded() -> None:
    talk = await signed_up_to_cpf()
    talk.forward(minutes=3)
    await talk.says("123.456.789-09")
    first, *_ = talk.rows.steps
    assert (first["dialogue"], first["state"], first["outcome"]) == ("signup", "cpf", "cpf_given")
    assert first["left_at"] - first["entered_at"] == timedelta(minutes=3)


async def test_no_secret_is_in_what_is_stored() -> None:
    talk = await signed_up_to_cpf()
    await talk.says("123.456.789-09")
    assert "12345678909" not in str(talk.conversation.to_row())
    assert "12345678909" not in str(talk.rows.outbox)
