"""Whoever wrote sees that it was read: with the reply, or alone when nothing is said or something takes a while."""

from __future__ import annotations

from typing import Any

from conversations.render import Bubble
from conversations.reply import enqueue
from handlers.desk import Desk, Outcome
from tests.conversations.stage import Stage, Told, shop

SHOP = shop(read_receipts=True)


def ticks(talk: Stage) -> tuple[list[str | None], list[dict[str, Any]]]:
    """What each message of the last turn marks as read, and the marks that go alone."""
    rows = talk.rows.outbox
    with_reply = [row["payload"].get("read") for row in rows if row["kind"] == "whatsapp.message"]
    return with_reply, [row["payload"] for row in rows if row["kind"] == "whatsapp.read"]


async def test_they_go_with_the_reply() -> None:
    talk = Stage(organization=SHOP)
    await talk.says("oi")
    assert ticks(talk) == (["wamid.1"], [])


async def test_with_the_first_of_several_messages_only() -> None:
    talk = Stage(organization=SHOP)

    async def two(desk: Desk) -> None:
        enqueue(desk, [Bubble("Um"), Bubble("Dois")], str, read="wamid.1")

    await talk.turn(two)
    assert ticks(talk) == (["wamid.1", None], [])


async def test_alone_when_a_human_answers() -> None:
    talk = Stage(organization=SHOP)
    talk.conversation.floor = "human"
    await talk.says("tem alguém aí?")
    marked, (alone,) = ticks(talk)
    assert (marked, alone["message_id"], alone["typing"]) == ([], "wamid.1", False)


async def test_with_typing_while_something_is_prepared() -> None:
    commands = {"registrations.begin": Told(Outcome("began")), "registrations.find_cep": Told(None)}
    talk = Stage(organization=SHOP, commands=commands)
    talk.conversation.stack[-1].dialogue, talk.conversation.stack[-1].state = "address", "cep"
    await talk.says("01001-000")
    _, (alone,) = ticks(talk)
    assert (talk.place, alone["typing"]) == ("address.looking", True)


async def test_not_where_the_business_does_not_want_them() -> None:
    talk = Stage()
    await talk.says("oi")
    assert ticks(talk) == ([None], [])
