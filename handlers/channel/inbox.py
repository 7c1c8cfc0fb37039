"""The door: everything Meta tells us becomes events in people's mailboxes, once, in one bulk insert.

Who somebody is: the BSUID decides; then the address as received; then the number with and without the ninth digit. A
known phone that arrives with another BSUID belongs to somebody new (numbers are recycled), so it changes hands and the
newcomer sees nothing of the former owner.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from handlers.channel.identity import aliases, to_e164
from storage import inbox
from storage.base import new_id
from storage.inbox import AliasKey
from storage.unit_of_work import NOBODY, Tx

HOME = "menu"
FIRST_STATE = "choosing"
STATUSES = 100
"""Delivery statuses of one row."""


class Item(Protocol):
    """What the parser of the webhook hands over."""

    @property
    def kind(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def phone_number_id(self) -> str | None: ...
    @property
    def external_id(self) -> str: ...
    @property
    def occurred_at(self) -> datetime | None: ...
    @property
    def wa_id(self) -> str | None: ...
    @property
    def bsuid(self) -> str | None: ...
    @property
    def parent_bsuid(self) -> str | None: ...
    @property
    def profile_name(self) -> str | None: ...
    @property
    def username(self) -> str | None: ...
    @property
    def payload(self) -> dict[str, Any]: ...
    @property
    def account_id(self) -> str | None: ...
    @property
    def display_phone_number(self) -> str | None: ...


@dataclass(slots=True)
class Received:
    """Of one bulk: what belonged to no number of ours, and whether anybody has mail (perhaps told twice)."""

    foreign: int = 0
    mailboxes: bool = False


@dataclass(slots=True)
class _Arrivals:
    """People met in this bulk, to be written before their events."""

    known: dict[AliasKey, uuid.UUID]
    now: datetime
    people: list[dict[str, Any]] = field(default_factory=list)
    talks: list[dict[str, Any]] = field(default_factory=list)
    names: list[dict[str, Any]] = field(default_factory=list)
    moved: dict[AliasKey, uuid.UUID] = field(default_factory=dict)
    with_bsuid: set[uuid.UUID] = field(default_factory=set)
    """Contacts known to have a BSUID: another BSUID on their phone is another person."""


async def receive(tx: Tx, items: Sequence[Item], now: datetime) -> Received:
    """Store a bulk of items (system transaction). Duplicates are dropped by the unique key."""
    numbers, accounts, shown = await inbox.numbers(tx)
    await _show_numbers(tx, items, shown)
    received = Received()
    talkers = [item for item in items if item.kind == "message" and item.phone_number_id in numbers]
    arrivals = _Arrivals(await inbox.find_aliases(tx, _keys(talkers, numbers)), now)
    arrivals.with_bsuid = await inbox.with_bsuid(tx, _by_phone_only(talkers, numbers, arrivals.known))
    owned = [(item, _owner(item, numbers, accounts)) for item in items]
    rows = [_event(item, org, arrivals, received) for item, org in owned if item.kind != "status"]
    rows += _bundles([(item, org) for item, org in owned if item.kind == "status"], now, received)
    await inbox.add_people(tx, arrivals.people, arrivals.talks, arrivals.names)
    if arrivals.people:
        await _yield_to_winners(tx, rows, arrivals)
    for key, contact_id in arrivals.moved.items():
        await inbox.point_alias(tx, key, contact_id)
    await inbox.add_events(tx, _distinct(rows))
    return received


async def _show_numbers(tx: Tx, items: Sequence[Item], shown: Mapping[str, str]) -> None:
    """Keep how each number of ours is dialled, as Meta tells it beside every message; written only when it is news."""
    told = {item.phone_number_id: item.display_phone_number for item in items if item.phone_number_id in shown}
    for phone_number_id, number in told.items():
        if phone_number_id and number and _digits(number) != _digits(shown[phone_number_id]):
            await inbox.show_number(tx, phone_number_id, number)


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))


def _keys(items: Sequence[Item], numbers: Mapping[str, uuid.UUID]) -> set[AliasKey]:
    return {
        (numbers[str(item.phone_number_id)], kind, value)
        for item in items
        for kind, value in aliases(item.wa_id, item.bsuid, item.parent_bsuid)
    }


def _by_phone_only(
    items: Sequence[Item], numbers: Mapping[str, uuid.UUID], known: Mapping[AliasKey, uuid.UUID]
) -> set[uuid.UUID]:
    """Contacts that a new BSUID would be added to."""
    return {
        known[key]
        for item in items
        if item.bsuid and (numbers[str(item.phone_number_id)], "bsuid", item.bsuid) not in known
        for key in _keys([item], numbers)
        if key in known
    }


async def _yield_to_winners(tx: Tx, rows: Sequence[dict[str, Any]], arrivals: _Arrivals) -> None:
    """Two processes met the same newcomer at once: the one whose names were written first keeps the person. A name
    that is about to change hands (a recycled number) says nothing: its former owner is another person."""
    ours = {row["id"] for row in arrivals.people}
    told = [(key, owner) for key, owner in reversed(arrivals.known.items()) if key not in arrivals.moved]
    keys = {contact_id: key for key, contact_id in told if contact_id in ours}
    owners = await inbox.find_aliases(tx, keys.values())
    lost = {contact_id: owners[key] for contact_id, key in keys.items() if owners.get(key, contact_id) != contact_id}
    for row in rows:
        row["contact_id"] = lost.get(row["contact_id"], row["contact_id"])
    if lost:
        await inbox.drop_people(tx, lost.keys())


def _distinct(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a key: PostgreSQL and SQLite both refuse to see the same key twice in one insert with RETURNING."""
    unique = {(row["organization_id"], row["source"], row["external_id"]): row for row in reversed(rows)}
    return list(reversed(unique.values()))


def _owner(item: Item, numbers: Mapping[str, uuid.UUID], accounts: Mapping[str, uuid.UUID]) -> uuid.UUID | None:
    """Whose this is: by the number it names, else (account notices name none) by the business account."""
    if item.phone_number_id is not None:
        return numbers.get(item.phone_number_id)
    return accounts.get(item.account_id or "")


def _event(item: Item, org: uuid.UUID | None, arrivals: _Arrivals, received: Received) -> dict[str, Any]:
    if item.phone_number_id is not None and org is None:
        received.foreign += 1
    contact_id = None
    # Without the number of ours that was written to there is no way to answer: that is for staff to see.
    named = item.phone_number_id is not None and (item.wa_id or item.bsuid)
    if org is not None and item.kind == "message" and named:
        contact_id = _contact(item, org, arrivals)
        received.mailboxes = True
    occurred = min(item.occurred_at or arrivals.now, arrivals.now)
    return {
        "organization_id": org or NOBODY,
        "contact_id": contact_id,
        "source": "whatsapp",
        "external_id": item.external_id[:255],
        "kind": "message" if contact_id else f"notice:{item.field}"[:40] if item.kind == "notice" else item.kind,
        "payload": _payload(item, contact_id),
        "status": "ignored" if org is None and item.kind in ("message", "unknown") else "pending",
        "occurred_at": occurred,
        "received_at": arrivals.now,
    }


def _bundles(
    statuses: Sequence[tuple[Item, uuid.UUID | None]], now: datetime, received: Received
) -> list[dict[str, Any]]:
    """Delivery statuses, three for every message we send: those of one bulk share rows. They need no key against being
    told twice, for they move a message forward only."""
    owners: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for item, org in statuses:
        received.foreign += org is None
        owners.setdefault(org or NOBODY, []).append(item.payload)
    return [
        {
            "organization_id": org,
            "contact_id": None,
            "source": "whatsapp",
            "external_id": f"statuses:{new_id()}",
            "kind": "statuses",
            "payload": {"statuses": payloads[start : start + STATUSES]},
            "status": "pending",
            "occurred_at": now,
            "received_at": now,
        }
        for org, payloads in owners.items()
        for start in range(0, len(payloads), STATUSES)
    ]


def _payload(item: Item, contact_id: uuid.UUID | None) -> dict[str, Any]:
    """The object as Meta sent it; a person's message also carries the names and the number of ours it came under."""
    if contact_id is None:
        return item.payload
    names = {
        "wa_id": item.wa_id,
        "bsuid": item.bsuid,
        "name": item.profile_name,
        "username": item.username,
        "phone_number_id": item.phone_number_id,
    }
    return {**item.payload, "_from": {key: value for key, value in names.items() if value}}


def _contact(item: Item, org: uuid.UUID, arrivals: _Arrivals) -> uuid.UUID:
    names = aliases(item.wa_id, item.bsuid, item.parent_bsuid)
    keys = [(org, kind, value) for kind, value in names if kind != "parent_bsuid"]
    found = {kind: arrivals.known.get((org, kind, value)) for org, kind, value in keys}
    contact_id = _decide(found, item.bsuid, arrivals)
    if contact_id is None:
        contact_id = _newcomer(item, org, arrivals)
    for key in keys:
        _name(key, contact_id, arrivals)
    return contact_id


def _decide(found: Mapping[str, uuid.UUID | None], bsuid: str | None, arrivals: _Arrivals) -> uuid.UUID | None:
    by_bsuid = found.get("bsuid")
    if by_bsuid is not None:
        return by_bsuid
    by_phone = found.get("wa_id") or found.get("match_key")
    if by_phone is None or bsuid is None:
        return by_phone
    return None if by_phone in arrivals.with_bsuid else by_phone


def _newcomer(item: Item, org: uuid.UUID, arrivals: _Arrivals) -> uuid.UUID:
    contact_id = new_id()
    arrivals.people.append(
        {
            "id": contact_id,
            "organization_id": org,
            "phone_number_id": item.phone_number_id,
            "profile_name": (item.profile_name or "")[:255] or None,
            "wa_id": item.wa_id,
            "bsuid": item.bsuid,
            "phone_e164": to_e164(item.wa_id) if item.wa_id else None,
            "username": (item.username or "")[:64] or None,
            "created_at": arrivals.now,
        }
    )
    arrivals.talks.append(
        {
            "contact_id": contact_id,
            "organization_id": org,
            "dialogue": HOME,
            "state": FIRST_STATE,
            "draft": {},
            "stack": [],
            "history": [],
            "entered_at": arrivals.now,
            "updated_at": arrivals.now,
        }
    )
    return contact_id


def _name(key: AliasKey, contact_id: uuid.UUID, arrivals: _Arrivals) -> None:
    owner = arrivals.known.get(key)
    if owner == contact_id:
        return
    if owner is None:
        row = {"id": new_id(), "organization_id": key[0], "contact_id": contact_id, "kind": key[1], "value": key[2]}
        arrivals.names.append({**row, "created_at": arrivals.now})
    else:
        arrivals.moved[key] = contact_id
    arrivals.known[key] = contact_id
    if key[1] == "bsuid":
        arrivals.with_bsuid.add(contact_id)
