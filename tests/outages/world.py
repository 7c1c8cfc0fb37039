"""Balcão as real processes with a Meta around it, and people who answer only what they were asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiohttp import ClientSession

from bot.gateways.whatsapp import make_session
from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.people import Person
from bot.wiring import SystemClock
from storage.base import metadata
from storage.unit_of_work import Database, Tx, make_engine
from tests.bot.http_support import ACCOUNT, NUMBER
from tests.bot.processes import APP_SECRET, GOOD, Running, started, until
from tests.bot.test_serve import apply, listening
from tests.databases import migrate
from tests.town import cpf

SCRIPT = ("oi", "Quero fazer parte", "Ana Paula Souza", "", "15/05/1990")
"""What a person writes, one after each answer; the second is a tap, the fourth their CPF."""
REPLIES = ("Como posso ajudar?", "nome completo", "CPF", "nascimento", "e-mail")
"""What each is answered with."""
AGAIN = 0.2
"""Seconds between Meta's deliveries of what was not taken."""


@dataclass(slots=True)
class World:
    meta: FakeMeta
    client: ClientSession
    url: str
    web: str = ""
    worker: str = ""
    processes: list[Running] = field(default_factory=list)

    def people(self, count: int) -> list[tuple[Person, str]]:
        """Newcomers, each with a CPF."""
        first = 10_000_001 + len(self.meta.state.people)
        numbers = range(first, first + count)
        return [(self.meta.person(f"55119{number}", f"Pessoa {number}"), cpf(number)) for number in numbers]

    async def sign_up(self, person: Person, number: str) -> None:
        """Each answer is given to what was asked; whoever waits in vain fails."""
        for turn, words in enumerate(SCRIPT, 1):
            if turn == 2:
                await self.meta.chooses(person, words)
            else:
                await self.meta.says(person, words or number)
            await until(lambda turn=turn: self._heard(person, turn), f"answer {turn} to {person.name}")  # type: ignore[misc]

    async def _heard(self, person: Person, turn: int) -> bool:
        return len(self.meta.sent_to(person)) >= turn

    def told(self, person: Person) -> list[str]:
        """What the person read, in order."""
        return [bubble.text for bubble in self.meta.sent_to(person)]

    @property
    def answers(self) -> set[int | None]:
        """How our side answered Meta so far."""
        return {posted.status for posted in self.meta.webhook_log}

    async def ready(self, address: str) -> tuple[int, dict[str, Any]]:
        async with self.client.get(f"{address}/health/ready") as answer:
            return answer.status, orjson.loads(await answer.read())

    async def live(self, address: str) -> int:
        async with self.client.get(f"{address}/health/live") as answer:
            return answer.status

    async def becomes(self, status: int) -> None:
        """Both processes say so by themselves."""
        for address in (self.web, self.worker):

            async def look(address: str = address) -> bool:
                return (await self.ready(address))[0] == status

            await until(look, f"{status} from {address}")

    async def rows(self, table: str) -> list[Any]:
        database, found = Database(make_engine(self.url, pool_size=1)), metadata.tables[table]

        async def read(tx: Tx) -> list[Any]:
            return list(await tx.all(found.select()))

        try:
            return await database.run(read, org=None, read_only=True)
        finally:
            await database.close()

    async def idle(self) -> None:
        """Nothing waits any more: every event is done, every message has left."""

        async def look() -> bool:
            pending = [row for row in await self.rows("events") if row.status == "pending"]
            return not pending and not await self.rows("outbox") and not self.meta.courier.waiting

        await until(look, "empty queues")

    async def everybody_got_through_once(self, people: list[tuple[Person, str]]) -> None:
        """Every reply came, once and in order; what came in was stored once, as what it is, and done."""
        for person, _ in people:
            told = self.told(person)
            assert len(told) == len(REPLIES), told
            assert all(words in text for words, text in zip(REPLIES, told, strict=True)), told
        events = await self.rows("events")
        messages = [row for row in events if row.kind == "message"]
        assert len(messages) == len(people) * len(SCRIPT)
        assert {row.status for row in events} == {"done"}
        assert {row.kind for row in events} <= {"message", "statuses"}
        assert [row.kind for row in await self.rows("staff_notices")] == []


@asynccontextmanager
async def open_world(folder: Path, url: str, env: Mapping[str, str] | None = None) -> AsyncIterator[World]:
    """A web and a worker process on the database at `url`, which is migrated first."""
    await asyncio.to_thread(migrate, url)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(make_session())
        meta = FakeMeta(
            SystemClock(), APP_SECRET, "", session, NUMBER, ACCOUNT, GOOD["BALCAO_WHATSAPP_TOKEN"], "5511999990000",
            auto=True, sleep=lambda _: asyncio.sleep(AGAIN),
        )  # fmt: skip
        graph = await stack.enter_async_context(_served(meta))
        settings = GOOD | {"BALCAO_DATABASE_URL": url, "BALCAO_WHATSAPP_GRAPH_URL": graph, **(env or {})}
        await apply(folder / "apply", settings)
        world = World(meta, session, url)
        for role in ("web", "worker"):
            words = ("serve", "--role", role, "--host", "127.0.0.1", "--port", "0")
            world.processes.append(await stack.enter_async_context(started(folder / role, *words, env=settings)))
        world.web, world.worker = [await listening(process) for process in world.processes]
        meta.webhook_url = f"{world.web}/webhooks/whatsapp"
        yield world
        assert [await process.stop() for process in world.processes] == [0, 0]


@asynccontextmanager
async def _served(meta: FakeMeta) -> AsyncIterator[str]:
    from aiohttp.test_utils import TestServer

    async with TestServer(meta.app()) as server:
        yield f"http://127.0.0.1:{server.port}"
