"""`balcao apply`: a good file is made so, twice is once, and a bad one changes nothing and says where it is wrong."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from handlers.organizations import fields, source
from handlers.organizations.apply import ApplyError, NumberSettings, Report, apply, parse
from storage.tables.catalogue import contracts, partner_locations, partners, plan_addons, plan_benefits, plans
from storage.tables.organizations import channel_numbers, organizations
from storage.unit_of_work import Database, make_engine
from storage.vault import Vault

NOW = datetime(2026, 11, 23, 13, tzinfo=UTC)
NUMBER = NumberSettings("100000000000001", "200000000000001", "+55 11 5555-0100")
EXAMPLE = (Path(__file__).parents[2] / "examples" / "benefit-card.yaml").read_text("utf-8")

SMALL = """\
business:
  slug: aurora
  name: Aurora
consents:
  terms: {version: "1.0", text: Aceito os termos.}
  privacy: {version: "1.0", text: Aceito a política.}
  signature_method: {version: "1.0", text: Aceito assinar com um código.}
contract:
  version: v1.0
  title: Contrato
  effective_from: 2026-01-01
  summary: [Um, Dois, Três]
  content: |
    # 1. Objeto

    TEXT
plans:
  - slug: individual
    name: Individual
    category: individual
    price: 29.90
    benefits:
      - name: Consultas
        discount_percentage: 40
      - name: Farmácia
    addons:
      - {slug: odonto, name: Dentista, price: "14.90"}
  - slug: familia
    name: Família
    category: family
    price: "69,90"
    max_dependents: 5
    benefits:
      - name: Consultas
partners:
  - slug: clinica
    name: Clínica
    category: health
    locations:
      - name: Centro
        cep: 01310-100
        street: Avenida Paulista
        number: 900
        neighborhood: Bela Vista
        city: São Paulo
        state: SP
        latitude: -23.5653
        longitude: -46.6518
        hours: {mon: "08:00-12:00,13:00-18:00"}
""".replace("TEXT", "O cartão dá descontos. " * 20)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(make_engine(database_url))
    yield database
    await database.close()


Apply = Callable[..., Awaitable[Report]]


@pytest.fixture
def apply_text(database: Database) -> Apply:
    vault = Vault(["a secret of thirty-two characters"])

    async def run(text: str, now: datetime = NOW, number: NumberSettings | None = NUMBER) -> Report:
        business = parse(text, "business.yaml")
        return await database.run(lambda tx: apply(tx, vault, business, now, number), org=None)

    return run


async def _rows(database: Database, table: Any, order: Any = None) -> list[Any]:
    query = select(table).order_by(table.c.id if order is None else order)
    return list(await database.run(lambda tx: tx.all(query), org=None, read_only=True))


async def _everything(database: Database) -> list[list[Any]]:
    tables = (organizations, channel_numbers, contracts, plans, plan_benefits, plan_addons, partners, partner_locations)
    return [await _rows(database, table) for table in tables]


def _problems(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ApplyError) as caught:
        parse(text, "business.yaml")
    return [(problem.line, problem.field, problem.message) for problem in caught.value.problems]


def _line(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


# --- A good file ------------------------------------------------------------------------------------------------------


async def test_the_example_is_applied_and_a_second_time_changes_nothing(database: Database, apply_text: Apply) -> None:
    first = await apply_text(EXAMPLE)
    assert (first.created, first.changed, first.unchanged, first.retired) == (12, 0, 0, 0)
    before = await _everything(database)
    second = await apply_text(EXAMPLE, NOW + timedelta(days=1))
    assert (second.created, second.changed, second.unchanged, second.retired, second.lines) == (0, 0, 12, 0, ())
    assert await _everything(database) == before


async def test_what_is_written(database: Database, apply_text: Apply) -> None:
    report = await apply_text(SMALL)
    assert report.lines == (
        *("organization: created", "number: created", "contract v1.0: created", "plan individual: created"),
        *("plan familia: created", "partner clinica: created"),
    )
    [organization] = await _rows(database, organizations)
    assert (organization.slug, organization.name, organization.timezone) == ("aurora", "Aurora", "America/Sao_Paulo")
    assert organization.settings["verification_channels"] == ["email"]
    sealer = Vault(["a secret of thirty-two characters"]).sealer(organization.id, organization.data_key)
    assert sealer.open(sealer.seal("oi", "test.place"), "test.place") == "oi"
    [number] = await _rows(database, channel_numbers)
    assert (number.organization_id, number.phone_number_id) == (organization.id, NUMBER.phone_number_id)
    individual, family = await _rows(database, plans, plans.c.sort_order)
    assert (individual.price, individual.version, family.price, family.max_dependents) == (2990, 1, 6990, 5)
    assert [row.price for row in await _rows(database, plan_addons)] == [1490]
    [location] = await _rows(database, partner_locations)
    assert (location.cep, location.number, location.latitude) == ("01310100", "900", -23.5653)
    assert location.opening_hours == {"mon": "08:00-12:00, 13:00-18:00"}


@pytest.mark.parametrize(("old", "new"), [
    ("price: 29.90", "price: 34.90"),
    ("- name: Farmácia", "- name: Ótica"),
    ("discount_percentage: 40", "discount_percentage: 45"),
    ("price: \"14.90\"", "price: 15.90"),
    ("    addons:\n      - {slug: odonto, name: Dentista, price: \"14.90\"}\n", ""),
])  # fmt: skip
async def test_a_changed_plan_gets_a_new_version(database: Database, apply_text: Apply, old: str, new: str) -> None:
    await apply_text(SMALL)
    before = {row.slug: row for row in await _rows(database, plans)}
    report = await apply_text(SMALL.replace(old, new, 1), NOW + timedelta(days=1))
    assert (report.created, report.changed, report.lines) == (0, 1, ("plan individual: changed",))
    after = {row.slug: row for row in await _rows(database, plans)}
    assert (after["individual"].id, after["individual"].version) == (before["individual"].id, 2)
    assert after["familia"] == before["familia"]
    again = await apply_text(SMALL.replace(old, new, 1))
    assert (again.changed, again.unchanged) == (0, 6)


async def test_another_order_is_no_other_plan(database: Database, apply_text: Apply) -> None:
    await apply_text(SMALL)
    start, end = SMALL.index("  - slug: familia"), SMALL.index("partners:")
    family = SMALL[start:end]
    report = await apply_text(SMALL.replace(family, "").replace("plans:\n", f"plans:\n{family}"))
    assert report.lines == ("plan familia: changed", "plan individual: changed")
    rows = await _rows(database, plans, plans.c.sort_order)
    assert [(row.slug, row.version) for row in rows] == [("familia", 1), ("individual", 1)]


async def test_what_is_no_longer_named_is_retired_and_may_come_back(database: Database, apply_text: Apply) -> None:
    await apply_text(SMALL)
    start, end = SMALL.index("  - slug: familia"), SMALL.index("partners:")
    without = SMALL[:start] + SMALL[start:end].replace(SMALL[start:end], "")
    report = await apply_text(without)
    assert (report.retired, report.lines) == (2, ("plan familia: retired", "partner clinica: retired"))
    assert [(row.slug, row.is_active) for row in await _rows(database, plans)] == [
        ("individual", True), ("familia", False),
    ]  # fmt: skip
    assert [row.status for row in await _rows(database, partners)] == ["inactive"]
    assert (await apply_text(without)).lines == ()
    assert (await apply_text(SMALL)).lines == ("plan familia: changed", "partner clinica: changed")
    assert {(row.slug, row.is_active, row.version) for row in await _rows(database, plans)} == {
        ("individual", True, 1), ("familia", True, 2),
    }  # fmt: skip


async def test_a_location_that_moved_keeps_its_id_and_one_that_closed_is_gone(
    database: Database, apply_text: Apply
) -> None:
    await apply_text(SMALL)
    [before] = await _rows(database, partner_locations)
    await apply_text(SMALL.replace("number: 900", "number: 1000"))
    [moved] = await _rows(database, partner_locations)
    assert (moved.id, moved.number) == (before.id, "1000")
    await apply_text(SMALL.replace("- name: Centro", "- name: Norte"))
    assert [row.name for row in await _rows(database, partner_locations)] == ["Norte"]


async def test_any_change_moves_the_organization_on(database: Database, apply_text: Apply) -> None:
    """Even by a clock that stands still: the directory goes by it."""
    await apply_text(SMALL)
    await apply_text(SMALL.replace("price: 29.90", "price: 34.90"))
    [organization] = await _rows(database, organizations)
    assert NOW < organization.updated_at < NOW + timedelta(seconds=1)


async def test_the_number_goes_to_the_first_organization(database: Database, apply_text: Apply) -> None:
    await apply_text(SMALL)
    other = SMALL.replace("slug: aurora", "slug: brisa")
    assert "number: created" not in (await apply_text(other, NOW + timedelta(days=1))).lines
    assert "number: created" not in (await apply_text(other, number=NumberSettings("3", "4"))).lines
    [number] = await _rows(database, channel_numbers)
    renamed = NumberSettings(NUMBER.phone_number_id, "200000000000002", NUMBER.display_number)
    assert (await apply_text(SMALL, number=renamed)).lines == ("number: changed",)
    [changed] = await _rows(database, channel_numbers)
    assert (changed.id, changed.business_account_id) == (number.id, "200000000000002")
    assert (await apply_text(SMALL, number=None)).unchanged == 5


# --- Published texts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new", "field", "line"), [
    ("O cartão dá descontos.", "O cartão dá tudo.", "contract.content", "content:"),
    ("[Um, Dois, Três]", "[Um, Dois, Quatro]", "contract.summary", "summary:"),
    ("title: Contrato", "title: Acordo", "contract.title", "title:"),
])  # fmt: skip
async def test_a_published_contract_cannot_change(
    database: Database, apply_text: Apply, old: str, new: str, field: str, line: str
) -> None:
    await apply_text(SMALL)
    before = await _everything(database)
    with pytest.raises(ApplyError) as caught:
        await apply_text(SMALL.replace(old, new, 1).replace("29.90", "39.90"))
    [problem] = caught.value.problems
    assert (problem.line, problem.field) == (_line(SMALL, line), field)
    assert problem.message == "published contract v1.0 cannot change; raise the version"
    assert await _everything(database) == before


async def test_a_new_version_of_the_contract_stands_beside_the_former(database: Database, apply_text: Apply) -> None:
    await apply_text(SMALL)
    newer = SMALL.replace("v1.0", "v1.1").replace("dá descontos", "dá bons descontos")
    report = await apply_text(newer.replace("2026-01-01", "2026-12-01"))
    assert report.lines == ("contract v1.1: created",)
    assert {row.version for row in await _rows(database, contracts)} == {"v1.0", "v1.1"}
    with pytest.raises(ApplyError, match=r"contract\.effective_from: is before 2026-12-01, when contract v1\.1"):
        await apply_text(newer.replace("v1.1", "v1.2"))


async def test_a_published_consent_cannot_change(database: Database, apply_text: Apply) -> None:
    """Not even by way of another version and back."""
    await apply_text(SMALL)
    await apply_text(SMALL.replace('privacy: {version: "1.0", text: Aceito', 'privacy: {version: "1.1", text: Li'))
    with pytest.raises(ApplyError, match=r"line 6: consents\.privacy\.text: published text 1\.0 cannot change"):
        await apply_text(SMALL.replace("Aceito a política", "Aceito tudo"))
    assert (await apply_text(SMALL)).lines == ("organization: changed",)


# --- A bad file -------------------------------------------------------------------------------------------------------

_BAD: list[tuple[str, str, str, str]] = [
    ("slug: individual", "slug: Individual", "plans[0].slug", "small letters"),
    ("price: 29.90", "price: 29.9", "plans[0].price", "write 69.90"),
    ("price: 29.90", 'price: "1.234,56"', "plans[0].price", "write 69.90"),
    ("price: 29.90", "price: R$ 29,90", "plans[0].price", "write 69.90"),
    ("price: 29.90", "price: -1", "plans[0].price", "write 69.90"),
    ("price: 29.90", "price: 1e3", "plans[0].price", "write 69.90"),
    ("price: 29.90", "price: true", "plans[0].price", "write 69.90"),
    ("price: 29.90", "price: 0", "plans[0].price", "more than 0"),
    ("price: 29.90", "preco: 29.90", "plans[0].preco", "is not known here; did you mean price?"),
    ("    price: 29.90\n", "", "plans[0].price", "is required"),
    ("category: individual", "category: solo", "plans[0].category", "not one of individual, family or premium"),
    ("slug: familia", "slug: individual", "plans[1].slug", "is also the slug of item 1"),
    ("name: Família", "name: Individual", "plans[1].name", "is also the name of item 1"),
    ("name: Farmácia", "name: Consultas", "plans[0].benefits[1].name", "is also the name of item 1"),
    ("discount_percentage: 40", "discount_percentage: 140", "plans[0].benefits[0].discount_percentage", "at most 100"),
    ("discount_percentage: 40", 'discount_percentage: "40"', "plans[0].benefits[0].discount_percentage", "a whole"),
    ("max_dependents: 5", "max_dependents: 5\n    min_age: 30\n    max_age: 20", "plans[1].max_age", "under min_age"),
    ("category: individual", "category: individual\n    max_dependents: 1", "plans[0].max_dependents", "must be 0"),
    ("cep: 01310-100", "cep: 0131-100", "partners[0].locations[0].cep", "write it as 01310-100"),
    ("cep: 01310-100", "cep: 01310100", "partners[0].locations[0].cep", "put it in quotes"),
    ("state: SP", "state: sp", "partners[0].locations[0].state", "two capital letters"),
    ("state: SP", "state: NO", "partners[0].locations[0].state", "put it in quotes"),
    ("latitude: -23.5653", "latitude: -46.6", "partners[0].locations[0].latitude", "are the two swapped?"),
    ("        latitude: -23.5653\n", "", "partners[0].locations[0].longitude", "both latitude and longitude"),
    ("08:00-12:00,13:00-18:00", "8h-18h", "partners[0].locations[0].hours.mon", "write 08:00-18:00"),
    ("08:00-12:00,13:00-18:00", "13:00-18:00,08:00-12:00", "partners[0].locations[0].hours.mon", "write 08:00-18:00"),
    ("mon:", "seg:", "partners[0].locations[0].hours.seg", "is not one of mon"),
    ("category: health", "category: bank", "partners[0].category", "is not one of health"),
    ("category: health", "category: health\n    phone: 99999", "partners[0].phone", "put it in quotes"),
    ("category: health", 'category: health\n    phone: "11 1234"', "partners[0].phone", "not a phone number"),
    ("category: health", "category: health\n    email: clinica", "partners[0].email", "not an e-mail address"),
    ("category: health", "category: health\n    website: http://x.example", "partners[0].website", "begins with https"),
    ("name: Aurora", "name: Aurora\n  document: 12.345.678/0001-96", "business.document", "check digits"),
    ("name: Aurora", 'name: Aurora\n  brand_color: "#12345"', "business.brand_color", "is not a colour"),
    ("name: Aurora", "name: Aurora\n  timezone: Brasilia", "business.timezone", "is not a time zone"),
    ("name: Aurora", "name: ''", "business.name", "must not be empty"),
    ("name: Aurora", "name: 12", "business.name", 'put it in quotes, "12"'),
    ("version: v1.0", "version: 1.0", "contract.version", 'put it in quotes, "1.0"'),
    ("version: v1.0", "version: um", "contract.version", "is not a version"),
    ("2026-01-01", "01/01/2026", "contract.effective_from", "2026-01-31 without quotes"),
    ("2026-01-01", "2026-02-30", "contract.effective_from", "is not a date"),
    ("[Um, Dois, Três]", "[Um]", "contract.summary", "at least 3 items"),
    ("[Um, Dois, Três]", "Um", "contract.summary", "must be a list"),
    ("  privacy: ", "  segredo: ", "consents.segredo", "is not one of terms"),
    ("slug: clinica", "slug: &a clinica\n    slug: *a", "partners[0].slug", "written twice; the first is in line"),
    ("name: Clínica", "name: !!python/object:os.system x", "partners[0].name", "is not allowed"),
    ("name: Clínica", "name: [Clínica", "", "is not valid YAML"),
    ("name: Clínica", "name: Cl\tí\x00nica", "", "a character that YAML does not allow"),
    ("name: Clínica", "? [a, b]\n    : c", "partners[0]", "a key must be a word"),
    ("name: Clínica", "<<: {name: Clínica}", "partners[0].<<", "is not known here; known: slug, name"),
]


@pytest.mark.parametrize(("old", "new", "field", "words"), _BAD, ids=[f"{row[2]}-{n}" for n, row in enumerate(_BAD)])
def test_a_mistake_is_told_with_its_line_and_field(old: str, new: str, field: str, words: str) -> None:
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    found = [(line, message) for line, at, message in _problems(text) if at == field]
    assert found, _problems(text)
    assert words in found[0][1]
    assert abs(found[0][0] - _line(SMALL, old)) <= 3


@pytest.mark.parametrize(("old", "new", "line"), [
    ("price: 29.90", "price: 29.9", "price: 29.9"), ("max_dependents: 5", "filhos: 5", "filhos:"),
    ("    price: 29.90\n", "", "- slug: individual"), ("state: SP", "state: XX", "state:"),
])  # fmt: skip
def test_the_line_is_the_very_line(old: str, new: str, line: str) -> None:
    text = SMALL.replace(old, new, 1)
    assert [number for number, _, _ in _problems(text)] == [_line(text, line)]


def test_all_mistakes_are_told_at_once_and_in_order() -> None:
    text = SMALL.replace("state: SP", "state: XX").replace("price: 29.90", "price: x")
    text = text.replace("slug: aurora", "slug: A!")
    with pytest.raises(ApplyError) as caught:
        parse(text, "business.yaml")
    assert [line.split(": ")[:2] for line in str(caught.value).splitlines()] == [
        [f"business.yaml, line {_line(text, 'slug: A!')}", "business.slug"],
        [f"business.yaml, line {_line(text, 'price: x')}", "plans[0].price"],
        [f"business.yaml, line {_line(text, 'state: XX')}", "partners[0].locations[0].state"],
    ]


def test_whatsapp_codes_need_an_authentication_template() -> None:
    wanted = SMALL + "verification: {channels: [whatsapp, email]}\n"
    assert _problems(wanted)[0][1:] == ("verification.channels", "whatsapp needs a code_template")
    wanted = SMALL + "verification: {channels: [whatsapp], code_template: {name: codigo}}\n"
    assert _problems(wanted)[0][1:] == ("verification.code_template.category", "must be authentication")
    parse(wanted.replace("codigo", "codigo, category: authentication"), "business.yaml")
    assert "holds the same value twice" in _problems(SMALL + "verification: {channels: [email, email]}\n")[0][2]


def test_plans_need_a_contract() -> None:
    start, end = SMALL.index("contract:"), SMALL.index("plans:")
    assert _problems(SMALL[:start] + SMALL[end:]) == [(1, "contract", "is required to sell plans")]


def test_health_data_needs_a_consent_of_its_own() -> None:
    text = SMALL.replace("max_dependents: 5", "collects_health_data: true")
    assert _problems(text) == [(4, "consents.health", "is required to sell these plans")]


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "~", "a: b\n---\nc: d\n", "%YAML 9.9\n---\na: b"])
def test_what_is_no_business_file_at_all(text: str) -> None:
    assert _problems(text)


@pytest.mark.parametrize("text", [
    "a: " + "[" * 5000 + "]" * 5000,
    "a: &a [*a]",
    "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "x: 1\n" * 25_000,
    "a: " + "x" * (source.MOST_CHARACTERS + 1),
], ids=["deep", "endless", "billion laughs", "many", "long"])  # fmt: skip
def test_bombs_are_refused(text: str) -> None:
    assert _problems(text)


def test_an_anchor_may_be_used_again() -> None:
    hours = 'hours: {mon: "08:00-12:00,13:00-18:00"}'
    text = SMALL.replace(hours, 'hours: {mon: &day "08:00-18:00", tue: *day}')
    assert parse(text, "b.yaml").partners[0].locations[0].hours == {"mon": "08:00-18:00", "tue": "08:00-18:00"}


@given(st.integers(min_value=0, max_value=999_999_999))
def test_every_amount_is_read_to_the_centavo(centavos: int) -> None:
    written = f"{centavos // 100}.{centavos % 100:02d}"
    assert fields.money(written) == fields.money(written.replace(".", ",")) == centavos
    assert source.read(f"a: {written}", "a.yaml").values["a"] == Decimal(written)
    assert fields.money(source.read(f"a: {written}", "a.yaml").values["a"]) == centavos


@settings(max_examples=60)
@given(st.data())
def test_any_text_is_read_or_refused(data: st.DataObject) -> None:
    """No other error than ApplyError, whatever is cut out of a file or put into it."""
    start = data.draw(st.integers(0, len(SMALL)))
    end = data.draw(st.integers(start, min(start + 40, len(SMALL))))
    put = data.draw(st.text(alphabet="abcé0123456789:-[]{}&*!|>'\"#%@`,? \n\t~.", max_size=12))
    with suppress(ApplyError):
        parse(SMALL[:start] + put + SMALL[end:], "business.yaml")


async def test_a_second_business_has_a_key_and_a_shop_of_its_own(database: Database, apply_text: Apply) -> None:
    await apply_text(SMALL)
    await apply_text(SMALL.replace("slug: aurora", "slug: brisa").replace("29.90", "19.90"), NOW + timedelta(days=1))
    aurora, brisa = await _rows(database, organizations, organizations.c.created_at)
    assert aurora.data_key != brisa.data_key
    prices: dict[uuid.UUID, set[int]] = {}
    for row in await _rows(database, plans):
        prices.setdefault(row.organization_id, set()).add(row.price)
    assert prices == {aurora.id: {2990, 6990}, brisa.id: {1990, 6990}}
    assert (await apply_text(SMALL)).lines == ()
