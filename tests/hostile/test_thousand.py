"""A thousand updates in one call, the most that Meta sends: answered once each, with the others served beside it."""

from __future__ import annotations

import asyncio
from collections import Counter
from io import BytesIO
from typing import Any

from aiohttp import ClientSession

from bot.simulator.meta.courier import sign
from tests.bot.http_support import body_of, status, text
from tests.clock import FrozenClock
from tests.town import Person, Stage, staged

PEOPLE, EACH = 35, 2
"""With the calls beside it no more answers than Meta takes in a second, for time stands still here."""
UNHEARD = "is not a message received in the last 30 days"
FAST = {"BALCAO_WHATSAPP_MESSAGES_PER_SECOND": "1000"}


async def call(stage: Stage, body: bytes) -> int:
    meta = stage.town.meta
    headers = {"X-Hub-Signature-256": sign(meta.courier.app_secret, body)}
    async with ClientSession() as client, client.post(meta.webhook_url, data=BytesIO(body), headers=headers) as answer:
        return answer.status


def menu(stage: Stage, person: Person, wamid: str) -> dict[str, Any]:
    """The person asks for the menu, just now."""
    now = stage.clock.now()
    stage.town.meta.state.last_inbound[person.phone.key] = now
    return {**text(wamid, "menu", person.phone.key), "timestamp": str(int(now.timestamp()))}


async def test_a_thousand_updates_in_one_call(database_url: str, clock: FrozenClock) -> None:
    async with staged(database_url, clock, extra=FAST) as stage:
        people = [stage.person(f"55119{number:08d}") for number in range(PEOPLE)]
        messages = [menu(stage, one, f"wamid.{turn}.{one.phone.key}") for turn in range(EACH) for one in people]
        statuses = [status(f"wamid.unknown.{number}") for number in range(1_000 - len(messages))]
        body = body_of(messages, statuses)
        small = [body_of([menu(stage, people[0], f"wamid.small.{number}")]) for number in range(5)]
        codes = await asyncio.gather(*(call(stage, one) for one in (body, body, *small)))
        assert set(codes) == {200}
        await stage.town.settle()
        assert Counter(len(one.received) for one in people) == {EACH: PEOPLE - 1, EACH + len(small): 1}
        # The blue ticks of made-up messages are refused, and nothing else is.
        assert {why for _, why, _ in stage.town.meta.refusals} == {f"message_id: {UNHEARD}"}
        stage.town.meta.refusals.clear()
