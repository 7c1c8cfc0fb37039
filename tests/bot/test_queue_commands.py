"""`balcao parked`, `replay`, `dead`, `retry`, stopped numbers in `check`: ids, kinds and reasons, nobody's data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from bot import queue_commands
from handlers.ports import Refused
from storage import deliveries as store
from storage.tables.organizations import organizations
from storage.tables.queues import events, outbox
from tests.clock import FrozenClock
from tests.factories import SECRET
from tests.scheduler.bench import NUMBER, UNREADABLE, Bench, Script, open_bench
from tests.scheduler.test_deliveries import go


def settings(url: str) -> Any:
    key = SecretStr(SECRET)
    on_postgresql = url.startswith("postgresql")
    return SimpleNamespace(database_url=url, on_postgresql=on_postgresql, secret_key=key, secret_key_previous=None)


async def test_parked_events_are_listed_and_replayed(database_url: str) -> None:
    async with open_bench(database_url, FrozenClock()) as bench:
        assert await queue_commands.parked(settings(database_url)) == "No event is parked."
        await bench.mail(await bench.person(), "wamid.1", text={"body": "529.982.247-25"})
        park = events.update().values(status="parked", error="ValueError at x.py:1", done_at=bench.clock.now())
        await bench.database.run(lambda tx: tx.run(park), org=None)
        event = await bench.one(events)
        line = f"{event.id}  message  2026-11-23T13:00:00+00:00  ValueError at x.py:1"
        assert await queue_commands.parked(settings(database_url)) == line
        assert str(event.id) in await queue_commands.replay(settings(database_url), event.id)
        assert ((await bench.one(events)).status, (await bench.one(events)).error) == ("pending", None)
        with pytest.raises(SystemExit, match=f"event {event.id} is not parked"):
            await queue_commands.replay(settings(database_url), event.id)


async def _dead(bench: Bench) -> int:
    await bench.message(await bench.person())
    await go(bench.deliveries({"whatsapp.message": Script([Refused("100", "bad parameter")])}))
    return int((await bench.one(outbox)).id)


async def test_dead_deliveries_are_listed_and_retried(database_url: str) -> None:
    async with open_bench(database_url, FrozenClock()) as bench:
        assert await queue_commands.dead(settings(database_url)) == "No delivery is dead."
        number = await _dead(bench)
        until = datetime(2999, 1, 1, tzinfo=UTC)
        await bench.database.run(lambda tx: tx.run(outbox.update().values(expires_at=until)), org=None)
        line = f"{number}  whatsapp.message  hello  2026-11-23T13:00:00+00:00  1 tries  100: bad parameter"
        assert await queue_commands.dead(settings(database_url)) == line
        assert str(number) in await queue_commands.retry(settings(database_url), number)
        row = await bench.one(outbox)
        assert (row.status, row.attempts, row.expires_at) == ("queued", 0, until)
        with pytest.raises(SystemExit, match="is not dead"):
            await queue_commands.retry(settings(database_url), number)


@pytest.mark.parametrize(
    ("kind", "payload", "about", "why"),
    [
        ("pix.refund", {"refund_id": "r"}, "-", "a refund is sent back by hand, else the money could go out twice"),
        ("whatsapp.code", {"template": "acesso", "code_id": "c"}, "acesso", "a one-time code is not sent again"),
        ("mail.message", {"template": "code-email", "code_id": "c"}, "code-email", "a one-time code is not sent again"),
        ("sms.message", {"template": "code-phone", "code_id": "c"}, "code-phone", "a one-time code is not sent again"),
        ("mail.message", {"template": "card"}, "card", "its time is over"),
    ],
)
async def test_what_must_not_go_out_twice_is_refused(
    database_url: str, kind: str, payload: dict[str, Any], about: str, why: str
) -> None:
    async with open_bench(database_url, FrozenClock()) as bench:
        await _dead(bench)
        past = {"expires_at": bench.clock.now() - timedelta(days=9000)} if "time" in why else {"expires_at": None}
        change = outbox.update().values(kind=kind, payload=payload, **past)
        await bench.database.run(lambda tx: tx.run(change), org=None)
        row = await bench.one(outbox)
        listed = await queue_commands.dead(settings(database_url))
        assert listed.startswith(f"{row.id}  {kind}  {about}  ")
        assert f"(no second try: {why}" in listed
        with pytest.raises(SystemExit, match=rf"^balcao: delivery {row.id} is not tried again: {why}"):
            await queue_commands.retry(settings(database_url), row.id)
        assert await bench.one(outbox) == row


async def test_what_is_cut_is_told(database_url: str) -> None:
    async with open_bench(database_url, FrozenClock()) as bench:
        for number in range(3):
            await bench.errand(await bench.person(), "pix.create", status="dead")
            await bench.mail(await bench.person(), f"wamid.{number}")
        await bench.database.run(lambda tx: tx.run(events.update().values(status="parked")), org=None)
        for run in (queue_commands.parked, queue_commands.dead):
            *lines, last = (await run(settings(database_url), 2)).splitlines()
            assert len(lines) == 2
            assert last == "… and 1 more: --most 3 shows all of them"
            assert len((await run(settings(database_url), 3)).splitlines()) == 3


async def test_a_number_that_no_queue_can_hold_is_not_there(database_url: str) -> None:
    for number in (2**63, -(2**70), 0, -1):
        with pytest.raises(SystemExit, match=f"event {number} is not parked"):
            await queue_commands.replay(settings(database_url), number)
        with pytest.raises(SystemExit, match=f"delivery {number} is not dead"):
            await queue_commands.retry(settings(database_url), number)


async def test_stopped_numbers_are_told(database_url: str, tmp_path: Path) -> None:
    async with open_bench(database_url, FrozenClock()) as bench:
        assert await queue_commands.what_stands_still(settings(database_url)) == []
        await bench.database.run(lambda tx: store.stop_number(tx, NUMBER, "190: token expired"), org=None)
        (line,) = await queue_commands.what_stands_still(settings(database_url))
        assert line.startswith(f"STOPPED  number {NUMBER}: 190: token expired.")
    absent = tmp_path / "absent.db"
    assert await queue_commands.what_stands_still(settings(f"sqlite+aiosqlite:///{absent}")) == []
    assert not absent.exists(), "looking makes nothing"


async def test_businesses_of_another_secret_key_are_told_before_the_start(database_url: str) -> None:
    async with open_bench(database_url, FrozenClock()) as bench:
        own = settings(database_url)
        assert await queue_commands.what_stands_still(own) == []
        await bench.broken(UNREADABLE["key"])
        (line,) = await queue_commands.what_stands_still(own)
        assert line == (
            "WARNING  of the businesses in the database 1 of 2 cannot be read: set up with another BALCAO_SECRET_KEY"
        )
        await bench.database.run(lambda tx: tx.run(organizations.update().values(UNREADABLE["key"])), org=None)
        (line,) = await queue_commands.what_stands_still(own)
        assert line.startswith("MISSING  of the businesses in the database 2 of 2 cannot be read")
