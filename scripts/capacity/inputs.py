"""What the model is fed: inputs.toml, in which every figure says where it comes from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLACE = Path(__file__).with_name("inputs.toml")
KINDS = ("load", "measured", "code", "assumed", "prices")


@dataclass(frozen=True, slots=True)
class Figure:
    kind: str
    """Of KINDS: what was asked, what was measured, what the program says, what nobody has measured, what it costs."""
    what: str
    value: float
    unit: str
    source: str


class Inputs:
    def __init__(self, figures: Mapping[str, Figure]) -> None:
        self._figures = dict(figures)

    def __getitem__(self, name: str) -> float:
        return self._figures[name].value

    def of(self, kind: str) -> Iterator[Figure]:
        return (figure for figure in self._figures.values() if figure.kind == kind)

    def names(self, kind: str) -> set[str]:
        return {name for name, figure in self._figures.items() if figure.kind == kind}

    def changed(self, **values: float) -> Inputs:
        """The same with other values; a name that is not known is a mistake."""
        known = self._figures
        changed = {
            n: Figure(known[n].kind, known[n].what, v, known[n].unit, known[n].source) for n, v in values.items()
        }
        return Inputs(known | changed)


def read(place: Path = PLACE) -> Inputs:
    told: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(place.read_text("utf-8"))
    if set(told) != set(KINDS):
        raise ValueError(f"{place.name}: its parts are {', '.join(KINDS)}")
    figures: dict[str, Figure] = {}
    for kind, entries in told.items():
        for name, entry in entries.items():
            if name in figures:
                raise ValueError(f"{place.name}: {name} is told twice")
            figures[name] = Figure(kind, entry["what"], float(entry["value"]), entry["unit"], entry["source"])
    return Inputs(figures)
