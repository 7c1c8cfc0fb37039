"""What a partner who scans a card is told: valid or not, and just enough of a name to match a face."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.memberships import rules
from storage import memberships
from storage.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class CardStatus:
    valid: bool
    first_name: str
    last_initial: str
    plan: str
    organization: str


async def card_status(tx: Tx, card_key: str, now: datetime) -> CardStatus | None:
    """None for a key that no card has. Give it the system's transaction: a card may be anybody's."""
    row = await memberships.card(tx, card_key)
    if row is None:
        return None
    today = now.astimezone(ZoneInfo(row.timezone)).date()
    return CardStatus(
        valid=rules.is_valid(row.status, row.valid_until, today),
        first_name=rules.first_name(row.full_name),
        last_initial=rules.last_initial(row.full_name),
        plan=row.plan_name,
        organization=row.organization_name,
    )
