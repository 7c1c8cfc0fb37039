"""Webhooks on their way to the business: envelope, signature, retries, and the faults that Meta has on this side."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import aiohttp

from bot.simulator.meta.faults import Faults
from handlers.ports import Clock

ATTEMPTS = 3
"""Tries at once; what failed waits for the next round."""
HORIZON = timedelta(days=7)
RETRY_SECONDS = 2.0
TIMEOUT = aiohttp.ClientTimeout(total=20)


@dataclass(frozen=True, slots=True)
class Update:
    """One message or status, with the entry of `contacts[]` that goes with it."""

    kind: Literal["messages", "statuses"]
    item: dict[str, Any]
    contact: dict[str, Any] | None = None


@dataclass(slots=True)
class Parcel:
    """The updates of one POST."""

    updates: list[Update]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Posted:
    """One POST as it left; `status` None when nobody answered."""

    at: datetime
    body: bytes
    headers: dict[str, str]
    status: int | None

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.body)
        return payload


def sign(app_secret: str, body: bytes) -> str:
    """Value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def serialise(payload: dict[str, Any]) -> bytes:
    """As Meta does: characters beyond ASCII are escaped, so a body written anew does not have the same signature."""
    return json.dumps(payload, ensure_ascii=True, separators=(",", ":")).encode()


@dataclass(slots=True)
class Courier:
    """Queues parcels and posts them: at `flush`, or by itself while `run` runs."""

    clock: Clock
    app_secret: str
    webhook_url: str
    session: aiohttp.ClientSession
    faults: Faults
    account_id: str
    metadata: dict[str, str]
    sleep: Callable[[float], Awaitable[None]]
    log: list[Posted] = field(default_factory=list)
    _queue: list[Parcel] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def waiting(self) -> int:
        """Parcels in the queue."""
        return len(self._queue)

    def put(self, updates: list[Update]) -> None:
        """Queue one body."""
        self._queue.append(Parcel(updates, self.clock.now()))
        self._wake.set()

    async def post_now(self, updates: list[Update]) -> None:
        """Post one body past the queue. What fails joins the queue."""
        parcel = Parcel(updates, self.clock.now())
        if not await self._deliver(parcel):
            self._queue.append(parcel)

    async def flush(self, *, together: bool = False) -> None:
        """Post all that waits, and what comes in meanwhile; what failed stays. `together`: everything in one body."""
        failed: list[Parcel] = []
        while self._queue:
            parcels, self._queue = self._queue, []
            if together:
                parcels = [Parcel([update for parcel in parcels for update in parcel.updates], parcels[0].created_at)]
            if self.faults.reorder_webhooks:
                parcels.reverse()
            failed += [parcel for parcel in parcels if not await self._deliver(parcel)]
        self._queue = failed

    async def run(self) -> None:
        """Post parcels as they come, until cancelled; failed ones are tried again after a while."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()
            if self._queue:
                await self.sleep(RETRY_SECONDS)
                self._wake.set()

    async def _deliver(self, parcel: Parcel) -> bool:
        """True when it is done with: taken, lost on purpose, or too old."""
        updates = [update for update in parcel.updates if not (update.kind == "statuses" and self.faults.lose_statuses)]
        if not updates or self.clock.now() - parcel.created_at > HORIZON:
            return True
        body = serialise(self._envelope(updates))
        for _ in range(ATTEMPTS):
            if await self._post(body):
                break
        else:
            return False
        if self.faults.duplicate_webhooks:
            await self._post(body)
        return True

    async def _post(self, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(self.app_secret, body)}
        status: int | None = None
        try:
            async with self.session.post(
                self.webhook_url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = None
        self.log.append(Posted(self.clock.now(), body, headers, status))
        return status is not None and 200 <= status < 300

    def _envelope(self, updates: list[Update]) -> dict[str, Any]:
        changes = [{"value": value, "field": "messages"} for value in self._values(updates)]
        return {"object": "whatsapp_business_account", "entry": [{"id": self.account_id, "changes": changes}]}

    def _values(self, updates: list[Update]) -> list[dict[str, Any]]:
        """One value for each run of updates of the same kind and contact."""
        values: list[dict[str, Any]] = []
        for update in updates:
            contacts = [update.contact] if update.contact is not None else None
            last = values[-1] if values else {}
            if update.kind in last and last.get("contacts") == contacts:
                last[update.kind].append(update.item)
                continue
            value: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": self.metadata}
            if contacts is not None:
                value["contacts"] = contacts
            values.append({**value, update.kind: [update.item]})
        return values
