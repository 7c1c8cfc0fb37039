"""Who is who: no phone, another phone, both forms of a number, and a number that now belongs to somebody else."""

from __future__ import annotations

from typing import Any

from tests.town import Stage


async def test_somebody_without_a_phone_number_goes_all_the_way(stage: Stage) -> None:
    person = stage.person(None, "Nina", bsuid="BR.90000000000000001", username="nina.souza")
    told = await person.reach("welcome")

    assert "CT-00000001" in told
    [contact] = await stage.rows("contacts")
    assert (contact.wa_id, contact.phone_e164, contact.username) == (None, None, "nina.souza")
    [customer] = await stage.rows("customers")
    assert customer.phone is None


async def test_both_forms_of_the_ninth_digit_are_one_person(stage: Stage) -> None:
    """WhatsApp may come to know an account under its other form; who wrote is still known by what they were called."""
    ana = stage.person("553187654321", bsuid="BR.90000000000000002")
    await ana.reach("cpf")
    ana.phone.wa_id = "5531987654321"
    stage.town.meta.chats[ana.phone.key] = stage.town.meta.chats.pop("553187654321")

    assert "data de nascimento" in await ana.say(ana.cpf)
    assert len(await stage.rows("contacts")) == 1


async def test_a_new_phone_number_keeps_the_conversation(stage: Stage) -> None:
    ana = stage.person("5511987654321", bsuid="BR.90000000000000003")
    await ana.reach("cpf")
    change = {"body": "Ana mudou de número", "wa_id": "5511912345678", "type": "user_changed_number"}
    assert await ana.send({"type": "system", "system": change}) == ""
    ana.phone.wa_id = "5511912345678"
    stage.town.meta.chats[ana.phone.key] = stage.town.meta.chats.pop("5511987654321")

    assert "data de nascimento" in await ana.say(ana.cpf)
    [contact] = await stage.rows("contacts")
    assert contact.wa_id == "5511912345678"


async def test_a_recycled_number_is_a_new_person_who_sees_nothing(stage: Stage) -> None:
    ana = stage.person("5511987654321", bsuid="BR.90000000000000004")
    await ana.reach("member")
    stage.town.meta.state.people.remove(ana.phone)
    heir = stage.person("5511987654321", "Outra Pessoa", bsuid="BR.90000000000000005")
    heir.seen = len(ana.received)
    told = await heir.say("oi")

    assert "Como posso ajudar?" in told
    assert "Ana" not in told
    assert "Minha carteirinha" not in heir.offers()
    assert len(await stage.rows("contacts")) == 2
    [link] = await stage.rows("customer_contacts")
    assert link.contact_id == (await stage.rows("contacts"))[0].id


async def test_where_they_came_from_is_kept_with_the_registration(stage: Stage) -> None:
    ana = stage.person()
    told = await ana.say("Quero fazer parte [ref instagram.verao-2026]")
    assert "ref" not in told
    ana.place = 1
    if "nome completo" in told:
        ana.place = 2
    await ana.reach("cpf")

    [draft] = await stage.rows("registration_sessions")
    assert draft.utm == {"utm_source": "instagram", "utm_campaign": "verao-2026"}
    assert draft.referral is None


async def test_an_ad_that_was_clicked_is_kept_with_the_registration(stage: Stage) -> None:
    ana = stage.person()
    referral: dict[str, Any] = {
        "source_url": "https://fb.me/exemplo",
        "source_type": "ad",
        "source_id": "120000000000000001",
        "headline": "Cartão Aurora",
        "body": "Saúde para a família",
        "media_type": "image",
        "ctwa_clid": "clique-de-exemplo",
    }
    assert "Como posso ajudar?" in await ana.send({"type": "text", "text": {"body": "oi"}, "referral": referral})
    ana.place = 1
    await ana.reach("cpf")

    [draft] = await stage.rows("registration_sessions")
    assert draft.referral["source_id"] == "120000000000000001"
    assert draft.referral["ctwa_clid"] == "clique-de-exemplo"
