"""The fake Meta's webhooks: what people write, what becomes of messages, and how it breaks when told to."""

from __future__ import annotations

import pytest

from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.people import Person
from bot.simulator.meta.templates import Template, TemplateButton
from tests.bot.simulator.meta_samples import (
    NOW,
    PLACE,
    button_values,
    buttons,
    listing,
    rows,
    template,
    text,
)
from tests.bot.simulator.meta_support import NUMBER, Business, MovableClock, accepted, refused


async def test_what_a_person_writes_arrives_signed(meta: FakeMeta, ana: Person, business: Business) -> None:
    wamid = await meta.says(ana, "Olá, é aqui?")

    [value] = business.values
    assert value["metadata"] == {"display_phone_number": "551130000000", "phone_number_id": NUMBER}
    assert value["contacts"] == [{"profile": {"name": "Ana de Teste"}, "wa_id": "551199990000", "user_id": ana.bsuid}]
    assert value["messages"] == [
        {
            "from": "551199990000",
            "from_user_id": ana.bsuid,
            "id": wamid,
            "timestamp": str(int(NOW.timestamp())),
            "type": "text",
            "text": {"body": "Olá, é aqui?"},
        }
    ]
    assert rb"Ol\u00e1" in meta.webhook_log[0].body
    assert meta.webhook_log[0].payload == business.bodies[0]


async def test_a_username_may_come_without_a_phone(meta: FakeMeta, business: Business) -> None:
    bia = meta.person("5511977770000", "Bia de Teste", username="bia", hides_phone=True)
    await meta.says(bia, "oi")
    accepted(meta, text(), to=None, recipient=bia.bsuid)
    await meta.settle()

    assert "5511977770000" not in str(business.bodies)
    assert business.values[0]["contacts"][0]["profile"]["username"] == "bia"


async def test_statuses_follow_an_accepted_message(meta: FakeMeta, ana: Person, business: Business) -> None:
    wamid = accepted(meta, text())
    assert business.bodies == []
    await meta.settle()

    assert business.statuses_told == [(wamid, "sent"), (wamid, "delivered"), (wamid, "read")]
    told = [value["statuses"][0] for value in business.values]
    assert {status["biz_opaque_callback_data"] for status in told} == {"outbox-1"}
    assert [status.get("pricing", {}).get("category") for status in told] == ["service", "service", None]
    assert all(value["contacts"][0]["wa_id"] == ana.wa_id for value in business.values)


async def test_statuses_go_as_far_as_the_telephone(meta: FakeMeta, ana: Person, business: Business) -> None:
    ana.receipts = "sent"
    wamid = accepted(meta, text())
    await meta.settle()
    assert business.statuses_told == [(wamid, "sent")]


async def test_a_failure_may_be_told_by_webhook(
    meta: FakeMeta, ana: Person, business: Business, clock: MovableClock
) -> None:
    meta.faults.by_webhook = frozenset({131047})
    clock.forward(hours=25)
    wamid = accepted(meta, text())
    await meta.settle()

    [value] = business.values
    assert business.statuses_told == [(wamid, "failed")]
    assert value["statuses"][0]["errors"][0]["code"] == 131047
    assert "contacts" not in value
    assert "recipient_user_id" not in value["statuses"][0]


async def test_a_message_can_fail_later(meta: FakeMeta, ana: Person, business: Business) -> None:
    ana.receipts = "sent"
    wamid = accepted(meta, text())
    meta.fail(wamid, 131026)
    await meta.settle()
    assert business.statuses_told == [(wamid, "sent"), (wamid, "failed")]
    assert meta.sent_to(ana)[0].errors == [131026]
    with pytest.raises(LookupError):
        meta.fail("wamid.404", 131026)


async def test_taps_picks_and_labels(meta: FakeMeta, ana: Person, business: Business) -> None:
    meta.register(Template("volte", "pt_BR", "Volte", buttons=(TemplateButton("quick_reply", "Quero"),)))
    asked = accepted(meta, buttons("Sim", "Não"))
    listed = accepted(meta, listing({"rows": rows(2, description="mais")}))
    accepted(meta, template("volte", button_values("quick_reply", {"type": "payload", "payload": "back"})))

    await meta.taps(ana, "b1")
    await meta.picks(ana, "r0")
    await meta.chooses(ana, "Quero")
    await meta.chooses(ana, "Linha 1")

    tapped, picked, quick, labelled = business.messages
    assert tapped["interactive"] == {"type": "button_reply", "button_reply": {"id": "b1", "title": "Não"}}
    assert tapped["context"] == {"from": "551130000000", "id": asked}
    assert picked["interactive"]["list_reply"] == {"id": "r0", "title": "Linha 0", "description": "mais"}
    assert picked["context"]["id"] == listed
    assert quick["button"] == {"payload": "back", "text": "Quero"}
    assert labelled["interactive"]["list_reply"]["id"] == "r1"
    assert [bubble.text for bubble in meta.chats[ana.key][3:]] == ["Não", "Linha 0", "Quero", "Linha 1"]
    with pytest.raises(LookupError):
        await meta.taps(ana, "r0")


async def test_places_and_files(meta: FakeMeta, ana: Person, business: Business, clock: MovableClock) -> None:
    asked = accepted(meta, PLACE)
    await meta.sends_location(ana, -23.55, -46.63, "Praça")
    await meta.sends_media(ana, "image", b"\xff\xd8\xff", caption="RG")
    await meta.sends_media(ana, "audio", b"OggS")

    place, picture, voice = business.messages
    assert (place["location"]["name"], place["context"]["id"]) == ("Praça", asked)
    assert picture["image"]["caption"] == "RG"
    assert meta.media[picture["image"]["id"]].content == b"\xff\xd8\xff"
    assert voice["audio"]["voice"] is True
    clock.forward(days=7)
    assert meta.state.usable_media(picture["image"]["id"], clock.now()) is None


async def test_several_in_one_body(meta: FakeMeta, ana: Person, business: Business) -> None:
    bia = meta.person("551188880000", "Bia de Teste")
    async with meta.batch():
        await meta.says(ana, "um")
        await meta.says(ana, "dois")
        await meta.says(bia, "três")
    [body] = business.bodies
    assert [len(value["messages"]) for value in business.values] == [2, 1]
    assert len(body["entry"][0]["changes"]) == 2

    accepted(meta, text())
    await meta.settle(together=True)
    assert len(business.bodies) == 2
    assert [name for _, name in business.statuses_told] == ["sent", "delivered", "read"]


async def test_a_webhook_refused_comes_again(meta: FakeMeta, ana: Person, business: Business) -> None:
    business.statuses = [500, 302]
    await meta.says(ana, "oi")
    assert [posted.status for posted in meta.webhook_log] == [500, 302, 200]

    business.statuses = [503, 503, 503]
    await meta.says(ana, "de novo")
    assert len(business.messages) == 1
    await meta.settle()
    assert [message["text"]["body"] for message in business.messages] == ["oi", "de novo"]


async def test_nobody_listening_is_tried_for_seven_days(meta: FakeMeta, ana: Person, clock: MovableClock) -> None:
    meta.webhook_url = "http://127.0.0.1:9/"
    await meta.says(ana, "oi")
    assert {posted.status for posted in meta.webhook_log} == {None}
    assert meta.courier.waiting == 1
    clock.forward(days=8)
    await meta.settle()
    assert meta.courier.waiting == 0


async def test_duplicates(meta: FakeMeta, ana: Person, business: Business) -> None:
    meta.faults.duplicate_webhooks = True
    wamid = await meta.says(ana, "oi")
    assert [message["id"] for message in business.messages] == [wamid, wamid]
    again = await meta.sends(ana, text("oi"), wamid=wamid)
    assert again == wamid
    assert len(meta.chats[ana.key]) == 1


async def test_reordering(meta: FakeMeta, ana: Person, business: Business) -> None:
    meta.faults.reorder_webhooks = True
    first = await meta.says(ana, "um")
    second = await meta.says(ana, "dois")
    accepted(meta, text())
    assert business.bodies == []
    await meta.settle()
    assert [name for _, name in business.statuses_told] == ["read", "delivered", "sent"]
    assert [message["id"] for message in business.messages] == [second, first]


async def test_lost_statuses(meta: FakeMeta, ana: Person, business: Business) -> None:
    meta.faults.lose_statuses = True
    accepted(meta, text())
    await meta.settle()
    assert business.bodies == []
    await meta.says(ana, "oi")
    assert len(business.messages) == 1


async def test_faults_of_sending_run_out(meta: FakeMeta, ana: Person) -> None:
    meta.faults.throttle_next, meta.faults.fail_next = 1, [131016, 131026]
    assert [refused(meta, text()) for _ in range(3)] == [130429, 131016, 131026]
    accepted(meta, text())
    meta.faults.throttle_all = True
    assert refused(meta, text()) == 130429
