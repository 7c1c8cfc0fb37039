from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.bad import Bad
from conversations.understand.email import LONGEST, Email, parse_email


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" Fulano@Gmail.com ", "fulano@gmail.com"),
        ("meu email é fulano.silva+zap@empresa.com.br.", "fulano.silva+zap@empresa.com.br"),
        ("<fulano@gmail.com>", "fulano@gmail.com"),
        ("mailto:fulano@ymail.com", "fulano@ymail.com"),
        ("fulano @ gmail . com", "fulano@gmail.com"),
        ("fulano@gmail,com", "fulano@gmail.com"),
        ("fulano arroba gmail ponto com", "fulano@gmail.com"),
        ("fulano ponto silva arroba empresa ponto com ponto br", "fulano.silva@empresa.com.br"),
        ("fulano underline silva (arroba) uol ponto com ponto br", "fulano_silva@uol.com.br"),
        ("fulano@a.b.sub-dominio.org", "fulano@a.b.sub-dominio.org"),
        ("fulano@gmail.com fulano@gmail.com", "fulano@gmail.com"),
    ],
)
def test_addresses(typed: str, address: str) -> None:
    assert parse_email(typed) == Email(address)


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("fulano@gmail.con", "fulano@gmail.com"),
        ("fulano@gmial.com", "fulano@gmail.com"),
        ("fulano@gmail.com.br", "fulano@gmail.com"),
        ("fulano@gmal.com", "fulano@gmail.com"),
        ("fulano@hotmial.com", "fulano@hotmail.com"),
        ("fulano@hotmail.co", "fulano@hotmail.com"),
        ("fulano@outlok.com", "fulano@outlook.com"),
        ("fulano@yaho.com.br", "fulano@yahoo.com.br"),
        ("fulano@uol.com", "fulano@uol.com.br"),
        ("fulano@empresa.con.br", "fulano@empresa.com.br"),
        ("fulano@empresa.combr", "fulano@empresa.com.br"),
        ("fulano@empresa.vom", "fulano@empresa.com"),
    ],
)
def test_slips_get_a_suggestion(typed: str, suggestion: str) -> None:
    assert parse_email(typed) == Email(typed, suggestion)


@pytest.mark.parametrize(
    "typed", ["ana@mail.com", "ana@live.com", "ana@empresa.com", "ana@usp.br", "ana@me.com", "ana@email.com"]
)
def test_real_domains_are_left_alone(typed: str) -> None:
    assert parse_email(typed) == Email(typed)


@pytest.mark.parametrize(
    ("typed", "bad"),
    [
        ("", Bad("email.shape")),
        ("não tenho", Bad("email.shape")),
        ("fulano.gmail.com", Bad("email.shape")),
        ("a@b@exemplo.com", Bad("email.shape")),
        ("a..b@exemplo.com", Bad("email.shape")),
        ("@gmail.com", Bad("email.shape")),
        ("ana@exemplo.com ou bia@exemplo.com", Bad("email.shape")),
        (f"{'a' * 65}@exemplo.com", Bad("email.shape")),
        ("joão@gmail.com", Bad("email.shape", {"suggestion": "joao@gmail.com"})),
        ("ana@açai.com.br", Bad("email.domain", {"suggestion": "ana@acai.com.br"})),
        ("ana@gmail", Bad("email.domain", {"suggestion": "ana@gmail.com"})),
        ("ana@empresa", Bad("email.domain")),
        ("ana@-empresa.com", Bad("email.domain")),
        ("ana@127.0.0.1", Bad("email.domain")),
        ("ana@", Bad("email.domain")),
    ],
)
def test_what_is_no_address(typed: str, bad: Bad) -> None:
    assert parse_email(typed) == bad


def test_length() -> None:
    address = "a@" + "b" * 60 + ("." + "c" * 60) * 3 + ".com"
    assert len(address) <= LONGEST
    assert parse_email(address) == Email(address)
    assert isinstance(parse_email("a" * 20 + address), Bad)


@given(st.text() | st.emails() | st.text("ab@.-_ ã,<>\r\nponto"))
def test_any_text_has_an_answer(text: str) -> None:
    found = parse_email(text)
    if isinstance(found, Email):
        assert found.address.isascii()
        assert not set(found.address) & set(" \r\n<>,;")
        assert len(found.address) <= LONGEST
