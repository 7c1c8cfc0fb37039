"""How long a membership lasts and what its card shows to strangers. Pure."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from urllib.parse import quote


def valid_until(day: date, months: int) -> date:
    """The same day that many months on, or the last one of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def first_charge_on(day: date, trial_days: int) -> date:
    """From when the cycle price is owed, for who became a member on `day`."""
    return day + timedelta(days=trial_days)


def is_valid(status: str, until: date, today: date) -> bool:
    return status == "active" and today <= until


def first_name(full_name: str) -> str:
    return (full_name.split() or [""])[0]


def last_initial(full_name: str) -> str:
    """Empty for a person of one name."""
    names = full_name.split()
    return names[-1][0].upper() if len(names) > 1 else ""


def share_url(card_url: str) -> str:
    """Opens WhatsApp with the card's address ready to be sent to somebody."""
    return f"https://wa.me/?text={quote(card_url, safe='')}"
