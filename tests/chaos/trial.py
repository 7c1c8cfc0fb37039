"""One run: Balcão as real processes between fakes, people on their way through it, and somebody with a gun."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import orjson
from sqlalchemy import func, select

from bot.town import EXAMPLES
from scripts.services import free_port
from storage.tables.queues import events, outbox
from storage.unit_of_work import Database, Tx, make_engine
from tests.bot.processes import PATIENCE, until
from tests.chaos.books import Verdict, compare, read_all
from tests.chaos.keeper import RANDOM, Keeper
from tests.chaos.outside import Outside, opened
from tests.chaos.people import Walker
from tests.chaos.points import MEANING, MIGRATION

PAYS_TWICE = 8
"""Every so-manieth person pays twice, so that money has to be given back."""
BREATH = 0.8
"""Share of kills before which everybody is up again: the others hit processes that are just starting."""
ALIVE = ("queued", "sending", "uncertain")


@dataclass(frozen=True, slots=True)
class Plan:
    """`people` at once; `kills` in all, one in `every` seconds on average; whoever gets the card makes room for a
    newcomer until the kills are done. `pace`: what people take to answer, in seconds."""

    kills: int
    people: int
    seed: int
    every: float = 1.5
    pace: float = 0.5
    patience: float = 240.0
    """Seconds that the last people have after the last kill."""
    lease: float = 35.0
    """Seconds; longer than a send may take, as in earnest. Shorter is quicker, and wrong where a machine stalls."""


@dataclass(slots=True)
class Result:
    verdict: Verdict
    kills: Counter[str]
    seconds: float
    people: Sequence[Walker]
    deaths: Sequence[tuple[float, str, str]]
    complaints: Counter[str] = field(default_factory=Counter)


class Trial:
    def __init__(self, plan: Plan, folder: Path, database_url: str, redis_url: str | None) -> None:
        self._plan = plan
        self._folder = folder
        self._url = database_url
        self._redis = redis_url
        self._chance = random.Random(plan.seed)
        self._keeper = Keeper(folder, plan.lease)
        self._people: list[Walker] = []
        self._shooting = True
        self._doors: list[int] = []

    async def run(self) -> Result:
        """Raises AssertionError only when it could not be carried through at all."""
        ports = [free_port() for _ in range(1 if self._redis is None else 2)]
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        begun = time.monotonic()
        async with opened(addresses, self._chance) as outside:
            try:
                await self._keeper.open()
                await self._start(outside, ports)
                await self._under_fire(outside)
                await self._at_rest(outside)
                statuses = await self._keeper.stop()
            finally:
                await self._keeper.close()
            verdict = compare(await read_all(self._url), outside, self._people)
        self._ends(verdict, statuses)
        seconds = time.monotonic() - begun
        return Result(verdict, self._keeper.kills, seconds, self._people, self._keeper.deaths, self._complaints())

    # --- the installation ---------------------------------------------------------------------------------------

    async def _start(self, outside: Outside, ports: Sequence[int]) -> None:
        env = outside.environment | {"BALCAO_DATABASE_URL": self._url}
        if self._redis is not None:
            env["BALCAO_REDIS_URL"] = self._redis
        for words in (("migrate",), ("apply", str(EXAMPLES / "benefit-card.yaml"))):
            status = await self._keeper.run(words[0], *words, env=env)
            assert status == 0, self._keeper.log(words[0])
        if self._redis is None:
            self._serve("all", ports[0], env)
        else:
            for number, port in enumerate(ports, 1):
                self._serve("web", port, env, number)
                self._serve("worker", free_port(), env, number)
        await until(self._all_up, "all processes", PATIENCE * 2)

    def _serve(self, role: str, port: int, env: Mapping[str, str], number: int = 1) -> None:
        words = ("serve", "--role", role, "--host", "127.0.0.1", "--port", str(port))
        self._keeper.start(f"{role}-{number}", *words, env=env)
        self._doors.append(port)

    # --- people and kills ---------------------------------------------------------------------------------------

    async def _under_fire(self, outside: Outside) -> None:
        places = [asyncio.create_task(self._place(outside)) for _ in range(self._plan.people)]
        await self._shoot()
        with suppress(TimeoutError):  # The verdict names those who did not get there.
            async with asyncio.timeout(self._plan.patience):
                await asyncio.gather(*places)
        for place in places:
            place.cancel()
        await asyncio.gather(*places, return_exceptions=True)

    async def _place(self, outside: Outside) -> None:
        """One person after another, as long as there is shooting."""
        await asyncio.sleep(self._chance.uniform(0, 2 * self._plan.pace))
        while True:
            walker = self._newcomer(outside)
            await walker.walk()
            if not self._shooting:
                return

    def _newcomer(self, outside: Outside) -> Walker:
        number = len(self._people) + 1
        phone = outside.meta.person(f"55119{60_000_000 + number:08d}", "Ana Exemplo")
        pays = 2 if number % PAYS_TWICE == 1 else 1
        walker = Walker(outside, phone, number, random.Random(self._plan.seed + number), self._plan.pace, pays)
        self._people.append(walker)
        return walker

    async def _shoot(self) -> None:
        """Every point at the first opportunity; then points in turn and random moments, half and half."""
        keeper, points = self._keeper, list(MEANING)
        for point in points:
            keeper.arm(point)
        turns = cycle(points)
        while (armed := [point for point in points if keeper.is_armed(point)]) or self._left() > 0:
            if self._chance.random() < BREATH:
                await until(self._all_up, "all processes", PATIENCE * 2)
            await asyncio.sleep(self._chance.expovariate(1 / self._plan.every))
            if self._left() <= len(armed):
                continue
            point = next(turns)
            if point not in armed and self._chance.random() < 0.5:
                keeper.arm(point, self._chance.randint(1, 3))
            else:
                keeper.kill(self._chance.choice([name for name, one in keeper.members.items() if one.stays]))
        self._shooting = False

    async def _all_up(self) -> bool:
        return all([await _listens(port) for port in self._doors])

    def _left(self) -> int:
        return self._plan.kills - self._keeper.kills.total()

    # --- the end ------------------------------------------------------------------------------------------------

    async def _at_rest(self, outside: Outside) -> None:
        """Nothing is under way any more, here and outside."""
        database = Database(make_engine(self._url, pool_size=1))

        async def quiet() -> bool:
            return outside.at_rest() and not await database.run(_under_way, org=None, read_only=True)

        with suppress(AssertionError):  # The verdict says what is left.
            await until(quiet, "rest", PATIENCE * 2)
        await database.close()

    def _ends(self, verdict: Verdict, statuses: Mapping[str, int]) -> None:
        verdict.count("processes that ended by themselves", (("", one) for one in self._keeper.surprises))
        badly = [(name, str(status)) for name, status in statuses.items() if status != 0]
        verdict.count("processes that did not stop well", badly)
        verdict.count("failures in the log", (("", f"{name} x {times}") for name, times in self._failures().items()))

    def _complaints(self) -> Counter[str]:
        """Events of the logs at warning or above."""
        lines = (line for name in self._keeper.members for line in self._keeper.log(name).splitlines())
        return Counter(event for line in lines if (event := _event(line)) is not None)

    def _failures(self) -> Counter[str]:
        return Counter({name: times for name, times in self._complaints().items() if name in FAILURES})


ELSE = {RANDOM: "at any moment", MIGRATION: "at any statement of `balcao migrate`"}
FAILURES = frozenset(
    {"turns.failed", "delivery.bug", "delivery.dead", "notices.parked", "intake.stored_as_unknown", "not JSON",
     "delivery.record_lost", "service.drain_timed_out"}
)  # fmt: skip
"""Log lines that no kill explains."""


def _event(line: str) -> str | None:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "not JSON" if line.startswith("Traceback") else None
    return str(told.get("event")) if isinstance(told, dict) else None


async def _listens(port: int) -> bool:
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


async def _under_way(tx: Tx) -> int:
    mail = await tx.scalar(select(func.count()).select_from(events).where(events.c.status == "pending"))
    jobs = await tx.scalar(select(func.count()).select_from(outbox).where(outbox.c.status.in_(ALIVE)))
    return int(mail or 0) + int(jobs or 0)


# --- how it is told -------------------------------------------------------------------------------------------


def table(name: str, result: Result) -> str:
    """For people: deaths by point, then the books."""
    lines = [f"{name}: {result.kills.total()} kills, {len(result.people)} people, {result.seconds:.0f} s"]
    where = MEANING | ELSE
    lines += [f"  {times:>6}  {point:<19} {where[point]}" for point, times in sorted(result.kills.items())]
    lines += [f"  {value:>6}  {what}" for what, value in result.verdict.counts.items()]
    return "\n".join(lines)


def stories(result: Result, most: int = 3) -> str:
    """What is wrong, and what happened to the first of those it happened to. Ids and places only."""
    lines = [f"WRONG {whose} {what}".strip() for whose, what in result.verdict.wrong[:50]]
    named = list(dict.fromkeys(whose for whose, _ in result.verdict.wrong if whose))
    for walker in [one for one in result.people if one.key in named][:most]:
        told = [(at, f"{what} {which}") for at, what, which in walker.story]
        told += [(at, f"        {who} killed: {where}") for at, who, where in result.deaths if at >= walker.since]
        lines.append(f"--- {walker.key}")
        lines += [f"{at - walker.since:8.2f} s  {what}" for at, what in sorted(told)[:200]]
    return "\n".join(lines)


def line(name: str, plan: Plan, result: Result) -> bytes:
    """For machines."""
    return orjson.dumps(
        {
            "form": name, "seed": plan.seed, "people_at_once": plan.people, "seconds": round(result.seconds, 1),
            "kills": dict(sorted(result.kills.items())), "books": result.verdict.counts,
            "wrong": len(result.verdict.wrong), "log": dict(result.complaints),
        }
    )  # fmt: skip
