"""Fixtures for all: databases, Redis, a browser, a clock. What cannot be had here is named at the end of the run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import services, sockets
from tests.clock import FrozenClock
from tests.databases import PostgresDatabase, RedisDatabase, SqliteTemplate

if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # Under `nohup`: inherited, a process of Balcão would take it for the wish not to be begun anew.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How fast the machine is today is no finding.
settings.register_profile("balcao", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("balcao")

DESELECTED = pytest.StashKey[dict[str, int]]()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    return SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[PostgresDatabase]:
    with PostgresDatabase(services.place(services.POSTGRESQL)) as database:
        yield database


@pytest.fixture(scope="session")
def redis_database() -> Iterator[RedisDatabase]:
    with RedisDatabase(services.place(services.REDIS)) as database:
        yield database


@pytest.fixture
def sqlite_url(sqlite_template: SqliteTemplate, tmp_path: Path) -> str:
    """A migrated, empty SQLite file of this test's own."""
    return sqlite_template.copy(tmp_path)


@pytest.fixture
def postgresql_url(postgres_database: PostgresDatabase) -> str:
    """A migrated, empty PostgreSQL database."""
    postgres_database.empty()
    return postgres_database.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def redis_url(redis_database: RedisDatabase) -> str:
    """An empty Redis database."""
    redis_database.empty()
    return redis_database.url


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; start it with `--no-sandbox` when root."""
    return services.place(services.CHROMIUM)


# --- What cannot be had ---------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    config.stash[DESELECTED] = {}
    sockets.block()


def needs(item: pytest.Item) -> list[str]:
    """The names of the services this test needs."""
    asked = set(getattr(item, "fixturenames", ()))
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if "database_url" in asked and parameters.get("database_url") == "postgresql":
        asked.add(services.POSTGRESQL.fixture)
    return [service.name for service in services.ALL if service.fixture in asked]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out the tests whose service is missing, and count them."""
    gone = []
    counts = config.stash[DESELECTED]
    for item in items:
        lacking = [name for name in needs(item) if name in services.missing()]
        if lacking:
            gone.append(item)
            counts[lacking[0]] = counts.get(lacking[0], 0) + 1
    if gone:
        items[:] = [item for item in items if item not in set(gone)]
        config.hook.pytest_deselected(items=gone)
    if hasattr(config, "workeroutput"):
        config.workeroutput["deselected"] = counts


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Every worker of pytest-xdist collects the same tests: one worker's count is everybody's."""
    node.config.stash[DESELECTED].update(getattr(node, "workeroutput", {}).get("deselected", {}))


def unmet(config: pytest.Config) -> dict[str, int]:
    """Missing services that this run had tests for, with how many."""
    return {name: count for name, count in config.stash[DESELECTED].items() if count}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything must be there (the build server), a missing service is a failure."""
    required = os.environ.get(services.REQUIRE_ALL) == "1"
    if required and unmet(session.config) and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    missing = unmet(config)
    if not missing:
        return
    failed = os.environ.get(services.REQUIRE_ALL) == "1"
    terminalreporter.section("could not be had", red=failed, yellow=not failed)
    for name, count in missing.items():
        reason = services.missing().get(name, "")
        terminalreporter.line(f"{name}: {reason}. {count} tests that need it did not run.")
    if failed:
        terminalreporter.line(f"{services.REQUIRE_ALL}=1: that is a failure.", red=True)
