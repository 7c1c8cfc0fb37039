"""What the fake Meta remembers: chats, media, orders and the pace of sending."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.simulator.meta.people import Person, match_key
from bot.simulator.meta.templates import Template

UPLOAD_LIFE = timedelta(days=30)
INBOUND_LIFE = timedelta(days=7)
MEDIA_KINDS = ("image", "video", "audio", "document", "sticker")
PAIR_INTERVAL = timedelta(seconds=6)
PAIR_BURST = 45
WINDOW = timedelta(hours=24)


@dataclass(slots=True)
class Bubble:
    """One message in a chat. `message` is `{"type": T, T: {...}}` plus `context`, as sent or as in the webhook."""

    id: str
    direction: Literal["in", "out"]
    at: datetime
    message: dict[str, Any]
    status: str
    opaque: str | None = None
    shown: dict[str, Any] | None = None
    """A template as the person sees it: header, body, footer, buttons."""
    answers: dict[str, str] = field(default_factory=dict)
    """What can be tapped: id of each button, row or quick reply, and its label."""
    errors: list[int] = field(default_factory=list)

    @property
    def type(self) -> str:
        return str(self.message["type"])

    @property
    def text(self) -> str:
        """The main text a person reads in this bubble; empty where there is none."""
        if self.shown is not None:
            return str(self.shown["body"])
        content = self.message.get(self.type)
        if not isinstance(content, dict):
            return ""
        if self.type == "interactive":
            reply = content.get(str(content.get("type")), {})
            return str(content["body"]["text"] if "body" in content else reply.get("title", ""))
        return str(content.get("body") or content.get("caption") or content.get("text") or "")

    @property
    def media_id(self) -> str | None:
        """Id of the picture, document or sound, of a header as well."""
        return next((media["id"] for _, _, media in media_in(self.message) if "id" in media), None)


@dataclass(frozen=True, slots=True)
class Media:
    id: str
    content: bytes
    mime_type: str
    filename: str | None
    created_at: datetime
    life: timedelta = UPLOAD_LIFE

    @property
    def sha256(self) -> str:
        """Base64, as in webhooks."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()


@dataclass(slots=True)
class Order:
    """A Pix bubble: `payment` captured paints it paid."""

    reference_id: str
    bubble_id: str
    total: int
    """Centavos."""
    status: str = "pending"
    payment: str = "pending"


@dataclass(slots=True)
class Pace:
    """Meta's two speed limits, by the clock: messages a second of the number, and messages to one person.

    The pair limit is a bucket of 45 that gains one every 6 s (a burst is borrowed from the future).
    """

    mps: int = 80
    """Messages a second of the number, in and out together; 0 switches the limit off."""
    pair_burst: int = PAIR_BURST
    _recent: deque[datetime] = field(default_factory=deque)
    _paid_until: dict[str, datetime] = field(default_factory=dict)

    def number_is_full(self, now: datetime) -> bool:
        while self._recent and self._recent[0] <= now - timedelta(seconds=1):
            self._recent.popleft()
        return 0 < self.mps <= len(self._recent)

    def pair_is_full(self, key: str, now: datetime) -> bool:
        return self._paid_until.get(key, now) - now > PAIR_INTERVAL * (self.pair_burst - 1)

    def count(self, now: datetime, key: str | None = None) -> None:
        """Count one message; with the person it went to, if it went out."""
        self._recent.append(now)
        if key is not None:
            self._paid_until[key] = max(self._paid_until.get(key, now), now) + PAIR_INTERVAL


@dataclass(slots=True)
class State:
    people: list[Person] = field(default_factory=list)
    chats: dict[str, list[Bubble]] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    templates: dict[tuple[str, str], Template] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    last_inbound: dict[str, datetime] = field(default_factory=dict)
    typing_until: dict[str, datetime] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    _bubbles: dict[str, tuple[str, Bubble]] = field(default_factory=dict)

    def find(self, to: str | None, recipient: str | None) -> Person | None:
        """Whom a send is for; `to` wins where both are given."""
        if to is None:
            return next((person for person in self.people if person.bsuid == recipient), None)
        digits = "".join(character for character in to if character.isdigit())
        exact = (person for person in self.people if person.wa_id == digits)
        kin = (person for person in self.people if person.wa_id and match_key(person.wa_id) == match_key(digits))
        return next(exact, None) or next(kin, None)

    def put(self, key: str, bubble: Bubble) -> None:
        self.chats.setdefault(key, []).append(bubble)
        self._bubbles[bubble.id] = (key, bubble)

    def bubble(self, message_id: str, key: str | None = None) -> Bubble | None:
        """A bubble by its wamid, in that chat only when `key` is given."""
        place, bubble = self._bubbles.get(message_id, (None, None))
        return bubble if key is None or place == key else None

    def chat_of(self, message_id: str) -> list[Bubble]:
        return self.chats[self._bubbles[message_id][0]]

    def key_of(self, message_id: str) -> str:
        return self._bubbles[message_id][0]

    def window_open(self, key: str, now: datetime) -> bool:
        """24 hours from the person's last message."""
        last = self.last_inbound.get(key)
        return last is not None and now - last < WINDOW

    def usable_media(self, media_id: str, now: datetime) -> Media | None:
        media = self.media.get(media_id)
        return media if media is not None and now - media.created_at < media.life else None

    def store_media(
        self, content: bytes, mime_type: str, filename: str | None, now: datetime, life: timedelta = UPLOAD_LIFE
    ) -> Media:
        media = Media(str(10**15 + secrets.randbelow(9 * 10**15)), content, mime_type, filename, now, life)
        self.media[media.id] = media
        return media


def new_wamid() -> str:
    """Random, so that a second run of the simulator on the same database does not repeat one."""
    return "wamid." + base64.b64encode(b"balcao" + uuid.uuid4().bytes).decode()


def media_in(message: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, place and value of every medium that a well-formed message refers to."""
    kind = message["type"]
    found = [(kind, kind, message[kind])] if kind in MEDIA_KINDS else []
    if kind == "interactive":
        header = message[kind].get("header", {})
        found += [(header["type"], "header", header[header["type"]])] if header.get("type") in MEDIA_KINDS else []
    if kind == "template":
        for component in message[kind].get("components", []):
            parameters = [value for value in component["parameters"] if value["type"] in MEDIA_KINDS]
            found += [(value["type"], component["type"], value[value["type"]]) for value in parameters]
    return [(kind, where, media) for kind, where, media in found if isinstance(media, dict)]
