"""SQLite on a disk that is full: said, refused, and gone on with when there is room again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from aiohttp import ClientSession
from sqlalchemy import event, text

from bot.town import Town
from storage import room
from storage.unit_of_work import Tx
from tests.town import Person, Stage

WITHOUT_END = 2**31


class Disk:
    """How many pages the database may have, whichever connection writes (SQLite keeps the limit by connection)."""

    def __init__(self, town: Town) -> None:
        self._database = town.balcao.database
        self._most = WITHOUT_END
        event.listen(self._database.engine.sync_engine, "checkout", self._limit)

    def _limit(self, connection: Any, _record: Any, _proxy: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count = {self._most}")
        cursor.close()

    async def leave(self, pages: int) -> None:
        """So many pages are free still."""

        async def count(tx: Tx) -> int:
            return int(await tx.scalar(text("PRAGMA page_count")))

        self._most = pages + await self._database.run(count, org=None, read_only=True)

    def free(self) -> None:
        self._most = WITHOUT_END


async def ask(town: Town, what: str) -> tuple[int, dict[str, Any]]:
    async with ClientSession() as client, client.get(f"{town.settings.public_url}/health/{what}") as answer:
        return answer.status, orjson.loads(await answer.read())


async def write_until_refused(person: Person) -> int:
    """Long messages, which nobody reads yet, until one is not taken."""
    for number in range(200):
        await person.town.meta.says(person.phone, f"{number} " + "x" * 4000)
        if person.town.meta.courier.waiting:
            return number + 1
    raise AssertionError("the disk never got full")


async def test_webhooks_are_refused_and_taken_later_whole_and_once(stage: Stage, ana: Person) -> None:
    await ana.reach("name")
    town, disk = ana.town, Disk(ana.town)
    await disk.leave(8)
    sent = await write_until_refused(ana)

    assert {posted.status for posted in town.meta.webhook_log} == {200, 503}
    status, told = await ask(town, "ready")
    assert (status, told["status"]) == (503, "unavailable")
    assert told["checks"]["database"].startswith("full: ")
    assert (await ask(town, "live"))[0] == 200
    assert len(await stage.rows("events", status="pending")) == sent - 1

    disk.free()
    assert (await ask(town, "ready"))[0] == 200
    await town.settle()
    said = await stage.rows("events", kind="message")
    assert {row.status for row in said} == {"done"}
    assert len({row.external_id for row in said}) == len(said) == sent + 2
    assert await stage.notices() == []


async def test_before_it_is_full_somebody_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LOW", 2**62)
    status, told = await ask(stage.town, "ready")
    assert (status, told["status"]) == (200, "degraded")
    assert told["checks"]["disk"].endswith(" MB left")
