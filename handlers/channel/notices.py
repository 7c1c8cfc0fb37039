"""What Meta tells us that nobody said: notices about account, number, templates and people; statuses are beside.

Everything is parsed leniently: a known field whose content makes no sense is an `UnknownNotice` too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers.channel.lenient import digits, identifier, instant, integer, number, record, records, string
from handlers.channel.notice_types import (
    AccountAlert,
    AccountReview,
    AccountUpdate,
    BusinessCapability,
    ChannelErrors,
    Echo,
    Echoes,
    FlowNotice,
    History,
    Notice,
    PaymentConfiguration,
    PhoneName,
    PhoneQuality,
    Preference,
    Restriction,
    Security,
    Template,
    TemplateCategory,
    TemplateComponents,
    TemplateQuality,
    TemplateStatus,
    UnknownNotice,
    UserIdChange,
    UserIdUpdate,
    UserPreferences,
)
from handlers.channel.statuses import (
    STATUS_RANK,
    NoticeError,
    State,
    Status,
    advance,
    parse_status,
    read_errors,
)

__all__ = [
    "STATUS_RANK",
    "AccountAlert",
    "AccountReview",
    "AccountUpdate",
    "BusinessCapability",
    "ChannelErrors",
    "Echo",
    "Echoes",
    "FlowNotice",
    "History",
    "Notice",
    "NoticeError",
    "PaymentConfiguration",
    "PhoneName",
    "PhoneQuality",
    "Preference",
    "Restriction",
    "Security",
    "State",
    "Status",
    "Template",
    "TemplateCategory",
    "TemplateComponents",
    "TemplateQuality",
    "TemplateStatus",
    "UnknownNotice",
    "UserIdChange",
    "UserIdUpdate",
    "UserPreferences",
    "advance",
    "parse_notice",
    "parse_status",
]


def parse_notice(field: str, payload: dict[str, Any]) -> Notice:
    """The `value` of a webhook change of any field other than a message or status. Quality notices of templates also
    come under the status field in Meta's examples, so both parsers are tried there."""
    payload = record(payload)
    for parser in _PARSERS.get(field, ()):
        notice = parser(payload)
        if notice is not None:
            return notice
    return UnknownNotice(field, payload)


def _template(value: dict[str, Any]) -> Template:
    return Template(
        identifier(value.get("message_template_id")),
        string(value.get("message_template_name")),
        string(value.get("message_template_language")),
    )


def _template_status(value: dict[str, Any]) -> Notice | None:
    event = string(value.get("event"))
    reason, category = string(value.get("reason")), string(value.get("message_template_category"))
    return TemplateStatus(_template(value), event, None if reason == "NONE" else reason, category) if event else None


def _template_quality(value: dict[str, Any]) -> Notice | None:
    current = string(value.get("new_quality_score"))
    return TemplateQuality(_template(value), string(value.get("previous_quality_score")), current) if current else None


def _template_category(value: dict[str, Any]) -> Notice | None:
    current, correct = string(value.get("new_category")), string(value.get("correct_category"))
    previous, at = string(value.get("previous_category")), instant(value.get("category_update_timestamp"))
    return TemplateCategory(_template(value), previous, current, correct, at) if current else None


def _template_components(value: dict[str, Any]) -> Notice | None:
    body = string(value.get("message_template_element"), 4096)
    return TemplateComponents(_template(value), body) if body else None


def _phone_quality(value: dict[str, Any]) -> Notice | None:
    event = string(value.get("event"))
    limit = identifier(value.get("max_daily_conversations_per_business")) or string(value.get("current_limit"))
    return PhoneQuality(string(value.get("display_phone_number")), event, limit) if event else None


def _phone_name(value: dict[str, Any]) -> Notice | None:
    decision, name = string(value.get("decision")), string(value.get("requested_verified_name"))
    reason = string(value.get("rejection_reason"))
    return PhoneName(string(value.get("display_phone_number")), decision, name, reason) if decision else None


def _account_update(value: dict[str, Any]) -> Notice | None:
    event = string(value.get("event"))
    if event is None:
        return None
    restrictions = tuple(
        Restriction(string(item.get("restriction_type")), instant(item.get("expiration")))
        for item in records(value.get("restriction_info"))
    )
    violation = string(record(value.get("violation_info")).get("violation_type"))
    ban = string(record(value.get("ban_info")).get("waba_ban_state"))
    return AccountUpdate(event, string(value.get("phone_number")), violation, restrictions, ban)


def _account_review(value: dict[str, Any]) -> Notice | None:
    decision = string(value.get("decision"))
    return AccountReview(decision) if decision else None


def _account_alert(value: dict[str, Any]) -> Notice | None:
    """The alert stands in `alert_info` in Meta's page and beside the entity in older ones."""
    told = {**value, **record(value.get("alert_info"))}
    kind = string(told.get("alert_type"))
    if kind is None:
        return None
    return AccountAlert(
        kind,
        string(told.get("alert_severity")),
        string(told.get("alert_status")),
        string(told.get("alert_description"), 1024),
        string(told.get("entity_type")),
        identifier(told.get("entity_id")),
    )


def _capability(value: dict[str, Any]) -> Notice | None:
    daily = value.get("max_daily_conversations_per_business", value.get("max_daily_conversation_per_phone"))
    numbers = value.get("max_phone_numbers_per_waba", value.get("max_phone_numbers_per_business"))
    if daily is None and numbers is None:
        return None
    return BusinessCapability(identifier(daily), integer(numbers))


def _preferences(value: dict[str, Any]) -> Notice | None:
    found = tuple(
        Preference(
            digits(item.get("wa_id")),
            string(item.get("user_id")),
            item["value"] == "resume",
            string(item.get("category")),
            instant(item.get("timestamp")),
        )
        for item in records(value.get("user_preferences"))
        if item.get("value") in ("stop", "resume")
    )
    return UserPreferences(found) if found else None


def _user_ids(value: dict[str, Any]) -> Notice | None:
    changes = []
    for item in records(value.get("user_id_update")):
        user, parent = record(item.get("user_id")), record(item.get("parent_user_id"))
        current = string(user.get("current"))
        if current:
            changes.append(
                UserIdChange(
                    digits(item.get("wa_id")),
                    string(user.get("previous")),
                    current,
                    string(parent.get("previous")),
                    string(parent.get("current")),
                )
            )
    return UserIdUpdate(tuple(changes)) if changes else None


def _security(value: dict[str, Any]) -> Notice | None:
    event, phone = string(value.get("event")), string(value.get("display_phone_number"))
    return Security(event, phone, identifier(value.get("requester"))) if event else None


def _payment_configuration(value: dict[str, Any]) -> Notice | None:
    name, provider = string(value.get("configuration_name")), string(value.get("provider_name"))
    return PaymentConfiguration(name, provider, string(value.get("status"))) if name else None


def _flow(value: dict[str, Any]) -> Notice | None:
    flow_id, event = identifier(value.get("flow_id")), string(value.get("event"))
    if not flow_id or not event:
        return None
    return FlowNotice(
        flow_id,
        event,
        string(value.get("old_status")),
        string(value.get("new_status")),
        string(value.get("alert_state")),
        number(value.get("error_rate")),
        string(value.get("message"), 1024),
    )


def _history(value: dict[str, Any]) -> Notice | None:
    """Chunks of old threads, or a single media message that follows them."""
    chunks = records(value.get("history"))
    threads = [thread for chunk in chunks for thread in records(chunk.get("threads"))]
    messages = [message for place in (*threads, value) for message in records(place.get("messages"))]
    errors = tuple(error for chunk in chunks for error in read_errors(chunk.get("errors")))
    progress = max((integer(record(chunk.get("metadata")).get("progress")) or 0 for chunk in chunks), default=None)
    return History(progress, tuple(messages), errors) if chunks or messages else None


def _echoes(value: dict[str, Any]) -> Notice | None:
    echoes = tuple(
        Echo(wamid, digits(item.get("to")), string(item.get("to_user_id")), instant(item.get("timestamp")), item)
        for item in records(value.get("message_echoes"))
        if (wamid := string(item.get("id")))
    )
    return Echoes(echoes) if echoes else None


def _channel_errors(value: dict[str, Any]) -> Notice | None:
    errors = read_errors(value.get("errors"))
    return ChannelErrors(errors) if errors else None


_Parser = Callable[[dict[str, Any]], Notice | None]
_PARSERS: dict[str, tuple[_Parser, ...]] = {
    "messages": (_channel_errors,),
    "message_template_status_update": (_template_status, _template_quality),
    "message_template_quality_update": (_template_quality,),
    "message_template_components_update": (_template_components,),
    "template_category_update": (_template_category,),
    "phone_number_quality_update": (_phone_quality,),
    "phone_number_name_update": (_phone_name,),
    "account_update": (_account_update,),
    "account_review_update": (_account_review,),
    "account_alerts": (_account_alert,),
    "business_capability_update": (_capability,),
    "user_preferences": (_preferences,),
    "user_id_update": (_user_ids,),
    "security": (_security,),
    "payment_configuration_update": (_payment_configuration,),
    "flows": (_flow,),
    "history": (_history,),
    "smb_message_echoes": (_echoes,),
}
