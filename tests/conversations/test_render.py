"""What is meant becomes messages that Meta takes, and nothing that was meant is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.gateways.pix.brcode import static_code
from bot.simulator.meta.limits import check
from conversations.pix_bubble import pix_bubble
from conversations.render import BUTTONS, MORE, ROWS, Bubble, Choice, Message, messages, shown
from conversations.understand.choices import match
from tests.conversations.stage import buttons, shop, with_media, words_of

PICTURE, PAPER = "018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"
PLACE = "checkout.awaiting_staff.1234."


def place(option: str) -> str:
    return PLACE + option


def rendered(bubble: Bubble) -> list[Message]:
    """Its messages, each within the limits."""
    sent = messages(bubble, place)
    for message in sent:
        assert check(with_media(message)) == [], message
    return sent


def said(sent: list[Message]) -> list[str]:
    return " ".join(words_of(message) for message in sent).split()


def choices(count: int, label: str = "Opção {}") -> list[Choice]:
    return [Choice(f"option-{index}", label.format(index)) for index in range(count)]


def native(text: str) -> Message:
    code = static_code("pix@example.com", "CLUBE", "SAO PAULO", amount=6990)
    charge = {"amount": 6990, "br_code": code, "reference": "r1", "qr_document_id": None}
    return pix_bubble(charge, text, shop(pix_key="pix@example.com", pix_merchant="CLUBE"))


# --- One shape at a time --------------------------------------------------------------------------------------------


def test_plain_words_are_a_text() -> None:
    assert rendered(Bubble("Olá!")) == [{"type": "text", "text": {"body": "Olá!", "preview_url": False}}]


@pytest.mark.parametrize("nothing", ["", "   ", "\n\n"])
def test_nothing_to_say_is_no_message(nothing: str) -> None:
    assert rendered(Bubble(nothing)) == []


@pytest.mark.parametrize(("count", "kind"), [(1, "button"), (3, "button"), (4, "list"), (10, "list"), (11, "list")])
def test_few_choices_are_buttons_and_many_a_list(count: int, kind: str) -> None:
    (message,) = rendered(Bubble("Qual?", choices(count)))
    assert message["interactive"]["type"] == kind


def test_a_picture_stands_above_its_buttons() -> None:
    (message,) = rendered(Bubble("Pague aqui", choices(2), image=PICTURE))
    assert message["interactive"]["header"] == {"type": "image", "image": {"document_id": PICTURE}}


def test_a_file_stands_above_its_buttons_with_its_name() -> None:
    (message,) = rendered(Bubble("Leia", choices(1), document=PAPER, filename="contrato.pdf"))
    document = {"document_id": PAPER, "filename": "contrato.pdf"}
    assert message["interactive"]["header"] == {"type": "document", "document": document}


def test_a_file_without_a_name_has_none() -> None:
    (message,) = rendered(Bubble("Leia", document=PAPER))
    assert message == {"type": "document", "document": {"document_id": PAPER, "caption": "Leia"}}


def test_a_very_long_file_name_is_cut() -> None:
    rendered(Bubble("Leia", document=PAPER, filename="contrato " * 50))


def test_a_picture_goes_before_a_list() -> None:
    picture, question = rendered(Bubble("Qual?", choices(5), image=PICTURE))
    assert picture == {"type": "image", "image": {"document_id": PICTURE}}
    assert words_of(question) == "Qual?"


def test_a_link_is_a_button_of_its_own() -> None:
    (message,) = rendered(Bubble("Veja", link=("Abrir a página da carteirinha", "https://example.com"), image=PICTURE))
    assert message["interactive"]["type"] == "cta_url"


def test_a_bubble_of_whatsapps_own_keeps_its_body() -> None:
    (message,) = rendered(Bubble("", native=native("Pague até 10:00")))
    assert words_of(message) == "Pague até 10:00"


def test_a_note_before_a_bubble_of_whatsapps_own_is_told_in_it() -> None:
    (message,) = rendered(Bubble("Seu Pix ainda está esperando.\n\nPague", native=native("Pague")))
    assert words_of(message) == "Seu Pix ainda está esperando.\n\nPague"


def test_choices_without_a_question_still_have_a_body() -> None:
    (message,) = rendered(Bubble("", choices(2)))
    assert words_of(message)


def test_sections_are_named_as_soon_as_there_are_two() -> None:
    (message,) = rendered(Bubble("Qual?", [Choice(str(n), f"Plano {n}", section="Um" * (n > 2)) for n in range(6)]))
    assert all(section["title"] for section in message["interactive"]["action"]["sections"])


def test_a_long_label_is_told_whole_below_its_title() -> None:
    label = "Falar com a equipe de atendimento"
    (message,) = rendered(Bubble("Qual?", [Choice("a", label), Choice("b", "Outra")]))
    row = message["interactive"]["action"]["sections"][0]["rows"][0]
    assert (row["title"], row["description"]) == ("Falar com a equipe de a…", label)


# --- Names that would collide ---------------------------------------------------------------------------------------


def test_buttons_that_read_the_same_become_a_numbered_list() -> None:
    (message,) = rendered(Bubble("Remover quem?", [Choice("a", "Ana"), Choice("b", "Ana"), Choice("c", "Bia")]))
    assert list(buttons(message).values()) == ["1. Ana", "2. Ana", "Bia"]


def test_names_that_are_the_same_once_cut_can_be_told_apart() -> None:
    family = ["Maria Aparecida de Souza Lima", "Maria Aparecida de Souza Reis"]
    (message,) = rendered(Bubble("Quem?", [Choice(name, name) for name in family]))
    assert list(buttons(message).values()) == ["1. Maria Aparecida de S…", "2. Maria Aparecida de S…"]


def test_the_same_choice_twice_is_shown_once() -> None:
    (message,) = rendered(
        Bubble("E agora?", [Choice("any.human", "Equipe"), Choice("x", "X"), Choice("any.human", "Gente")])
    )
    assert list(buttons(message).values()) == ["Equipe", "X"]


# --- Pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [11, 18, 19, 27, 40])
def test_more_reaches_every_choice_and_comes_round(count: int) -> None:
    seen: list[str] = []
    pages = -(-count // (ROWS - 1))
    for page in range(pages):
        (message,) = rendered(Bubble("Qual?", choices(count), page=page))
        *ids, more = buttons(message)
        assert more == place(MORE)
        seen += ids
    assert seen == [place(f"option-{index}") for index in range(count)]
    first, again = (shown(Bubble("", choices(count), page=page)) for page in (0, pages))
    assert list(first) == list(again)


def test_what_is_typed_means_what_is_shown_on_the_page() -> None:
    page = shown(Bubble("Qual?", choices(25, "Plano {}"), page=1))
    options = [(choice.id, choice.label) for choice in page]
    assert match("plano 12", options) == "option-12"
    assert match("mais opções", options) == MORE


# --- Length ---------------------------------------------------------------------------------------------------------


def test_long_words_for_buttons_go_ahead_as_text() -> None:
    text = "\n\n".join(f"Parágrafo {number}. " + "palavra " * 60 for number in range(6))
    head, question = rendered(Bubble(text, choices(2)))
    assert (head["type"], question["type"]) == ("text", "interactive")
    assert said([head, question]) == text.split()


def test_text_is_cut_between_paragraphs_where_there_are_some() -> None:
    one, two = "a " * 1500, "b " * 1500
    first, second = rendered(Bubble(f"{one}\n\n{two}"))
    assert set(words_of(first).split()) == {"a"}
    assert set(words_of(second).split()) == {"b"}


def test_a_word_that_fills_a_message_is_cut_and_kept_whole() -> None:
    assert "".join(said(rendered(Bubble("x" * 10_000)))) == "x" * 10_000


# --- Anything at all ------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30)
SHORT = st.sampled_from(["oi", "família", "R$ 69,90", "👨‍👩‍👧‍👦", "—", "*negrito*", "a" * 200, "não"])
BLANK = st.sampled_from([" ", "  ", "\n", "\n\n", " \n\n ", "\t"])
TEXTS = st.lists(st.tuples(SHORT | WORDS, BLANK), max_size=60).map(
    lambda parts: "".join(word + blank for word, blank in parts)
)
LONG_TEXTS = st.builds(lambda text, times: (text * times)[:10_000], TEXTS, st.integers(1, 60))
LABELS = SHORT | st.text(max_size=60) | st.sampled_from(["Maria Aparecida de Souza " + tail for tail in "abc"])
CHOICES = st.lists(
    st.builds(Choice, st.integers(0, 60).map(str), LABELS, st.just("") | LABELS, st.just("") | LABELS), max_size=40
)


EXTRAS: list[dict[str, Any]] = [
    {},
    {"image": PICTURE},
    {"document": PAPER, "filename": "a.pdf"},
    {"link": ("Abrir", "https://example.com")},
]


@st.composite
def bubbles(draw: st.DrawFn) -> Bubble:
    fields = draw(st.sampled_from(EXTRAS))
    return Bubble(draw(LONG_TEXTS | TEXTS), draw(CHOICES | st.just([])), page=draw(st.integers(0, 9)), **fields)


def _titles(message: Message) -> Iterator[str]:
    return iter(buttons(message).values())


@settings(max_examples=80, derandomize=True)
@given(bubbles())
def test_any_bubble_is_within_the_limits_and_loses_no_word(bubble: Bubble) -> None:
    sent = rendered(bubble)
    told = "".join(said(sent))
    if bubble.text.strip():
        assert told == "".join(bubble.text.split())
    for message in sent:
        titles = list(_titles(message))
        assert len(set(titles)) == len(titles)


@settings(max_examples=50, derandomize=True)
@given(bubbles())
def test_any_choice_can_be_reached(bubble: Bubble) -> None:
    ids = {place(choice.id) for choice in bubble.choices}
    reached: set[str] = set()
    for page in range(6):
        paged = Bubble(bubble.text[:100], bubble.choices, page=page)
        reached |= {key for message in rendered(paged) for key in buttons(message)}
    assert reached - {place(MORE)} == ids
    assert len(bubble.choices) > BUTTONS or place(MORE) not in reached
