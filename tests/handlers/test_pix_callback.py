"""What is read from a bank's Pix callback: shapes of the standard, of Efí, and of nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.payments.callback import PixNotice, RefundNotice, parse_callback, read_centavos, read_instant

PAYLOADS: dict[str, Any] = orjson.loads((Path(__file__).parents[1] / "payloads/pix/callbacks.json").read_bytes())
E2E = "E99999004202611221330aaaaa000001"


def test_grouped_callback_with_a_refund_written_as_an_object() -> None:
    first, second = parse_callback(PAYLOADS["bcb_refund_as_object"])
    assert first == PixNotice(
        end_to_end_id="E12345678202009091221kkkkkkkkkkk",
        txid="c3e0e7a4e7f1469a9f782d3d4999343c",
        amount=110_00,
        key=None,
        refunds=(RefundNotice("123ABC", "D12345678202009091221abcdf098765", "EM_PROCESSAMENTO", 10_00),),
        paid_at=datetime(2020, 9, 9, 20, 15, 0, 358_000, UTC),
    )
    assert second.end_to_end_id == "E87654321202009091221dfghi123456"
    assert second.refunds == ()


def test_refunds_as_an_array_among_them_one_that_the_bank_forced() -> None:
    (notice,) = parse_callback(PAYLOADS["refunds_as_array"])
    assert notice.key == "5f84a4c5-c5cb-4599-9f13-7eb4d419dacc"
    assert notice.paid_at == datetime(2026, 11, 22, 13, 30, tzinfo=UTC)
    assert [(refund.refund_id, refund.amount, refund.nature) for refund in notice.refunds] == [
        ("r1", 30_00, "ORIGINAL"),
        ("m1", 39_90, "MED_FRAUDE"),
    ]


@pytest.mark.parametrize("name", ["efi_pix_sent", "efi_test"])
def test_what_is_no_received_pix_is_left_out(name: str) -> None:
    assert parse_callback(PAYLOADS[name]) == []


def test_unknown_elements_do_not_hide_the_pix_between_them() -> None:
    items: list[object] = [
        7,
        None,
        {"endToEndId": "no/id?"},
        {"endToEndId": E2E, "valor": "x", "txid": "a b", "new": []},
        [],
    ]
    assert parse_callback({"pix": items}) == [PixNotice(E2E, txid=None, amount=None, key=None)]


def test_a_bare_list_and_a_single_object_are_read_too() -> None:
    item = {"endToEndId": E2E, "valor": "1.00"}
    assert parse_callback([item]) == parse_callback({"pix": item}) == parse_callback({"pix": [item]})


def test_a_refund_without_id_or_status_is_left_out() -> None:
    item = {"endToEndId": E2E, "devolucoes": [{"id": "a"}, {"status": "DEVOLVIDO"}, 1, {"id": "b", "status": "X"}]}
    (notice,) = parse_callback({"pix": [item]})
    assert notice.refunds == (RefundNotice("b", None, "X", None),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["pix", "endToEndId", "txid", "valor", "horario", "devolucoes", "id", "status"])
            | st.text(),
            inner,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_nothing_makes_it_raise(payload: object) -> None:
    for notice in parse_callback({"pix": payload}) + parse_callback(payload):
        assert 1 <= len(notice.end_to_end_id) <= 35


@pytest.mark.parametrize(
    ("value", "centavos"),
    [
        ("110.00", 110_00),
        ("0.01", 1),
        ("7.5", 7_50),
        ("100", 100_00),
        (37, 37_00),
        (69.9, 69_90),
        ("9999999999.99", 999_999_999_999),
    ],
)
def test_reais_in_centavos(value: object, centavos: int) -> None:
    assert read_centavos(value) == centavos


@pytest.mark.parametrize(
    "value", ["", "1,00", "-1.00", "1.000", "1e3", " 1.00", "١.00", True, None, [], float("nan"), -1]
)
def test_unreadable_money(value: object) -> None:
    assert read_centavos(value) is None


@pytest.mark.parametrize("value", ["", "yesterday", 5, None, "0001-01-01T00:00:00+23:00"])
def test_unreadable_instants(value: object) -> None:
    assert read_instant(value) is None


def test_an_instant_without_a_zone_counts_as_utc() -> None:
    assert read_instant("2026-11-22T10:00:00") == datetime(2026, 11, 22, 10, tzinfo=UTC)
