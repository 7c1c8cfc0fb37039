"""`python -m tests.bench`: turns a second, latencies and CPU a turn of `balcao serve`, beside two yardsticks.

The server has one core for itself and the crowd (with the Graph, and whatever the database needs) another. A turn
counts when its reply has reached the Graph: by then the person's event, the new state and the reply were committed.
Prints a table and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from bot.town import EXAMPLES
from scripts.services import free_port
from tests import services
from tests.bench.crowd import Plan
from tests.bench.measure import cores, pin
from tests.bot.processes import APP_SECRET, GOOD, bare
from tests.databases import PostgresDatabase, SqliteTemplate

START = 60.0
"""Seconds a server may take to answer."""
HEAD = ("", "people", "turns/s", "ack p50", "p99 ms", "reply p50", "p99 ms", "CPU ms", "busy", "peak MB", "lost")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Balcão on this machine.")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement, after a warm-up")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds that are not counted")
    parser.add_argument("--people", type=int, nargs="+", default=[10, 200], help="how many write at once, a row each")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--no-rulers", action="store_true", help="measure Balcão alone")
    return parser.parse_args()


@contextmanager
def process(command: Sequence[str], env: Mapping[str, str], core: int | None, log: Path) -> Iterator[int]:
    """A server of ours, pinned; its pid. Killed at the end."""
    with log.open("wb") as out:
        child = subprocess.Popen(command, env=bare(env), cwd=Path(__file__).parents[2], stdout=out, stderr=out)
    try:
        if core is not None:
            os.sched_setaffinity(child.pid, {core})
        yield child.pid
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def until_it_answers(url: str, log: Path) -> None:
    end = time.monotonic() + START
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health/live", timeout=1) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except OSError:
            if time.monotonic() > end:
                raise SystemExit(f"bench: the server did not start:\n{log.read_text('utf-8')[-2000:]}") from None
            time.sleep(0.05)


def crowd(plan: Plan) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.crowd", orjson.dumps(asdict(plan)).decode()]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


def settings(database_url: str, graph_port: int) -> dict[str, str]:
    return GOOD | {
        "BALCAO_DATABASE_URL": database_url,
        "BALCAO_WHATSAPP_GRAPH_URL": f"http://127.0.0.1:{graph_port}",
        "BALCAO_WHATSAPP_MESSAGES_PER_SECOND": "1000",
        "BALCAO_LOG_LEVEL": "WARNING",
    }


def measure(
    name: str, command: Sequence[str], env: Mapping[str, str], ports: tuple[int, int], people: int, *,
    given: argparse.Namespace, folder: Path, waits: bool = True,
) -> dict[str, Any]:  # fmt: skip
    ours, others = cores()
    log = folder / f"{name}-{people}.log"
    url = f"http://127.0.0.1:{ports[0]}"
    with process(command, env, ours, log) as pid:
        until_it_answers(url, log)
        plan = Plan(url, ports[1], APP_SECRET, people, given.seconds, given.warm_up, pid, others, waits)
        row = {"name": name, "people": people, **crowd(plan)}
    if complaints := [line for line in log.read_text("utf-8").splitlines() if is_serious(line)]:
        print(f"bench: {name} logged {len(complaints)} errors, the first: {complaints[0][:1000]}", file=sys.stderr)
    show(row)
    return row


def is_serious(line: str) -> bool:
    """The Graph ends first: what could not be delivered after it is no trouble."""
    return '"level":"error"' in line and '"event":"delivery.dead"' not in line


def desk(name: str, database_url: str, given: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Rows of `balcao serve` on this database."""
    balcao, rows = [sys.executable, "-m", "bot.cli"], []
    for people in given.people:
        ports = free_port(), free_port()
        env = settings(database_url, ports[1])
        subprocess.run(
            [*balcao, "apply", str(EXAMPLES / "benefit-card.yaml")],
            env=bare(env),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        command = [*balcao, "serve", "--host", "127.0.0.1", "--port", str(ports[0])]
        rows.append(measure(name, command, env, ports, people, given=given, folder=folder))
    return rows


def ruler(name: str, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    ports = free_port(), free_port()
    graph = f"http://127.0.0.1:{ports[1]}"
    command = [sys.executable, "-m", "tests.bench.rulers", name, str(ports[0]), graph, APP_SECRET]
    waits = name == "echo"
    return measure(name, command, {}, ports, max(given.people), given=given, folder=folder, waits=waits)


def on_sqlite(given: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    return desk("sqlite", SqliteTemplate(folder).copy(folder), given, folder)


def on_postgresql(given: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    url, reason = services.find(services.POSTGRESQL)
    if url is None:
        print(f"bench: no PostgreSQL ({reason}); only SQLite is measured")
        return []
    with PostgresDatabase(url) as database:
        return desk("postgresql", database.url, given, folder)


def show(row: Mapping[str, Any] | None) -> None:
    """A row of the table; the heading without one."""
    if row is None:
        cells: Sequence[Any] = HEAD
    else:
        use = (row["cpu_ms_per_turn"], row["server_busy"], row["peak_mb"], row["missing"] + row["refused"])
        cells = (row["name"], row["people"], row["turns_per_second"], *row["ack_ms"], *row["whole_ms"], *use)
    print("".join(f"{cell!s:<12}" if place == 0 else f"{cell!s:>10}" for place, cell in enumerate(cells)), flush=True)


def main() -> None:
    given = options()
    pin(cores()[1])
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="balcao-bench-")))
        show(None)
        if not given.no_rulers:
            rows += [ruler("signature", given, folder), ruler("echo", given, folder)]
        if given.database != "postgresql":
            rows += on_sqlite(given, folder)
        if given.database != "sqlite":
            rows += on_postgresql(given, folder)
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    print(orjson.dumps({"machine": machine, "seconds": given.seconds, "rows": rows}).decode())


if __name__ == "__main__":
    main()
