"""Notices: what reaches us about no conversation in particular. Delivery statuses move the log forward in bulk;
payment callbacks only trigger a question to the bank; account notices become lines for staff.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from handlers.channel.codes import STOPPING
from handlers.channel.identity import aliases
from handlers.channel.notice_types import (
    AccountAlert,
    AccountUpdate,
    Echoes,
    Notice,
    PhoneQuality,
    TemplateStatus,
    UnknownNotice,
    UserIdUpdate,
    UserPreferences,
)
from handlers.channel.notices import parse_notice
from handlers.channel.statuses import State, Status, advance, parse_status
from handlers.payments.callback import parse_callback
from handlers.ports import Clock
from scheduler.jobs import Directory, facts_of
from scheduler.resend import as_template
from scheduler.wake import DELIVERIES, Wake
from storage import deliveries as outgoing
from storage import mailboxes, receipts
from storage.away import is_away
from storage.base import new_id
from storage.unit_of_work import NOBODY, Database, Tx

log = structlog.get_logger()

MOST = 500
REST = timedelta(seconds=5)
"""Between two questions to the bank about one charge that callbacks make us ask."""
RECENT = timedelta(minutes=15)
"""A failure told longer ago does not stop a number: it may have been put right since."""
_STAMP = {"sent": "sent_at", "delivered": "delivered_at", "read": "read_at", "failed": "failed_at"}
_CLOSED = "131047"
"""Meta's code for "more than 24 hours since the person wrote", told after it took the message."""
_UNREACHABLE = "131026"
_GRAVE = frozenset(
    {"ACCOUNT_DELETED", "ACCOUNT_OFFBOARDED", "ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION", "DISABLED_UPDATE"}
)
"""What Meta does to a business account that keeps it from talking to people. Source: webhook `account_update`."""
_LEFT = frozenset({"sent", "delivered", "read"})


class Watch(Protocol):
    def notice(self, kind: str, many: int) -> None: ...


class Notices:
    def __init__(self, database: Database, directory: Directory, clock: Clock, wake: Wake, watch: Watch) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock
        self._wake = wake
        self._watch = watch

    async def run_once(self) -> int:
        """Carry a batch of notices through; returns how many. One that cannot be read is parked, never in the way."""
        try:
            return await self._database.run(lambda tx: self._batch(tx, MOST), org=None)
        except Exception as error:
            log.error("notices.batch_failed", error=type(error).__name__, exc_info=not is_away(error))
        return await self._one_by_one()

    async def _one_by_one(self) -> int:
        rows = await self._database.run(lambda tx: receipts.pending(tx, MOST), org=None)
        for row in rows:
            await self._alone(row.id)
        return len(rows)

    async def _alone(self, event_id: int) -> None:
        async def work(tx: Tx) -> None:
            row = await receipts.still_pending(tx, event_id)
            await self._carry(tx, [row] if row is not None else [])

        try:
            await self._database.run(work, org=None)
        except Exception as error:
            if is_away(error):
                raise
            name = type(error).__name__
            if await self._database.run(lambda tx: self._give_up(tx, event_id, name), org=None):
                log.exception("notices.parked", event_id=event_id)

    async def _give_up(self, tx: Tx, event_id: int, error: str) -> bool:
        """Set one aside; of several statuses in a row only the one at fault, hence each gets a row and another try."""
        row, now = await receipts.still_pending(tx, event_id), self._clock.now()
        if row is not None and row.kind == "statuses":
            await receipts.split(tx, row, row.payload["statuses"])
            await mailboxes.close_events(tx, [event_id], now)
            return False
        await mailboxes.park_event(tx, event_id, error, now)
        return True

    async def _batch(self, tx: Tx, most: int) -> int:
        rows = await receipts.pending(tx, most)
        await self._carry(tx, rows)
        return len(rows)

    async def _carry(self, tx: Tx, rows: Sequence[Any]) -> None:
        now = self._clock.now()
        statuses = [parse_status(payload) for row in rows for payload in _told(row)]
        if statuses:
            await self._statuses(tx, statuses, now)
        done = []
        for row in rows:
            told = _told(row)
            tx.after_commit.append(_count(self._watch, "status" if told else row.kind, len(told) or 1))
            if row.kind == "pix.callback":
                await self._pix(tx, row, now)
            elif not told and not await self._account(tx, row, now):
                await mailboxes.ignore_event(tx, row.id, now)
                continue
            done.append(row.id)
        await mailboxes.close_events(tx, done, now)

    # --- delivery statuses --------------------------------------------------------------------------------------

    async def _statuses(self, tx: Tx, statuses: Sequence[Status], now: datetime) -> None:
        ours = [_uuid(status.opaque) for status in statuses]
        rows = await receipts.communications_for(
            tx,
            [told.message_id for told, key in zip(statuses, ours, strict=True) if told.message_id and key is None],
            [key for key in ours if key is not None],
        )
        by_message = {row.provider_message_id: row for row in rows if row.provider_message_id}
        by_id = {row.id: row for row in rows}
        changed: dict[uuid.UUID, dict[str, Any]] = {}
        for status, key in zip(statuses, ours, strict=True):
            row = by_id.get(key or NOBODY) or by_message.get(status.message_id or "")
            if row is None:
                continue
            change = changed.get(row.id)
            if change is None:
                change = changed[row.id] = {"id": row.id, **{name: getattr(row, name) for name in receipts.KEPT}}
            await self._status(tx, status, row, change, now)
        await receipts.advance(tx, list(changed.values()))
        await receipts.clear_up(
            tx, [key for key, change in changed.items() if change["status"] == "failed"], failed=True
        )
        left = [key for key, change in changed.items() if change["status"] in _LEFT]
        await receipts.clear_up(tx, left, failed=False)

    async def _status(self, tx: Tx, status: Status, row: Any, change: dict[str, Any], now: datetime) -> None:
        """Enter one status in `change`, the row to be: forward only, in whatever order they come."""
        before = "queued" if change["status"] == "held" else change["status"]
        if status.status is State.FAILED and before == "queued" and await self._at_hand(tx, status, row, change, now):
            return
        change["provider_message_id"] = change["provider_message_id"] or status.message_id
        stamp = _STAMP.get("read" if status.status == "played" else status.status)
        if stamp is not None and change[stamp] is None:
            change[stamp] = min(status.at or now, now)
        if status.category:
            change["category"] = status.category[:40]
        after = advance(before, status.status)
        if after is None:
            return
        change["status"] = after
        if after == "failed":
            await self._failed(tx, status, row, change, now)

    async def _at_hand(self, tx: Tx, status: Status, row: Any, change: dict[str, Any], now: datetime) -> bool:
        """Meta tells some refusals twice, in the answer and by webhook. The delivery deals with the answer itself. As
        long as it is under way nobody knows which it is: noted, and told again by `landing` if Meta took it."""
        delivery = await receipts.outbox_status(tx, row.id)
        if delivery == "sending" and status.message_id:
            change["provider_message_id"], change["failed_at"] = status.message_id, min(status.at or now, now)
            change["error_code"], change["error_message"] = _reason(status)
        return delivery not in (None, "uncertain")

    async def _failed(self, tx: Tx, status: Status, row: Any, change: dict[str, Any], now: datetime) -> None:
        """Meta took it and could not deliver it: the reason is kept, staff see it, a dead number is marked."""
        code, change["error_message"] = _reason(status)
        change["error_code"] = code
        if code.isdecimal() and int(code) in STOPPING:
            await self._stop(tx, status, row, code, now)
        if code == _UNREACHABLE and row.contact_id is not None:
            await outgoing.unreachable(tx, row.contact_id, now)
        if code == _CLOSED and await self._again_as_template(tx, row, now):
            return
        detail = {"code": code, "communication_id": str(row.id), "template": row.template}
        await self._line(tx, row.organization_id, row.contact_id, "delivery.failed", f"failed:{row.id}", detail, now)

    async def _stop(self, tx: Tx, status: Status, row: Any, code: str, now: datetime) -> None:
        """The number can send nothing until a person acts, though Meta goes on taking messages. Word of long ago says
        nothing of today."""
        number = None if row.contact_id is None else await receipts.number_of(tx, row.contact_id)
        if number is None or (status.at or now) < now - RECENT:
            return
        if await outgoing.stop_number(tx, number, f"{code}: told by webhook"):
            detail = {"code": code}
            key = f"stopped:{number}:{now.isoformat()}"
            await self._line(
                tx, row.organization_id, row.contact_id, "channel.stopped", key, detail, now, severity="critical"
            )
            log.critical("channel.stopped", number=number, code=code)

    async def _again_as_template(self, tx: Tx, row: Any, now: datetime) -> bool:
        organization = await facts_of(self._directory, tx, row.organization_id)
        whole = await receipts.communication(tx, row.id)
        if organization is None or whole is None or not await as_template(tx, organization, whole, now):
            return False
        tx.after_commit.append(lambda: self._wake.ring(DELIVERIES))
        return True

    # --- payments -----------------------------------------------------------------------------------------------

    async def _pix(self, tx: Tx, row: Any, now: datetime) -> None:
        """A callback proves nothing: ask the bank about every charge of ours that it names."""
        txids = list(dict.fromkeys(notice.txid for notice in parse_callback(row.payload) if notice.txid))
        known = await receipts.intents(tx, txids)
        if known:
            await self._ask_bank(tx, known, now)
            tx.after_commit.append(lambda: self._wake.ring(DELIVERIES))

    async def _ask_bank(self, tx: Tx, intents: Sequence[Any], now: datetime) -> None:
        """At once, or when the charge has rested: anybody may call, so calling often must not make us ask often. What
        was told while we asked is still asked about, once."""
        rested = await receipts.claim_checks(tx, [intent.id for intent in intents], now, now - REST)
        at_once, later = [], []
        for intent in intents:
            row = check_row(intent.organization_id, intent.contact_id, intent.id, intent.provider_intent_id, now)
            if intent.id in rested:
                at_once.append(row)
            else:
                due = max(now, (intent.checked_at or now) + REST)
                later.append({**row, "due_at": due, "dedupe_key": f"pix.check:{intent.id}:{due:%Y%m%d%H%M%S}"})
        await outgoing.add_outbox(tx, at_once)
        await outgoing.add_outbox_once(tx, later)

    # --- the account --------------------------------------------------------------------------------------------

    async def _account(self, tx: Tx, row: Any, now: datetime) -> bool:
        """False when nothing here knows the shape: staff get a line all the same."""
        field = row.kind.removeprefix("notice:")
        notice = parse_notice("messages" if field == "errors" else field, row.payload or {})
        org = row.organization_id if row.organization_id != NOBODY else None
        if isinstance(notice, UserPreferences) and org is not None:
            for wish in notice.preferences:
                await self._preference(tx, org, wish.wa_id, wish.bsuid, None if wish.allowed else wish.at or now)
        elif isinstance(notice, UserIdUpdate) and org is not None:
            for change in notice.changes:
                await self._new_bsuid(tx, org, change, now)
        elif not isinstance(notice, Echoes):
            severity = _severity(notice)
            template = getattr(notice, "template", None)
            detail = {
                "field": field,
                "type": type(notice).__name__,
                "event": getattr(notice, "event", None),
                **({"template": template.name} if template is not None else {}),
            }
            await self._line(
                tx, org or NOBODY, None, f"account.{field}"[:60], f"event:{row.id}", detail, now, severity=severity
            )
        return not isinstance(notice, UnknownNotice)

    async def _preference(
        self, tx: Tx, org: uuid.UUID, wa_id: str | None, bsuid: str | None, stopped_at: datetime | None
    ) -> None:
        contact_id = await receipts.find_contact(tx, org, aliases(wa_id, bsuid, None))
        if contact_id is not None:
            await receipts.set_marketing(tx, contact_id, stopped_at)

    async def _new_bsuid(self, tx: Tx, org: uuid.UUID, change: Any, now: datetime) -> None:
        contact_id = await receipts.find_contact(tx, org, [("bsuid", change.previous or "")])
        if contact_id is None:
            return
        await receipts.rename_bsuid(tx, contact_id, change.current)
        await receipts.add_alias(tx, org, contact_id, "bsuid", change.current, now)

    async def _line(
        self, tx: Tx, org: uuid.UUID, contact_id: Any, kind: str, dedupe_key: str, detail: dict[str, Any],
        now: datetime, *, severity: str = "warning",
    ) -> None:  # fmt: skip
        if org == NOBODY:
            log.warning("notice.without_organization", kind=kind, detail=detail)
            return
        row = {
            "id": new_id(),
            "organization_id": org,
            "contact_id": contact_id,
            "kind": kind,
            "severity": severity,
            "detail": detail,
            "dedupe_key": dedupe_key,
            "created_at": now,
        }
        await outgoing.add_notice(tx, row)


def check_row(
    organization_id: uuid.UUID, contact_id: uuid.UUID, intent_id: uuid.UUID, txid: str, now: datetime
) -> dict[str, Any]:
    """An outbox row that asks the bank about one charge."""
    return {
        "organization_id": organization_id,
        "contact_id": contact_id,
        "lane": f"ask:{new_id()}",
        "kind": "pix.check",
        "payload": {"intent_id": str(intent_id), "txid": txid, "asked": False},
        "secret": None,
        "communication_id": None,
        "dedupe_key": None,
        "due_at": now,
        "expires_at": None,
        "created_at": now,
    }


def _severity(notice: Notice) -> str:
    """How much it matters to the business: what stops it, what may, and what is good to know."""
    if isinstance(notice, AccountUpdate) and notice.event in _GRAVE:
        return "critical"
    if isinstance(notice, AccountAlert):
        return {"CRITICAL": "critical", "WARNING": "warning"}.get((notice.severity or "").upper(), "info")
    if isinstance(notice, TemplateStatus):
        return "info" if notice.event == "APPROVED" else "warning"
    return "warning" if isinstance(notice, PhoneQuality) and notice.event in ("FLAGGED", "DOWNGRADE") else "info"


def _reason(status: Status) -> tuple[str, str | None]:
    """Meta's code and words."""
    if not status.errors:
        return "unknown", None
    error = status.errors[0]
    return str(error.code), (error.details or error.title)[:500]


def _uuid(value: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(value) if value else None
    except ValueError:
        return None


def _told(row: Any) -> Sequence[dict[str, Any]]:
    """The delivery statuses in an event, if it holds any."""
    if row.kind == "statuses":
        statuses: list[dict[str, Any]] = row.payload["statuses"]
        return statuses
    return [row.payload or {}] if row.kind == "status" else []


def _count(watch: Watch, kind: str, many: int) -> Callable[[], None]:
    return lambda: watch.notice(kind, many)
