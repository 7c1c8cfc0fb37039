"""Writes docs/dialogues.md from the dialogues themselves: python -m scripts.docs"""

from __future__ import annotations

import inspect
from pathlib import Path

from bot.diagrams import mermaid
from conversations.dialogue import Dialogue
from conversations.dialogues.all import dialogues

PAGE = Path(__file__).parents[1] / "docs" / "dialogues.md"
_HEAD = """# Dialogues

Written by `.venv/bin/python -m scripts.docs` from the code; `balcao diagram NAME` prints one of the maps. An arrow is
a move: what was understood, or what the business answered. [How dialogues work](architecture.md#dialogues).
Anywhere, in every dialogue: *menu*, *voltar*, *cancelar*, *ajuda*, *atendente*, *planos*, *meus dados*, *parar*, in
these words or many others. The menu and the question whether to leave only come between: each takes the place of the
other, and who goes on goes on with what they interrupted.
"""


def page() -> str:
    return "\n".join([_HEAD, *(_section(dialogue) for dialogue in dialogues())])


def _section(dialogue: Dialogue) -> str:
    module = inspect.getmodule(type(dialogue))
    about = " ".join((inspect.getdoc(module) or "").split())
    facts = "\n".join(f"- {name}: {', '.join(states)}" for name, states in _facts(dialogue) if states)
    parts = [f"## {dialogue.name}", about, facts, f"```mermaid\n{mermaid(dialogue.name)}\n```"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(dialogue: Dialogue) -> list[tuple[str, list[str]]]:
    def in_order(states: frozenset[str]) -> list[str]:
        return [f"`{state}`" for state in dialogue.states if state in states]

    return [
        ("steps", [f"`{state}`" for state in dialogue.steps]),
        ("waits for an event in", in_order(dialogue.waits)),
        ("no way back beyond", in_order(dialogue.barriers)),
    ]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
