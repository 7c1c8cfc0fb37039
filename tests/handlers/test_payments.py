"""Money that comes in: every written outcome, told twice, late, short, over, to the wrong place."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from storage.tables.members import payment_intents, payments
from storage.unit_of_work import Database
from tests.counter import Counter, counter
from tests.handlers.ledger import DUE, books, names, rows, status


async def test_settled(payer: Counter) -> None:
    charge = await payer.charge()
    pix = payer.pix(DUE)
    (paid,) = await payer.state(charge["intent_id"], [pix])
    assert (paid.name, paid.keep) == ("paid", {"amount": DUE})
    assert await status(payer) == "paid"
    assert await books(payer) == ([("settled", DUE)], [])
    assert [notice["severity"] for notice in payer.noticed("pix_settled")] == ["info"]
    assert (await rows(payer, payment_intents))[0].status == "succeeded"


async def test_told_again_changes_nothing(payer: Counter) -> None:
    charge = await payer.charge()
    pix = payer.pix(DUE)
    await payer.state(charge["intent_id"], [pix])
    for _ in range(3):
        assert await payer.state(charge["intent_id"], [pix]) == []
    assert await books(payer) == ([("settled", DUE)], [])
    assert len(payer.noticed("pix_settled")) == 1


async def test_two_workers_told_at_once_settle_once(payer: Counter) -> None:
    charge = await payer.charge()
    pix = payer.pix(DUE)
    found = await asyncio.gather(*(payer.state(charge["intent_id"], [pix]) for _ in range(3)))
    assert sorted(names(outcomes) for outcomes in found) == [[], [], ["paid"]]
    assert await books(payer) == ([("settled", DUE)], [])


async def test_late_but_still_open_is_settled(payer: Counter) -> None:
    charge = await payer.charge()
    payer.forward(hours=3)
    assert names(await payer.state(charge["intent_id"], [])) == []
    assert (await rows(payer, payment_intents))[0].status == "expired"
    assert names(await payer.state(charge["intent_id"], [payer.pix(DUE)])) == ["paid"]
    assert await books(payer) == ([("late", DUE)], [])
    assert len(payer.noticed("pix_late")) == 1


@pytest.mark.parametrize("way", ["cancel", "expire"])
async def test_late_after_the_registration_was_closed_goes_back(payer: Counter, way: str) -> None:
    charge = await payer.charge()
    if way == "cancel":
        await payer.did("registrations.cancel", reason="")
    else:
        payer.forward(days=8)
        assert names(await payer.hear("registration.expired")) == ["registration_expired"]
    closed = await status(payer)
    assert await payer.state(charge["intent_id"], [payer.pix(DUE)]) == []
    assert await books(payer) == ([("late", DUE)], [DUE])
    assert await status(payer) == closed
    assert len(payer.asked("pix.refund")) == 1


async def test_short_is_kept_and_the_rest_is_charged(payer: Counter) -> None:
    charge = await payer.charge()
    (short,) = await payer.state(charge["intent_id"], [payer.pix(4000)])
    assert (short.name, short.keep) == ("short", {"missing": 7000})
    assert await status(payer) == "payment_pending"
    rest = await payer.charge()
    assert rest["amount"] == 7000
    assert names(await payer.state(rest["intent_id"], [payer.pix(7000)])) == ["paid"]
    assert await books(payer) == ([("partial", 4000), ("settled", 7000)], [])
    assert [row.status for row in await rows(payer, payment_intents)] == ["canceled", "succeeded"]


async def test_short_and_then_the_old_charge_in_full(payer: Counter) -> None:
    charge = await payer.charge()
    part = payer.pix(4000)
    await payer.state(charge["intent_id"], [part])
    await payer.charge()
    payer.forward(minutes=1)
    assert names(await payer.state(charge["intent_id"], [part, payer.pix(DUE)])) == ["paid"]
    assert await books(payer) == ([("partial", 4000), ("excess", DUE)], [4000])


async def test_excess_is_settled_and_the_difference_goes_back(payer: Counter) -> None:
    charge = await payer.charge()
    assert names(await payer.state(charge["intent_id"], [payer.pix(DUE + 250)])) == ["paid"]
    assert await books(payer) == ([("excess", DUE + 250)], [250])
    assert len(payer.noticed("pix_excess")) == 1


async def test_what_the_bank_sent_back_early_and_what_we_send_back_add_up(payer: Counter) -> None:
    charge = await payer.charge()
    pix = payer.pix(DUE + 1000, refunded=400)
    assert names(await payer.state(charge["intent_id"], [pix])) == ["paid"]
    assert (await books(payer))[1] == [600]
    assert await payer.state(charge["intent_id"], [{**pix, "refunded": 400}]) == []
    assert names(await payer.state(charge["intent_id"], [{**pix, "refunded": 1000}])) == ["refund_sent"]
    assert [row.refunded for row in await rows(payer, payments)] == [1000]
    assert payer.noticed("pix_taken_back") == []


async def test_second_payment_of_the_same_charge_goes_back_whole(payer: Counter) -> None:
    charge = await payer.charge()
    first, second = payer.pix(DUE), payer.pix(DUE)
    await payer.state(charge["intent_id"], [first])
    assert await payer.state(charge["intent_id"], [first, second]) == []
    assert await books(payer) == ([("settled", DUE), ("duplicate", DUE)], [DUE])
    assert [notice["severity"] for notice in payer.noticed("pix_duplicate")] == ["warning"]


async def test_both_codes_paid(payer: Counter) -> None:
    first = await payer.charge()
    await payer.do("payments.renew")
    second = dict((await payer.banked()).keep)
    assert names(await payer.state(second["intent_id"], [payer.pix(DUE)])) == ["paid"]
    assert await payer.state(first["intent_id"], [payer.pix(DUE)]) == []
    assert await books(payer) == ([("settled", DUE), ("duplicate", DUE)], [DUE])


async def test_replaced_code_paid_withdraws_the_new_one(payer: Counter) -> None:
    first = await payer.charge()
    await payer.do("payments.renew")
    second = dict((await payer.banked()).keep)
    assert names(await payer.state(first["intent_id"], [payer.pix(DUE)])) == ["paid"]
    assert payer.asked("pix.cancel")[-1]["intent_id"] == second["intent_id"]
    assert [row.status for row in await rows(payer, payment_intents)] == ["succeeded", "canceled"]


async def test_payment_after_approval_goes_back(ana: Counter) -> None:
    assert (await ana.join()).name == "approved"
    intent_id = ana.asked("pix.create")[0]["intent_id"]
    assert await ana.state(intent_id, [ana.pix(DUE)]) == []
    assert await books(ana) == ([("settled", DUE), ("duplicate", DUE)], [DUE])


@pytest.mark.parametrize(
    ("changes", "differs"),
    [({"amount": 1}, "amount"), ({"txid": "other"}, "txid"), ({"our_key": "ours@example.com"}, "key")],
)
async def test_answer_about_another_charge_is_ignored_and_reported(
    payer: Counter, changes: dict[str, Any], differs: str
) -> None:
    charge = await payer.charge()
    assert await payer.state(charge["intent_id"], [payer.pix(DUE)], **changes) == []
    (notice,) = payer.noticed("pix_mismatch")
    assert (notice["severity"], notice["detail"]["differs"]) == ("critical", differs)
    assert await books(payer) == ([], [])
    told = await payer.state(charge["intent_id"], [payer.pix(DUE)], asked=True, **changes)
    assert names(told) == ["still_unpaid"]


async def test_pix_to_a_foreign_key_is_ignored_and_reported(payer: Counter) -> None:
    charge = await payer.charge()
    assert await payer.state(charge["intent_id"], [payer.pix(DUE, key="thief@example.com")]) == []
    assert [notice["severity"] for notice in payer.noticed("pix_not_ours")] == ["critical"]
    assert await status(payer) == "payment_pending"


async def test_one_pix_never_pays_two_registrations(database: Database, payer: Counter) -> None:
    charge = await payer.charge()
    pix = payer.pix(DUE)
    await payer.state(charge["intent_id"], [pix])
    neighbour = await counter(database, payer.organization)
    await neighbour.choose("52998224725")
    other = await neighbour.charge()
    assert await neighbour.state(other["intent_id"], [pix]) == []
    assert [notice["severity"] for notice in neighbour.noticed("pix_claimed_twice")] == ["critical"]
    assert await status(neighbour) == "payment_pending"


async def test_static_pix_waits_for_staff_and_is_confirmed_once(payer: Counter) -> None:
    charge = await payer.charge()
    told = await payer.state(charge["intent_id"], [], asked=True, amount=0, confirms=False)
    assert names(told) == ["awaiting_staff"]
    assert [notice["severity"] for notice in payer.noticed("pix_awaiting_staff")] == ["warning"]
    user_id = str(uuid.uuid4())
    assert names(await payer.hear("pix.confirmed", intent_id=charge["intent_id"], user_id=user_id)) == ["paid"]
    assert await payer.hear("pix.confirmed", intent_id=charge["intent_id"], user_id=user_id) == []
    (payment,) = await rows(payer, payments)
    assert payment.end_to_end_id.startswith("manual-")
    assert str(payment.confirmed_by) == user_id


async def test_what_was_paid_by_hand_is_given_back_by_hand(payer: Counter) -> None:
    charge = await payer.charge()
    await payer.hear("pix.confirmed", intent_id=charge["intent_id"], user_id=None, amount=DUE + 100)
    assert payer.asked("pix.refund") == []
    assert [notice["detail"]["amount"] for notice in payer.noticed("refund_by_hand")] == [100]
