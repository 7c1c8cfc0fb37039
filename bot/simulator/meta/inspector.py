"""The tool with which the limits of a message are checked: it walks a JSON object and notes what Meta would refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

UNEXPECTED = 100
MISSING = 131008
INVALID = 131009


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse a message, with the error code that Meta answers."""

    code: int
    where: str
    what: str

    def __str__(self) -> str:
        return f"({self.code}) {self.where}: {self.what}"


@dataclass(slots=True)
class Inspector:
    """Collects problems. Every method returns the value it looked at when it is usable, None when it is not."""

    problems: list[Problem] = field(default_factory=list)

    def note(self, where: str, what: str, code: int = INVALID) -> None:
        self.problems.append(Problem(code, where, what))

    def fields(
        self, value: object, where: str, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
    ) -> dict[str, Any] | None:
        """An object with all required keys and none but those named."""
        if not isinstance(value, dict):
            self.note(where, "must be an object", MISSING if value is None else INVALID)
            return None
        for key in required:
            if value.get(key) is None:
                self.note(f"{where}.{key}", "required parameter is missing", MISSING)
        for key in value.keys() - {*required, *optional}:
            self.note(where, f'unexpected key "{key}"', UNEXPECTED)
        return value

    def items(self, value: object, where: str, least: int, most: int) -> list[Any]:
        """A list with `least` to `most` entries; an empty list when it is none."""
        if not isinstance(value, list):
            self.note(where, "must be a list", MISSING if value is None else INVALID)
            return []
        if not least <= len(value) <= most:
            self.note(where, f"must have {least} to {most} entries, has {len(value)}")
        return value

    def text(self, value: object, where: str, most: int, *, one_line: bool = False, edges: bool = True) -> str | None:
        """A non-blank string of at most `most` characters. `edges` False: no blank at its start or end."""
        if value is None:
            return None
        if not isinstance(value, str):
            self.note(where, "must be a string")
            return None
        if not value.strip():
            self.note(where, "must not be empty")
        if len(value) > most:
            self.note(where, f"must be at most {most} characters, has {len(value)}", UNEXPECTED)
        if one_line and any(character in value for character in "\n\r\t"):
            self.note(where, "must be a single line")
        if not edges and value != value.strip():
            self.note(where, "must not start or end with a blank")
        return value

    def integer(self, value: object, where: str, least: int = 0) -> int | None:
        if isinstance(value, bool) or not isinstance(value, int):
            self.note(where, "must be an integer", MISSING if value is None else INVALID)
            return None
        if value < least:
            self.note(where, f"must be at least {least}")
        return value

    def one_of(self, value: object, where: str, allowed: tuple[str, ...], code: int = INVALID) -> str | None:
        if isinstance(value, str) and value in allowed:
            return value
        if value is not None:
            self.note(where, f"must be one of {', '.join(allowed)}", code)
        return None

    def flag(self, value: object, where: str) -> None:
        if value is not None and not isinstance(value, bool):
            self.note(where, "must be true or false")

    def unique(self, values: list[Any], where: str) -> None:
        seen = [value for value in values if isinstance(value, str)]
        if len(set(seen)) != len(seen):
            self.note(where, "must be unique")

    def url(self, value: object, where: str, most: int = 2000) -> None:
        text = self.text(value, where, most, one_line=True, edges=False)
        if text is not None and not text.startswith(("https://", "http://")):
            self.note(where, "is not a valid URI", UNEXPECTED)
