from __future__ import annotations

import copy
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.http.envelope import Item, NotJson, split
from handlers.channel.lenient import DEEPEST, LONGEST
from tests.payloads import meta_examples

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WAMID = "wamid.HBgLAAA="


def envelope(field: str | None = "messages", **value: Any) -> dict[str, Any]:
    change: dict[str, Any] = {"value": {"metadata": {"phone_number_id": "106540352242922"}, **value}}
    if field is not None:
        change["field"] = field
    return {"object": "whatsapp_business_account", "entry": [{"id": "102", "time": 1763600000, "changes": [change]}]}


def text(wamid: str = WAMID, sender: str = "5511987654321", body: str = "oi", **more: Any) -> dict[str, Any]:
    return {"from": sender, "id": wamid, "timestamp": "1763600000", "type": "text", "text": {"body": body}, **more}


def told(document: Any) -> list[Item]:
    return split(orjson.dumps(document), NOW)


def only(document: Any) -> Item:
    [item] = told(document)
    return item


@pytest.mark.parametrize("name", meta_examples.NAMES)
def test_every_example_of_meta_is_known(name: str) -> None:
    items = split(meta_examples.body(name), NOW)
    assert items
    for item in items:
        assert item.kind != "unknown"
        assert item.field
        assert bool(item.external_id) == (item.kind != "status")
        orjson.dumps(item.payload)
        expected = "message" if "_message-" in name else "status" if "_status-" in name else None
        if expected and item.field == "messages":
            assert item.kind == expected


@pytest.mark.parametrize("name", meta_examples.NAMES)
def test_the_dedupe_key_is_stable_and_indifferent_to_spacing_and_order(name: str) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(item) for key, item in reversed(value.items())}
        return [turned(item) for item in value] if isinstance(value, list) else value

    again = split(orjson.dumps(turned(meta_examples.document(name))), NOW + timedelta(hours=1))
    assert [item.external_id for item in again] == [item.external_id for item in split(meta_examples.body(name), NOW)]


def test_a_text_message() -> None:
    message = text(from_user_id="BR.1349", from_parent_user_id="BR.ENT.77")
    profile = {"name": " Ana\u200b Souza ", "username": "@ana"}
    contact = {"profile": profile, "wa_id": "5511987654321", "user_id": "BR.1349"}
    assert only(envelope(messages=[message], contacts=[contact])) == Item(
        kind="message",
        field="messages",
        phone_number_id="106540352242922",
        external_id=WAMID,
        occurred_at=datetime.fromtimestamp(1763600000, UTC),
        wa_id="5511987654321",
        bsuid="BR.1349",
        parent_bsuid="BR.ENT.77",
        profile_name="Ana Souza",
        username="ana",
        payload=message,
        account_id="102",
    )


def test_each_message_takes_its_own_contact() -> None:
    contacts = [
        {"profile": {"name": "Bia"}, "wa_id": "5521987654321"},
        {"profile": {"name": "Caio"}, "user_id": "BR.2"},
        {"profile": {"name": "Ana"}, "wa_id": "5511987654321"},
    ]
    messages = [text("a"), text("b", "5521987654321"), text("c", "", from_user_id="BR.2"), text("d", "5531987654321")]
    items = told(envelope(messages=messages, contacts=contacts))
    assert [item.profile_name for item in items] == ["Ana", "Bia", "Caio", None]
    assert [item.bsuid for item in items] == [None, None, "BR.2", None]


def test_a_single_contact_with_the_other_ninth_digit_form_is_the_sender_and_a_stranger_is_not() -> None:
    contact = {"profile": {"name": "Ana"}, "wa_id": "551187654321", "user_id": "BR.1"}
    assert only(envelope(messages=[text()], contacts=[contact])).bsuid == "BR.1"
    stranger = only(envelope(messages=[text(sender="5521987654321")], contacts=[contact]))
    assert (stranger.bsuid, stranger.profile_name) == (None, None)


def test_a_system_message_has_no_contacts() -> None:
    [item] = split(meta_examples.body(meta_examples.starting("057")), NOW)
    assert (item.kind, item.wa_id, item.profile_name) == ("message", "16505551234", None)


def test_a_batch_keeps_order_over_entries_changes_messages_and_statuses() -> None:
    first = envelope(messages=[text("a"), text("b")], statuses=[{"id": "s", "status": "sent", "recipient_id": "55"}])
    first["entry"] += envelope(messages=[text("c")])["entry"]
    first["entry"][0]["changes"] += envelope(messages=[text("d")])["entry"][0]["changes"]
    assert [item.external_id for item in told(first)] == ["a", "b", "", "d", "c"]


def test_a_thousand_updates() -> None:
    items = told(envelope(messages=[text(f"wamid.{number}") for number in range(1000)]))
    assert [item.external_id for item in items] == [f"wamid.{number}" for number in range(1000)]


@pytest.mark.parametrize(
    "recipient",
    [
        {"recipient_id": "5511987654321"},
        {"recipient_id": "", "recipient_user_id": "BR.1"},
        {},
        {"recipient_id": "GROUP", "recipient_type": "group"},
        {"recipient_id": "G", "recipient_type": "group", "recipient_participant_id": "55119"},
    ],
)
def test_a_status_is_kept_as_it_came_and_read_when_it_is_worked_off(recipient: dict[str, str]) -> None:
    status = {"id": WAMID, "status": "read", "timestamp": "1763600000", **recipient}
    item = only(envelope(statuses=[status]))
    assert (item.kind, item.payload, item.phone_number_id) == ("status", status, "106540352242922")


@pytest.mark.parametrize(
    ("timestamp", "known"),
    [
        ("1763600000", True),
        (1763600000, True),
        (int(NOW.timestamp()) + 86_000, True),
        (int(NOW.timestamp()) + 87_000, False),
        ("1234567890", False),
        ("1763600000000", False),
        ("soon", False),
        ("²", False),
        ("-1", False),
        (None, False),
        (True, False),
        (1e9, False),
        ([], False),
        ("9" * 5000, False),
    ],
)
def test_absurd_instants_are_none(timestamp: Any, known: bool) -> None:
    item = only(envelope(messages=[{**text(), "timestamp": timestamp}]))
    assert item.kind == "message"
    assert (item.occurred_at is not None) == known


def test_errors_of_the_channel_can_be_told_again_tomorrow() -> None:
    document = envelope(errors=[{"code": 130429, "title": "Rate limit hit"}])
    del document["entry"][0]["time"]
    today, again, tomorrow = (split(orjson.dumps(document), NOW + timedelta(hours=hours))[0] for hours in (0, 1, 24))
    assert today.kind == "errors"
    assert today.payload["errors"][0]["code"] == 130429
    assert today.external_id == again.external_id != tomorrow.external_id


def test_errors_beside_one_message_are_its_own() -> None:
    errors = [{"code": 131000, "error_data": {"details": "Unsupported webhook payload"}}]
    broken = {"from": "5511987654321", "id": WAMID, "timestamp": "1763600000", "type": "interactive"}
    assert only(envelope(messages=[broken], errors=errors)).payload["errors"] == errors
    kinds = [item.kind for item in told(envelope(messages=[broken, text("b")], errors=errors))]
    assert kinds == ["message", "message", "errors"]


def test_messages_of_the_past_and_our_own_are_notices() -> None:
    assert only(envelope("history", messages=[text()])).kind == "notice"
    echoes = [{"from": "5511", "to": "5511987654321", "id": "e1"}, {"from": "5511", "to": "5521987654321", "id": "e2"}]
    items = told(envelope("smb_message_echoes", message_echoes=echoes))
    assert [(item.kind, item.wa_id) for item in items] == [("notice", "5511987654321"), ("notice", "5521987654321")]
    assert items[0].payload["message_echoes"] == [echoes[0]]


def test_a_changed_bsuid_belongs_to_the_former_one() -> None:
    update = {"wa_id": "5511987654321", "user_id": {"previous": "BR.1", "current": "BR.2"}, "timestamp": 1763600000}
    item = only(envelope("user_id_update", user_id_update=[update], contacts=[{"user_id": "BR.2"}]))
    assert (item.kind, item.wa_id, item.bsuid) == ("notice", "5511987654321", "BR.1")


def test_two_equal_account_notices_at_two_times_are_two() -> None:
    first, second = envelope("account_update", event="X"), envelope("account_update", event="X")
    second["entry"][0]["time"] += 60
    assert only(first).external_id != only(second).external_id
    assert only(first).account_id == "102"


@pytest.mark.parametrize(
    "document",
    [
        None,
        True,
        3,
        "text",
        [],
        [1],
        {},
        {"object": "page", "entry": [{}]},
        {"entry": []},
        {"entry": {}},
        {"entry": [None]},
        {"entry": [{}]},
        {"entry": [{"changes": 5}]},
        {"entry": [{"changes": ["x"]}]},
        {"entry": [{"changes": [{}]}]},
        {"entry": [{"changes": [{"field": "messages", "value": []}]}]},
        envelope(),
        envelope(contacts=[{}]),
        envelope(messages=["x"]),
        envelope(messages=[{"type": "text"}]),
        envelope(messages=[{"id": 5}]),
        envelope(messages="x"),
        envelope(statuses=[{"id": WAMID}]),
        envelope(statuses=[{"id": WAMID, "status": 4}]),
        envelope(statuses=[None]),
        envelope(None, something=1),
    ],
)
def test_a_shape_never_seen_is_unknown(document: Any) -> None:
    item = only(document)
    assert item.kind == "unknown"
    assert len(item.external_id) == 64


@pytest.mark.parametrize("value", [{"metadata": []}, {"contacts": "x"}, {"contacts": [None, 3, {"profile": []}]}])
def test_odd_surroundings_do_not_spoil_a_message(value: dict[str, Any]) -> None:
    assert only(envelope(messages=[text()], **value)).kind == "message"


@pytest.mark.parametrize("body", [b"", b"oi", b"{", b"{'a': 1}", b"\xff\xfe", b'{"a": NaN}', b'{"a":1}x'])
def test_what_is_not_json(body: bytes) -> None:
    with pytest.raises(NotJson):
        split(body, NOW)


def test_nul_and_lone_surrogates_are_taken_out() -> None:
    raw = orjson.dumps(envelope(messages=[text(body="a@b", k=1)]))
    for broken, clean in (
        (b"a\\u0000b", "ab"),
        (b"a\\ud800b", "ab"),
        (b"a\\ud83d\\ude00b", "a😀b"),
        (b"a\xffb", "a\ufffdb"),
    ):
        [item] = split(raw.replace(b"a@b", broken).replace(b'"k"', b'"k\\u0000"'), NOW)
        assert item.payload["text"]["body"] == clean
        assert item.payload["k"] == 1
        orjson.dumps(item.payload)


def test_long_strings_and_deep_nests_are_cut() -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = {"a": [deep]}
    raw = b'{"entry": [{"changes": [{"field": "flows", "value": {"s": "%s", "d": ' % (b"s" * (LONGEST + 9))
    nest = b'{"a":[' * 300 + b"1" + b"]}" * 300
    [item] = split(raw + nest + b"}}]}]}", NOW)
    assert item.kind == "notice"
    assert len(item.payload["s"]) == LONGEST
    assert orjson.dumps(item.payload).count(b"{") <= DEEPEST


@pytest.mark.parametrize("body", [b"[" * 500_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[" * 1000 + b"]" * 1000])
def test_endless_nesting_is_unknown(body: bytes) -> None:
    [item] = split(body, NOW)
    assert item.kind == "unknown"
    orjson.dumps(item.payload)


@pytest.mark.parametrize("number", [b"1e999", b"1" * 5000, b"-" + b"9" * 30])
def test_numbers_beyond_measure(number: bytes) -> None:
    [item] = split(b'{"entry":[{"changes":[{"field":"x","value":{"n":%s}}]}]}' % number, NOW)
    assert item.kind == "notice"
    orjson.dumps(item.payload)


def test_a_very_long_id_becomes_a_key_of_fixed_length() -> None:
    assert len(only(envelope(messages=[text("w" * 300)])).external_id) == 64


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.lists(st.lists(st.none(), max_size=1), max_size=1),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    if not isinstance(value, (dict, list)):
        return []
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


@settings(max_examples=300)
@given(st.sampled_from(meta_examples.NAMES), st.lists(st.tuples(st.integers(0), ODD), max_size=4), st.booleans())
def test_mutated_examples_never_raise(name: str, changes: list[tuple[int, Any]], drop: bool) -> None:
    document = copy.deepcopy(meta_examples.document(name))
    for number, odd in changes:
        found = places(document)
        if found:
            holder, key = found[number % len(found)]
            if drop and isinstance(holder, dict):
                del holder[key]
            else:
                holder[key] = odd
    items = told(document)
    assert items
    for item in items:
        assert isinstance(item.payload, dict)
        assert b"\\u0000" not in orjson.dumps(item.payload)
        assert (item.kind != "status") <= len(item.external_id) <= 255
        assert item.wa_id is None or item.wa_id.isdecimal()


@settings(max_examples=200)
@given(st.sampled_from(meta_examples.NAMES), st.integers(0), st.binary(max_size=12))
def test_mutilated_bodies_raise_only_not_json(name: str, at: int, junk: bytes) -> None:
    body = meta_examples.body(name)
    at %= len(body)
    try:
        assert split(body[:at] + junk + body[at + len(junk) :], NOW)
    except NotJson:
        return


def test_a_text_message_takes_microseconds() -> None:
    """17 µs on the slow build machine; the generous bound only catches a change of kind."""
    body = orjson.dumps(envelope(messages=[text()], contacts=[{"profile": {"name": "Ana"}, "wa_id": "5511987654321"}]))
    spans = []
    for _ in range(300):
        start = time.perf_counter()
        split(body, NOW)
        spans.append(time.perf_counter() - start)
    assert min(spans) < 100e-6
