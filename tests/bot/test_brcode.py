"""BR Codes: vectors of the Banco Central and of other people's libraries, our own, and broken ones."""

from __future__ import annotations

import contextlib
import string
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateways.pix.brcode import BrCode, BrCodeError, Reason, crc, dynamic_code, parse, plain, static_code

VECTORS: list[dict[str, Any]] = orjson.loads((Path(__file__).parents[1] / "payloads/pix/br_codes.json").read_bytes())
EVP = "123e4567-e12b-12d1-a456-426655440000"
MANUAL = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR"
    "5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)


def vector(source: str) -> BrCode:
    return parse(next(one["payload"] for one in VECTORS if source in one["source"]))


def sealed(body: str) -> str:
    return f"{body}6304{crc(body + '6304')}"


def reason_of(code: str) -> Reason:
    with pytest.raises(BrCodeError) as caught:
        parse(code)
    return caught.value.reason


@pytest.mark.parametrize("one", VECTORS, ids=lambda one: one["source"])
def test_every_vector_is_read(one: dict[str, Any]) -> None:
    code = parse(one["payload"])
    assert code.key or code.location or code.recurrence
    assert 1 <= len(code.name) <= 25


def test_the_check_value_of_the_crc() -> None:
    assert crc("123456789") == "29B1"


def test_our_static_code_is_the_manuals_example() -> None:
    assert static_code(EVP, "Fulano de Tal", "BRASÍLIA") == MANUAL


def test_our_dynamic_code_is_the_known_one() -> None:
    theirs = next(one["payload"] for one in VECTORS if "dynamic 01=12" in one["source"])
    location = "https://exemplodeurl.com.br/pix/v2/11111111-1111-1111-1111-111111111111"
    assert dynamic_code(location, "TESTE DE TESTE DO TESTE IE", "RIO DE JANEIRO", amount=1) != theirs
    assert dynamic_code(location, "TESTE DE TESTE DO TESTEIE", "RIO DE JANEIRO", amount=1) == theirs


def test_what_the_vectors_say() -> None:
    saque = vector("saque FSS")
    assert (saque.amount, saque.description, saque.cash_ispb) == (577_57, "Jornada pagador 43107", "99999008")
    assert saque.txid == "99ed983ea570413d8d336301d"
    assert vector("accented city").city == "BRASÍLIA"
    upper = vector("upper GUI")
    assert (upper.amount, upper.postal_code, upper.txid) == (1, "11111111", "NUgpnvaS87Ts")
    assert vector("amt 10").amount == 100_00
    composite = vector("J3 (cob+rec)")
    assert composite.location == "pix.example.com/qr/v2/8b3da2f39a4140d1a91abd93113bd441"
    assert composite.recurrence == "pix.example.com/qr/v2/rec/94ed2badcbc04c15b0bb7fa353194890"
    assert composite.one_time
    alone = vector("J2 (rec only)")
    assert (alone.key, alone.location, bool(alone.recurrence)) == (None, None, True)


def test_a_city_whose_length_was_counted_in_bytes() -> None:
    body = MANUAL[:-8].replace("6008BRASILIA", "6009BRASÍLIA")
    assert parse(sealed(body)).city == "BRASÍLIA"


def test_names_are_plain_and_cut() -> None:
    code = parse(static_code(EVP, "Associação  São João\tda Boa Esperança", "São José do Rio Preto", 69_90))
    assert (code.name, code.city, code.amount) == ("Associacao Sao Joao da Bo", "Sao Jose do Rio", 69_90)
    assert plain("Ação ✅ já", 99) == "Acao ja"


def test_the_description_gets_what_field_26_still_holds() -> None:
    code = static_code(EVP, "Loja", "Recife", description="x" * 200)
    assert parse(code).description == "x" * (73 - len(EVP))
    full = "a" * 77
    assert parse(static_code(full, "Loja", "Recife", description="abc")) == BrCode("Loja", "Recife", key=full)
    assert parse(static_code("a" * 73, "Loja", "Recife", description="abc")).description is None


def test_a_pasted_code_may_have_blanks_around_it_and_a_lower_case_crc() -> None:
    assert parse(f" {MANUAL[:-4]}{MANUAL[-4:].lower()}\n") == parse(MANUAL)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (MANUAL[:-4] + "1D3E", "bad_crc"),
        (MANUAL[:-1], "bad_crc"),
        (MANUAL.replace("Fulano", "Beltra"), "bad_crc"),
        ("", "bad_crc"),
        ("oi", "bad_crc"),
        ("\ud800" + MANUAL, "bad_crc"),
        (sealed(MANUAL[:-8].replace("5913", "5999")), "bad_tlv"),
        (sealed(MANUAL[:-8].replace("5204", "52x4")), "bad_tlv"),
        (sealed(MANUAL[:-8] + "6008BRASILIA"), "bad_tlv"),
        (sealed(MANUAL[:-8] + "6100"), "bad_tlv"),
        (sealed(MANUAL[6:-8]), "bad_tlv"),
        (sealed(MANUAL[:-8] + "".join(f"{tag}99{'x' * 99}" for tag in range(81, 86))), "bad_tlv"),
        (sealed(MANUAL[:-8].replace("5303986", "5303840")), "not_pix"),
        (sealed(MANUAL[:-8].replace("6008BRASILIA", "")), "not_pix"),
        (sealed(MANUAL[:-8].replace("br.gov.bcb.pix", "br.gov.bcb.pox")), "not_pix"),
        (sealed(MANUAL[:-8].replace("26580014br.gov.bcb.pix0136" + EVP, "26180014br.gov.bcb.pix")), "not_pix"),
        (sealed(MANUAL[:-8].replace("5802BR", "54041,005802BR")), "bad_amount"),
        (sealed(MANUAL[:-8].replace("62070503***", "62070509***")), "bad_tlv"),
    ],
)
def test_broken_codes_say_why(code: str, reason: Reason) -> None:
    assert reason_of(code) == reason


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"key": ""}, "bad_key"),
        ({"key": "a b"}, "bad_key"),
        ({"key": "x" * 78}, "bad_key"),
        ({"name": "✅"}, "bad_name"),
        ({"city": " "}, "bad_name"),
        ({"amount": 0}, "bad_amount"),
        ({"amount": 10**12}, "bad_amount"),
        ({"txid": "x" * 26}, "bad_txid"),
        ({"txid": "***"}, "bad_txid"),
    ],
)
def test_what_cannot_be_a_static_code(arguments: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(BrCodeError) as caught:
        static_code(**{"key": EVP, "name": "Loja", "city": "Recife", **arguments})
    assert caught.value.reason == reason


@pytest.mark.parametrize("location", ["", "host", "host/" + "x" * 73, "ho st/x"])
def test_what_cannot_be_a_location(location: str) -> None:
    with pytest.raises(BrCodeError, match="bad_location"):
        dynamic_code(location, "Loja", "Recife")


NAMES = st.text(min_size=1).filter(lambda text: plain(text, 5))
WORD = st.text(string.ascii_letters + string.digits, min_size=1, max_size=25)
KEYS = st.text(string.ascii_letters + string.digits + "@.+-", min_size=1, max_size=77)


@given(KEYS, NAMES, NAMES, st.none() | st.integers(1, 10**12 - 1), st.none() | WORD, st.none() | st.text())
def test_a_static_code_says_what_went_in(
    key: str, name: str, city: str, amount: int | None, txid: str | None, note: str | None
) -> None:
    code = parse(static_code(key, name, city, amount, txid, note))
    said = plain(note or "", max(0, 73 - len(key))) or None
    assert code == BrCode(plain(name, 25), plain(city, 15), key, amount=amount, txid=txid, description=said)


@given(WORD, WORD, NAMES, NAMES, st.booleans())
def test_a_dynamic_code_says_what_went_in(host: str, path: str, name: str, city: str, one_time: bool) -> None:
    code = dynamic_code(f"https://{host}/{path}", name, city, one_time=one_time)
    assert parse(code) == BrCode(plain(name, 25), plain(city, 15), location=f"{host}/{path}", one_time=one_time)
    assert code.isascii()


@given(st.text() | st.text().map(sealed))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BrCodeError):
        assert parse(text).name
