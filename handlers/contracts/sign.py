"""The signature: a code bound to the document's bytes, and the evidence of all of it, chained and sealed.

What is kept follows from MP 2.200-2/2001 art. 10 §2 and STJ REsp 2.159.442: who, what exactly, by which method the
party accepted, and when each step happened. Never the code itself.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Row

from handlers.contracts import rules, sheets
from handlers.desk import Desk, Outcome
from handlers.facts import Organization
from handlers.ports import ContractSheet, EvidenceLine, EvidenceSheet
from storage import consents, contracts, memberships, registrations, verification
from storage.base import new_id
from storage.registrations import Draft
from storage.unit_of_work import Tx

_PLACE = "contract_signatures.evidence_sealed"
_VERIFIED_FOR = timedelta(minutes=30)


async def sign(desk: Desk) -> Outcome:
    """`signed`, once; `unverified` without a verified code bound to the very bytes of the document."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    if draft is None:
        return Outcome("registration_closed")
    done = Outcome("signed", {"registration_id": str(draft.id)})
    if await contracts.signature_of(desk.tx, draft.id) is not None:
        return done
    document = draft.contract_document_id and await contracts.document(desk.tx, draft.contract_document_id)
    if not document:
        return Outcome("unverified")
    since = desk.now - _VERIFIED_FOR
    code = await verification.consume(desk.tx, desk.contact.id, "signature", document.sha256, since=since, now=desk.now)
    if code is None:
        return Outcome("unverified")
    signature_id = await _write(desk, draft, document, code)
    await registrations.mark_signed(desk.tx, draft.id, desk.now)
    payload = {"signature_id": str(signature_id)}
    desk.ask("document.signed", payload, dedupe_key=f"document.signed:{signature_id}")
    desk.notice("contract_signed", f"signed:{signature_id}", signature_id=str(signature_id))
    return done


async def _write(desk: Desk, draft: Draft, document: Row[Any], code: Row[Any]) -> uuid.UUID:
    head = await memberships.signature_head(desk.tx, desk.organization.id)
    previous = head or rules.GENESIS
    signature_id = new_id()
    shown = await sheets.sheet(desk.tx, desk.organization, draft.id)
    proof = rules.canonical(await _evidence(desk, draft, document, code, shown, signature_id))
    evidence_hash = rules.link(previous, proof)
    row = {
        "id": signature_id,
        "contract_id": draft.contract_id,
        "registration_id": draft.id,
        "contact_id": desk.contact.id,
        "method": "code",
        "number": shown.number,
        "document_id": document.id,
        "document_hash": document.sha256,
        "evidence_sealed": desk.organization.sealer.seal(proof.decode(), _PLACE),
        "evidence_hash": evidence_hash,
        "previous_hash": previous,
        "signed_at": desk.now,
    }
    await contracts.add_signature(desk.tx, row)
    await memberships.set_signature_head(desk.tx, desk.organization.id, evidence_hash)
    return signature_id


async def _evidence(
    desk: Desk, draft: Draft, document: Row[Any], code: Row[Any], shown: ContractSheet, signature_id: uuid.UUID
) -> dict[str, Any]:
    contact = desk.contact
    messages = await contracts.messages_since(desk.tx, contact.id, draft.contract_issued_at)
    return {
        "signature_id": str(signature_id),
        "signed_at": desk.now.isoformat(),
        "sheet": sheets.freeze(shown),
        "contract_id": str(draft.contract_id),
        "document": {
            "id": str(document.id), "sha256": document.sha256, "rendered_at": document.created_at.isoformat()
        },
        "signer": {"wa_id": contact.wa_id, "bsuid": contact.bsuid, "phone": contact.phone_e164},
        "identity_verified_at": _iso(draft.identity_verified_at),
        "code": {
            "id": str(code.id), "channel": code.channel, "sent_at": _iso(code.sent_at),
            "verified_at": _iso(code.verified_at), "attempts": code.attempts,
        },
        "heard": {"wamid": desk.heard.message_id, "at": _iso(desk.heard.at)},
        "consents": [
            {
                "kind": row.consent_type, "version": row.version, "text_sha256": row.text_sha256,
                "granted": row.granted, "evidence": row.evidence,
            }
            for row in await consents.of_registration(desk.tx, draft.id)
        ],
        "messages": [
            {
                "channel": row.channel, "template": row.template, "status": row.status,
                "id": row.provider_message_id, "sent_at": _iso(row.sent_at),
                "delivered_at": _iso(row.delivered_at), "read_at": _iso(row.read_at),
            }
            for row in messages
        ],
    }  # fmt: skip


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


async def evidence(tx: Tx, organization: Organization, signature_id: uuid.UUID) -> tuple[ContractSheet, EvidenceSheet]:
    """The contract exactly as it was signed, and the page that follows it. Raises Incomplete when there is none."""
    row = await contracts.signature(tx, signature_id)
    if row is None:
        raise sheets.Incomplete(str(signature_id))
    proof: dict[str, Any] = orjson.loads(organization.sealer.open(row.evidence_sealed, _PLACE))
    shown = sheets.thaw(proof["sheet"], organization.zone)
    page = EvidenceSheet(
        document_sha256=row.document_hash,
        signer_name=shown.party.name,
        signer_cpf=shown.party.cpf,
        signed_at=row.signed_at.astimezone(organization.zone),
        method=f"Código de uso único enviado por {_CHANNELS[proof['code']['channel']]}",
        lines=_lines(proof, organization),
        signature_number=row.number,
    )
    return shown, page


_CHANNELS = {"email": "e-mail", "sms": "SMS", "whatsapp": "WhatsApp"}
_CONSENTS = {
    "terms": "Termos de uso aceitos",
    "privacy": "Política de privacidade aceita",
    "signature_method": "Assinatura por código aceita como válida",
    "marketing": "Comunicações de marketing",
    "health": "Uso de dados de saúde",
}


def _lines(proof: dict[str, Any], organization: Organization) -> list[EvidenceLine]:
    """The steps in the order in which they happened."""
    steps: list[tuple[str | None, str, str]] = [
        (proof["identity_verified_at"], "Identidade confirmada por código", ""),
        (proof["document"]["rendered_at"], "Contrato emitido", f"SHA-256 {proof['document']['sha256']}"),
        (proof["code"]["sent_at"], "Código de assinatura enviado", _CHANNELS[proof["code"]["channel"]]),
        (proof["code"]["verified_at"], "Código conferido", f"{proof['code']['attempts']}ª tentativa"),
        (proof["signed_at"], "Contrato assinado", f"Mensagem {proof['heard']['wamid'] or '-'}"),
    ]
    for consent in proof["consents"]:
        if consent["granted"]:
            what = _CONSENTS.get(consent["kind"], consent["kind"])
            detail = f"Versão {consent['version']}, mensagem {consent['evidence'].get('wamid') or '-'}"
            steps.append((consent["evidence"].get("at"), what, detail))
    for message in proof["messages"]:
        if message["channel"] == "whatsapp" and message["read_at"]:
            steps.append((message["read_at"], "Mensagem lida", message["id"] or "-"))
    lines = [
        EvidenceLine(datetime.fromisoformat(at).astimezone(organization.zone), what, detail)
        for at, what, detail in steps
        if at is not None
    ]
    return sorted(lines, key=lambda line: line.at)


def signed_document_id(signature_id: uuid.UUID) -> uuid.UUID:
    """One signed copy a signature."""
    return uuid.uuid5(signature_id, "signed")


async def record_signed(tx: Tx, signature_id: uuid.UUID, content: bytes, now: datetime) -> uuid.UUID | None:
    """Keep the signed copy and return its document id: the same one, and the first bytes, however often."""
    row = await contracts.signature(tx, signature_id)
    if row is None:
        return None
    document_id = signed_document_id(signature_id)
    await contracts.add_document(
        tx, document_id, "signed_contract", "contrato-assinado.pdf", "application/pdf", content, now
    )
    await contracts.set_signed_document(tx, signature_id, document_id)
    return document_id


async def signed_copy(desk: Desk, document_id: uuid.UUID) -> Outcome | None:
    """Event `contract.signed_copy`."""
    if await contracts.document(desk.tx, document_id) is None:
        return None
    told = {"document_id": str(document_id), "filename": "contrato-assinado.pdf"}
    return Outcome("signed_copy", note="signed-copy", values=told)
