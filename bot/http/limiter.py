"""A limit of requests per caller within this process: enough against curiosity, no wall against a flood."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import web

MOST_CALLERS = 10_000
"""Callers remembered; the one seen first is forgotten first."""


class Limiter:
    """At most `most` in each `span`, counted from a caller's first request."""

    def __init__(self, most: int, span: timedelta) -> None:
        self._most = most
        self._span = span
        self._seen: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def allows(self, caller: str, now: datetime) -> bool:
        since, count = self._seen.get(caller, (now, 0))
        if now - since >= self._span:
            del self._seen[caller]
            since, count = now, 0
        self._seen[caller] = (since, count + 1)
        if len(self._seen) > MOST_CALLERS:
            self._seen.popitem(last=False)
        return count < self._most


def caller_of(request: web.Request) -> str:
    """The caller's network address. Behind a proxy, which is near, the one that the proxy saw; a /64 of IPv6 is one."""
    peer = _address(request.remote)
    if peer is None or peer.is_private:
        forwarded = request.headers.getall("X-Forwarded-For", [""])[-1].rpartition(",")[2]
        peer = _address(forwarded.strip()) or peer
    if isinstance(peer, IPv6Address):
        return peer.exploded[:19]
    return str(peer)


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text or "")
    except ValueError:
        return None
