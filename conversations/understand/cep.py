"""A CEP inside a text, and the many ways of not knowing it."""

from __future__ import annotations

import re

from conversations.understand.bad import Bad
from conversations.understand.words import ascii_digits, plain

_CEP = re.compile(r"(?<![0-9])[0-9]{2}[. ]?[0-9]{3}[\s.-]{0,3}[0-9]{3}(?![0-9])")
_UNKNOWN = re.compile(
    r"(?:eu )?(?:(?:nao|n|nem) (?:sei|lembro|me lembro|recordo|conheco|tenho|faco ideia|faco a menor ideia|tem)|"
    r"esqueci|desconheco|sei la|sem|nao me recordo|nem ideia|nao possuo)"
    r"(?: (?:informar|dizer|de cor|agora|no momento|qual e|qual|o|meu|esse|cep|de cabeca|disso|certo))*"
)


def parse_cep(text: str) -> str | Bad:
    """Eight digits, or `cep.digits` with `count`, how many digits were given."""
    normal = ascii_digits(text)
    found = _CEP.search(normal)
    if found:
        return re.sub("[^0-9]", "", found.group())
    return Bad("cep.digits", {"count": str(len(re.findall("[0-9]", normal)))})


def no_cep(text: str) -> bool:
    """Whether the person says that they don't know or have a CEP ("não sei", "sem cep")."""
    said = plain(text[:200])
    return said != "sem" and _UNKNOWN.fullmatch(said) is not None
