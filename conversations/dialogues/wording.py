"""Pieces of wording that several dialogues share."""

from __future__ import annotations

from collections.abc import Iterable

from conversations.catalogue import portuguese
from conversations.render import Choice
from conversations.understand.replies import Answer
from handlers.facts import Benefit

_say = portuguese().say


def benefit_lines(benefits: Iterable[Benefit]) -> str:
    """One line a benefit, with its discount where there is one."""
    return "\n".join(
        _say("plan-benefit-line", name=one.name, description=one.description, discount=one.discount_percentage or 0)
        for one in benefits
    )


def option(id: str, key: str, answers: Answer | None = None) -> Choice:
    """An answer with the label `key` and the words that are heard in its place."""
    return Choice(id, _say(key), heard=portuguese().heard(key), answers=answers)
