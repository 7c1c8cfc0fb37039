"""A shop on a database with its queues, for tests that put rows in and look at what became of them."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, select

from conversations.conversation import Conversation, Frame
from conversations.engine import Event
from handlers.desk import Desk
from handlers.facts import Contact, Organization
from handlers.organizations.directory import Directory
from scheduler.deliveries import Deliveries
from scheduler.jobs import Courier, Done, Drop, Hold, Job
from scheduler.notices import Notices
from scheduler.pacing import Pacer, Rate
from scheduler.turns import Turns
from scheduler.wake import LocalWake
from storage.base import new_id
from storage.tables.contacts import conversations
from storage.tables.members import payment_intents, registration_sessions
from storage.tables.organizations import channel_numbers, organizations
from storage.tables.queues import communications, events, outbox
from storage.unit_of_work import Database, make_engine
from storage.vault import Vault
from tests import factories
from tests.clock import FrozenClock

NUMBER = "100200300"
IDS = itertools.count(1)
UNREADABLE: dict[str, dict[str, Any]] = {
    "key": {"data_key": Vault(["another secret key, of another installation"]).new_data_key(new_id())},
    "settings": {"settings": {"templates": {"hello": {"name": "ola", "language": "pt_BR"}}}},
}
"""What may be wrong with an organisation's row: wrapped under another secret, written by another version."""
MESSAGE = {"type": "text", "text": {"body": "Oi"}}


@dataclass
class Watch:
    """Every metric, in the order told."""

    told: list[tuple[Any, ...]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.told.append((name, *args))

    def outcomes(self, name: str) -> list[Any]:
        return [told[2] if name == "delivery" else told[1] for told in self.told if told[0] == name]


@dataclass
class FreePacer:
    """Everything may go, but for the keys that must wait."""

    waits: dict[str, float] = field(default_factory=dict)
    penalties: list[tuple[str, float]] = field(default_factory=list)

    async def reserve(self, key: str, rate: Rate) -> float:
        return self.waits.get(key, 0.0)

    async def penalize(self, key: str, rate: Rate, seconds: float) -> None:
        self.penalties.append((key, seconds))


@dataclass
class Script:
    """A courier that does what it is told, in order, and then succeeds."""

    plan: list[Done | Hold | Drop | Exception] = field(default_factory=list)
    tries: int = 4
    carried: list[Job] = field(default_factory=list)
    last: tuple[str, Mapping[str, Any]] | None = None

    async def carry(self, job: Job) -> Done | Hold | Drop:
        self.carried.append(job)
        step = self.plan.pop(0) if self.plan else Done(message_id=f"wamid.{len(self.carried)}")
        if isinstance(step, Exception):
            raise step
        return step

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        return self.last


class Recorder:
    """An engine that only remembers, in the person's draft, what it was given; it fails at what it is told to."""

    def __init__(self, fails_at: Iterable[str] = ()) -> None:
        self.fails_at = set(fails_at)
        self.apologies: list[uuid.UUID] = []

    async def take(self, desk: Desk, conversation: Conversation, event: Event) -> None:
        if event.external_id in self.fails_at:
            raise ValueError("something personal")
        seen = conversation.top.draft.setdefault("seen", [])
        desk.rows.steps.append(
            {
                "organization_id": desk.organization.id, "contact_id": desk.contact.id, "dialogue": "menu",
                "state": "choosing", "outcome": "answered", "entered_at": desk.now, "left_at": desk.now,
            }
        )  # fmt: skip
        conversation.top.draft["seen"] = [*seen, event.external_id]

    def greet(self, contact_id: Any, now: datetime) -> Conversation:
        return Conversation(contact_id, [Frame("menu", "choosing")], now)

    async def apologize(self, desk: Desk, conversation: Conversation) -> None:
        self.apologies.append(desk.contact.id)


@dataclass
class Bench:
    database: Database
    clock: FrozenClock
    shop: Organization
    watch: Watch = field(default_factory=Watch)
    wake: LocalWake = field(default_factory=LocalWake)

    async def organization(self, tx: Any, organization_id: uuid.UUID) -> Organization:
        assert organization_id == self.shop.id
        return self.shop

    def card_url(self, card_key: str) -> str:
        return f"https://cards.test/{card_key}"

    # --- the workers --------------------------------------------------------------------------------------------

    def turns(self, engine: Any, database: Database | None = None, directory: Any = None) -> Turns:
        where = database or self.database
        return Turns(where, directory or self, engine, self.clock, self.wake, self.watch, lambda: 0.0)

    def notices(self) -> Notices:
        return Notices(self.database, self, self.clock, self.wake, self.watch)

    def real_directory(self) -> Directory:
        """One that reads organisations from the database."""
        return Directory(factories.VAULT, self.card_url, self.clock)

    async def broken(self, values: Mapping[str, Any]) -> Bench:
        """Another organisation, with this wrong in its row."""
        shop = await factories.organization(self.database)
        change = organizations.update().where(organizations.c.id == shop.id).values(values)
        await self.database.run(lambda tx: tx.run(change), org=None)
        return Bench(self.database, self.clock, shop, self.watch, self.wake)

    def deliveries(
        self,
        couriers: Mapping[str, Courier],
        pacer: Pacer | None = None,
        database: Database | None = None,
        directory: Any = None,
    ) -> Deliveries:
        where, rate = database or self.database, Rate(1 / 72, 8)
        pacer = pacer or FreePacer()
        return Deliveries(
            where, directory or self, couriers, pacer, rate, self.clock, self.wake, self.watch, owner="test"
        )

    # --- rows in ------------------------------------------------------------------------------------------------

    async def person(self, **changes: Any) -> Contact:
        """Somebody who wrote a minute ago."""
        contact = await factories.contact(self.database, self.shop, **changes)
        now = self.clock.now()
        talk = {
            "contact_id": contact.id, "dialogue": "menu", "state": "choosing", "draft": {}, "stack": [],
            "history": [], "entered_at": now, "updated_at": now,
        }  # fmt: skip
        await self.put(conversations, [talk])
        return contact

    async def put(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        await self.database.run(lambda tx: tx.add(table, rows), org=self.shop.id)

    async def mail(self, contact: Contact | None, *ids: str, kind: str = "message", **payload: Any) -> None:
        """Events, new ones only: as the door takes them in."""
        now = self.clock.now()
        rows = [
            {
                "organization_id": self.shop.id, "contact_id": contact.id if contact else None, "source": "whatsapp",
                "external_id": one, "kind": kind, "payload": {"id": one, "type": "text", **payload},
                "occurred_at": now, "received_at": now,
            }
            for one in ids
        ]  # fmt: skip
        conflict = ["organization_id", "source", "external_id"]
        await self.database.run(lambda tx: tx.add_new(events, rows, conflict), org=None)

    async def message(self, contact: Contact | None, **changes: Any) -> uuid.UUID:
        """A WhatsApp message to be sent, in the person's lane; the id of its communication."""
        now, communication_id = self.clock.now(), new_id()
        phone = contact.wa_id if contact else "5511900000000"
        values = {"name": "Ana"}
        payload = {"number": NUMBER, "phone": phone, "bsuid": None, "message": MESSAGE, "intent": "hello",
                   "values": values}  # fmt: skip
        row = {
            "contact_id": contact.id if contact else None, "lane": f"person:{contact.id if contact else next(IDS)}",
            "kind": "whatsapp.message", "payload": payload, "secret": None, "communication_id": communication_id,
            "dedupe_key": None, "due_at": now, "expires_at": now + timedelta(hours=23), "created_at": now, **changes,
        }  # fmt: skip
        talk = {
            "id": communication_id, "contact_id": row["contact_id"], "channel": "whatsapp", "template": "hello",
            "recipient": phone, "content": "Oi", "variables": values, "created_at": now,
        }  # fmt: skip
        await self.put(communications, [talk])
        await self.put(outbox, [row])
        return communication_id

    async def errand(self, contact: Contact | None, kind: str = "ask", **changes: Any) -> None:
        """Something asked of the outside, in a lane of its own."""
        now = self.clock.now()
        row = {
            "contact_id": contact.id if contact else None, "lane": f"ask:{next(IDS)}", "kind": kind, "payload": {},
            "secret": None, "communication_id": None, "dedupe_key": None, "due_at": now, "expires_at": None,
            "created_at": now, **changes,
        }  # fmt: skip
        await self.put(outbox, [row])

    async def charge(self, txid: str, **changes: Any) -> Contact:
        """Somebody in the middle of a sign-up, with a Pix charge that was made a minute ago."""
        person, now, registration_id = await self.person(), self.clock.now(), new_id()
        times = {"created_at": now - timedelta(minutes=2), "updated_at": now}
        registration = {
            "id": registration_id, "contact_id": person.id, "status": "payment_pending", "current_step": "payment",
            "expires_at": now + timedelta(days=7), **times,
        }  # fmt: skip
        intent = {
            "id": new_id(), "contact_id": person.id, "registration_id": registration_id, "method": "pix",
            "provider": "pix", "provider_intent_id": txid, "amount": 100, "status": "pending", "br_code": "000201",
            "sequence": 1, "expires_at": now + timedelta(hours=1), **times, **changes,
        }  # fmt: skip
        await self.put(registration_sessions, [registration])
        await self.put(payment_intents, [intent])
        return person

    # --- rows out -----------------------------------------------------------------------------------------------

    async def rows(self, table: Table, **where: Any) -> Sequence[Row[Any]]:
        statement = select(table).order_by(*table.primary_key.columns)
        for name, value in where.items():
            statement = statement.where(table.c[name] == value)
        return await self.database.run(lambda tx: tx.all(statement), org=None)

    async def one(self, table: Table, **where: Any) -> Row[Any]:
        (row,) = await self.rows(table, **where)
        return row

    async def seen(self, contact: Contact) -> list[str]:
        """What the recording engine was given of this person."""
        row = await self.one(conversations, contact_id=contact.id)
        return list(row.draft.get("seen", []))


@asynccontextmanager
async def open_bench(url: str, clock: FrozenClock, **shop: Any) -> AsyncIterator[Bench]:
    database = Database(make_engine(url))
    try:
        bench = Bench(database, clock, await factories.organization(database, **shop))
        number = {"id": new_id(), "phone_number_id": NUMBER, "business_account_id": "1", "created_at": clock.now()}
        await bench.put(channel_numbers, [number])
        yield bench
    finally:
        await database.close()
