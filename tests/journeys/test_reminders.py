"""Who leaves half way is reminded twice at most, never against their wish, and is forgotten after seven days."""

from __future__ import annotations

from tests.town import Person, Stage


async def test_after_a_quarter_of_an_hour_and_after_twenty_hours_and_no_more(ana: Person) -> None:
    await ana.reach("email")

    assert await ana.wait(minutes=14) == ""
    first = await ana.wait(minutes=1)
    assert "ficou pela metade" in first
    assert "faltam 5 passos" in first
    assert ana.offers() == ["Continuar", "Não me lembre mais"]
    assert await ana.wait(hours=19, minutes=44) == ""
    assert "Guardei seu cadastro" in await ana.wait(minutes=1)
    for _ in range(10):
        assert await ana.wait(hours=13) == ""


async def test_the_reminder_leads_back(ana: Person) -> None:
    await ana.reach("email")
    await ana.wait(minutes=15)

    assert "Qual é o seu *e-mail*" in await ana.tap("Continuar")
    assert "Enviei um código" in await ana.say(ana.email)


async def test_an_answer_starts_the_count_anew(ana: Person) -> None:
    await ana.reach("email")
    await ana.wait(minutes=14)
    await ana.say(ana.email)

    assert await ana.wait(minutes=14) == ""
    assert "ficou pela metade" in await ana.wait(minutes=1)


async def test_stop_means_stop(stage: Stage, ana: Person) -> None:
    await ana.reach("email")
    await ana.wait(minutes=15)

    assert "não mando mais lembretes" in await ana.tap("Não me lembre mais")
    assert await ana.wait(hours=20) == ""
    await ana.say("oi")
    assert await ana.wait(hours=20) == ""
    [contact] = await stage.rows("contacts")
    assert contact.reminders_stopped_at is not None


async def test_nobody_is_reminded_who_left_nothing_half_way(ana: Person) -> None:
    await ana.say("oi")
    assert await ana.wait(hours=20) == ""
    ana.place = 1
    await ana.reach("welcome")
    assert await ana.wait(hours=23) == ""


async def test_nobody_is_reminded_while_a_person_talks_to_them(ana: Person) -> None:
    await ana.reach("cpf")
    await ana.say("atendente")

    assert await ana.wait(hours=20) == ""


async def test_a_reminder_that_is_late_for_the_window_is_dropped(ana: Person) -> None:
    """The worker slept for two days: no reminder now, and none that waits to be sent beside the next answer."""
    await ana.reach("email")
    assert await ana.wait(days=2) == ""

    told = await ana.say(ana.email)
    assert "Enviei um código" in told
    assert "---" not in told


async def test_after_seven_days_the_draft_is_erased(stage: Stage, ana: Person) -> None:
    await ana.reach("paying")
    charge = ana.charge()
    await ana.wait(days=6, hours=23)
    [draft] = await stage.rows("registration_sessions")
    assert draft.status == "payment_pending"

    await ana.wait(hours=2)
    [draft] = await stage.rows("registration_sessions")
    assert draft.status == "expired"
    assert (draft.full_name, draft.cpf_hash, draft.cpf_sealed, draft.email, draft.address) == (None,) * 5
    [talk] = await stage.rows("conversations")
    assert "Souza" not in str(tuple(talk))
    assert charge.status != "CONCLUIDA"
    assert "Como posso ajudar?" in await ana.say("oi")
    assert "nome completo" in await ana.tap("Quero fazer parte")
    assert [row.status for row in await stage.rows("registration_sessions")] == ["expired", "started"]


async def test_who_paid_is_not_forgotten(stage: Stage, ana: Person) -> None:
    await ana.reach("contract")
    await ana.wait(days=30)

    [draft] = await stage.rows("registration_sessions")
    assert draft.status == "paid"
    assert "Ana" in await ana.say("oi")
    ana.place = 14
    assert "CT-00000001" in await ana.reach("welcome")
