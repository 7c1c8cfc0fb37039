"""Birth dates in the forms Brazilians type, and ages. Day comes before month, always."""

from __future__ import annotations

import re
from datetime import date

from rapidfuzz import fuzz, process

from conversations.understand.bad import Bad
from conversations.understand.words import ascii_digits, strip_accents, words_of

OLDEST = 120
"""Years."""

MONTHS = words_of("janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro")
_UNITS = words_of(
    "zero um dois tres quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete"
)
_NUMBERS = {word: value for value, word in enumerate([*_UNITS, "dezoito", "dezenove"])} | {
    "primeiro": 1, "uma": 1, "duas": 2, "catorze": 14, "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50,
    "sessenta": 60, "setenta": 70, "oitenta": 80, "noventa": 90, "novecentos": 900, "mil": 1000,
}  # fmt: skip

_ISO = re.compile(r"(?<![0-9])([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9])")
_SEP = r"(?:\s+d[eo]\s+|\s*[/.\-,\\\s]\s*)"
_DAY_FIRST = re.compile(rf"(?<![0-9])([0-9]{{1,2}}){_SEP}([0-9]{{1,2}}){_SEP}([0-9]{{4}}|[0-9]{{2}})(?![0-9])")
_COMPACT = re.compile(r"(?<![0-9])(?:([0-9]{2})([0-9]{2})([0-9]{4})|([0-9]{2})([0-9]{2})([0-9]{2}))(?![0-9])")
_NAMED = re.compile(
    r"(?<![0-9])([0-9]{1,2})[oa°]?[\s./-]{0,3}(?:de\s+|do\s+)?([a-z]{3,10})[\s./,-]{0,3}(?:de\s+|do\s+)?"
    r"([0-9]{4}|[0-9]{2})(?![0-9])"
)
_WORD = "|".join(_NUMBERS)
_SPOKEN = re.compile(
    rf"\b((?:{_WORD})(?: e (?:{_WORD}))?|[0-9]{{1,2}}) (?:de |do )?([a-z]{{3,10}}) (?:de |do )?"
    rf"((?:{_WORD})(?: (?:{_WORD}|e))*|[0-9]{{4}}|[0-9]{{2}})\b"
)

_Parts = tuple[int, int, str]
"""Day, month, year as typed: two digits or four."""


def parse_birth_date(text: str, today: date) -> date | Bad:
    """A date not after `today`; `date.unclear|impossible|future|old` otherwise.

    A two-digit year is the latest one that makes the date past. Two different dates in one text are unclear.
    """
    found = set(_read(strip_accents(ascii_digits(text[:300])).casefold()))
    if len(found) != 1:
        return Bad("date.unclear")
    day, month, typed = found.pop()
    born = _date(day, month, typed, today)
    if born is None:
        return Bad("date.impossible", {"date": f"{day:02}/{month:02}/{typed}"})
    if born > today:
        return Bad("date.future")
    return Bad("date.old") if age(born, today)[0] > OLDEST else born


def _read(text: str) -> list[_Parts]:
    for reader in (_read_iso, _read_day_first, _read_compact, _read_named, _read_spoken):
        if found := reader(text):
            return found
    return []


def _read_iso(text: str) -> list[_Parts]:
    return [(int(day), int(month), year) for year, month, day in _ISO.findall(text)]


def _read_day_first(text: str) -> list[_Parts]:
    return [(int(day), int(month), year) for day, month, year in _DAY_FIRST.findall(text)]


def _read_compact(text: str) -> list[_Parts]:
    found = []
    for groups in _COMPACT.findall(text):
        day, month, year = (part for part in groups if part)
        if len(year) == 4 and not 1 <= int(month) <= 12 and int(day + month) >= 1800:
            day, month, year = year[2:], year[:2], day + month  # 19900515
        found.append((int(day), int(month), year))
    return found


def _read_named(text: str) -> list[_Parts]:
    found = [(int(day), _month(name), year) for day, name, year in _NAMED.findall(text)]
    return [(day, month, year) for day, month, year in found if month]


def _read_spoken(text: str) -> list[_Parts]:
    found = []
    for day, name, year in _SPOKEN.findall(" ".join(re.sub("[^a-z0-9]", " ", text).split())):
        typed = year if year.isdigit() else f"{_number(year):02}"
        number = int(day) if day.isdigit() else _number(day)
        if number and (month := _month(name)):
            found.append((number, month, typed))
    return found


def _month(name: str) -> int:
    """1 to 12 for a name, its first three letters or a near spelling; 0 otherwise."""
    for index, month in enumerate(MONTHS, 1):
        if name in (month, month[:3]) or (len(name) == 4 and month.startswith(name)):
            return index
    near = process.extractOne(name, MONTHS, scorer=fuzz.ratio, score_cutoff=75) if len(name) > 3 else None
    return near[2] + 1 if near else 0


def _number(words: str) -> int:
    """Value of "mil novecentos e noventa", "dois mil e um", "vinte e um"; 0 when a word is no number."""
    total = 0
    for word in words.split():
        if word == "mil":
            total = max(total, 1) * 1000
        elif word in _NUMBERS:
            total += _NUMBERS[word]
        elif word != "e":
            return 0
    return total if total < 10000 else 0


def _date(day: int, month: int, typed: str, today: date) -> date | None:
    if len(typed) > 2:
        return _valid(day, month, int(typed))
    century = today.year // 100 * 100
    recent = _valid(day, month, century + int(typed))
    return recent if recent and recent <= today else _valid(day, month, century - 100 + int(typed))


def _valid(day: int, month: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def age(birth: date, today: date) -> tuple[int, int]:
    """Complete years, and complete months beyond them; (0, 0) for the unborn.

    Who is born on a day that the month lacks completes it on the next day (Código Civil, art. 132 § 3).
    """
    months = (today.year - birth.year) * 12 + today.month - birth.month - (today.day < birth.day)
    return divmod(max(months, 0), 12)
