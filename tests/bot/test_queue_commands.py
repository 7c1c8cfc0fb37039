"""`balcao parked`, `replay`, `dead`, `retry`, stopped numbers in `check`: ids, kinds and reasons, nobody's data."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot import queue_commands
from handlers.ports import Refused
from storage import deliveries as store
from storage.tables.queues import events, outbox
from tests.clock import FrozenClock
from tests.scheduler.bench import NUMBER, Bench, Script, open_bench
from tests.scheduler.test_deliveries import go


def settings(url: str) -> Any:
    return SimpleNamespace(database_url=url, on_postgresql=url.startswith("postgresql"))


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
        line = f"{number}  whatsapp.message  2026-11-23T13:00:00+00:00  1 tries  100: bad parameter"
        assert await queue_commands.dead(settings(database_url)) == line
        assert str(number) in await queue_commands.retry(settings(database_url), number)
        row = await bench.one(outbox)
        assert (row.status, row.attempts, row.expires_at) == ("queued", 0, None)
        with pytest.raises(SystemExit, match="is not dead"):
            await queue_commands.retry(settings(database_url), number)


async def test_stopped_numbers_are_told(database_url: str, tmp_path: Path) -> None:
    async with open_bench(database_url, FrozenClock()) as bench:
        assert await queue_commands.stopped_numbers(settings(database_url)) == []
        await bench.database.run(lambda tx: store.stop_number(tx, NUMBER, "190: token expired"), org=None)
        (line,) = await queue_commands.stopped_numbers(settings(database_url))
        assert line.startswith(f"STOPPED  number {NUMBER}: 190: token expired.")
    absent = tmp_path / "absent.db"
    assert await queue_commands.stopped_numbers(settings(f"sqlite+aiosqlite:///{absent}")) == []
    assert not absent.exists(), "looking makes nothing"
