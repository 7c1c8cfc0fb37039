"""What an answer to a consent changes. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """`revoke`: the former answer is withdrawn; `enter`: a new one is written down."""

    revoke: bool
    enter: bool


def change(before: bool | None, now: bool) -> Change:
    """`before` is the standing answer to the same version of the same text; None when it was never asked."""
    return Change(revoke=before is True and not now, enter=before is not now)


def text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
