"""The way of a message never reads a whole table, however many people and events there were before.

A partial index serves only a statement that names its condition in the very words of the index: a bound value, harmless
to look at, would make each turn dearer than the one before.
"""

from __future__ import annotations

import re
import sqlite3

from bot.town import open_town
from tests.clock import FrozenClock

GROWING = ("events", "outbox", "contacts", "contact_aliases", "conversations", "registration_sessions")
WORDS = ("oi", "Ana Paula Exemplo", "529.982.247-25", "15/05/1990", "voltar")
CRAMPED = re.compile(rf"SCAN ({'|'.join(GROWING)})$")


async def test_nothing_is_read_from_end_to_end(sqlite_url: str) -> None:
    statements: set[str] = set()
    async with open_town(sqlite_url, FrozenClock()) as town:
        town.balcao.database.tap = statements.add
        people = [town.meta.person(f"551198765430{number}", "Ana Exemplo") for number in range(3)]
        for place, words in enumerate(WORDS):
            for person in people:
                await town.meta.says(person, words)
            await town.settle()
            if place == 0:
                for person in people:
                    await town.meta.chooses(person, "Quero fazer parte")
                await town.settle()
    # What is deleted for its age is read through now and then, a bounded piece at a time.
    hot = [statement for statement in statements if statement.startswith(("SELECT", "UPDATE"))]
    assert len(hot) > 20
    assert {statement: plan for statement in hot if (plan := scans(sqlite_url, statement))} == {}


def scans(url: str, statement: str) -> list[str]:
    """Steps of SQLite's plan that walk through a whole growing table."""
    with sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///")) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?")).fetchall()
    connection.close()
    return [step for *_, step in plan if CRAMPED.match(step)]
