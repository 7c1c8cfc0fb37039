"""CPF found in what a person typed, and the card numbers that must never be kept."""

from __future__ import annotations

import re

from stdnum.br import cnpj, cpf

from conversations.understand.bad import Bad
from conversations.understand.words import ascii_digits

_CPF = re.compile(r"(?<![0-9])[0-9]{3}[ .,-]?[0-9]{3}[ .,-]?[0-9]{3}[ .,/-]{0,3}[0-9]{2}(?![0-9])")
_LABELLED_CPF = re.compile(
    rf"(?:(?:\be\s+)?(?:\bo\s+)?(?:\bmeu\s+)?\bcpf\b[\s:]*(?:(?:[ée]|eh)\b)?[\s:o]*)?{_CPF.pattern}", re.IGNORECASE
)
_CNPJ = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?[0-9]{2}(?![0-9A-Za-z])",
    re.IGNORECASE | re.ASCII,
)
_GROUP = re.compile(r"[0-9](?:[ .,/-]{0,3}[0-9])*")
_PHONE = re.compile(r"55[1-9]{2}9[0-9]{8}")
_CARD_GROUPS = re.compile(r"[0-9]+(?:[\s.-]{1,3}[0-9]+)*")


def parse_cpf(text: str) -> str | Bad:
    """Eleven digits of a valid CPF anywhere in the text.

    Otherwise `cpf.cnpj`, `cpf.repeated` (111.111.111-11 passes the check digits but is no CPF), `cpf.check`, or
    `cpf.digits` with `count`, how many digits were given.
    """
    normal = ascii_digits(text)
    found = _candidates(normal)
    for digits in found:
        if cpf.is_valid(digits) and not _repeated(digits):
            return digits
    if any(cnpj.is_valid(match.group()) for match in _CNPJ.finditer(normal)):
        return Bad("cpf.cnpj")
    if not found:
        return Bad("cpf.digits", {"count": str(_digits_given(normal))})
    return Bad("cpf.repeated" if all(_repeated(digits) for digits in found) else "cpf.check")


def without_cpf(text: str) -> str:
    """The text without a valid CPF and what leads to it ("Ana Souza e meu cpf é 529.982.247-25")."""
    return _LABELLED_CPF.sub(lambda found: found.group() if isinstance(parse_cpf(found.group()), Bad) else " ", text)


def _candidates(text: str) -> list[str]:
    shaped = [_digits(match.group()) for match in _CPF.finditer(text)]
    loose = [digits for match in _GROUP.finditer(text) if len(digits := _digits(match.group())) == 11]
    return shaped + loose


def _digits_given(text: str) -> int:
    return max((len(_digits(match.group())) for match in _GROUP.finditer(text)), default=0)


def _digits(text: str) -> str:
    return re.sub("[^0-9]", "", text)


def _repeated(digits: str) -> bool:
    return len(set(digits)) == 1


def card_number(text: str) -> bool:
    """Whether a payment card number may be in the text: 13 to 19 digits, Luhn-valid, alone or in the usual groups.

    Errs on the side of yes, as such a text must not be stored (PCI DSS 3.5.1: no readable PAN); a Brazilian mobile
    with country code and a valid CNPJ are not taken for cards.
    """
    return any(_is_card(run) for match in _CARD_GROUPS.finditer(ascii_digits(text)) for run in _runs(match.group()))


def _runs(grouped: str) -> list[str]:
    """The whole, each group, and each sequence that starts with four digits, as cards are printed (4-4-4-4, 4-6-5)."""
    groups = re.findall("[0-9]+", grouped)
    runs = ["".join(groups), *groups]
    for start, group in enumerate(groups):
        if len(group) == 4:
            runs += ["".join(groups[start:end]) for end in range(start + 2, min(start + 8, len(groups)) + 1)]
    return runs


def _is_card(digits: str) -> bool:
    if not 13 <= len(digits) <= 19 or _repeated(digits) or not _luhn(digits):
        return False
    company = len(digits) == 14 and digits[0] != "3" and cnpj.is_valid(digits)
    return not company and _PHONE.fullmatch(digits) is None


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(value // 10 + value % 10 for value in doubled) + sum(map(int, digits[::-2]))) % 10 == 0
