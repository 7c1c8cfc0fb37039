"""A database under the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.unit_of_work import Database, make_engine
from tests.counter import Counter, counter


class Engines:
    """One engine of each kind for all tests of a process: an engine remembers how statements read in SQL, and finding
    that out again takes longer than most tests. Connections are each test's own."""

    def __init__(self) -> None:
        self._known: dict[str, AsyncEngine] = {}
        self._file = ""

    def of(self, url: str) -> AsyncEngine:
        place = make_url(url)
        kind = place.get_backend_name()
        self._file = place.database or ""
        if kind not in self._known:
            self._known[kind] = make_engine(url, pool_size=4)
            if kind == "sqlite":
                event.listen(self._known[kind].sync_engine, "do_connect", self._redirect)
        return self._known[kind]

    def _redirect(self, dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
        """To the present test's own file."""
        arguments[0] = self._file


_ENGINES = Engines()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(_ENGINES.of(database_url))
    yield opened
    await opened.close()


@pytest.fixture
async def ana(database: Database) -> Counter:
    """A person at the desk of a business with two plans."""
    return await counter(database)


@pytest.fixture
async def payer(ana: Counter) -> Counter:
    """Somebody who has chosen a plan and owes its price."""
    await ana.choose()
    return ana
