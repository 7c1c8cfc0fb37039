"""Meta's webhook: the signature over the raw bytes, one commit, 200. Whatever is signed and JSON is never refused.

Source: Graph API, Webhooks (`hub.challenge`, `X-Hub-Signature-256`); bodies up to 3 MB, up to 1000 updates each.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from aiohttp import web

from bot.http.answers import text_answer
from bot.http.deps import BODIES, DEPS, INTAKE
from bot.http.envelope import Item, NotJson, split
from bot.http.intake import NotNow
from bot.http.links import same
from bot.metrics import Metrics
from handlers.channel.inbox import Received
from handlers.channel.lenient import clean
from scheduler.wake import NOTICES, TURNS, Wake

log = structlog.get_logger()

_LONGEST_CHALLENGE = 256


async def verify(request: web.Request) -> web.Response:
    """The handshake when the address is entered at Meta: the challenge goes back as it came."""
    query = request.query
    challenge = query.get("hub.challenge", "")
    known = same(query.get("hub.verify_token", ""), request.app[DEPS].verify_token)
    if not known or query.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= _LONGEST_CHALLENGE:
        raise web.HTTPForbidden
    return text_answer(challenge)


async def receive(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    body = await request.app[BODIES].read(request)
    if not is_signed(body, request.headers.get("X-Hub-Signature-256", ""), deps.app_secrets):
        raise web.HTTPUnauthorized
    try:
        items = items_of(body, deps.clock.now())
    except NotJson:
        raise web.HTTPBadRequest from None
    try:
        await request.app[INTAKE].receive(items)
    except NotNow:
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
    return text_answer("ok")


def is_signed(body: bytes, header: str, secrets: Sequence[bytes]) -> bool:
    """Whether one of the app's secrets made `sha256=<hex>` of these very bytes."""
    given = header.encode(errors="replace")
    matches = [
        hmac.compare_digest(given, b"sha256=" + hmac.digest(secret, body, "sha256").hex().encode())
        for secret in secrets
    ]
    return any(matches)


def items_of(body: bytes, now: datetime) -> Sequence[Item]:
    """The items of a body; one that the parser stumbles over is an item as a whole, so that nothing is lost."""
    try:
        return split(body, now)
    except NotJson:
        raise
    except Exception:
        log.exception("whatsapp.body_not_understood", size=len(body))
        payload = clean({"raw": body.decode("ascii", "backslashreplace")})
        key = hashlib.sha256(body).hexdigest()
        return [Item("unknown", "", None, key, None, None, None, None, None, None, payload)]


def teller(wake: Wake, metrics: Metrics) -> Callable[[Sequence[Item], Received], None]:
    """What is done after each commit: whoever waits for mail is woken, what was not for us is counted."""

    def tell(items: Sequence[Item], received: Received) -> None:
        if received.foreign:
            metrics.unknown_number(received.foreign)
        if received.mailboxes:
            wake.ring(TURNS)
        if any(item.kind != "message" for item in items):
            wake.ring(NOTICES)

    return tell
