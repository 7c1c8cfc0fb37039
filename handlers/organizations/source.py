"""YAML read into plain values, with the line of each of them.

Stricter than YAML: no duplicate keys, no tags, a limit on what aliases may unfold to. Numbers with a decimal point stay
`Decimal` as written, so that `69.90` does not become a float on its way to centavos.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from handlers.organizations.problems import ApplyError, Problem

Path = tuple[str | int, ...]

MOST_CHARACTERS = 2_000_000
MOST_VALUES = 20_000
DEEPEST = 20

NOT_KEPT = "holds a character that cannot be kept (NUL, or half of one)"
_NOWHERE_KEPT = re.compile(r"[\0\ud800-\udfff]")
"""YAML lets them be written as `\\0` and `\\ud800`; PostgreSQL takes no NUL, and no encoding a lone surrogate."""
_TAG = "tag:yaml.org,2002:"
_TRUE = {"true", "yes", "on"}


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def dotted(path: Path) -> str:
    """`plans[1].price` of `("plans", 1, "price")`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


@dataclass(slots=True)
class Source:
    """`values` is what the file says; `lines` where it says it."""

    filename: str
    values: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Line of the value at `path`, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, message: str) -> Problem:
        return Problem(self.line(path), dotted(path), message)


def read(text: str, filename: str) -> Source:
    """Raises ApplyError when the text is no YAML, or YAML that is not wanted here."""
    source = Source(filename)
    try:
        _check_size(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise _Refused(Problem(1, "", "must hold keys and values, beginning with `business:`"))
        source.values = _Walk(source).value(node, ())
    except _Refused as refused:
        source.problems.append(refused.problem)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        source.problems.append(Problem(line, "", "holds a character that YAML does not allow"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.problems.append(Problem(mark.line + 1 if mark else 1, "", f"is not valid YAML: {error.problem}"))
    if source.problems:
        raise ApplyError(filename, source.problems)
    return source


def _check_size(text: str) -> None:
    """Before the tree is built, as its builder calls itself for each level."""
    if len(text) > MOST_CHARACTERS:
        raise _Refused(Problem(1, "", f"is longer than {MOST_CHARACTERS} characters"))
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _Refused(Problem(event.start_mark.line + 1, "", f"is nested more than {DEEPEST} levels deep"))
        if count > 2 * MOST_VALUES:
            raise _Refused(Problem(event.start_mark.line + 1, "", f"holds more than {MOST_VALUES} values"))


class _Walk:
    """Through the tree, each alias unfolded where it is used."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = MOST_VALUES

    def value(self, node: Any, path: Path) -> Any:
        self._source.lines.setdefault(path, node.start_mark.line + 1)
        self._left -= 1
        if self._left < 0:
            raise _Refused(self._source.problem(path, f"unfolds to more than {MOST_VALUES} values"))
        if len(path) > DEEPEST:
            raise _Refused(self._source.problem(path, "refers to itself"))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Refused(Problem(key_node.start_mark.line + 1, dotted(path), "a key must be a word"))
            key, line = key_node.value, key_node.start_mark.line + 1
            if _NOWHERE_KEPT.search(key):
                raise _Refused(Problem(line, dotted(path), NOT_KEPT))
            if key in found:
                first = self._source.line((*path, key))
                self._source.problems.append(
                    Problem(line, dotted((*path, key)), f"is written twice; the first is in line {first}")
                )
            self._source.lines[(*path, key)] = line
            found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: Any, path: Path) -> Any:
        kind, text = node.tag.removeprefix(_TAG), node.value
        if kind == "str":
            if _NOWHERE_KEPT.search(text):
                self._source.problems.append(self._source.problem(path, NOT_KEPT))
            return text
        read_as = _READERS.get(kind)
        try:
            if read_as is None:
                raise ValueError(f"the tag {node.tag} is not allowed")
            return read_as(text)
        except ValueError as error:
            self._source.problems.append(self._source.problem(path, str(error)))
            return text


def _whole(text: str) -> int:
    """YAML reads `01310` as octal and `1:30` in sixties: refuse what people don't mean."""
    if re.fullmatch(r"-?(0|[1-9][0-9]*)", text) is None:
        raise ValueError(f"{text} is a number that YAML reads in its own way: put it in quotes")
    return int(text)


def _decimal(text: str) -> Decimal:
    if re.fullmatch(r"-?[0-9]+\.[0-9]+", text) is None:
        raise ValueError(f"{text} is a number that YAML reads in its own way: put it in quotes")
    return Decimal(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text} is not a date written as 2026-01-31") from error


_READERS: Mapping[str, Any] = {
    "null": lambda text: None,
    "bool": lambda text: text.lower() in _TRUE,
    "int": _whole,
    "float": _decimal,
    "timestamp": _date,
}
