from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.bad import Bad
from conversations.understand.documents import card_number, parse_cpf, without_cpf

ANA = "52998224725"


@pytest.mark.parametrize(
    "typed",
    [
        ANA,
        "529.982.247-25",
        "529 982 247 25",
        "529.982.247/25",
        "529.982.247 – 25",
        "meu cpf é 529.982.247-25, tá?",
        "CPF:52998224725",
        "529.982.247-25 e nasci em 15/05/1990",
        "o errado é 529.982.247-26, o certo 529.982.247-25",
        "5 2 9 9 8 2 2 4 7 2 5",
        "５２９98224725",
        "529\u00a0982\u00a0247\u201125",
        "\u202a529.982.247-25\u202c",
    ],
)
def test_cpf_in_a_sentence(typed: str) -> None:
    assert parse_cpf(typed) == ANA


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("Ana Souza 52998224725", "Ana Souza"),
        ("Ana Souza e o meu CPF é 529.982.247-25", "Ana Souza"),
        ("cpf: 529.982.247-25 Ana Souza", "Ana Souza"),
        ("Ana Souza 52998224726", "Ana Souza 52998224726"),
        ("Ana Souza 11987654321", "Ana Souza 11987654321"),
        ("Ana Souza", "Ana Souza"),
        ("", ""),
    ],
)
def test_a_text_without_its_cpf(typed: str, rest: str) -> None:
    assert without_cpf(typed).strip() == rest


@pytest.mark.parametrize(
    ("typed", "bad"),
    [
        ("529.982.247-26", Bad("cpf.check")),
        ("111.111.111-11", Bad("cpf.repeated")),
        ("00000000000", Bad("cpf.repeated")),
        ("11.222.333/0001-81", Bad("cpf.cnpj")),
        ("11222333000181", Bad("cpf.cnpj")),
        ("12.ABC.345/01DE-35", Bad("cpf.cnpj")),
        ("5299822472", Bad("cpf.digits", {"count": "10"})),
        ("529.982.247-255", Bad("cpf.digits", {"count": "12"})),
        ("não tenho", Bad("cpf.digits", {"count": "0"})),
        ("", Bad("cpf.digits", {"count": "0"})),
    ],
)
def test_what_is_no_cpf(typed: str, bad: Bad) -> None:
    assert parse_cpf(typed) == bad


@pytest.mark.parametrize(
    "typed",
    [
        "4111111111111111",
        "meu cartão é 4111 1111 1111 1111",
        "5555.5555.5555.4444",
        "4111-1111-1111-1111",
        "3782 822463 10005",
        "4111111111111111 12/29 123",
        "4111 1111 1111 1111 12/29 cvv 123",
        "4222222222222",
    ],
)
def test_card_numbers_are_seen(typed: str) -> None:
    assert card_number(typed)


@pytest.mark.parametrize(
    "typed",
    [
        ANA,
        "529.982.247-25",
        "4111111111111112",
        "11.222.333/0001-81",
        "+55 11 98765-4321",
        "5511987654321",
        "0" * 16,
        "oi",
    ],
)
def test_other_numbers_are_no_cards(typed: str) -> None:
    assert not card_number(typed)


@given(st.text() | st.text("0123456789 .-/A\n"))
def test_any_text_has_an_answer(text: str) -> None:
    cpf = parse_cpf(text)
    assert isinstance(cpf, Bad) or (len(cpf) == 11 and cpf.isdigit())
    assert card_number(text) in {True, False}
