from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.http.envelope import split
from conversations.said import (
    Kind,
    Location,
    Media,
    Order,
    OrderItem,
    PaymentMethod,
    Product,
    Reaction,
    Said,
    SharedContact,
    SystemChange,
    from_message,
)
from tests.payloads import meta_examples

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KINDS = {
    "text": Kind.TEXT,
    "image": Kind.IMAGE,
    "video": Kind.VIDEO,
    "audio": Kind.AUDIO,
    "sticker": Kind.STICKER,
    "document": Kind.DOCUMENT,
    "location": Kind.LOCATION,
    "contacts": Kind.CONTACTS,
    "reaction": Kind.REACTION,
    "order": Kind.ORDER,
    "button": Kind.CHOICE,
    "interactive": Kind.CHOICE,
    "system": Kind.SYSTEM,
    "edit": Kind.EDIT,
    "revoke": Kind.REVOKE,
    "unsupported": Kind.UNSUPPORTED,
}
MESSAGES = [name for name in meta_examples.NAMES if "_message-" in name and not name.startswith("012")]


def example(number: str) -> Said:
    return from_message(split(meta_examples.body(meta_examples.starting(number)), NOW)[0].payload)


def interactive(content: Any, **more: Any) -> Said:
    return from_message({"id": "wamid.x", "type": "interactive", "interactive": content, **more})


@pytest.mark.parametrize("name", MESSAGES)
def test_every_example_has_the_kind_of_its_type(name: str) -> None:
    [item] = split(meta_examples.body(name), NOW)
    said = from_message(item.payload)
    assert said.kind is KINDS[item.payload["type"]]
    assert said.message_id == item.external_id


def test_taps_and_answers() -> None:
    row = example("018")
    assert (row.text, row.choice) == ("Priority Mail Express", "priority_express")
    assert row.reply_to == "wamid.HBgLMTY0NjcwNDM1OTUVAgARGBIwMjg0RkMxOEMyMkNEQUFFRDgA"
    assert (example("019").text, example("019").choice) == ("Change", "change-button")
    assert (example("045").text, example("045").choice) == ("Unsubscribe", "Unsubscribe")
    alone = from_message({"type": "button", "button": {"payload": "p", "text": "Sim"}})
    assert (alone.kind, alone.choice, alone.text, alone.reply_to) == (Kind.CHOICE, "p", "Sim", None)


def test_media() -> None:
    assert example("047").media == Media(
        "622684793477189", "application/pdf", "V5OPpLD/gEG6Xjg0MbmQDLFgcKsL+j5LfY4ny/pZ4MY=", "receipt.pdf"
    )
    assert example("047").text == "my receipt"
    voice = example("044").media
    assert voice is not None
    assert voice.voice


def test_media_that_meta_could_not_fetch() -> None:
    said = from_message({"type": "video", "errors": [{"code": 131052, "title": "Media download error"}]})
    assert (said.kind, said.media) == (Kind.VIDEO, Media(None, None, None, error="131052"))


def test_location_contacts_reaction_and_order() -> None:
    assert example("051").location == Location(
        37.44221496582,
        -122.16165924072,
        "Philz Coffee",
        "101 Forest Ave, Palo Alto, CA 94301",
        "https://philzcoffee.com/",
    )
    assert example("046").contacts == (SharedContact("Barbara J. Johnson", ("+1 (415) 555-0829",)),)
    target = "wamid.HBgLMTQxMjU1NTA4MjkVAgASGBQzQUNCNjk5RDUwNUZGMUZEM0VBRAA="
    assert example("096").reaction == Reaction(target, "👍")
    assert example("097").reaction == Reaction(target, None)
    gone = from_message({"type": "reaction", "reaction": {"message_id": "w", "emoji": ""}})
    assert gone.reaction == Reaction("w", None)
    assert example("027").order == Order("1537566713439863", (OrderItem("n6k6x0y7oe", 1, 9999, "USD"),))
    assert example("052").text == "Love these!"


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (
            {"phones": [{"wa_id": "5511987654321"}], "origin": "contact_request"},
            SharedContact(None, ("+5511987654321",), "contact_request"),
        ),
        (
            {"vcard": "BEGIN:VCARD\r\nFN:Ana\r\nitem1.TEL;waid=5511987654321:+55 11 98765-4321\r\nEND:VCARD"},
            SharedContact("Ana", ("+55 11 98765-4321",)),
        ),
        ({"name": "Ana", "phones": 4}, SharedContact(None, ())),
    ],
)
def test_odd_shared_contacts(contact: dict[str, Any], expected: SharedContact) -> None:
    assert from_message({"type": "contacts", "contacts": [contact]}).contacts == (expected,)


def test_system_edit_and_revoke() -> None:
    assert example("057").system == SystemChange("user_changed_number", "12195555358", None)
    new = {"type": "user_changed_user_id", "user_id": "BR.2", "parent_user_id": "BR.ENT.2"}
    assert from_message({"type": "system", "system": new}).system == SystemChange(
        "user_changed_user_id", None, "BR.2", "BR.ENT.2"
    )
    edit = example("009")
    assert (edit.kind, edit.text, edit.target) == (
        Kind.EDIT,
        "Updated image caption",
        "wamid.HBgLMTQxMjU1NTA4MjkVAgASGBQzQUNCNjk5RDUwNUZGMUZEM0VBRAA=",
    )
    assert edit.media is not None
    assert edit.reply_to is None
    assert example("010").target == edit.target


def test_an_edit_within_an_edit_is_not_followed() -> None:
    message: dict[str, Any] = {"type": "text", "text": {"body": "oi"}}
    for _ in range(2000):
        message = {"type": "edit", "edit": {"original_message_id": "w", "message": message}}
    assert from_message(message) == Said(Kind.EDIT, target="w")


def test_advertisement_product_question_and_group() -> None:
    referral = example("059").referral
    assert referral is not None
    assert referral.source_id == "120226305854810726"
    assert referral.welcome_text == "Hi there! Let us know how we can help!"
    assert referral.video_url is None
    assert example("058").product == Product("194836987003835", "di9ozbzfi4")
    assert example("049").group_id


@pytest.mark.parametrize("name", ["forwarded", "frequently_forwarded"])
def test_forwarded_messages_answer_nothing(name: str) -> None:
    said = from_message({"type": "text", "text": {"body": "oi"}, "context": {name: True}})
    assert said.forwarded
    assert said.reply_to is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"flow_token": "t", "age": 30}', {"flow_token": "t", "age": 30}),
        ('{"a": "x\\u0000y"}', {"a": "xy"}),
        ("{}", {}),
        ("[1]", None),
        ("null", None),
        ("oops", None),
        ("", None),
        (None, None),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_flow_answers(answer: Any, expected: dict[str, Any] | None) -> None:
    said = interactive({"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": answer}})
    assert (said.kind, said.flow_reply, said.text) == (Kind.FLOW, expected, "")


def test_other_interactive_answers() -> None:
    card = {
        "payment_method": "offsite_card_pay",
        "payment_timestamp": 1763600000,
        "reference_id": "r1",
        "last_four_digits": "1234",
        "credential_id": "c1",
    }
    paid = interactive({"type": "payment_method", "payment_method": card})
    at = datetime.fromtimestamp(1763600000, UTC)
    assert (paid.kind, paid.payment) == (Kind.PAYMENT_METHOD, PaymentMethod("offsite_card_pay", "r1", "1234", "c1", at))
    for response, allowed in (("accept", True), ("reject", False)):
        call = interactive({"type": "call_permission_reply", "call_permission_reply": {"response": response}})
        assert (call.kind, call.call_permission) == (Kind.CALL_PERMISSION, allowed)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({}, "unknown"),
        ({"type": None}, "unknown"),
        ({"type": "poll"}, "poll"),
        ({"type": ["text"]}, "unknown"),
        ({"type": "unknown", "errors": [{"code": 131051}]}, "unknown"),
        ({"type": "unsupported"}, "unknown"),
        ({"type": "unsupported", "unsupported": {"type": "edit"}}, "edit"),
        ({"type": "interactive"}, "interactive"),
        ({"type": "interactive", "interactive": {"type": "new_reply"}}, "new_reply"),
        ({"type": "interactive", "interactive": {"type": "button_reply"}}, "interactive"),
        ({"type": "text"}, "text"),
        ({"type": "text", "text": {"body": 5}}, "text"),
        ({"type": "image"}, "image"),
        ({"type": "location", "location": {"latitude": 91, "longitude": 0}}, "location"),
        ({"type": "location", "location": {"latitude": "x", "longitude": 0}}, "location"),
        ({"type": "contacts", "contacts": {}}, "contacts"),
        ({"type": "reaction"}, "reaction"),
        ({"type": "button", "button": {}}, "button"),
        ({"type": "order"}, "order"),
        ({"type": "system"}, "system"),
        ({"type": "edit"}, "edit"),
        ({"type": "revoke", "revoke": []}, "revoke"),
    ],
)
def test_what_cannot_be_understood_says_why(message: dict[str, Any], reason: str) -> None:
    assert from_message(message) == Said(Kind.UNSUPPORTED, unsupported=reason)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("  oi  ", "oi"),
        ("a\x00b\x07c", "abc"),
        ("Joa\u0303o", "João"),
        ("um\r\ndois\rtrês", "um\ndois\ntrês"),
        ("a\tb", "a b"),
        ("\u202eabc\u200b", "abc"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("a\ud800b", "ab"),
        ("", ""),
        ("x" * 5000, "x" * 4096),
    ],
)
def test_text_is_tidied(body: str, text: str) -> None:
    assert from_message({"type": "text", "text": {"body": body}}).text == text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("NÃO", "nao"),
        ("  Já   paguei ", "ja paguei"),
        ("Ação\nÚnica", "acao unica"),
        ("ＭＥＮＵ", "menu"),
        ("Straße", "strasse"),
    ],
)
def test_word_is_bare(text: str, word: str) -> None:
    assert Said(Kind.TEXT, text).word == word


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    "text",
    "body",
    "image",
    "id",
    "caption",
    "location",
    "latitude",
    "longitude",
    "contacts",
    "phones",
    "interactive",
    "button_reply",
    "nfm_reply",
    "response_json",
    "reaction",
    "message_id",
    "order",
    "product_items",
    "item_price",
    "quantity",
    "system",
    "edit",
    "original_message_id",
    "message",
    "context",
    "referral",
    "errors",
    "code",
    "name",
]
SHAPED = st.recursive(
    LEAVES | st.sampled_from(sorted(KINDS)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*NAMES, "type"]), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=200)
@given(st.dictionaries(st.text(max_size=6), JSON, max_size=4))
def test_never_raises_for_any_dict(payload: dict[str, Any]) -> None:
    assert from_message(payload).kind in Kind


@settings(max_examples=300)
@given(st.sampled_from(sorted(KINDS)), st.dictionaries(st.sampled_from(NAMES), SHAPED, max_size=5), SHAPED)
def test_never_raises_for_what_looks_like_a_message(kind: str, payload: dict[str, Any], content: Any) -> None:
    said = from_message({**payload, "type": kind, kind: content})
    assert len(said.text) <= 4096
    assert said.word == said.word.strip()
    if said.flow_reply is not None:
        orjson.dumps(said.flow_reply)
