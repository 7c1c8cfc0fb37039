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
        ("Maria do Socorro", "Maria do Socorro"),
        ("Dos Anjos Reis", "Dos Anjos Reis"),
        ("maria das dores dos anjos", "Maria das Dores dos Anjos"),
        ("Pedro Filho Neto", "Pedro Filho Neto"),
        ("Neto Reis", "Neto Reis"),
        ("Irma Souza", "Irma Souza"),
        ("Jesus Maria José", "Jesus Maria José"),
        ("Ana Claro", "Ana Claro"),
        ("Pedro Costa e Silva Filho", "Pedro Costa e Silva Filho"),
        ("Ana Silva e Silva", "Ana Silva e Silva"),
        ("Nair Bela Vista", "Nair Bela Vista"),
        ("My name is John Smith", "John Smith"),
        ("I am John Smith", "John Smith"),
        ("me llamo Juan Pérez", "Juan Pérez"),
        ("mi nombre es Juan Pérez", "Juan Pérez"),
        ("minha filha Maria Souza", "Maria Souza"),
        ("A minha filha se chama Maria Souza", "Maria Souza"),
        ("meu marido é o João Souza", "João Souza"),
        ("filha: Maria Souza", "Maria Souza"),
        ("minha mãe, Rita Lima", "Rita Lima"),
        ("meu neto Caio Lima", "Caio Lima"),
        ("João Souza, meu marido", "João Souza"),
        ("Ana Souza (minha filha)", "Ana Souza"),
        ("Maria da Silva Souza 52998224725", "Maria da Silva Souza"),
        ("Maria Silva, 529.982.247-25", "Maria Silva"),
        ("Meu nome é Maria Souza e meu cpf é 529.982.247-25", "Maria Souza"),
        ("CPF 529.982.247-25, Maria Souza", "Maria Souza"),
        ("Tudo bem? Sou a Ana Souza", "Ana Souza"),
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
        ("Ana Souza?", "name.odd"),
        ("pode ser só Ana?", "name.odd"),
        ("pode ser só Ana", "name.odd"),
        ("vai se ferrar", "name.odd"),
        ("seu robô burro", "name.odd"),
        ("Por que precisa", "name.odd"),
        ("pra que você precisa do meu nome?", "name.odd"),
        ("Posso usar meu nome social", "name.odd"),
        ("I want to sign up", "name.odd"),
        ("quiero registrarme", "name.odd"),
        ("Maria Silva mas pode me chamar de Mari", "name.odd"),
        ("só eu mesmo", "name.odd"),
        ("o mais barato", "name.odd"),
        ("minha filha", "name.empty"),
        ("meu marido é", "name.empty"),
        ("minha filha Ana", "name.surname"),
        ("Meu marido João Souza e minha filha Ana Souza", "name.two"),
        ("minha esposa Rita Lima e meu filho Caio", "name.two"),
        ("João Souza, Maria Souza", "name.two"),
        ("João Souza\nMaria Lima", "name.two"),
        ("João Souza, meu marido, e Ana Souza, minha filha", "name.two"),
        ("Ana Souza e minha filha", "name.odd"),
        ("João Souza e Maria Souza", "name.two"),
        ("Maria Souza 11987654321", "name.digits"),
        ("Maria Souza 52998224726", "name.digits"),
        ("52998224725", "name.empty"),
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
