"""The way of a message never reads a whole table, however many people and events there were before: nor do payment,
contract and membership, nor what runs by itself every few seconds.

A partial index serves only a statement that names its condition in the very words of the index: a bound value, harmless
to look at, would make each turn dearer than the one before. And what SQLite finds by the organisation alone is all
there is, where there is but one.
"""

from __future__ import annotations

import re
import sqlite3

from storage.tables.all import metadata
from tests.clock import FrozenClock
from tests.town import Stage, cpf, staged

SMALL = frozenset(
    {
        "channel_numbers", "contracts", "leases", "membership_counters", "organizations", "partner_locations",
        "partners", "plan_addons", "plan_benefits", "plans", "schema_floor", "users",
    }
)  # fmt: skip
"""As long as what a business sets, not as what people do."""
GROWING = "|".join(metadata.tables.keys() - SMALL)
PARTIAL = "|".join(
    str(index.name)
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
)
"""Indexes of what waits alone: to walk through one of them is to read what there is to do."""
CRAMPED = re.compile(
    rf"SCAN ({GROWING})(?! USING (COVERING )?INDEX ({PARTIAL})$)"
    rf"|SEARCH ({GROWING}) USING (COVERING )?INDEX \w+ \(organization_id=\?\)$"
)
AGED = re.compile(r"DELETE FROM \w+ WHERE \w+\.id IN \(SELECT")
"""What is deleted for its age is read through now and then, a bounded piece at a time."""
QUEUE = re.compile(r"SELECT outbox\.kind, count|DELETE FROM outbox WHERE outbox\.communication_id IN \(SELECT")
"""What has not left yet, counted, or searched for what somebody who goes was to be told: it is short."""


async def test_nothing_is_read_from_end_to_end(sqlite_url: str, clock: FrozenClock) -> None:
    statements: set[str] = set()
    async with staged(sqlite_url, clock) as stage:
        stage.town.balcao.database.tap = statements.add
        await live(stage)
        stage.town.balcao.database.tap = None
    asked = {one for one in statements if one.startswith(("SELECT", "UPDATE", "DELETE", "WITH"))}
    assert len(asked) > 100
    asked -= {one for one in asked if AGED.match(one) or QUEUE.match(one)}
    assert {statement: plan for statement in asked if (plan := scans(sqlite_url, statement))} == {}


async def live(stage: Stage) -> None:
    """One who changes her mind about a name, one who becomes a member, one who pays too little and leaves, one who lets
    the code lapse; then nine days pass."""
    ana, bia, caio, davi = (
        stage.person(f"551198765432{number}", email=f"p{number}@gmail.com", cpf=cpf(number)) for number in range(1, 5)
    )
    await ana.reach("birth_date")
    await ana.say("voltar")
    await bia.reach("paying")
    await bia.pay()
    bia.place += 1
    await bia.reach("member")
    for words in ("menu", "minha carteirinha", "cancelar", "ajuda", "atendente"):
        await bia.say(words)
    await caio.reach("paying")
    await caio.pay(1_000)
    await davi.reach("paying")
    await davi.wait(minutes=61)
    await davi.say("já paguei")
    await davi.tap("Novo código")
    await davi.wait(hours=26)
    await davi.wait(days=8)
    await stage.town.balcao.service.observe()


def scans(url: str, statement: str) -> list[str]:
    """Steps of SQLite's plan that walk through a whole growing table, or through all of a business in it."""
    with sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///")) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?")).fetchall()
    connection.close()
    return [step for *_, step in plan if CRAMPED.match(step)]
