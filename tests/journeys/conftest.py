"""A town for each test: closed with the promise that WhatsApp refused nothing and no turn failed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.clock import FrozenClock
from tests.town import Person, Stage, staged


@pytest.fixture
async def stage(sqlite_url: str, clock: FrozenClock) -> AsyncIterator[Stage]:
    async with staged(sqlite_url, clock) as opened:
        yield opened


@pytest.fixture
async def both(database_url: str, clock: FrozenClock) -> AsyncIterator[Stage]:
    """The same on SQLite and on PostgreSQL."""
    async with staged(database_url, clock) as opened:
        yield opened


@pytest.fixture
def ana(stage: Stage) -> Person:
    return stage.person()
