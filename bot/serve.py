"""`balcao serve`: one process of a role (several of them: `supervisor`).

SIGTERM drains: the socket closes, requests under way are answered, connections that were kept open are told to close,
deliveries under way land. All that takes 20 seconds at most. SIGHUP drains too and begins anew over the same socket.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from aiohttp import web

from bot.http.app import make_runner
from bot.http.deps import ENDING
from bot.settings import Settings
from bot.vitals import keep_looking
from bot.wiring import Balcao, Running, make_vault
from storage.deliveries import end_leases, start_numbers
from storage.migrate import WrongSchema, problem, upgrade
from storage.organizations import sealed_away
from storage.unit_of_work import Database, make_engine

log = structlog.get_logger()

T = TypeVar("T")

MOST_FILES = 65_536
"""Files and connections that a process asks to be allowed."""

LINGER = 1.0
"""Seconds in which connections that were open at the end may still ask: whoever does is answered and told to close, so
that few are cut while they are idle."""
LONGEST = 18.0
"""Seconds after which an end is cut short."""


def bind(host: str, port: int) -> socket.socket:
    """SystemExit with one line when the port is taken."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise SystemExit(
            f"balcao: cannot listen on {host} port {port}: {error.strerror} (--port chooses another)"
        ) from None
    return bound


def open_many() -> None:
    """As many connections as this user may have: with the usual 1,024 a few hundred callers who send nothing would also
    keep us from the database and from Meta."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """On uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    result: T = uvloop.run(main)
    return result


async def prepare(settings: Settings) -> None:
    """The embedded database brings itself up to date; a shared one is migrated by `balcao migrate`. WrongSchema if this
    version cannot work with it, WrongKey if it can read nobody's data."""
    if not settings.on_postgresql:
        await upgrade(settings.database_url)
    database = Database(make_engine(settings.database_url))
    try:
        if trouble := await problem(database.engine):
            raise WrongSchema(trouble)
        vault = make_vault(settings)
        found = await database.run(lambda tx: sealed_away(tx, vault), org=None, read_only=True)
        if found is not None and found.is_all:
            raise WrongKey(f"of the businesses in the database {found}")
    finally:
        await database.close()


class WrongKey(Exception):
    """Nothing in this database was sealed under a secret key of ours."""


async def serve(
    settings: Settings, role: str, bound: socket.socket, *, parent: socket.socket | None = None, renews: bool = False
) -> socket.socket | None:
    """One process, until SIGTERM or SIGINT, or until its `parent` is gone. After SIGHUP, if it `renews`, the socket
    over which a new one is to go on."""
    ending = Ending(renews, parent)
    async with Running(settings) as balcao:
        works = role != "web"
        app = balcao.status if role == "worker" else balcao.web
        runner = make_runner(app, shutdown_timeout=5.0)
        if works:
            await begin_work(balcao)
        await _listen(runner, bound)
        gc.collect()
        # A batch of turns makes thousands of objects: a look every 700 is a fifth of the CPU.
        gc.set_threshold(10_000, 10, 10)
        gc.freeze()  # What is loaded by now stays for good: the collector need not look at it again and again.
        looking = asyncio.create_task(keep_looking(balcao.database, balcao.metrics), name="vitals")
        log.info("serve.started", role=role, port=bound.getsockname()[1])
        ending.say_ready()
        try:
            await _until(ending.begun, balcao.service.until_trouble() if works else None)
        finally:
            ending.limit()
            looking.cancel()
            app[ENDING].set()
            kept = bound.dup() if ending.again else None
            await asyncio.gather(_hang_up(runner), *([balcao.service.stop()] if works else []))
    log.info("serve.stopped", role=role)
    return kept if ending.again else None


class Ending:
    """Why and how this process ends."""

    def __init__(self, renews: bool, parent: socket.socket | None) -> None:
        self.begun = asyncio.Event()
        self.again = False
        self._parent = parent
        self._interrupts = 0
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end)
        loop.add_signal_handler(signal.SIGINT, self._interrupted)
        if parent is not None:
            loop.add_reader(parent, self._orphaned)
        if renews:
            loop.add_signal_handler(signal.SIGHUP, self._renew)
        elif parent is not None:
            loop.add_signal_handler(signal.SIGHUP, lambda: None)  # The parent decides.

    def say_ready(self) -> None:
        if self._parent is not None:
            with suppress(OSError):
                self._parent.send(b"!")

    def limit(self) -> None:
        """Whatever hangs (a database that does not answer), there is an end."""
        asyncio.get_running_loop().call_later(LONGEST, _cut_short, 1)

    def _end(self) -> None:
        self.again = False
        self.begun.set()

    def _interrupted(self) -> None:
        """Ctrl-C; the second time somebody does not want to wait. A second SIGTERM says nothing new."""
        self._interrupts += 1
        if self._interrupts > 1:
            _cut_short(130)
        self._end()

    def _orphaned(self) -> None:
        if self._parent is not None:
            asyncio.get_running_loop().remove_reader(self._parent)
        self._end()

    def _renew(self) -> None:
        self.again = not self.begun.is_set()
        self.begun.set()


def _cut_short(status: int) -> None:
    """As if killed: what was under way is found in the database by whoever comes next."""
    log.warning("serve.cut_short")
    os._exit(status)


async def begin_work(balcao: Balcao) -> None:
    """A start is a person's act, often with a new token: numbers that were stopped are tried again."""
    await balcao.database.run(start_numbers, org=None)
    if balcao.database.is_sqlite:
        # There is no other process: what was being sent when this one died is not waited for.
        left = await balcao.database.run(lambda tx: end_leases(tx, balcao.clock.now()), org=None)
        if left:
            log.warning("serve.former_died", sending=left)
    balcao.service.start()


async def _listen(runner: web.AppRunner, bound: socket.socket) -> None:
    await runner.setup()
    await web.SockSite(runner, bound, backlog=1024).start()


async def _hang_up(runner: web.AppRunner) -> None:
    """No new connections; who came through the door before it closed is still served."""
    for site in list(runner.sites):
        await site.stop()
    await asyncio.sleep(LINGER)
    await runner.cleanup()


async def _until(stopping: asyncio.Event, trouble: Coroutine[Any, Any, None] | None) -> None:
    waits: list[asyncio.Task[Any]] = [asyncio.create_task(stopping.wait(), name="until-signal")]
    if trouble is not None:
        waits.append(asyncio.create_task(trouble, name="until-trouble"))
    done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    for task in done:
        task.result()
