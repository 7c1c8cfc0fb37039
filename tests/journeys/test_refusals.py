"""What the outside refuses, and people who take a consent back: nobody is left waiting."""

from __future__ import annotations

import pytest

from bot.gateways.documents.press import Press
from bot.gateways.whatsapp import DEFAULT_TIMEOUT, UPLOAD_TIMEOUT
from handlers.ports import CardSheet, Refused
from scheduler.deliveries import LEASE
from tests.town import Person, Stage


async def test_where_the_pix_bubble_is_refused_the_plain_form_comes(stage: Stage, ana: Person) -> None:
    await ana.reach("offer")
    stage.town.meta.faults.fail_next = [2040]
    told = await ana.tap("Aceito e quero")

    assert "Pix Copia e Cola" in told
    assert next(iter(stage.town.bank.charges.values())).br_code in told
    assert stage.town.meta.refusals.pop()[0] == 2040


async def test_without_a_picture_the_member_is_welcomed_all_the_same(
    stage: Stage, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def torn(self: Press, sheet: CardSheet) -> bytes:
        raise Refused("document.card")

    monkeypatch.setattr(Press, "card", torn)
    await ana.reach("signing")
    told = await ana.say(ana.code())

    assert "Sua carteirinha CT-00000001 já está valendo" in told
    assert "Já avisei a equipe" in await ana.tap("Agora não") + await ana.tap("Minha carteirinha")


async def test_parar_takes_the_consent_to_offers_back(stage: Stage, ana: Person) -> None:
    await ana.reach("signing")
    await ana.say(ana.code())
    await ana.tap("Sim, quero")
    assert "nem ofertas" in await ana.say("parar")

    given = [row for row in await stage.rows("consents") if row.consent_type == "marketing" and row.granted]
    assert given
    assert all(row.revoked_at is not None for row in given)
    assert (await stage.rows("contacts"))[0].marketing_stopped_at is not None


def test_a_lease_outlives_an_upload_and_the_send_after_it() -> None:
    """Else a slow send would be taken for a dead one and made twice."""
    assert UPLOAD_TIMEOUT.total is not None
    assert DEFAULT_TIMEOUT.total is not None
    assert LEASE.total_seconds() > UPLOAD_TIMEOUT.total + DEFAULT_TIMEOUT.total
