"""Who the holder is."""

from __future__ import annotations

from datetime import date, timedelta

from handlers.desk import Desk, Outcome
from handlers.masks import mask_cpf, mask_email
from handlers.registrations import drafts
from handlers.registrations.rules import age_on, minimum_age, today
from storage import memberships, registrations, verification

_VERIFIED_FOR = timedelta(minutes=30)


async def name(desk: Desk, full_name: str) -> Outcome:
    return await drafts.answer(desk, "name", full_name=full_name)


async def claim_cpf(desk: Desk, cpf: str) -> Outcome:
    """Eleven digits. Two people may claim the same one at once: the approval decides, by the key on members."""
    draft = await drafts.editable(desk)
    if draft is None:
        return drafts.NOT_OPEN
    sealer = desk.organization.sealer
    cpf_hash = sealer.index(cpf, "cpf")
    member = await memberships.by_cpf(desk.tx, cpf_hash)
    if member is not None:
        if await memberships.is_linked(desk.tx, member.id, desk.contact.id):
            return Outcome("cpf_here", {"customer_id": str(member.id)})
        kept = {"recovery_email_masked": mask_email(member.email), "customer_id": str(member.id)}
        return Outcome("cpf_member", kept)
    sealed = sealer.seal(cpf, "registration_sessions.cpf_sealed")
    await drafts.write(desk, draft, "cpf", cpf_sealed=sealed, cpf_hash=cpf_hash)
    if draft.cpf_hash is not None:  # Dependants come after the first one.
        await registrations.clear_dependent_cpf(desk.tx, draft.id, cpf_hash)
    return Outcome("cpf_free", {"cpf_masked": mask_cpf(cpf)})


async def birth_date(desk: Desk, birth_date: str) -> Outcome:
    """ISO date. A minor's is not stored."""
    born = date.fromisoformat(birth_date)
    minimum = minimum_age(desk.organization.plans)
    if age_on(born, today(desk.now, desk.organization.zone)) < minimum:
        return Outcome("minor", {"minimum": minimum})
    saved = await drafts.answer(desk, "birth_date", birth_date=born)
    return Outcome("adult") if saved.name == "saved" else saved


async def email(desk: Desk, email: str) -> Outcome:
    """Another address than before has to be verified again."""
    draft = await drafts.editable(desk)
    if draft is None:
        return drafts.NOT_OPEN
    verified_at = draft.identity_verified_at if draft.email == email else None
    if draft.email != email:
        await verification.void(desk.tx, desk.contact.id, "identity", desk.now)
    await drafts.write(desk, draft, "email", email=email, identity_verified_at=verified_at)
    return Outcome("email_saved", {"email_masked": mask_email(email)})


async def identity_verified(desk: Desk) -> Outcome:
    """Uses up the verified code bound to this registration; without one, `unverified`."""
    draft = await drafts.editable(desk)
    if draft is None:
        return drafts.NOT_OPEN
    if draft.identity_verified_at is None:
        since = desk.now - _VERIFIED_FOR
        code = await verification.consume(
            desk.tx, desk.contact.id, "identity", str(draft.id), since=since, now=desk.now
        )
        if code is None:
            return Outcome("unverified")
    await drafts.write(desk, draft, "identity", identity_verified_at=draft.identity_verified_at or desk.now)
    await registrations.advance(desk.tx, draft.id, "identity_verified", desk.now)
    return Outcome("saved")
