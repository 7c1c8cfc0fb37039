"""The bank is away, refuses us or answers nonsense: people are told and may try again, and no money is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bot.simulator.bank import shapes
from bot.simulator.bank.fake import FakeBank
from tests.town import Person, Stage

DUE = 9980


def down(bank: FakeBank) -> None:
    bank.faults.down = True


def nonsense(bank: FakeBank) -> None:
    bank.faults.nonsense = True


def lost(bank: FakeBank) -> None:
    bank.faults.lose_answers = True


def well(bank: FakeBank) -> None:
    bank.faults.down = bank.faults.nonsense = bank.faults.lose_answers = False


@pytest.mark.parametrize("trouble", [nonsense, lost])
async def test_no_charge_can_be_made(stage: Stage, ana: Person, trouble: Callable[[FakeBank], None]) -> None:
    """Told in warm words, and offered to try again; whatever the bank made of it, one payment counts."""
    await ana.reach("offer")
    trouble(ana.town.bank)
    told = await ana.tap("Aceito e quero")
    for _ in range(3):
        told += await ana.wait(minutes=5)

    assert "o banco não respondeu" in told
    assert ana.offers() == ["Tentar de novo", "Falar com a equipe"]
    assert {"pix_failed", "delivery.dead"} <= set(await stage.notices())
    well(ana.town.bank)
    assert "por Pix" in await ana.tap("Tentar de novo")
    assert "Pagamento confirmado" in await ana.pay()
    assert [row.amount for row in await stage.rows("payments")] == [DUE]


@pytest.mark.parametrize("trouble", [down, lost])
async def test_a_payment_while_nobody_can_be_asked(
    stage: Stage, ana: Person, trouble: Callable[[FakeBank], None]
) -> None:
    """Paid, the callback came, the bank does not answer: the sweep finds it, once. Staff get one line a day."""
    await ana.reach("paying")
    trouble(ana.town.bank)
    await ana.pay()
    for _ in range(8):
        assert "Pagamento confirmado" not in await ana.wait(minutes=90)

    assert await stage.notices("delivery") == []
    assert 1 <= len(await stage.notices("bank.away")) <= 2
    assert await stage.rows("outbox", status="dead") == []
    well(ana.town.bank)
    told = "".join([await ana.wait(minutes=6) for _ in range(2)])
    assert told.count("Pagamento confirmado") + len(await ana.held()) == 1
    assert [row.amount for row in await stage.rows("payments")] == [DUE]


@pytest.mark.parametrize(
    ("lie", "notice"),
    [
        ({"txid": "X" * 32}, None),
        ({"valor": {"original": "1.00"}}, "pix_mismatch"),
        ({"pix": "yes"}, None),
    ],
    ids=["txid", "amount", "pix"],
)
async def test_a_charge_that_is_not_the_one_asked_for(
    stage: Stage, ana: Person, monkeypatch: pytest.MonkeyPatch, lie: Mapping[str, Any], notice: str | None
) -> None:
    """200 and JSON, but of something else: nothing counts as paid before the bank says it properly."""
    await ana.reach("paying")
    honest = shapes.charge_json

    with monkeypatch.context() as patch:
        patch.setattr(shapes, "charge_json", lambda charge: {**honest(charge), **lie})
        told = await ana.pay()
        for _ in range(2):
            told += await ana.wait(minutes=10)
        assert "Pagamento confirmado" not in told
        assert await stage.rows("payments") == []
        kinds = await stage.notices("pix_")
        assert kinds == [] if notice is None else notice in kinds
    told = "".join([await ana.wait(minutes=6) for _ in range(3)])
    assert told.count("Pagamento confirmado") == 1
    assert [row.amount for row in await stage.rows("payments")] == [DUE]


async def test_a_token_that_dies_is_no_trouble_at_all(ana: Person) -> None:
    await ana.reach("offer")
    ana.town.bank.revoke_tokens()

    assert "por Pix" in await ana.tap("Aceito e quero")
    ana.town.bank.revoke_tokens()
    assert "Pagamento confirmado" in await ana.pay()


async def test_a_bank_that_refuses_us_is_told_once_and_found_again(
    stage: Stage, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials that were changed at the bank: no retry helps, and a day of sweeps must not bury staff in lines."""
    await ana.reach("paying")
    ana.town.bank.revoke_tokens()
    with monkeypatch.context() as patch:
        patch.setattr(type(ana.town.bank), "issue_token", lambda *_: None)
        await ana.pay()
        for _ in range(5):
            await ana.wait(minutes=6)
        assert len(await stage.notices("bank.away")) == 1
        assert await stage.notices("delivery") == []
    assert "Pagamento confirmado" in await ana.wait(minutes=6)
