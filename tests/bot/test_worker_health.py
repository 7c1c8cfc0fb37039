"""A worker can be seen: its own port with health and metrics; and a database role that is too mighty is told."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import orjson
import pytest
import yaml
from aiohttp import ClientSession
from sqlalchemy import select
from sqlalchemy.engine import make_url

from bot.http.app import make_status_app
from bot.http.health import Readiness, usual_checks
from bot.queue_commands import role_warning
from bot.settings import load_settings
from storage.migrate import is_at_head, upgrade
from storage.roles import exempt
from storage.tables.organizations import organizations
from storage.unit_of_work import Database, make_engine
from tests.bot.http_support import open_web
from tests.bot.processes import GOOD, started
from tests.bot.test_serve import get, listening
from tests.factories import VAULT

ROOT = Path(__file__).parents[2]
ROLES = ROOT / "docker" / "roles.sql"


async def test_a_worker_answers_for_health_and_metrics_and_nothing_else(
    tmp_path: Path, postgresql_url: str, redis_url: str
) -> None:
    env = GOOD | {"BALCAO_DATABASE_URL": postgresql_url, "BALCAO_REDIS_URL": redis_url, "BALCAO_PORT": "0"}
    words = ("serve", "--role", "worker", "--host", "127.0.0.1")
    async with started(tmp_path / "worker", *words, env=env) as worker, ClientSession() as client:
        address = await listening(worker)
        status, body = await get(client, f"{address}/health/ready")
        assert status == 200
        assert orjson.loads(body)["checks"]["database"] == "ok"
        assert "balcao_mailbox_depth" in (await get(client, f"{address}/metrics"))[1]
        for path in ("/webhooks/whatsapp", "/webhooks/pix", "/cards/x.y", "/media/x"):
            assert (await get(client, f"{address}{path}"))[0] == 404
        assert await worker.stop() == 0
        assert "Traceback" not in worker.complained


async def test_the_status_application_has_three_addresses(sqlite_url: str) -> None:
    async with open_web(sqlite_url) as web:
        paths = {route.resource.canonical for route in make_status_app(web.deps).router.routes() if route.resource}
    assert paths == {"/health/live", "/health/ready", "/metrics"}


# --- the role of the database ---------------------------------------------------------------------------------------


@pytest.fixture
async def roles(postgresql_url: str) -> AsyncIterator[tuple[str, str]]:
    """A database of its own as docker/roles.sql makes it: the addresses of its owner and of the application."""
    name = f"balcao_test_{os.getpid()}_roles"
    admin = await asyncpg.connect(_plain(postgresql_url))
    mine = {"balcao_owner": f"{name}_owner", "balcao": f"{name}_app"}
    script = re.sub(r"--.*", "", ROLES.read_text("utf-8"))
    script = re.sub(r"\bbalcao(_owner)?\b", lambda word: mine[word[0]], script)
    script = script.replace(":'owner_password'", "'owner'").replace(":'app_password'", "'app'")
    script = script.replace(':"DBNAME"', name)
    await _drop(admin, name, mine.values())
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        inside = await asyncpg.connect(_plain(postgresql_url, database=name))
        await inside.execute(script)
        await inside.close()
        yield (
            _address(postgresql_url, name, mine["balcao_owner"], "owner"),
            _address(postgresql_url, name, mine["balcao"], "app"),
        )
    finally:
        await _drop(admin, name, mine.values())
        await admin.close()


async def _drop(admin: asyncpg.Connection, name: str, mine: object) -> None:
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    for role in mine:  # type: ignore[attr-defined]
        await admin.execute(f"DROP ROLE IF EXISTS {role}")


def _plain(url: str, database: str | None = None) -> str:
    place = make_url(url)
    plain = place.set(drivername="postgresql", database=database or place.database)
    return plain.render_as_string(hide_password=False)


def _address(url: str, database: str, user: str, password: str) -> str:
    return make_url(url).set(database=database, username=user, password=password).render_as_string(hide_password=False)


async def test_the_owner_migrates_and_the_plain_role_works(roles: tuple[str, str]) -> None:
    owner, app = roles
    await upgrade(owner)
    database = Database(make_engine(app))
    try:
        assert await is_at_head(database.engine)
        assert await exempt(database.engine) is None
        assert await database.run(lambda tx: tx.all(select(organizations)), org=None) == []
        status, told = await Readiness(usual_checks(database, VAULT)).report()
        assert (status, told["status"]) == (200, "ok")
        with pytest.raises(Exception, match="must be owner"):
            async with database.engine.begin() as connection:
                await connection.exec_driver_sql("alter table leases disable row level security")
    finally:
        await database.close()


async def test_a_superuser_is_told(postgresql_url: str) -> None:
    database = Database(make_engine(postgresql_url))
    status, told = await Readiness(usual_checks(database, VAULT)).report()
    await database.close()
    assert (status, told["status"]) == (200, "degraded")
    assert "superuser" in told["checks"]["database_role"]  # type: ignore[index]
    (line,) = await role_warning(load_settings(GOOD | {"BALCAO_DATABASE_URL": postgresql_url}))
    assert line.startswith("WARNING  BALCAO_DATABASE_URL: the role is a superuser")
    assert "docker/roles.sql" in line


async def test_sqlite_has_no_roles(sqlite_url: str) -> None:
    assert await role_warning(load_settings(GOOD | {"BALCAO_DATABASE_URL": sqlite_url})) == []


# --- compose --------------------------------------------------------------------------------------------------------


def test_compose_gives_each_service_its_role_and_watches_the_worker() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    users = {
        name: re.match(r"postgresql://(\w+):", services[name]["environment"]["BALCAO_DATABASE_URL"])
        for name in ("migrate", "web", "worker")
    }
    assert {name: found and found[1] for name, found in users.items()} == {
        "migrate": "balcao_owner", "web": "balcao", "worker": "balcao",
    }  # fmt: skip
    assert "healthcheck" not in services["worker"]
    mounted = [volume.split(":")[0] for volume in services["postgres"]["volumes"] if volume.startswith("./")]
    assert mounted
    assert all((ROOT / path).is_file() for path in mounted)


def test_the_script_of_the_image_is_a_shell_script() -> None:
    script = ROOT / "docker" / "initdb.sh"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["/bin/sh", "-n", script], check=False).returncode == 0
