"""One-time codes: how long, how often, how many tries. Pure.

Numbers are the stricter of NIST SP 800-63B-4 (§5.1.3) and OWASP ASVS 5.0 (6.5, 6.6).
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LIFE = timedelta(seconds=300)
TRIES = 5
COOLDOWN = timedelta(seconds=60)
RESENDS = 3
PER_HOUR = 5
PER_DAY = 10
PER_PERSON = 20
"""Codes a day that one contact may have sent, to whatever addresses: a sign-up needs two."""
CHAIN = timedelta(hours=1)
"""Resends are counted together as long as the last one is younger than this."""

Keyed = Callable[[str], str]
"""HMAC under the organisation's key, hex."""


def new_code() -> str:
    return f"{secrets.randbelow(10**6):06d}"


def seal_code(code: str, purpose: str, bound_to: str, keyed: Keyed) -> str:
    """`salt$mac`. Purpose and thing are part of what is hashed: the code opens nothing else."""
    salt = secrets.token_hex(16)
    return f"{salt}${keyed(f'{salt}|{purpose}|{bound_to}|{code}')}"


def matches(code_hash: str, typed: str, purpose: str, bound_to: str, keyed: Keyed) -> bool:
    """`typed` as the person wrote it: "123 456" and "123.456" are read too."""
    digits = re.sub(r"\D", "", typed)
    salt, _, mac = code_hash.partition("$")
    return hmac.compare_digest(mac, keyed(f"{salt}|{purpose}|{bound_to}|{digits}"))


@dataclass(frozen=True, slots=True)
class Permit:
    """`name` is None when a code may be sent; `sends` is then its place in the chain, from 1."""

    name: str | None
    sends: int = 0
    wait: int = 0
    """Whole seconds."""

    @property
    def resends_left(self) -> int:
        return RESENDS + 1 - self.sends


@dataclass(frozen=True, slots=True)
class LastCode:
    sends: int
    sent_at: datetime
    verified: bool
    same_recipient: bool
    """Who corrects a mistyped address does not wait; the resends count all the same."""


def may_send(last: LastCode | None, to_recipient: Sequence[datetime], now: datetime, *, asked_for: int = 0) -> Permit:
    """`to_recipient`: when codes went to this recipient within a day, asked for by anybody. `asked_for`: how many this
    contact had sent within a day, to anybody."""
    in_chain = last is not None and not last.verified and now - last.sent_at < CHAIN
    sends = last.sends + 1 if last is not None and in_chain else 1
    if last is not None and in_chain and last.same_recipient and now - last.sent_at < COOLDOWN:
        return Permit("wait", wait=max(1, -(-(last.sent_at + COOLDOWN - now) // timedelta(seconds=1))))
    last_hour = sum(now - at < timedelta(hours=1) for at in to_recipient)
    if sends > RESENDS + 1 or last_hour >= PER_HOUR or len(to_recipient) >= PER_DAY or asked_for >= PER_PERSON:
        return Permit("too_many")
    return Permit(None, sends)
