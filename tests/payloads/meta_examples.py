"""Meta's own example webhooks, one file each under `meta/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

NAMES = sorted(path.stem for path in (Path(__file__).parent / "meta").glob("*.json"))


def body(name: str) -> bytes:
    return (Path(__file__).parent / "meta" / f"{name}.json").read_bytes()


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(body(name))
    return found


def starting(number: str) -> str:
    """The full name of the example with this number."""
    return next(name for name in NAMES if name.startswith(number))
