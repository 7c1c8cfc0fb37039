"""Maps of the dialogues as Mermaid state diagrams, for the docs."""

from __future__ import annotations

from conversations.dialogue import Dialogue
from conversations.dialogues.all import dialogues


def mermaid(name: str | None = None) -> str:
    """One diagram, or all of them one after another. SystemExit for a name that is no dialogue's."""
    known = {dialogue.name: dialogue for dialogue in dialogues()}
    if name is not None and name not in known:
        raise SystemExit(f"balcao: no dialogue {name!r}; there are: {', '.join(known)}")
    chosen = [known[name]] if name else list(known.values())
    return "\n\n".join(_diagram(dialogue) for dialogue in chosen)


def _diagram(dialogue: Dialogue) -> str:
    lines = ["stateDiagram-v2", f"    %% {dialogue.name}", f"    [*] --> {dialogue.initial}"]
    for trigger, sources, target in dialogue.moves:
        for source in [sources] if isinstance(sources, str) else sources:
            if source == "*":
                lines.append(f"    note left of {target}: {trigger} from anywhere")
            else:
                lines.append(f"    {source} --> {target}: {trigger}")
    lines += [f"    {state} --> [*]" for state in _ends(dialogue)]
    return "\n".join(lines)


def _ends(dialogue: Dialogue) -> list[str]:
    """States that no move leaves."""
    left = {
        source for _, sources, _ in dialogue.moves for source in ([sources] if isinstance(sources, str) else sources)
    }
    return [state for state in dialogue.states if state not in left]
