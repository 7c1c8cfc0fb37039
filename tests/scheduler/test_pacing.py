"""How fast we speak: never more than Meta allows, in this process and through Redis alike."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.pacing import PAIR, LocalPacer, Rate, number_rate


class Timer:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timer() -> Timer:
    return Timer()


async def _passed(pauses: list[float], rate: Rate) -> list[float]:
    """Instants at which a message went, of one wish after each pause."""
    timer, went = Timer(), []
    pacer = LocalPacer(timer)
    for pause in pauses:
        timer.now += pause
        if await pacer.reserve("n", rate) == 0.0:
            went.append(timer.now)
    return went


@settings(max_examples=30)
@given(
    pauses=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.004, 0.01, 0.2, 1.0]), max_size=400),
    limit=st.sampled_from([1, 2, 7, 20, 80, 1000]),
)
def test_never_more_than_the_limit_in_any_second(pauses: list[float], limit: int) -> None:
    went = asyncio.run(_passed(pauses, number_rate(limit)))
    for place, start in enumerate(went):
        assert sum(1 for instant in went[place:] if instant < start + 1.0) <= limit


async def test_nearly_all_of_the_limit_is_used(timer: Timer) -> None:
    pacer, rate, went = LocalPacer(timer), number_rate(80), 0
    for _ in range(10_000):
        went += await pacer.reserve("n", rate) == 0.0
        timer.now += 0.001
    assert 10 * 72 <= went <= 10 * 72 + 8


async def test_a_person_gets_45_at_once_then_one_in_6_seconds(timer: Timer) -> None:
    pacer = LocalPacer(timer)
    waits = [await pacer.reserve("pair", PAIR) for _ in range(46)]
    assert waits[:45] == [0.0] * 45
    assert waits[45] == pytest.approx(6.0)
    assert await pacer.reserve("another pair", PAIR) == 0.0
    for _ in range(3):
        timer.now += 5.9
        assert await pacer.reserve("pair", PAIR) > 0.0, "asking takes nothing"
        timer.now += 0.11
        assert await pacer.reserve("pair", PAIR) == 0.0
        assert await pacer.reserve("pair", PAIR) > 0.0


async def test_a_complaint_means_silence_and_no_burst_after_it(timer: Timer) -> None:
    pacer = LocalPacer(timer)
    await pacer.penalize("pair", PAIR, 16.0)
    assert await pacer.reserve("pair", PAIR) == pytest.approx(16.0)
    timer.now += 16.001
    assert await pacer.reserve("pair", PAIR) == 0.0
    assert await pacer.reserve("pair", PAIR) == pytest.approx(6.0, abs=0.01)


async def test_a_lighter_complaint_does_not_shorten_a_heavier(timer: Timer) -> None:
    pacer = LocalPacer(timer)
    await pacer.penalize("n", PAIR, 64.0)
    await pacer.penalize("n", PAIR, 1.0)
    assert await pacer.reserve("n", PAIR) == pytest.approx(64.0)


async def test_buckets_that_are_full_again_are_forgotten(timer: Timer) -> None:
    pacer = LocalPacer(timer, most=10)
    for number in range(40):
        assert await pacer.reserve(f"pair:{number}", Rate(0.5, 2)) == 0.0
        timer.now += 1.0
    assert len(pacer._used_until) <= 11
