"""A person's names and wishes."""

from __future__ import annotations

from handlers.channel.identity import aliases, to_e164
from handlers.desk import Desk, Outcome
from storage import contacts


async def changed(desk: Desk, wa_id: str | None, bsuid: str | None) -> None:
    """WhatsApp says that this person has a new number or BSUID: replies go there from now on. The CPF decides who is
    a member, not the number, so nothing else changes; staff see it."""
    await contacts.add_names(desk.tx, desk.contact.id, aliases(wa_id, bsuid, None), desk.now)
    if wa_id:
        desk.contact.wa_id = wa_id
        desk.contact.phone_e164 = to_e164(wa_id)
    if bsuid:
        desk.contact.bsuid = bsuid
    desk.notice("contact.changed_number", f"changed:{desk.contact.id}:{desk.heard.message_id}", "info")


async def stop(desk: Desk) -> Outcome:
    """No more reminders and no advertising to this person."""
    await contacts.stop(desk.tx, desk.contact.id, desk.now)
    desk.contact.reminders_stopped = desk.contact.marketing_stopped = True
    return Outcome("reminders_stopped")
