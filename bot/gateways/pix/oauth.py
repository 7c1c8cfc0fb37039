"""OAuth2 client credentials for a Pix bank: HTTP Basic, over the same client certificate as every call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import aiohttp

from bot.gateways.pix.errors import nonsense
from bot.gateways.pix.wire import Reply, Wire
from handlers.ports import ChannelStopped, Clock, GatewayError

_FRESH_SHARE = 0.8
"""A token is renewed after this share of its life, so that it does not die between two banks' clocks."""
_JSON = ("application/json", b'{"grant_type":"client_credentials"}')
_FORM = ("application/x-www-form-urlencoded", b"grant_type=client_credentials")


class TokenSource:
    """Keeps one access token and fetches the next; many callers at once cause one request."""

    def __init__(self, wire: Wire, token_url: str, client_id: str, client_secret: str, clock: Clock) -> None:
        self._wire = wire
        self._url = token_url
        self._basic = aiohttp.encode_basic_auth(client_id, client_secret)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._fresh_until: datetime | None = None
        self._encodings = [_JSON, _FORM]

    async def token(self, *, instead_of: str | None = None) -> str:
        """A fresh token; another than `instead_of`, which the bank has just refused. Raises GatewayError."""
        async with self._lock:
            if self._token is None or self._token == instead_of or self._is_stale():
                self._token = None
                self._token = await self._fetch()
            return self._token

    def _is_stale(self) -> bool:
        return self._fresh_until is None or self._clock.now() >= self._fresh_until

    async def _fetch(self) -> str:
        asked_at = self._clock.now()
        reply = await self._ask()
        body = reply.body
        if reply.status != 200 or not isinstance(body, Mapping):
            raise _refusal(reply)
        token, life = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise nonsense("token")
        seconds = float(life) if isinstance(life, int | float | str) and str(life).isdigit() else 300.0
        self._fresh_until = asked_at + timedelta(seconds=min(seconds, 86_400.0) * _FRESH_SHARE)
        return token

    async def _ask(self) -> Reply:
        """Some banks read JSON (Efí), others only the form of RFC 6749: the one that worked is asked first."""
        for encoding in list(self._encodings):
            reply = await self._post(*encoding)
            if reply.status not in {400, 415}:
                self._encodings.sort(key=lambda known: known is not encoding)
                break
        return reply

    async def _post(self, content_type: str, data: bytes) -> Reply:
        headers = {"Authorization": self._basic, "Content-Type": content_type, "Accept": "application/json"}
        return await self._wire.send("POST", self._url, headers, data=data)


def _refusal(reply: Reply) -> GatewayError:
    """Wrong credentials stop the channel: RFC 6749 answers them with 400 or 401."""
    if 200 <= reply.status < 300:
        return nonsense("token")
    error = reply.error()
    return ChannelStopped(error.code, error.detail) if 400 <= reply.status < 429 and reply.status != 408 else error
