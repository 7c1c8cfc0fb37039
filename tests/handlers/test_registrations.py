"""Sign-up answers: what is stored, what is refused, who may see it."""

from __future__ import annotations

import asyncio
import uuid
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError

from handlers.desk import Outcome
from handlers.masks import mask_cpf, mask_email, mask_phone
from handlers.registrations import closing, rules
from storage import registrations
from storage.tables.members import dependents, registration_sessions
from storage.unit_of_work import Database
from tests.counter import Counter, counter
from tests.factories import ADDRESS, CHILD_CPF, CPF, OTHER_CPF, START, plan


async def draft(ana: Counter) -> Row[tuple[object, ...]]:
    rows = await ana.run(lambda desk: desk.tx.all(select(registration_sessions).order_by(registration_sessions.c.id)))
    return rows[-1]


def test_masks_show_enough_for_the_owner_only() -> None:
    assert mask_cpf(CPF) == "***.456.789-**"
    assert mask_email("joana@example.com") == "j•••@example.com"
    assert mask_email("j@example.com") == "•••@example.com"
    assert mask_phone("+5511987654321") == "•••••-4321"


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2008, 11, 23), date(2026, 11, 23), 18),
        (date(2008, 11, 24), date(2026, 11, 23), 17),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_age_is_in_full_years(born: date, day: date, age: int) -> None:
    assert rules.age_on(born, day) == age


def test_the_day_is_the_business_own() -> None:
    assert rules.today(START.replace(hour=2), ZoneInfo("America/Sao_Paulo")) == date(2026, 11, 22)


@given(fee=st.integers(0, 10**6), price=st.integers(0, 10**6), trial=st.integers(0, 60), dental=st.booleans())
def test_due_now_is_the_fee_and_the_first_cycle_unless_on_trial(fee: int, price: int, trial: int, dental: bool) -> None:
    chosen = plan(adhesion_fee=fee, price=price, trial_days=trial)
    addons = rules.chosen_addons(chosen, ["dental", "dental", "unknown"] if dental else [])
    pricing = rules.price(chosen, addons)
    assert pricing.addons_total == (1990 if dental else 0)
    assert pricing.due_now == fee + (0 if trial else price + pricing.addons_total)


async def test_beginning_twice_takes_up_the_same_registration(ana: Counter) -> None:
    first = await ana.did("registrations.begin")
    ana.forward(days=2)
    assert await ana.did("registrations.begin") == first
    row = await draft(ana)
    assert (row.status, row.utm, row.expires_at) == ("started", {"source": "poster"}, ana.now + timedelta(days=7))


async def test_several_who_begin_at_once_without_the_lock_of_a_turn_open_one(ana: Counter) -> None:
    """Turns of one person wait for each other. Whoever does not is refused by the unique key, and begins again."""
    began = await asyncio.gather(*(ana.did("registrations.begin") for _ in range(4)), return_exceptions=True)
    refused = [each for each in began if isinstance(each, BaseException)]
    assert all(isinstance(each, IntegrityError) for each in refused)
    again = await ana.did("registrations.begin")
    opened = {str(each.keep["registration_id"]) for each in began if isinstance(each, Outcome)}
    assert opened == {again.keep["registration_id"]}


async def test_answers_are_stored_and_cpf_is_sealed(ana: Counter) -> None:
    await ana.begin()
    row = await draft(ana)
    assert (row.full_name, row.email, row.birth_date) == ("Ana Maria Exemplo", "ana@example.com", date(1990, 5, 20))
    assert CPF.encode() not in row.cpf_sealed
    assert ana.organization.sealer.open(row.cpf_sealed, "registration_sessions.cpf_sealed") == CPF


async def test_every_answer_gives_seven_days_again(ana: Counter) -> None:
    await ana.did("registrations.begin")
    ana.forward(days=6)
    await ana.do("registrations.name", full_name="Ana Exemplo")
    row = await draft(ana)
    assert (row.expires_at, row.current_step) == (ana.now + timedelta(days=7), "name")


async def test_cpf_of_a_member_shows_a_masked_address_only(database: Database, ana: Counter) -> None:
    await ana.join()
    stranger = await counter(database, ana.organization)
    await stranger.did("registrations.begin")
    outcome = await stranger.did("registrations.claim_cpf", cpf=CPF)
    assert outcome.name == "cpf_member"
    assert outcome.keep["recovery_email_masked"] == "a•••@example.com"
    assert set(outcome.keep) == {"recovery_email_masked", "customer_id"}


async def test_cpf_of_the_member_who_writes_is_known_here(ana: Counter) -> None:
    await ana.join()
    await ana.did("registrations.begin")
    assert (await ana.did("registrations.claim_cpf", cpf=CPF)).name == "cpf_here"


async def test_a_minor_is_refused_and_not_stored(ana: Counter) -> None:
    await ana.did("registrations.begin")
    outcome = await ana.did("registrations.birth_date", birth_date="2008-11-24")
    assert (outcome.name, outcome.keep) == ("minor", {"minimum": 18})
    assert (await draft(ana)).birth_date is None
    assert (await ana.did("registrations.birth_date", birth_date="2008-11-23")).name == "adult"


async def test_identity_needs_a_verified_code_once(ana: Counter) -> None:
    registration_id = await ana.begin()
    assert (await ana.did("registrations.identity_verified")).name == "unverified"
    await ana.verify("identity", str(registration_id))
    assert (await ana.did("registrations.identity_verified")).name == "saved"
    assert (await ana.did("registrations.identity_verified")).name == "saved"
    assert (await draft(ana)).status == "identity_verified"


async def test_another_email_has_to_be_verified_again(ana: Counter) -> None:
    registration_id = await ana.begin()
    await ana.did("verification.send", purpose="identity", bound_to=str(registration_id), channel="email")
    code = ana.secret()["code"]
    await ana.did("registrations.email", email="other@example.com")
    check = await ana.did("verification.check", purpose="identity", bound_to=str(registration_id), code=code)
    assert check.name == "wrong"
    assert (await ana.did("registrations.identity_verified")).name == "unverified"


async def test_cep_is_asked_outside_and_answered_by_an_event(ana: Counter) -> None:
    assert await ana.do("registrations.find_cep", cep="01001000") is None
    assert ana.asked("cep.lookup") == [{"cep": "01001000"}]
    place = {"cep": "01001000", "neighborhood": "Sé", "city": "São Paulo", "state": "SP"}
    (found,) = await ana.hear("cep.found", **place, street="Praça da Sé")
    assert (found.name, found.keep["city"]) == ("cep_found", "São Paulo")
    (found,) = await ana.hear("cep.found", **place, street=None)
    assert (found.name, found.keep["city"]) == ("cep_street_missing", "São Paulo")
    assert [outcome.name for outcome in await ana.hear("cep.unknown", cep="01001000")] == ["cep_unknown"]
    assert [outcome.name for outcome in await ana.hear("cep.down", cep="01001000")] == ["cep_down"]


async def test_dependents_are_added_once_listed_and_removed(ana: Counter) -> None:
    await ana.begin()
    child = {"full_name": "Bia Exemplo", "relationship": "child", "birth_date": "2015-01-02", "cpf": CHILD_CPF}
    first = await ana.did("registrations.add_dependent", **child)
    assert first.keep == {"dependents": [{"name": "Bia Exemplo", "relationship": "child", "age": 11}]}
    assert await ana.did("registrations.add_dependent", **child) == first
    assert CHILD_CPF not in str(first.keep)
    twin = {**child, "full_name": "Caio Exemplo"}
    assert (await ana.did("registrations.add_dependent", **twin)).name == "dependent_cpf_taken"
    assert (await ana.did("registrations.add_dependent", **{**twin, "cpf": CPF})).name == "dependent_cpf_taken"
    await ana.did("registrations.add_dependent", **{**twin, "cpf": None})
    assert (await ana.did("registrations.remove_dependent", index=7)).keep["dependents"][0]["name"] == "Bia Exemplo"
    left = await ana.did("registrations.remove_dependent", index=0)
    assert [person["name"] for person in left.keep["dependents"]] == ["Caio Exemplo"]


async def test_holders_corrected_cpf_is_taken_off_a_dependant(ana: Counter) -> None:
    await ana.begin()
    child = {"full_name": "Bia Exemplo", "relationship": "child", "birth_date": "2015-01-02", "cpf": OTHER_CPF}
    await ana.did("registrations.add_dependent", **child)
    await ana.did("registrations.claim_cpf", cpf=OTHER_CPF)
    rows = await ana.run(lambda desk: desk.tx.all(select(dependents)))
    assert [row.cpf_hash for row in rows] == [None]


async def test_plan_is_priced(ana: Counter) -> None:
    await ana.choose()
    chosen = ana.organization.plans[0]
    outcome = await ana.did("registrations.choose_plan", plan_id=str(chosen.id), addons=["dental"])
    assert outcome.keep == {
        "plan_id": str(chosen.id),
        "addons": ["dental"],
        "pricing": {
            "cycle_price": 6990,
            "addons_total": 1990,
            "adhesion_fee": 4010,
            "due_now": 12990,
            "trial_days": 0,
            "billing_cycle": "monthly",
            "validity_months": 12,
        },
    }


async def test_what_is_looked_at_changes_nothing_until_it_is_accepted(ana: Counter) -> None:
    await ana.choose()
    before = await draft(ana)
    shown = await ana.did("registrations.choose_plan", plan_id=str(ana.organization.plans[0].id), addons=["dental"])
    looked = await draft(ana)
    assert (looked.addons, looked.pricing) == (before.addons, before.pricing)
    assert (await ana.did("registrations.accept_plan", **shown.keep)).keep == shown.keep
    after = await draft(ana)
    assert (after.status, after.pricing) == ("plan_selected", shown.keep["pricing"])
    assert [addon["slug"] for addon in after.addons] == ["dental"]


async def test_another_price_than_the_one_shown_is_not_accepted(ana: Counter) -> None:
    await ana.choose()
    before = await draft(ana)
    shown = await ana.did("registrations.choose_plan", plan_id=str(ana.organization.plans[0].id), addons=["dental"])
    stale = {**shown.keep, "pricing": {**shown.keep["pricing"], "cycle_price": 5990, "due_now": 11990}}
    told = await ana.did("registrations.accept_plan", **stale)
    assert (told.name, told.note, told.keep) == ("repriced", "signup-repriced", shown.keep)
    assert (await draft(ana)).pricing == before.pricing


async def test_who_paid_chooses_no_more(ana: Counter) -> None:
    await ana.choose(place=1)
    assert (await ana.did("registrations.may_choose")).name == "choose"
    await ana.did("payments.charge")
    plan_id = str(ana.organization.plans[0].id)
    assert (await ana.did("registrations.may_choose")).name == "paid"
    assert (await ana.did("registrations.choose_plan", plan_id=plan_id)).name == "paid"
    assert (await ana.did("registrations.accept_plan", plan_id=plan_id, addons=[], pricing={})).name == "paid"


async def test_plan_that_does_not_fit_is_refused(ana: Counter) -> None:
    await ana.choose()
    plan_id = str(ana.organization.plans[0].id)
    await ana.did("registrations.birth_date", birth_date="1940-01-01")
    old = await ana.did("registrations.choose_plan", plan_id=plan_id)
    assert (old.name, old.keep) == ("age_outside", {"minimum": 18, "maximum": 75})
    for name in ("Bia", "Caio", "Davi"):
        person = {"full_name": name, "relationship": "child", "birth_date": "2015-01-02", "cpf": None}
        await ana.did("registrations.add_dependent", **person)
    crowd = await ana.did("registrations.choose_plan", plan_id=plan_id)
    assert (crowd.name, crowd.keep) == ("too_many_dependents", {"maximum": 2})
    assert (await ana.did("registrations.choose_plan", plan_id=str(uuid.uuid4()))).name == "plan_gone"


async def test_canceling_erases_the_person(ana: Counter) -> None:
    registration_id = await ana.choose()
    child = {"full_name": "Bia Exemplo", "relationship": "child", "birth_date": "2015-01-02", "cpf": CHILD_CPF}
    await ana.did("registrations.add_dependent", **child)
    charge = await ana.charge()
    await ana.contract()
    assert (await ana.did("registrations.cancel", reason="gave_up")).name == "canceled"
    assert (await ana.did("registrations.cancel", reason="gave_up")).name == "canceled"
    row = await draft(ana)
    assert row.status == "canceled"
    assert all(getattr(row, name) is None for name in registrations.PERSONAL)
    assert await ana.run(lambda desk: registrations.dependents_of(desk.tx, registration_id)) == []
    assert [cancel["intent_id"] for cancel in ana.asked("pix.cancel")] == [charge["intent_id"]]
    assert len(ana.noticed("registration_canceled")) == 1


async def test_without_an_open_registration_nothing_is_written(ana: Counter) -> None:
    assert (await ana.did("registrations.name", full_name="Ana")).name == "registration_closed"
    assert (await ana.did("registrations.address", **ADDRESS)).name == "registration_closed"
    assert (await ana.did("payments.charge")).name == "registration_closed"
    assert (await ana.did("contracts.prepare")).name == "registration_closed"


async def test_draft_expires_after_seven_days_and_is_erased_once(ana: Counter) -> None:
    registration_id = await ana.choose()
    assert await ana.hear("registration.expired") == []
    ana.forward(days=7)
    due = await ana.database.run(lambda tx: closing.due_drafts(tx, ana.now), org=None)
    assert [(item.contact_id, item.registration_id) for item in due] == [(ana.contact.id, registration_id)]
    assert [outcome.name for outcome in await ana.hear("registration.expired")] == ["registration_expired"]
    assert await ana.hear("registration.expired") == []
    row = await draft(ana)
    assert (row.status, row.cpf_hash, row.email) == ("expired", None, None)
    assert (await ana.did("registrations.begin")).keep["registration_id"] != str(registration_id)


async def test_who_paid_does_not_expire(ana: Counter) -> None:
    await ana.choose(place=1)
    assert (await ana.did("payments.charge")).name == "nothing_due"
    ana.forward(days=30)
    assert await ana.database.run(lambda tx: closing.due_drafts(tx, ana.now), org=None) == []
    assert await ana.hear("registration.expired") == []


async def test_what_is_signed_is_not_changed(ana: Counter) -> None:
    await ana.choose()
    await ana.charge()
    assert (await ana.sign()).name == "signed"
    assert (await ana.did("registrations.name", full_name="Outra Pessoa")).name == "registration_closed"
    plan_id = str(ana.organization.plans[1].id)
    assert (await ana.did("registrations.choose_plan", plan_id=plan_id)).name == "registration_closed"


async def test_one_business_never_sees_anothers_registration(database: Database, ana: Counter) -> None:
    registration_id = await ana.choose()
    charge = await ana.charge()
    other = await counter(database)
    found = await other.run(lambda desk: registrations.by_id(desk.tx, registration_id))
    assert found is None
    assert await other.run(lambda desk: desk.tx.all(select(registration_sessions))) == []
    assert await other.hear("pix.created", intent_id=charge["intent_id"]) == []
    assert await other.hear("pix.state", intent_id=charge["intent_id"], asked=True, payments=[]) == []
    assert len(other.noticed("pix_foreign")) == 1
    # The same CPF may be a member of two businesses, and neither learns of the other.
    await other.did("registrations.begin")
    assert (await other.did("registrations.claim_cpf", cpf=CPF)).name == "cpf_free"


async def test_a_person_cannot_act_on_anothers_charge_in_the_same_business(database: Database, ana: Counter) -> None:
    await ana.choose()
    charge = await ana.charge()
    neighbour = await counter(database, ana.organization)
    assert await neighbour.hear("pix.created", intent_id=charge["intent_id"]) == []
    assert await neighbour.hear("pix.failed", intent_id=charge["intent_id"], code="x") == []
    assert await neighbour.hear("pix.confirmed", intent_id=charge["intent_id"], user_id=None) == []


async def test_unknown_events_are_shown_to_staff(ana: Counter) -> None:
    assert await ana.hear("never.heard") == []
    assert len(ana.noticed("event_unknown")) == 1
