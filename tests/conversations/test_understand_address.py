from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.address import (
    STATES,
    City,
    HouseNumber,
    parse_city,
    parse_neighborhood,
    parse_number,
    parse_street,
)
from conversations.understand.bad import Bad


@pytest.mark.parametrize(
    ("typed", "number", "complement"),
    [
        ("123", "123", None),
        ("123 apto 45", "123", "apto 45"),
        ("123, bloco B", "123", "bloco B"),
        ("123 - casa 2", "123", "casa 2"),
        ("123, 2º andar", "123", "2º andar"),
        ("n.º 7", "7", None),
        ("123 e fundos", "123", "e fundos"),
        ("123 sem complemento", "123", None),
        ("nº 10 fundos", "10", "fundos"),
        ("n° 10", "10", None),
        ("n10", "10", None),
        ("número 50", "50", None),
        ("é o 55", "55", None),
        ("casa 12", "12", None),
        ("123A", "123A", None),
        ("123-b", "123B", None),
        ("10 b", "10B", None),
        ("1.234", "1234", None),
        ("km 12,5", "KM 12,5", None),
        ("s/n", "S/N", None),
        ("SN", "S/N", None),
        ("S/Nº", "S/N", None),
        ("sem número", "S/N", None),
        ("sem numero, casa azul", "S/N", "casa azul"),
        ("não tem número", "S/N", None),
        ("0", "S/N", None),
        ("quadra 5 lote 10", "S/N", "quadra 5 lote 10"),
        ("Rua das Flores, 123 apto 4", "123", "apto 4"),
        ("sim, 120 apto 34", "120", "apto 34"),
        ("isso mesmo, 120", "120", None),
        ("Isso. 120", "120", None),
        ("sim é o 120", "120", None),
        ("é aí mesmo, 120 fundos", "120", "fundos"),
        ("sim, sem número", "S/N", None),
        ("sim, s/n", "S/N", None),
    ],
)
def test_number_and_complement(typed: str, number: str, complement: str | None) -> None:
    assert parse_number(typed) == HouseNumber(number, complement)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "address.number"),
        ("apto 45", "address.number"),
        ("não sei", "address.number"),
        ("12345678", "address.number"),
        ("snooker", "address.number"),
        ("sim", "address.number"),
        ("isso mesmo", "address.number"),
        ("10 " + "x" * 61, "address.complement"),
        ("10 www.exemplo.com", "address.complement"),
    ],
)
def test_what_is_no_number(typed: str, code: str) -> None:
    refused = parse_number(typed)
    assert isinstance(refused, Bad)
    assert refused.code == code


@pytest.mark.parametrize(
    ("typed", "name", "state"),
    [
        ("Campinas - SP", "Campinas", "SP"),
        ("são paulo/sp", "São Paulo", "SP"),
        ("Campinas SP", "Campinas", "SP"),
        ("Campinas-SP", "Campinas", "SP"),
        ("Uberlândia (MG)", "Uberlândia", "MG"),
        ("SP - Campinas", "Campinas", "SP"),
        ("Campinas, São Paulo", "Campinas", "SP"),
        ("Curitiba, estado do Paraná", "Curitiba", "PR"),
        ("Campo Grande Mato Grosso do Sul", "Campo Grande", "MS"),
        ("belem para", "Belem", "PA"),
        ("Vitória - Espírito Santo", "Vitória", "ES"),
        ("Ji-Paraná/RO", "Ji-Paraná", "RO"),
        ("SANTA BÁRBARA D'OESTE SP", "Santa Bárbara d'Oeste", "SP"),
        ("Embu-Guaçu, SP", "Embu-Guaçu", "SP"),
        ("São Paulo", "São Paulo", "SP"),
        ("rio de janeiro", "Rio de Janeiro", "RJ"),
        ("Brasília", "Brasília", "DF"),
    ],
)
def test_city_with_state(typed: str, name: str, state: str) -> None:
    assert parse_city(typed) == City(name, state)


@pytest.mark.parametrize(
    ("typed", "bad"),
    [
        ("Campinas", Bad("address.state", {"city": "Campinas"})),
        ("Conceição do Pará", Bad("address.state", {"city": "Conceição do Pará"})),
        ("SP", Bad("address.city")),
        ("Rio Grande do Sul", Bad("address.city")),
        ("123", Bad("address.city")),
        ("", Bad("address.city")),
        ("x" * 101 + " SP", Bad("address.city")),
    ],
)
def test_what_is_no_city(typed: str, bad: Bad) -> None:
    assert parse_city(typed) == bad


@pytest.mark.parametrize("uf", STATES)
def test_all_states(uf: str) -> None:
    assert parse_city(f"Cidade Nova - {STATES[uf]}") == City("Cidade Nova", uf)
    assert parse_city(f"cidade nova {uf.lower()}") == City("Cidade Nova", uf)


@pytest.mark.parametrize(
    ("typed", "street"),
    [
        ("rua das flores", "Rua das Flores"),
        ("RUA DOM PEDRO II", "Rua Dom Pedro II"),
        ("Av. Brasil", "Av. Brasil"),
        ("br 101", "BR 101"),
        ("sqn 203 bloco c", "SQN 203 Bloco C"),
        ("Rua\n24 de Maio", "Rua 24 de Maio"),
    ],
)
def test_street(typed: str, street: str) -> None:
    assert parse_street(typed) == street


@pytest.mark.parametrize(
    "place", ["Rua Sem Nome", "Rua do Não Sei", "Rua Simão", "Rua Quero-Quero", "Boa Vista", "Bom Fim"]
)
def test_places_that_sound_like_an_answer(place: str) -> None:
    assert parse_street(place) == place
    assert parse_neighborhood(place) == place


@pytest.mark.parametrize("typed", ["não sei", "Não sei o nome da rua", "esqueci", "sei lá"])
def test_a_place_that_is_not_known(typed: str) -> None:
    for parse in (parse_street, parse_neighborhood, parse_city):
        assert parse(typed) == Bad("address.unknown")


@pytest.mark.parametrize(
    "typed",
    ["", "x", "12", "😊😊", "www.exemplo.com", "rua " + "x" * 150, "sim", "não", "pode ser", "a rua ou a avenida?"],
)
def test_what_is_no_street(typed: str) -> None:
    assert parse_street(typed) == Bad("address.street", {"limit": "150"})


def test_neighborhood() -> None:
    assert parse_neighborhood("bairro: jardim são paulo") == "Jardim São Paulo"
    assert parse_neighborhood("Bairro Alto") == "Bairro Alto"
    assert parse_neighborhood("?") == Bad("address.neighborhood", {"limit": "100"})


@given(st.text() | st.text("0123 /-,.snkmapto'ã()"))
def test_any_text_has_an_answer(text: str) -> None:
    assert isinstance(parse_number(text), HouseNumber | Bad)
    assert isinstance(parse_city(text), City | Bad)
    for parse in (parse_street, parse_neighborhood):
        assert isinstance(parse(text), str | Bad)
