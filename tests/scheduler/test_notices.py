"""What reaches us about no conversation: statuses move the log forward only, the rest becomes lines and questions."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from handlers.channel.notices import parse_notice
from handlers.channel.statuses import Status, parse_status
from handlers.facts import Template
from handlers.ports import PairLimited, WindowClosed
from scheduler.resend import second_id
from storage.base import new_id
from storage.tables.contacts import contact_aliases, contacts
from storage.tables.organizations import channel_numbers
from storage.tables.queues import communications, events, outbox, staff_notices
from storage.unit_of_work import NOBODY
from tests.scheduler.bench import Bench, Script
from tests.scheduler.test_deliveries import go

KIND = "whatsapp.message"
HELLO = {"hello": Template("ola", parameters=("name",))}


def status(communication_id: uuid.UUID | None, state: str, wamid: str = "wamid.1", **more: Any) -> dict[str, Any]:
    opaque = {"biz_opaque_callback_data": str(communication_id)} if communication_id else {}
    return {"id": wamid, "status": state, "timestamp": "1795438800", **opaque, **more}


def failed(communication_id: uuid.UUID, code: int) -> dict[str, Any]:
    return status(communication_id, "failed", errors=[{"code": code, "title": "no", "error_data": {"details": "why"}}])


async def hear(bench: Bench, *payloads: dict[str, Any], kind: str = "statuses") -> None:
    """Statuses together, as one webhook call brings them; anything else one by one."""
    for payload in [{"statuses": list(payloads)}] if kind == "statuses" else payloads:
        await bench.mail(None, str(uuid.uuid4()), kind=kind, **payload)
    while await bench.notices().run_once():
        pass


async def sent(bench: Bench, **shop: Any) -> uuid.UUID:
    """A message that Meta took."""
    communication_id = await bench.message(await bench.person())
    await go(bench.deliveries({KIND: Script()}))
    return communication_id


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read"])))
async def test_statuses_move_forward_only_in_any_order(desk: Bench, order: tuple[str, ...]) -> None:
    communication_id = await sent(desk)
    furthest = 0
    ranks = ["queued", "sent", "delivered", "read"]
    for state in order:
        await hear(desk, status(communication_id, state))
        furthest = max(furthest, ranks.index(state), 1)
        assert (await desk.one(communications)).status == ranks[furthest]
    row = await desk.one(communications)
    assert None not in (row.sent_at, row.delivered_at, row.read_at)


async def test_a_thousand_statuses_at_once(bench: Bench) -> None:
    now = bench.clock.now()
    ids = [new_id() for _ in range(350)]
    rows = [
        {"id": one, "channel": "whatsapp", "template": "hello", "recipient": "1", "created_at": now, "status": "sent"}
        for one in ids
    ]
    await bench.put(communications, rows)
    payloads = [status(one, state, f"wamid.{one}") for one in ids for state in ("read", "delivered", "sent")]
    mail = [
        {
            "organization_id": bench.shop.id, "source": "whatsapp", "external_id": str(place), "kind": "status",
            "payload": payload, "occurred_at": now, "received_at": now,
        }
        for place, payload in enumerate(payloads)
    ]  # fmt: skip
    await bench.put(events, mail)
    notices = bench.notices()
    assert sum([await notices.run_once() for _ in range(4)]) == 1050
    assert {row.status for row in await bench.rows(communications)} == {"read"}
    assert {row.status for row in await bench.rows(events)} == {"done"}


async def test_unknown_messages_are_ignored(desk: Bench) -> None:
    communication_id = await sent(desk)
    await hear(desk, status(None, "read", "wamid.of.nobody"), status(uuid.uuid4(), "read", "wamid.x"), {"id": 7})
    assert (await desk.one(communications, id=communication_id)).status == "sent"
    assert {row.status for row in await desk.rows(events)} == {"done"}


async def test_a_status_quicker_than_our_own_record(desk: Bench) -> None:
    """While the answer to the request is on its way, the status is here already."""
    communication_id = await desk.message(await desk.person())

    class Slow(Script):
        async def carry(self, job: Any) -> Any:
            await hear(desk, status(communication_id, "delivered", "wamid.1"))
            return await Script.carry(self, job)

    await go(desk.deliveries({KIND: Slow()}))
    row = await desk.one(communications)
    assert (row.status, row.provider_message_id, row.sent_at) == ("delivered", "wamid.1", desk.clock.now())
    assert await desk.rows(outbox) == []


async def test_the_price_category_is_kept(desk: Bench) -> None:
    communication_id = await sent(desk)
    pricing = {"category": "utility", "pricing_model": "PMP", "type": "regular"}
    await hear(desk, status(communication_id, "delivered", pricing=pricing), status(None, "read"))
    assert (await desk.one(communications)).category == "utility"


async def test_a_failure_is_kept_with_its_reason(desk: Bench) -> None:
    communication_id = await sent(desk)
    await hear(desk, failed(communication_id, 131026), status(communication_id, "sent"))
    row = await desk.one(communications)
    assert (row.status, row.error_code, row.error_message) == ("failed", "131026", "why")
    line = await desk.one(staff_notices)
    assert (line.kind, line.detail["code"]) == ("delivery.failed", "131026")
    assert (await desk.one(contacts)).unreachable_at is not None


async def test_a_refusal_told_twice_is_dealt_with_once(desk: Bench) -> None:
    """Meta answers no, the message waits for the person, and then the same no comes by webhook."""
    communication_id = await desk.message(await desk.person())
    await go(desk.deliveries({KIND: Script([WindowClosed("131047")])}))
    await hear(desk, failed(communication_id, 131047))
    assert (await desk.one(outbox)).status == "held"
    assert (await desk.one(communications)).status == "held"
    assert await desk.rows(staff_notices) == []


async def test_a_window_that_closed_meanwhile_gets_the_template_once(bench: Bench) -> None:
    bench.shop = replace(bench.shop, templates=HELLO)
    communication_id = await sent(bench)
    await hear(bench, failed(communication_id, 131047), failed(communication_id, 131047))
    row = await bench.one(outbox)
    assert row.communication_id == second_id(communication_id)
    parameters = [{"type": "text", "text": "Ana"}]
    assert row.payload["message"]["template"] == {
        "name": "ola", "language": {"code": "pt_BR"}, "components": [{"type": "body", "parameters": parameters}],
    }  # fmt: skip
    assert row.payload["phone"].isdigit()
    assert row.payload["number"] == "100200300"
    await go(bench.deliveries({KIND: Script()}))
    second = await bench.one(communications, id=second_id(communication_id))
    assert (second.status, second.template, second.content) == ("sent", "hello", "Oi")
    assert (await bench.one(communications, id=communication_id)).status == "failed"
    assert await bench.rows(staff_notices) == []
    await hear(bench, failed(second.id, 131047))
    assert await bench.rows(outbox) == [], "never a third time"
    assert [row.kind for row in await bench.rows(staff_notices)] == ["delivery.failed"]


async def test_without_a_template_the_text_is_lost_with_its_reason(desk: Bench) -> None:
    communication_id = await sent(desk)
    await hear(desk, failed(communication_id, 131047))
    row = await desk.one(communications)
    assert (row.status, row.error_code) == ("failed", "131047")
    assert [line.detail["code"] for line in await desk.rows(staff_notices)] == ["131047"]
    assert await desk.rows(outbox) == []


# --- The account ------------------------------------------------------------------------------------------------------


async def named(bench: Bench, kind: str, value: str) -> uuid.UUID:
    person = await bench.person(bsuid=value if kind == "bsuid" else None)
    row = {"id": new_id(), "contact_id": person.id, "kind": kind, "value": value, "created_at": bench.clock.now()}
    await bench.put(contact_aliases, [row])
    return person.id


async def test_offers_are_stopped_and_resumed(desk: Bench) -> None:
    contact_id = await named(desk, "wa_id", "5511987654321")

    def wish(value: str) -> dict[str, Any]:
        one = {"wa_id": "5511987654321", "category": "marketing_messages", "value": value, "timestamp": 1795438800}
        return {"user_preferences": [one]}

    await hear(desk, wish("stop"), kind="notice:user_preferences")
    assert (await desk.one(contacts, id=contact_id)).marketing_stopped_at is not None
    await hear(desk, wish("resume"), kind="notice:user_preferences")
    assert (await desk.one(contacts, id=contact_id)).marketing_stopped_at is None


async def test_a_new_user_id_belongs_to_the_same_person(desk: Bench) -> None:
    contact_id = await named(desk, "bsuid", "BR.1")
    change = {"wa_id": "5511987654321", "user_id": {"previous": "BR.1", "current": "BR.2"}}
    stranger = {"user_id": {"previous": "BR.8", "current": "BR.9"}}
    await hear(desk, {"user_id_update": [change, stranger]}, kind="notice:user_id_update")
    assert (await desk.one(contacts)).bsuid == "BR.2"
    assert {row.value for row in await desk.rows(contact_aliases, contact_id=contact_id)} == {"BR.1", "BR.2"}


async def test_a_paused_template_is_told_to_staff(desk: Bench) -> None:
    payload = {"event": "PAUSED", "message_template_name": "ola", "message_template_language": "pt_BR"}
    await hear(desk, payload, kind="notice:message_template_status_update")
    line = await desk.one(staff_notices)
    assert (line.kind, line.severity) == ("account.message_template_status_update", "warning")
    assert (line.detail["event"], line.detail["template"]) == ("PAUSED", "ola")


async def test_a_notice_nobody_knows_is_kept(desk: Bench) -> None:
    await hear(desk, {"shape": "never seen"}, kind="notice:brand_new")
    row = await desk.one(events)
    assert (row.status, row.payload["shape"]) == ("ignored", "never seen")
    assert (await desk.one(staff_notices)).kind == "account.brand_new"


async def test_a_notice_of_an_account_that_is_not_ours_is_logged_only(desk: Bench) -> None:
    await desk.mail(None, "1", kind="notice:account_update", event="VERIFIED_ACCOUNT")
    await desk.database.run(lambda tx: tx.run(update(events).values(organization_id=NOBODY)), org=None)
    with capture_logs() as lines:
        assert await desk.notices().run_once() == 1
    assert [(line["event"], line["kind"]) for line in lines] == [
        ("notice.without_organization", "account.account_update")
    ]
    assert (await desk.one(events)).status == "done"


# --- Payments and poison ----------------------------------------------------------------------------------------------


async def test_a_callback_only_asks_the_bank(bench: Bench) -> None:
    txid, foreign = "CT00000000000000000000000001", "XX00000000000000000000000009"
    await bench.charge(txid)
    pix = [{"endToEndId": f"E{n:031d}", "txid": one, "valor": "1.00", "horario": "2026-11-23T13:00:00Z"}
           for n, one in enumerate((txid, txid, foreign))]  # fmt: skip
    await hear(bench, {"pix": pix}, kind="pix.callback")
    row = await bench.one(outbox)
    assert (row.kind, row.payload["txid"], row.payload["asked"]) == ("pix.check", txid, False)
    assert bench.watch.outcomes("notice") == ["pix.callback"]


async def test_a_poisonous_notice_is_parked_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def picky(field: str, payload: dict[str, Any]) -> Any:
        if payload.get("poison"):
            raise ZeroDivisionError("with a phone number in it")
        return parse_notice(field, payload)

    monkeypatch.setattr("scheduler.notices.parse_notice", picky)
    communication_id = await sent(bench)
    await bench.mail(None, "good", kind="notice:account_review_update", decision="APPROVED")
    await bench.mail(None, "bad", kind="notice:account_alerts", poison=True)
    await bench.mail(None, "fine", kind="status", **status(communication_id, "read"))
    assert await bench.notices().run_once() == 3
    assert {row.external_id: row.status for row in await bench.rows(events)} == {
        "good": "done", "bad": "parked", "fine": "done",
    }  # fmt: skip
    bad = await bench.one(events, external_id="bad")
    assert (bad.error, bad.payload["poison"]) == ("ZeroDivisionError", True)
    assert (await bench.one(communications)).status == "read"
    assert sorted(bench.watch.outcomes("notice")) == ["notice:account_review_update", "status"]


async def test_a_poisonous_status_is_parked_alone_and_its_neighbours_count(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(payload: dict[str, Any]) -> Status:
        if payload.get("poison"):
            raise ZeroDivisionError
        return parse_status(payload)

    monkeypatch.setattr("scheduler.notices.parse_status", picky)
    communication_id = await sent(bench)
    bad = status(None, "read", "wamid.other", poison=True)
    await hear(bench, status(communication_id, "delivered"), bad, status(communication_id, "read"))
    assert (await bench.one(communications)).status == "read"
    found = await bench.rows(events)
    assert sorted((row.kind, row.status) for row in found) == [
        ("status", "done"), ("status", "done"), ("status", "parked"), ("statuses", "done"),
    ]  # fmt: skip
    assert next(row for row in found if row.status == "parked").payload == bad


async def test_a_database_that_goes_away_parks_no_notice(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    communication_id = await sent(desk)
    await desk.mail(None, "read", kind="status", **status(communication_id, "read"))
    cut = DBAPIError("update", {}, asyncpg.AdminShutdownError("terminating connection"))

    def away(payload: dict[str, Any]) -> Any:
        raise cut

    with monkeypatch.context() as patch:
        patch.setattr("scheduler.notices.parse_status", away)
        with pytest.raises(DBAPIError):
            await desk.notices().run_once()
    assert await desk.notices().run_once() == 1
    assert (await desk.one(communications)).status == "read"


# --- Told while the delivery is under way ---------------------------------------------------------------------------


class Hearing(Script):
    """Meta's word comes by webhook before its answer is written down."""

    def __init__(self, bench: Bench, told: dict[str, Any], *plan: Any) -> None:
        super().__init__(list(plan))
        self.bench, self.told = bench, told

    async def carry(self, job: Any) -> Any:
        if not self.carried:
            await hear(self.bench, self.told)
        return await super().carry(job)


async def settle(bench: Bench) -> None:
    while await bench.notices().run_once():
        pass


async def test_a_failure_quicker_than_our_own_record_counts(desk: Bench) -> None:
    communication_id = await desk.message(await desk.person())
    await go(desk.deliveries({KIND: Hearing(desk, failed(communication_id, 131026))}))
    await settle(desk)
    row = await desk.one(communications)
    assert (row.status, row.error_code, row.error_message) == ("failed", "131026", "why")
    assert [line.kind for line in await desk.rows(staff_notices)] == ["delivery.failed"]
    assert (await desk.one(contacts)).unreachable_at is not None


async def test_a_window_that_closed_while_it_was_sent_gets_the_template_once(bench: Bench) -> None:
    bench.shop = replace(bench.shop, templates=HELLO)
    communication_id = await bench.message(await bench.person())
    await go(bench.deliveries({KIND: Hearing(bench, failed(communication_id, 131047))}))
    await settle(bench)
    (row,) = await bench.rows(outbox)
    assert row.payload["message"]["type"] == "template"


async def test_a_refused_try_told_by_webhook_too_is_not_the_next_ones_failure(desk: Bench) -> None:
    """Meta refuses the first try, tells so by webhook as well, and takes the second."""
    communication_id = await desk.message(await desk.person())
    told = {**failed(communication_id, 131056), "id": "wamid.of.the.first"}
    deliveries = desk.deliveries({KIND: Hearing(desk, told, PairLimited("131056"))})
    await go(deliveries)
    desk.clock.forward(timedelta(minutes=1))
    await go(deliveries)
    await settle(desk)
    row = await desk.one(communications)
    assert (row.status, row.provider_message_id) == ("sent", "wamid.2")
    assert await desk.rows(staff_notices) == []


# --- Numbers and accounts that Meta closes --------------------------------------------------------------------------


@pytest.mark.parametrize("code", [131042, 131031, 368, 131048])
async def test_a_number_that_is_dead_by_webhook_is_stopped_and_told_of_once(desk: Bench, code: int) -> None:
    """Meta takes each message, and fails it afterwards."""
    for _ in range(3):
        now = str(int(desk.clock.now().timestamp()))
        await hear(desk, {**failed(await sent(desk), code), "timestamp": now})
    number = await desk.one(channel_numbers)
    assert (number.status, number.stopped_reason) == ("stopped", f"{code}: told by webhook")
    stops = await desk.rows(staff_notices, kind="channel.stopped")
    assert [line.severity for line in stops] == ["critical"]


@pytest.mark.parametrize("errors", [[], [{"title": "no code"}], [{"code": "?"}], [{"code": 131026}]])
async def test_a_failure_without_a_code_that_says_so_stops_no_number(desk: Bench, errors: list[Any]) -> None:
    now = str(int(desk.clock.now().timestamp()))
    await hear(desk, {**status(await sent(desk), "failed", errors=errors), "timestamp": now})
    assert (await desk.one(communications)).status == "failed"
    assert (await desk.one(channel_numbers)).status == "active"


async def test_word_of_long_ago_stops_no_number(desk: Bench) -> None:
    then = str(int(desk.clock.now().timestamp()) - 3600)
    await hear(desk, {**failed(await sent(desk), 131042), "timestamp": then})
    assert (await desk.one(channel_numbers)).status == "active"
    assert [line.kind for line in await desk.rows(staff_notices)] == ["delivery.failed"]


@pytest.mark.parametrize(
    ("field", "payload", "severity"),
    [
        ("account_update", {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, "critical"),
        ("account_update", {"event": "ACCOUNT_RESTRICTION", "restriction_info": []}, "critical"),
        ("account_update", {"event": "VERIFIED_ACCOUNT"}, "info"),
        ("account_alerts", {"entity_type": "WABA", "alert_severity": "CRITICAL", "alert_type": "X"}, "critical"),
        ("account_alerts", {"entity_type": "WABA", "alert_severity": "WARNING", "alert_type": "X"}, "warning"),
        ("phone_number_quality_update", {"event": "DOWNGRADE", "display_phone_number": "1"}, "warning"),
        ("phone_number_quality_update", {"event": "UPGRADE", "display_phone_number": "1"}, "info"),
    ],
)
async def test_what_closes_the_business_is_told_as_loudly_as_that(
    desk: Bench, field: str, payload: dict[str, Any], severity: str
) -> None:
    await hear(desk, payload, kind=f"notice:{field}")
    assert [line.severity for line in await desk.rows(staff_notices)] == [severity]
