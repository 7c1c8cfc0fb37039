from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.choices import Ambiguous, match

PLANS = [("gold", "Plano Ouro ⭐"), ("silver", "Plano Prata"), ("bronze", "Plano Bronze")]
DAYS = [("mon", "Segunda-feira"), ("tue", "Terça-feira"), ("wed", "Quarta-feira")]
HOURS = [("a", "09:00"), ("b", "09:30"), ("c", "10:00"), ("d", "14:00")]


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("2", "silver"),
        ("2.", "silver"),
        ("2)", "silver"),
        ("#2", "silver"),
        ("2️⃣", "silver"),
        ("2ª", "silver"),
        ("opção 2", "silver"),
        ("Opcao número 2", "silver"),
        ("a segunda", "silver"),
        ("quero o segundo", "silver"),
        ("dois", "silver"),
        ("a última", "bronze"),
        ("1 - Plano Ouro", "gold"),
        ("plano ouro", "gold"),
        ("PLANO OURO", "gold"),
        ("ouro", "gold"),
        ("our", "gold"),
        ("quero o plano ouro, por favor", "gold"),
        ("quero um ouro", "gold"),
        ("plano bronse", "bronze"),
        ("bronse", "bronze"),
        ("plano de prata", "silver"),
        ("plano", Ambiguous(("gold", "silver", "bronze"))),
        ("", None),
        ("0", None),
        ("4", None),
        ("oi", None),
        ("diamante", None),
        ("não quero ouro", None),
        ("quanto custa isso tudo por mês", None),
        ("ouro e prata", None),
    ],
)
def test_plans(typed: str, chosen: str | Ambiguous | None) -> None:
    assert match(typed, PLANS) == chosen


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("segunda", "mon"),
        ("a terceira", "wed"),
        ("2", "tue"),
        ("opção 1", "mon"),
        ("terca", "tue"),
        ("quarta feira", "wed"),
    ],
)
def test_a_label_wins_over_an_ordinal(typed: str, chosen: str) -> None:
    assert match(typed, DAYS) == chosen


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("10", "c"),
        ("10h", "c"),
        ("às 10h", "c"),
        ("10:00", "c"),
        ("9h30", "b"),
        ("9:30", "b"),
        ("14 horas", "d"),
        ("9", Ambiguous(("a", "b"))),
        ("1", "a"),
        ("opção 3", "c"),
    ],
)
def test_hours(typed: str, chosen: str | Ambiguous) -> None:
    assert match(typed, HOURS) == chosen


FAMILY = [("spouse", "Cônjuge"), ("child", "Filho(a)"), ("parent", "Pai ou mãe"), ("other", "Outro")]
ALSO = [("spouse", "marido"), ("spouse", "esposa"), ("child", "outro filho"), ("other", "irmã"), ("other", "sem laço")]


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("marido", "spouse"),
        ("é meu marido", "spouse"),
        ("Ela é minha esposa!", "spouse"),
        ("minha irmã", "other"),
        ("sem laço", "other"),
        ("outro filho", "child"),
        ("mãe", "parent"),
        ("filha", "child"),
        ("outro", "other"),
        ("2", "child"),
        ("não é meu marido", None),
        ("meu marido João", None),
        ("marido e filho", None),
        ("minha", None),
        ("é", None),
    ],
)
def test_other_words_for_an_option(typed: str, chosen: str | None) -> None:
    assert match(typed, FAMILY, ALSO) == chosen


def test_a_label_and_a_number_win_over_other_words() -> None:
    assert match("prata", PLANS, [("gold", "prata")]) == "silver"
    assert match("2", PLANS, [("gold", "2")]) == "silver"
    assert match("brilho", PLANS, [("gold", "brilho"), ("silver", "brilho")]) == Ambiguous(("gold", "silver"))


def test_digits_are_never_near() -> None:
    assert match("plano 3", [("a", "Plano 1"), ("b", "Plano 2")]) is None


def test_the_longer_of_nested_labels() -> None:
    assert match("quero ouro plus", [("a", "Ouro"), ("b", "Ouro Plus")]) == "b"
    assert match("ouro", [("a", "Ouro"), ("b", "Ouro Plus")]) == "a"


def test_near_to_two() -> None:
    assert match("mariama", [("a", "Mariana"), ("b", "Mariano")]) in ("a", Ambiguous(("a", "b")))
    assert match("lucas", [("a", "Luca Sa"), ("b", "Luca Sb")]) == Ambiguous(("a", "b"))


def test_nothing_offered() -> None:
    assert match("1", []) is None
    assert match("oi", [("a", "😊")]) is None


@given(st.text() | st.text("0123456789 ªoplanuro"), st.lists(st.text(max_size=24), max_size=10))
def test_any_text_has_an_answer(text: str, labels: list[str]) -> None:
    ids = {str(index) for index in range(len(labels))}
    chosen = match(text, [(str(index), label) for index, label in enumerate(labels)])
    found = set(chosen.ids) if isinstance(chosen, Ambiguous) else {chosen} - {None}
    assert found <= ids


@given(st.lists(st.text("abcdefghij", min_size=3, max_size=8), min_size=1, max_size=5, unique=True), st.data())
def test_each_label_chooses_itself(labels: list[str], data: st.DataObject) -> None:
    label = data.draw(st.sampled_from(labels))
    assert match(label.upper(), [(each, each) for each in labels]) == label
