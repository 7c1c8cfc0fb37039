"""What the tests need from outside and where it is: PostgreSQL, Redis, Chromium.

Nothing is started here (`python -m scripts.services run` does that and says so in the environment); what is not told is
looked for at its usual place.
"""

from __future__ import annotations

import asyncio
import glob
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import asyncpg
import redis

REQUIRE_ALL = "BALCAO_TEST_REQUIRE_ALL"
REASONS = "BALCAO_TEST_MISSING"
"""JSON object: name of a service that could not be had, and why."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
BROWSER_PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "~/.cache/ms-playwright/chromium-*/chrome-linux*/chrome",
    "~/Library/Caches/ms-playwright/chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    variable: str
    """Holds the address, or the path of the browser."""
    usual: Callable[[], str | None]
    works: Callable[[str], str | None]
    """None when it can be used, else the reason why not."""
    fixture: str
    """A test that asks for this fixture needs the service."""


def postgresql_problem(url: str) -> str | None:
    async def ask() -> str | None:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            superuser = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        finally:
            await connection.close()
        return None if superuser else "its user may not create what the tests need (a superuser may)"

    try:
        return asyncio.run(ask())
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]


def redis_problem(url: str) -> str | None:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return None


def chromium_problem(path: str) -> str | None:
    return None if os.access(path, os.X_OK) else f"{path} cannot be run"


def usual_chromium() -> str | None:
    on_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    elsewhere = (path for place in BROWSER_PLACES for path in sorted(glob.glob(str(Path(place).expanduser()))))
    return on_path or next(elsewhere, None)


POSTGRESQL = Service(
    "PostgreSQL",
    "BALCAO_TEST_POSTGRES_URL",
    lambda: "postgresql://postgres@127.0.0.1:5432/postgres",
    postgresql_problem,
    "postgresql_url",
)
REDIS = Service("Redis", "BALCAO_TEST_REDIS_URL", lambda: "redis://127.0.0.1:6379/0", redis_problem, "redis_url")
CHROMIUM = Service("Chromium", "BALCAO_TEST_CHROMIUM", usual_chromium, chromium_problem, "chromium")
ALL = (POSTGRESQL, REDIS, CHROMIUM)


def find(service: Service) -> tuple[str | None, str]:
    """Where the service is, or None and the reason. A place that was named and does not work is not replaced."""
    place = os.environ.get(service.variable) or service.usual()
    if place is None:
        return None, "not installed"
    problem = service.works(place)
    return (place, "") if problem is None else (None, problem)


@cache
def missing() -> dict[str, str]:
    """Names of the services that cannot be had, with the reason."""
    told: dict[str, str] = json.loads(os.environ.get(REASONS, "{}"))
    asked = {service.name: find(service)[1] for service in ALL if service.name not in told}
    return told | {name: reason for name, reason in asked.items() if reason}


def place(service: Service) -> str:
    """Where the service is; tests that need a missing one were deselected, so asking for it is a mistake."""
    found, reason = find(service)
    if found is None:
        raise LookupError(f"{service.name}: {reason}")
    return found
