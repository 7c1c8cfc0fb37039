"""`balcao serve --processes N`: the parent of several processes of one role, over one socket that it bound.

It starts again those that die and passes SIGTERM on. SIGHUP replaces them one by one: a child goes only when the one in
its place answers, so the queue of new connections always has somebody behind it. Each child is a new interpreter with
the code and the settings of the hour; a version that cannot start ends the replacement, and the former goes on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from prometheus_client import multiprocess

from bot.handover import environment

log = structlog.get_logger()

QUICK_DEATHS = 3
"""So many children in a row that could not start while none works, and the parent gives up."""
LONGEST_PAUSE = 30.0
"""Seconds between tries to start one more beside those that work."""


@dataclass(slots=True, eq=False)
class Child:
    process: asyncio.subprocess.Process
    line: socket.socket
    on_trial: bool
    """It is to take somebody's place: should it go before it is ready, the other one stays."""
    ready: bool = False
    leaving: bool = False
    """It has a successor already, or soon."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Ready, or gone without ever having been."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)


class Supervisor:
    def __init__(self, command: Sequence[str], bound: socket.socket, processes: int, *, renews: bool = True) -> None:
        self._command = command
        self._bound = bound
        self._processes = processes
        self._renews = renews
        self._children: set[Child] = set()
        self._watches: set[asyncio.Task[None]] = set()
        self._renewal: asyncio.Task[None] | None = None
        self._renewal_wanted = False
        self._interrupts = 0
        self._stopping = asyncio.Event()
        self._failures = 0

    async def run(self) -> int:
        """Until all children are gone; the exit status."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        loop.add_signal_handler(signal.SIGINT, self._interrupted)
        if self._renews:
            loop.add_signal_handler(signal.SIGHUP, self._renew)
        for _ in range(self._processes):
            await self._start()
        while self._watches:
            done, _ = await asyncio.wait(self._watches, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        return 1 if self._failures >= QUICK_DEATHS else 0

    # --- one child ------------------------------------------------------------------------------------------------

    async def _start(self, *, on_trial: bool = False) -> Child | None:
        """None when it is too late for a new one."""
        if self._stopping.is_set():
            return None
        ours, theirs = socket.socketpair()
        with theirs:
            files = (self._bound.fileno(), theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                *self._command, env=environment(self._bound, theirs), pass_fds=files
            )
        child = Child(process, ours, on_trial)
        self._children.add(child)
        asyncio.get_running_loop().add_reader(ours, self._heard, child)
        watch = asyncio.create_task(self._watch(child), name=f"child-{process.pid}")
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)
        if self._stopping.is_set():  # While it was being started.
            child.signal(signal.SIGTERM)
        return child

    def _heard(self, child: Child) -> None:
        asyncio.get_running_loop().remove_reader(child.line)
        if child.line.recv(1):
            child.ready = True
            self._failures = 0
            child.settled.set()

    async def _watch(self, child: Child) -> None:
        """A child's life, and that somebody comes in its place."""
        status = await child.process.wait()
        asyncio.get_running_loop().remove_reader(child.line)
        child.line.close()
        self._children.discard(child)
        child.settled.set()
        child.gone.set()
        mark_process_dead(child.process.pid)
        if self._stopping.is_set() or child.leaving or (child.on_trial and not child.ready):
            return
        log.warning("serve.child_gone", pid=child.process.pid, exit_code=status)
        if status > 0 and not child.ready:
            self._failures += 1
            await self._after_failure()
        await self._start()

    async def _after_failure(self) -> None:
        """With others at work there is time: what is wrong may be a deploy under way."""
        if any(other.ready for other in self._children):
            with suppress(TimeoutError):
                async with asyncio.timeout(min(2.0**self._failures, LONGEST_PAUSE)):
                    await self._stopping.wait()
        elif self._failures >= QUICK_DEATHS:
            log.critical("serve.gave_up", failures=self._failures)
            self._stop()

    # --- all of them ----------------------------------------------------------------------------------------------

    def _renew(self) -> None:
        """Once more after the present one, if it is asked for meanwhile: the code may have changed again."""
        self._renewal_wanted = True
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._replace_all(), name="renewal")
            self._watches.add(self._renewal)
            self._renewal.add_done_callback(self._watches.discard)

    async def _replace_all(self) -> None:
        while self._renewal_wanted and not self._stopping.is_set():
            self._renewal_wanted = False
            log.info("serve.renewing", processes=len(self._children))
            for old in list(self._children):
                if not await self._replace(old):
                    break
            else:
                log.info("serve.renewed", processes=len(self._children))

    async def _replace(self, old: Child) -> bool:
        """Whether there is a new one instead."""
        if old not in self._children:
            return True
        old.leaving = True
        new = await self._start(on_trial=True)
        if new is None:
            return False
        await new.settled.wait()
        if new.ready:
            old.signal(signal.SIGTERM)
            await old.gone.wait()
            return True
        log.error("serve.renewal_failed", pid=new.process.pid)
        old.leaving = False
        if old not in self._children:
            await self._start()
        return False

    def _stop(self) -> None:
        self._stopping.set()
        self._bound.close()  # Else callers would wait at a door behind which nobody is left.
        for child in self._children:
            child.signal(signal.SIGTERM)

    def _interrupted(self) -> None:
        """Ctrl-C; the second time nobody wants to wait."""
        self._interrupts += 1
        self._stop()
        if self._interrupts > 1:
            for child in self._children:
                child.signal(signal.SIGKILL)


def mark_process_dead(child: int) -> None:
    """Its gauges are no longer counted where several processes share their metrics."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(child)  # type: ignore[no-untyped-call]
