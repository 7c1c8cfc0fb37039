"""The business's own numbers: whose they are, how they are dialled, and from which of them a person is answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select

from bot.http.envelope import Item, split
from handlers.channel.inbox import receive
from handlers.organizations.apply import NumberSettings, apply, parse
from handlers.organizations.tally import Report
from storage.base import new_id
from storage.inbox import GROUPS, find_aliases
from storage.tables.organizations import channel_numbers
from storage.tables.queues import events
from storage.unit_of_work import Database
from tests.factories import START, VAULT, organization
from tests.handlers.test_apply import SMALL
from tests.town import Stage, staged

FIRST, SECOND = "106540352242922", "106540352242999"


def item(wamid: str, number: str = FIRST, shown: Any = "5511999990000") -> Item:
    message = {"from": "5511900000001", "id": wamid, "timestamp": "1764000000", "type": "text", "text": {"body": "oi"}}
    value = {"metadata": {"phone_number_id": number, "display_phone_number": shown}, "messages": [message]}
    body = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}
    (found,) = split(orjson.dumps(body), START)
    return found


@pytest.mark.parametrize(
    ("shown", "known"),
    [("5511999990000", "5511999990000"), ("+55 11 99999-0000", "5511999990000"), ("DISPLAY", None), (7, None),
     ("1" * 16, None), ("", None), (None, None)],
)  # fmt: skip
def test_the_webhook_tells_how_the_number_is_dialled(shown: Any, known: str | None) -> None:
    assert item("wamid.1", shown=shown).display_phone_number == known


async def shop(database: Database, display: str = "", number: str = FIRST) -> UUID:
    org = (await organization(database)).id
    row = {"id": new_id(), "organization_id": org, "phone_number_id": number, "business_account_id": number}
    row |= {"display_number": display, "created_at": START}
    await database.run(lambda tx: tx.add(channel_numbers, row), org=None)
    return org


async def displayed(database: Database) -> list[str]:
    rows = await database.run(lambda tx: tx.all(select(channel_numbers)), org=None)
    return [row.display_number for row in rows]


async def test_the_number_is_kept_as_it_is_told_and_written_only_when_it_is_news(database: Database) -> None:
    await shop(database)
    written: list[str] = []

    database.tap = written.append
    for wamid, shown in (("1", "5511999990000"), ("2", "5511999990000"), ("3", None), ("4", "5511999991111")):
        one = item(f"wamid.{wamid}", shown=shown)
        await database.run(lambda tx, one=one: receive(tx, [one], START), org=None)  # type: ignore[misc]
    assert await displayed(database) == ["5511999991111"]
    assert len([one for one in written if one.lower().startswith("update channel_numbers")]) == 2


async def test_the_same_number_written_nicely_stays(database: Database) -> None:
    await shop(database, "+55 11 99999-0000")
    await database.run(lambda tx: receive(tx, [item("wamid.1")], START), org=None)
    assert await displayed(database) == ["+55 11 99999-0000"]


async def test_a_message_says_which_number_it_came_to(database: Database) -> None:
    await shop(database)
    await database.run(lambda tx: receive(tx, [item("wamid.1")], START), org=None)
    (row,) = await database.run(lambda tx: tx.all(select(events)), org=None)
    assert row.payload["_from"]["phone_number_id"] == FIRST


# --- apply ----------------------------------------------------------------------------------------------------------


async def applied(database: Database, text: str, number: NumberSettings, days: int = 0) -> Report:
    business = parse(text, "business.yaml")
    now = START + timedelta(days=days)
    return await database.run(lambda tx: apply(tx, VAULT, business, now, number), org=None)


async def test_one_person_of_many_businesses_is_known_to_each_again(database: Database) -> None:
    """All at once, with more of them than one question for names asks about."""
    numbers = [f"10654{place}" for place in range(GROUPS + 1)]
    owners = [await shop(database, number=number) for number in numbers]
    bulk = [item(f"wamid.{number}", number) for number in numbers]
    await database.run(lambda tx: receive(tx, bulk, START), org=None)
    rows = await database.run(lambda tx: tx.all(select(events).order_by(events.c.id)), org=None)
    met = {row.organization_id: row.contact_id for row in rows}
    assert list(met) == owners
    keys = [(owner, "wa_id", "5511900000001") for owner in owners]
    known = await database.run(lambda tx: find_aliases(tx, keys), org=None)
    assert {owner: known[owner, kind, name] for owner, kind, name in keys} == met
    assert len(set(met.values())) == GROUPS + 1


async def test_a_known_number_is_not_forgotten_by_settings_that_do_not_know_it(database: Database) -> None:
    await applied(database, SMALL, NumberSettings(FIRST, "1"))
    await database.run(lambda tx: receive(tx, [item("wamid.1")], START), org=None)
    report = await applied(database, SMALL, NumberSettings(FIRST, "1"))
    assert (report.changed, report.lines) == (0, ())
    assert await displayed(database) == ["5511999990000"]


async def test_the_second_business_is_told_that_it_has_no_number(database: Database) -> None:
    slug = parse(SMALL, "business.yaml").business.slug
    await applied(database, SMALL, NumberSettings(FIRST, "1"))
    other = SMALL.replace(slug, "outra-casa")
    for number, words in (
        (FIRST, f"number {FIRST} belongs to {slug}: outra-casa answers nobody on it"),
        (SECOND, f"number {SECOND} belongs to the first business applied: outra-casa answers nobody on it"),
    ):
        report = await applied(database, other, NumberSettings(number, "1"), days=1)
        assert report.lines[-1] == words


# --- two numbers of one business ------------------------------------------------------------------------------------


async def test_who_writes_to_the_second_number_is_answered_from_it(sqlite_url: str, clock: Any) -> None:
    async with staged(sqlite_url, clock) as stage:
        ana = stage.person()
        await ana.say("oi")
        await _write_to(stage, SECOND, "wamid.second")
        (contact,) = await stage.rows("contacts")
        assert contact.phone_number_id == SECOND
        rows = [row for row in await stage.rows("outbox") if row.kind == "whatsapp.message"]
        assert [row.payload["number"] for row in rows] == [SECOND]


async def _write_to(stage: Stage, number: str, wamid: str) -> None:
    """A message to a number of the same business that the fake Meta has not: the reply waits in the outbox."""
    (org,) = await stage.rows("organizations")
    row = {"id": new_id(), "organization_id": org.id, "phone_number_id": number, "business_account_id": "1"}
    row |= {"created_at": stage.clock.now()}
    one = split(
        orjson.dumps(
            {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": {
                "metadata": {"phone_number_id": number},
                "messages": [{"from": "5511987654321", "id": wamid, "timestamp": "1764000000", "type": "text",
                              "text": {"body": "oi"}}],
            }}]}]}
        ),
        stage.clock.now(),
    )  # fmt: skip
    balcao = stage.town.balcao
    await balcao.database.run(lambda tx: tx.add(channel_numbers, row), org=None)
    await balcao.database.run(lambda tx: receive(tx, one, stage.clock.now()), org=None)
    await balcao.service._turns.run_once()
