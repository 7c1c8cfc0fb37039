"""A whole town to which a stranger writes what he likes, and two people who only want their answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from aiohttp import ClientSession
from structlog.processors import format_exc_info
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.simulator.meta.courier import sign
from bot.town import open_town
from tests.clock import FrozenClock
from tests.town import Person, Stage, cpf

LIMITS_BROKEN = frozenset({100, 131008, 131009, 132000, 132012, 132018})
"""Refusals that mean: this message should never have been built."""
NOT_OURS = ("131026", "not a message received")
"""Refusals that only say that a body was made up: nobody is at that address, nobody wrote that message."""
DOZE = timedelta(minutes=1)
"""Between two people's deeds, so that Meta's limit for a pair never matters."""


@dataclass(slots=True, repr=False)
class Siege:
    stage: Stage
    ana: Person
    """Whose name stands on what the stranger sends."""
    bia: Person
    client: ClientSession
    logs: list[EventDict]

    @property
    def clock(self) -> FrozenClock:
        return self.stage.clock

    async def new_people(self, place: str) -> None:
        """Others come in their stead, and Ana has come as far as that question. (Balcão paces what it sends to one
        person by a clock that no test moves.)"""
        self.logs.clear()
        number = len(self.stage.town.meta.state.people)
        self.ana = self.stage.person(f"551198765{number:04d}", email=f"ana{number}@gmail.com", cpf=cpf(number))
        self.bia = self.stage.person(f"552197654{number:04d}", "Bia Lima")
        await self.ana.reach(place)

    async def post(self, body: bytes, **headers: str) -> int:
        """A signed body; the status."""
        meta = self.stage.town.meta
        signed = {"X-Hub-Signature-256": sign(meta.courier.app_secret, body), **headers}
        async with self.client.post(meta.webhook_url, data=BytesIO(body), headers=signed) as answer:
            return answer.status

    async def settle(self) -> None:
        self.clock.forward(DOZE)
        await self.stage.town.settle()

    async def everybody_is_answered(self) -> None:
        """Both get what they asked for, nothing waits, nothing was set aside, nothing failed."""
        for person in (self.ana, self.bia):
            self.clock.forward(DOZE)
            person.news()
            told = await person.say("menu")
            assert "Como posso ajudar" in told or person.offers(), (person.email, told)
        await self.is_quiet()

    async def is_quiet(self) -> None:
        failed = [entry for entry in self.logs if "exception" in entry]
        assert failed == [], failed[0]
        for status in ("pending", "parked"):
            left = await self.stage.rows("events", status=status)
            assert left == [], [(row.kind, row.error, row.payload) for row in left]
        waits = [(row.status, row.kind, row.error, row.payload) for row in await self.stage.rows("outbox")]
        under_way = [row for row in waits if row[0] not in ("held", "dead")]
        assert under_way == [], under_way
        dead = [row for row in waits if row[0] == "dead" and not any(why in (row[2] or "") for why in NOT_OURS)]
        assert dead == [], dead
        stuck = [row for row in await self.stage.rows("conversations") if row.attempts or row.blocked_until]
        assert stuck == [], stuck
        refusals = self.stage.town.meta.refusals
        broken = [one for one in refusals if one[0] in LIMITS_BROKEN and not any(why in str(one) for why in NOT_OURS)]
        assert broken == [], broken


@asynccontextmanager
async def besieged(database_url: str, clock: FrozenClock) -> AsyncIterator[Siege]:
    with capture_logs(processors=[format_exc_info]) as logs:
        async with open_town(database_url, clock) as town, ClientSession() as client:
            stage = Stage(town, clock)
            ana, bia = stage.person("5511987650000"), stage.person("5521976540000")
            yield Siege(stage, ana, bia, client, logs)
