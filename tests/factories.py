"""A business with plans and a contract, and people who write to it. All of them invented."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from handlers.facts import Addon, ConsentText, Contact, Contract, Organization, Plan, Template
from storage.base import new_id
from storage.tables import all as _all_tables
from storage.tables.catalogue import contracts, plan_addons, plans
from storage.tables.contacts import contacts
from storage.tables.organizations import organizations
from storage.unit_of_work import Database, Tx
from storage.vault import Vault

START = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
CPF, OTHER_CPF, CHILD_CPF = "12345678909", "52998224725", "11144477735"
SECRET = "a secret of the tests, long enough"
VAULT = Vault([SECRET])
CONSENTS = ("terms", "privacy", "signature_method", "marketing", "health")
ADDRESS = {
    "cep": "01001000",
    "street": "Praça da Sé",
    "number": "10",
    "complement": None,
    "neighborhood": "Sé",
    "city": "São Paulo",
    "state": "SP",
}
NUMBERS = itertools.count(1)
metadata = _all_tables.metadata


def plan(**changes: Any) -> Plan:
    """R$ 69,90 a month, R$ 40,10 to join: R$ 110,00 due now."""
    slug = f"plan-{next(NUMBERS)}"
    usual = Plan(
        id=new_id(),
        slug=slug,
        name="Família",
        category="family",
        description="",
        price=6990,
        billing_cycle="monthly",
        adhesion_fee=4010,
        trial_days=0,
        average_savings=None,
        max_dependents=2,
        min_age=18,
        max_age=75,
        validity_months=12,
        collects_health_data=False,
        is_highlight=True,
        addons=(Addon("dental", "Dental", 1990),),
    )
    return replace(usual, **changes)


def contract(**changes: Any) -> Contract:
    usual = Contract(new_id(), "1.0", "Contrato de adesão", "# Objeto\n\nO benefício.", ("Dura um ano.",))
    return replace(usual, **changes)


async def organization(database: Database, **changes: Any) -> Organization:
    """With two plans (the second one free on the day one joins), an add-on and a contract, written to the database."""
    organization_id = new_id()
    wrapped = VAULT.new_data_key(organization_id)
    usual = Organization(
        id=organization_id,
        slug=f"shop-{next(NUMBERS)}-{organization_id.hex[-6:]}",
        name="Clube Exemplo",
        zone=ZoneInfo("America/Sao_Paulo"),
        sealer=VAULT.sealer(organization_id, wrapped),
        document="11.222.333/0001-81",
        verification_channels=("email", "whatsapp"),
        code_template=Template("codigo", category="authentication"),
        consents={kind: ConsentText(kind, "1", f"Texto de {kind}.") for kind in CONSENTS},
        plans=(plan(), plan(name="Teste", trial_days=30, adhesion_fee=0)),
        contract=contract(),
    )
    made = replace(usual, **changes)
    await database.run(lambda tx: _write_organization(tx, made, wrapped), org=organization_id)
    return made


async def _write_organization(tx: Tx, made: Organization, wrapped: bytes) -> None:
    row = {
        "id": made.id, "slug": made.slug, "name": made.name, "timezone": str(made.zone), "settings": {},
        "data_key": wrapped, "created_at": START, "updated_at": START,
    }  # fmt: skip
    await tx.add(organizations, row)
    for place, each in enumerate(made.plans):
        columns = [column.name for column in plans.c if hasattr(each, column.name)]
        own = {name: getattr(each, name) for name in columns}
        times = {"created_at": START, "updated_at": START}
        await tx.add(plans, {**own, **times, "is_active": True, "sort_order": place, "version": 1})
        for addon in each.addons:
            line = {"id": new_id(), "plan_id": each.id, "slug": addon.slug, "name": addon.name, "price": addon.price}
            await tx.add(plan_addons, {**line, "sort_order": 0, "is_active": True})
    if made.contract is not None:
        text = made.contract
        await tx.add(
            contracts,
            {
                "id": text.id, "version": text.version, "title": text.title, "content": text.content,
                "summary": list(text.summary), "is_active": True, "effective_from": date(2026, 1, 1),
                "created_at": START,
            },
        )  # fmt: skip


async def contact(database: Database, made: Organization, **changes: Any) -> Contact:
    """Somebody who wrote to this organisation."""
    phone = f"55119{next(NUMBERS):08d}"
    usual = Contact(
        id=new_id(),
        phone_number_id="100200300",
        profile_name="Ana Exemplo",
        wa_id=phone,
        bsuid=None,
        phone_e164=f"+{phone}",
        utm={"source": "poster"},
    )
    person = replace(usual, **changes)
    row = {
        "id": person.id, "phone_number_id": person.phone_number_id, "profile_name": person.profile_name,
        "wa_id": person.wa_id, "bsuid": person.bsuid, "phone_e164": person.phone_e164, "created_at": START,
    }  # fmt: skip
    await database.run(lambda tx: tx.add(contacts, row), org=made.id)
    return person
