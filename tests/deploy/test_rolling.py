"""A whole deploy under load: the next version's migrations beside the present one, then web and workers one by one."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from aiohttp import ClientSession

from storage import migrate
from tests.bot.processes import started
from tests.bot.test_serve import get, listening
from tests.databases import execute
from tests.deploy.versions import HERE, NEXT, next_version
from tests.deploy.world import LONG, opened, under_load, words

pytestmark = pytest.mark.timeout(600)


async def test_a_deploy_turns_nobody_away(postgresql_url: str, redis_url: str, tmp_path: Path) -> None:
    """Tried once too early: a version that cannot start changes nothing."""
    current = tmp_path / "current"
    current.symlink_to(HERE)
    try:
        async with (
            opened(postgresql_url, redis_url, tmp_path) as world,
            started(tmp_path / "web", *words(world, "web", "--processes", "2"), env=world.env, home=current) as web,
            started(tmp_path / "worker", *words(world, "worker"), env=world.env) as worker,
            ClientSession() as client,
        ):
            await listening(web)
            async with under_load(world) as load:
                await load.answered_by("balcao", 10)
                new = next_version(tmp_path / "next")
                current.unlink()
                current.symlink_to(new)
                web.process.send_signal(signal.SIGHUP)
                await web.log("serve.renewal_failed", LONG)
                assert "run `balcao migrate` first" in web.complained
                await load.answered_by("balcao", 10)
                async with started(tmp_path / "migrate", "migrate", env=world.env, home=new) as migrating:
                    assert await migrating.ended() == 0, migrating.complained
                await load.answered_by("balcao", 10)
                assert (await get(client, f"{world.address}/health/ready"))[0] == 200, "on the next one's schema"
                web.process.send_signal(signal.SIGHUP)
                await web.log("serve.renewed", LONG)
                async with started(tmp_path / "worker-2", *words(world, "worker"), env=world.env, home=new) as second:
                    await listening(second)
                    assert await worker.stop() == 0
                    load.servers.clear()
                    await load.answered_by(NEXT, 20)
                    assert set(load.servers) == {NEXT}
                    load.stopping.set()
                    await load.everything_once()
                    load.nobody_was_turned_away()
                    assert (await second.stop(), await web.stop()) == (0, 0)
        await a_version_left_behind_does_not_start(tmp_path, world.env)
    finally:
        await back_to_this_schema(postgresql_url)


async def a_version_left_behind_does_not_start(folder: Path, env: dict[str, str]) -> None:
    await execute(env["BALCAO_DATABASE_URL"], "update schema_floor set revision = '9001'")
    async with started(folder / "old", "serve", "--role", "worker", "--port", "0", env=env) as old:
        assert await old.ended() == 1
        assert old.complained.strip().endswith(f"leaves this version ({migrate.head()}) behind: start a newer one")
        assert old.complained.count("\n") == 1


async def back_to_this_schema(url: str) -> None:
    """The database is this process's, for all tests."""
    await execute(
        url, "alter table events drop column if exists made_up", "alter table outbox drop column if exists made_up",
        "drop table if exists made_up", f"update alembic_version set version_num = '{migrate.head()}'",  # noqa: S608
        "update schema_floor set revision = '0001'",
    )  # fmt: skip
