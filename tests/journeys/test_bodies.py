"""How messages come and go: several in a body, twice, out of order; and what waits for the 24-hour window."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.town import EXAMPLES
from tests.clock import FrozenClock
from tests.town import Person, Stage, business_with, staged

EXAMPLE = (EXAMPLES / "benefit-card.yaml").read_text(encoding="utf-8")


async def test_three_messages_in_a_body_get_three_answers_in_order(ana: Person) -> None:
    await ana.reach("name")
    meta = ana.town.meta
    async with meta.batch():
        await meta.says(ana.phone, ana.full_name)
        await meta.says(ana.phone, ana.cpf)
        await meta.says(ana.phone, "15/05/1990")
    await ana.town.settle()

    told = [bubble.text for bubble in ana.news()]
    assert len(told) == 3
    assert [word in text for word, text in zip(("CPF", "nascimento", "e-mail"), told, strict=True)] == [True] * 3


async def test_the_same_message_in_another_body_gets_none(ana: Person) -> None:
    await ana.reach("name")
    name = {"type": "text", "text": {"body": ana.full_name}}
    first = await ana.town.meta.sends(ana.phone, name)
    await ana.town.settle()
    assert "CPF" in ana.read()

    await ana.town.meta.sends(ana.phone, name, wamid=first)
    await ana.town.settle()
    assert ana.read() == ""


async def test_a_way_with_every_webhook_twice_and_reordered(stage: Stage, ana: Person) -> None:
    faults = ana.town.meta.faults
    faults.duplicate_webhooks = faults.reorder_webhooks = True
    ana.town.bank.faults.duplicate_callbacks = True
    told = await ana.reach("welcome")

    assert "CT-00000001" in told
    assert len(ana.received) == 17, [bubble.text[:40] for bubble in ana.received]
    assert len(await stage.rows("payments")) == 1
    assert {row.status for row in await stage.rows("communications", channel="whatsapp")} == {"read"}


@pytest.fixture
async def bare(sqlite_url: str, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[Person]:
    """Somebody in a business that named no template for the contract."""
    line = next(line for line in EXAMPLE.splitlines(True) if "checkout-contract:" in line)
    async with staged(sqlite_url, clock, business=business_with(tmp_path, (line, ""))) as stage:
        yield stage.person()


async def test_what_comes_outside_the_window_waits_until_the_person_writes(bare: Person) -> None:
    await bare.reach("paying")
    await bare.wait(hours=30)
    assert await bare.pay(late=True) == ""

    [held] = await bare.held()
    assert "window closed" in held.error
    told = await bare.say("oi")
    assert "Falta só assinar" in told
    assert await bare.held() == []
    assert "CT-00000001" in await signed(bare)


async def signed(person: Person) -> str:
    await person.tap("Li e quero assinar")
    return await person.say(person.code())


async def test_what_waited_for_days_is_told_anew(bare: Person) -> None:
    """However long it took: the contract is there, and what was waited for goes on."""
    await bare.reach("paying")
    await bare.wait(hours=30)
    await bare.pay(late=True)
    await bare.wait(days=5)
    told = await bare.say("oi")

    assert "Falta só assinar" in told
    assert bare.last.media_id is not None
    assert "CT-00000001" in await signed(bare)


async def test_a_template_named_in_the_settings_goes_instead(ana: Person) -> None:
    await ana.reach("paying")
    await ana.wait(hours=30)
    seen = len(ana.received)
    await ana.pay(late=True)

    assert [bubble.type for bubble in ana.received[seen:]] == ["template"]
    assert await ana.held() == []
    ana.news()
    assert "assinar" in await ana.say("oi")


async def test_an_answer_that_meta_was_too_busy_for_comes_later_and_once(ana: Person) -> None:
    await ana.reach("name")
    ana.town.meta.faults.fail_next = [131016]
    assert await ana.say(ana.full_name) == ""

    assert "CPF" in await ana.wait(seconds=30)
    assert await ana.wait(seconds=30) == ""
    assert [code for code, _, _ in ana.town.meta.refusals] == [131016]
    ana.town.meta.refusals.clear()


async def test_an_answer_whose_fate_is_unknown_is_not_sent_twice(ana: Person) -> None:
    await ana.reach("name")
    ana.town.meta.faults.drop_answers = 1
    await ana.say(ana.full_name)
    ana.clock.forward(timedelta(minutes=10))
    await ana.town.settle()

    asked = [bubble for bubble in ana.received if "*CPF*" in bubble.text]
    assert len(asked) == 1
    assert "data de nascimento" in await ana.say(ana.cpf)
