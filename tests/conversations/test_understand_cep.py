from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.bad import Bad
from conversations.understand.cep import parse_cep


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


@given(st.text() | st.text("0123456789-. \n"))
def test_any_text_has_an_answer(text: str) -> None:
    cep = parse_cep(text)
    assert isinstance(cep, Bad) or (len(cep) == 8 and cep.isdigit())
