"""After years of traffic every table holds what its rule says, and no table is without a rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row

from bot.town import Town
from scheduler import retention as keep
from storage.tables.all import metadata
from tests.clock import FrozenClock
from tests.town import Person, Stage, rows, staged

DOCS = Path(__file__).parents[2] / "docs" / "privacy.md"
Rule = Callable[[Row[Any], datetime], bool]
"""Whether a row may still be there."""
NOW_AND_THEN = timedelta(hours=6, minutes=1)
"""Retention runs so often: a row may be so much older than its rule says."""


def younger(column: str, than: timedelta) -> Rule:
    return lambda row, now: getattr(row, column) > now - than - NOW_AND_THEN


def is_event(row: Row[Any], now: datetime) -> bool:
    return row.status == "pending" or younger("received_at", keep.KEEP_EVENTS)(row, now)


def is_message(row: Row[Any], now: datetime) -> bool:
    worded = row.content is not None or row.variables is not None
    return younger("created_at", keep.KEEP_WORDING if worded else keep.KEEP_MESSAGES)(row, now)


def is_document(row: Row[Any], now: datetime) -> bool:
    return row.expires_at is None or row.expires_at > now - NOW_AND_THEN


def is_notice(row: Row[Any], now: datetime) -> bool:
    return row.severity != "info" or younger("created_at", keep.KEEP_NOTICES)(row, now)


RULES: dict[str, Rule] = {
    "events": is_event,
    "outbox": younger("created_at", keep.KEEP_DEAD),
    "timers": lambda row, now: row.due_at > now,
    "communications": is_message,
    "documents": is_document,
    "media_uploads": lambda row, now: row.expires_at > now - NOW_AND_THEN,
    "staff_notices": is_notice,
    "verification_codes": younger("created_at", keep.KEEP_CODES),
    "journey_steps": younger("left_at", keep.KEEP_STEPS),
}
KEPT = {
    # A row for each person, sign-up or member, whatever the traffic.
    "contacts", "contact_aliases", "conversations", "registration_sessions", "customers", "customer_contacts",
    "dependents", "addresses",
    # What the law asks for.
    "consents", "payment_intents", "payments", "refunds", "contract_signatures", "audit_logs",
    # What the business sells and who works there.
    "organizations", "channel_numbers", "users", "plans", "plan_benefits", "plan_addons", "contracts", "partners",
    "partner_locations", "membership_counters",
    # A row for each job; one row.
    "leases", "schema_floor",
}  # fmt: skip


def test_every_table_has_a_rule_and_is_in_the_documentation() -> None:
    assert set(metadata.tables) == set(RULES) | KEPT
    assert not set(RULES) & KEPT
    told = DOCS.read_text("utf-8").split("## What grows")[1]
    assert set(re.findall(r"`(\w+)`", told.split("\n## ")[0])) >= set(metadata.tables)


@pytest.mark.timeout(120)
async def test_years_go_by(sqlite_url: str, clock: FrozenClock) -> None:
    async with staged(sqlite_url, clock) as stage:
        await everybody_comes(stage)
        before = await counts(stage.town)
        for days in (1, 7, 8, 15, 31, 61, 243, 366, 366, 366, 366, 366):
            clock.forward(timedelta(days=days))
            await stage.town.settle()
            # Retention is a job among others: once more, for what the others left to it.
            clock.forward(NOW_AND_THEN)
            await stage.town.settle()
            await every_rule_holds(stage.town, clock.now())
        after = await counts(stage.town)
        gone = {"events", "outbox", "timers", "communications", "media_uploads", "verification_codes", "journey_steps"}
        assert {name for name in gone if before[name]} >= gone - {"outbox", "media_uploads"}
        assert {name: after[name] for name in gone} == dict.fromkeys(gone, 0)
        assert after["customers"] == 1


async def everybody_comes(stage: Stage) -> None:
    """A member, somebody who stops half way, and somebody who only says hello."""
    await person(stage, 1).reach("member")
    await person(stage, 2).reach("cep")
    await person(stage, 3).say("oi")


def person(stage: Stage, number: int) -> Person:
    cpfs = ("529.982.247-25", "123.456.789-09", "111.444.777-35")
    return stage.person(
        f"551198765432{number}", f"Pessoa {number}", email=f"pessoa{number}@gmail.com", cpf=cpfs[number - 1]
    )


async def counts(town: Town) -> dict[str, int]:
    return {name: len(await rows(town, name)) for name in metadata.tables}


async def every_rule_holds(town: Town, now: datetime) -> None:
    for name, rule in RULES.items():
        old = [row for row in await rows(town, name) if not rule(row, now)]
        assert old == [], f"{name} at {now}"
