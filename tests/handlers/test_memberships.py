"""Approval in either order of paid and signed, the card, and coming back."""

from __future__ import annotations

import asyncio
import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Row, select

from handlers.desk import Desk
from handlers.facts import Member
from handlers.memberships import rules
from handlers.memberships.card import card_sheet, record_card
from handlers.memberships.check import card_status
from handlers.reactions import advance
from storage import memberships, registrations
from storage.base import new_id
from storage.statuses import move
from storage.tables.members import (
    addresses,
    consents,
    contract_signatures,
    customers,
    dependents,
    refunds,
    registration_sessions,
)
from storage.unit_of_work import Database
from tests.counter import Counter, counter
from tests.factories import CPF, OTHER_CPF

DUE = 11000


async def rows(ana: Counter, table: Any) -> list[Row[Any]]:
    return list(await ana.run(lambda desk: desk.tx.all(select(table).order_by(table.c.created_at, table.c.id))))


async def rows_of_signatures(ana: Counter) -> list[Row[Any]]:
    table = contract_signatures
    return list(await ana.run(lambda desk: desk.tx.all(select(table).order_by(table.c.id))))


async def pay(ana: Counter) -> list[str]:
    charge = await ana.charge()
    return [outcome.name for outcome in await ana.state(charge["intent_id"], [ana.pix(charge["amount"])])]


async def test_paid_and_then_signed(ana: Counter) -> None:
    await ana.choose()
    assert await pay(ana) == ["paid"]
    approved = await ana.sign()
    assert approved.name == "approved"
    assert approved.keep["membership_number"] == "CT-00000001"
    assert approved.keep["valid_until"] == "2027-11-23"


async def test_signed_and_then_paid(ana: Counter) -> None:
    await ana.choose()
    charge = await ana.charge()
    assert (await ana.sign()).name == "signed"
    found = await ana.state(charge["intent_id"], [ana.pix(DUE)])
    assert [outcome.name for outcome in found] == ["approved"]


async def test_signed_before_any_charge_then_nothing_due(ana: Counter) -> None:
    await ana.choose(place=1)
    assert (await ana.sign()).name == "signed"
    assert (await ana.did("payments.charge")).name == "approved"


async def test_confirmed_by_hand_after_signing(ana: Counter) -> None:
    await ana.choose()
    charge = await ana.charge()
    await ana.sign()
    found = await ana.hear("pix.confirmed", intent_id=charge["intent_id"], user_id=None)
    assert [outcome.name for outcome in found] == ["approved"]


async def test_a_member_takes_over_all_of_the_registration(ana: Counter) -> None:
    registration_id = await ana.choose()
    person = {"full_name": "Bia Exemplo", "relationship": "child", "birth_date": "2015-01-02", "cpf": None}
    await ana.did("registrations.add_dependent", **person)
    await pay(ana)
    customer_id = uuid.UUID((await ana.sign()).keep["customer_id"])
    (member,) = await rows(ana, customers)
    assert ana.organization.sealer.open(member.cpf_sealed, "customers.cpf_sealed") == CPF
    assert (member.id, member.registration_id, member.pricing["due_now"]) == (customer_id, registration_id, DUE)
    assert [row.customer_id for row in await rows(ana, dependents)] == [customer_id]
    assert [row.city for row in await rows(ana, addresses)] == ["São Paulo"]
    assert {row.customer_id for row in await rows(ana, consents)} == {customer_id}
    assert [row.customer_id for row in await rows_of_signatures(ana)] == [customer_id]
    (row,) = await rows(ana, registration_sessions)
    assert (row.status, row.customer_id) == ("approved", customer_id)
    assert ana.asked("document.card") == [{"customer_id": str(customer_id)}]


async def test_nobody_is_approved_twice(ana: Counter) -> None:
    registration_id = await ana.choose()
    await pay(ana)
    await ana.sign()
    assert await ana.run(lambda desk: advance(desk, registration_id)) is None
    assert len(await rows(ana, customers)) == 1


async def ready_to_sign(ana: Counter, cpf: str) -> None:
    await ana.choose(cpf)
    await pay(ana)
    ready = await ana.contract()
    await ana.verify("signature", ready.keep["sha256"])


async def test_two_people_with_one_cpf_at_once(database: Database, ana: Counter) -> None:
    """One becomes a member; the other gets the money back and is told."""
    second = await counter(database, ana.organization)
    for person in (ana, second):
        await ready_to_sign(person, CPF)
    found = await asyncio.gather(ana.did("contracts.sign"), second.did("contracts.sign"))
    assert sorted(outcome.name for outcome in found) == ["approved", "member_exists"]
    assert len(await rows(ana, customers)) == 1
    loser = ana if found[0].name == "member_exists" else second
    assert [notice["severity"] for notice in loser.noticed("cpf_taken_at_approval")] == ["critical"]
    assert [row.amount for row in await rows(ana, refunds)] == [DUE]
    assert len(loser.asked("pix.refund")) == 1
    statuses = sorted(row.status for row in await rows(ana, registration_sessions))
    assert statuses == ["approved", "canceled"]


async def test_the_key_decides_when_the_look_before_was_too_early(
    ana: Counter, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, with the pre-check blind: the unique key refuses, and the turn goes on behind its savepoint."""
    await ana.join()
    second = await counter(database, ana.organization)
    await second.choose(OTHER_CPF)
    await pay(second)
    hashed = ana.organization.sealer.index(CPF, "cpf")
    (registration_id,) = {row.id for row in await rows(second, registration_sessions) if row.status == "paid"}

    async def become(desk: Desk) -> None:
        registrations.change(desk.tx, registration_id, cpf_hash=hashed)

    await second.run(become)
    honest, calls = memberships.by_cpf, iter([True])

    async def blind(tx: Any, cpf_hash: str) -> Any:
        return None if next(calls, False) else await honest(tx, cpf_hash)

    monkeypatch.setattr(memberships, "by_cpf", blind)
    assert (await second.sign()).name == "member_exists"
    assert len(await rows(second, customers)) == 1


async def test_membership_numbers_follow_each_other_in_each_business(database: Database, ana: Counter) -> None:
    second = await counter(database, ana.organization)
    for person, cpf in ((ana, CPF), (second, OTHER_CPF)):
        await ready_to_sign(person, cpf)
    found = await asyncio.gather(ana.did("contracts.sign"), second.did("contracts.sign"))
    assert sorted(outcome.keep["membership_number"] for outcome in found) == ["CT-00000001", "CT-00000002"]
    stranger = await counter(database)
    assert (await stranger.join()).keep["membership_number"] == "CT-00000001"


async def test_card_is_rendered_kept_and_shown_again(ana: Counter, database: Database) -> None:
    customer_id = uuid.UUID((await ana.join()).keep["customer_id"])
    assert await ana.do("memberships.card", customer_id=str(customer_id)) is None
    assert await ana.hear("card.ready", customer_id=str(customer_id)) == []
    shown = await ana.run(
        lambda desk: card_sheet(desk.tx, desk.organization, customer_id, lambda key: f"https://x.example/cards/{key}")
    )
    assert shown is not None
    assert (shown.holder_name, shown.membership_number) == ("Ana Maria Exemplo", "CT-00000001")
    document_id = await ana.run(lambda desk: record_card(desk.tx, customer_id, b"png", ana.now))
    url = shown.qr_content
    ana.contact.members = [
        Member(customer_id, "CT-00000001", "Ana", "Família", "active", date(2027, 11, 23), url, document_id)
    ]
    (told,) = await ana.hear("card.ready", customer_id=str(customer_id), document_id=str(document_id))
    assert (told.name, told.keep["card_url"]) == ("card_ready", url)
    assert told.keep["share_url"].startswith("https://wa.me/?text=https%3A%2F%2Fx.example")
    assert (await ana.did("memberships.card", customer_id=str(customer_id))).name == "card"
    stranger = await counter(database, ana.organization)
    assert (await stranger.did("memberships.card", customer_id=str(customer_id))).name == "no_card"
    assert await stranger.hear("card.ready", customer_id=str(customer_id)) == []
    assert await ana.run(lambda desk: card_sheet(desk.tx, desk.organization, new_id(), str)) is None


async def test_partner_learns_little_and_the_truth(ana: Counter) -> None:
    await ana.join()
    (member,) = await rows(ana, customers)

    async def look(key: str) -> Any:
        return await ana.database.run(lambda tx: card_status(tx, key, ana.now), org=None)

    found = await look(member.card_key)
    assert (found.valid, found.first_name, found.last_initial, found.plan, found.organization) == (
        True, "Ana", "E", "Família", "Clube Exemplo",
    )  # fmt: skip
    assert await look("f" * 32) is None
    await ana.run(lambda desk: move(desk.tx, customers, member.id, "suspended"))
    assert not (await look(member.card_key)).valid


@pytest.mark.parametrize(
    ("day", "months", "until"),
    [
        (date(2026, 11, 23), 12, date(2027, 11, 23)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
    ],
)
def test_validity_is_counted_in_calendar_months(day: date, months: int, until: date) -> None:
    assert rules.valid_until(day, months) == until


def test_card_is_valid_until_the_end_of_its_last_day() -> None:
    assert rules.is_valid("active", date(2027, 1, 1), date(2027, 1, 1))
    assert not rules.is_valid("active", date(2027, 1, 1), date(2027, 1, 2))
    assert not rules.is_valid("canceled", date(2027, 1, 1), date(2026, 1, 1))
    assert (rules.first_name("Ana"), rules.last_initial("Ana")) == ("Ana", "")


async def test_member_comes_back_on_another_number(database: Database, ana: Counter) -> None:
    customer_id = (await ana.join()).keep["customer_id"]
    again = await counter(database, ana.organization)
    await again.begin()
    assert (await again.did("memberships.recover", customer_id=customer_id)).name == "unverified"
    await again.verify("recovery", customer_id)
    for _ in range(2):
        assert (await again.did("memberships.recover", customer_id=customer_id)).name == "recovered"
    assert len(again.noticed("access_recovered")) == 1
    assert (await again.did("registrations.name", full_name="Ana")).name == "registration_closed"
