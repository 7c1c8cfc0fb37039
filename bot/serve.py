"""`balcao serve`: one process of a role, or several of them over one socket.

The parent binds the socket and forks before any loop exists: a child that dies or is replaced leaves the queue of new
connections with the others, so nobody is turned away. SIGTERM drains: the socket closes, requests under way are
answered, deliveries under way land.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, NoReturn

import structlog
from aiohttp import web
from prometheus_client import multiprocess

from bot.http.app import make_runner
from bot.settings import Settings
from bot.vitals import keep_looking
from bot.wiring import Balcao, Running
from storage.deliveries import end_leases, start_numbers
from storage.migrate import is_at_head, upgrade

log = structlog.get_logger()

LINGER = 0.3
"""Seconds that a connection accepted just before the end has to send its request."""
AT_LEAST = 1.0
"""Seconds after which a child that fails counts as one that could start."""
QUICK_DEATHS = 3
"""So many children in a row that could not start, and the parent gives up."""


class NotMigrated(Exception):
    """The database is not at the schema this version needs."""


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


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """On uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


async def prepare(settings: Settings) -> None:
    """The embedded database brings itself up to date; a shared one is migrated by `balcao migrate`."""
    if not settings.on_postgresql:
        await upgrade(settings.database_url)
        return
    from storage.unit_of_work import make_engine

    engine = make_engine(settings.database_url)
    try:
        if not await is_at_head(engine):
            raise NotMigrated("the database is not at this version's schema: run `balcao migrate` first")
    finally:
        await engine.dispose()


async def serve(settings: Settings, role: str, bound: socket.socket) -> None:
    """One process, until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    async with Running(settings) as balcao:
        works = role != "web"
        runner = make_runner(balcao.status if role == "worker" else balcao.web, shutdown_timeout=5.0)
        if works:
            await begin_work(balcao)
        await _listen(runner, bound)
        gc.collect()
        gc.freeze()  # What is loaded by now stays for good: the collector need not look at it again and again.
        looking = asyncio.create_task(keep_looking(balcao.database, balcao.metrics), name="vitals")
        log.info("serve.started", role=role, port=bound.getsockname()[1])
        try:
            await _until(stopping, balcao.service.until_trouble() if works else None)
        finally:
            looking.cancel()
            await _hang_up(runner)
            if works:
                await balcao.service.stop()
    log.info("serve.stopped", role=role)


async def begin_work(balcao: Balcao) -> None:
    """A start is a person's act, often with a new token: numbers that were stopped are tried again."""
    await balcao.database.run(start_numbers, org=None)
    if balcao.database.is_sqlite:
        # There is no other process: what was being sent when this one died is not waited for.
        await balcao.database.run(lambda tx: end_leases(tx, balcao.clock.now()), org=None)
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


class Supervisor:
    """The parent of several processes of one role: starts again those that die, passes SIGTERM on."""

    def __init__(self, start: Callable[[], None], bound: socket.socket | None, processes: int) -> None:
        self._start = start
        self._bound = bound
        self._processes = processes
        self._born: dict[int, float] = {}
        self._stopping = False
        self._quick = 0

    def run(self) -> int:
        """Until all children are gone; the exit status."""
        for name in _ENDING:
            signal.signal(name, self._stop)
        for _ in range(self._processes):
            self._fork()
        while self._born:
            child, status = os.wait()
            self._buried(child, status)
        return 1 if self._quick >= QUICK_DEATHS else 0

    def _stop(self, *_: object) -> None:
        self._stopping = True
        if self._bound is not None:
            self._bound.close()  # Else callers would wait at a door behind which nobody is left.
        for child in self._born:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)

    def _buried(self, child: int, status: int) -> None:
        age, code = time.monotonic() - self._born.pop(child, 0.0), os.waitstatus_to_exitcode(status)
        mark_process_dead(child)
        if self._stopping:
            return
        log.warning("serve.child_gone", pid=child, exit_code=code)
        self._quick = self._quick + 1 if code > 0 and age < AT_LEAST else 0
        if self._quick >= QUICK_DEATHS:
            log.critical("serve.gave_up", failures=self._quick)
            self._stop()
        else:
            self._fork()

    def _fork(self) -> None:
        """A signal that comes between fork and note would miss the child, or be handled by it as if it were us."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            if self._stopping:
                return
            child = os.fork()
            if child == 0:
                self._live()
            self._born[child] = time.monotonic()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)

    def _live(self) -> NoReturn:
        """The child's whole life."""
        try:
            for name in _ENDING:
                signal.signal(name, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
            self._start()
        except BaseException:
            log.exception("serve.child_failed")
            os._exit(1)
        os._exit(0)


_ENDING = (signal.SIGTERM, signal.SIGINT)


def mark_process_dead(child: int) -> None:
    """Its gauges are no longer counted where several processes share their metrics."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(child)  # type: ignore[no-untyped-call]
