"""Writing down what a person agreed to, with the proof (LGPD art. 8: the burden of it is ours)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from handlers.consents import rules
from handlers.desk import Desk, Outcome
from handlers.facts import ConsentText
from storage import consents, registrations
from storage.base import new_id


async def grant(desk: Desk, kinds: Sequence[str], granted: bool) -> Outcome:
    """One row per kind and version; the same answer again changes nothing, the contrary one revokes."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    registration_id = None if draft is None else draft.id
    standing = await consents.answers(desk.tx, desk.contact.id, registration_id, kinds)
    rows = []
    for kind in kinds:
        text = desk.organization.consents.get(kind)
        if text is None:
            desk.notice("consent_text_missing", f"consent:{kind}", "critical", consent=kind)
            continue
        before = standing.get((kind, text.version))
        step = rules.change(None if before is None else before.granted, granted)
        if before is not None and step.revoke:
            await consents.revoke(desk.tx, before.id, desk.now)
        if step.enter:
            rows.append(_row(desk, registration_id, text, granted))
    await consents.add(desk.tx, rows)
    return Outcome("consented")


def _row(desk: Desk, registration_id: uuid.UUID | None, text: ConsentText, granted: bool) -> dict[str, Any]:
    heard_at = desk.heard.at or desk.now
    return {
        "id": new_id(),
        "contact_id": desk.contact.id,
        "registration_id": registration_id,
        "consent_type": text.kind,
        "version": text.version,
        "text_sha256": rules.text_sha256(text.text),
        "granted": granted,
        "evidence": {
            "channel": "whatsapp",
            "wamid": desk.heard.message_id,
            "at": heard_at.isoformat(),
            "text": f"{text.kind}@{text.version}",
            "url": text.url,
        },
        "granted_at": desk.now if granted else None,
        "created_at": desk.now,
    }
