"""After a secret was changed: fields open under the new key, and a number that was stopped is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.cli import app as command_line
from bot.desk_commands import apply_file, rekey
from bot.serve import begin_work
from bot.settings import Settings, load_settings
from bot.town import EXAMPLES, NUMBER, open_town
from bot.wiring import make_vault
from storage.deliveries import stop_number, stopped_numbers
from storage.tables.organizations import organizations
from storage.unit_of_work import Database, Tx, make_engine
from storage.vault import CannotOpen
from tests.bot.test_pix_webhook_command import REQUIRED
from tests.clock import FrozenClock

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32


def settings(url: str, key: str, former: str = "") -> Settings:
    return load_settings(
        {**REQUIRED, "BALCAO_DATABASE_URL": url, "BALCAO_SECRET_KEY": key, "BALCAO_SECRET_KEY_PREVIOUS": former}
    )


async def opened(known: Settings) -> bool:
    """Whether these settings open what the business has sealed."""
    database = Database(make_engine(known.database_url))

    async def look(tx: Tx) -> bool:
        row = await tx.first(select(organizations))
        assert row is not None
        try:
            return bool(make_vault(known).sealer(row.id, row.data_key))
        except CannotOpen:
            return False

    try:
        return await database.run(look, org=None, read_only=True)
    finally:
        await database.close()


@pytest.fixture
async def url(sqlite_url: str) -> str:
    await apply_file(settings(sqlite_url, OLD), EXAMPLES / "benefit-card.yaml")
    return sqlite_url


async def test_after_a_rekey_the_former_key_is_not_needed(url: str) -> None:
    assert not await opened(settings(url, NEW))
    assert await rekey(settings(url, NEW, OLD)) == (
        "Organisations under BALCAO_SECRET_KEY now: 1. BALCAO_SECRET_KEY_PREVIOUS may go once no card or link made"
        " under it is in use."
    )
    assert await opened(settings(url, NEW))
    assert not await opened(settings(url, OLD))


async def test_a_rekey_may_be_repeated(url: str) -> None:
    await rekey(settings(url, NEW, OLD))
    await rekey(settings(url, NEW, OLD))
    assert await opened(settings(url, NEW))


async def test_without_the_former_key_nothing_changes(url: str) -> None:
    with pytest.raises(SystemExit, match="BALCAO_SECRET_KEY_PREVIOUS"):
        await rekey(settings(url, OTHER))
    assert await opened(settings(url, OLD))


def test_the_command(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {**REQUIRED, "BALCAO_DATABASE_URL": sqlite_url}.items():
        monkeypatch.setenv(name, value)
    command_line(["rekey"], result_action="return_value")
    assert capsys.readouterr().out == "Organisations under BALCAO_SECRET_KEY now: 0.\n"


async def test_a_stopped_number_is_tried_again_after_a_restart(sqlite_url: str, clock: FrozenClock) -> None:
    async with open_town(sqlite_url, clock) as town:
        database = town.balcao.database
        await database.run(lambda tx: stop_number(tx, NUMBER, "190: token expired"), org=None)
        assert await database.run(stopped_numbers, org=None) == {NUMBER}
        await begin_work(town.balcao)
        await town.balcao.service.stop()
        assert await database.run(stopped_numbers, org=None) == set()
