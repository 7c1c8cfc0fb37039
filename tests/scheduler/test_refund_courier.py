"""A refund the bank would take from nobody is tried again until somebody put the credentials right."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from handlers.ports import ChannelStopped, Refused
from scheduler.couriers.pix import REFUSED_WAIT, RefundPayment
from storage.tables.queues import events, outbox
from tests.scheduler.bench import Bench
from tests.scheduler.test_deliveries import go

PAYLOAD = {"refund_id": "r", "end_to_end_id": "E1", "provider_refund_id": "D1", "amount": 100, "reason": "x"}


class Bank:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def refund(self, *_: Any) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return SimpleNamespace(status="DEVOLVIDO")


async def test_a_bank_that_refuses_us_is_asked_again_after_hours(desk: Bench) -> None:
    person = await desk.person()
    await desk.errand(person, "pix.refund", payload=PAYLOAD)
    bank = Bank(ChannelStopped("401", "credentials"), ChannelStopped("403", "certificate"))
    deliveries = desk.deliveries({"pix.refund": RefundPayment(bank)})  # type: ignore[arg-type]
    for _ in range(2):
        await go(deliveries)
        row = await desk.one(outbox)
        assert (row.status, row.due_at) == ("queued", desk.clock.now() + REFUSED_WAIT)
        desk.clock.forward(REFUSED_WAIT)
    await go(deliveries)
    assert await desk.rows(outbox) == []
    assert (await desk.one(events)).payload == {"refund_id": "r", "status": "DEVOLVIDO"}


async def test_the_tries_last_over_a_weekend_and_a_no_is_a_no(desk: Bench) -> None:
    bank = Bank(Refused("422", "no balance"))
    assert REFUSED_WAIT * (RefundPayment(bank).tries - 1) >= timedelta(hours=48)  # type: ignore[arg-type]
    await desk.errand(await desk.person(), "pix.refund", payload=PAYLOAD)
    await go(desk.deliveries({"pix.refund": RefundPayment(bank)}))  # type: ignore[arg-type]
    assert (await desk.one(outbox)).status == "dead"
    assert (await desk.one(events)).payload == {"refund_id": "r", "status": "failed"}
