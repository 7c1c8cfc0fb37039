"""From "oi" to the card, on both databases: what is said, what it costs in messages, and what is left in the books."""

from __future__ import annotations

import hashlib

import aiohttp
import orjson

from tests.town import CPF, Person, Stage

MOST_MESSAGES = 20
"""The aim of the product: from "oi" to the card with one dependant, the signed copy included."""


async def with_a_child(person: Person) -> None:
    await person.reach("family")
    await person.say("Maria Souza")
    await person.tap("Filho(a)")
    await person.say("10/10/2020")
    await person.tap("Pular")
    person.place += 1


async def page(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_from_oi_to_the_card(both: Stage) -> None:
    ana = both.person()
    await with_a_child(ana)
    told = await ana.reach("welcome")

    assert "Bem-vindo(a), Ana!" in told
    assert "CT-00000001" in told
    assert "Aqui está sua via do contrato assinado" in told
    assert len(ana.received) == MOST_MESSAGES, [bubble.text[:40] for bubble in ana.received]
    await the_card_is_valid(both, ana)
    await the_books_are_right(both, ana)
    await the_contract_is_the_one_that_was_read(both, ana)
    assert both.town.bank.refunds == {}
    assert await both.notices() == ["pix_settled", "contract_signed", "member_approved"]


async def the_card_is_valid(stage: Stage, ana: Person) -> None:
    [customer] = await stage.rows("customers")
    welcome = next(bubble for bubble in ana.received if "Bem-vindo" in bubble.text)
    media = stage.town.meta.media[welcome.media_id or ""]
    url = next(line for line in welcome.text.splitlines() if "/cards/" in line)
    status, html = await page(url)

    assert customer.membership_number == "CT-00000001"
    assert customer.valid_until.isoformat() == "2027-11-23"
    assert (media.mime_type, media.content[:4]) == ("image/png", b"\x89PNG")
    assert status == 200
    assert "Ana" in html
    assert "Paula" not in html
    assert "Souza" not in html
    assert "válid" in html.lower()


async def the_books_are_right(stage: Stage, ana: Person) -> None:
    [draft] = await stage.rows("registration_sessions")
    [customer] = await stage.rows("customers")
    [child] = await stage.rows("dependents")
    [address] = await stage.rows("addresses")
    [payment] = await stage.rows("payments")
    consents = {row.consent_type: row for row in await stage.rows("consents")}

    assert (draft.status, draft.customer_id) == ("approved", customer.id)
    assert (customer.full_name, customer.email, customer.phone) == (
        "Ana Paula Souza",
        "ana@gmail.com",
        "+5511987654321",
    )
    assert (child.full_name, child.relationship, child.customer_id) == ("Maria Souza", "child", customer.id)
    assert (address.cep, address.number, address.complement) == ("01001000", "100", "apto 12")
    assert (payment.amount, payment.outcome) == (9980, "settled")
    assert set(consents) == {"terms", "privacy", "signature_method"}
    assert all(row.granted and row.customer_id == customer.id for row in consents.values())
    assert all(row.version == "1.0" and row.evidence["wamid"] for row in consents.values())
    assert CPF not in await stage.everything()
    assert CPF.replace(".", "").replace("-", "") not in await stage.everything()


async def the_contract_is_the_one_that_was_read(stage: Stage, ana: Person) -> None:
    """The PDF in the chat has the hash that was signed; the signed copy is another document."""
    [signature] = await stage.rows("contract_signatures")
    shown = next(bubble for bubble in ana.received if "Li e quero assinar" in bubble.answers.values())
    copy = next(bubble for bubble in ana.received if bubble.type == "document")
    pdf, signed = (stage.town.meta.media[bubble.media_id or ""] for bubble in (shown, copy))
    [organization] = await stage.rows("organizations")
    vault = stage.town.balcao.vault.sealer(organization.id, organization.data_key)
    evidence = orjson.loads(vault.open(signature.evidence_sealed, "contract_signatures.evidence_sealed"))

    assert pdf.mime_type == signed.mime_type == "application/pdf"
    assert hashlib.sha256(pdf.content).hexdigest() == signature.document_hash
    assert signature.document_hash[:8] in shown.text
    assert signed.content != pdf.content
    assert signed.content.startswith(b"%PDF")
    assert evidence["document"]["sha256"] == signature.document_hash
    assert evidence["signer"]["wa_id"] == "5511987654321"
    assert {consent["kind"] for consent in evidence["consents"]} == {"terms", "privacy", "signature_method"}


async def test_a_member_sees_card_and_benefits_and_no_sign_up(stage: Stage, ana: Person) -> None:
    greeted = await ana.reach("member")
    assert "Você é membro do plano *Aurora Família*" in greeted
    assert ana.offers() == ["Minha carteirinha", "Meus benefícios", "Cadastrar outra pessoa", "Falar com a equipe"]

    card = await ana.tap("Minha carteirinha")
    assert "Link: http" in card
    assert "https://wa.me/?text=" in card
    assert ana.last.media_id is not None
    await ana.tap("Voltar ao menu")
    assert "Consultas médicas" in await ana.tap("Meus benefícios")


async def test_offers_are_only_consented_to_by_saying_so(stage: Stage, ana: Person) -> None:
    await ana.reach("welcome")
    await ana.tap("Sim, quero")
    berta = stage.person("5511987650000", "Berta", email="berta@gmail.com", cpf="123.456.789-09")
    await berta.reach("welcome")
    await berta.say("obrigada!")

    wishes = [row for row in await stage.rows("consents") if row.consent_type == "marketing"]
    assert [row.granted for row in wishes] == [True]
    assert [row.membership_number for row in await stage.rows("customers")] == ["CT-00000001", "CT-00000002"]


async def test_every_step_is_recorded_with_its_time(stage: Stage, ana: Person) -> None:
    await ana.reach("cpf")

    steps = [(row.dialogue, row.state, row.outcome) for row in await stage.rows("journey_steps")]
    assert ("signup", "full_name", "named") in steps
    named = next(row for row in await stage.rows("journey_steps") if row.state == "full_name")
    assert (named.left_at - named.entered_at) == ana.pace
