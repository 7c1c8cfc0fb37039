"""Encryption per field and keyed hashes for search.

Every organisation has a random data key, wrapped by the installation's secret key; rotating the secret re-wraps a few
rows and leaves fields and hashes alone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class CannotOpen(Exception):
    """The bytes were sealed under another key, for another place, or were altered."""


def _derive(key: bytes, label: str) -> bytes:
    return hmac.new(key, label.encode(), hashlib.sha256).digest()


def _seal(key: bytes, plain: bytes, place: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def _open(key: bytes, sealed: bytes, place: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
    except InvalidTag as error:
        raise CannotOpen(place) from error


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals one organisation's fields. `place` is `table.column`: a value moved elsewhere does not open."""

    organization_id: uuid.UUID
    data_key: bytes

    def seal(self, value: str, place: str) -> bytes:
        return _seal(_derive(self.data_key, "field"), value.encode(), f"{self.organization_id}|{place}")

    def open(self, sealed: bytes, place: str) -> str:
        return _open(_derive(self.data_key, "field"), bytes(sealed), f"{self.organization_id}|{place}").decode()

    def index(self, value: str, purpose: str) -> str:
        """Keyed hash, hex: equal values give equal hashes within one organisation and purpose."""
        return hmac.new(_derive(self.data_key, "index"), f"{purpose}|{value}".encode(), hashlib.sha256).hexdigest()


class Vault:
    """Holds the installation's secret keys, newest first; the head of a wrapped key tells which one wrapped it."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._masters = [_derive(secret.encode(), "master") for secret in secrets]

    def new_data_key(self, organization_id: uuid.UUID) -> bytes:
        """A fresh data key, wrapped."""
        return self._wrap(organization_id, os.urandom(32))

    def sealer(self, organization_id: uuid.UUID, wrapped: bytes) -> Sealer:
        return Sealer(organization_id, self._unwrap(organization_id, wrapped))

    def opens(self, organization_id: uuid.UUID, wrapped: bytes) -> bool:
        """Whether this data key was wrapped under a secret key that we were given."""
        try:
            self._unwrap(organization_id, wrapped)
        except CannotOpen:
            return False
        return True

    def rewrap(self, organization_id: uuid.UUID, wrapped: bytes) -> bytes:
        """The same data key under the newest secret."""
        return self._wrap(organization_id, self._unwrap(organization_id, wrapped))

    def token(self, label: str, value: str) -> str:
        """A tag of 16 hex characters that only this installation can make (links, QR codes)."""
        return self._tag(self._masters[0], label, value)

    def is_token(self, label: str, value: str, tag: str) -> bool:
        """Whether any of the secret keys made this tag (printed cards outlive a rotation). Constant time."""
        tags = [self._tag(master, label, value) for master in self._masters]
        return any(hmac.compare_digest(tag.encode(errors="replace"), known.encode()) for known in tags)

    def _tag(self, master: bytes, label: str, value: str) -> str:
        return hmac.new(_derive(master, label), value.encode(), hashlib.sha256).hexdigest()[:16]

    def _key_id(self, master: bytes) -> bytes:
        return hashlib.sha256(master).digest()[:4]

    def _wrap(self, organization_id: uuid.UUID, data_key: bytes) -> bytes:
        master = self._masters[0]
        return self._key_id(master) + _seal(master, data_key, f"{organization_id}|data_key")

    def _unwrap(self, organization_id: uuid.UUID, wrapped: bytes) -> bytes:
        for master in self._masters:
            if self._key_id(master) == bytes(wrapped[:4]):
                return _open(master, bytes(wrapped[4:]), f"{organization_id}|data_key")
        raise CannotOpen("data_key: wrapped under a secret key this installation was not given")
