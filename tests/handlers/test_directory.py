"""Organisations remembered: what turns know, and how soon they know better."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.facts import Organization, Template
from handlers.organizations.apply import NumberSettings, apply, parse
from handlers.organizations.directory import Directory, UnknownOrganization, first_organization
from storage.unit_of_work import Database, make_engine
from storage.vault import Vault
from tests.clock import START, FrozenClock

EXAMPLE = (Path(__file__).parents[2] / "examples" / "benefit-card.yaml").read_text("utf-8")
VAULT = Vault(["a secret of thirty-two characters"])


class Timer:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Desk:
    """A database with its directory; `queries` counts what reached the database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FrozenClock()
        self.timer = Timer()
        self.directory = Directory(VAULT, "https://aurora.example/cards/{}".format, self.clock, timer=self.timer)
        self.queries = 0
        database.tap = self._count

    def _count(self, statement: str) -> None:
        self.queries += statement.startswith("SELECT ") and "set_config" not in statement

    async def apply(self, text: str) -> uuid.UUID:
        business = parse(text, "business.yaml")
        await self.database.run(lambda tx: apply(tx, VAULT, business, START, NumberSettings("1", "2")), org=None)
        found = await self.database.run(first_organization, org=None)
        assert found is not None
        return found

    async def ask(self, organization_id: uuid.UUID, *, scoped: bool = True) -> Organization:
        org = organization_id if scoped else None
        return await self.database.run(lambda tx: self.directory.organization(tx, organization_id), org=org)


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    database = Database(make_engine(database_url))
    yield Desk(database)
    await database.close()


async def test_what_a_business_sets_is_what_holds(desk: Desk) -> None:
    """Other values than the usual ones, which would be there anyhow."""
    changes = {"codes_a_day: 5000": "codes_a_day: 7", "bubble_paid: false": "bubble_paid: true"}
    text = EXAMPLE
    for usual, other in changes.items():
        assert usual in text
        text = text.replace(usual, other)
    organization = await desk.ask(await desk.apply(text))
    assert (organization.codes_a_day, organization.pix_bubble_paid) == (7, True)


@pytest.mark.parametrize("scoped", [True, False])
async def test_the_facts_of_the_example(desk: Desk, scoped: bool) -> None:
    organization = await desk.ask(await desk.apply(EXAMPLE), scoped=scoped)
    assert (organization.slug, organization.name, organization.zone.key) == (
        "cartao-aurora", "Cartão Aurora", "America/Sao_Paulo",
    )  # fmt: skip
    assert (organization.document, organization.brand_color) == ("12.345.678/0001-95", "#d9480f")
    assert (organization.support_phone, organization.support_email) == (
        "+5511955550100", "atendimento@cartaoaurora.example",
    )  # fmt: skip
    assert organization.verification_channels == ("email",)
    assert (organization.pix_bubble, organization.pix_expires_minutes, organization.read_receipts) == (True, 60, True)
    assert not organization.pix_bubble_paid
    assert organization.templates["human_called"] == Template("cliente_chamou", "pt_BR", ("name", "link"), "utility")
    assert set(organization.consents) == {"terms", "privacy", "signature_method", "marketing", "health"}
    assert organization.consents["privacy"].url == "https://cartaoaurora.example/privacidade"
    sealed = organization.sealer.seal("oi", "test.place")
    assert organization.sealer.open(sealed, "test.place") == "oi"


async def test_the_plans_of_the_example(desk: Desk) -> None:
    organization = await desk.ask(await desk.apply(EXAMPLE))
    assert [(plan.slug, plan.price, plan.adhesion_fee, plan.trial_days) for plan in organization.plans] == [
        ("individual", 2990, 0, 0), ("familia", 6990, 2990, 0), ("premium", 11990, 0, 7),
    ]  # fmt: skip
    family = organization.plan(organization.plans[1].id)
    assert family is not None
    assert (family.max_dependents, family.is_highlight, family.category) == (5, True, "family")
    assert [benefit.name for benefit in family.benefits][:2] == ["Consultas médicas", "Exames de laboratório"]
    assert family.benefits[0].discount_percentage == 45
    assert [(addon.slug, addon.price) for addon in family.addons] == [("odonto", 3490), ("pet", 1990)]


async def test_the_contract_of_the_example(desk: Desk) -> None:
    organization = await desk.ask(await desk.apply(EXAMPLE))
    contract = organization.contract
    assert contract is not None
    assert (contract.version, len(contract.summary)) == ("v1.0", 5)
    headings = [line for line in contract.content.splitlines() if line.startswith("# ")]
    assert [heading.split(".")[0] for heading in headings] == [f"# {number}" for number in range(1, 21)]


async def test_what_was_read_is_kept(desk: Desk) -> None:
    organization_id = await desk.apply(EXAMPLE)

    async def ask_twice() -> int:
        await desk.ask(organization_id)
        before = desk.queries
        await desk.database.run(lambda tx: desk.directory.organization(tx, organization_id), org=None, read_only=True)
        return desk.queries - before

    spent = await ask_twice()
    assert spent <= 2, "BEGIN, or telling PostgreSQL whose transaction it is; nothing of the shop"
    assert await desk.ask(organization_id) is await desk.ask(organization_id)


async def test_a_change_is_known_within_seconds(desk: Desk) -> None:
    organization_id = await desk.apply(EXAMPLE)
    before = await desk.ask(organization_id)
    await desk.apply(EXAMPLE.replace("price: 29.90", "price: 34.90"))
    desk.timer.seconds += 2.9
    assert await desk.ask(organization_id) is before
    desk.timer.seconds += 0.2
    assert (await desk.ask(organization_id)).plans[0].price == 3490


async def test_nothing_changed_nothing_read_again(desk: Desk) -> None:
    organization_id = await desk.apply(EXAMPLE)
    before = await desk.ask(organization_id)
    await desk.apply(EXAMPLE)
    desk.timer.seconds += 100
    assert await desk.ask(organization_id) is before


async def test_plans_no_longer_sold_are_not_offered(desk: Desk) -> None:
    organization_id = await desk.apply(EXAMPLE)
    start, end = EXAMPLE.index("  - slug: premium"), EXAMPLE.index("partners:")
    await desk.apply(EXAMPLE[:start] + EXAMPLE[end:])
    assert [plan.slug for plan in (await desk.ask(organization_id)).plans] == ["individual", "familia"]


async def test_a_contract_comes_into_force_on_its_day_in_the_business_zone(desk: Desk) -> None:
    """No change of any row, no reading again: midnight in São Paulo is 3 h UTC."""
    await desk.apply(EXAMPLE)
    newer = EXAMPLE.replace("version: v1.0", "version: v2.0").replace("2026-01-01", "2026-11-24")
    organization_id = await desk.apply(newer)

    async def version() -> str | None:
        contract = (await desk.ask(organization_id)).contract
        return None if contract is None else contract.version

    assert await version() == "v1.0"
    desk.clock.forward(timedelta(hours=13, minutes=59))
    assert await version() == "v1.0"
    desk.clock.forward(timedelta(hours=1, minutes=1))
    assert await version() == "v2.0"


async def test_no_contract_before_the_first_is_in_force(desk: Desk) -> None:
    organization_id = await desk.apply(EXAMPLE.replace("2026-01-01", "2027-01-01"))
    assert (await desk.ask(organization_id)).contract is None


async def test_an_organization_nobody_knows(desk: Desk) -> None:
    with pytest.raises(UnknownOrganization):
        await desk.ask(uuid.UUID(int=9))
    assert await desk.database.run(first_organization, org=None) is None


def test_the_address_of_a_card() -> None:
    directory = Directory(VAULT, "https://aurora.example/cards/{}".format, FrozenClock())
    assert directory.card_url("abc") == "https://aurora.example/cards/abc"
