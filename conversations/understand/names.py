"""A person's full name, as it will stand in the contract and on the card."""

from __future__ import annotations

import re
import unicodedata

from conversations.understand.bad import Bad
from conversations.understand.documents import without_cpf
from conversations.understand.words import PARTICLES, clean, has_link, plain, title_case, without_emoji, words_of

LONGEST = 100
"""Characters."""

_GREETING = r"(?:(?:oi+e?|ol[aá]|opa|bom dia|boa tarde|boa noite|tudo bem|td bem)\b[\s,.!?]*)"
_INTRODUCTION = (
    r"(?:(?:o\s+)?(?:meu\s+)?nome(?:\s+completo)?\s*(?:é|eh|e\b|:|=|-)|(?:eu\s+)?me\s+chamo|chamo-me|(?:eu\s+)?sou|"
    r"aqui\s+(?:é|eh)|pode\s+me\s+chamar\s+de|é\b|my\s+name\s+is|i\s+am|i'm|me\s+llamo|mi\s+nombre\s+es|(?:yo\s+)?soy)"
    r"(?:\s+[oa]\b(?!'))?[\s:,-]*"
)
_MINE = r"(?:(?:a|o)\s+)?(?:minha|meu)\s+"
_KIN = (
    rf"(?:(?:{_MINE})?(?:filh(?:o|a|inh[oa])|marido|esposo|esposa|mulher|companheir[oa]|namorad[oa]|enteado|enteada)|"
    rf"{_MINE}(?:m[ãa]e|pai|irm[ãa]o?|av[óôo]|net[oa]|sobrinh[oa]|ti[oa]|sogr[oa]|primo|prima|cunhad[oa]))"
    r"\b(?:\s+(?:se\s+chama|é|eh)\b)?(?:\s+[oa]\b(?!'))?[\s:,-]*"
)
_PREFIX = re.compile(rf"^{_GREETING}*(?:{_INTRODUCTION})?(?:{_KIN})?(?:[oa]\s+)?(?=\S|$)", re.IGNORECASE)
_KIN_BEHIND = re.compile(rf"(?<!\se)[\s,(-]+{_MINE}[^\W\d_]+[).]?$", re.IGNORECASE)
_NEXT_KIN = re.compile(rf"[\s,;]+(?:e\s+)?(?={_MINE})", re.IGNORECASE)
_NEXT = re.compile(r"\s*[,;]\s*(?:e\s+)?")
_APOSTROPHES = re.compile("[’‘´`ʼ]")
_NOT_NAMES = frozenset(
    words_of(
        "nao oi oie ola hola hello voce vc vcs quero queria gostaria prefiro quiero want porque pq por que quem onde "
        "quando obrigado obrigada quanto qual quais preciso precisa precisam pode podem posso poderia cadastro "
        "whatsapp kkk kkkk isso aqui ser so apenas somente mesmo mesma meu minha meus minhas seu sua seus suas se vai "
        "vou vamos tenho fazer dizer falar chamo chamar llamo is nome mas agora depois hoje ninguem nenhum barato "
        "desconto carencia cartao boleto pix plano planos"
    )
)
"""Words of sentences that stand in no Brazilian name. Many that look like them do (Claro, Sim, Nada, Seguro, Filho)."""
_NOT_NAME_PHRASES = ("bom dia", "boa tarde", "boa noite", "tudo bem", "mais ou menos", "sei la", "talvez")


def parse_name(text: str) -> str | Bad:
    """First name and surname with the usual capitals; `name.empty|digits|odd|long|two|surname` otherwise.

    Letters are Latin ones, as in Brazilian documents; greetings, "meu nome é", "minha filha", emoji and a CPF around
    the name are dropped.
    """
    line = _line(text)
    name = _bare(line)
    if not any(char.isalnum() for char in name):
        return Bad("name.empty")
    if any(char.isdigit() for char in name):
        return Bad("name.digits")
    if has_link(text):
        return Bad("name.odd")
    if len(name) > LONGEST:
        return Bad("name.long", {"limit": str(LONGEST)})
    if _several(line):
        return Bad("name.two")
    if "?" in line or not _is_name(name):
        return Bad("name.odd")
    return title_case(name) if _has_surname(name) else Bad("name.surname", {"name": title_case(name)})


def _line(text: str) -> str:
    """One line with the name in it; lines are parted by commas."""
    joined = ", ".join(part for part in without_cpf(text[:2000]).splitlines() if part.strip())
    line = _APOSTROPHES.sub("'", without_emoji(clean(joined)))
    name = _PREFIX.sub("", re.sub("[‐‑–—]", "-", line)[:1000], count=1)
    return _KIN_BEHIND.sub("", name)


def _bare(line: str) -> str:
    line = " ".join(re.sub(r"[.,;!?\"]+(?=\s|$)|^[\"(]+|[\")]+$", " ", line).split())
    return line.strip(" -_*~:")


def _several(line: str) -> bool:
    """More than one person: "João e minha filha Ana", "João Souza, Ana Lima", "João Souza e Ana Souza"."""
    kin = [_bare(_PREFIX.sub("", part, count=1)) for part in _NEXT_KIN.split(line)]
    if len(kin) > 1 and all(part and _is_name(part) for part in kin):
        return True
    listed = [part for part in map(_bare, _NEXT.split(line)) if _is_name(part) and _has_surname(part)]
    return len(listed) > 1 or _share_a_surname(_bare(line).split(" e "))


def _share_a_surname(parts: list[str]) -> bool:
    """Whether two full names end alike, which the halves of one name do not ("Costa e Silva Filho")."""
    surnames = [part.split()[-1].lower() for part in parts if _has_surname(part)]
    return len(surnames) == len(parts) > 1 and len(set(surnames)) == 1


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
