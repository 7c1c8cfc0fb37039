"""One person at a business's desk, turn by turn: commands and events in, outcomes and what is to be sent out."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import orjson

from handlers.commands import COMMANDS
from handlers.contracts.prepare import record_contract
from handlers.desk import Desk, Heard, Outcome, Rows
from handlers.facts import Contact, Organization
from handlers.payments.charge import record_charge
from handlers.ports import Charge
from handlers.reactions import react
from storage.base import new_id
from storage.unit_of_work import Database, Tx
from tests.factories import ADDRESS, CPF, NUMBERS, START, contact, organization

T = TypeVar("T")


@dataclass(slots=True)
class Counter:
    """One person at one organisation's desk. Each call is a turn in a transaction of its own; what the turn wants
    sent is gathered here, once for each dedupe key, as the real queues do."""

    database: Database
    organization: Organization
    contact: Contact
    now: datetime = START
    rows: Rows = field(default_factory=Rows)
    heard: Heard = field(default_factory=lambda: Heard("wamid.1", START, "oi"))

    async def run(self, work: Callable[[Desk], Awaitable[T]]) -> T:
        rows = Rows()

        async def turn(tx: Tx) -> T:
            return await work(Desk(tx, self.organization, self.contact, self.now, rows, self.heard))

        result = await self.database.run(turn, org=self.organization.id)
        self.rows.communications += rows.communications
        self.rows.timers += rows.timers
        _gather(self.rows.outbox, rows.outbox)
        _gather(self.rows.notices, rows.notices)
        return result

    async def do(self, name: str, **args: Any) -> Outcome | None:
        """A command, by its name."""
        return await self.run(lambda desk: COMMANDS[name](desk, **args))

    async def did(self, name: str, **args: Any) -> Outcome:
        outcome = await self.do(name, **args)
        assert outcome is not None, name
        return outcome

    async def hear(self, kind: str, **payload: Any) -> list[Outcome]:
        """An event."""
        return await self.run(lambda desk: react(desk, kind, payload))

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)

    def asked(self, kind: str) -> list[dict[str, Any]]:
        """Payloads of the outbox rows of this kind."""
        return [row["payload"] for row in self.rows.outbox if row["kind"] == kind]

    def secret(self) -> dict[str, str]:
        """What only the newest outbox row with a secret tells."""
        sealed = [row["secret"] for row in self.rows.outbox if row["secret"] is not None][-1]
        opened: dict[str, str] = orjson.loads(self.organization.sealer.open(sealed, "outbox.secret"))
        return opened

    def noticed(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.rows.notices if row["kind"] == kind]

    # --- Further along the way ---------------------------------------------------------------------------------------

    async def begin(self, cpf: str = CPF) -> uuid.UUID:
        """As far as the e-mail."""
        began = await self.did("registrations.begin")
        await self.do("registrations.name", full_name="Ana Maria Exemplo")
        await self.do("registrations.claim_cpf", cpf=cpf)
        await self.do("registrations.birth_date", birth_date="1990-05-20")
        await self.do("registrations.email", email="ana@example.com")
        return uuid.UUID(began.keep["registration_id"])

    async def verify(self, purpose: str, bound_to: str) -> Outcome:
        """Ask for a code and enter it."""
        sent = await self.did("verification.send", purpose=purpose, bound_to=bound_to, channel="email")
        assert sent.name == "code_sent", sent
        code = self.secret()["code"]
        return await self.did("verification.check", purpose=purpose, bound_to=bound_to, code=code)

    async def choose(self, cpf: str = CPF, place: int = 0) -> uuid.UUID:
        """As far as the plan: the first one is R$ 110,00 now, the second nothing."""
        registration_id = await self.begin(cpf)
        await self.verify("identity", str(registration_id))
        await self.do("registrations.identity_verified")
        await self.do("registrations.address", **ADDRESS)
        await self.do("registrations.profile", gender="F", marital_status="single", profession=None)
        await self.do("consents.grant", kinds=["terms", "privacy", "signature_method"], granted=True)
        await self.accept(place)
        return registration_id

    async def accept(self, place: int, addons: Sequence[str] = ()) -> Outcome:
        """A plan by its place, as somebody who looks at it and takes it."""
        shown = await self.did(
            "registrations.choose_plan", plan_id=str(self.organization.plans[place].id), addons=addons
        )
        assert shown.name == "priced", shown
        accepted = await self.did("registrations.accept_plan", **shown.keep)
        assert accepted.name == "accepted", accepted
        return accepted

    async def charge(self) -> dict[str, Any]:
        """Ask for a charge and let the bank answer; what is kept of it."""
        outcome = await self.do("payments.charge")
        if outcome is None:
            outcome = await self.banked()
        assert outcome.name == "charge_ready", outcome
        return dict(outcome.keep)

    async def banked(self) -> Outcome:
        """The bank makes the charge asked for last."""
        asked = self.asked("pix.create")[-1]
        charge = Charge(asked["txid"], "000201...", self.now, self.now + timedelta(hours=1))
        intent_id = uuid.UUID(asked["intent_id"])
        await self.run(lambda desk: record_charge(desk.tx, intent_id, charge, new_id(), self.now))
        (outcome,) = await self.hear("pix.created", intent_id=asked["intent_id"])
        return outcome

    def pix(self, amount: int, end_to_end_id: str | None = None, **changes: Any) -> dict[str, Any]:
        """One Pix as the bank tells it."""
        return {
            "end_to_end_id": end_to_end_id or f"E{next(NUMBERS):031d}",
            "txid": None,
            "amount": amount,
            "paid_at": self.now.isoformat(),
            "key": "pix@example.com",
            "refunded": 0,
            **changes,
        }

    async def state(self, intent_id: str, payments: list[dict[str, Any]], **changes: Any) -> list[Outcome]:
        """The bank's answer about a charge."""
        charge = next(row for row in self.asked("pix.create") if row["intent_id"] == intent_id)
        answer: Mapping[str, Any] = {
            "intent_id": intent_id,
            "asked": False,
            "unknown": False,
            "status": "CONCLUIDA" if payments else "ATIVA",
            "key": "pix@example.com",
            "amount": charge["amount"],
            "payments": payments,
            **changes,
        }
        return await self.hear("pix.state", **answer)

    async def contract(self) -> Outcome:
        """Have the contract rendered."""
        outcome = await self.do("contracts.prepare")
        if outcome is None:
            asked = self.asked("document.contract")[-1]
            registration_id, document_id = uuid.UUID(asked["registration_id"]), uuid.UUID(asked["document_id"])
            await self.run(
                lambda desk: record_contract(desk.tx, registration_id, document_id, document_id.bytes, self.now)
            )
            (outcome,) = await self.hear("contract.ready", document_id=asked["document_id"])
        return outcome

    async def sign(self) -> Outcome:
        ready = await self.contract()
        assert ready.name == "contract_ready", ready
        await self.verify("signature", ready.keep["sha256"])
        return await self.did("contracts.sign")

    async def join(self, cpf: str = CPF) -> Outcome:
        """All the way."""
        await self.choose(cpf)
        charge = await self.charge()
        await self.state(charge["intent_id"], [self.pix(charge["amount"])])
        return await self.sign()


def _gather(into: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    seen = {row["dedupe_key"] for row in into if row["dedupe_key"]}
    for row in rows:
        if row["dedupe_key"] is None or row["dedupe_key"] not in seen:
            into.append(row)
            seen.add(row["dedupe_key"])


async def counter(database: Database, made: Organization | None = None, **changes: Any) -> Counter:
    """A new person at the desk of `made`, or of a new organisation."""
    shop = made or await organization(database)
    return Counter(database, shop, await contact(database, shop, **changes))
