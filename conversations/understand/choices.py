"""Which of the offered options a typed text means: by number, label, word or near spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from conversations.understand.words import plain, words_of

CUTOFF, SHORTEST, LEAD = 80, 4, 5
"""Near spelling: least score (of 100), least characters (below it everything is near), least lead over the second."""

_ORDINALS = words_of("primeir segund terceir quart quint sext setim oitav non decim")
_CARDINALS = words_of("um dois tres quatro cinco seis sete oito nove dez")
_POSITIONS = (
    {stem + ending: index for index, stem in enumerate(_ORDINALS, 1) for ending in "oa"}
    | {word: index for index, word in enumerate(_CARDINALS, 1)}
    | {"uma": 1, "duas": 2}
)
_FILLER = frozenset(
    words_of("a o as os quero queria escolho prefiro vou de na no eu por favor pfv pf esse essa gostaria fico com")
)
_ABOUT = frozenset(
    words_of("e meu minha meus minhas ele ela sou to tou estou ta esta sim ainda mesmo mesma obrigado obrigada")
)
"""Words around other words for an option ("ela é minha esposa"), besides the filler."""
_LABELS = frozenset(words_of("opcao op numero n num nr item alternativa escolha"))
_NEGATION = frozenset({"nao", "nem", "sem", "menos"})


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """More than one option fits equally well."""

    ids: tuple[str, ...]


def match(
    text: str, options: Sequence[tuple[str, str]], heard: Iterable[tuple[str, str]] = ()
) -> str | Ambiguous | None:
    """The id of the option that `text` means, among `(id, label)` in the order shown; positions count from 1.

    Labels win over positions: with "Segunda-feira" or "2 pessoas" offered, "segunda" and "2" mean those. Both win over
    `heard`, `(id, other words for it)`, which must be all that is said.
    """
    said = _normal(text[:200])
    if not said or len(text) > 200:
        return None
    labels = [(key, _normal(label)) for key, label in options]
    for found in (_exact(said, labels), _explicit(said, labels), _numbered(said, labels), _worded(said, labels)):
        if found:
            return _answer(found)
    position = _position(said.split(), len(labels))
    if position:
        return labels[position - 1][0]
    return _answer(_reworded(said, heard) or _contained(said, labels) or _near(said, labels))


def _normal(text: str) -> str:
    """Plain words; times and numbers in one form: "09:00", "9h" and "9 horas" all start with "9"."""
    parted = re.sub("(?<![a-z0-9])([0-9]{1,2}) ?(?:hs?|horas?)(?=[0-9 ]|$)", r"\1 ", plain(text))
    return " ".join(re.sub("(?<![0-9a-z])0+(?=[0-9])", "", parted).split())


def _answer(found: Iterable[str]) -> str | Ambiguous | None:
    ids = tuple(dict.fromkeys(found))
    return Ambiguous(ids) if len(ids) > 1 else (ids[0] if ids else None)


def _exact(said: str, labels: list[tuple[str, str]]) -> list[str]:
    return [key for key, label in labels if label == said]


def _explicit(said: str, labels: list[tuple[str, str]]) -> list[str]:
    """ "opção 2": a position for sure."""
    words = said.split()
    position = _position(words, len(labels)) if _LABELS & set(words) else 0
    return [labels[position - 1][0]] if position else []


def _numbered(said: str, labels: list[tuple[str, str]]) -> list[str]:
    """A bare number that labels start with ("10" for "10:00"), then as a position; "1 - Ouro" as shown in a list."""
    number = re.match(r"([0-9]{1,4})(?: (.*))?$", said)
    if not number:
        return []
    value, rest = int(number[1]), number[2]
    if rest:
        return [key for index, (key, label) in enumerate(labels, 1) if index == value and label == rest]
    named = [key for key, label in labels if label.split(" ")[0] == str(value)]
    return named or ([labels[value - 1][0]] if 0 < value <= len(labels) else [])


def _position(words: list[str], count: int) -> int:
    """1-based position that the words name, 0 for none."""
    rest = [word for word in words if word not in _LABELS and word not in _FILLER]
    if len(rest) != 1:
        return 0
    word = rest[0]
    if word in {"ultima", "ultimo"}:
        return count
    digits = re.fullmatch(r"([0-9]{1,3})[ao]?", word)
    position = int(digits[1]) if digits else _POSITIONS.get(word, 0)
    return position if position <= count else 0


def _worded(said: str, labels: list[tuple[str, str]]) -> list[str]:
    """Options whose label has every word said; else those where each word said begins one (3 letters at least)."""
    words = [word for word in said.split() if word not in _FILLER]
    if len(words) > 1:
        words = [word for word in words if word not in {"um", "uma"}]
    if len("".join(words)) < 2:
        return []
    whole = [key for key, label in labels if set(words) <= set(label.split())]
    if whole or any(len(word) < 3 or word in _POSITIONS for word in words):
        return whole
    return [key for key, label in labels if all(any(part.startswith(word) for part in label.split()) for word in words)]


def _reworded(said: str, heard: Iterable[tuple[str, str]]) -> list[str]:
    """Options that other words name."""
    core = _core(said)
    return [key for key, words in heard if core and _known(words) == core]


@lru_cache(maxsize=1024)
def _known(words: str) -> str:
    """Once each: they are those of the catalogue."""
    return _core(_normal(words))


def _core(said: str) -> str:
    return " ".join(word for word in said.split() if word not in _FILLER | _ABOUT)


def _contained(said: str, labels: list[tuple[str, str]]) -> list[str]:
    """Options whose whole label stands in a short sentence that denies nothing; of nested labels the longest."""
    if _NEGATION & set(said.split()) or said.count(" ") > 6:
        return []
    inside = [(key, label) for key, label in labels if label and f" {label} " in f" {said} "]
    return [
        key for key, label in inside if not any(label != other and f" {label} " in f" {other} " for _, other in inside)
    ]


def _near(said: str, labels: list[tuple[str, str]]) -> list[str]:
    words = [word for word in said.split() if word not in _FILLER]
    query = " ".join(words)
    if len(query) < SHORTEST or _NEGATION & set(said.split()):
        return []
    scored = [(score, key) for key, label in labels if (score := _score(query, label)) >= CUTOFF]
    best = max(scored, default=(0.0, ""))[0]
    return [key for score, key in scored if score > best - LEAD]


def _score(query: str, label: str) -> float:
    """0 to 100. Other digits are another thing ("Plano 2" is not near "Plano 3")."""
    if not label or re.findall("[0-9]+", query) != re.findall("[0-9]+", label):
        return 0.0
    whole = max(fuzz.ratio(query, label), fuzz.token_sort_ratio(query, label))
    parts = [fuzz.ratio(query, part) for part in label.split() if len(part) >= SHORTEST] if " " not in query else []
    return max([whole, *parts])
