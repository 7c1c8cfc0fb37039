"""Wake-ups within one process (those between processes are tested with Redis, in tests/bot)."""

from __future__ import annotations

import asyncio

from scheduler.wake import DELIVERIES, TURNS, LocalWake


async def test_a_ring_before_the_wait_is_not_lost() -> None:
    wake = LocalWake()
    wake.ring(TURNS)
    async with asyncio.timeout(1):
        await wake.wait(TURNS, 60)


async def test_many_rings_are_one() -> None:
    wake = LocalWake()
    for _ in range(3):
        wake.ring(TURNS)
    await wake.wait(TURNS, 60)
    second = asyncio.create_task(wake.wait(TURNS, 60))
    await asyncio.sleep(0)
    assert not second.done()
    wake.ring(TURNS)
    await second


async def test_everyone_who_waits_hears_it_and_no_other_topic() -> None:
    wake = LocalWake()
    waiting = [asyncio.create_task(wake.wait(TURNS, 60)) for _ in range(2)]
    other = asyncio.create_task(wake.wait(DELIVERIES, 60))
    await asyncio.sleep(0)
    wake.ring(TURNS)
    async with asyncio.timeout(1):
        await asyncio.gather(*waiting)
    assert not other.done()
    other.cancel()


async def test_without_a_ring_the_time_runs_out() -> None:
    async with asyncio.timeout(1):
        await LocalWake().wait(TURNS, 0.01)


async def test_who_looks_answers_all_rings_so_far() -> None:
    wake = LocalWake()
    wake.ring(TURNS)
    wake.hush(TURNS)
    waiting = asyncio.create_task(wake.wait(TURNS, 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    wake.ring(TURNS)
    await waiting
