from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.bad import Bad
from conversations.understand.names import LONGEST, parse_name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("JOÃO DA SILVA", "João da Silva"),
        ("maria das graças e souza", "Maria das Graças e Souza"),
        ("meu nome é Maria de Lourdes", "Maria de Lourdes"),
        ("O meu nome completo é: ana lima", "Ana Lima"),
        ("me chamo Ana Souza", "Ana Souza"),
        ("Boa noite, me chamo Ana Souza!", "Ana Souza"),
        ("sou o Zé Pereira", "Zé Pereira"),
        ("eu sou a Carla Dias.", "Carla Dias"),
        ("Oi! Aqui é o Otávio Augusto", "Otávio Augusto"),
        ("João Silva 😊", "João Silva"),
        ("D'ávila sant’anna", "D'Ávila Sant'Anna"),
        ("ana-maria O'NEIL", "Ana-Maria O'Neil"),
        ("Ludwig van Beethoven", "Ludwig van Beethoven"),
        ("Ronald McDonald", "Ronald McDonald"),
        ("joão da silva iii", "João da Silva III"),
        ("João P. Silva Jr.", "João P Silva Jr"),
        ("Joa\u0303o   da\nSilva", "João da Silva"),
        ("José de Sá", "José de Sá"),
    ],
)
def test_full_names(typed: str, name: str) -> None:
    assert parse_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "name.empty"),
        ("😊😊", "name.empty"),
        ("...", "name.empty"),
        ("oi, tudo bem?", "name.empty"),
        ("João", "name.surname"),
        ("me chamo Ana", "name.surname"),
        ("João da", "name.surname"),
        ("João S", "name.surname"),
        ("João 2", "name.digits"),
        ("11987654321", "name.digits"),
        ("Ana " + "a b" * LONGEST, "name.long"),
        ("www.exemplo.com Silva", "name.odd"),
        ("ana@exemplo.com Silva", "name.odd"),
        ("não quero dizer", "name.odd"),
        ("mais ou menos", "name.odd"),
        ("sei lá", "name.odd"),
        ("talvez depois", "name.odd"),
        ("aaaaa bbbbb", "name.odd"),
        ("李 小龙", "name.odd"),
        ("Ana & Silva", "name.odd"),
        ("Ana -", "name.surname"),
    ],
)
def test_what_is_no_full_name(typed: str, code: str) -> None:
    refused = parse_name(typed)
    assert isinstance(refused, Bad)
    assert refused.code == code


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    name = parse_name(text)
    assert isinstance(name, Bad) or (len(name.split()) >= 2 and len(name) <= 2 * LONGEST)
