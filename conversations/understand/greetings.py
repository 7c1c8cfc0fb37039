"""Is this just a hello, or just a thank-you?"""

from __future__ import annotations

from typing import Literal

from conversations.understand.words import plain, words_of

Courtesy = Literal["thanks", "okay"]

_SALUTES = frozenset({"oi", "oii", "oie", "ola", "alo", "opa", "hey", "hello", "hi", "eai", "salve"})
_WHOLE = frozenset({"bom dia", "boa tarde", "boa noite", "tudo bem", "e ai", "bomdia", "boatarde", "boanoite"})
_HELLOS = _SALUTES | frozenset(word for phrase in _WHOLE for word in phrase.split()) | {"tudobem", "boas"}

_THANKS = frozenset(
    words_of("obrigada obrigado obrigadao obrigadinha obg obgd brigada brigado brigadao agradeco agradecida agradecido")
) | {"valeu", "vlw", "gratidao"}
_OKAY = frozenset(words_of("ok okay okey blz beleza certo certinho entendi perfeito show top legal otimo combinado"))
_AROUND = frozenset(words_of("muito muitissimo mesmo demais viu tao ta bom tudo por pela pelo a o de voces voce ajuda"))
_THANKFUL, _AGREED = frozenset("🙏❤💚💙💜🧡💛🤍😍🥰😘"), frozenset("👍👌🤝👏🙌😊")


def greeting(text: str) -> bool:
    """Whether the message only greets ("oi", "bom dia, tudo bem?") and says nothing else."""
    said = plain(text)
    words = said.split()
    if not words or len(words) > 6:
        return False
    starts = words[0] in _SALUTES or " ".join(words[:2]) in _WHOLE or said in _WHOLE
    return starts and all(word in _HELLOS for word in words)


def courtesy(text: str) -> Courtesy | None:
    """What the message is when it only thanks ("muito obrigada!", a heart) or only nods ("blz", a thumb)."""
    words = plain(text).split()
    if not words:
        return _drawn(text)
    if len(words) > 6 or not all(word in _THANKS | _OKAY | _AROUND for word in words):
        return None
    if _THANKS & set(words):
        return "thanks"
    return "okay" if _OKAY & set(words) or words == ["ta", "bom"] else None


def _drawn(text: str) -> Courtesy | None:
    """By the first picture that says something; the colour of a thumb does not."""
    found = next((char for char in text if char in _THANKFUL | _AGREED), None)
    return None if found is None else "thanks" if found in _THANKFUL else "okay"
