"""A sign-up that ends without a member leaves nothing personal in what was said about it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Row, select

from handlers.reactions import cancel
from storage.base import new_id
from storage.tables.queues import communications, outbox
from tests.counter import Counter, counter


async def said(ana: Counter, status: str, **changes: Any) -> Any:
    """A summary of the sign-up, sent or about to be; the id of its communication."""
    communication_id = new_id()
    talk = {
        "id": communication_id, "contact_id": ana.contact.id, "channel": "whatsapp", "template": "signup-review",
        "recipient": "5511900000000", "content": "Ana, ana@example.com, Praça da Sé 10", "variables": {"name": "Ana"},
        "status": status, "created_at": ana.now,
    }  # fmt: skip
    await ana.run(lambda desk: desk.tx.add(communications, talk))
    if status in ("queued", "held", "failed"):
        errand = {
            "contact_id": ana.contact.id, "lane": f"person:{ana.contact.id}", "kind": "whatsapp.message",
            "payload": {"message": {"text": {"body": "ana@example.com"}}}, "communication_id": communication_id,
            "status": "dead" if status == "failed" else status, "due_at": ana.now, "created_at": ana.now, **changes,
        }  # fmt: skip
        await ana.run(lambda desk: desk.tx.add(outbox, errand))
    return communication_id


async def rows(ana: Counter, table: Any) -> dict[Any, Row[Any]]:
    return {row.id: row for row in await ana.run(lambda desk: desk.tx.all(select(table)))}


@pytest.mark.parametrize("way", ["canceled", "expired"])
async def test_the_wording_goes_and_what_waits_is_not_sent(ana: Counter, way: str) -> None:
    before = await said(ana, "read")
    ana.forward(minutes=5)
    await ana.begin()
    sent, queued, held = await said(ana, "delivered"), await said(ana, "queued"), await said(ana, "held")
    dead = await said(ana, "failed")
    flying = await said(ana, "queued", communication_id=None, kind="pix.cancel", lane="ask:1")
    other = await counter(ana.database, ana.organization)
    neighbours = await said(other, "queued")
    ana.forward(days=7)
    if way == "canceled":
        await ana.did("registrations.cancel")
    else:
        assert [outcome.name for outcome in await ana.hear("registration.expired")] == ["registration_expired"]
    told = await rows(ana, communications)
    for one in (sent, queued, held, dead, flying):
        assert (told[one].content, told[one].variables) == (None, None)
    for one in (before, neighbours):
        assert told[one].content is not None, "not of this sign-up"
    assert [told[one].status for one in (sent, queued, held, dead)] == ["delivered", "dropped", "dropped", "failed"]
    left = [(row.kind, row.contact_id) for row in (await rows(ana, outbox)).values()]
    assert sorted(left) == sorted([("pix.cancel", ana.contact.id), ("whatsapp.message", other.contact.id)])


async def test_what_the_same_batch_said_before_is_not_kept_either(ana: Counter) -> None:
    await ana.begin()

    async def turn(desk: Any) -> None:
        desk.log("whatsapp", "signup-review", "5511900000000", "Ana, ana@example.com")
        await cancel(desk)
        desk.log("whatsapp", "leaving-done", "5511900000000", "Cadastro cancelado.")

    await ana.run(turn)
    assert [row["content"] for row in ana.rows.communications[-2:]] == [None, "Cadastro cancelado."]
