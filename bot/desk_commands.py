"""What the command line does to the database: one transaction each."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import select, update

from bot.gateways.pix.bcb import BcbPix
from bot.gateways.whatsapp import make_session
from bot.settings import Settings
from bot.wiring import SystemClock, make_gateways, make_vault
from conversations.catalogue import portuguese
from conversations.understand.bad import Bad
from conversations.understand.email import parse_email
from handlers.channel.links import reference
from handlers.organizations.apply import ApplyError, NumberSettings, apply
from handlers.organizations.directory import first_organization
from handlers.organizations.parse import parse
from handlers.ports import GatewayError
from storage.base import new_id
from storage.tables.organizations import channel_numbers, organizations, users
from storage.unit_of_work import Database, Tx, make_engine
from storage.vault import CannotOpen

T = TypeVar("T")
SHORTEST_PASSWORD = 12
LONGEST_NAME = 255


async def _in_database(settings: Settings, work: Callable[[Tx], Awaitable[T]]) -> T:
    database = Database(make_engine(settings.database_url))
    try:
        return await database.run(work, org=None)
    finally:
        await database.close()


async def apply_file(settings: Settings, file: Path) -> str:
    """What changed, a line each, and how much in all. SystemExit with every problem of a bad file, which changes
    nothing."""
    try:
        business = parse(await asyncio.to_thread(file.read_text, encoding="utf-8"), file.name)
        vault, now = make_vault(settings), SystemClock().now()
        account = settings.whatsapp_business_account_id or ""
        number = NumberSettings(settings.whatsapp_phone_number_id, account)
        report = await _in_database(settings, lambda tx: apply(tx, vault, business, now, number))
    except ApplyError as error:
        raise SystemExit(f"balcao: {error}") from None
    except OSError as error:
        raise SystemExit(f"balcao: cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SystemExit(f"balcao: {file} is not UTF-8 text") from None
    total = (
        f"{report.created} created, {report.changed} changed, {report.retired} retired, {report.unchanged} as before."
    )
    return "\n".join([*report.lines, total])


async def add_user(settings: Settings, email: str, name: str, role: str, password: str) -> str:
    """Somebody who works at the first organisation."""
    from argon2 import PasswordHasher

    if len(password) < SHORTEST_PASSWORD:
        raise SystemExit(f"balcao: the password needs at least {SHORTEST_PASSWORD} characters")
    parsed = parse_email(email)
    if isinstance(parsed, Bad) or parsed.address != email.lower():
        raise SystemExit("balcao: what was given is no e-mail address: write it as name@example.com")
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise SystemExit(f"balcao: the name needs 1 to {LONGEST_NAME} letters")
    password_hash = await asyncio.to_thread(PasswordHasher().hash, password)

    async def add(tx: Tx) -> bool:
        organization_id = await _first(tx)
        row = {
            "id": new_id(),
            "organization_id": organization_id,
            "email": email.lower(),
            "name": name,
            "role": role,
            "password_hash": password_hash,
            "created_at": SystemClock().now(),
        }
        return bool(await tx.add_new(users, [row], ["organization_id", "email"]))

    if not await _in_database(settings, add):
        raise SystemExit(f"balcao: {email} is there already")
    return f"Added {email} as {role}."


async def register_pix_webhook(settings: Settings, *, skip_mtls: bool) -> str:
    """Tell the bank our address. The secret goes to the bank only: it is not in what is returned."""
    address, secret = f"{settings.public_url}/webhooks/pix", settings.pix_webhook_secret
    query = f"?hmac={quote(secret.get_secret_value(), safe='')}" if secret else ""
    async with make_session() as session:
        bank = make_gateways(settings, session, SystemClock()).pix
        if not isinstance(bank, BcbPix):
            raise SystemExit("balcao: only a bank with the API Pix calls back: set BALCAO_PIX_DRIVER=bcb")
        try:
            await bank.register_webhook(address + query, skip_mtls=skip_mtls)
        except GatewayError as error:
            raise SystemExit(f"balcao: the bank did not take the address: {error}") from None
    return f"The bank calls {address}" + (" with the secret." if secret else ". BALCAO_PIX_WEBHOOK_SECRET is not set.")


async def rekey(settings: Settings) -> str:
    """Wrap every organisation's data key under BALCAO_SECRET_KEY. Fields and hashes stay as they are."""
    vault = make_vault(settings)

    async def wrap(tx: Tx) -> int:
        rows = await tx.all(select(organizations.c.id, organizations.c.data_key).with_for_update())
        for row in rows:
            key = vault.rewrap(row.id, row.data_key)
            await tx.run(update(organizations).where(organizations.c.id == row.id).values(data_key=key))
        return len(rows)

    try:
        count = await _in_database(settings, wrap)
    except CannotOpen as error:
        raise SystemExit(f"balcao: {error}: put the former key into BALCAO_SECRET_KEY_PREVIOUS") from None
    former = " BALCAO_SECRET_KEY_PREVIOUS may go once no card or link made under it is in use."
    return f"Organisations under BALCAO_SECRET_KEY now: {count}." + (former if settings.secret_key_previous else "")


async def deep_link(settings: Settings, source: str, campaign: str, phone: str = "") -> str:
    """https://wa.me/… with the first words already written and where the person comes from. `phone` is the business's
    number as it is dialled, where the database does not know it."""

    async def number(tx: Tx) -> str | None:
        found: str | None = await tx.scalar(
            select(channel_numbers.c.display_number).where(
                channel_numbers.c.phone_number_id == settings.whatsapp_phone_number_id
            )
        )
        return found

    known = await _in_database(settings, number)
    phone = phone or known or ""
    if not any(map(str.isdigit, phone)):
        raise SystemExit("balcao: the telephone number is not known yet: give it, as in --phone +5511999990000")
    words = f"{portuguese().say('link-join')} {reference(source, campaign)}".strip()
    return f"https://wa.me/{''.join(filter(str.isdigit, phone))}?text={quote(words)}"


async def _first(tx: Tx) -> uuid.UUID:
    organization_id = await first_organization(tx)
    if organization_id is None:
        raise SystemExit("balcao: no business yet: run `balcao apply examples/benefit-card.yaml` first")
    return organization_id
