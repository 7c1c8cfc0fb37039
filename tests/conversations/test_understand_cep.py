from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.bad import Bad
from conversations.understand.cep import no_cep, parse_cep


@pytest.mark.parametrize(
    "typed",
    [
        "01001000",
        "01001-000",
        "01.001-000",
        "01001 000",
        "01001–000",
        "01001 - 000",
        "cep: 01001-000.",
        "moro no 01001-000, 12",
    ],
)
def test_cep(typed: str) -> None:
    assert parse_cep(typed) == "01001000"


@pytest.mark.parametrize(
    ("typed", "count"), [("", "0"), ("não sei", "0"), ("0100100", "7"), ("010010000", "9"), ("rua 7", "1")]
)
def test_what_is_no_cep(typed: str, count: str) -> None:
    assert parse_cep(typed) == Bad("cep.digits", {"count": count})


@pytest.mark.parametrize(
    "typed",
    [
        "não sei",
        "Nao sei!",
        "n sei",
        "não sei meu CEP",
        "não lembro o cep",
        "sem cep",
        "esqueci",
        "não tenho",
        "sei lá",
        "não sei de cor",
    ],
)
def test_not_knowing_it(typed: str) -> None:
    assert no_cep(typed)


@pytest.mark.parametrize("typed", ["", "01001-000", "sim", "sei", "sem", "Rua que não sei o nome"])
def test_knowing_it(typed: str) -> None:
    assert not no_cep(typed)


@given(st.text() | st.text("0123456789-. \n"))
def test_any_text_has_an_answer(text: str) -> None:
    cep = parse_cep(text)
    assert isinstance(cep, Bad) or (len(cep) == 8 and cep.isdigit())
    assert no_cep(text) in {True, False}
