"""A stage for one person's talk: events in, messages out, each held against Meta's limits. No HTTP.

`Stage` plays with invented commands and no database, `Shop` with the real ones on a database.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import orjson

from bot.simulator.meta.limits import check
from conversations.catalogue import Catalogue, portuguese
from conversations.conversation import Conversation
from conversations.dialogue import Dialogue
from conversations.dialogues.all import dialogues
from conversations.engine import Command, Engine, Event, React
from handlers.commands import COMMANDS
from handlers.desk import Desk, Outcome, Rows
from handlers.facts import ConsentText, Contact, Member, Organization
from handlers.reactions import react
from storage import mailboxes
from storage.base import new_id
from storage.unit_of_work import Database, Tx
from tests.factories import CONSENTS, NUMBERS, START, VAULT
from tests.factories import contract as a_contract
from tests.factories import plan as a_plan

Message = dict[str, Any]
_SHOP_ID = uuid.UUID(int=7)


def shop(**changes: Any) -> Organization:
    """A business, in memory only."""
    usual = Organization(
        id=_SHOP_ID,
        slug="shop",
        name="Clube Exemplo",
        zone=ZoneInfo("America/Sao_Paulo"),
        sealer=VAULT.sealer(_SHOP_ID, VAULT.new_data_key(_SHOP_ID)),
        greeting="Saúde para a família toda.",
        verification_channels=("email", "whatsapp"),
        consents={kind: ConsentText(kind, "1", f"Texto de {kind}.") for kind in CONSENTS},
        plans=(a_plan(), a_plan(name="Teste", trial_days=30, adhesion_fee=0)),
        contract=a_contract(),
    )
    return replace(usual, **changes)


def person(**changes: Any) -> Contact:
    usual = Contact(new_id(), "100200300", "Ana Exemplo", "5511987654321", None, "+5511987654321")
    return replace(usual, **changes)


async def no_reaction(desk: Desk, kind: str, payload: Mapping[str, Any]) -> Sequence[Outcome]:
    return []


class Told:
    """A command for a stage: notes how it was called and answers with what it was told to, then with the last again."""

    def __init__(self, *outcomes: Outcome | None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._outcomes = list(outcomes)

    async def __call__(self, desk: Desk, **args: Any) -> Outcome | None:
        self.calls.append(args)
        return self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]


class Stage:
    def __init__(
        self,
        scenes: Sequence[Dialogue] | None = None,
        commands: Mapping[str, Command] | None = None,
        reaction: React = no_reaction,
        organization: Organization | None = None,
        contact: Contact | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self.engine = Engine(scenes or dialogues(), catalogue or portuguese(), commands or {}, reaction)
        self.reaction = reaction
        self.organization = organization or shop()
        self.contact = contact or person()
        self.now: datetime = START
        self.conversation = self.engine.greet(self.contact.id, self.now)
        self.rows = Rows()
        """Of the last turn."""
        self.messages: list[Message] = []
        """Of the last turn."""
        self.shown: dict[str, str] = {}
        """Title of every button ever shown, by its id."""
        self._ids = itertools.count(1)

    # --- events -------------------------------------------------------------------------------------------------

    async def says(self, text: str) -> list[Message]:
        return await self.sends({"type": "text", "text": {"body": text}})

    async def taps(self, choice: str) -> list[Message]:
        """By id, or by the title of the newest button that reads so."""
        titled = [key for key, title in self.shown.items() if title == choice]
        key = choice if choice in self.shown or not titled else titled[-1]
        reply = {"id": key, "title": self.shown.get(key, "?")}
        return await self.sends({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}})

    async def sends(self, message: Message) -> list[Message]:
        payload = {"id": f"wamid.{next(self._ids)}", "from": self.contact.wa_id, **message}
        self.contact.last_inbound_at = self.now
        return await self._take("message", payload)

    async def happens(self, kind: str, **payload: Any) -> list[Message]:
        return await self._take(kind, payload)

    async def rings(self, *, version: int | None = None, count: int = 0) -> list[Message]:
        """The reminder is due."""
        return await self._take("timer", {"count": count}, self.conversation.version if version is None else version)

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)

    async def _take(self, kind: str, payload: Mapping[str, Any], version: int | None = None) -> list[Message]:
        event = Event(kind, payload, f"event-{next(self._ids)}", self.now, version)
        await self.turn(lambda desk: self.engine.take(desk, self.conversation, event))
        return self.messages

    async def turn(self, work: Callable[[Desk], Awaitable[None]]) -> None:
        """One turn: what is stored goes through JSON, what is sent is held against the limits."""
        self.rows = Rows()
        await self.play(work)
        self.conversation = stored(self.conversation)
        sent = [row["payload"]["message"] for row in self.rows.outbox if row["kind"] == "whatsapp.message"]
        self.messages = sent
        for message in sent:
            problems = check(with_media(message), now=self.now)
            assert not problems, (problems, message)
            self.shown.update(buttons(message))

    async def play(self, work: Callable[[Desk], Awaitable[None]]) -> None:
        await work(Desk(cast(Tx, None), self.organization, self.contact, self.now, self.rows))

    # --- what came of it ----------------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        return f"{self.conversation.top.dialogue}.{self.conversation.top.state}"

    @property
    def stack(self) -> list[str]:
        return [f"{frame.dialogue}.{frame.state}" for frame in self.conversation.stack]

    @property
    def draft(self) -> dict[str, Any]:
        return self.conversation.top.draft

    @property
    def text(self) -> str:
        """All words of the last turn."""
        return "\n".join(words_of(message) for message in self.messages)

    @property
    def titles(self) -> list[str]:
        """Titles of the buttons of the last turn."""
        return [title for message in self.messages for title in buttons(message).values()]

    def reminder(self) -> dict[str, Any] | None:
        """The timer that the last turn set."""
        return next((row for row in self.rows.timers if row["name"] == "reminder"), None)

    def noticed(self) -> list[str]:
        return [row["kind"] for row in self.rows.notices]


class Shop(Stage):
    """The real business on a database; errands of the outbox are kept until a test answers them."""

    def __init__(self, database: Database, organization: Organization, contact: Contact) -> None:
        super().__init__(None, COMMANDS, react, organization, contact)
        self.database = database
        self.errands: list[dict[str, Any]] = []
        self.fresh: list[dict[str, Any]] = []
        """Errands that nobody has answered yet."""
        self.now = START + timedelta(seconds=next(NUMBERS))

    async def play(self, work: Callable[[Desk], Awaitable[None]]) -> None:
        async def act(tx: Tx) -> None:
            found = await mailboxes.members_of(tx, [self.contact.id])
            self.contact.members = [
                Member(row.id, row.membership_number, row.full_name, row.plan_name, row.status, row.valid_until,
                       f"https://example.com/cards/{row.card_key}.tag", row.card_document_id)
                for row in found
            ]  # fmt: skip
            await work(Desk(tx, self.organization, self.contact, self.now, self.rows))

        await self.database.run(act, org=self.organization.id)
        new = [row for row in self.rows.outbox if row["kind"] not in ("whatsapp.message", "whatsapp.staff")]
        self.errands += new
        self.fresh += new

    def asked(self, kind: str) -> list[dict[str, Any]]:
        return [row["payload"] for row in self.errands if row["kind"] == kind]

    def codes(self) -> list[str]:
        """Every one-time code sent so far."""
        sealed = [row["secret"] for row in self.errands if row["secret"] is not None]
        opened = [orjson.loads(self.organization.sealer.open(one, "outbox.secret")) for one in sealed]
        return [secret["code"] for secret in opened if "code" in secret]


# --- messages -------------------------------------------------------------------------------------------------------


def stored(conversation: Conversation) -> Conversation:
    """As it comes back from the database."""
    row = conversation.to_row()
    columns = ("draft", "history", "stack")
    kept = {**row, **orjson.loads(orjson.dumps({name: row[name] for name in columns}))}
    return Conversation.from_row(type("Row", (), {**kept, "contact_id": conversation.contact_id}))


def with_media(value: Any) -> Any:
    """The message as it leaves: our document ids replaced by Meta's."""
    if isinstance(value, dict):
        return {("id" if key == "document_id" else key): with_media(inner) for key, inner in value.items()}
    return [with_media(inner) for inner in value] if isinstance(value, list) else value


def buttons(message: Message) -> dict[str, str]:
    """Title by id of the buttons or rows of a message."""
    action = message.get("interactive", {}).get("action", {})
    rows = [row for section in action.get("sections", ()) for row in section["rows"]]
    return {one["id"]: one["title"] for one in [*rows, *(button["reply"] for button in action.get("buttons", ()))]}


def words_of(message: Message) -> str:
    """What can be read in a message, buttons aside."""
    content = message[message["type"]]
    if message["type"] == "interactive":
        return str(content["body"]["text"])
    return str(content.get("body") or content.get("caption") or "")
