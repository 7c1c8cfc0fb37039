"""The contract, its signature and the evidence of it."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import orjson
import pytest
from sqlalchemy import Row, select

from handlers.contracts import rules as contract_rules
from handlers.contracts.prepare import record_contract
from handlers.contracts.sheets import Incomplete, sheet
from handlers.contracts.sign import evidence, record_signed
from handlers.money import money
from storage.base import new_id
from storage.tables.members import (
    contract_signatures,
)
from storage.tables.queues import documents
from storage.unit_of_work import Database
from tests.counter import Counter, counter
from tests.factories import ADDRESS, CHILD_CPF, CPF, organization

DUE = 11000


async def rows(ana: Counter, table: Any) -> list[Row[Any]]:
    return list(await ana.run(lambda desk: desk.tx.all(select(table).order_by(table.c.created_at, table.c.id))))


async def rows_of_signatures(ana: Counter) -> list[Row[Any]]:
    table = contract_signatures
    return list(await ana.run(lambda desk: desk.tx.all(select(table).order_by(table.c.id))))


def test_contract_reads_as_brazilians_write() -> None:
    assert money(123450) == "R$\u00a01.234,50"
    assert contract_rules.one_line(ADDRESS) == "Praça da Sé, 10, Sé, São Paulo - SP, CEP 01001-000"
    pricing = {
        "cycle_price": 6990, "addons_total": 1990, "adhesion_fee": 0, "due_now": 0,
        "trial_days": 30,
    }  # fmt: skip
    assert contract_rules.price_lines("yearly", pricing, [{"name": "Dental", "price": 1990}]) == [
        ("Anuidade", "R$\u00a069,90"),
        ("Adicional: Dental", "R$\u00a019,90"),
        ("Período de teste", "30 dias a partir da adesão"),
        ("Primeira cobrança", "ao fim do período de teste"),
        ("Valor devido na adesão", "R$\u00a00,00"),
    ]


async def test_contract_is_rendered_once_for_the_same_data(ana: Counter) -> None:
    await ana.choose()
    ready = await ana.contract()
    assert set(ready.keep) == {"document_id", "sha256", "number"}
    ana.forward(hours=5)
    assert await ana.did("contracts.prepare") == ready
    assert len(ana.asked("document.contract")) == 1


async def test_changed_data_make_another_contract_and_the_old_one_is_not_taken(ana: Counter) -> None:
    registration_id = await ana.choose()
    await ana.do("contracts.prepare")
    old = uuid.UUID(ana.asked("document.contract")[0]["document_id"])
    await ana.do("registrations.name", full_name="Ana Exemplo")
    with pytest.raises(Incomplete):
        await ana.run(lambda desk: sheet(desk.tx, desk.organization, registration_id))
    assert await ana.do("contracts.prepare") is None
    assert await ana.run(lambda desk: record_contract(desk.tx, registration_id, old, b"old", ana.now)) is None
    assert await ana.hear("contract.ready", document_id=str(old)) == []
    ready = await ana.contract()
    assert ready.keep["document_id"] != str(old)


async def test_sheet_shows_what_was_answered(ana: Counter) -> None:
    registration_id = await ana.choose()
    person = {"full_name": "Bia Exemplo", "relationship": "child", "birth_date": "2015-01-02", "cpf": CHILD_CPF}
    await ana.did("registrations.add_dependent", **person)
    with pytest.raises(Incomplete):
        await ana.run(lambda desk: sheet(desk.tx, desk.organization, registration_id))
    ready = await ana.contract()
    shown = await ana.run(lambda desk: sheet(desk.tx, desk.organization, registration_id))
    assert (shown.party.name, shown.party.cpf, shown.number) == ("Ana Maria Exemplo", CPF, ready.keep["number"])
    assert shown.dependants[0].relationship == "Filho(a)"
    assert shown.issued_at.utcoffset() == ana.now.astimezone(ana.organization.zone).utcoffset()
    await ana.did("registrations.cancel", reason="")
    with pytest.raises(Incomplete):
        await ana.run(lambda desk: sheet(desk.tx, desk.organization, registration_id))


async def test_contract_never_signed_is_erased_with_the_draft(ana: Counter) -> None:
    await ana.choose()
    await ana.contract()
    await ana.did("registrations.cancel", reason="")
    assert await rows(ana, documents) == []


async def test_business_without_a_contract(database: Database) -> None:
    ana = await counter(database, await organization(database, contract=None))
    await ana.choose()
    assert (await ana.did("contracts.prepare")).name == "contract_missing"
    assert len(ana.noticed("contract_missing")) == 1


async def test_answer_after_the_contract_voids_it(ana: Counter) -> None:
    await ana.choose()
    first = await ana.contract()
    await ana.verify("signature", first.keep["sha256"])
    await ana.do("registrations.name", full_name="Ana Exemplo")
    assert await rows(ana, documents) == []
    assert (await ana.did("contracts.sign")).name == "unverified"
    await ana.do("registrations.name", full_name="Ana Maria Exemplo")
    assert (await ana.contract()).keep["document_id"] == first.keep["document_id"]


async def test_signing_needs_the_code_bound_to_these_bytes(ana: Counter) -> None:
    await ana.choose()
    assert (await ana.did("contracts.sign")).name == "unverified"
    old = await ana.contract()
    await ana.verify("signature", old.keep["sha256"])
    await ana.do("registrations.name", full_name="Ana Exemplo")
    await ana.contract()
    assert (await ana.did("contracts.sign")).name == "unverified"
    assert await rows_of_signatures(ana) == []


async def test_signature_is_kept_sealed_with_all_its_evidence(ana: Counter) -> None:
    await ana.choose()
    assert (await ana.sign()).name == "signed"
    assert (await ana.did("contracts.sign")).name == "signed"
    (row,) = await rows_of_signatures(ana)
    assert CPF.encode() not in row.evidence_sealed
    proof = ana.organization.sealer.open(row.evidence_sealed, "contract_signatures.evidence_sealed")
    code = orjson.loads(proof)["code"]
    assert (code["channel"], code["attempts"]) == ("email", 1)
    assert row.evidence_hash == contract_rules.link(row.previous_hash, proof.encode())
    assert ana.asked("document.signed") == [{"signature_id": str(row.id)}]


async def test_evidence_page_repeats_the_contract_as_signed(ana: Counter) -> None:
    registration_id = await ana.choose()
    await ana.contract()
    before = await ana.run(lambda desk: sheet(desk.tx, desk.organization, registration_id))
    await ana.sign()
    (row,) = await rows_of_signatures(ana)
    await ana.did("registrations.cancel", reason="")
    shown, page = await ana.run(lambda desk: evidence(desk.tx, desk.organization, row.id))
    assert shown == before
    assert (page.document_sha256, page.signer_name, page.signature_number) == (
        row.document_hash, "Ana Maria Exemplo", before.number,
    )  # fmt: skip
    assert [line.at for line in page.lines] == sorted(line.at for line in page.lines)
    assert "Assinatura por código aceita como válida" in {line.what for line in page.lines}
    with pytest.raises(Incomplete):
        await ana.run(lambda desk: evidence(desk.tx, desk.organization, new_id()))


async def test_signed_copy_is_kept_once(ana: Counter) -> None:
    await ana.choose()
    await ana.sign()
    (row,) = await rows_of_signatures(ana)
    first = await ana.run(lambda desk: record_signed(desk.tx, row.id, b"one", ana.now))
    again = await ana.run(lambda desk: record_signed(desk.tx, row.id, b"two", ana.now))
    assert first == again
    (told,) = await ana.hear("contract.signed_copy", document_id=str(first))
    assert (told.name, told.note, told.values["document_id"]) == ("signed_copy", "signed-copy", str(first))
    assert await ana.hear("contract.signed_copy", document_id=str(new_id())) == []


async def test_signatures_of_a_business_form_one_chain(database: Database, ana: Counter) -> None:
    people = [ana, *[await counter(database, ana.organization) for _ in range(2)]]
    for place, person in enumerate(people):
        person.forward(hours=2 * place)
        await person.choose()
        ready = await person.contract()
        await person.verify("signature", ready.keep["sha256"])
    await asyncio.gather(*(person.did("contracts.sign") for person in people))
    found = await rows_of_signatures(ana)
    by_previous = {row.previous_hash: row.evidence_hash for row in found}
    link, length = contract_rules.GENESIS, 0
    while link in by_previous:
        link, length = by_previous[link], length + 1
    assert length == 3
