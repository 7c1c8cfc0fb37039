"""Who signs up: what each one says, and what must be answered for the turn to count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.bench import meta

TURNS = 40
"""Turns of one person; then a newcomer takes the place (Meta lets 45 messages to one person through at once)."""


class Step(NamedTuple):
    """`said` is None for the tap on what the last reply offered to begin with. `expected` stands in the reply."""

    said: bytes | None
    expected: bytes


@dataclass(slots=True)
class Person:
    number: int
    """The place in `meta.NUMBERS` of the number of ours that is written to."""
    phone: bytes
    steps: Iterator[Step]
    heard: dict[str, Any] = field(default_factory=dict)
    """The last reply."""
    expected: bytes | None = None
    """None: waits for nothing."""
    begun: float = 0.0
    replied_at: float = 0.0
    acknowledged: bool = False


def sign_up(number: int) -> Iterator[Step]:
    """Somebody who signs up with two slips, and then cannot decide about a birth date."""
    yield Step(meta.text("oi"), b".join")
    yield Step(None, b"nome completo")
    yield Step(meta.text("Ana Paula Exemplo"), b"Prazer, Ana")
    yield Step(meta.text("111.111.111-11"), "todos os números iguais".encode())
    yield Step(meta.text(cpf(number)), b"data de nascimento")
    for _ in range((TURNS - 5) // 2):
        yield Step(_BIRTH_DATE, b"e-mail")
        yield Step(_BACK, b"data de nascimento")


_BIRTH_DATE, _BACK = meta.text("15/05/1990"), meta.text("voltar")


def echoes(number: int) -> Iterator[Step]:
    """The same words to somebody who says them back."""
    for step in sign_up(number):
        said = step.said or meta.text("quero fazer parte")
        yield Step(said, said.removeprefix(b'"type":"text",'))


def join(heard: dict[str, Any]) -> bytes | None:
    """A tap on the button or list row that begins the sign-up, if the reply offers one."""
    action = (heard.get("interactive") or {}).get("action") or {}
    rows = [row for section in action.get("sections", ()) for row in section["rows"]]
    offered = [button["reply"] for button in action.get("buttons", ())] + rows
    option = next((one for one in offered if one["id"].endswith(".join")), None)
    return None if option is None else meta.tap("list_reply" if rows else "button_reply", option)


def cpf(number: int) -> str:
    """A CPF with the right check digits, of nobody in particular."""
    digits = [int(char) for char in f"{number:09d}"]
    for first in (10, 11):
        total = sum(digit * weight for digit, weight in zip(digits, range(first, 1, -1), strict=True))
        digits.append(total * 10 % 11 % 10)
    return "".join(map(str, digits))
