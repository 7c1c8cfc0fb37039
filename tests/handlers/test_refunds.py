"""Money that goes back."""

from __future__ import annotations

from typing import Any

from handlers.payments.sweep import due_checks
from storage.tables.members import payment_intents, payments, refunds
from tests.counter import Counter
from tests.handlers.ledger import DUE, books, names, rows, status


async def duplicate(payer: Counter) -> dict[str, Any]:
    """A refund under way."""
    charge = await payer.charge()
    await payer.state(charge["intent_id"], [payer.pix(DUE), payer.pix(DUE)])
    (asked,) = payer.asked("pix.refund")
    return asked


async def test_refund_is_told_once_in_whatever_order_it_comes(payer: Counter) -> None:
    asked = await duplicate(payer)
    assert len(asked["provider_refund_id"]) <= 35
    assert await payer.hear("pix.refunded", refund_id=asked["refund_id"], status="EM_PROCESSAMENTO") == []
    (told,) = await payer.hear("pix.refunded", refund_id=asked["refund_id"], status="DEVOLVIDO")
    assert (told.name, told.note, told.values) == ("refund_sent", "refund-sent", {"amount": DUE})
    for again in ("DEVOLVIDO", "EM_PROCESSAMENTO", "NAO_REALIZADO"):
        assert await payer.hear("pix.refunded", refund_id=asked["refund_id"], status=again) == []
    assert [row.refunded for row in await rows(payer, payments)] == [0, DUE]
    assert (await rows(payer, refunds))[0].status == "refunded"


async def test_refund_that_fails_is_for_staff(payer: Counter) -> None:
    asked = await duplicate(payer)
    assert await payer.hear("pix.refunded", refund_id=asked["refund_id"], status="NAO_REALIZADO") == []
    assert [notice["severity"] for notice in payer.noticed("refund_failed")] == ["critical"]
    assert [row.refunded for row in await rows(payer, payments)] == [0, 0]


async def test_refund_seen_in_the_charge_itself(payer: Counter) -> None:
    charge = await payer.charge()
    first, second = payer.pix(DUE, "E1"), payer.pix(DUE, "E2")
    await payer.state(charge["intent_id"], [first, second])
    second["refunded"] = DUE
    assert names(await payer.state(charge["intent_id"], [first, second])) == ["refund_sent"]
    assert await payer.state(charge["intent_id"], [first, second]) == []
    assert payer.noticed("pix_taken_back") == []


async def test_money_the_bank_took_back_is_for_staff(payer: Counter) -> None:
    charge = await payer.charge()
    pix = payer.pix(DUE)
    await payer.state(charge["intent_id"], [pix])
    pix["refunded"] = DUE
    for _ in range(2):
        assert await payer.state(charge["intent_id"], [pix]) == []
    assert [notice["severity"] for notice in payer.noticed("pix_taken_back")] == ["critical"]
    assert [row.refunded for row in await rows(payer, payments)] == [DUE]


async def test_giving_up_after_paying_returns_everything_once(payer: Counter) -> None:
    charge = await payer.charge()
    await payer.state(charge["intent_id"], [payer.pix(DUE + 250)])
    await payer.did("registrations.cancel", reason="regret")
    await payer.did("registrations.cancel", reason="regret")
    assert await status(payer) == "canceled"
    assert (await books(payer))[1] == [250, DUE]
    assert len({item["provider_refund_id"] for item in payer.asked("pix.refund")}) == 2
    assert [notice["detail"]["amount"] for notice in payer.noticed("money_returned")] == [DUE]


async def test_part_that_was_paid_goes_back_when_the_draft_expires(payer: Counter) -> None:
    charge = await payer.charge()
    await payer.state(charge["intent_id"], [payer.pix(4000)])
    payer.forward(days=8)
    await payer.hear("registration.expired")
    assert (await books(payer))[1] == [4000]


async def test_cheaper_plan_after_a_part_is_settled_with_change(payer: Counter) -> None:
    charge = await payer.charge()
    await payer.state(charge["intent_id"], [payer.pix(4000)])
    await payer.accept(1)
    assert (await payer.did("payments.charge")).name == "nothing_due"
    assert (await books(payer))[1] == [4000]


async def test_sweep_follows_refunds_under_way(payer: Counter) -> None:
    asked = await duplicate(payer)
    payer.forward(minutes=6)
    assert await payer.database.run(lambda tx: due_checks(tx, payer.now), org=None) == []
    await payer.hear("pix.refunded", refund_id=asked["refund_id"], status="EM_PROCESSAMENTO")
    (found,) = await payer.database.run(lambda tx: due_checks(tx, payer.now), org=None)
    assert found.txid == payer.asked("pix.create")[0]["txid"]
    assert {row.status for row in await rows(payer, payment_intents)} == {"succeeded"}


async def test_refund_ids_stay_within_the_banks_limit(payer: Counter) -> None:
    asked = await duplicate(payer)
    assert asked["provider_refund_id"].isalnum()
