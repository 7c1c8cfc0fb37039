"""The kinds of value a business file holds, each with one clear sentence for what does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, Field
from stdnum.br import cnpj

T = TypeVar("T")

STATES = frozenset(
    (
        *("AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA"),
        *("PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO"),
    )
)

_MONEY = re.compile(r"(\d{1,7})(?:[.,](\d{2}))?")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*((?:[01]\d|2[0-3]):[0-5]\d|24:00)")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")


def money(value: Any) -> int:
    """Centavos of `69.90`, `"69.90"`, `"69,90"` or `70`. No float, no thousands mark: neither `1.234,56` nor 69.9."""
    written = value if isinstance(value, str) else None
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        written = str(value)
    found = None if written is None else _MONEY.fullmatch(written.strip())
    if found is None:
        raise ValueError(f"{value} is not an amount in reais: write 69.90, with a point and two digits")
    return int(found[1]) * 100 + int(found[2] or 0)


def _text(value: Any) -> Any:
    if isinstance(value, int | Decimal | date | bool):
        raise ValueError(f'must be text: put it in quotes, "{value}"')
    return value.strip() if isinstance(value, str) else value


def _house_number(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def phone(value: str) -> str:
    """E.164 of a number as it is written in Brazil, or with its country code."""
    try:
        number = phonenumbers.parse(value, "BR")
    except phonenumbers.NumberParseException as error:
        raise ValueError(f"{value} is not a phone number: write it as +5511999990000") from error
    if not phonenumbers.is_valid_number(number):
        raise ValueError(f"{value} is not a phone number that can exist: write it as +5511999990000")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def company(value: str) -> str:
    """CNPJ as `12.345.678/0001-95`."""
    if not cnpj.is_valid(value):
        raise ValueError(f"{value} is not a CNPJ: its check digits don't fit")
    return str(cnpj.format(value))


def cep(value: str) -> str:
    if re.fullmatch(r"\d{5}-?\d{3}", value) is None:
        raise ValueError(f"{value} is not a CEP: write it as 01310-100")
    return value.replace("-", "")


def state(value: str) -> str:
    if value not in STATES:
        raise ValueError(f"{value} is not one of Brazil's states: write two capital letters, as SP")
    return value


def zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value} is not a time zone: write it as America/Sao_Paulo")
    return ZoneInfo(value).key


def web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or "." not in parts.hostname or re.search(r"\s", value):
        raise ValueError(f"{value} is not a web address: it begins with https://")
    return value


def email(value: str) -> str:
    if _EMAIL.fullmatch(value) is None:
        raise ValueError(f"{value} is not an e-mail address")
    return value


def hours(value: str) -> str:
    """`08:00-12:00, 13:00-18:00`: one or more spans, in order, none across midnight."""
    found = [_HOURS.fullmatch(part.strip()) for part in value.split(",")]
    spans = [(f"{match[1]}:{match[2]}", match[3]) for match in found if match]
    times = [time for span in spans for time in span]
    if len(spans) < len(found) or any(a >= b for a, b in pairwise(times)):
        raise ValueError(f"{value} is not a span of hours: write 08:00-18:00, or 08:00-12:00, 13:00-18:00")
    return ", ".join(f"{start}-{end}" for start, end in spans)


def _shaped(pattern: str, hint: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"{value} {hint}")
        return value

    return check


def _coordinate(low: float, high: float) -> BeforeValidator:
    def check(value: Any) -> float:
        number = float(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
        if number is None or not low <= number <= high:
            raise ValueError(f"{value} is not in Brazil: it lies from {low:g} to {high:g} (are the two swapped?)")
        return number

    return BeforeValidator(check)


def no_repeats(values: list[T]) -> list[T]:
    if len(set(values)) < len(values):
        raise ValueError("holds the same value twice")
    return values


_AsText = BeforeValidator(_text)

Line = Annotated[str, _AsText, Field(min_length=1, max_length=255)]
ShortLine = Annotated[str, _AsText, Field(min_length=1, max_length=100)]
Text = Annotated[str, _AsText, Field(max_length=2000)]
Money = Annotated[int, BeforeValidator(money)]
Slug = Annotated[
    ShortLine,
    AfterValidator(_shaped(r"[a-z0-9]+(-[a-z0-9]+)*", "must be small letters, digits and hyphens, as plano-familia")),
]
Intent = Annotated[
    ShortLine, AfterValidator(_shaped(r"[a-z0-9]+([_-][a-z0-9]+)*", "must be small letters and digits, as code-sent"))
]
TemplateName = Annotated[
    str, _AsText, AfterValidator(_shaped(r"[a-z0-9_]{1,100}", "must be small letters, digits and underscores"))
]
Language = Annotated[str, _AsText, AfterValidator(_shaped(r"[a-z]{2,3}(_[A-Z]{2})?", "is not a language, as pt_BR"))]
Version = Annotated[
    str, _AsText, AfterValidator(_shaped(r"v?\d+(\.\d+){0,2}", "is not a version, as v1.0")), Field(max_length=20)
]
Color = Annotated[str, _AsText, AfterValidator(_shaped(r"#[0-9a-fA-F]{6}", 'is not a colour, as "#0b7a5b"'))]
Phone = Annotated[str, _AsText, AfterValidator(phone)]
Cnpj = Annotated[str, _AsText, AfterValidator(company)]
Cep = Annotated[str, _AsText, AfterValidator(cep)]
Uf = Annotated[str, _AsText, AfterValidator(state)]
Zone = Annotated[str, _AsText, AfterValidator(zone)]
Url = Annotated[Line, AfterValidator(web_address)]
Email = Annotated[Line, AfterValidator(email)]
Hours = Annotated[str, _AsText, AfterValidator(hours)]
HouseNumber = Annotated[str, BeforeValidator(_house_number), Field(min_length=1, max_length=20)]
Latitude = Annotated[float, _coordinate(-34, 6)]
Longitude = Annotated[float, _coordinate(-75, -28)]
