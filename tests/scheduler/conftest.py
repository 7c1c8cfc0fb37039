"""Fixtures of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.clock import FrozenClock
from tests.scheduler.bench import Bench, open_bench


@pytest.fixture
async def bench(database_url: str, clock: FrozenClock) -> AsyncIterator[Bench]:
    """On both databases."""
    async with open_bench(database_url, clock) as bench:
        yield bench


@pytest.fixture
async def desk(sqlite_url: str, clock: FrozenClock) -> AsyncIterator[Bench]:
    """On SQLite alone, where the database makes no difference."""
    async with open_bench(sqlite_url, clock) as bench:
        yield bench


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; kept off the screen, where drawing a traceback takes seconds."""
    with capture_logs() as entries:
        yield entries
