"""`balcao serve` as a server runs it: a process (or several over one socket) that starts, serves, drains and ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession, TCPConnector
from sqlalchemy import func, select

from bot import serve
from bot.supervisor import QUICK_DEATHS, Supervisor
from bot.town import EXAMPLES
from storage.tables.queues import events, outbox
from storage.unit_of_work import Database, Tx, make_engine
from tests.bot.http_support import body_of, sign, text
from tests.bot.processes import APP_SECRET, GOOD, Running, started, until
from tests.factories import organization

pytestmark = pytest.mark.timeout(240)
"""Many interpreters are started, one after the other."""


async def listening(server: Running) -> str:
    """Its address, once it answers."""
    started_line = orjson.loads(await server.log("serve.started"))
    url = f"http://127.0.0.1:{started_line['port']}"

    async def look() -> bool:
        async with ClientSession() as client, client.get(f"{url}/health/live") as answer:
            return answer.status == 200

    await until(look, "an answer")
    return url


async def post(client: ClientSession, url: str, wamid: str) -> int:
    body = body_of([text(wamid)])
    headers = {"X-Hub-Signature-256": sign(body, APP_SECRET.encode())}
    async with client.post(f"{url}/webhooks/whatsapp", data=body, headers=headers) as answer:
        return answer.status


async def get(client: ClientSession, url: str) -> tuple[int, str]:
    async with client.get(url) as answer:
        return answer.status, await answer.text()


async def apply(folder: Path, env: dict[str, str]) -> None:
    async with started(folder, "apply", str(EXAMPLES / "benefit-card.yaml"), env=env) as applied:
        assert await applied.ended() == 0, applied.complained


async def read(url: str, statement: Any) -> Sequence[Any]:
    """What stands in the database while others are at it."""
    database = Database(make_engine(url, pool_size=1))

    async def look(tx: Tx) -> Sequence[Any]:
        return await tx.all(statement)

    try:
        return await database.run(look, org=None, read_only=True)
    finally:
        await database.close()


async def answered(url: str) -> bool:
    """Whether everybody who wrote got a turn, and their replies wait in the outbox (nobody is at the Graph address)."""
    pending = await read(url, select(func.count()).select_from(events).where(events.c.status == "pending"))
    replies = await read(url, select(func.count()).select_from(outbox))
    return bool(pending[0][0] == 0 and replies[0][0] > 0)


# --- one process -------------------------------------------------------------------------------------


async def test_one_process_on_sqlite_serves_and_drains(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/balcao.db"
    env = GOOD | {"BALCAO_DATABASE_URL": url, "BALCAO_PORT": "0"}
    await apply(tmp_path / "apply", env)
    async with (
        started(tmp_path / "serve", "serve", "--host", "127.0.0.1", env=env) as server,
        ClientSession() as client,
    ):
        address = await listening(server)
        assert await get(client, f"{address}/health/live") == (200, '{"status":"ok"}')
        status, body = await get(client, f"{address}/health/ready")
        assert (status, orjson.loads(body)["status"]) == (200, "ok"), body
        assert await post(client, address, "wamid.1") == 200
        await until(lambda: answered(url), "a turn")
        metrics = (await get(client, f"{address}/metrics"))[1]
        assert 'balcao_webhooks_total{outcome="accepted",source="whatsapp"} 1.0' in metrics
        assert 'balcao_turns_total{outcome="done"} 1.0' in metrics
        posts = [asyncio.create_task(post(client, address, f"wamid.last.{number}")) for number in range(5)]
        assert await asyncio.gather(*posts) == [200] * 5
        assert await server.stop() == 0
        assert "Traceback" not in server.complained
        assert '"event":"serve.stopped"' in server.complained
    kept = await read(url, select(events.c.external_id).where(events.c.external_id.like("wamid.last.%")))
    assert len(kept) == 5


def test_a_taken_port_is_one_line() -> None:
    with serve.bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit, match=rf"^balcao: cannot listen on 127\.0\.0\.1 port {port}: "):
            serve.bind("127.0.0.1", int(port))


# --- several processes -------------------------------------------------------------------------------------


async def test_several_processes_turn_nobody_away_while_one_is_replaced(
    tmp_path: Path, postgresql_url: str, redis_url: str
) -> None:
    env = GOOD | {"BALCAO_DATABASE_URL": postgresql_url, "BALCAO_REDIS_URL": redis_url}
    await apply(tmp_path / "apply", env)
    words = ("serve", "--role", "web", "--processes", "2", "--host", "127.0.0.1", "--port", "0")
    async with (
        started(tmp_path / "web", *words, env=env) as web,
        started(tmp_path / "worker", "serve", "--role", "worker", "--port", "0", env=env) as worker,
        ClientSession(connector=TCPConnector(force_close=True)) as client,
    ):
        address = await listening(web)
        await until(lambda: starts(web, 2), "two children")
        first, second = await until(lambda: children(web, 2), "two children")
        stop, answers, numbers = asyncio.Event(), list[int](), count()

        async def keep_writing() -> None:
            while not stop.is_set():
                answers.append(await post(client, address, f"wamid.{next(numbers)}"))

        writers = [asyncio.create_task(keep_writing()) for _ in range(4)]
        os.kill(first, signal.SIGTERM)
        await until(lambda: replaced(web, first), "a child in place of the one that was asked to end")
        await until(lambda: starts(web, 3), "its start")
        os.kill(second, signal.SIGTERM)
        await until(lambda: replaced(web, second), "a child in place of the second")
        await until(lambda: starts(web, 4), "its start")
        stop.set()
        await asyncio.gather(*writers)
        assert len(answers) >= len(writers)
        assert set(answers) == {200}
        await until(lambda: answered(postgresql_url), "turns by the worker")
        # Killed without a chance to say goodbye, too.
        victim = (await until(lambda: children(web, 2), "two children"))[0]
        os.kill(victim, signal.SIGKILL)
        await until(lambda: replaced(web, victim), "a child in place of the killed one")
        await until(lambda: starts(web, 5), "its start")
        assert await post(client, address, "wamid.after") == 200
        assert await metric(client, address) >= len(answers) * 0.5
        assert (await worker.stop(), await web.stop()) == (0, 0)
        assert await children(web, 0) == []
    kept = await read(postgresql_url, select(events.c.external_id).where(events.c.source == "whatsapp"))
    assert len(kept) == len(answers) + 1


async def metric(client: ClientSession, address: str) -> float:
    """Webhooks taken, by all processes together, those that ended included."""
    body = (await get(client, f"{address}/metrics"))[1]
    found = re.search(r'^balcao_webhooks_total\{outcome="accepted",source="whatsapp"\} (\S+)$', body, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def children(parent: Running, at_least: int) -> list[int] | None:
    found = [
        int(line.split()[1])
        for file in Path("/proc").glob("[0-9]*/stat")  # noqa: ASYNC240 - not a disk
        if (line := _stat(file)) and line.split()[0] == str(parent.process.pid)
    ]
    return found if len(found) >= at_least else None


def _stat(file: Path) -> str:
    """Parent and process id of somebody who lives."""
    try:
        fields = file.read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return f"{fields[1]} {file.parent.name}" if fields[0] != "Z" else ""


async def starts(parent: Running, count: int) -> bool:
    """Whether so many children were ready so far."""
    return parent.complained.count('"event":"serve.started"') >= count


async def replaced(parent: Running, child: int) -> bool:
    now = await children(parent, 2)
    return now is not None and child not in now


async def test_children_that_cannot_start_end_the_parent(capfd: pytest.CaptureFixture[str]) -> None:
    with serve.bind("127.0.0.1", 0) as bound:
        assert await Supervisor([sys.executable, "-c", "raise SystemExit('cannot')"], bound, 2).run() == 1
    assert capfd.readouterr().err.count("cannot") >= QUICK_DEATHS


async def test_nobody_is_served_with_another_installations_secret_key(sqlite_url: str, tmp_path: Path) -> None:
    """A restored database and the wrong key: webhooks would be taken and nobody answered."""
    database = Database(make_engine(sqlite_url))
    await organization(database)
    await database.close()
    env = {**GOOD, "BALCAO_DATABASE_URL": sqlite_url}
    async with started(tmp_path / "wrong", "serve", "--port", "0", env=env) as running:
        assert await asyncio.to_thread(running.process.wait, 30) == 1
        told = (tmp_path / "wrong" / "stderr").read_text()
    assert told.strip().splitlines() == [
        "balcao: of the businesses in the database 1 of 1 cannot be read: set up with another BALCAO_SECRET_KEY"
    ]
