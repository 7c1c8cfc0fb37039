"""One webhook body → its items. The hot path: plain dicts, a single look at each fragment, nothing raised but NotJson.

Decisions (Meta documents neither dedupe keys nor a closed set of shapes):
- `field` "messages" alone holds messages and statuses; messages under `history` or `smb_message_echoes` are old or our
  own, hence notices that nobody answers.
- Preferences, BSUID changes and echoes belong to a person each, so their lists are cut into one item a person; the
  payload keeps Meta's shape with a list of one.
- Errors beside one single message belong to it and are copied into it; other `value.errors` are an item of their own.
- A body is cleaned (`lenient.clean`: NUL, lone surrogates, strings over 65,536 characters, over 64 levels) only if it
  must be: a small body with few brackets cannot need it, and for the rest a look is cheaper than the copy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import orjson

from handlers.channel.identity import match_key
from handlers.channel.lenient import DEEPEST, LONGEST, clean, digits, instant, plain, record, records, tame

Kind = Literal["message", "status", "errors", "notice", "unknown"]

_BUSINESS = "whatsapp_business_account"
_DAY = 86_400
_LONGEST_KEY = 255
_LONGEST_BSUID = 200
_LONGEST_SHOWN = 40
_PEOPLE_LISTS = {
    "user_preferences": "user_preferences",
    "user_id_update": "user_id_update",
    "smb_message_echoes": "message_echoes",
}


class NotJson(ValueError):
    """The body is not JSON at all."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing Meta told us. `payload` is the message, status or notice value itself, safe to store as JSONB."""

    kind: Kind
    field: str
    phone_number_id: str | None
    external_id: str
    """Dedupe key: wamid; none for a status; else the SHA-256 (hex) of field, account, time and content."""
    occurred_at: datetime | None
    wa_id: str | None
    bsuid: str | None
    parent_bsuid: str | None
    profile_name: str | None
    username: str | None
    payload: dict[str, Any]
    account_id: str | None = None
    """WABA id: the only address of account notices, which name no phone_number_id."""
    display_phone_number: str | None = None
    """Digits of our number as it is dialled."""


class _Person(NamedTuple):
    wa_id: str | None = None
    bsuid: str | None = None
    parent_bsuid: str | None = None
    profile_name: str | None = None
    username: str | None = None


_NOBODY = _Person()


class _Place(NamedTuple):
    """Where a fragment stood. `time` is the entry's, `latest` the last credible unix second."""

    field: str
    phone_number_id: str | None
    account_id: str | None
    time: Any
    now: datetime
    latest: float
    display_phone_number: str | None = None


def split(body: bytes, now: datetime) -> list[Item]:
    """All items of a webhook body in the order written, at least one; strange parts come back as kind "unknown"."""
    document = _load(body)
    place = _Place("", None, None, None, now, now.timestamp() + _DAY)
    entries = document.get("entry") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries or document.get("object", _BUSINESS) != _BUSINESS:
        return [_unknown(document, place)]
    items: list[Item] = []
    for entry in entries:
        _entry(entry, place, items)
    return items


def _load(body: bytes) -> Any:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return clean(_load_slowly(body))
    if b"\\u0000" in body:
        return clean(document)
    small = len(body) <= LONGEST and body.count(b"{") + body.count(b"[") <= DEEPEST
    return document if small or tame(document) else clean(document)


def _load_slowly(body: bytes) -> Any:
    """What orjson refuses though it is JSON: lone surrogates, a byte order mark, endless nesting, huge numbers."""
    text = body.decode("utf-8-sig", "replace")
    try:
        return json.loads(text, parse_int=_integer, parse_constant=_no_constant)
    except RecursionError:
        return {"raw": text}
    except ValueError:
        raise NotJson("the body is not JSON") from None


def _integer(written: str) -> int | str:
    return int(written) if len(written) <= 18 else written


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _entry(entry: Any, place: _Place, items: list[Item]) -> None:
    changes = entry.get("changes") if isinstance(entry, dict) else None
    if not isinstance(changes, list) or not changes:
        items.append(_unknown(entry, place))
        return
    for change in changes:
        value = change.get("value") if isinstance(change, dict) else None
        if not isinstance(value, dict):
            items.append(_unknown(change, place))
            continue
        field = _field(change, entry, value)
        metadata = record(value.get("metadata"))
        phone, shown = _id(metadata.get("phone_number_id")), _dialled(metadata.get("display_phone_number"))
        here = _Place(field, phone, _id(entry.get("id")), entry.get("time"), place.now, place.latest, shown)
        if field == "messages":
            _messages(value, here, items)
        else:
            _notices(value, here, items)


def _field(change: dict[str, Any], entry: dict[str, Any], value: dict[str, Any]) -> str:
    """The field's name, also where some of Meta's examples misplace it."""
    for name in (change.get("field"), entry.get("field"), value.get("field")):
        if isinstance(name, str) and name:
            return name[:100]
    return "messages" if "messages" in value or "statuses" in value else ""


def _messages(value: dict[str, Any], place: _Place, items: list[Item]) -> None:
    messages, statuses, errors = _list(value, "messages"), _list(value, "statuses"), value.get("errors")
    contacts = records(value.get("contacts"))
    if errors and len(messages) == 1 and isinstance(messages[0], dict):
        messages = [{"errors": errors, **messages[0]}]
        errors = None
    for message in messages:
        items.append(_message(message, contacts, place))
    for status in statuses:
        items.append(_status(status, place))
    if errors:
        payload = {"metadata": value.get("metadata"), "errors": errors}
        items.append(_content("errors", payload, place, _NOBODY, place.time, salt=place.now.date().isoformat()))
    elif not messages and not statuses:
        items.append(_unknown(value, place))


def _message(message: Any, contacts: list[dict[str, Any]], place: _Place) -> Item:
    wamid = message.get("id") if isinstance(message, dict) else None
    if not isinstance(wamid, str) or not wamid:
        return _unknown(message, place)
    wa_id, bsuid = digits(message.get("from")), _bsuid(message.get("from_user_id"))
    person = _person(wa_id, bsuid, _bsuid(message.get("from_parent_user_id")), contacts)
    return _item("message", message, place, person, wamid, instant(message.get("timestamp"), place.latest))


def _status(status: Any, place: _Place) -> Item:
    """Three follow every message of ours, so nothing is looked for that is not used: whom it reached is known by the
    message, and being told twice changes nothing."""
    wamid, state = (status.get("id"), status.get("status")) if isinstance(status, dict) else (None, None)
    if not (isinstance(wamid, str) and wamid and isinstance(state, str) and state):
        return _unknown(status, place)
    return _item("status", status, place, _NOBODY, "", None)


def _notices(value: dict[str, Any], place: _Place, items: list[Item]) -> None:
    name = _PEOPLE_LISTS.get(place.field, "")
    pieces = _list(value, name)
    contacts = records(value.get("contacts"))
    for piece in pieces:
        told = record(piece)
        person = _noticed(told, contacts)
        payload = {**value, name: [piece]}
        items.append(_content("notice", payload, place, person, told.get("timestamp", place.time)))
    if not pieces:
        kind: Kind = "notice" if place.field else "unknown"
        items.append(_content(kind, value, place, _NOBODY, place.time))


def _noticed(told: dict[str, Any], contacts: list[dict[str, Any]]) -> _Person:
    """Whom a preference, a BSUID change or an echo is about. The former BSUID is the one we know the person by."""
    user, parent = told.get("user_id"), told.get("parent_user_id")
    bsuid = _bsuid(user.get("previous") if isinstance(user, dict) else user or told.get("to_user_id"))
    parent_bsuid = _bsuid(parent.get("previous") if isinstance(parent, dict) else parent)
    return _person(digits(told.get("wa_id") or told.get("to")), bsuid, parent_bsuid, contacts)


def _person(wa_id: str | None, bsuid: str | None, parent_bsuid: str | None, contacts: list[dict[str, Any]]) -> _Person:
    """The sender with what the contact that is surely theirs adds; one with another phone or BSUID adds nothing."""
    contact = _contact(wa_id, bsuid, contacts)
    if contact is None:
        return _Person(wa_id, bsuid, parent_bsuid)
    profile = record(contact.get("profile"))
    username = _shown(profile.get("username") or contact.get("username"))
    return _Person(
        wa_id or digits(contact.get("wa_id")),
        bsuid or _bsuid(contact.get("user_id")),
        parent_bsuid or _bsuid(contact.get("parent_user_id")),
        _shown(profile.get("name")),
        username.lstrip("@") or None if username else None,
    )


def _contact(wa_id: str | None, bsuid: str | None, contacts: list[dict[str, Any]]) -> dict[str, Any] | None:
    for contact in contacts:
        if (wa_id and contact.get("wa_id") == wa_id) or (bsuid and contact.get("user_id") == bsuid):
            return contact
    if len(contacts) != 1:
        return None
    phone, user = digits(contacts[0].get("wa_id")), contacts[0].get("user_id")
    other_phone = wa_id and phone and match_key(wa_id) != match_key(phone)
    return None if other_phone or (bsuid and user and bsuid != user) else contacts[0]


def _item(kind: Kind, payload: dict[str, Any], place: _Place, person: _Person, key: str, at: datetime | None) -> Item:
    return Item(
        kind,
        place.field,
        place.phone_number_id,
        key if len(key) <= _LONGEST_KEY else _digest(key),
        at,
        person.wa_id,
        person.bsuid,
        person.parent_bsuid,
        person.profile_name,
        person.username,
        payload,
        place.account_id,
        place.display_phone_number,
    )


def _content(kind: Kind, payload: dict[str, Any], place: _Place, person: _Person, time: Any, salt: str = "") -> Item:
    """An item without an id of its own. Channel errors bear no time either: `salt` (the day) lets the same one be told
    again tomorrow; without it the second "rate limit hit" of a number's life would pass for a duplicate."""
    key = _digest([place.field, place.account_id, place.time or salt, payload])
    return _item(kind, payload, place, person, key, instant(time, place.latest))


def _unknown(fragment: Any, place: _Place) -> Item:
    payload = fragment if isinstance(fragment, dict) else {"raw": fragment}
    return _content("unknown", payload, place, _NOBODY, payload.get("timestamp", place.time))


def _digest(content: Any) -> str:
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _list(value: dict[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else [] if found is None else [found]


def _id(value: Any) -> str | None:
    return value[:100] or None if isinstance(value, str) else str(value) if type(value) is int else None


def _dialled(value: Any) -> str | None:
    return _digits_of(value) if isinstance(value, str) and len(value) <= _LONGEST_SHOWN else None


@lru_cache(maxsize=256)  # Of the few numbers that are ours, told with every call.
def _digits_of(value: str) -> str | None:
    """Meta writes it with or without plus, spaces and dashes; 15 digits is the longest number there is (E.164)."""
    number = "".join(filter(str.isdecimal, value)) if value.isascii() else ""
    return number if 0 < len(number) <= 15 else None


def _bsuid(value: Any) -> str | None:
    """`BR.1349…`: any printable word; Meta's own examples do not follow Meta's own pattern."""
    good = isinstance(value, str) and 0 < len(value) <= _LONGEST_BSUID and value.isascii() and value.isprintable()
    return value if good else None


def _shown(value: Any) -> str | None:
    return plain(value, 200) or None
