"""What can be read of a process and of its database while they work."""

from __future__ import annotations

import re
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import redis

from tests.endurance.trend import Trend, trend

_METRIC = re.compile(r"^balcao_(tasks|database_connections) (\S+)$", re.MULTILINE)
_TABLES = """
SELECT relname, pg_total_relation_size(relid) AS bytes FROM pg_stat_user_tables ORDER BY relname
"""
_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class Watched:
    """A process of ours and where it tells its metrics."""

    name: str
    pid: int
    port: int


def of_process(watched: Watched) -> dict[str, float]:
    place = Path(f"/proc/{watched.pid}")
    status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
    found = {
        "rss_mb": int(status["VmRSS"].split()[0]) / 1024,
        "threads": float(status["Threads"]),
        "files": float(len(list((place / "fd").iterdir()))),
    }
    with urllib.request.urlopen(f"http://127.0.0.1:{watched.port}/metrics", timeout=30) as answer:
        told = dict(_METRIC.findall(answer.read().decode()))
    return found | {"tasks": float(told["tasks"]), "connections_used": float(told["database_connections"])}


async def vacuumed(url: str) -> None:
    """What autovacuum does every minute, where a server of tests does without it."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        if await connection.fetchval("SHOW autovacuum") == "off":
            await connection.execute("VACUUM")
    finally:
        await connection.close()


async def of_postgresql(url: str) -> dict[str, float]:
    """Sessions but for ours, and the size of every table with its indexes in MB."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        sessions = await connection.fetchval(_SESSIONS)
        tables = await connection.fetch(_TABLES)
    finally:
        await connection.close()
    sizes = {f"table {row['relname']}": row["bytes"] / 2**20 for row in tables}
    return {"sessions": float(sessions), "database_mb": sum(sizes.values()), **sizes}


def of_sqlite(url: str) -> dict[str, float]:
    file = url.removeprefix("sqlite+aiosqlite:///")
    sizes = [place.stat().st_size for place in map(Path, (file, f"{file}-wal")) if place.exists()]
    return {"database_mb": sum(sizes) / 2**20}


def of_redis(url: str) -> dict[str, float]:
    with redis.Redis.from_url(url) as client:
        return {"keys": float(client.dbsize())}


class Book:
    """Readings by (whose, what), each with the second it was taken at."""

    def __init__(self) -> None:
        self.readings: dict[tuple[str, str], list[tuple[float, float]]] = {}

    def note(self, whose: str, at: float, found: dict[str, float]) -> None:
        for name, value in found.items():
            self.readings.setdefault((whose, name), []).append((at, value))

    def trends(self, after: float) -> dict[tuple[str, str], Trend]:
        """Of what was read after the warm-up."""
        late = {key: [point for point in points if point[0] >= after] for key, points in self.readings.items()}
        return {key: trend(key[1], points) for key, points in late.items() if len(points) > 1}
