"""How a contract reads and what proves its signature. Pure."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from handlers.money import money

GENESIS = "0" * 64
"""What the first signature of an organisation follows."""
RELATIONSHIPS = {"spouse": "Cônjuge", "child": "Filho(a)", "parent": "Pai ou mãe", "other": "Outro"}
_CYCLES = {
    "monthly": "Mensalidade",
    "quarterly": "Trimestralidade",
    "semester": "Semestralidade",
    "yearly": "Anuidade",
}


def price_lines(
    billing_cycle: str, pricing: Mapping[str, Any], addons: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """Label and value, as the contract shows them."""
    lines = [(_CYCLES[billing_cycle], money(pricing["cycle_price"]))]
    lines += [(f"Adicional: {addon['name']}", money(addon["price"])) for addon in addons]
    if pricing["adhesion_fee"]:
        lines.append(("Taxa de adesão", money(pricing["adhesion_fee"])))
    if pricing["trial_days"]:
        lines.append(("Período de teste", f"{pricing['trial_days']} dias a partir da adesão"))
        lines.append(("Primeira cobrança", "ao fim do período de teste"))
    lines.append(("Valor devido na adesão", money(pricing["due_now"])))
    return lines


def one_line(address: Mapping[str, Any]) -> str:
    """A place without a CEP of its own, or whose CEP nobody knew, is written without one."""
    place = [address["street"], address["number"], address.get("complement"), address.get("neighborhood")]
    cep = f", CEP {address['cep'][:5]}-{address['cep'][5:]}" if address.get("cep") else ""
    return f"{', '.join(part for part in place if part)}, {address['city']} - {address['state']}{cep}"


def document_id(registration_id: uuid.UUID, fingerprint: str) -> uuid.UUID:
    """The same data give the same id, so that a contract is rendered once however often it is asked for."""
    return uuid.uuid5(registration_id, fingerprint)


def number(document_id: uuid.UUID, year: int) -> str:
    """Our reference of a document: `2026-3F9A-12BC-77D0`."""
    digits = document_id.hex[:12].upper()
    return f"{year}-{digits[:4]}-{digits[4:8]}-{digits[8:]}"


def link(previous_hash: str, evidence: bytes) -> str:
    """The hash of this evidence on top of the one before: nothing can be altered, left out or slipped in."""
    return hashlib.sha256(previous_hash.encode() + b"|" + evidence).hexdigest()


def canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
