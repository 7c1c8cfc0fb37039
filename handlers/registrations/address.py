"""Where the holder lives, and the three questions one may skip."""

from __future__ import annotations

from handlers.desk import Desk, Outcome
from handlers.registrations import drafts
from storage import registrations


async def find_cep(desk: Desk, cep: str) -> None:
    """Look up eight digits; the answer is an event."""
    desk.ask("cep.lookup", {"cep": cep})


async def address(
    desk: Desk,
    cep: str,
    street: str,
    number: str,
    complement: str | None,
    neighborhood: str,
    city: str,
    state: str,
) -> Outcome:
    draft = await drafts.editable(desk)
    if draft is None:
        return drafts.NOT_OPEN
    kept = {
        "cep": cep,
        "street": street,
        "number": number,
        "complement": complement,
        "neighborhood": neighborhood,
        "city": city,
        "state": state,
    }
    await drafts.write(desk, draft, "address", address=kept)
    await registrations.advance(desk.tx, draft.id, "address_verified", desk.now)
    return Outcome("saved")


async def profile(
    desk: Desk, gender: str | None = None, marital_status: str | None = None, profession: str | None = None
) -> Outcome:
    """None where the person would rather not say."""
    return await drafts.answer(desk, "profile", gender=gender, marital_status=marital_status, profession=profession)
