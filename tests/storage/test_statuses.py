"""The table of allowed moves, and that the database itself guards them."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import CheckConstraint, select, update

from storage.statuses import ALLOWED, move, sources
from storage.tables.all import metadata
from storage.tables.members import payment_intents
from tests.clock import FrozenClock
from tests.scheduler.bench import open_bench


@pytest.mark.parametrize("noun", ALLOWED)
def test_the_table_knows_the_very_statuses_the_database_takes(noun: str) -> None:
    checks = [one for one in metadata.tables[noun].constraints if isinstance(one, CheckConstraint)]
    text = next(str(one.sqltext) for one in checks if str(one.sqltext).startswith("status in"))
    assert set(re.findall(r"'(\w+)'", text)) == set(ALLOWED[noun])
    assert {target for targets in ALLOWED[noun].values() for target in targets} <= set(ALLOWED[noun])


def test_sources() -> None:
    assert set(sources("payment_intents", "succeeded")) == {"pending", "expired", "canceled", "failed"}
    assert sources("payment_intents", "requires_action") == []


async def test_only_allowed_moves_are_made(database_url: str) -> None:
    async with open_bench(database_url, FrozenClock()) as bench:
        await bench.charge("CT00000000000000000000000001")
        charge = await bench.one(payment_intents)
        for present, targets in ALLOWED["payment_intents"].items():
            for target in ALLOWED["payment_intents"]:
                reset = update(payment_intents).values(status=present)
                await bench.database.run(lambda tx, reset=reset: tx.run(reset), org=None)  # type: ignore[misc]
                work = partial(move, table=payment_intents, row_id=charge.id, target=target)
                moved = await bench.database.run(work, org=bench.shop.id)
                assert moved == (target in targets), (present, target)


async def test_what_changes_with_a_move_changes_only_then(database_url: str) -> None:
    async with open_bench(database_url, FrozenClock()) as bench:
        await bench.charge("CT00000000000000000000000001")
        charge, at = await bench.one(payment_intents), bench.clock.now() + timedelta(hours=1)
        for expected in (True, False):
            made = await bench.database.run(
                lambda tx: move(tx, payment_intents, charge.id, "succeeded", paid_at=at), org=bench.shop.id
            )
            assert made is expected
        found = await bench.database.run(lambda tx: tx.first(select(payment_intents)), org=None)
        assert found is not None
        assert (found.status, found.paid_at) == ("succeeded", at)
