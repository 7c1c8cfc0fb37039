from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.channel.identity import aliases, match_key, to_e164


@pytest.mark.parametrize(
    ("wa_id", "key", "e164"),
    [
        ("5511987654321", "551187654321", "+5511987654321"),
        ("551187654321", "551187654321", "+5511987654321"),
        ("558599998888", "558599998888", "+5585999998888"),
        ("551133334444", "551133334444", "+551133334444"),  # a landline has no ninth digit
        ("5511945678901", "5511945678901", "+5511945678901"),  # a new number: never existed with eight digits
        ("5501987654321", "5501987654321", None),
        ("55119876543210", "55119876543210", None),
        ("16505551234", "16505551234", "+16505551234"),
        ("351912345678", "351912345678", "+351912345678"),
        ("5215512345678", "5215512345678", "+525512345678"),  # Mexico's old mobile digit
        ("5491123456789", "5491123456789", "+5491123456789"),
        ("123", "123", None),
        ("", "", None),
        ("abc", "abc", None),
        ("٥٥١١٩٨٧٦٥٤٣٢١", "٥٥١١٩٨٧٦٥٤٣٢١", None),
    ],
)
def test_names_of_a_number(wa_id: str, key: str, e164: str | None) -> None:
    assert (match_key(wa_id), to_e164(wa_id)) == (key, e164)


@given(st.from_regex(r"55[1-9][1-9][6-9][0-9]{7}", fullmatch=True))
def test_both_forms_of_a_mobile_meet(short: str) -> None:
    long = short[:4] + "9" + short[4:]
    assert match_key(short) == match_key(long) == short
    assert to_e164(short) == to_e164(long) == "+" + long


@given(st.text(max_size=20))
def test_a_key_is_its_own_key(text: str) -> None:
    assert match_key(match_key(text)) == match_key(text)


@given(st.text(max_size=40))
def test_no_number_raises(text: str) -> None:
    assert to_e164(text) is None or to_e164(text) == to_e164(text.strip())


def test_aliases_come_surest_first() -> None:
    assert aliases("5511987654321", "BR.1", "BR.ENT.1") == [
        ("bsuid", "BR.1"),
        ("parent_bsuid", "BR.ENT.1"),
        ("wa_id", "5511987654321"),
        ("match_key", "551187654321"),
    ]
    assert aliases(None, "BR.1", None) == [("bsuid", "BR.1")]
    assert aliases("16505551234", None, "") == [("wa_id", "16505551234"), ("match_key", "16505551234")]
    assert aliases(None, None, None) == []
