"""What people do on their phones: write, tap, pick, share a place, send a picture. Each becomes a signed webhook."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Literal

from bot.simulator.meta.courier import Courier, Update
from bot.simulator.meta.faults import Faults
from bot.simulator.meta.people import Person, default_bsuid
from bot.simulator.meta.state import INBOUND_LIFE, Bubble, State, new_wamid
from bot.simulator.meta.taps import tap
from handlers.ports import Clock

_DEFAULT_MIME = {
    "audio": "audio/ogg; codecs=opus",
    "document": "application/pdf",
    "image": "image/jpeg",
    "sticker": "image/webp",
    "video": "video/mp4",
}


class Hands:
    """The people's side of `FakeMeta`. Each action returns the wamid of what was written."""

    def __init__(
        self, clock: Clock, state: State, faults: Faults, courier: Courier, display_phone_number: str, *, auto: bool
    ) -> None:
        self.clock = clock
        self.state = state
        self.faults = faults
        self.courier = courier
        self.display_phone_number = display_phone_number
        self.auto = auto
        self._batch: list[Update] | None = None

    def person(
        self,
        wa_id: str | None,
        name: str,
        bsuid: str | None = None,
        username: str | None = None,
        *,
        hides_phone: bool = False,
    ) -> Person:
        """A WhatsApp user. `wa_id` is digits, in the form WhatsApp has it; None for one who has only a BSUID."""
        if wa_id is None and bsuid is None:
            raise ValueError("a person needs a wa_id or a BSUID")
        person = Person(wa_id, name, bsuid or default_bsuid(wa_id or name), username, hides_phone)
        self.state.people.append(person)
        self.state.chats.setdefault(person.key, [])
        return person

    def sent_to(self, person: Person) -> list[Bubble]:
        """All that the business sent to this person, in order."""
        return [bubble for bubble in self.state.chats[person.key] if bubble.direction == "out"]

    def is_typing(self, person: Person) -> bool:
        """Whether the person sees "typing…" just now."""
        until = self.state.typing_until.get(person.key)
        return until is not None and self.clock.now() < until

    async def says(self, person: Person, text: str, *, reply_to: str | None = None) -> str:
        return await self.sends(person, {"type": "text", "text": {"body": text}}, reply_to=reply_to)

    async def taps(self, person: Person, button: str) -> str:
        """Tap a button by its id (or its label): the newest one that was offered, however old."""
        return await self._answers(person, button, ("button", "template"))

    async def picks(self, person: Person, row: str) -> str:
        """Pick a row of a list by its id (or its label)."""
        return await self._answers(person, row, ("list",))

    async def chooses(self, person: Person, answer: str) -> str:
        """Tap or pick, whichever was offered, by id or label."""
        return await self._answers(person, answer, ("button", "template", "list"))

    async def sends_location(
        self, person: Person, latitude: float, longitude: float, name: str | None = None, address: str | None = None
    ) -> str:
        """Share a place; it answers a location request if that is the last thing the business sent."""
        given = {"latitude": latitude, "longitude": longitude, "name": name, "address": address}
        place = {key: value for key, value in given.items() if value is not None}
        sent = self.sent_to(person)
        asked = bool(sent) and _form_of(sent[-1]) == "location_request_message"
        reply_to = sent[-1].id if asked else None
        return await self.sends(person, {"type": "location", "location": place}, reply_to=reply_to)

    async def sends_media(
        self,
        person: Person,
        kind: Literal["audio", "document", "image", "sticker", "video"],
        content: bytes,
        mime_type: str | None = None,
        caption: str | None = None,
        filename: str | None = None,
    ) -> str:
        """Send a file; it can be fetched by its id for 7 days."""
        mime_type = mime_type or _DEFAULT_MIME[kind]
        media = self.state.store_media(content, mime_type, filename, self.clock.now(), INBOUND_LIFE)
        value: dict[str, Any] = {"id": media.id, "mime_type": mime_type, "sha256": media.sha256}
        value |= {key: given for key, given in (("caption", caption), ("filename", filename)) if given is not None}
        if kind == "audio":
            value["voice"] = "opus" in mime_type
        if kind == "sticker":
            value["animated"] = False
        return await self.sends(person, {"type": kind, kind: value})

    async def sends(
        self, person: Person, message: dict[str, Any], *, reply_to: str | None = None, wamid: str | None = None
    ) -> str:
        """Send any message, as it stands in a webhook: `{"type": T, T: {...}}`. A given `wamid` repeats a message."""
        if reply_to is not None:
            quoted = self.state.bubble(reply_to)
            author = self.display_phone_number.lstrip("+") if quoted and quoted.direction == "out" else person.phone
            message = {**message, "context": {**({"from": author} if author else {}), "id": reply_to}}
        now = self.clock.now()
        bubble = Bubble(wamid or new_wamid(), "in", now, message, "delivered")
        if self.state.bubble(bubble.id) is None:
            self.state.put(person.key, bubble)
        self.state.last_inbound[person.key] = now
        self.state.pace.count(now)
        await self._leave(Update("messages", _inbound(person, bubble), person.contact()))
        return bubble.id

    @contextlib.asynccontextmanager
    async def batch(self) -> AsyncIterator[None]:
        """Everything written inside leaves in one body."""
        self._batch = []
        try:
            yield
        finally:
            updates, self._batch = self._batch, None
        await self._post(updates)

    async def _answers(self, person: Person, answer: str, forms: tuple[str, ...]) -> str:
        offers = [bubble for bubble in reversed(self.sent_to(person)) if _form_of(bubble) in forms]
        for bubble in offers:
            if answer in bubble.answers:
                return await self.sends(person, tap(bubble, answer), reply_to=bubble.id)
        for bubble in offers:
            by_label = {label: answer_id for answer_id, label in bubble.answers.items()}
            if answer in by_label:
                return await self.sends(person, tap(bubble, by_label[answer]), reply_to=bubble.id)
        raise LookupError(f"no message offers {answer!r}")

    async def _leave(self, update: Update) -> None:
        if self._batch is not None:
            self._batch.append(update)
        else:
            await self._post([update])

    async def _post(self, updates: list[Update]) -> None:
        """At once, unless the courier runs by itself or webhooks are being reordered."""
        if not updates:
            return
        if self.auto or self.faults.reorder_webhooks:
            self.courier.put(updates)
        else:
            await self.courier.post_now(updates)


def _form_of(bubble: Bubble) -> str:
    return str(bubble.message["interactive"]["type"]) if bubble.type == "interactive" else bubble.type


def _inbound(person: Person, bubble: Bubble) -> dict[str, Any]:
    sender = {"from": person.phone} if person.phone else {}
    stamp = str(int(bubble.at.timestamp()))
    return {**sender, "from_user_id": person.bsuid, "id": bubble.id, "timestamp": stamp, **bubble.message}
