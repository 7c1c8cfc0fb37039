"""`python -m tests.endurance`: is `balcao serve` the same after an hour's steady work as it was at the beginning?

Real processes, the crowd of tests/bench at a set rate, readings every ten seconds: memory, open files, threads, tasks,
database connections, sizes of tables. Ends with a table, one JSON line, and status 1 if a process grew.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from scripts.services import free_port
from tests import services
from tests.bench.crowd import Plan
from tests.bench.databases import furnish, on_sqlite, plain_role
from tests.bench.servers import BALCAO, ROOT, Server, Subject, process, settings, until_it_answers
from tests.bot.processes import APP_SECRET
from tests.databases import PostgresDatabase, RedisDatabase
from tests.endurance.samples import Book, Watched, of_postgresql, of_process, of_redis, of_sqlite, vacuumed
from tests.endurance.trend import Trend

MINUTE = 60.0
PEOPLE = 10
"""Who write at the beginning; more come when all of them wait for a reply."""
STATUSES = 20
"""In one webhook call."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.endurance", description="Does it stay as it is under steady work?"
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--warm-up", type=float, default=10.0, help="minutes whose readings do not count")
    parser.add_argument("--rate", type=float, default=100.0, help="turns a second: half of what the machine can take")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between readings")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--together", action="store_true", help="one process (SQLite always), not web and worker apart")
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the data is. `admin` is the database's address for who may look into everything."""

    database: str
    admin: str = ""
    redis: str = ""

    def read(self) -> dict[str, dict[str, float]]:
        if not self.redis:
            return {"sqlite": of_sqlite(self.database)}
        return {"postgresql": asyncio.run(of_postgresql(self.admin)), "redis": of_redis(self.redis)}

    def tidy(self) -> None:
        if self.redis:
            asyncio.run(vacuumed(self.admin))


@contextmanager
def data(kind: str, folder: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        if kind == "sqlite":
            yield Place(stack.enter_context(on_sqlite(folder)))
            return
        admin = stack.enter_context(PostgresDatabase(services.place(services.POSTGRESQL))).url
        furnish(admin)
        redis = stack.enter_context(RedisDatabase(services.place(services.REDIS))).url
        yield Place(stack.enter_context(plain_role(admin)), admin, redis)


@contextmanager
def desk(env: dict[str, str], roles: list[str], graph_port: int, folder: Path) -> Iterator[list[Watched]]:
    """`balcao serve` in these roles, answering; the one that listens first."""
    with ExitStack() as stack:
        watched = []
        for role in roles:
            server = Server(free_port(), graph_port, logs=[folder / f"{role}.log"])
            command = [*BALCAO, "serve", "--role", role, "--host", "127.0.0.1", "--port", str(server.port)]
            pid = stack.enter_context(process(command, env, None, server.logs[0]))
            until_it_answers(server.port, server.logs[0])
            watched.append(Watched(role, pid, server.port))
        yield watched


def keep_reading(
    book: Book, watched: list[Watched], place: Place, crowd: subprocess.Popen[bytes], every: float
) -> None:
    """Until the crowd goes home."""
    began, tidied = time.monotonic(), 0.0
    while crowd.poll() is None:
        at = time.monotonic() - began
        if at - tidied >= MINUTE:
            place.tidy()
            tidied = at
        for one in watched:
            book.note(one.name, at, of_process(one))
        for whose, found in place.read().items():
            book.note(whose, at, found)
        try:
            crowd.wait(max(0.0, every - (time.monotonic() - began - at)))
        except subprocess.TimeoutExpired:
            continue


def last(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    graph_port, book = free_port(), Book()
    roles = ["all"] if given.database == "sqlite" or given.together else ["web", "worker"]
    with ExitStack() as stack:
        place = stack.enter_context(data(given.database, folder))
        env = settings(Subject("endurance", "balcao", place.database, place.redis), graph_port)
        watched = stack.enter_context(desk(env, roles, graph_port, folder))
        said = under_load(book, watched, place, graph_port, given)
    errors = [line for role in roles for line in (folder / f"{role}.log").read_text("utf-8").splitlines() if line]
    trends = book.trends(given.warm_up * MINUTE)
    show(trends, {one.name for one in watched})
    ours = {key: found for key, found in trends.items() if key[0] in roles}
    return {
        "database": given.database,
        "minutes": given.minutes,
        "rate": given.rate,
        "crowd": said,
        "warnings_logged": len(errors),
        "first_warning": errors[0][:500] if errors else None,
        "trends": {f"{whose} {what}": rounded(found) for (whose, what), found in trends.items() if "table" not in what},
        "flat": all(found.flat for found in ours.values()),
        "machine": {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0]},
    }


def under_load(
    book: Book, watched: list[Watched], place: Place, graph_port: int, given: argparse.Namespace
) -> dict[str, Any]:
    """What the crowd has to tell in the end."""
    plan = Plan(
        port=watched[0].port, graph_port=graph_port, secret=APP_SECRET, desk="balcao", people=PEOPLE, rate=given.rate,
        seconds=given.minutes * MINUTE, warm_up=0.0, batch=STATUSES, pids=[one.pid for one in watched], core=None,
    )  # fmt: skip
    command = [sys.executable, "-m", "tests.bench.crowd", orjson.dumps(asdict(plan)).decode()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as crowd:
        try:
            keep_reading(book, watched, place, crowd, given.every)
        except BaseException:
            crowd.kill()
            raise
        told: dict[str, Any] = orjson.loads(crowd.communicate()[0])
    return told


def rounded(found: Trend) -> dict[str, Any]:
    return {name: round(value, 1) if isinstance(value, float) else value for name, value in asdict(found).items()}


def show(trends: dict[tuple[str, str], Trend], processes: set[str]) -> None:
    """Tables grow with the traffic until their rule of retention meets it: their growth is told and not judged."""
    print(f"{'':<12}{'':<28}{'usual':>10}{'lowest':>10}{'highest':>10}{'an hour':>10}")
    for (whose, what), found in trends.items():
        judged = ("flat" if found.flat else "RISES") if whose in processes else ""
        numbers = "".join(f"{value:>10.1f}" for value in (found.usual, found.lowest, found.highest, found.an_hour))
        if whose in processes or found.usual >= 0.1:
            print(f"{whose:<12}{what:<28}{numbers}  {judged}", flush=True)


def main() -> int:
    given = options()
    with tempfile.TemporaryDirectory(prefix="balcao-endurance-") as folder:
        found = last(given, Path(folder))
    print(orjson.dumps(found).decode())
    return 0 if found["flat"] else 1


if __name__ == "__main__":
    sys.exit(main())
