"""Authorised calls to a bank's API Pix."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from bot.gateways.pix.errors import nonsense
from bot.gateways.pix.oauth import TokenSource
from bot.gateways.pix.wire import Reply, Wire


class BankApi:
    """Adds the token, asks once more when the bank no longer takes it, and turns every refusal into a GatewayError."""

    def __init__(self, wire: Wire, base_url: str, tokens: TokenSource) -> None:
        self._wire = wire
        self._base_url = base_url.rstrip("/")
        self._tokens = tokens

    async def read(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> Mapping[str, object]:
        """Call and return the JSON object of a 2xx answer. Raises GatewayError, `Declined` for a 4xx."""
        reply = await self.call(method, path, query=query, body=body)
        if not isinstance(reply.body, Mapping):
            raise nonsense(f"{method} answered no JSON object")
        return reply.body

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call and return any 2xx answer, even an empty one. `path` is already quoted. Raises GatewayError."""
        token = await self._tokens.token()
        reply = await self._send(token, method, path, query, body, headers)
        if reply.status == 401:
            token = await self._tokens.token(instead_of=token)
            reply = await self._send(token, method, path, query, body, headers)
        if not 200 <= reply.status < 300:
            raise reply.error()
        return reply

    async def _send(
        self,
        token: str,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: object,
        headers: Mapping[str, str] | None,
    ) -> Reply:
        sent = {"Authorization": f"Bearer {token}", "Accept": "application/json", **(headers or {})}
        data = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            data = orjson.dumps(body)
        return await self._wire.send(method, self._base_url + path, sent, query=query, data=data)
