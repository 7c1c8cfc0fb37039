"""An end asked for while everything is under way: nothing is lost, nothing is done twice, nobody waits for ever."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import ClientSession
from sqlalchemy import select

from bot.settings import load_settings
from bot.wiring import make_vault
from handlers.organizations.directory import Directory
from storage.base import new_id
from storage.tables.catalogue import plans
from storage.tables.contacts import contacts, conversations
from storage.tables.members import payment_intents, registration_sessions
from storage.tables.organizations import organizations
from storage.tables.queues import communications, events, outbox
from storage.unit_of_work import Database, Tx, make_engine
from tests.bot.http_support import NUMBER, sign
from tests.bot.processes import APP_SECRET, Running, started, until
from tests.bot.test_serve import children, get, listening, read
from tests.deploy.world import LONG, World, opened, under_load, words
from tests.town import cpf

pytestmark = pytest.mark.timeout(480)


async def post(client: ClientSession, world: World, body: bytes) -> None:
    headers = {"X-Hub-Signature-256": sign(body, APP_SECRET.encode())}
    async with client.post(f"{world.address}/webhooks/whatsapp", data=body, headers=headers) as answer:
        assert answer.status == 200


async def went(server: Running, status: int = 0) -> None:
    assert await server.ended() == status, server.complained
    assert "Traceback" not in server.complained


# --- one process -----------------------------------------------------------------------------------------------------


async def test_it_ends_with_a_slow_meta_and_a_connection_kept_open(sqlite_url: str, tmp_path: Path) -> None:
    async with (
        opened(sqlite_url, None, tmp_path) as world,
        started(tmp_path / "all", *words(world, "all"), env=world.env) as server,
        ClientSession() as idle,
        ClientSession() as client,
    ):
        await listening(server)
        assert (await get(idle, f"{world.address}/health/live"))[0] == 200, "and keeps its connection"
        world.meta_gate.shut()
        ana = world.newcomer()
        await post(client, world, world.write(ana)[1])
        await until(world.meta_gate.some_wait, "a message on its way")
        server.process.send_signal(signal.SIGTERM)
        await until(world.is_closed, "a closed door")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.poll() is None, "a second time changes nothing: it waits for Meta's answer"
        world.meta_gate.open()
        await went(server)
    (sent,) = await read(sqlite_url, select(communications))
    assert (sent.status, bool(sent.provider_message_id)) == ("sent", True)
    assert await read(sqlite_url, select(outbox)) == []
    assert len(world.meta.sent_to(ana)) == 1


async def test_ctrl_c_twice_ends_at_once_and_the_next_start_goes_on(sqlite_url: str, tmp_path: Path) -> None:
    async with opened(sqlite_url, None, tmp_path) as world, ClientSession() as client:
        async with started(tmp_path / "first", *words(world, "all"), env=world.env) as server:
            await listening(server)
            world.meta_gate.shut()
            ana = world.newcomer()
            await post(client, world, world.write(ana)[1])
            await until(world.meta_gate.some_wait, "a message on its way")
            server.process.send_signal(signal.SIGINT)
            await until(world.is_closed, "a closed door")
            server.process.send_signal(signal.SIGINT)
            await went(server, 130)
        assert [row.status for row in await messages_left(world)] == ["sending"]
        world.meta_gate.open()
        async with started(tmp_path / "second", *words(world, "all"), env=world.env) as server:
            await listening(server)
            await until(lambda: all_told(world), "the status that tells that it was sent", LONG)
            assert await server.stop() == 0
        assert len(world.meta.sent_to(ana)) == 1


async def messages_left(world: World) -> Sequence[Any]:
    return await read(world.database, select(outbox).where(outbox.c.kind == "whatsapp.message"))


async def all_told(world: World) -> bool:
    return not await messages_left(world)


async def test_hup_begins_anew_over_the_same_socket(sqlite_url: str, tmp_path: Path) -> None:
    """The embedded form; as process 1 of a namespace of its own, as in a container, where that can be had."""
    async with (
        opened(sqlite_url, None, tmp_path) as world,
        started(tmp_path / "all", *words(world, "all"), env=world.env, before=as_process_one()) as server,
    ):
        await listening(server)
        pid = await process_of(server)
        async with under_load(world) as load:
            await load.answered_by("balcao", 10)
            os.kill(pid, signal.SIGHUP)
            await until(lambda: times(server, "serve.started", 2), "a second life")
            await load.answered_by("balcao", 10)
        await load.everything_once()
        load.nobody_was_turned_away()
        os.kill(pid, signal.SIGTERM)
        await went(server)


def as_process_one() -> list[str]:
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    possible = shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if possible and possible.returncode == 0 else []


async def process_of(server: Running) -> int:
    """Balcão's own: what `unshare` started, or the process itself."""
    is_one = "unshare" in str(server.process.args)
    return (await until(lambda: children(server, 1), "a child"))[0] if is_one else server.process.pid


async def times(server: Running, event: str, count: int) -> bool:
    return server.complained.count(f'"event":"{event}"') >= count


# --- web and worker apart --------------------------------------------------------------------------------------------


async def test_a_worker_ends_its_turn_and_its_charge(postgresql_url: str, redis_url: str, tmp_path: Path) -> None:
    async with (
        opened(postgresql_url, redis_url, tmp_path) as world,
        started(tmp_path / "web", *words(world, "web"), env=world.env) as web,
        started(tmp_path / "worker", *words(world, "worker"), env=world.env) as worker,
        ClientSession() as client,
    ):
        await listening(web)
        await listening(worker)
        world.bank_gate.shut()
        intent = await ask_for_a_charge(world)
        await until(world.bank_gate.some_wait, "a charge on its way")
        ana = world.newcomer()
        async with turn_held_up(world):
            await post(client, world, world.write(ana)[1])
            await until(lambda: someone_waits(world), "a turn under way")
            worker.process.send_signal(signal.SIGTERM)
            assert worker.process.poll() is None
        world.bank_gate.open()
        await went(worker)
        assert [charge.txid for charge in world.bank.charges.values()] == [intent]
        (charge,) = await read(postgresql_url, select(payment_intents))
        assert charge.br_code
        assert await read(postgresql_url, select(outbox).where(outbox.c.kind == "pix.create")) == []
        (event,) = await read(postgresql_url, select(events).where(events.c.kind == "message"))
        assert event.status == "done"
        async with started(tmp_path / "next", *words(world, "worker"), env=world.env):
            await until(world.quiet, "the reply, by the next worker", LONG)
        assert len(world.meta.sent_to(ana)) == 1
        assert await web.stop() == 0


class turn_held_up:
    """Turns come to a stand where they write down what they say."""

    def __init__(self, world: World) -> None:
        self._url = world.database.replace("+asyncpg", "")

    async def __aenter__(self) -> None:
        self._connection = await asyncpg.connect(self._url)
        self._transaction = self._connection.transaction()
        await self._transaction.start()
        await self._connection.execute("LOCK TABLE journey_steps, communications IN EXCLUSIVE MODE")

    async def __aexit__(self, *_: object) -> None:
        await self._transaction.rollback()
        await self._connection.close()


async def someone_waits(world: World) -> bool:
    connection = await asyncpg.connect(world.database.replace("+asyncpg", ""))
    found = await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL")
    await connection.close()
    return bool(found)


async def ask_for_a_charge(world: World) -> str:
    """Somebody in the middle of a sign-up, for whom the bank is asked for a charge; its txid."""
    settings = load_settings(world.env)
    vault, database, clock = make_vault(settings), Database(make_engine(world.database)), world.meta.clock
    directory = Directory(vault, lambda key: key, clock)
    now, person, draft, intent, txid = clock.now(), new_id(), new_id(), new_id(), f"{new_id().hex}"
    times = {"created_at": now, "updated_at": now}

    async def seed(tx: Tx) -> None:
        org = (await tx.all(select(organizations.c.id)))[0].id
        shop = await directory.organization(tx, org)
        plan = (await tx.all(select(plans.c.id)))[0].id
        own = {"organization_id": org}
        talk = {"dialogue": "menu", "state": "choosing", "draft": {}, "stack": [], "history": []}
        sealed = shop.sealer.seal(cpf(123456789), "registration_sessions.cpf_sealed")
        rows: dict[Any, dict[str, Any]] = {
            contacts: {"id": person, "phone_number_id": NUMBER, "wa_id": "5511900000000", "created_at": now},
            conversations: {"contact_id": person, **talk, "entered_at": now, "updated_at": now},
            registration_sessions: {
                "id": draft, "contact_id": person, "status": "payment_pending", "current_step": "payment",
                "full_name": "Ana Exemplo", "cpf_sealed": sealed, "plan_id": plan, "expires_at": now, **times,
            },
            payment_intents: {
                "id": intent, "contact_id": person, "registration_id": draft, "method": "pix", "provider": "pix",
                "provider_intent_id": txid, "amount": 9990, "status": "pending", "sequence": 1, **times,
            },
            outbox: {
                "contact_id": person, "lane": f"pix:{intent}", "kind": "pix.create", "due_at": now, "created_at": now,
                "payload": {"intent_id": str(intent), "txid": txid, "amount": 9990},
            },
        }  # fmt: skip
        for table, row in rows.items():
            await tx.add(table, {**own, **row})

    await database.run(seed, org=None)
    await database.close()
    return txid


# --- several processes of one role -----------------------------------------------------------------------------------


async def test_parents_end_with_their_children(postgresql_url: str, redis_url: str, tmp_path: Path) -> None:
    async with (
        opened(postgresql_url, redis_url, tmp_path) as world,
        started(tmp_path / "web", *words(world, "web", "--processes", "2"), env=world.env) as web,
        started(tmp_path / "worker", *words(world, "worker", "--processes", "2"), env=world.env) as worker,
        AsyncExitStack() as later,
    ):
        await listening(web)
        async with under_load(world) as load:
            await load.answered_by("balcao", 10)
            worker.process.send_signal(signal.SIGTERM)
            await went(worker)
            await later.enter_async_context(started(tmp_path / "next", *words(world, "worker"), env=world.env))
            await load.answered_by("balcao", 10)
        await load.everything_once()
        load.nobody_was_turned_away()
        # A parent that cannot say goodbye: its children see that it is gone, and end in good order.
        orphans = await until(lambda: children(web, 2), "two children")
        web.process.send_signal(signal.SIGKILL)
        await until(lambda: all_gone(orphans), "the end of the orphans")
        assert web.complained.count('"event":"serve.stopped"') == 2


async def all_gone(pids: list[int]) -> bool:
    await asyncio.sleep(0)
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)  # noqa: ASYNC240 - not a disk
