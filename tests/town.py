"""A whole Balcão with its town around it, and people who write to it as they would on their phones.

Time stands still but for what a person takes to answer (`Person.pace`), so that Meta's limits by the second never
matter and nothing depends on the machine.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from structlog.processors import format_exc_info
from structlog.testing import capture_logs

from bot.simulator.bank.books import BankCharge
from bot.simulator.meta.people import Person as Phone
from bot.simulator.meta.state import Bubble
from bot.town import EXAMPLES, Town, open_town
from scheduler.notices import REST
from storage.base import metadata
from storage.unit_of_work import Tx
from tests.clock import FrozenClock

CPF = "529.982.247-25"
CPF_2 = "123.456.789-09"
STAFF = "5511955550100"
"""Whom the example business tells that somebody asks for a person."""


def cpf(number: int) -> str:
    """A valid CPF for a made-up person."""
    digits = [int(char) for char in f"{number:09d}"]
    for weights in (range(10, 1, -1), range(11, 1, -1)):
        rest = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) * 10 % 11
        digits.append(rest % 10)
    return "".join(map(str, digits))


@dataclass(slots=True)
class Person:
    """Somebody with a phone, a mailbox and a banking app."""

    town: Town
    clock: FrozenClock
    phone: Phone
    email: str
    cpf: str = CPF
    full_name: str = "Ana Paula Souza"
    seen: int = 0
    place: int = 0
    pace: timedelta = timedelta(seconds=7)

    # --- the phone ----------------------------------------------------------------------------------------------

    async def say(self, words: str) -> str:
        """Write it, let everything happen, and read what came: all new messages as one text."""
        return await self._act(self.town.meta.says(self.phone, words))

    async def tap(self, answer: str) -> str:
        return await self._act(self.town.meta.chooses(self.phone, answer))

    async def send(self, message: dict[str, Any]) -> str:
        return await self._act(self.town.meta.sends(self.phone, message))

    async def media(self, kind: Any, content: bytes = b"made up") -> str:
        return await self._act(self.town.meta.sends_media(self.phone, kind, content))

    async def _act(self, deed: Awaitable[Any]) -> str:
        self.clock.forward(self.pace)
        await deed
        await self.town.settle()
        return self.read()

    @property
    def received(self) -> list[Bubble]:
        """All that the business ever sent."""
        return self.town.meta.sent_to(self.phone)

    @property
    def last(self) -> Bubble:
        return self.received[-1]

    def news(self) -> list[Bubble]:
        """What came since the last look."""
        new = self.received[self.seen :]
        self.seen += len(new)
        return new

    def read(self) -> str:
        return "\n---\n".join(bubble.text for bubble in self.news())

    def offers(self) -> list[str]:
        """Labels on the newest message."""
        return list(self.last.answers.values())

    # --- the mailbox --------------------------------------------------------------------------------------------

    def code(self) -> str:
        """The newest code in the mailbox."""
        found = re.search(r"\b(\d{6})\b", self.town.mailbox.inbox(self.email)[-1].mail.text)
        if found is None:
            raise LookupError("no code")
        return found[1]

    def wrong_code(self) -> str:
        return f"{(int(self.code()) + 1) % 10**6:06d}"

    # --- the banking app ----------------------------------------------------------------------------------------

    def charge(self) -> BankCharge:
        """The newest charge at the bank (of one person's town)."""
        return list(self.town.bank.charges.values())[-1]

    async def pay(self, amount: int | None = None, *, times: int = 1, late: bool = False) -> str:
        """What is read then, and what a second call of the bank leads to: about one charge it is asked in peace."""
        told = await self._act(self.town.bank.pay(self.charge().txid, amount, times, late=late))
        return "\n---\n".join(filter(None, [told, await self.wait(seconds=REST.total_seconds())]))

    # --- time ---------------------------------------------------------------------------------------------------

    async def wait(self, **span: float) -> str:
        """Let time pass (`hours=3`) and read what came of it."""
        self.clock.forward(timedelta(**span))
        await self.town.settle()
        return self.read()

    async def held(self) -> Sequence[Row[Any]]:
        """Messages that wait for the window."""
        return await rows(self.town, "outbox", status="held")

    # --- the way ------------------------------------------------------------------------------------------------

    async def reach(self, place: str) -> str:
        """Answer well until standing at that question; returns what was read there."""
        target = PLACES.index(place)
        told = ""
        while self.place < target:
            told = await _STEPS[self.place][1](self)
            self.place += 1
        return told


Step = Callable[[Person], Awaitable[str]]
_STEPS: Sequence[tuple[str, Step]] = (
    ("outside", lambda person: person.say("oi")),
    ("menu", lambda person: person.tap("Quero fazer parte")),
    ("name", lambda person: person.say(person.full_name)),
    ("cpf", lambda person: person.say(person.cpf)),
    ("birth_date", lambda person: person.say("15/05/1990")),
    ("email", lambda person: person.say(person.email)),
    ("code", lambda person: person.say(person.code())),
    ("cep", lambda person: person.say("01001-000")),
    ("number", lambda person: person.say("100 apto 12")),
    ("gender", lambda person: person.tap("Pular")),
    ("family", lambda person: person.tap("Agora não")),
    ("plan", lambda person: person.tap("Aurora Família")),
    ("offer", lambda person: person.tap("Aceito e quero")),
    ("paying", lambda person: person.pay()),
    ("contract", lambda person: person.tap("Li e quero assinar")),
    ("signing", lambda person: person.say(person.code())),
    ("welcome", lambda person: person.tap("Agora não")),
    ("member", lambda person: person.say("oi")),
)
PLACES = [name for name, _ in _STEPS]


@dataclass(slots=True)
class Stage:
    """A town under test and the people made in it."""

    town: Town
    clock: FrozenClock

    def person(
        self,
        wa_id: str | None = "5511987654321",
        name: str = "Ana Souza",
        *,
        email: str = "ana@gmail.com",
        cpf: str = CPF,
        **who: Any,
    ) -> Person:
        return Person(self.town, self.clock, self.town.meta.person(wa_id, name, **who), email, cpf)

    async def rows(self, table: str, **where: Any) -> Sequence[Row[Any]]:
        return await rows(self.town, table, **where)

    async def notices(self, prefix: str = "") -> list[str]:
        """Kinds of the lines for staff, oldest first."""
        return [row.kind for row in await self.rows("staff_notices") if row.kind.startswith(prefix)]

    async def everything(self) -> str:
        """All that the database holds, as one text: for what must not be there."""
        return "\n".join([str(tuple(row)) for table in metadata.tables for row in await self.rows(table)])


async def rows(town: Town, table: str, **where: Any) -> Sequence[Row[Any]]:
    """The rows of a table, past every filter, in the order of their keys."""
    found = metadata.tables[table]
    statement = select(found).order_by(*found.primary_key.columns)
    for name, value in where.items():
        statement = statement.where(found.c[name] == value)

    async def read(tx: Tx) -> Sequence[Row[Any]]:
        return await tx.all(statement)

    return await town.balcao.database.run(read, org=None, read_only=True)


@asynccontextmanager
async def staged(
    database_url: str,
    clock: FrozenClock,
    *,
    business: Path | None = None,
    extra: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    """Open the town; at the end, nothing may have been sent that WhatsApp refuses, and no code may have failed."""
    with capture_logs(processors=[format_exc_info]) as logs:
        async with open_town(database_url, clock, business=business, extra=extra) as town:
            town.meta.person(STAFF, "Equipe Aurora")
            stage = Stage(town, clock)
            yield stage
            await everything_went_well(stage, logs)


async def everything_went_well(stage: Stage, logs: Sequence[Mapping[str, Any]]) -> None:
    refused = stage.town.meta.refusals
    failed = [entry for entry in logs if "exception" in entry]
    parked = [row.error for row in await stage.rows("events", status="parked")]
    assert refused == [], refused
    assert failed == [], failed[0]["exception"]
    assert parked == [], parked


def business_with(folder: Path, *changes: tuple[str, str]) -> Path:
    """The example business with some of its lines written otherwise."""
    source = (EXAMPLES / "benefit-card.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert source.count(old) >= 1, old
        source = source.replace(old, new, 1)
    target = folder / "business.yaml"
    target.write_text(source, encoding="utf-8")
    return target
