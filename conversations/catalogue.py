"""The text catalogue: Fluent files by locale. Code holds keys, never wording."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel.numbers import format_decimal
from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import ast, visitor

from handlers.money import money as money

_FOLDER = Path(__file__).parent / "texts"


class _Choices(visitor.Visitor):
    """Variables that a text is chosen by (`{ $count -> ...`): Fluent must get them as numbers."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:
        if isinstance(node.selector, ast.VariableReference):
            self.names.add(node.selector.id.name)
        self.generic_visit(node)


@lru_cache(maxsize=1024)
def _written(number: int, locale: str) -> str:
    """Once each: Babel takes longer over a number than Fluent over all the rest of a text."""
    return str(format_decimal(number, locale=locale.replace("-", "_")))


class MissingText(Exception):
    """A key or a variable the catalogue does not have: a bug, found by the tests."""


class Catalogue:
    def __init__(self, locale: str = "pt-BR") -> None:
        # WhatsApp would show the isolation marks U+2068/2069 that Fluent adds by default.
        self._bundle = FluentBundle([locale], use_isolating=False)
        self._locale = locale
        self._fixed: dict[str, str] = {}
        self._heard: dict[str, tuple[str, ...]] = {}
        self._choices = _Choices()
        for file in sorted((_FOLDER / locale).glob("*.ftl")):
            resource = FluentResource(file.read_text(encoding="utf-8"))
            self._choices.visit(resource)
            self._bundle.add_resource(resource)

    def has(self, key: str) -> bool:
        return self._bundle.has_message(key)

    def say(self, key: str, **values: Any) -> str:
        """The text of `key`. Dots in a key stand for dashes, so that codes like `cpf.check` serve as keys.

        For every text variable `x` there is also `has_x`, "yes" or "no": Fluent cannot select on an empty text.
        """
        if values:
            return self._format(key, values)
        if key not in self._fixed:  # Labels and the like, several in every turn.
            self._fixed[key] = self._format(key, values)
        return self._fixed[key]

    def heard(self, key: str) -> tuple[str, ...]:
        """What people say in place of the label `key`: its attribute `.heard`, parted by bars."""
        if key not in self._heard:
            words = self._bundle.get_message(key).attributes.get("heard")
            text = str(self._bundle.format_pattern(words)[0]) if words else ""
            self._heard[key] = tuple(part.strip() for part in text.split("|") if part.strip())
        return self._heard[key]

    def _format(self, key: str, values: Mapping[str, Any]) -> str:
        key = key.replace(".", "-")
        if not self._bundle.has_message(key):
            raise MissingText(key)
        message = self._bundle.get_message(key)
        if message.value is None:
            raise MissingText(key)
        filled = {f"has_{name}": "yes" if value else "no" for name, value in values.items() if isinstance(value, str)}
        numbers = {
            name: _written(value, self._locale)
            for name, value in values.items()
            if type(value) is int and name not in self._choices.names
        }
        text, errors = self._bundle.format_pattern(message.value, {**values, **numbers, **filled})
        if errors:
            raise MissingText(f"{key}: {errors[0]!r}")
        return str(text)


@cache
def portuguese() -> Catalogue:
    return Catalogue("pt-BR")
