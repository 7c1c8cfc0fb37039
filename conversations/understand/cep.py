"""A CEP inside a text."""

from __future__ import annotations

import re

from conversations.understand.bad import Bad
from conversations.understand.words import ascii_digits

_CEP = re.compile(r"(?<![0-9])[0-9]{2}[. ]?[0-9]{3}[\s.-]{0,3}[0-9]{3}(?![0-9])")


def parse_cep(text: str) -> str | Bad:
    """Eight digits, or `cep.digits` with `count`, how many digits were given."""
    normal = ascii_digits(text)
    found = _CEP.search(normal)
    if found:
        return re.sub("[^0-9]", "", found.group())
    return Bad("cep.digits", {"count": str(len(re.findall("[0-9]", normal)))})
