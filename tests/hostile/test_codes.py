"""Guessing one-time codes: in one breath, in parallel, with ever new codes, from many telephones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

import pytest
from sqlalchemy import select

from handlers.desk import Outcome
from storage.tables.members import verification_codes
from storage.unit_of_work import Database, make_engine
from tests.clock import FrozenClock
from tests.counter import Counter, counter
from tests.town import Person, Stage, staged

TRIES = 5
"""Of one code."""


@pytest.fixture
async def stage(database_url: str, clock: FrozenClock) -> AsyncIterator[Stage]:
    async with staged(database_url, clock) as opened:
        yield opened


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(make_engine(sqlite_url))
    yield opened
    await opened.close()


def guesses(right: str, count: int) -> list[str]:
    """Wrong codes, all different."""
    return [f"{(int(right) + 1 + number) % 10**6:06d}" for number in range(count)]


async def in_one_body(person: Person, words: Iterable[str]) -> None:
    async with person.town.meta.batch():
        for said in words:
            await person.town.meta.says(person.phone, said)
    await person.town.settle()


async def at_once(person: Person, words: Iterable[str]) -> None:
    await asyncio.gather(*(person.town.meta.says(person.phone, said) for said in words))
    await person.town.settle()


async def test_many_guesses_at_once_are_five(stage: Stage) -> None:
    """The right one is among them, after the fifth."""
    person = stage.person()
    await person.reach("code")
    right = person.code()
    await in_one_body(person, [*guesses(right, TRIES), right, *guesses(right, TRIES)])
    await person.wait(minutes=1)
    await person.tap("Reenviar código")
    right = person.code()
    await in_one_body(person, guesses(right, TRIES - 1))
    await at_once(person, [*guesses(right, TRIES)])
    await person.say(right)
    codes = await stage.rows("verification_codes")
    assert [(code.attempts, code.verified_at, code.burned_at is None) for code in codes] == [(TRIES, None, False)] * 2


# --- From many telephones -------------------------------------------------------------------------------------------


async def guessed(thief: Counter, customer_id: str) -> int:
    """Ask for a code to somebody else's access and guess as often as one may; how many codes were sent."""
    asked = {"purpose": "recovery", "bound_to": customer_id}
    sent: Outcome = await thief.did("verification.send", **asked, channel="email")
    for guess in guesses("000000", TRIES * 2):
        await thief.did("verification.check", **asked, code=guess)
    return int(sent.name == "code_sent")


async def test_ten_codes_a_day_to_one_mailbox_whoever_asks(database: Database) -> None:
    """Fifty guesses of a million a day, however many telephones, dialogues or hours they come from."""
    ana = await counter(database)
    customer_id = (await ana.join()).keep["customer_id"]
    ana.forward(days=2)
    thieves = [await counter(database, ana.organization) for _ in range(3)]
    codes = 0
    for hour in range(5):
        for thief in thieves:
            thief.now = ana.now + timedelta(hours=hour)
            codes += await guessed(thief, customer_id)
    assert codes == 10
    tried = await ana.run(lambda desk: desk.tx.all(select(verification_codes.c.attempts).where(
        verification_codes.c.purpose == "recovery"
    )))  # fmt: skip
    assert sum(row.attempts for row in tried) == codes * TRIES
