"""A person's full name, as it will stand in the contract and on the card."""

from __future__ import annotations

import re
import unicodedata

from conversations.understand.bad import Bad
from conversations.understand.words import PARTICLES, clean, has_link, plain, title_case, without_emoji, words_of

LONGEST = 100
"""Characters."""

_GREETING = r"(?:(?:oi+e?|ol[aá]|opa|bom dia|boa tarde|boa noite|tudo bem|td bem)\b[\s,.!?]*)"
_INTRODUCTION = (
    r"(?:(?:o\s+)?(?:meu\s+)?nome(?:\s+completo)?\s*(?:é|eh|e\b|:|=|-)|(?:eu\s+)?me\s+chamo|chamo-me|(?:eu\s+)?sou|"
    r"aqui\s+(?:é|eh)|pode\s+me\s+chamar\s+de|é\b)(?:\s+[oa]\b(?!'))?[\s:,-]*"
)
_PREFIX = re.compile(rf"^{_GREETING}*(?:{_INTRODUCTION})?(?:[oa]\s+)?(?=\S|$)", re.IGNORECASE)
_APOSTROPHES = re.compile("[’‘´`ʼ]")
_NOT_NAMES = frozenset(
    words_of(
        "nao oi oie ola voce vc vcs quero queria gostaria porque pq obrigado obrigada quanto qual quais preciso "
        "cadastro whatsapp kkk kkkk isso aqui"
    )
)
_NOT_NAME_PHRASES = ("bom dia", "boa tarde", "boa noite", "tudo bem", "mais ou menos", "sei la", "talvez")


def parse_name(text: str) -> str | Bad:
    """First name and surname with the usual capitals; `name.empty|digits|odd|long|surname` otherwise.

    Letters are Latin ones, as in Brazilian documents; greetings, "meu nome é" and emoji around the name are dropped.
    """
    name = _bare(text)
    if not any(char.isalnum() for char in name):
        return Bad("name.empty")
    if any(char.isdigit() for char in name):
        return Bad("name.digits")
    if has_link(text):
        return Bad("name.odd")
    if len(name) > LONGEST:
        return Bad("name.long", {"limit": str(LONGEST)})
    if not _is_name(name):
        return Bad("name.odd")
    return title_case(name) if _has_surname(name) else Bad("name.surname", {"name": title_case(name)})


def _bare(text: str) -> str:
    line = _APOSTROPHES.sub("'", without_emoji(clean(text)))
    line = re.sub("[‐‑–—]", "-", line)
    line = _PREFIX.sub("", line[:1000], count=1)
    line = " ".join(re.sub(r"[.,;!?\"]+(?=\s|$)|^[\"(]+|[\")]+$", " ", line).split())
    return line.strip(" -_*~:")


def _is_name(name: str) -> bool:
    words = plain(name).split()
    if any(word in _NOT_NAMES for word in words) or any(phrase in " ".join(words) for phrase in _NOT_NAME_PHRASES):
        return False
    if re.search(r"(\w)\1{3}", name, re.IGNORECASE):
        return False
    return all(_is_word(word) for word in name.split())


def _is_word(word: str) -> bool:
    parts = re.split("['-]", word)
    return all(all(_is_latin(char) for char in part) for part in parts) and any(parts)


def _is_latin(char: str) -> bool:
    return char.isalpha() and unicodedata.name(char, "").startswith("LATIN")


def _has_surname(name: str) -> bool:
    whole = [word for word in name.split() if word.lower() not in PARTICLES and len(word) > 1]
    return len(whole) >= 2 and name.rsplit(maxsplit=1)[-1].lower() not in PARTICLES
