"""The books of Meta, of the bank and of Balcão side by side, once all is quiet: what was lost, what happened twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select

from bot.simulator.bank.books import RETURNED
from storage.base import metadata
from storage.unit_of_work import Database, Tx, make_engine
from tests.chaos.outside import Outside
from tests.chaos.people import Walker

TABLES = (
    "events", "outbox", "communications", "journey_steps", "contacts", "payment_intents", "payments", "refunds",
    "contract_signatures", "customers", "staff_notices",
)  # fmt: skip
GRACE = 1.0
"""Seconds: a status that came this shortly before the second send could not stop it any more."""
WAY = (
    "menu-stranger", "signup-full_name", "signup-cpf", "signup-birth_date", "signup-email", "code-identity",
    "verification-code-identity", "address-cep", "address-found", "signup-gender", "dependents-name", "signup-plan",
    "signup-offer", "checkout-paying-bubble", "checkout-contract", "code-signature", "verification-code-signature",
    "signed-copy", "checkout-welcome", "menu-member",
)  # fmt: skip
"""What everybody is told from "oi" to the card, each once."""

Rows = dict[str, Sequence[Row[Any]]]


@dataclass(slots=True)
class Verdict:
    """Counts for the table; `wrong` names what must not be, with the person's `wa_id` where there is one."""

    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """wa_ids by contact."""

    def count(self, name: str, bad: Iterable[tuple[str, str]]) -> None:
        """Things that must not be: (whose, what)."""
        found = list(bad)
        self.counts[name] = len(found)
        self.wrong += [(self.names.get(whose, whose), f"{name}: {what}") for whose, what in found]

    def tell(self, name: str, value: int) -> None:
        """A figure that is no trouble."""
        self.counts[name] = value


async def read_all(url: str) -> Rows:
    """Every table of ours that is compared."""
    database = Database(make_engine(url, pool_size=1))

    async def read(tx: Tx) -> Rows:
        return {name: await tx.all(select(metadata.tables[name])) for name in TABLES}

    try:
        return await database.run(read, org=None, read_only=True)
    finally:
        await database.close()


def compare(rows: Rows, outside: Outside, people: Sequence[Walker]) -> Verdict:
    verdict = Verdict(names={str(row.id): str(row.wa_id) for row in rows["contacts"]})
    _people(verdict, people)
    _events(verdict, rows, outside)
    _turns(verdict, rows, people)
    _messages(verdict, rows, outside, people)
    _money(verdict, rows, outside)
    _members(verdict, rows, people)
    _queues(verdict, rows)
    return verdict


def _people(verdict: Verdict, people: Sequence[Walker]) -> None:
    verdict.tell("people", len(people))
    verdict.count("people without a card", ((one.key, "never got there") for one in people if not one.has_card))
    lost = ((one.key, which) for one in people for _, what, which in one.story if what == "lost")
    verdict.count("questions nobody could answer", lost)


def _events(verdict: Verdict, rows: Rows, outside: Outside) -> None:
    """What was answered 200 is there, once (the database sees to that), and done; a status has left its stamp."""
    stored = {row.external_id for row in rows["events"] if row.source == "whatsapp"}
    post = outside.meta.post
    verdict.tell("messages of people taken", len(post.taken))
    verdict.tell("statuses taken", len(post.statuses))
    verdict.tell("webhooks refused or unanswered", post.refused)
    verdict.count("events lost", (("", name) for name in post.taken if name not in stored))
    ours = {str(row.id): row for row in rows["communications"]}
    unstamped = ((key, state) for key, state in post.statuses if getattr(ours.get(key), f"{state}_at", 1) is None)
    verdict.count("statuses lost", unstamped)
    undone = [row for row in rows["events"] if row.status != "done"]
    verdict.count("events not done", ((str(row.contact_id or ""), f"{row.id} {row.status}") for row in undone))


def _turns(verdict: Verdict, rows: Rows, people: Sequence[Walker]) -> None:
    """A turn applied twice leaves a place twice, or says the same thing twice."""
    left = Counter((row.contact_id, row.dialogue, row.state, row.entered_at) for row in rows["journey_steps"])
    wa_ids = {row.id: row.wa_id for row in rows["contacts"]}
    told = Counter((wa_ids[row.contact_id], row.template) for row in rows["communications"] if row.contact_id)
    twice = [(str(wa_ids.get(key[0])), f"left {key[1]}.{key[2]}") for key, times in left.items() if times > 1]
    twice += [(str(key[0]), f"told {key[1]}") for key, times in told.items() if times > 1]
    verdict.count("turns applied twice", twice)
    missing = ((one.key, name) for one in people for name in WAY if (one.key, name) not in told)
    verdict.count("steps missing", missing)


def _messages(verdict: Verdict, rows: Rows, outside: Outside, people: Sequence[Walker]) -> None:
    accepted: dict[str, list[Any]] = {}
    for one in outside.meta.accepted:
        accepted.setdefault(one.opaque, []).append(one)
    ours = {str(row.id): row for row in rows["communications"] if row.channel == "whatsapp"}
    verdict.tell("messages accepted by Meta", len(outside.meta.accepted))
    verdict.count("messages never sent", ((row.recipient, key) for key, row in ours.items() if key not in accepted))
    verdict.count(
        "messages unknown to us", ((all_[0].person, key) for key, all_ in accepted.items() if key not in ours)
    )
    behind = [(key, row) for key, row in ours.items() if row.status != "read"]
    verdict.count("messages whose status is behind", ((row.recipient, f"{key} {row.status}") for key, row in behind))
    again = [(taken[0].person, key, taken[1].at) for key, taken in accepted.items() if len(taken) > 1]
    told = outside.meta.post.told
    knew = [(who, f"{key} sent again {at - told[key]:.1f} s after a status")
            for who, key, at in again if told.get(key, at) < at - GRACE]  # fmt: skip
    verdict.count("messages sent twice that a status could have told us about", knew)
    verdict.tell("messages sent twice before any status came (explained)", len(again) - len(knew))
    verdict.tell("mails sent twice (SMTP tells nothing afterwards)", sum(n - 1 for n in outside.mail.ids.values()))
    refused = [("", f"{code} {details}") for code, details, _ in outside.meta.refusals]
    verdict.count("messages refused by Meta", refused)
    verdict.tell("duplicates seen by people", sum(one.seen_twice for one in people))


def _money(verdict: Verdict, rows: Rows, outside: Outside) -> None:
    bank, intents = outside.bank, {row.provider_intent_id: row for row in rows["payment_intents"]}
    verdict.tell("charges at the bank", len(bank.charges))
    per_checkout = Counter(intents[txid].registration_id for txid in bank.charges if txid in intents)
    verdict.count("charges twice", ((str(key), "") for key, times in per_checkout.items() if times > 1))
    verdict.count("charges unknown to us", (("", txid) for txid in bank.charges if txid not in intents))
    unpaid = [row for row in intents.values() if row.status != "succeeded"]
    verdict.count("charges not confirmed", ((str(row.contact_id), row.status) for row in unpaid))
    entered = {row.end_to_end_id: row for row in rows["payments"]}
    verdict.tell("payments at the bank", len(bank.payments))
    verdict.count("payments lost", (("", key) for key in bank.payments if key not in entered))
    twice = [payment for charge in bank.charges.values() for payment in charge.payments[1:]]
    verdict.tell("payments made twice by people", len(twice))
    given_back = sum(payment.given_back for payment in bank.payments.values() if len(payment.refunds) > 0)
    owed = sum(payment.amount for payment in twice)
    verdict.count(
        "centavos given back beside what is owed", [("", f"{given_back - owed}")] if given_back != owed else []
    )
    undone = [refund for refund in bank.refunds.values() if refund.status != RETURNED]
    undone_here = [row for row in rows["refunds"] if row.status != "refunded"]
    verdict.count("refunds not done", [("", "at the bank")] * len(undone) + [("", "here")] * len(undone_here))


def _members(verdict: Verdict, rows: Rows, people: Sequence[Walker]) -> None:
    signatures, customers = rows["contract_signatures"], rows["customers"]
    signed = Counter(row.contact_id for row in signatures)
    verdict.count("signatures twice", ((str(key), "") for key, times in signed.items() if times > 1))
    verdict.count("signatures missing", [("", f"{len(signatures)}")] if len(signatures) != len(people) else [])
    links, ends = {row.evidence_hash for row in signatures}, [row.previous_hash for row in signatures]
    loose = [one for one in ends if one not in links]
    verdict.count("links of evidence that hang loose", (("", one) for one in loose[1:]))
    numbers = {row.membership_number for row in customers}
    wanted = {f"CT-{number:08d}" for number in range(1, len(people) + 1)}
    verdict.count("membership numbers wrong", (("", one) for one in sorted(numbers ^ wanted)))
    verdict.count("members twice", [("", "")] * (len(customers) - len(numbers)))


def _queues(verdict: Verdict, rows: Rows) -> None:
    verdict.count("left in the outbox", ((str(row.contact_id), f"{row.kind} {row.status}") for row in rows["outbox"]))
    lines = [row for row in rows["staff_notices"] if row.severity != "info" and row.kind != "pix_duplicate"]
    verdict.count("lines for staff about trouble", ((str(row.contact_id), row.kind) for row in lines))
