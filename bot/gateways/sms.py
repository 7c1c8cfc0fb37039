"""SMS through Twilio's Messages API, or what speaks it, and a store in memory."""

from __future__ import annotations

import base64
import re
import secrets
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import orjson

from handlers.ports import ChannelStopped, Clock, GatewayError, OutcomeUnknown, Refused, TryLater

DEFAULT_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10, sock_connect=5)
LONGEST = 1600
"""Characters of one message (Twilio error 21617 beyond)."""

_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ServerFingerprintMismatch)
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_LATER = frozenset({20429, 14107, 21611, 30001, 30022})
"""Too many requests, queue of the sender full (https://www.twilio.com/docs/api/errors)."""
_STOPPED = frozenset({20003, 20005, 20006, 20404, 21212, 21603, 21606, 21659, 21660, 30002})
"""Token, account or sender not usable: no message passes until a person acts."""


class TwilioSms:
    """`SmsGateway` of handlers/ports.py. The session belongs to the caller, who closes it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        account_sid: str,
        auth_token: str,
        from_number: str,
        *,
        timeout: aiohttp.ClientTimeout = DEFAULT_TIMEOUT,
    ) -> None:
        self._session = session
        self._url = f"{base_url.rstrip('/')}/2010-04-01/Accounts/{account_sid}/Messages.json"
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"}
        self._from = from_number
        self._timeout = timeout

    async def send(self, to: str, text: str) -> str:
        """Send once and return Twilio's message sid. A 21610 (`Refused`) is a person who opted out."""
        _check(to, text)
        status, answer, wait = await self._post({"To": to, "From": self._from, "Body": text})
        if not 200 <= status < 300:
            raise _refusal(status, answer, wait)
        sid = answer.get("sid")
        if not isinstance(sid, str) or not sid:
            raise OutcomeUnknown("unreadable", "accepted without a message id")
        return sid

    async def _post(self, form: dict[str, str]) -> tuple[int, dict[str, Any], str | None]:
        request = self._session.post(
            self._url, data=form, headers=self._headers, timeout=self._timeout, allow_redirects=False
        )
        try:
            async with request as response:
                return response.status, _object(await response.read()), response.headers.get("Retry-After")
        except _NOT_SENT as error:
            raise TryLater("not-connected", type(error).__name__) from error
        except aiohttp.InvalidURL as error:
            raise ChannelStopped("bad-url", type(error).__name__) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OutcomeUnknown("cut", type(error).__name__) from error


def _check(to: str, text: str) -> None:
    """What Twilio would refuse anyway, with its own codes."""
    if not _E164.fullmatch(to):
        raise Refused("21211", "recipient is no E.164 number")
    if not text.strip():
        raise Refused("21602", "empty text")
    if len(text) > LONGEST:
        raise Refused("21617", "text too long")


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer; an empty one when a proxy answered in its place."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _refusal(status: int, answer: dict[str, Any], wait: str | None) -> GatewayError:
    """By Twilio's code, else by HTTP status. Its `message` stays out: it repeats the phone number."""
    code = answer.get("code")
    number = code if isinstance(code, int) else 0
    name, detail = str(number or f"http-{status}"), f"HTTP {status}"
    if status >= 500 or status in {408, 425, 429} or number in _LATER:
        return TryLater(name, detail, after=_seconds(wait))
    if number in _STOPPED or status < 400 or status in {401, 403, 405} or (status == 404 and not number):
        return ChannelStopped(name, detail)
    return Refused(name, detail)


def _seconds(wait: str | None) -> timedelta | None:
    return timedelta(seconds=int(wait)) if wait and re.fullmatch("[0-9]{1,5}", wait) else None


@dataclass(frozen=True, slots=True)
class ReceivedSms:
    sid: str
    to: str
    text: str
    at: datetime


class MemorySms:
    """`SmsGateway` that keeps the messages, for local runs and tests."""

    def __init__(self, clock: Clock, *, keep: int = 500) -> None:
        """`keep`: how many messages are held; the oldest go first."""
        self.down = False
        self._clock = clock
        self._received: deque[ReceivedSms] = deque(maxlen=keep)

    @property
    def received(self) -> list[ReceivedSms]:
        """Oldest first."""
        return list(self._received)

    def inbox(self, to: str) -> list[ReceivedSms]:
        """What this number received, oldest first."""
        return [each for each in self._received if each.to == to]

    async def send(self, to: str, text: str) -> str:
        """Refuses what `TwilioSms` refuses before sending; `TryLater` while `down`."""
        if self.down:
            raise TryLater("not-connected", "SMS is switched off")
        _check(to, text)
        sid = f"SM{secrets.token_hex(16)}"
        self._received.append(ReceivedSms(sid, to, text, self._clock.now()))
        return sid
