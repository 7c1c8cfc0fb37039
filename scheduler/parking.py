"""What a parked event said is sealed: it may hold a CPF, and it waits for days until somebody looks.

It stays sealed while it waits for another turn, and is opened for that turn only.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from storage.vault import Sealer

_PLACE = "events.payload"
_KEY = "sealed"


def sealed(sealer: Sealer, payload: Mapping[str, Any] | None) -> dict[str, Any]:
    """`{"sealed": base64}`; what is sealed already (it failed, was replayed and failed again) stays as it is."""
    if payload is not None and set(payload) == {_KEY}:
        return dict(payload)
    plain = orjson.dumps(payload or {}).decode()
    return {_KEY: base64.b64encode(sealer.seal(plain, _PLACE)).decode()}


def opened(sealer: Sealer, payload: Mapping[str, Any] | None) -> dict[str, Any]:
    """What an event says, sealed or not. Raises CannotOpen."""
    if payload is None or set(payload) != {_KEY}:
        return dict(payload or {})
    found: dict[str, Any] = orjson.loads(sealer.open(base64.b64decode(payload[_KEY]), _PLACE))
    return found
