"""What a visitor of the page does in the simulated world: speaks for a person, pays, moves the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from aiohttp import BodyPartReader, MultipartReader

from bot.simulator.bank.books import BankPayment
from bot.simulator.bank.fake import FakeBank
from bot.simulator.meta.people import Person
from bot.simulator.meta.state import Bubble
from bot.simulator.meta.taps import tap
from bot.simulator.samples import OPUS, PLACE, photo, sticker
from bot.simulator.snapshot import World

LONGEST_TEXT = 4096
DIFFERENCE = 1000
"""Centavos by which a short or an excessive payment misses its charge (half of a charge below twice that)."""
AFTER_EXPIRY = timedelta(minutes=1)
FURTHEST = timedelta(days=366)
Kind = Literal["document", "image"]
Deed = Callable[[Person, dict[str, Any]], Awaitable[str]]
_UPLOADS: dict[str, Kind] = {"image/jpeg": "image", "image/png": "image", "application/pdf": "document"}
_PAYING = {
    "unknown": "O banco não conhece este código Pix.",
    "expired": "Esta cobrança expirou: o app do banco recusa. Use “Pagar atrasado” para forçar.",
    "paid": "Esta cobrança já foi paga.",
    "removed": "Esta cobrança foi cancelada por quem a criou.",
    "not_ours": "Este código é de outra chave Pix.",
    "no_amount": "Este código não diz o valor.",
}


class NotPossible(Exception):
    """A visitor asked for something that cannot be; its text, in Portuguese, is shown to them."""

    @classmethod
    def paying(cls, reason: str) -> NotPossible:
        return cls(_PAYING.get(reason, "O banco não entendeu este código Pix."))


class Deeds:
    def __init__(self, world: World) -> None:
        self._world = world
        self._meta = world.meta
        self._deeds: dict[str, Deed] = {
            "say": self._say,
            "tap": self._tap,
            "pick": self._tap,
            "media": self._media,
            "location": self._location,
            "audio": self._audio,
            "sticker": self._sticker,
            "contact": self._contact,
        }

    def person(self, key: str) -> Person:
        """By wa_id, or by BSUID where there is none."""
        found = next((person for person in self._meta.state.people if person.key == key), None)
        if found is None:
            raise NotPossible("Essa pessoa não existe mais.")
        return found

    async def do(self, person: Person, deed: str, given: dict[str, Any]) -> str:
        """One deed by its name, with what the page gave; the wamid of the message it became."""
        if deed not in self._deeds:
            raise NotPossible("O simulador não sabe fazer isso.")
        return await self._deeds[deed](person, given)

    async def upload(self, person: Person, reader: MultipartReader) -> str:
        """The first file of a form, sent as a photo or as a document."""
        async for part in reader:
            if not isinstance(part, BodyPartReader) or part.filename is None:
                continue
            mime_type = part.headers.get("Content-Type", "")
            if mime_type not in _UPLOADS:
                raise NotPossible("Mande uma foto (JPG ou PNG) ou um PDF.")
            kind = _UPLOADS[mime_type]
            name = part.filename if kind == "document" else None
            return await self._meta.sends_media(person, kind, bytes(await part.read()), mime_type, filename=name)
        raise NotPossible("O arquivo não chegou.")

    async def pay(self, txid: str, mode: str) -> list[BankPayment]:
        """Pay a charge (or a BR Code) exactly, twice, short, over or late; `PaymentRefused` when the bank says no."""
        bank = self._world.bank
        charge = bank.charges.get(txid)
        if charge is None or mode == "exact":
            return await bank.pay(txid)
        step = min(DIFFERENCE, charge.amount // 2)
        if mode == "twice":
            return await bank.pay(txid, times=1 if charge.payments else 2, late=bool(charge.payments))
        if mode == "short":
            return await bank.pay(txid, charge.amount - max(step, 1))
        if mode == "over":
            return await bank.pay(txid, charge.amount + DIFFERENCE)
        if mode == "late":
            return await self._pay_late(bank, txid)
        raise NotPossible("Esse jeito de pagar não existe.")

    async def forward(self, seconds: float) -> datetime:
        """Move the clock; at most a year at once."""
        if not 0 <= seconds <= FURTHEST.total_seconds():
            raise NotPossible("O relógio só anda para a frente, até um ano por vez.")
        now = self._world.clock.forward(timedelta(seconds=seconds))
        await self.settle()
        return now

    async def settle(self) -> None:
        """Let the bank try again what it could not tell before."""
        await self._world.bank.settle()

    async def _pay_late(self, bank: FakeBank, txid: str) -> list[BankPayment]:
        """Late is after its expiry: if that is still to come, the clock is moved there first."""
        left = bank.charges[txid].expires_at - self._world.clock.now()
        if left > timedelta():
            self._world.clock.forward(left + AFTER_EXPIRY)
        return await bank.pay(txid, late=True)

    # --- one method a deed --------------------------------------------------------------------------------------------

    async def _say(self, person: Person, given: dict[str, Any]) -> str:
        text = str(given["text"]).encode("utf-8", "replace").decode().strip()[:LONGEST_TEXT]
        if not text:
            raise NotPossible("Escreva alguma coisa.")
        return await self._meta.says(person, text)

    async def _tap(self, person: Person, given: dict[str, Any]) -> str:
        """A button or a row by `option_id` or `row_id`, of one message however old, or of the newest that has it."""
        option = str(given.get("option_id") or given.get("row_id") or given.get("title"))
        bubble = self._offer(person, given.get("message_id"), option)
        return await self._meta.sends(person, tap(bubble, option), reply_to=bubble.id)

    def _offer(self, person: Person, message_id: object, option: str) -> Bubble:
        known = reversed(self._meta.chats[person.key])
        fitting = (each for each in known if option in each.answers and message_id in {None, each.id})
        bubble = next(fitting, None)
        if bubble is None:
            raise NotPossible("Essa opção não está na conversa.")
        return bubble

    async def _media(self, person: Person, given: dict[str, Any]) -> str:
        return await self._meta.sends_media(person, "image", photo(), "image/jpeg", given.get("caption"))

    async def _location(self, person: Person, given: dict[str, Any]) -> str:
        place = {**PLACE, **{key: given[key] for key in PLACE if key in given}}
        message = {"type": "location", "location": place}
        asked = given.get("context")
        return await self._meta.sends(person, message, reply_to=str(asked) if asked else None)

    async def _audio(self, person: Person, given: dict[str, Any]) -> str:
        return await self._meta.sends_media(person, "audio", OPUS)

    async def _sticker(self, person: Person, given: dict[str, Any]) -> str:
        return await self._meta.sends_media(person, "sticker", sticker())

    async def _contact(self, person: Person, given: dict[str, Any]) -> str:
        """Somebody's card; their own when the business asks for the phone."""
        name = {"formatted_name": person.name, "first_name": person.name.split()[0]}
        phone = {"phone": f"+{person.wa_id}", "wa_id": person.wa_id, "type": "CELL"} if person.wa_id else {}
        return await self._meta.sends(person, {"type": "contacts", "contacts": [{"name": name, "phones": [phone]}]})
