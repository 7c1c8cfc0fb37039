"""The short form of `make chaos`: every named point once and some random kills, then the books are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.migrations import kill_migrations
from tests.chaos.points import MEANING
from tests.chaos.trial import Plan, Result, Trial, stories, table

PLAN = Plan(kills=len(MEANING) + 2, people=3, seed=20261122, every=0.3, pace=0.05, patience=60.0, lease=8.0)


def all_is_well(result: Result) -> None:
    assert result.verdict.wrong == [], f"{table('chaos', result)}\n{stories(result)}"
    assert set(MEANING) <= set(result.kills), sorted(set(MEANING) - set(result.kills))


@pytest.mark.timeout(180)
async def test_one_process_on_sqlite_killed_at_every_point(tmp_path: Path, sqlite_url: str) -> None:
    all_is_well(await Trial(PLAN, tmp_path / "run", sqlite_url, None).run())


@pytest.mark.timeout(180)
async def test_four_processes_on_postgresql_killed_at_every_point(
    tmp_path: Path, postgresql_url: str, redis_url: str
) -> None:
    all_is_well(await Trial(PLAN, tmp_path / "run", postgresql_url, redis_url).run())


@pytest.mark.timeout(180)
async def test_the_next_migration_finishes_a_killed_one(tmp_path: Path, postgresql_url: str) -> None:
    urls = [f"sqlite+aiosqlite:///{tmp_path}/new.db", postgresql_url]
    assert await kill_migrations(urls, PLAN.seed, tmp_path / "run") == (len(urls), [])
