"""Is this just a hello?"""

from __future__ import annotations

from conversations.understand.words import plain

_SALUTES = frozenset({"oi", "oii", "oie", "ola", "alo", "opa", "hey", "hello", "hi", "eai", "salve"})
_WHOLE = frozenset({"bom dia", "boa tarde", "boa noite", "tudo bem", "e ai", "bomdia", "boatarde", "boanoite"})
_HELLOS = _SALUTES | frozenset(word for phrase in _WHOLE for word in phrase.split()) | {"tudobem", "boas"}


def greeting(text: str) -> bool:
    """Whether the message only greets ("oi", "bom dia, tudo bem?") and says nothing else."""
    said = plain(text)
    words = said.split()
    if not words or len(words) > 6:
        return False
    starts = words[0] in _SALUTES or " ".join(words[:2]) in _WHOLE or said in _WHOLE
    return starts and all(word in _HELLOS for word in words)
