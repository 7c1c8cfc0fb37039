"""The model of docs/scale.md: its page is what it says now, its facts about the program are the program's, and it moves
the right way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler import deliveries, retention, turns
from scheduler.landing import CLEAR_UP
from scripts.capacity.bill import cells, month
from scripts.capacity.inputs import Inputs, read
from scripts.capacity.model import ceilings, days_until_full, needs, shares
from scripts.capacity.page import BLOCKS, PAGE, filled
from scripts.capacity.people import Talk, held_back
from scripts.capacity.traffic import Scene, play
from storage import mailboxes
from storage.unit_of_work import make_engine


@pytest.fixture(scope="module")
def of() -> Inputs:
    return read()


def test_the_page_tells_what_the_model_says(of: Inputs) -> None:
    text = PAGE.read_text("utf-8")
    assert all(f"<!-- capacity: {name} -->" in text for name in BLOCKS)
    assert text == filled(text, of), "run: .venv/bin/python -m scripts.capacity --write"


def test_what_it_says_of_the_program_is_so(of: Inputs) -> None:
    pool = make_engine("postgresql+asyncpg://nobody@localhost/nothing").pool
    facts = {
        "claim_window": mailboxes.WINDOW,
        "batch_people": turns.PEOPLE,
        "slots": deliveries.AT_ONCE,
        "waiting": deliveries.WAITING,
        "lease_seconds": deliveries.LEASE.total_seconds(),
        "uncertain_seconds": CLEAR_UP.total_seconds(),
        "pool_most": pool.size() + pool._max_overflow,  # type: ignore[attr-defined]
        "events_days": retention.KEEP_EVENTS.days,
        "wording_days": retention.KEEP_WORDING.days,
        "communications_days": retention.KEEP_MESSAGES.days,
        "steps_days": retention.KEEP_STEPS.days,
    }
    assert {name: of[name] for name in of.names("code")} == facts


def test_twice_the_load_needs_twice_as_much(of: Inputs) -> None:
    once, twice = needs(of), needs(of.changed(messages_per_second=2 * of["messages_per_second"]))
    for name in ("webhook_calls", "graph_calls", "commits", "network_mbit", "log_gb_kept", "rows_to_forget"):
        assert getattr(twice, name) == pytest.approx(2 * getattr(once, name))
    assert once.app_cores < twice.app_cores <= 2 * once.app_cores
    assert once.whole_pages_mb < twice.whole_pages_mb < 2 * once.whole_pages_mb  # A page goes whole only once.
    assert twice.redis_rings > 3.5 * once.redis_rings  # To every process.


def test_cores_and_days_by_hand(of: Inputs) -> None:
    need = needs(of.changed(messages_per_second=1000, app_cpu_ms=1, utilisation=0.5, mean_of_peak=0.5))
    assert (need.core_turns, need.app_cores, need.turns_a_day) == (1000, 2, 43_200_000)
    assert need.log_gb_hot < need.log_gb_kept
    short = of.changed(communications_days=1, wording_days=1, steps_days=1, events_days=1)
    assert needs(short).log_gb_kept == pytest.approx(needs(short).log_gb_a_day)
    assert days_until_full(of.changed(database_disk_gb=0)) == 0


def test_what_ends_first_comes_first(of: Inputs) -> None:
    found = ceilings(of)
    assert [ceiling.turns for ceiling in found] == sorted(ceiling.turns for ceiling in found)
    assert found[0].turns == of["number_default"] / 2  # In and out count together.
    narrow = ceilings(of.changed(database_cores=0.01))
    assert narrow[0].what == "CPU of PostgreSQL"


def test_the_bill(of: Inputs) -> None:
    lines = {line.what: line.usd for line in month(of)}
    assert lines["application"] == needs(of).app_cores * of["usd_core"]
    free = {line.what: line.usd for line in month(of.changed(usd_service_message=0, overhead=0))}
    assert (free["Meta, replies delivered"], free["logs, metrics, backups"]) == (0, 0)
    assert cells(of.changed(messages_per_second=1001, cell_turns=1000)) == 2


def test_zipf() -> None:
    found = shares(500, 1)
    assert sum(found) == pytest.approx(1)
    assert found[0] == pytest.approx(10 * found[9])


QUIET = Scene("quiet", upgraded=True)


def test_a_peak_within_all_limits_leaves_nothing(of: Inputs) -> None:
    story = play(of, QUIET)
    assert (story.limited, story.unsent) == (0, 0)
    assert story == play(of, QUIET)
    assert story != play(of, QUIET, seed=2)


def test_lost_workers_are_felt(of: Inputs) -> None:
    most = needs(of).app_cores
    one, nearly_all = (play(of, replace(QUIET, lost=lost)) for lost in (1, most - 1))
    assert one.within[2] >= of["lease_seconds"]
    assert nearly_all.mailboxes > one.mailboxes
    assert nearly_all.within[1] > one.within[1]
    assert nearly_all.unsent == 0  # It catches up.


def test_numbers_above_their_limit_hold_up_whom_they_may(of: Inputs) -> None:
    one_line, passed_by = (play(of, Scene("", upgraded=False, passed_by=passed_by)) for passed_by in (False, True))
    assert one_line.limited == passed_by.limited > 0
    assert one_line.within[0] > 60 > passed_by.within[1]
    assert passed_by.unsent > 0


def test_the_pair_limit() -> None:
    assert held_back(Talk("", 45, 0.01)) == (0.0, 0.0)  # The burst.
    share, longest = held_back(Talk("", 46, 0.01))
    assert share == pytest.approx(1 / 46)
    assert 5 < longest <= 6


def test_a_name_that_is_not_known_is_a_mistake(of: Inputs) -> None:
    with pytest.raises(KeyError):
        of.changed(mesages_per_second=1)
