"""A fake of Twilio's Messages API for `balcao demo` and for tests: takes SMS, refuses what Twilio refuses."""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

import orjson
from aiohttp import web

from handlers.ports import Clock

TEST_NUMBERS = {"+15005550001": 21211, "+15005550009": 21614, "+15005550004": 21610}
"""Recipients that Twilio's own test credentials refuse (https://www.twilio.com/docs/iam/test-credentials)."""


@dataclass(slots=True)
class SmsFaults:
    """Switched from the simulator's page."""

    down: bool = False
    throttled: bool = False
    slow: float = 0.0
    """Seconds before each answer."""


@dataclass(frozen=True, slots=True)
class Sms:
    sid: str
    to: str
    sender: str
    text: str
    at: datetime


@dataclass(slots=True)
class FakeTwilio:
    """One account. `messages` holds what was sent, oldest first; `opted_out` the numbers that answered STOP."""

    clock: Clock
    account_sid: str
    auth_token: str
    faults: SmsFaults = field(default_factory=SmsFaults)
    messages: list[Sms] = field(default_factory=list)
    opted_out: set[str] = field(default_factory=set)

    def app(self) -> web.Application:
        """`http://host:port` is the base URL for `TwilioSms`."""
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", self._create)
        return app

    async def _create(self, request: web.Request) -> web.Response:
        if self.faults.slow:
            await asyncio.sleep(self.faults.slow)
        if self.faults.down:
            return web.Response(status=503, text="<html>upstream</html>", content_type="text/html")
        if self.faults.throttled:
            return _error(429, 20429, "Too Many Requests")
        if not self._authentic(request):
            return _error(401, 20003, "Authenticate")
        form = {key: str(value) for key, value in (await request.post()).items()}
        return self._take(form.get("To", ""), form.get("From", ""), form.get("Body", ""))

    def _authentic(self, request: web.Request) -> bool:
        expected = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        given = request.headers.get("Authorization", "").encode()
        return request.match_info["sid"] == self.account_sid and hmac.compare_digest(
            given, f"Basic {expected}".encode()
        )

    def _take(self, to: str, sender: str, text: str) -> web.Response:
        if (refused := self._refusal(to, sender, text)) is not None:
            code, message = refused
            return _error(400, code, message)
        sms = Sms(f"SM{secrets.token_hex(16)}", to, sender, text, self.clock.now())
        self.messages.append(sms)
        return _json(201, self._shape(sms))

    def _refusal(self, to: str, sender: str, text: str) -> tuple[int, str] | None:
        """Twilio's messages repeat the number, and so do these: callers must not log them."""
        if not re.fullmatch(r"\+[1-9][0-9]{7,14}", to):
            return 21211, f"Invalid 'To' Phone Number: {to}"
        if to in TEST_NUMBERS:
            return TEST_NUMBERS[to], f"The number {to} cannot be reached"
        if to in self.opted_out:
            return 21610, f"Attempt to send to unsubscribed recipient {to}"
        if not sender:
            return 21603, "A 'From' phone number is required."
        if not text:
            return 21602, "Message body is required."
        return (21617, "The concatenated message body exceeds the 1600 character limit") if len(text) > 1600 else None

    def _shape(self, sms: Sms) -> dict[str, object]:
        return {
            "sid": sms.sid,
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "to": sms.to,
            "from": sms.sender,
            "body": sms.text,
            "status": "queued",
            "direction": "outbound-api",
            "num_segments": "1",
            "num_media": "0",
            "date_created": format_datetime(sms.at),
            "error_code": None,
            "error_message": None,
            "uri": f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sms.sid}.json",
        }


def _error(status: int, code: int, message: str) -> web.Response:
    about = f"https://www.twilio.com/docs/errors/{code}"
    return _json(status, {"code": code, "message": message, "more_info": about, "status": status})


def _json(status: int, body: object) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
