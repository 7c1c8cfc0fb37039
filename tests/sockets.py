"""Tests talk to this machine only: a test that would reach the network fails with the name of what it wanted.

An audit hook sees every socket of this process, however it is made, except those of uvloop. It cannot be taken away.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any
from urllib.parse import urlsplit

from tests.services import POSTGRESQL, REDIS

EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"})


class NetworkBlocked(OSError):
    """A test reached for the network."""


def block() -> None:
    """From now on, for the rest of the process. The services that the environment names stay reachable."""
    allowed = {urlsplit(os.environ.get(service.variable, "")).hostname for service in (POSTGRESQL, REDIS)}

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS:
            host = wanted(event, arguments)
            if host is not None and host not in allowed and not is_here(host):
                raise NetworkBlocked(f"a test may not reach {host}")

    sys.addaudithook(hook)


def wanted(event: str, arguments: tuple[Any, ...]) -> str | None:
    """The host asked for; None for a Unix socket, or for no host at all."""
    address = arguments[0] if event in ("socket.getaddrinfo", "socket.gethostbyname") else arguments[1]
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    is_path = event in ("socket.connect", "socket.sendto") and not isinstance(address, tuple)
    return None if is_path or not host else str(host)


def is_here(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
