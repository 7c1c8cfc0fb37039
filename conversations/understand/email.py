"""An e-mail address out of a typed or spoken sentence, with a suggestion for the usual slips."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass

from conversations.understand.bad import Bad
from conversations.understand.words import clean, strip_accents, words_of

LONGEST = 254
"""Characters of an address that mail servers accept (RFC 5321, erratum 1690)."""

_COMMON = words_of(
    "gmail.com hotmail.com hotmail.com.br outlook.com outlook.com.br yahoo.com yahoo.com.br icloud.com live.com "
    "uol.com.br bol.com.br terra.com.br ig.com.br globo.com msn.com protonmail.com"
)
_REAL = frozenset(
    words_of(
        "mail.com ymail.com gmx.com gmx.de email.com me.com r7.com oi.com.br live.com.br mac.com proton.me "
        "pm.me zoho.com googlemail.com globomail.com yahoo.com.ar yahoo.es yahoo.fr hotmail.es hotmail.fr "
        "outlook.es outlook.pt hotmail.co.uk yahoo.co.uk fastmail.com aol.com rocketmail.com zipmail.com.br"
    )
)
_KNOWN_SLIPS = {
    "gmail.com.br": "gmail.com", "icloud.com.br": "icloud.com", "uol.com": "uol.com.br", "bol.com": "bol.com.br",
    "ig.com": "ig.com.br", "globo.com.br": "globo.com", "gmail": "gmail.com", "hotmail": "hotmail.com",
    "outlook": "outlook.com", "yahoo": "yahoo.com.br", "icloud": "icloud.com", "uol": "uol.com.br",
}  # fmt: skip
_ENDING = re.compile(r"\.(?:con|cmo|ocm|vom|xom|cim|comm|coom|cm|c0m)(\.br)?$|\.com\.?(?:br|b|bt|be|rb|brr)$")
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})")
_SPOKEN = (
    (re.compile(r"\s*[(\[]\s*(?:arroba|at)\s*[)\]]\s*|\s+(?:arroba|at)\s+"), "@"),
    (re.compile(r"\s*[(\[]\s*(?:ponto|dot)\s*[)\]]\s*|\s+(?:ponto|dot)\s+"), "."),
    (re.compile(r"\s+(?:traco|traço|hifen|hífen)\s+"), "-"),
    (re.compile(r"\s+(?:underline|underscore|sublinhado)\s+"), "_"),
)
_EDGES = "<>()[]{}\"'`*~.,;:!?"


@dataclass(frozen=True, slots=True)
class Email:
    """A deliverable-looking address in lower case; `suggestion` is what was more likely meant, when there is such."""

    address: str
    suggestion: str | None = None


def parse_email(text: str) -> Email | Bad:
    """The one address in the text, or `email.shape` / `email.domain` (with `suggestion` in `data` when there is one).

    Internationalised addresses are refused: here an accent is a slip of the keyboard, and many servers reject them.
    """
    found = _addresses(_written(text[:2000]))
    if len(found) != 1:
        return Bad("email.shape")
    local, _, domain = found[0].rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > 64 or len(found[0]) > LONGEST:
        return _bad("email.shape", found[0])
    if not _DOMAIN.fullmatch(domain):
        return _bad("email.domain", found[0])
    better = _better(domain)
    return Email(found[0], f"{local}@{better}" if better else None)


def _bad(code: str, address: str) -> Bad:
    """Try the address without accents and with a mended domain: if that holds, it goes along as a suggestion."""
    local, _, domain = strip_accents(address).rpartition("@")
    guess = f"{local}@{_better(domain) or domain}"
    good = _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(guess.rpartition("@")[2]) and len(guess) <= LONGEST
    return Bad(code, {"suggestion": guess}) if good and len(local) <= 64 else Bad(code)


def _written(text: str) -> str:
    """Spoken signs as signs, no spaces around them."""
    line = unicodedata.normalize("NFKC", clean(text)).lower().replace("mailto:", "")
    if "@" not in line:
        line = _SPOKEN[0][0].sub(_SPOKEN[0][1], line)
    for pattern, sign in _SPOKEN[1:] if "@" in line else ():
        line = pattern.sub(sign, line)
    line = re.sub(r"\s*@\s*", "@", line)
    line = re.sub(r"(@[\w-]{1,63})\s*[.,]\s*(?=com|net|org|edu|gov)", r"\1.", line)
    return re.sub(r"(@[\w.-]{1,200}\.com)\s*[.,]\s*br\b", r"\1.br", line)


def _addresses(line: str) -> list[str]:
    words = (word.strip(_EDGES) for word in re.split(r"[\s,;<>]+", line) if "@" in word)
    return list(dict.fromkeys(words))


def _better(domain: str) -> str | None:
    """The well-known domain (or the mended ending) that a slip stands for; None when the domain looks meant."""
    if domain in _COMMON or domain in _REAL:
        return None
    if domain in _KNOWN_SLIPS:
        return _KNOWN_SLIPS[domain]
    near = difflib.get_close_matches(domain, _COMMON, n=1, cutoff=0.84) if len(domain) <= 20 else []
    return near[0] if near else _mended(domain)


def _mended(domain: str) -> str | None:
    ending = _ENDING.search(domain)
    if ending is None or domain.endswith(".com.br"):
        return None
    brazilian = ending.group(1) or ending.group().startswith(".com")
    return domain[: ending.start()] + (".com.br" if brazilian else ".com")
