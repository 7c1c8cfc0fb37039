"""Words that are meant to do harm: long, invisible, turned round, formulas, templates, made-up buttons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.clock import FrozenClock
from tests.town import Stage, staged

TEXTS = (
    "a" * 65_000, "ç" * 4_097, "👩‍👩‍👧‍👦" * 1_000, "\u200b" * 5_000, "\u202e" + "olá" * 10, "Z" + "\u0301" * 3_000,
    "=cmd|'/c calc'!A1", "{ $name } {name} %s ${x} {{1}}", "<b>*_~`</b>", "\x1b[31m", "a\nb\n" * 500, "@" * 300,
)  # fmt: skip
NAMES = (
    "Ana\n\n\t     Souza",
    "\u202eazuoS anA",
    '=HYPERLINK("http://x")',
    "{ $name }",
    "*" * 200,
    "\u200b\u200b",
    "<b>",
)
CHOICES: tuple[dict[str, Any], ...] = (
    {"type": "button_reply", "button_reply": {"id": "x" * 300, "title": "Quero fazer parte"}},
    {"type": "button_reply", "button_reply": {"id": "checkout.contract.1.sign", "title": "Li e quero assinar"}},
    {"type": "button_reply", "button_reply": {"id": "menu.choosing.99999999999999999999.join", "title": "x"}},
    {"type": "button_reply", "button_reply": {"id": "....", "title": ""}},
    {"type": "list_reply", "list_reply": {"id": "plans.choosing.0.00000000-0000-0000-0000-000000000000", "title": "x"}},
    {"type": "list_reply", "list_reply": {"id": "signup.plan.1.'; DROP TABLE plans", "title": "x", "description": "y"}},
)


@pytest.fixture
async def stage(sqlite_url: str, clock: FrozenClock) -> AsyncIterator[Stage]:
    """At the end: nothing that WhatsApp refuses was sent, and no turn failed."""
    async with staged(sqlite_url, clock) as opened:
        yield opened


async def test_any_words_get_one_answer_each(stage: Stage) -> None:
    person = stage.person()
    await person.reach("name")
    for text in TEXTS:
        before = len(person.received)
        await person.say(text)
        assert len(person.received) == before + 1, text[:50]
    await person.say("menu")
    assert "Continuar cadastro" in person.offers()


async def test_any_profile_name_is_greeted_and_shown_to_staff(stage: Stage) -> None:
    for number, name in enumerate(NAMES):
        person = stage.person(f"551192000000{number}", name)
        assert await person.say("oi")
        assert await person.say("atendente")
    assert len(await stage.notices("human_called")) == len(NAMES)
    assert await stage.rows("outbox", status="dead") == []


async def test_a_button_that_was_never_shown_does_nothing(stage: Stage) -> None:
    person = stage.person()
    await person.reach("name")
    (before,) = await stage.rows("conversations")
    for interactive in CHOICES:
        assert await person.send({"type": "interactive", "interactive": interactive})
    (after,) = await stage.rows("conversations")
    assert (after.dialogue, after.state) == (before.dialogue, before.state)
    assert await stage.rows("consents") == []


async def test_a_formula_and_marks_of_direction_are_text_in_the_contract(stage: Stage) -> None:
    person = stage.person()
    await person.reach("number")
    await person.say("100 =cmd|'/c calc'!A1 \u202e{ $name }")
    person.place += 1
    await person.reach("signing")
    assert [row.kind for row in await stage.rows("documents", kind="contract")] == ["contract"]
