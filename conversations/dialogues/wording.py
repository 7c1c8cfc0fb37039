"""Pieces of wording that several dialogues share."""

from __future__ import annotations

from collections.abc import Iterable

from conversations.catalogue import portuguese
from handlers.facts import Benefit

_say = portuguese().say


def benefit_lines(benefits: Iterable[Benefit]) -> str:
    """One line a benefit, with its discount where there is one."""
    return "\n".join(
        _say("plan-benefit-line", name=one.name, description=one.description, discount=one.discount_percentage or 0)
        for one in benefits
    )
