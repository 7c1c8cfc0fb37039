"""The comparison of the books finds what it is there to find."""

from __future__ import annotations

import random
from datetime import timedelta

from bot.wiring import SystemClock
from tests.chaos.books import TABLES, compare
from tests.chaos.outside import Acceptance, opened


async def test_what_is_lost_or_came_twice_is_named() -> None:
    async with opened(["http://127.0.0.1:9"], random.Random(0)) as outside:
        outside.meta.post.taken["wamid.in"] = 1.0
        outside.meta.post.told |= {"told": 2.0, "untold": 8.5}
        for opaque in ("told", "untold"):
            outside.meta.accepted += [Acceptance(at, f"wamid.{at}", opaque, "5511") for at in (1.0, 9.0)]
        outside.bank.books.put("a" * 32, {}, 100, timedelta(hours=1), SystemClock().now())
        outside.bank.books.receive("a" * 32, 100, SystemClock().now())
        verdict = compare({name: [] for name in TABLES}, outside, [])
    found = {name: count for name, count in verdict.counts.items() if any(what.startswith(f"{name}: ")
             for _, what in verdict.wrong)}  # fmt: skip
    assert found == {
        "events lost": 1,
        "messages unknown to us": 2,
        "messages sent twice that a status could have told us about": 1,
        "charges unknown to us": 1,
        "payments lost": 1,
    }
    assert verdict.counts["messages sent twice before any status came (explained)"] == 1
    assert ("5511", "messages unknown to us: told") in verdict.wrong
