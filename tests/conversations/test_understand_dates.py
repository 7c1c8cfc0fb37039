from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.bad import Bad
from conversations.understand.dates import MONTHS, age, parse_birth_date

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    "typed",
    [
        "15/05/1990", "15/5/1990", "15-5-90", "15.05.1990", "15 05 1990", "15051990", "150590", "15,05,1990",
        "15 / 05 / 1990", "15 de maio de 1990", "15 de Maio 1990", "15 mai 90", "15/mai/1990", "15mai90",
        "1990-05-15", "1990/05/15", "19900515", "nasci em 15/05/1990", "minha data é 15-05-1990.",
        "quinze de maio de 1990", "quinze de maio de mil novecentos e noventa", "15 de maio de noventa",
        "dia 15 do 5 de 1990", "15 de mayo de 1990", "１５/05/1990", "15/05/1990, isso: 15/05/1990",
    ],
)  # fmt: skip
def test_every_usual_form(typed: str) -> None:
    assert parse_birth_date(typed, TODAY) == date(1990, 5, 15)


@pytest.mark.parametrize(
    ("typed", "born"),
    [
        ("05/06/2001", date(2001, 6, 5)),  # day first, always
        ("1º de março de 2001", date(2001, 3, 1)),
        ("vinte e cinco de dezembro de dois mil e um", date(2001, 12, 25)),
        ("primeiro de janeiro de dois mil", date(2000, 1, 1)),
        ("22/11/26", TODAY),
        ("23/11/26", date(1926, 11, 23)),
        ("29/02/00", date(2000, 2, 29)),
        ("29/02/1996", date(1996, 2, 29)),
        ("10 setenbro 85", date(1985, 9, 10)),
    ],
)
def test_days_months_and_centuries(typed: str, born: date) -> None:
    assert parse_birth_date(typed, TODAY) == born


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "date.unclear"),
        ("15/05", "date.unclear"),
        ("maio de 1990", "date.unclear"),
        ("tenho 36 anos", "date.unclear"),
        ("15/05/1990 ou 16/05/1990", "date.unclear"),
        ("529.982.247-25", "date.unclear"),
        ("31/02/1990", "date.impossible"),
        ("31 de abril de 1990", "date.impossible"),
        ("05/15/1990", "date.impossible"),
        ("00/00/0000", "date.impossible"),
        ("29/02/2001", "date.impossible"),
        ("23/11/2026", "date.future"),
        ("01/01/2090", "date.future"),
        ("21/11/1905", "date.old"),
    ],
)
def test_what_is_no_birth_date(typed: str, code: str) -> None:
    refused = parse_birth_date(typed, TODAY)
    assert isinstance(refused, Bad)
    assert refused.code == code


def test_the_impossible_date_is_named() -> None:
    assert parse_birth_date("31/2/1990", TODAY) == Bad("date.impossible", {"date": "31/02/1990"})


@pytest.mark.parametrize(
    ("born", "today", "expected"),
    [
        (date(1990, 5, 15), date(2026, 5, 14), (35, 11)),
        (date(1990, 5, 15), date(2026, 5, 15), (36, 0)),
        (date(2008, 2, 29), date(2026, 2, 28), (17, 11)),
        (date(2008, 2, 29), date(2026, 3, 1), (18, 0)),
        (date(2026, 10, 31), date(2026, 11, 30), (0, 0)),
        (date(2026, 11, 23), TODAY, (0, 0)),
    ],
)
def test_age(born: date, today: date, expected: tuple[int, int]) -> None:
    assert age(born, today) == expected


@given(st.dates(date(1910, 1, 1), TODAY))
def test_all_forms_of_one_date_agree(born: date) -> None:
    forms = [
        f"{born:%d/%m/%Y}",
        f"{born:%d%m%Y}",
        born.isoformat(),
        f"{born.day} de {MONTHS[born.month - 1]} de {born.year}",
    ]
    assert {parse_birth_date(form, TODAY) for form in forms} == {born}


@given(st.text() | st.text("0123456789 /-.demaio"), st.dates())
def test_any_text_has_an_answer(text: str, today: date) -> None:
    born = parse_birth_date(text, today)
    assert isinstance(born, Bad) or born <= today
