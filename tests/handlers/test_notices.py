from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.http.envelope import split
from handlers.channel import notices
from handlers.channel.notices import (
    STATUS_RANK,
    AccountAlert,
    AccountUpdate,
    BusinessCapability,
    ChannelErrors,
    Echoes,
    FlowNotice,
    History,
    Notice,
    NoticeError,
    PhoneQuality,
    Preference,
    Security,
    State,
    Template,
    TemplateCategory,
    TemplateQuality,
    TemplateStatus,
    UnknownNotice,
    UserIdChange,
    UserIdUpdate,
    UserPreferences,
    advance,
    parse_notice,
    parse_status,
)
from tests.payloads import meta_examples

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOT_OURS = {
    "automatic_events",  # conversions that Meta guesses for advertisers
    "partner_solutions",  # for resellers of the API
    "smb_app_state_sync",  # the Business app's address book
    "calls",
    "group_lifecycle_update",
    "group_participants_update",
    "group_status_update",  # no calls, no groups here
}


def example(number: str) -> Notice:
    [item] = split(meta_examples.body(meta_examples.starting(number)), NOW)
    return parse_notice(item.field, item.payload)


@pytest.mark.parametrize("name", meta_examples.NAMES)
def test_every_example_has_a_typed_form(name: str) -> None:
    for item in split(meta_examples.body(name), NOW):
        if item.kind == "status":
            status = parse_status(item.payload)
            assert status.status is not State.OTHER
            assert status.at is not None
            assert status.message_id == item.payload["id"]
        elif item.kind != "message":
            unknown = isinstance(parse_notice(item.field, item.payload), UnknownNotice)
            assert unknown == (item.field in NOT_OURS)


def test_statuses() -> None:
    sent = parse_status(split(meta_examples.body(meta_examples.starting("053")), NOW)[0].payload)
    assert sent.status is State.SENT
    assert sent.category == "marketing"
    failed = parse_status(split(meta_examples.body(meta_examples.starting("021")), NOW)[0].payload)
    assert failed.errors == (
        NoticeError(
            131036, "Message failed to be delivered on at least one of the user's device", "Message payload not found"
        ),
    )


def test_status_details() -> None:
    told = {"status": "brand_new", "biz_opaque_callback_data": "row-1", "errors": [{"error_data": "bare"}]}
    status = parse_status(told)
    assert (status.status, status.opaque, status.errors) == (State.OTHER, "row-1", (NoticeError(0, "", "bare"),))


@pytest.mark.parametrize("pricing", [None, [], "service", {}, {"category": 4}])
def test_a_status_without_a_price_is_one_without_a_category(pricing: Any) -> None:
    assert parse_status({"status": "sent", "pricing": pricing}).category is None


@pytest.mark.parametrize(
    ("current", "new", "result"),
    [
        ("queued", "sent", "sent"),
        ("queued", "delivered", "delivered"),
        ("queued", "read", "read"),
        ("sent", "read", "read"),
        ("sent", "delivered", "delivered"),
        ("delivered", "read", "read"),
        ("delivered", "played", "read"),
        ("read", "played", None),
        ("read", "delivered", None),
        ("delivered", "sent", None),
        ("sent", "sent", None),
        ("queued", "failed", "failed"),
        ("sent", "failed", "failed"),
        ("delivered", "failed", None),
        ("read", "failed", None),
        ("failed", "failed", None),
        ("failed", "delivered", None),
        ("sent", "deleted", None),
        ("sent", "warning", None),
        ("sent", "other", None),
        ("mystery", "sent", None),
    ],
)
def test_a_communication_moves_forward_only(current: str, new: str, result: str | None) -> None:
    assert advance(current, new) == result


@given(st.lists(st.sampled_from([*State, "rubbish"])))
def test_no_order_of_statuses_moves_backwards(arrivals: list[str]) -> None:
    current = "queued"
    for new in arrivals:
        after = advance(current, new)
        if after is not None:
            assert current != "failed"
            assert after == "failed" or STATUS_RANK[after] > STATUS_RANK[current]
            current = after


def test_template_notices() -> None:
    assert example("042") == TemplateStatus(
        Template("1689556908129832", "order_confirmation", "en-US"), "APPROVED", None, "UTILITY"
    )
    welcome = Template("806312974732579", "welcome_template", "en-US")
    assert example("041") == TemplateQuality(welcome, "GREEN", "YELLOW")
    other = Template("278077987957091", "welcome_template", "en-US")
    assert example("069") == TemplateCategory(other, "UTILITY", "MARKETING", None, None)
    announced = datetime.fromtimestamp(1746169200, UTC)
    assert example("068") == TemplateCategory(other, None, "UTILITY", "MARKETING", announced)


def test_account_notices() -> None:
    assert example("065") == PhoneQuality("15550783881", "THROUGHPUT_UPGRADE", "TIER_UNLIMITED")
    assert example("039") == BusinessCapability("2000", 25)
    assert example("066") == Security("PIN_RESET_REQUEST", "15550783881", "61555822107539")
    restricted = example("005")
    assert isinstance(restricted, AccountUpdate)
    assert (restricted.event, restricted.violation) == ("ACCOUNT_RESTRICTION", "LOW_CALLING_QUALITY")
    assert restricted.restrictions[0].until == datetime.fromtimestamp(1641848057, UTC)
    flow = example("015")
    assert isinstance(flow, FlowNotice)
    assert (flow.event, flow.alert, flow.error_rate) == ("CLIENT_ERROR_RATE", "ACTIVATED", 14.28)


@pytest.mark.parametrize("nested", [True, False])
def test_account_alerts_in_both_shapes(nested: bool) -> None:
    alert = {
        "alert_severity": "CRITICAL",
        "alert_status": "ACTIVE",
        "alert_type": "OBA_REJECTED",
        "alert_description": "x",
    }
    entity = {"entity_type": "BUSINESS", "entity_id": 123}
    value = {**entity, "alert_info": alert} if nested else {**entity, **alert}
    assert parse_notice("account_alerts", value) == AccountAlert(
        "OBA_REJECTED", "CRITICAL", "ACTIVE", "x", "BUSINESS", "123"
    )


def test_preferences_and_changed_ids() -> None:
    at = datetime.fromtimestamp(1731705721, UTC)
    assert example("070") == UserPreferences((Preference("16505551234", None, True, "marketing_messages", at),))
    stop = {"user_preferences": [{"user_id": "BR.1", "value": "stop"}, {"user_id": "BR.2", "value": "maybe"}]}
    assert parse_notice("user_preferences", stop) == UserPreferences((Preference(None, "BR.1", False, None, None),))
    change = {
        "user_id_update": [
            {
                "wa_id": "5511987654321",
                "user_id": {"previous": "BR.1", "current": "BR.2"},
                "parent_user_id": {"previous": "BR.ENT.1", "current": "BR.ENT.2"},
            }
        ]
    }
    assert parse_notice("user_id_update", change) == UserIdUpdate(
        (UserIdChange("5511987654321", "BR.1", "BR.2", "BR.ENT.1", "BR.ENT.2"),)
    )


def test_history_and_echoes() -> None:
    history = example("011")
    assert isinstance(history, History)
    assert (history.progress, len(history.messages)) == (55, 4)
    late = example("012")
    assert isinstance(late, History)
    assert late.messages[0]["type"] == "image"
    echoes = parse_notice("smb_message_echoes", {"message_echoes": [{"id": "w", "to": "5511987654321"}, {"to": "1"}]})
    assert isinstance(echoes, Echoes)
    assert [(echo.message_id, echo.wa_id) for echo in echoes.echoes] == [("w", "5511987654321")]


def test_channel_errors() -> None:
    found = example("048")
    assert isinstance(found, ChannelErrors)
    assert (found.errors[0].code, found.errors[0].title) == (130429, "Rate limit hit")


def test_the_unknown_stays_whole() -> None:
    assert parse_notice("brand_new", {"a": 1}) == UnknownNotice("brand_new", {"a": 1})
    assert parse_notice("security", {"a": 1}) == UnknownNotice("security", {"a": 1})


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("stop")
NAMES = [
    "event",
    "errors",
    "code",
    "error_data",
    "details",
    "pricing",
    "type",
    "user_preferences",
    "value",
    "user_id",
    "current",
    "user_id_update",
    "history",
    "threads",
    "messages",
    "metadata",
    "progress",
    "message_echoes",
    "id",
    "to",
    "timestamp",
    "status",
    "restriction_info",
    "expiration",
    "flow_id",
    "alert_info",
    "alert_type",
    "decision",
    "new_category",
    "message_template_id",
    "new_quality_score",
    "max_phone_numbers_per_waba",
    "violation_info",
    "recipient_id",
]
SHAPED = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=300)
@given(st.sampled_from([*notices._PARSERS, "rubbish"]), st.dictionaries(st.sampled_from(NAMES), SHAPED, max_size=6))
def test_never_raises(field: str, payload: dict[str, Any]) -> None:
    assert isinstance(parse_notice(field, payload), get_args(Notice))
    assert parse_status(payload).status in State
