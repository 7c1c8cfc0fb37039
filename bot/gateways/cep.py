"""CEP look-up at ViaCEP or BrasilAPI, or what speaks like either."""

from __future__ import annotations

import re
from collections import OrderedDict
from datetime import timedelta
from typing import Any

import aiohttp
import orjson

from handlers.ports import CepAddress, TryLater

DEFAULT_TIMEOUT = aiohttp.ClientTimeout(total=5, connect=3, sock_connect=2)
"""A person waits for the answer; the address can always be typed instead."""

_LARGEST = 64 * 1024
"""Bytes of an answer; real ones have some hundred."""


class ViaCep:
    """`CepDirectory` of handlers/ports.py. The session belongs to the caller, who closes it.

    `base_url` is `https://viacep.com.br/ws` or `https://brasilapi.com.br/api/cep/v1` (or `/v2`); only the path differs,
    the body is understood in both shapes. Addresses found are kept in memory, those not found are asked again.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        *,
        timeout: aiohttp.ClientTimeout = DEFAULT_TIMEOUT,
        cache_size: int = 4096,
    ) -> None:
        self._session = session
        self._base = base_url.rstrip("/")
        self._suffix = "" if re.search(r"brasilapi|/api/cep/v[12]$", self._base) else "/json/"
        self._timeout = timeout
        self._cache: OrderedDict[str, CepAddress] = OrderedDict()
        self._cache_size = cache_size

    async def find(self, cep: str) -> CepAddress | None:
        """The address, or None for a CEP that does not exist. `TryLater` for everything that is no such answer."""
        if not re.fullmatch("[0-9]{8}", cep):
            return None
        if cep in self._cache:
            self._cache.move_to_end(cep)
            return self._cache[cep]
        found = _read(cep, *await self._get(cep))
        if found is not None:
            self._keep(found)
        return found

    def _keep(self, address: CepAddress) -> None:
        self._cache[address.cep] = address
        while len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)

    async def _get(self, cep: str) -> tuple[int, bytes]:
        request = self._session.get(f"{self._base}/{cep}{self._suffix}", timeout=self._timeout, allow_redirects=False)
        try:
            async with request as response:
                if response.status == 429:
                    raise TryLater("http-429", after=_seconds(response.headers.get("Retry-After")))
                return response.status, await response.content.read(_LARGEST)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TryLater("not-connected", type(error).__name__) from error


def _seconds(wait: str | None) -> timedelta | None:
    return timedelta(seconds=int(wait)) if wait and re.fullmatch("[0-9]{1,5}", wait) else None


def _read(cep: str, status: int, body: bytes) -> CepAddress | None:
    """ViaCEP: 200 with `erro` (true or "true") or 400 (in HTML) mean none; BrasilAPI: 400 or 404 in JSON."""
    if status == 400:
        return None
    answer = _object(body)
    if answer is None:
        raise TryLater("unreadable", f"HTTP {status} without a JSON object")
    if status == 404:
        return None
    if status != 200:
        raise TryLater(f"http-{status}")
    if str(answer.get("erro", "")).lower() == "true":
        return None
    return _address(cep, answer)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _address(cep: str, answer: dict[str, Any]) -> CepAddress:
    city = _text(answer, "localidade", "city")
    state = (_text(answer, "uf", "state") or "").upper()
    if not city or not re.fullmatch("[A-Z]{2}", state):
        raise TryLater("unreadable", "answer has no city or state")
    return CepAddress(
        cep=cep,
        city=city,
        state=state,
        street=_text(answer, "logradouro", "street"),
        neighborhood=_text(answer, "bairro", "neighborhood"),
    )


def _text(answer: dict[str, Any], *keys: str) -> str | None:
    """First non-empty text under one of the keys, on one line. Small towns have one CEP, without street."""
    for key in keys:
        value = answer.get(key)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())[:150]
    return None
