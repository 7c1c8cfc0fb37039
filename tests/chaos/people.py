"""People who go from "oi" to the card. Each looks at the newest question on the phone and answers it: so nobody minds
a message that comes twice, late or after a long silence. Nobody ever writes again because of a silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from dataclasses import dataclass, field
from typing import Any

from bot.simulator.bank.fake import PaymentRefused
from bot.simulator.meta.people import Person as Phone
from bot.simulator.meta.state import Bubble
from bot.simulator.meta.taps import tap
from tests.chaos.outside import Outside
from tests.town import cpf

PLAN = "Aurora Família"
ASKED = (
    (r"\*Passo 1 de .*\*nome completo\*", "signup.full_name"),
    (r"seu \*CPF\*", "signup.cpf"),
    (r"sua \*data de nascimento\*", "signup.birth_date"),
    (r"seu \*e-mail\*", "signup.email"),
)
"""Questions without anything to tap, by their words; the others tell their place in the ids of their buttons."""
TAPS = {
    "menu.choosing": "join",
    "signup.gender": "skip",
    "dependents.name": "nobody",
    "signup.offer": "agree",
    "checkout.contract": "sign",
    "checkout.welcome": "offers_no",
}
CARD = "checkout.welcome"
PAYING = "checkout.paying"
MEMBER = "membro"
_OPTION = re.compile(r"([a-z_]+\.[a-z_]+)\.\d+\.(.+)")


def place_of(bubble: Bubble) -> str | None:
    """Which question this is (`dialogue.state`); None for what only tells."""
    for answer in bubble.answers:
        if (found := _OPTION.fullmatch(answer)) is not None:
            return MEMBER if found[1] == "menu.choosing" and "membro do plano" in bubble.text else found[1]
    if pix_code(bubble) is not None:
        return PAYING
    flat = " ".join(bubble.text.split())
    return next((place for pattern, place in ASKED if re.search(pattern, flat)), None)


def pix_code(bubble: Bubble) -> str | None:
    """The code of a Pix bubble."""
    if bubble.type != "interactive" or bubble.message["interactive"]["type"] != "order_details":
        return None
    settings = bubble.message["interactive"]["action"]["parameters"]["payment_settings"]
    code: str = next(one["pix_dynamic_code"]["code"] for one in settings if "pix_dynamic_code" in one)
    return code


@dataclass(slots=True)
class Walker:
    """One person. `story` tells what happened to them in places and ids; `pays` times they pay."""

    outside: Outside
    phone: Phone
    number: int
    chance: random.Random
    pace: float
    pays: int = 1
    has_card: bool = False
    done: bool = False
    seen_twice: int = 0
    since: float = field(default_factory=time.time)
    story: list[tuple[float, str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """wamids of all that this person wrote."""
    _unread: list[Bubble] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _used: set[str] = field(default_factory=set)
    _rang: asyncio.Event = field(default_factory=asyncio.Event)
    _mailed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key(self) -> str:
        return self.phone.key

    @property
    def email(self) -> str:
        return f"pessoa.{self.number}@gmail.com"

    async def walk(self) -> None:
        self.outside.meta.rings[self.key] = self._ring
        self.outside.mail.rings[self.email] = self._mailed.set
        await self._say("oi")
        while not self.done:
            await self._rang.wait()
            await asyncio.sleep(self.chance.uniform(0.2, 1.8) * self.pace)
            self._rang.clear()
            await self._read()
        del self.outside.meta.rings[self.key], self.outside.mail.rings[self.email]

    def _ring(self, bubble: Bubble) -> None:
        self._unread.append(bubble)
        self._rang.set()

    async def _read(self) -> None:
        """All that is new; what is answered is the last question among it."""
        new, self._unread = self._unread, []
        asked: tuple[str, Bubble] | None = None
        for bubble in new:
            place, opaque = place_of(bubble), bubble.opaque or bubble.id
            self._note("got" if opaque not in self._seen else "got again", f"{place} {opaque}")
            if opaque in self._seen:
                self.seen_twice += 1
                continue
            self._seen.add(opaque)
            if place is not None:
                asked = (place, bubble)
        if asked is not None:
            await self._answer(*asked)

    async def _answer(self, place: str, bubble: Bubble) -> None:
        words = self._words(place)
        if place == MEMBER:
            self.done = True
        elif place == PAYING:
            await self._pay(bubble)
        elif place == "verification.code":
            await self._say(await self._code())
        elif words is not None:
            await self._say(words)
        else:
            await self._tap(place, bubble)

    def _words(self, place: str) -> str | None:
        return {
            "signup.full_name": "Ana Paula Exemplo",
            "signup.cpf": cpf(100_000_000 + self.number),
            "signup.birth_date": "15/05/1990",
            "signup.email": self.email,
            "address.cep": "01001-000",
            "address.found": "100 apto 12",
        }.get(place)

    async def _tap(self, place: str, bubble: Bubble) -> None:
        self.has_card |= place == CARD
        wanted = TAPS.get(place)
        for answer, label in bubble.answers.items():
            if answer.endswith(f".{wanted}") or (place == "signup.plan" and label == PLAN):
                self._note("taps", answer)
                await self._send(tap(bubble, answer), bubble.id)
                return
        self._note("lost", place)

    async def _pay(self, bubble: Bubble) -> None:
        code = pix_code(bubble) or ""
        self._note("pays", str(self.pays))
        with contextlib.suppress(PaymentRefused):  # The banking app says so to who has paid already.
            await self.outside.bank.pay(code, times=self.pays)

    async def _code(self) -> str:
        """The newest code that was not used yet, as soon as it is in the mailbox."""
        while True:
            self._mailed.clear()
            for code in reversed(self.outside.mail.codes.get(self.email, [])):
                if code not in self._used:
                    self._used.add(code)
                    return code
            await self._mailed.wait()

    async def _say(self, words: str) -> None:
        self._note("says", "oi" if words == "oi" else f"{len(words)} characters")
        await self._send({"type": "text", "text": {"body": words}}, None)

    async def _send(self, message: dict[str, Any], reply_to: str | None) -> None:
        self.said.append(await self.outside.meta.sends(self.phone, message, reply_to=reply_to))

    def _note(self, what: str, which: str) -> None:
        self.story.append((time.time(), what, which))
