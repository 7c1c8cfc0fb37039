"""The shared way in: one bad fragment hurts nobody, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError
from structlog.testing import capture_logs

from bot.http import intake as module
from bot.http.envelope import Item, split
from bot.http.intake import Intake, NotNow, as_unknown
from handlers.channel.inbox import Received, receive
from storage.tables.organizations import channel_numbers
from storage.tables.queues import events
from storage.unit_of_work import Database, Tx, make_engine
from tests.bot.http_support import body_of, number_row, text
from tests.clock import FrozenClock
from tests.factories import organization


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(make_engine(database_url, pool_size=2))
    shop = await organization(opened)
    await opened.run(lambda tx: tx.add(channel_numbers, number_row(shop.id, FrozenClock())), org=None)
    with capture_logs():
        yield opened
    await opened.close()


def items(*wamids: str) -> list[Item]:
    return split(body_of([text(wamid) for wamid in wamids]), FrozenClock().now())


async def stored(database: Database) -> list[tuple[str, str]]:
    rows = await database.run(lambda tx: tx.all(select(events).order_by(events.c.id)), org=None)
    return [(row.kind, row.external_id) for row in rows]


def poison(monkeypatch: pytest.MonkeyPatch, *wamids: str, error: Exception) -> list[int]:
    """Messages that the inbox cannot take; returns the sizes of the bulks tried."""
    sizes: list[int] = []

    async def picky(tx: Tx, bulk: Sequence[Any], now: Any) -> Received:
        sizes.append(len(bulk))
        if any(item.external_id in wamids and item.kind == "message" for item in bulk):
            raise error
        return await receive(tx, bulk, now)

    monkeypatch.setattr(module, "receive", picky)
    return sizes


async def test_a_bad_call_hurts_nobody(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, "wamid.4", error=KeyError("x"))
    told: list[int] = []
    intake = Intake(database, FrozenClock(), lambda bulk, received: told.append(len(bulk)))
    calls = [items("wamid.1"), items("wamid.2", "wamid.3", "wamid.4", "wamid.5"), items("wamid.6")]
    await asyncio.gather(*map(intake.receive, calls))
    assert await stored(database) == [
        ("message", "wamid.1"), ("message", "wamid.2"), ("message", "wamid.3"), ("unknown", "wamid.4"),
        ("message", "wamid.5"), ("message", "wamid.6"),
    ]  # fmt: skip
    assert sum(told) == 6


async def test_one_bad_fragment_of_many_costs_few_tries(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = poison(monkeypatch, "wamid.300", error=DBAPIError("insert", {}, Exception()))
    await Intake(database, FrozenClock()).receive(items(*(f"wamid.{n}" for n in range(500))))
    assert len(await stored(database)) == 500
    assert len(sizes) < 25


async def test_a_conflict_that_passes_leaves_a_message_a_message(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes may deadlock over the same newcomers; the loser simply tries again."""
    failed: list[bool] = []

    async def once(tx: Tx, bulk: Sequence[Any], now: Any) -> Received:
        if not failed:
            failed.append(True)
            raise DBAPIError("insert", {}, Exception("deadlock detected"))
        return await receive(tx, bulk, now)

    monkeypatch.setattr(module, "receive", once)
    await Intake(database, FrozenClock()).receive(items("wamid.1"))
    assert await stored(database) == [("message", "wamid.1")]


async def test_an_absent_database_is_asked_once_for_all(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = poison(monkeypatch, "wamid.1", error=OperationalError("insert", {}, Exception()))
    calls = [Intake(database, FrozenClock())] * 3
    results = await asyncio.gather(*(each.receive(items("wamid.1")) for each in calls), return_exceptions=True)
    assert [type(result) for result in results] == [NotNow] * 3
    assert sizes == [3]


async def test_a_database_that_comes_back_meanwhile_leaves_a_message_a_message(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While PostgreSQL starts it refuses connections; what is stored as "unknown" would be answered by nobody."""
    starting = [asyncpg.CannotConnectNowError("the database system is starting up")] * 2

    async def soon(tx: Tx, bulk: Sequence[Any], now: Any) -> Received:
        if starting:
            raise starting.pop()
        return await receive(tx, bulk, now)

    monkeypatch.setattr(module, "receive", soon)
    intake, answers = Intake(database, FrozenClock()), []
    for _ in range(3):
        answers.append(await asyncio.gather(intake.receive(items("wamid.1")), return_exceptions=True))
    assert [type(answer).__name__ for [answer] in answers] == ["NotNow", "NotNow", "NoneType"]
    assert await stored(database) == [("message", "wamid.1")]


async def test_a_failing_listener_undoes_nothing(database: Database) -> None:
    def fail(bulk: Sequence[Item], received: Received) -> None:
        raise ZeroDivisionError

    await Intake(database, FrozenClock(), fail).receive(items("wamid.1"))
    assert await stored(database) == [("message", "wamid.1")]


async def hold(database: Database, monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Transactions wait until the first event is set; the second tells that one does."""
    gate, reached, run = asyncio.Event(), asyncio.Event(), database.run

    async def waiting(*args: Any, **kwargs: Any) -> Any:
        reached.set()
        await gate.wait()
        return await run(*args, **kwargs)

    monkeypatch.setattr(database, "run", waiting)
    return gate, reached


async def test_a_full_queue_sends_away_and_those_within_are_stored(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, taken = await hold(database, monkeypatch)
    intake = Intake(database, FrozenClock(), most_calls=2)
    first = asyncio.create_task(intake.receive(items("wamid.0")))
    await taken.wait()
    waiting = [asyncio.create_task(intake.receive(items(f"wamid.{n}"))) for n in (1, 2)]
    await asyncio.sleep(0)
    with pytest.raises(NotNow):
        await intake.receive(items("wamid.3"))
    gate.set()
    await asyncio.gather(first, *waiting)
    assert [wamid for _, wamid in await stored(database)] == ["wamid.0", "wamid.1", "wamid.2"]


async def test_who_waits_too_long_or_leaves_is_stored_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, _ = await hold(database, monkeypatch)
    intake = Intake(database, FrozenClock(), patience=0.01)
    with pytest.raises(NotNow):
        await intake.receive(items("wamid.1"))
    leaving = asyncio.create_task(intake.receive(items("wamid.2")))
    await asyncio.sleep(0)
    leaving.cancel()
    gate.set()
    await intake.close()
    assert leaving.cancelled()
    assert [wamid for _, wamid in await stored(database)] == ["wamid.1", "wamid.2"]


async def test_close_without_any_call(database: Database) -> None:
    await Intake(database, FrozenClock()).close()


def test_the_unknown_form_is_plain_ascii() -> None:
    (item,) = items("wamid.1")
    bad = Item(
        "message", "mess\x00ages", "9\x00", "wamid.\x00", None, None, None, None, None, None,
        {"b": b"\xff", "s": "é\x00\ud800"}, "1",
    )  # fmt: skip
    safe = as_unknown(bad)
    assert safe.payload["raw"].isascii()
    assert safe.payload["raw"].isprintable()
    assert (safe.kind, safe.field, safe.phone_number_id, safe.account_id) == ("unknown", "", None, "1")
    assert len(safe.external_id) == 64
    assert as_unknown(item).external_id == "wamid.1"


@pytest.mark.parametrize("code", ["57014", "55P03", "40001"])
async def test_a_database_that_lets_nothing_in_this_time_is_no_fault_of_the_message(
    database: Database, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A lock or a time limit: answered 503, and a message when Meta brings it again. Nobody else waits for it anew."""
    refusal = DBAPIError("insert", {}, type("Refused", (Exception,), {"sqlstate": code})())
    sizes = poison(monkeypatch, "wamid.1", "wamid.2", error=refusal)
    intake = Intake(database, FrozenClock())
    calls = [intake.receive(items(wamid)) for wamid in ("wamid.1", "wamid.2")]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [NotNow, NotNow]
    assert await stored(database) == []
    assert sizes == [2, 1]
    monkeypatch.undo()
    await intake.receive(items("wamid.1", "wamid.2"))
    assert await stored(database) == [("message", "wamid.1"), ("message", "wamid.2")]
