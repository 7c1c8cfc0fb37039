"""What people of the business do at the command line: money seen and sent by hand, notices read and resolved."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.lists import MOST, listed
from bot.settings import Settings
from bot.wiring import SystemClock
from conversations.catalogue import money
from handlers.payments.refund import MANUAL
from handlers.support.rules import chat_link
from storage import clockwork, staff
from storage.unit_of_work import Database, Tx, make_engine

T = TypeVar("T")

ON_THE_BILL = 25
"""Characters of the txid that a static code holds, and hence what the bank's statement shows (BR Code manual)."""
ENOUGH = 20
"""Characters of a txid that name it; banks cut what they show."""
LATE = timedelta(days=7)
"""How long a lapsed charge stays in the list: money may be late."""
_MONEY = re.compile(r"(?:R\$)?\s*(\d{1,3}(?:\.\d{3})+|\d{1,9})(?:[,.](\d{1,2}))?")


async def _in_database(settings: Settings, work: Callable[[Tx], Awaitable[T]]) -> T:
    database = Database(make_engine(settings.database_url))
    try:
        return await database.run(work, org=None)
    finally:
        await database.close()


class NotFound(Exception):
    """What was named is not there. (A SystemExit out of a transaction's task would take the whole loop down.)"""


def read_money(text: str) -> int:
    """Centavos of `99,80`, `99.80`, `1.234,56`, `R$ 100`. SystemExit for anything else, and for nothing."""
    found = _MONEY.fullmatch(text.strip())
    centavos = int(found[1].replace(".", "")) * 100 + int((found[2] or "").ljust(2, "0")) if found else 0
    if not centavos:
        raise SystemExit(f"balcao: {text!r} is no amount: write it as in --amount 99,80")
    return centavos


# --- Pix by hand ------------------------------------------------------------------------------------------------------


async def confirm_payment(settings: Settings, txid: str, amount: str | None = None) -> str:
    """Tell the payer's mailbox that staff saw the money. `txid` whole, or its beginning as the statement shows it."""
    now, centavos = SystemClock().now(), None if amount is None else read_money(amount)

    async def confirm(tx: Tx) -> int:
        found = await _charge(tx, txid.strip())
        await staff.resolve_by_key(tx, found.organization_id, f"pix_awaiting:{found.id}", now)
        payload = {"intent_id": str(found.id), "user_id": None, "amount": centavos}
        return await clockwork.add_events(tx, [_event(found, "pix.confirmed", found.id, payload, now)])

    try:
        return "Confirmed." if await _in_database(settings, confirm) else "It was confirmed before."
    except NotFound as error:
        raise SystemExit(f"balcao: {error}") from None


async def _charge(tx: Tx, txid: str) -> Any:
    """The one charge meant, or NotFound."""
    found = list(await staff.charges_by_txid(tx, txid)) if txid.isascii() and txid.isalnum() else []
    exact = [row for row in found if row.provider_intent_id == txid]
    if exact:
        return exact[0]
    if found and len(txid) < ENOUGH:
        raise NotFound(f"{txid!r} is too short: give at least {ENOUGH} characters of the txid")
    if len(found) > 1:
        raise NotFound(f"more than one charge has a txid that begins with {txid!r}: give more of it")
    if not found:
        raise NotFound(f"no charge has txid {txid!r} (`balcao pix list` shows those that wait)")
    return found[0]


async def refunded_payment(settings: Settings, payment: str) -> str:
    """Tell the payer's mailbox that staff sent the money back by hand."""
    now, payment_id = SystemClock().now(), _id(payment, "balcao pix list")

    async def refunded(tx: Tx) -> list[int]:
        rows = await staff.refunds_waiting(tx, payment_id, MANUAL)
        events = [
            _event(row, "pix.refunded", row.id, {"refund_id": str(row.id), "status": "DEVOLVIDO"}, now) for row in rows
        ]
        for row in rows:
            await staff.resolve_by_key(tx, row.organization_id, f"refund:{row.id}", now)
        await clockwork.add_events(tx, events)
        return [row.amount for row in rows]

    amounts = await _in_database(settings, refunded)
    if not amounts:
        raise SystemExit(f"balcao: no refund of payment {payment} waits (`balcao pix list` shows those that do)")
    return f"Sent back by hand: {money(sum(amounts))}."


def _event(row: Any, kind: str, of: uuid.UUID, payload: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """One for each thing of a kind: the second is the first."""
    return {
        "organization_id": row.organization_id,
        "contact_id": row.contact_id,
        "source": "staff",
        "external_id": f"{kind}:{of}",
        "kind": kind,
        "payload": payload,
        "occurred_at": now,
        "received_at": now,
    }


async def list_payments(settings: Settings, most: int = MOST) -> str:
    """Refunds that wait for a hand and charges that wait for money; payers by first name and initial only."""
    now = SystemClock().now()

    async def look(tx: Tx) -> list[str]:
        refunds = await staff.refunds_by_hand(tx, MANUAL)
        charges = await staff.open_charges(tx, now - LATE, most)
        return [
            *(f"REFUND  {row.payment_id}  {_common(row, now)}  {row.reason}" for row in refunds),
            *listed(charges, lambda row: _charge_line(row, now)),
        ]

    return "\n".join(await _in_database(settings, look)) or "No charge waits, and no refund."


def _charge_line(row: Any, now: datetime) -> str:
    return f"CHARGE  {row.provider_intent_id[:ON_THE_BILL]}  {_common(row, now)}"


def _common(row: Any, now: datetime) -> str:
    return f"{money(row.amount)}  {_age(now - row.created_at)}  {row.status}  {short_name(row.full_name)}"


def short_name(full_name: str | None) -> str:
    """`Ana S.`: enough to find a line of a statement."""
    first, *others = (full_name or "").split() or ["-"]
    return f"{first} {others[-1][0]}." if others else first


def _age(passed: timedelta) -> str:
    minutes = max(0, int(passed.total_seconds())) // 60
    hours, days = minutes // 60, minutes // 1440
    return f"{days} d" if days else f"{hours} h" if hours else f"{minutes} min"


# --- Notices ----------------------------------------------------------------------------------------------------------


async def list_notices(settings: Settings, *, everything: bool = False, most: int = MOST) -> str:
    """One line a notice: id, when, how grave, what, and its ids and amounts. No personal data."""
    look = staff.all_notices if everything else staff.notices
    rows = await _in_database(settings, lambda tx: look(tx, most))
    return "\n".join(listed(rows, _notice_line)) or "No notice waits for anybody."


def _notice_line(row: Any) -> str:
    detail = " ".join(f"{name}={value}" for name, value in row.detail.items() if value is not None)
    done = "  (resolved)" if row.resolved_at is not None else ""
    return f"{row.id}  {row.created_at.isoformat(timespec='seconds')}  {row.severity}  {row.kind}  {detail}{done}"


async def who_is_meant(settings: Settings, notice: str) -> str:
    """Name and chat of the person a notice is about: for the terminal of who asked, never for a log."""
    notice_id = _id(notice, "balcao notices")
    found = await _in_database(settings, lambda tx: staff.who(tx, notice_id))
    if found is None:
        raise SystemExit(f"balcao: no notice has id {notice} (`balcao notices` lists them)")
    if found.known is None:
        return "It is about nobody in particular." if found.contact_id is None else "The person's data was deleted."
    unknown = f"no telephone number is known (@{found.username} on WhatsApp)" if found.username else "no number known"
    return f"{found.name or 'No name is known'}  {chat_link(found.wa_id) or unknown}"


async def resolve_notice(settings: Settings, notice: str) -> str:
    notice_id, now = _id(notice, "balcao notices"), SystemClock().now()
    if not await _in_database(settings, lambda tx: staff.resolve(tx, notice_id, now)):
        raise SystemExit(f"balcao: no open notice has id {notice} (`balcao notices` lists them)")
    return "Resolved."


def _id(text: str, where: str) -> uuid.UUID:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        raise SystemExit(f"balcao: {text!r} is no id: copy it from `{where}`") from None
