"""Mail refuses or is away while somebody waits for a code; the CEP service answers nonsense."""

from __future__ import annotations

from typing import Any

import pytest

from bot.simulator import cep
from handlers.ports import ChannelStopped, OutcomeUnknown, Refused, TryLater
from tests.town import Person, Stage


@pytest.mark.parametrize("error", [Refused("550"), ChannelStopped("535"), OutcomeUnknown("cut"), TryLater("451")])
async def test_a_code_that_no_mail_server_takes(
    stage: Stage, ana: Person, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Told, with the ways that are left, however the server says no; a later code comes through."""
    await ana.reach("email")

    async def refuse(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(type(ana.town.mailbox), "send", refuse)
        told = await ana.say(ana.email)
        for _ in range(5):
            told += await ana.wait(seconds=50)
    assert "Não consegui enviar o código por e-mail" in told
    assert {"Reenviar código", "Corrigir e-mail"} <= set(ana.offers())
    [line] = [row for row in await stage.rows("staff_notices") if row.kind == "delivery.dead"]
    [contact] = await stage.rows("contacts")
    assert line.contact_id == contact.id
    assert "Enviei um código" in await ana.tap("Reenviar código")
    assert "Confirmado" in await ana.say(ana.code())


async def test_a_code_that_expired_on_the_way_is_not_sent(stage: Stage, ana: Person) -> None:
    """Mail is away for longer than a code lives: the old one never comes, and the person knows."""
    await ana.reach("email")
    ana.town.mailbox.down = True
    await ana.say(ana.email)
    told = await ana.wait(minutes=6)
    ana.town.mailbox.down = False
    told += await ana.wait(minutes=5)

    assert ana.town.mailbox.inbox(ana.email) == []
    assert "Não consegui enviar o código por e-mail" in told
    assert await stage.rows("outbox") == []


async def test_a_cep_service_that_answers_nonsense(ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await ana.reach("cep")
    monkeypatch.setattr(cep, "_viacep_shape", lambda *_: {"logradouro": "Rua de ninguém"})
    told = await ana.say("01310-100")
    told += await ana.wait(minutes=1)

    assert "fora do ar" in told
    assert "fora do ar" not in await ana.say("Rua Augusta")
