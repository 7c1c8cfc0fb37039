"""How far the talk with one person has come: a stack of dialogues, each with state, draft and a way back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

STEPS_BACK = 30


@dataclass(slots=True)
class Frame:
    """One dialogue on the stack. `history` holds, newest last, the former state and the draft values a move changed."""

    dialogue: str
    state: str
    draft: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    def remember(self, state: str, keep: Mapping[str, Any], lasting: Set[str] = frozenset()) -> None:
        """Note where we were before `keep` changes the draft, then change it. A None forgets the key; what is `lasting`
        is not restored on the way back."""
        was = {name: self.draft.get(name) for name in keep if name not in lasting}
        walls = [entry for entry in self.history[:1] if entry["state"] is None]
        self.history = [*walls, *[*self.history[len(walls) :], {"state": state, "was": was}][-STEPS_BACK:]]
        self.keep(keep)

    def keep(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            if value is None:
                self.draft.pop(name, None)
            else:
                self.draft[name] = value

    @property
    def walled(self) -> bool:
        """Whether a barrier was passed in this dialogue: what lies before it is not to be undone."""
        return bool(self.history) and self.history[0]["state"] is None

    def wall(self) -> None:
        self.history = [{"state": None, "was": {}}]

    def back(self) -> bool:
        """Restore the former state and draft; False when there is no way back."""
        if not self.history or self.history[-1]["state"] is None:
            return False
        last = self.history[-1]
        self.history = self.history[:-1]
        self.state = last["state"]
        self.keep(last["was"])
        return True

    def to_json(self) -> dict[str, Any]:
        return {"dialogue": self.dialogue, "state": self.state, "draft": self.draft, "history": self.history}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Frame:
        return cls(value["dialogue"], value["state"], dict(value["draft"]), list(value["history"]))


@dataclass(slots=True)
class Conversation:
    """`version` grows with every change of place: buttons and timers of an older version are void."""

    contact_id: uuid.UUID
    stack: list[Frame]
    """Never empty; the last one is being held."""
    entered_at: datetime
    version: int = 0
    unclear: int = 0
    floor: str = "bot"
    """bot, human or parked."""
    attempts: int = 0

    @property
    def top(self) -> Frame:
        return self.stack[-1]

    def to_row(self) -> dict[str, Any]:
        top = self.top
        return {
            "dialogue": top.dialogue,
            "state": top.state,
            "draft": top.draft,
            "history": top.history,
            "stack": [frame.to_json() for frame in self.stack[:-1]],
            "version": self.version,
            "unclear": self.unclear,
            "floor": self.floor,
            "attempts": self.attempts,
            "entered_at": self.entered_at,
        }

    @classmethod
    def from_row(cls, row: Any) -> Conversation:
        top = Frame(row.dialogue, row.state, dict(row.draft), list(row.history))
        return cls(
            contact_id=row.contact_id,
            stack=[*(Frame.from_json(value) for value in row.stack), top],
            entered_at=row.entered_at,
            version=row.version,
            unclear=row.unclear,
            floor=row.floor,
            attempts=row.attempts,
        )
