"""The crowd of tests/bench at a steady rate: turns begin at equal distances, whoever's turn it is.

Run as a process of its own: `python -m tests.endurance.crowd '{...}'` with the fields of `Pace`; prints one JSON line.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import ClientSession, TCPConnector

from tests.bench.crowd import Crowd, Person, Plan, _graph
from tests.bench.measure import percentile, run

STANDING = 0.5
"""People per turn a second: so many can be waiting for their reply without anybody's turn being late."""
FEWEST = 4


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate` is turns a second; `seconds` how long."""

    server: str
    graph_port: int
    secret: str
    rate: float
    seconds: float

    @property
    def people(self) -> int:
        return max(FEWEST, round(self.rate * STANDING))

    def plan(self) -> Plan:
        return Plan(self.server, self.graph_port, self.secret, self.people, self.seconds, 0.0, 0, None)


class Steady(Crowd):
    def __init__(self, pace: Pace, client: ClientSession) -> None:
        super().__init__(pace.plan(), client)
        self._every = 1.0 / pace.rate
        self._next = 0.0

    async def _turn(self, person: Person, said: dict[str, Any]) -> dict[str, Any] | None:
        now = asyncio.get_running_loop().time()
        begin = max(now, self._next)
        self._next = begin + self._every
        await asyncio.sleep(begin - now)
        return await super()._turn(person, said)


async def last(pace: Pace) -> dict[str, Any]:
    async with ClientSession(connector=TCPConnector(limit=0)) as client:
        crowd = Steady(pace, client)
        runner = await _graph(crowd, pace.graph_port)
        tasks = [asyncio.create_task(crowd.one_after_another()) for _ in range(pace.people)]
        tasks.append(asyncio.create_task(crowd.tell_statuses()))
        await asyncio.sleep(pace.seconds)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        await runner.cleanup()
    tally = crowd.tally
    return {
        "turns": tally.turns,
        "turns_per_second": round(tally.turns / pace.seconds, 1),
        "webhook_calls": tally.calls,
        "ack_ms": [round(percentile(tally.acks, share) * 1000, 1) for share in (0.5, 0.99)],
        "reply_ms": [round(percentile(tally.whole, share) * 1000, 1) for share in (0.5, 0.99)],
        "missing": tally.missing,
        "refused": tally.refused,
    }


if __name__ == "__main__":
    print(orjson.dumps(run(last(Pace(**orjson.loads(sys.argv[1]))))).decode())
