"""The demo's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.simulator.clock import MovableClock

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_shows_real_time_until_it_is_moved() -> None:
    clock = MovableClock(lambda: START)
    assert clock.now() == START
    assert clock.forward(timedelta(hours=1)) == START + timedelta(hours=1)
    clock.forward(timedelta(days=1))
    assert (clock.now(), clock.offset) == (START + timedelta(hours=25), timedelta(hours=25))


def test_never_goes_back() -> None:
    clock = MovableClock(lambda: START)
    with pytest.raises(ValueError, match="back"):
        clock.forward(timedelta(seconds=-1))
    assert clock.now() == START


def test_listeners_hear_every_jump_until_they_leave() -> None:
    clock, heard = MovableClock(lambda: START), []
    leave = clock.subscribe(lambda: heard.append(clock.now()))
    clock.forward(timedelta(minutes=1))
    leave()
    leave()
    clock.forward(timedelta(minutes=1))
    assert heard == [START + timedelta(minutes=1)]
