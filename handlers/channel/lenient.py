"""Reading JSON that others wrote: wrong types give None or an empty thing, never an exception.

`clean` makes a value storable: PostgreSQL refuses NUL in text and JSONB, UTF-8 refuses lone surrogates,
orjson refuses more than 254 levels, and nobody needs a string beyond `LONGEST`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

DEEPEST = 64
"""Levels of nesting kept; Meta's deepest documented payload has 13."""
LONGEST = 65_536
"""Characters kept of one string; Meta's longest, a call's SDP or a flow's answer, stay far below."""
EARLIEST = 1_262_304_000
"""2010-01-01: WhatsApp Business did not exist before, so an older instant is a mistake."""
_LATEST = 4_102_444_800  # 2100-01-01

_BROKEN = re.compile("[\x00\ud800-\udfff]")
_BREAKS = re.compile("\r\n|[\r\u2028\u2029]")
# Controls (but \n), soft hyphen, zero-width space, marks of writing direction, surrogates. ZWJ stays: emoji need it.
_NOISE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)


def clean(value: Any, depth: int = DEEPEST) -> Any:
    """A storable copy: no NUL, no lone surrogate, strings cut at LONGEST, nothing below `depth` levels (null there)."""
    if isinstance(value, str):
        return _BROKEN.sub("", value[:LONGEST])
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        if depth <= 0:
            return None
        return {clean(str(key)): clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item, depth - 1) for item in value] if depth > 0 else None
    return value


def tame(value: Any, depth: int = DEEPEST) -> bool:
    """Whether what orjson read (so: no lone surrogate, no infinity), free of NUL, needs no cleaning."""
    if depth <= 0:
        return False
    for item in value.values() if type(value) is dict else value if type(value) is list else (value,):
        kind = type(item)
        if kind is str:
            if len(item) > LONGEST:
                return False
        elif (kind is dict or kind is list) and not tame(item, depth - 1):
            return False
    return True


def record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def records(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def plain(value: Any, limit: int) -> str:
    """Text as a person would see it: NFC, one kind of line break, no invisible characters, trimmed, at most `limit`."""
    if not isinstance(value, str):
        return ""
    if value.isascii() and value.isprintable():  # As nearly all that Meta writes is: nothing to be made of it.
        return value.strip()[:limit].strip()
    if value.isprintable():
        shown = value[:LONGEST]
    else:
        shown = _NOISE.sub("", _BREAKS.sub("\n", value[:LONGEST]).replace("\t", " "))
    return unicodedata.normalize("NFC", shown).strip()[:limit].strip()


def string(value: Any, limit: int = 512) -> str | None:
    """A non-empty text, or None."""
    return plain(value, limit) or None


def identifier(value: Any) -> str | None:
    """An id that vendors write now as text, now as a number."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    return string(value)


def number(value: Any) -> float | None:
    """A finite number, also from its text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def integer(value: Any) -> int | None:
    """A whole number, also from its text; None for fractions."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() else None


def digits(value: Any) -> str | None:
    """A wa_id: 1 to 20 ASCII digits, a leading plus forgiven."""
    if not isinstance(value, str):
        return None
    bare = value.removeprefix("+")
    return bare if bare.isascii() and bare.isdecimal() and len(bare) <= 20 else None


def instant(value: Any, latest: float = _LATEST) -> datetime | None:
    """Unix seconds (int or its text) between 2010 and `latest` as an aware UTC instant, else None."""
    if isinstance(value, str):
        if len(value) > 12 or not (value.isascii() and value.isdecimal()):
            return None
        value = int(value)
    elif not isinstance(value, int) or isinstance(value, bool):
        return None
    return datetime.fromtimestamp(value, UTC) if EARLIEST <= value <= min(latest, _LATEST) else None
