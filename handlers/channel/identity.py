"""One person, several names: wa_id as received, ninth-digit key, E.164, BSUID and its parent form.

Many Brazilian accounts keep a wa_id without the ninth digit (55 + DDD + 8) although the number that is dialled has it;
which form an account has cannot be computed. So a reply goes to the wa_id as received, a person is *found* by
`match_key`, and people are *shown* E.164.
"""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

_BRAZIL = 55
_MOBILE = re.compile(r"(55[1-9][1-9])9?([6-9]\d{7})", re.ASCII)
_LANDLINE = re.compile(r"55[1-9][1-9][2-5]\d{7}", re.ASCII)
_NINE_DIGITS = re.compile(r"55[1-9][1-9]9\d{8}", re.ASCII)
_OLD_MEXICO = re.compile(r"521(\d{10})", re.ASCII)


def match_key(wa_id: str) -> str:
    """The name under which both forms of a Brazilian mobile meet: 55 + DDD + last 8 digits; others are their own."""
    mobile = _MOBILE.fullmatch(wa_id)
    return mobile[1] + mobile[2] if mobile else wa_id


def to_e164(wa_id: str) -> str | None:
    """`+` and the number as it is dialled (the ninth digit put back), or None if nobody can have such a number."""
    mobile = _MOBILE.fullmatch(wa_id)
    if mobile:
        return f"+{mobile[1]}9{mobile[2]}"
    if wa_id.startswith("55"):
        known = _LANDLINE.fullmatch(wa_id) or _NINE_DIGITS.fullmatch(wa_id)
        return f"+{wa_id}" if known else None
    mexican = _OLD_MEXICO.fullmatch(wa_id)
    if not (wa_id.isascii() and wa_id.isdecimal()):
        return None
    found = _parse(f"+52{mexican[1]}" if mexican else f"+{wa_id}", None)
    return _e164(found) if found and phonenumbers.is_possible_number(found) else None


def aliases(wa_id: str | None, bsuid: str | None, parent_bsuid: str | None) -> list[tuple[str, str]]:
    """All names of the sender as (kind, value), the surest first: bsuid, parent_bsuid, wa_id, match_key."""
    names = [
        ("bsuid", bsuid),
        ("parent_bsuid", parent_bsuid),
        ("wa_id", wa_id),
        ("match_key", match_key(wa_id) if wa_id else None),
    ]
    return [(kind, value) for kind, value in names if value]


def _parse(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _e164(found: PhoneNumber) -> str:
    return phonenumbers.format_number(found, PhoneNumberFormat.E164)
