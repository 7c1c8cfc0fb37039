"""Real processes of Balcão between a Meta and a bank that can be kept waiting, and people who write without a pause."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import ClientConnectorError, ClientError, ClientSession, TCPConnector, web
from sqlalchemy import select

from bot.gateways.whatsapp import make_session
from bot.simulator.bank.fake import FakeBank
from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.people import Person
from bot.simulator.meta.state import Bubble, new_wamid
from bot.wiring import SystemClock
from scripts.services import free_port
from storage.tables.queues import events, outbox
from tests.bot.http_support import ACCOUNT, NUMBER, body_of, sign
from tests.bot.processes import APP_SECRET, GOOD, until
from tests.bot.test_serve import apply, read

REST = 240.0
"""Seconds until nothing waits. Longer than a lease and the wait for a status together: on a machine that is too busy to
answer, a message may be of unknown outcome for a while."""
BEHIND = 30
"""Calls of Meta that may wait before somebody writes anew."""
PIX_KEY = "123e4567-e89b-12d3-a456-426655440000"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NUMBERS = count(1)
LONG = 90.0
"""Seconds of patience with what several processes must start for, on a machine that is busy with other things."""


class Gate:
    """Before a server's door: open, or whoever comes waits."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self.waiting = 0

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def some_wait(self) -> bool:
        return self.waiting > 0

    @web.middleware
    async def pass_through(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.content_type.startswith("multipart/"):
            await request.read()  # It has come, even if its sender is gone by the time the door opens.
        self.waiting += 1
        await self._open.wait()
        self.waiting -= 1
        return await handler(request)


@dataclass(slots=True)
class World:
    """`address` is where the web processes listen: Meta posts there, and so do the people of `Load`."""

    database: str
    env: dict[str, str]
    address: str
    meta: FakeMeta
    meta_gate: Gate
    bank: FakeBank
    bank_gate: Gate

    @property
    def port(self) -> str:
        return self.address.rpartition(":")[2]

    def newcomer(self) -> Person:
        number = next(NUMBERS)
        return self.meta.person(f"55119{number:08d}", f"Pessoa {number}")

    def write(self, person: Person) -> tuple[str, bytes]:
        """An "oi" as it leaves this person's phone: its id, and the webhook that Meta makes of it."""
        now, message = self.meta.clock.now(), {"type": "text", "text": {"body": "oi"}}
        bubble = Bubble(new_wamid(), "in", now, message, "delivered")
        self.meta.state.put(person.key, bubble)
        self.meta.state.last_inbound[person.key] = now
        stamp = str(int(now.timestamp()))
        return bubble.id, body_of([{"from": person.wa_id, "id": bubble.id, "timestamp": stamp, **message}])

    async def quiet(self) -> bool:
        """Nothing waits any more, neither here nor at Meta."""
        return not await self.left()

    async def left(self) -> Counter[str]:
        """What waits: events by kind, errands by kind, status and reason, calls at Meta."""
        pending = await read(self.database, select(events.c.kind).where(events.c.status == "pending"))
        waiting = await read(self.database, select(outbox.c.kind, outbox.c.status, outbox.c.error))
        left = Counter(f"event {row.kind}" for row in pending)
        left.update(f"{row.kind} {row.status} {row.error or ''}" for row in waiting)
        left.update({"calls of Meta": self.meta.courier.waiting})
        return +left

    async def is_closed(self) -> bool:
        """Whether nobody listens at our address any more."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", int(self.port))
        except OSError:
            return True
        writer.close()
        return False


@asynccontextmanager
async def opened(database: str, redis: str | None, folder: Path) -> AsyncIterator[World]:
    """An applied business on this database, its Meta and its bank; nothing of ours runs yet."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(make_session())
        clock, address, gates = SystemClock(), f"http://127.0.0.1:{free_port()}", (Gate(), Gate())
        meta = FakeMeta(
            clock, APP_SECRET, f"{address}/webhooks/whatsapp", session, NUMBER, ACCOUNT, GOOD["BALCAO_WHATSAPP_TOKEN"],
            "551140028922", auto=True,
        )  # fmt: skip
        bank = FakeBank(clock, PIX_KEY, "us", "a password", session, auto=True)
        graph = await _serve(stack, meta.app(), gates[0])
        bank_address = await _serve(stack, bank.app(), gates[1])
        env = GOOD | {
            "BALCAO_DATABASE_URL": database, "BALCAO_WHATSAPP_GRAPH_URL": graph, "BALCAO_PIX_DRIVER": "bcb",
            "BALCAO_PIX_KEY": PIX_KEY, "BALCAO_PIX_BASE_URL": f"{bank_address}/v2",
            "BALCAO_PIX_TOKEN_URL": f"{bank_address}/oauth/token", "BALCAO_PIX_CLIENT_ID": "us",
            "BALCAO_PIX_CLIENT_SECRET": "a password", **({"BALCAO_REDIS_URL": redis} if redis else {}),
        }  # fmt: skip
        await apply(folder / "apply", env)
        yield World(database, env, address, meta, gates[0], bank, gates[1])


async def _serve(stack: AsyncExitStack, app: web.Application, gate: Gate) -> str:
    app.middlewares.insert(0, gate.pass_through)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    stack.callback(gate.open)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


@dataclass(slots=True)
class Load:
    """People who write, one message each, on connections that are kept and on such as are made for one call. What is
    not answered is posted again, as Meta does."""

    world: World
    wrote: dict[str, Person] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    servers: Counter[str] = field(default_factory=Counter)
    """By what the answers call themselves."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep_writing(self, *, kept: bool) -> None:
        """One connection's life: the next person writes when the one before was answered by us in the chat."""
        async with ClientSession(connector=TCPConnector(limit=1, force_close=not kept)) as client:
            while not self.stopping.is_set():
                person = self.world.newcomer()
                wamid, body = self.world.write(person)
                self.wrote[wamid] = person
                await self._posted(client, body, "kept" if kept else "fresh")
                await until(lambda person=person: self._replied(person), f"a reply to {person.name}", LONG)  # type: ignore[misc]

    async def _replied(self, person: Person) -> bool:
        return bool(self.world.meta.sent_to(person))

    async def _posted(self, client: ClientSession, body: bytes, how: str) -> None:
        headers = {"X-Hub-Signature-256": sign(body, APP_SECRET.encode())}

        async def post() -> bool:
            try:
                async with client.post(f"{self.world.address}/webhooks/whatsapp", data=body, headers=headers) as answer:
                    self.answers[f"{how} {answer.status}"] += 1
                    self.servers[answer.headers["Server"]] += 1
                    return answer.status == 200
            except ClientConnectorError:
                self.answers[f"{how} refused"] += 1
            except ClientError:
                self.answers[f"{how} cut"] += 1
            return False

        await until(post, "a 200")

    async def answered_by(self, server: str, times: int) -> None:
        """Until so many more answers came from there."""
        before = self.servers[server]

        async def look() -> bool:
            return self.servers[server] >= before + times

        await until(look, f"{times} answers of {server}", LONG)

    def nobody_was_turned_away(self) -> None:
        """Every call was answered 200, but for those on a kept connection that was closed as they left, and were safe
        to post again."""
        assert set(self.answers) <= {"kept 200", "fresh 200", "kept cut"}, self.answers
        assert self.answers["kept cut"] * 20 <= self.answers["kept 200"] + 20, self.answers

    async def everything_once(self) -> None:
        """Each message is one event that was done, and one reply that its person got."""
        try:
            await until(self.world.quiet, "rest", REST)
        except AssertionError:
            raise AssertionError(f"it does not come to rest: {await self.world.left()}") from None
        rows = await read(
            self.world.database, select(events.c.external_id, events.c.status).where(events.c.kind == "message")
        )
        assert Counter(row.external_id for row in rows) == Counter(list(self.wrote))
        assert {row.status for row in rows} == {"done"}
        replies = Counter(len(self.world.meta.sent_to(person)) for person in self.wrote.values())
        assert replies == {1: len(self.wrote)}
        assert self.world.meta.refusals == []


@asynccontextmanager
async def under_load(world: World, *, kept: int = 3, fresh: int = 3) -> AsyncIterator[Load]:
    """While the block runs; at its end everybody's reply is waited for."""
    load = Load(world)
    async with asyncio.TaskGroup() as group:
        for number in range(kept + fresh):
            group.create_task(load.keep_writing(kept=number < kept), name=f"writer-{number}")
        yield load
        load.stopping.set()


def words(world: World, role: str, *more: str) -> tuple[str, ...]:
    """`balcao serve` in this role; only who takes webhooks has the port that Meta knows."""
    return ("serve", "--role", role, "--host", "127.0.0.1", "--port", "0" if role == "worker" else world.port, *more)


def without(env: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: value for name, value in env.items() if name not in names}
