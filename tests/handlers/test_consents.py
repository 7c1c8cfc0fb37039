"""What people agree to, and calling a person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from handlers.facts import Template
from storage.tables.members import (
    consents,
)
from storage.unit_of_work import Database
from tests.counter import Counter, counter
from tests.factories import organization


async def rows(ana: Counter, table: Any) -> list[Row[Any]]:
    return list(await ana.run(lambda desk: desk.tx.all(select(table).order_by(table.c.created_at, table.c.id))))


async def test_consent_is_kept_with_its_proof_once(ana: Counter) -> None:
    registration_id = await ana.begin()
    for _ in range(2):
        assert (await ana.did("consents.grant", kinds=["terms", "privacy"], granted=True)).name == "consented"
    found = await rows(ana, consents)
    assert sorted((row.consent_type, row.version, row.granted) for row in found) == [
        ("privacy", "1", True),
        ("terms", "1", True),
    ]
    assert {row.registration_id for row in found} == {registration_id}
    assert found[0].evidence["wamid"] == "wamid.1"
    assert len(found[0].text_sha256) == 64


async def test_consent_taken_back_and_given_again_leaves_its_history(ana: Counter) -> None:
    await ana.begin()
    for granted in (False, True, False, True):
        ana.forward(minutes=1)
        await ana.did("consents.grant", kinds=["marketing"], granted=granted)
    found = await rows(ana, consents)
    assert [(row.granted, row.revoked_at is not None) for row in found] == [
        (False, False),
        (True, True),
        (False, False),
        (True, False),
    ]


async def test_consent_without_a_text_is_reported_not_invented(ana: Counter) -> None:
    await ana.did("consents.grant", kinds=["unheard"], granted=True)
    assert await rows(ana, consents) == []
    assert [notice["severity"] for notice in ana.noticed("consent_text_missing")] == ["critical"]


async def test_staff_are_called_by_mail_and_whatsapp(database: Database) -> None:
    shop = await organization(
        database,
        support_email="desk@example.com",
        support_phone="+5511900000000",
        templates={"human_called": Template("chamado", parameters=("name", "link"))},
    )
    ana = await counter(database, shop)
    assert (await ana.did("support.call_human", reason="asked")).name == "human_called"
    assert [row["kind"] for row in ana.rows.outbox] == ["mail.message", "whatsapp.staff"]
    assert str(ana.contact.wa_id) not in str([row["payload"] for row in ana.rows.outbox])
    assert ana.secret() == {
        "to": "+5511900000000",
        "name": "Ana Exemplo",
        "link": f"https://wa.me/{ana.contact.wa_id}",
    }
    assert [notice["severity"] for notice in ana.noticed("human_called")] == ["warning"]


async def test_staff_see_the_call_where_no_address_is_set(ana: Counter) -> None:
    await ana.did("support.call_human", reason="unclear")
    assert ana.rows.outbox == []
    assert len(ana.noticed("human_called")) == 1
