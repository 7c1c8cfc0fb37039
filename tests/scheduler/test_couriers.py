"""WhatsApp messages on their way: the window, templates, media uploaded once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.facts import Template
from handlers.ports import Accepted, Address, MediaExpired, TryLater, WindowClosed
from scheduler.couriers.whatsapp import CodeCourier, StaffCourier, WhatsAppCourier
from storage.base import new_id
from storage.tables.contacts import contacts
from storage.tables.queues import communications, documents, media_uploads, outbox
from tests.scheduler.bench import MESSAGE, NUMBER, Bench
from tests.scheduler.test_deliveries import go

KIND = "whatsapp.message"
HELLO = {"hello": Template("ola", parameters=("name",))}


@dataclass
class Graph:
    """Remembers what was sent and uploaded; fails as told."""

    sent: list[tuple[str, Address, dict[str, Any], str]] = field(default_factory=list)
    uploads: int = 0
    plan: list[Exception | None] = field(default_factory=list)
    read: list[tuple[str, str, bool]] = field(default_factory=list)

    async def send(self, phone_number_id: str, to: Address, message: dict[str, Any], *, opaque: str) -> Accepted:
        self.sent.append((phone_number_id, to, message, opaque))
        error = self.plan.pop(0) if self.plan else None
        if error is not None:
            raise error
        return Accepted(f"wamid.{len(self.sent)}")

    async def upload(self, phone_number_id: str, content: bytes, mime_type: str, filename: str) -> str:
        self.uploads += 1
        return f"media.{self.uploads}"

    async def mark_read(self, phone_number_id: str, message_id: str, *, typing: bool) -> None:
        self.read.append((phone_number_id, message_id, typing))
        raise TryLater("130429")


def courier(bench: Bench, graph: Graph) -> dict[str, Any]:
    return {KIND: WhatsAppCourier(graph, bench.database, bench.clock)}


async def wrote(bench: Bench, contact: Any, ago: timedelta = timedelta()) -> None:
    at = contacts.update().where(contacts.c.id == contact.id).values(last_inbound_at=bench.clock.now() - ago)
    await bench.database.run(lambda tx: tx.run(at), org=None)


async def test_inside_the_window_the_message_itself_goes(desk: Bench) -> None:
    ana, graph = await desk.person(), Graph()
    await wrote(desk, ana, timedelta(hours=23, minutes=59))
    communication_id = await desk.message(ana)
    await go(desk.deliveries(courier(desk, graph)))
    assert graph.sent == [(NUMBER, Address(phone=ana.wa_id), MESSAGE, str(communication_id))]


async def test_a_reply_marks_what_it_answers_as_read_and_goes_out_whatever_comes_of_that(desk: Bench) -> None:
    ana, graph = await desk.person(), Graph()
    await wrote(desk, ana)
    await desk.message(ana, payload={"number": NUMBER, "phone": ana.wa_id, "message": MESSAGE, "read": "wamid.in"})
    await go(desk.deliveries(courier(desk, graph)))
    assert graph.read == [(NUMBER, "wamid.in", False)]
    assert (await desk.one(communications)).status == "sent"


async def test_blue_ticks_that_hang_delay_no_note(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, graph = await desk.person(), Graph()
    never = asyncio.Event()

    async def hang(phone_number_id: str, message_id: str, *, typing: bool) -> None:
        await never.wait()

    monkeypatch.setattr(graph, "mark_read", hang)
    monkeypatch.setattr("scheduler.couriers.whatsapp.BESIDE", 0.0)
    await wrote(desk, ana)
    await desk.message(ana, payload={"number": NUMBER, "phone": ana.wa_id, "message": MESSAGE, "read": "wamid.in"})
    await go(desk.deliveries(courier(desk, graph)))
    assert (await desk.one(communications)).status == "sent"


@pytest.mark.parametrize("hours", [24, 25, None])
async def test_outside_it_the_template_goes(desk: Bench, hours: int | None) -> None:
    desk.shop = replace(desk.shop, templates=HELLO)
    ana, graph = await desk.person(), Graph()
    if hours is not None:
        await wrote(desk, ana, timedelta(hours=hours))
    await desk.message(ana)
    await go(desk.deliveries(courier(desk, graph)))
    assert [message["type"] for _, _, message, _ in graph.sent] == ["template"]
    assert (await desk.one(communications)).status == "sent"


async def test_when_meta_says_the_window_is_closed_the_template_goes(desk: Bench) -> None:
    desk.shop = replace(desk.shop, templates=HELLO)
    ana, graph = await desk.person(), Graph(plan=[WindowClosed("131047")])
    await wrote(desk, ana)
    await desk.message(ana)
    await go(desk.deliveries(courier(desk, graph)))
    assert [message["type"] for _, _, message, _ in graph.sent] == ["text", "template"]
    assert await desk.rows(outbox) == []


@pytest.mark.parametrize("templates", [{}, {"hello": Template("ola", parameters=("name", "plan"))}])
async def test_without_a_template_it_waits_for_the_person(desk: Bench, templates: dict[str, Template]) -> None:
    desk.shop = replace(desk.shop, templates=templates)
    graph = Graph()
    await desk.message(await desk.person())
    await go(desk.deliveries(courier(desk, graph)))
    row, sent = await desk.one(outbox), await desk.one(communications)
    assert (row.status, sent.status, graph.sent) == ("held", "held", [])
    assert "no template for hello" in row.error


# --- Media ------------------------------------------------------------------------------------------------------------


async def picture(bench: Bench) -> dict[str, Any]:
    row = {
        "id": new_id(), "kind": "card", "mime_type": "image/png", "filename": "card.png", "content": b"png",
        "sha256": "0", "created_at": bench.clock.now(),
    }  # fmt: skip
    await bench.put(documents, [row])
    return {"type": "image", "image": {"document_id": str(row["id"]), "caption": "Sua carteirinha"}}


async def show(bench: Bench, graph: Graph, message: dict[str, Any]) -> str:
    """Send it to somebody who just wrote; the media id that went out last."""
    ana = await bench.person()
    await wrote(bench, ana)
    payload = {"number": NUMBER, "phone": ana.wa_id, "message": message, "intent": "card", "values": {}}
    await bench.message(ana, payload=payload)
    deliveries = bench.deliveries(courier(bench, graph))
    while await go(deliveries):
        pass
    return str(graph.sent[-1][2]["image"]["id"])


async def test_media_are_uploaded_once_and_again_when_they_expire(bench: Bench) -> None:
    graph, message = Graph(), await picture(bench)
    assert [await show(bench, graph, message) for _ in range(2)] == ["media.1", "media.1"]
    assert graph.sent[0][2] == {"type": "image", "image": {"id": "media.1", "caption": "Sua carteirinha"}}
    bench.clock.forward(timedelta(days=29))
    assert await show(bench, graph, message) == "media.2"
    assert (await bench.one(media_uploads)).media_id == "media.2"


async def test_media_that_meta_lost_are_uploaded_again(bench: Bench) -> None:
    graph, message = Graph(), await picture(bench)
    await show(bench, graph, message)
    graph.plan = [MediaExpired("131053")]
    assert await show(bench, graph, message) == "media.2"
    assert graph.uploads == 2
    assert await bench.rows(outbox) == []


async def test_a_document_that_is_gone_is_a_dead_letter(desk: Bench) -> None:
    ana, graph = await desk.person(), Graph()
    await wrote(desk, ana)
    message = {"type": "document", "document": {"document_id": str(new_id())}}
    await desk.message(ana, payload={"number": NUMBER, "phone": ana.wa_id, "message": message})
    await go(desk.deliveries(courier(desk, graph)))
    assert (await desk.one(outbox)).error.startswith("document_gone")


# --- Templates --------------------------------------------------------------------------------------------------------


async def test_a_code_goes_in_its_template_only(desk: Bench) -> None:
    ana, graph = await desk.person(), Graph()
    secret = desk.shop.sealer.seal('{"code":"123456"}', "outbox.secret")
    payload = {"number": NUMBER, "phone": ana.wa_id, "code_id": "7"}
    await desk.message(ana, kind="whatsapp.code", payload=payload, secret=secret)
    await go(desk.deliveries({"whatsapp.code": CodeCourier(graph)}))
    ((_, to, message, _),) = graph.sent
    assert to == Address(phone=ana.wa_id)
    body, button = message["template"]["components"]
    assert body["parameters"] == button["parameters"] == [{"type": "text", "text": "123456"}]
    assert "123456" not in str(await desk.rows(communications))


async def test_staff_get_a_template_on_one_line(desk: Bench) -> None:
    graph = Graph()
    secret = desk.shop.sealer.seal('{"to":"+5511955550100"}', "outbox.secret")
    payload = {
        "number": NUMBER, "template": "aviso", "language": "pt_BR", "parameters": ["business", "reason", "none"],
        "values": {"reason": "quer\nfalar"},
    }  # fmt: skip
    await desk.message(None, kind="whatsapp.staff", payload=payload, secret=secret)
    await go(desk.deliveries({"whatsapp.staff": StaffCourier(graph)}))
    ((_, to, message, _),) = graph.sent
    assert to == Address(phone="5511955550100")
    words = [one["text"] for one in message["template"]["components"][0]["parameters"]]
    assert words == [desk.shop.name, "quer falar", "-"]
