"""What applying a file came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from sqlalchemy import Row

Fate = Literal["created", "changed", "unchanged", "retired"]


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of organisation, number, contract, plans and partners; `lines` names each one that is not as before,
    then says what could not be done.

    `retired` plans and partners are those the file no longer names: not offered any more, never deleted.
    """

    created: int
    changed: int
    unchanged: int
    retired: int
    lines: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    entries: list[tuple[Fate, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, fate: Fate, what: str) -> None:
        self.entries.append((fate, what))

    def tell(self, remark: str) -> None:
        """A line that counts as nothing: what the file could not bring about."""
        self.remarks.append(remark)

    @property
    def is_quiet(self) -> bool:
        return all(fate == "unchanged" for fate, _ in self.entries)

    def report(self) -> Report:
        fates = [fate for fate, _ in self.entries]
        count = {fate: fates.count(fate) for fate in get_args(Fate)}
        lines = tuple(f"{what}: {fate}" for fate, what in self.entries if fate != "unchanged")
        return Report(**count, lines=(*lines, *self.remarks))


def differs(row: Row[Any], values: Mapping[str, Any]) -> bool:
    return any(row._mapping[name] != value for name, value in values.items())
