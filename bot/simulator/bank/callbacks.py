"""What the fake bank tells the business, and how that can go wrong."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import aiohttp
import orjson

_MAX_TRIES = 10
"""As Efí: after so many answers other than 2xx the bank gives up."""


@dataclass(slots=True)
class Faults:
    """Troubles that can be switched on at any moment."""

    down: bool = False
    """Every call is answered 503."""
    slow: float = 0.0
    """Seconds that every call waits before it is served."""
    nonsense: bool = False
    """Every call is answered 200 with an HTML page."""
    lose_answers: bool = False
    """Every call is carried out, then its connection is cut."""
    lose_callbacks: bool = False
    duplicate_callbacks: bool = False
    group_callbacks: bool = False
    """All that is waiting goes in one call instead of one call each."""
    fail_refunds: bool = False
    """Refunds end as NAO_REALIZADO."""


@dataclass(slots=True, eq=False)
class _Waiting:
    pix: dict[str, object]
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One callback made: its body and the HTTP status of the answer, None when nobody answered."""

    body: dict[str, object]
    status: int | None


class Callbacks:
    """Holds what is to be told until somebody says "now", so that tests decide when and in which order."""

    def __init__(self, session: aiohttp.ClientSession, faults: Faults) -> None:
        self._session = session
        self._faults = faults
        self._queue: deque[_Waiting] = deque()
        self.url: str | None = None
        self.calls: list[Call] = []

    def add(self, pix: dict[str, object]) -> None:
        """Tell later. Nothing is kept for a business without a webhook."""
        if self.url is not None:
            self._queue.append(_Waiting(pix))

    async def flush(self) -> int:
        """Make every call that is due and return how many were answered 2xx. The others stay for the next time."""
        waiting = list(self._queue)
        self._queue.clear()
        if self._faults.lose_callbacks:
            return 0
        groups = [waiting] if self._faults.group_callbacks and waiting else [[one] for one in waiting]
        repeats = 2 if self._faults.duplicate_callbacks else 1
        taken = 0
        for group in groups:
            for _ in range(repeats):
                taken += await self._tell(group)
        return taken

    async def post(self, items: list[dict[str, object]]) -> int | None:
        """POST `{"pix": items}` to `{webhookUrl}/pix` now; the status, None when nobody answered."""
        if self.url is None:
            return None
        body: dict[str, object] = {"pix": items}
        try:
            async with self._session.post(
                f"{self.url}/pix",
                data=orjson.dumps(body),
                headers={"Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=60),
                allow_redirects=False,
            ) as response:
                status: int | None = response.status
        except (aiohttp.ClientError, TimeoutError):
            status = None
        self.calls.append(Call(body, status))
        return status

    async def _tell(self, group: list[_Waiting]) -> int:
        status = await self.post([one.pix for one in group])
        if status is not None and 200 <= status < 300:
            return 1
        for one in group:
            one.tries += 1
            if one.tries < _MAX_TRIES and one not in self._queue:
                self._queue.append(one)
        return 0
