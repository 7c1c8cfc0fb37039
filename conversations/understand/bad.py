"""The one answer of every parser that could not use what it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Bad:
    """Why a text was refused. `code` is a key of the text catalogue, `data` holds the values that text names."""

    code: str
    data: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)
