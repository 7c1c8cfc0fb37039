"""The rows of the table: which subject each one measures, over how many runs, and what their median is."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.engine import make_url

from tests import services
from tests.bench import databases, on_file
from tests.bench.crowd import Plan
from tests.bench.servers import Place, Server, Subject, crowd, redis_pid, serving
from tests.bot.processes import APP_SECRET
from tests.databases import RedisDatabase

RULERS = ("signature", "echo")
TOLD = 500.0
"""Webhook calls a second at which the acknowledgement is measured."""
CALLS_A_TURN = 4
"""A message and the three statuses of its reply."""
Row = dict[str, Any]


@dataclass(slots=True)
class Bench:
    given: argparse.Namespace
    place: Place
    rows: dict[str, Row] = field(default_factory=dict)
    on_file: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Rows with so many people and messages in the tables."""

    def maxima(self, names: Sequence[str]) -> None:
        """As many turns as go, each run of all subjects after the other, so that a busy hour meets all alike."""
        runs: dict[str, list[Row]] = {name: [] for name in names}
        for _ in range(self.given.repeat):
            for name in names:
                runs[name].append(self.once(name, name))
        for name in names:
            self.note(name, runs[name])

    def paced(self, name: str, label: str, rate: float) -> None:
        """So many turns a second, whether or not the last ones have ended."""
        self.note(label, [self.once(name, label, rate) for _ in range(self.given.repeat)])

    def once(self, name: str, label: str, rate: float = 0.0) -> Row:
        with self.subject(name) as subject, serving(subject, self.place) as server:
            # As autovacuum does within the first minute: a plan made for empty tables would be what is measured. Full
            # ones were looked at when they were filled, which takes seconds.
            fresh = "" if name in self.on_file else subject.database_url
            with databases.analyzed(fresh, self.given.warm_up / 2):
                row = crowd(asdict(self._plan(subject, server, rate)))
            if server.share is not None:
                row["share"] = server.share
            if subject.database_url:
                row["catch_up_s"], row["unfinished"] = databases.catch_up(subject.database_url)
        if complaints := server.complaints():
            print(f"bench: {label} logged {len(complaints)} errors: {complaints[0][:1000]}", file=sys.stderr)
        return row

    def note(self, label: str, runs: Sequence[Row]) -> None:
        self.rows[label] = row = median(runs)
        print(line(label, row, self.rows.get("echo")), flush=True)

    @contextmanager
    def subject(self, name: str) -> Iterator[Subject]:
        with ExitStack() as stack:
            if name in RULERS:
                yield Subject(name, desk=name)
            elif name == "sqlite":
                yield Subject(name, database_url=stack.enter_context(databases.on_sqlite(self.place.folder)))
            else:
                admin = services.place(services.POSTGRESQL)
                people, messages = self.on_file.get(name, (0, 0))
                made = on_file.filled(admin, people, messages) if people else databases.on_postgresql(admin)
                url, roles = stack.enter_context(made), ROLES.get(name, ("all",))
                redis_url = stack.enter_context(RedisDatabase(services.place(services.REDIS))).url
                yield Subject(name, "balcao", url, redis_url, roles, spread=len(roles) > 1)

    def _plan(self, subject: Subject, server: Server, rate: float) -> Plan:
        given = self.given
        on_postgresql = subject.database_url.startswith("postgresql")
        return Plan(
            port=server.port, graph_port=server.graph_port, secret=APP_SECRET, desk=subject.desk,
            people=given.people, rate=rate, seconds=given.seconds, warm_up=given.warm_up, batch=given.statuses_batch,
            pids=server.pids, core=self.place.others,
            database=make_url(subject.database_url).database or "" if on_postgresql else "",
            others=redis_pid(subject.redis_url) if subject.redis_url else [],
        )  # fmt: skip


ONE_WORKER, TWO_WORKERS = "web + worker", "web + 2 workers"
ROLES = {ONE_WORKER: ("web", "worker"), TWO_WORKERS: ("web", "worker", "worker")}


def median(runs: Sequence[Row]) -> Row:
    """Of every figure; what went wrong is added up, and of peaks the highest counts."""
    return {key: _middle(key, [run[key] for run in runs]) for key in runs[0]} | {
        "runs": [run["turns_per_second"] for run in runs]
    }


def _middle(key: str, values: Sequence[Any]) -> Any:
    if key in ("lost", "refused", "wrong", "surplus", "unfinished"):
        return sum(values)
    if key == "peak_mb":
        return max(values)
    if isinstance(values[0], Mapping):
        return {inner: _middle(inner, [value[inner] for value in values]) for inner in values[0]}
    if isinstance(values[0], list):
        return [_middle(key, column) for column in zip(*values, strict=True)]
    return round(statistics.median(values), 3)


COLUMNS = (
    ("", 26), ("turns/s", 9), ("of echo", 8), ("ack p50", 9), ("p99 ms", 8), ("reply p50", 10), ("p99 ms", 8),
    ("CPU ms", 8), ("store ms", 9), ("busy", 6), ("load busy", 10), ("peak MB", 8), ("wrong", 6),
)  # fmt: skip


def heading() -> str:
    return "".join(f"{name:>{width}}" if name else " " * width for name, width in COLUMNS)


def line(label: str, row: Row, echo: Row | None) -> str:
    cpu, busy = row["cpu_ms_per_turn"], row["busy"]
    share = round(row["turns_per_second"] / echo["turns_per_second"], 2) if echo else ""
    wrong = sum(row.get(key, 0) for key in ("lost", "refused", "wrong", "surplus", "unfinished"))
    cells = (
        label, row["turns_per_second"], share, *row["ack_ms"], *row["whole_ms"], cpu["server"], cpu["store"],
        busy["server"], busy["generator"], row["peak_mb"], wrong,
    )  # fmt: skip
    told = zip(cells, COLUMNS, strict=True)
    return "".join(
        f"{cell:<{width}}" if place == 0 else f"{cell:>{width}}" for place, (cell, (_, width)) in enumerate(told)
    )
