"""The ground the other tests stand on."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import asyncpg
import pytest
import redis

from tests.clock import FrozenClock
from tests.databases import PostgresDatabase, RedisDatabase
from tests.services import CHROMIUM, find
from tests.sockets import NetworkBlocked


def test_the_clock_stands_still_and_goes_forward_only() -> None:
    clock = FrozenClock(datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=-3))))
    assert clock.now() == clock.now() == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert clock.forward(timedelta(hours=1)) == datetime(2026, 1, 1, 13, tzinfo=UTC)
    with pytest.raises(ValueError, match="back"):
        clock.forward(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="aware"):
        FrozenClock(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_the_network_is_out_of_reach() -> None:
    with pytest.raises(NetworkBlocked, match=r"may not reach example\.com"):
        socket.getaddrinfo("example.com", 443)
    with socket.socket() as client, pytest.raises(NetworkBlocked, match=r"192\.0\.2\.1"):
        client.connect(("192.0.2.1", 443))


async def test_the_network_is_out_of_reach_of_asyncio() -> None:
    with pytest.raises(NetworkBlocked):
        await asyncio.open_connection("example.com", 443)


def test_this_machine_is_within_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername()[0] == "127.0.0.1"


def test_a_sqlite_database_is_migrated(sqlite_url: str) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite+aiosqlite:///")) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "alembic_version" in tables


async def test_a_postgresql_database_is_migrated_and_emptied(
    postgresql_url: str, postgres_database: PostgresDatabase
) -> None:
    connection = await asyncpg.connect(postgresql_url.replace("+asyncpg", ""))
    try:
        assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
        await connection.execute("CREATE TABLE scratch (id int PRIMARY KEY)")
        await connection.execute("INSERT INTO scratch VALUES (1)")
        postgres_database.empty()
        assert await connection.fetchval("SELECT count(*) FROM scratch") == 0
        await connection.execute("DROP TABLE scratch")
        assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
    finally:
        await connection.close()


def test_a_redis_database_is_empty_and_nobody_elses(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.keys("*") == [RedisDatabase.CLAIM]
        client.set("scratch", "1")
    server = redis_url.rpartition("/")[0]
    other = RedisDatabase(f"{server}/0")
    try:
        assert other.url != redis_url
    finally:
        other.__exit__(None, None, None)


def test_the_browser_is_the_one_that_was_found(chromium: str) -> None:
    assert (chromium, "") == find(CHROMIUM)
