"""What is measured, as processes: rulers and desks on a database, each pinned, until they answer, and stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import redis

from scripts.services import free_port
from tests.bench.meta import ACCOUNT, NUMBERS
from tests.bench.shares import limited
from tests.bot.processes import APP_SECRET, GOOD, bare

SPREAD_CORES = 4
"""For two workers beside one: one core each, one for the web process and one for the load."""
SHARE = 0.2
"""Of a core, for a worker where there are fewer: what they do together then leaves the rest idle."""
START = 60.0
"""Seconds a server may take to answer."""
ROOT = Path(__file__).parents[2]
BALCAO = (sys.executable, "-m", "bot.cli")


@dataclass(frozen=True, slots=True)
class Place:
    """Where things run and what they write."""

    folder: Path
    ours: int | None
    """The server's core."""
    others: int | None
    """The core of the load, the Graph and PostgreSQL's backends."""
    usable: Sequence[int] = ()
    """All cores this process was given."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to measure: a ruler, or `balcao serve` with a process for each of the roles."""

    name: str
    desk: str = "balcao"
    database_url: str = ""
    redis_url: str = ""
    roles: Sequence[str] = ("all",)
    spread: bool = False
    """Each process on a core of its own, where there are as many."""


@dataclass(slots=True)
class Server:
    port: int
    graph_port: int
    pids: list[int] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    """Where each of them tells that it is there."""
    share: float | None = None
    """Of a core, for each worker, where there are too few cores to give them one."""
    logs: list[Path] = field(default_factory=list)

    def complaints(self) -> list[str]:
        lines = (line for log in self.logs for line in log.read_text("utf-8").splitlines())
        return [line for line in lines if '"level":"error"' in line or '"level":"critical"' in line]


@contextmanager
def process(command: Sequence[str], env: Mapping[str, str], core: int | None, log: Path) -> Iterator[int]:
    """A server of ours, pinned from its first instruction; its pid. Killed if it does not end when asked."""

    def settle() -> None:
        if core is not None:
            os.sched_setaffinity(0, {core})

    with log.open("wb") as out:
        child = subprocess.Popen(command, env=bare(env), cwd=ROOT, stdout=out, stderr=out, preexec_fn=settle)
    try:
        yield child.pid
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def settings(subject: Subject, graph_port: int) -> dict[str, str]:
    """Four numbers at Meta's highest rate: the pace of the numbers is not what is measured."""
    env = {
        "BALCAO_DATABASE_URL": subject.database_url,
        "BALCAO_WHATSAPP_GRAPH_URL": f"http://127.0.0.1:{graph_port}",
        "BALCAO_WHATSAPP_PHONE_NUMBER_ID": NUMBERS[0],
        "BALCAO_WHATSAPP_BUSINESS_ACCOUNT_ID": ACCOUNT,
        "BALCAO_WHATSAPP_MESSAGES_PER_SECOND": "1000",
        "BALCAO_LOG_LEVEL": "WARNING",
    }
    return GOOD | env | ({"BALCAO_REDIS_URL": subject.redis_url} if subject.redis_url else {})


@contextmanager
def serving(subject: Subject, place: Place) -> Iterator[Server]:
    """The subject, until it answers."""
    server = Server(free_port(), free_port())
    with ExitStack() as stack:
        for number, (command, env, port) in enumerate(_processes(subject, server)):
            log = place.folder / f"{subject.name.replace(' ', '-')}-{number}-{time.monotonic_ns()}.log"
            core = _core(subject, number, place)
            server.logs.append(log)
            server.pids.append(stack.enter_context(process(command, env, core, log)))
            server.ports.append(port)
        for port, log in zip(server.ports, server.logs, strict=True):
            until_it_answers(port, log)
        if subject.spread and len(place.usable) < SPREAD_CORES:
            _share(server, stack)
        yield server


def _processes(subject: Subject, server: Server) -> Iterator[tuple[Sequence[str], Mapping[str, str], int]]:
    """Command, environment and port of each."""
    if subject.desk != "balcao":
        ruler = [subject.desk, str(server.port), f"http://127.0.0.1:{server.graph_port}", APP_SECRET]
        yield [sys.executable, "-m", "tests.bench.rulers", *ruler], {}, server.port
        return
    env = settings(subject, server.graph_port)
    for number, role in enumerate(subject.roles):
        port = server.port if number == 0 else free_port()
        yield [*BALCAO, "serve", "--role", role, "--host", "127.0.0.1", "--port", str(port)], env, port


def _share(server: Server, stack: ExitStack) -> None:
    """To the workers, who come after the web process, now that they have started: by a share that would take long."""
    try:
        for pid in server.pids[1:]:
            stack.enter_context(limited(pid, SHARE))
    except OSError as error:
        print(f"bench: workers share what cores there are: {error}", file=sys.stderr)
    else:
        server.share = SHARE


def _core(subject: Subject, number: int, place: Place) -> int | None:
    """Where this process runs: on the core for servers, or on one after the other but the load's."""
    if not subject.spread or place.ours is None:
        return place.ours
    free = [core for core in place.usable if core != place.others]
    return free[number % len(free)]


def until_it_answers(port: int, log: Path) -> None:
    end, url = time.monotonic() + START, f"http://127.0.0.1:{port}/health/live"
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if time.monotonic() > end:
                said = log.read_text("utf-8")[-2000:]
                raise SystemExit(f"bench: the server did not start:\n{said}") from None
            time.sleep(0.02)


def crowd(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What the load saw, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.crowd", orjson.dumps(plan).decode()]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


def redis_pid(url: str) -> list[int]:
    with redis.Redis.from_url(url) as client:
        told: Any = client.info("server")
    return [int(told["process_id"])]
