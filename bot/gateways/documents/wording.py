"""How dates, CPF and phones are written in Brazil, and the spaces that must not break."""

from __future__ import annotations

import re
from datetime import date, datetime

MONTHS = (
    *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
    *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
)

_BOUND = re.compile(r"(R\$|\b[nN]º|\b[nN]\.º|\b[aA]rts?\.|§§?|\b[cC]láusulas?|\b[iI]ncisos?) (?=[\dIVX])")
_BRAZILIAN_PHONE = re.compile(r"\+?55(\d{2})(\d{4,5})(\d{4})")


def long_date(day: date) -> str:
    """`1º de dezembro de 2026`: the first of a month is an ordinal in Portuguese."""
    ordinal = "1º" if day.day == 1 else str(day.day)
    return f"{ordinal} de {MONTHS[day.month - 1]} de {day.year}"


def short_date(day: date) -> str:
    return f"{day:%d/%m/}{day.year:04d}"


def long_moment(at: datetime) -> str:
    """`21 de novembro de 2026, às 14h05`."""
    return f"{long_date(at)}, às {at:%Hh%M}"


def stamp(at: datetime) -> str:
    """`21/11/2026 14:05:09 −03:00`: to the second and with its offset, for evidence."""
    offset = f"{at:%z}".replace("-", "\u2212")
    return f"{short_date(at)} {at:%H:%M:%S} {offset[:3]}:{offset[3:5]}" if offset else f"{short_date(at)} {at:%H:%M:%S}"


def cpf(digits: str) -> str:
    """`529.982.247-25`; anything but eleven digits is shown as it came."""
    if len(digits) != 11 or not digits.isdigit():
        return digits
    return f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"


def phone(number: str) -> str:
    """`+55 (11) 98765-4321` for a Brazilian E.164 number; others as they came."""
    found = _BRAZILIAN_PHONE.fullmatch(number)
    return f"+55 ({found[1]}) {found[2]}-{found[3]}" if found else number


def bind(text: str) -> str:
    """Keep `R$ 69,90`, `art. 10`, `§ 2º` on one line."""
    return _BOUND.sub("\\1\u00a0", text)
