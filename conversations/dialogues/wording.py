"""Pieces of wording that several dialogues share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from conversations.catalogue import portuguese
from conversations.render import Choice
from conversations.understand.replies import Answer
from conversations.understand.words import plain
from handlers.facts import Benefit, Plan

_say = portuguese().say
_DOUBTS = frozenset(
    {"nao", "nem", "sem", "menos", "ou", "mudar", "incluir", "adicionar", "colocar", "tirar", "remover"}
)
_SMALL = frozenset({"com", "para", "mais", "plano", "plus"})


def benefit_lines(benefits: Iterable[Benefit]) -> str:
    """One line a benefit, with its discount where there is one."""
    return "\n".join(
        _say("plan-benefit-line", name=one.name, description=one.description, discount=one.discount_percentage or 0)
        for one in benefits
    )


def option(id: str, key: str, answers: Answer | None = None) -> Choice:
    """An answer with the label `key` and the words that are heard in its place."""
    return Choice(id, _say(key), heard=portuguese().heard(key), answers=answers)


def named_plan(text: str, plans: Iterable[Plan]) -> Plan | None:
    """The one plan that is named, by words no other plan has ("gostei do premium")."""
    said = set(plain(text).split())
    names = [(plan, set(plain(plan.name).split()) - _SMALL) for plan in plans]
    counted = Counter(word for _, words in names for word in words)
    meant = [plan for plan, words in names if any(counted[word] == 1 and len(word) > 2 for word in words & said)]
    return meant[0] if len(meant) == 1 and not said & _DOUBTS else None
