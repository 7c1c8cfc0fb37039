"""`python -m tests.bench.costs`: what one turn costs PostgreSQL and Redis, in bytes and calls, for scripts/capacity.

On servers of its own: WAL, commits and commands are counted for a whole server. The turns are the bench's.
Prints one JSON object; "a turn" is a message of a person with everything that follows it, three statuses included.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import redis
from sqlalchemy.engine import make_url

from scripts.services import make_cluster, start_redis
from tests.bench.databases import catch_up, on_postgresql
from tests.bench.rows import Bench
from tests.bench.servers import Place, Subject, crowd, serving

_LOG_LIKE = ("events", "communications", "journey_steps", "staff_notices")
_A_PERSON = ("contacts", "contact_aliases", "conversations", "registration_sessions", "timers")
_CHECKPOINTS = {"checkpoint_timeout": "1h", "max_wal_size": "16GB", "track_wal_io_timing": "on"}
"""None during the run, but the one asked for: pages written whole are then those touched for the first time."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.costs", description="Measure what one turn costs.")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--people", type=int, default=200, help="how many write at once")
    parser.add_argument("--rate", type=float, default=0.0, help="turns a second; 0: as many as go")
    parser.add_argument("--statuses-batch", type=int, default=1, help="statuses in one webhook call")
    given = parser.parse_args()
    given.warm_up = 1.0
    return given


def measure(given: argparse.Namespace, stack: ExitStack) -> dict[str, Any]:
    admin, redis_url = make_cluster(stack, _CHECKPOINTS).url, start_redis(stack)
    url = stack.enter_context(on_postgresql(admin))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="balcao-costs-")))
    inside = make_url(admin).set(database=make_url(url).database).render_as_string(hide_password=False)
    bench = Bench(given, Place(folder, None, None))
    subject = Subject("postgresql", "balcao", url, redis_url)
    empty = asyncio.run(_sizes_of(inside))
    with serving(subject, bench.place) as server:
        before = asyncio.run(_counted(inside)) | _commands(redis_url)
        row = crowd(bench_plan(bench, subject, server, given.rate))
        catch_up(url)
        after = asyncio.run(_counted(inside)) | _commands(redis_url)
        connections = asyncio.run(_connections(inside))
    return {"bench": row, "connections": connections} | asyncio.run(_told(inside, before, after, empty))


def bench_plan(bench: Bench, subject: Subject, server: Any, rate: float) -> dict[str, Any]:
    return asdict(bench._plan(subject, server, rate))


async def _counted(url: str) -> dict[str, float]:
    """Counters of the server since it began."""
    connection = await asyncpg.connect(url)
    try:
        wal = await connection.fetchrow("SELECT wal_records, wal_fpi, wal_bytes FROM pg_stat_wal")
        commits = await connection.fetchval(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
    finally:
        await connection.close()
    return {name: float(value) for name, value in wal.items()} | {"commits": float(commits)}


def _commands(url: str) -> dict[str, float]:
    with redis.Redis.from_url(url) as client:
        told: Any = client.info("commandstats")
        traffic: Any = client.info("stats")
    calls = {f"redis.{name.removeprefix('cmdstat_')}": float(found["calls"]) for name, found in told.items()}
    calls |= {f"redis.{name.removeprefix('cmdstat_')}.us": float(found["usec"]) for name, found in told.items()}
    return calls | {
        f"redis.{name}": float(traffic[name]) for name in ("total_net_input_bytes", "total_net_output_bytes")
    }


async def _connections(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename ~ '^balcao'"
            )
        )
    finally:
        await connection.close()


async def _told(
    url: str, before: Mapping[str, float], after: Mapping[str, float], empty: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    connection = await asyncpg.connect(url)
    try:
        turns = await connection.fetchval("SELECT count(*) FROM events WHERE contact_id IS NOT NULL")
        kinds = dict(await connection.fetch("SELECT kind, count(*) FROM events GROUP BY 1"))
        for table in empty:
            await connection.execute(f"VACUUM FULL {table}")
        packed = await _sizes(connection)
    finally:
        await connection.close()
    spent = {name: after[name] - before.get(name, 0.0) for name in after}
    return {
        "turns": turns,
        "events": kinds,
        "a_turn": {name: round(value / turns, 3) for name, value in sorted(spent.items()) if value},
        "rows_a_turn": {name: round(packed[name]["rows"] / turns, 3) for name in _LOG_LIKE},
        "bytes_a_row": {name: _a_row(packed[name], empty[name]) for name in packed},
    }


def _a_row(table: Mapping[str, int], empty: Mapping[str, int]) -> float:
    """Without what the table and its indexes have when nothing is in them."""
    return round((table["bytes"] - empty["bytes"]) / table["rows"], 1) if table["rows"] else 0.0


async def _sizes_of(url: str) -> dict[str, dict[str, int]]:
    connection = await asyncpg.connect(url)
    try:
        return await _sizes(connection)
    finally:
        await connection.close()


async def _sizes(connection: asyncpg.Connection) -> dict[str, dict[str, int]]:
    """Rows and bytes (indexes and overflow included) of every table that grows."""
    found = {}
    for name in (*_LOG_LIKE, *_A_PERSON, "outbox"):
        rows = await connection.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608 - names of ours
        found[name] = {
            "rows": rows,
            "bytes": await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", name),
        }
    return found


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with ExitStack() as stack:
        print(orjson.dumps(measure(options(), stack), option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
