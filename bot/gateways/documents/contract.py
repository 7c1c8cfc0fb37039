"""The contract and its evidence page as PDF, set by Typst from `contract.typ`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bot.gateways.documents import wording
from bot.gateways.documents.clauses import parse_body
from bot.gateways.documents.lettering import FONTS, clean
from handlers.ports import ContractParty, ContractSheet, EvidenceSheet, Refused

if TYPE_CHECKING:
    from typst import Fonts

TEMPLATE = Path(__file__).with_name("contract.typ")


@lru_cache(maxsize=1)
def _fonts() -> Fonts:
    """Our own fonts and no others, so that every machine sets the same page."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


@lru_cache(maxsize=1)
def _template() -> bytes:
    return TEMPLATE.read_bytes()


def draw_contract(sheet: ContractSheet, evidence: EvidenceSheet | None = None) -> bytes:
    """PDF without a date of its own: the same sheet gives the same bytes. Raises Refused if it cannot be set."""
    import typst

    data = orjson.dumps(contract_data(sheet, evidence)).decode()
    try:
        pdf = typst.compile(
            _template(), format="pdf", font_paths=_fonts(), ignore_system_fonts=True, sys_inputs={"data": data}
        )
    except typst.TypstError as error:
        raise Refused("document.contract", "Typst could not set the page") from error
    if not isinstance(pdf, bytes):
        raise Refused("document.contract", "Typst gave no PDF")
    return pdf


def contract_data(sheet: ContractSheet, evidence: EvidenceSheet | None) -> dict[str, Any]:
    """What `contract.typ` reads: strings only, each one drawable."""
    return {
        "business_name": clean(sheet.business_name),
        "business_document": clean(sheet.business_document),
        "title": clean(sheet.title),
        "version": clean(sheet.version),
        "number": clean(sheet.number),
        "issued_at": wording.long_moment(sheet.issued_at),
        "party": {"name": clean(sheet.party.name), "rows": _party_rows(sheet.party)},
        "plan_name": clean(sheet.plan_name),
        "price_lines": _rows(sheet.price_lines),
        "dependants": _rows(
            (line.name, line.relationship, wording.short_date(line.birth_date)) for line in sheet.dependants
        ),
        "clauses": parse_body(sheet.body),
        "evidence": None if evidence is None else _evidence_data(evidence),
    }


def _rows(rows: Iterable[Iterable[str]]) -> list[list[str]]:
    return [[wording.bind(clean(cell)) for cell in row] for row in rows]


def _party_rows(party: ContractParty) -> list[list[str]]:
    rows = [
        ("CPF", wording.cpf(party.cpf)),
        ("Nascimento", wording.short_date(party.birth_date)),
        ("E-mail", party.email),
        ("Telefone", wording.phone(party.phone or "")),
        ("Endereço", party.address),
    ]
    return _rows(row for row in rows if row[1])


def _evidence_data(evidence: EvidenceSheet) -> dict[str, Any]:
    rows: Sequence[tuple[str, str]] = (
        ("Registro", evidence.signature_number),
        ("Signatário", evidence.signer_name),
        ("CPF", wording.cpf(evidence.signer_cpf)),
        ("Assinado em", f"{wording.long_date(evidence.signed_at)} ({wording.stamp(evidence.signed_at)})"),
        ("Método", evidence.method),
    )
    return {
        "number": clean(evidence.signature_number),
        "rows": _rows(rows),
        "sha256": clean(evidence.document_sha256),
        "lines": _rows((wording.stamp(line.at), line.what, line.detail) for line in evidence.lines),
    }
