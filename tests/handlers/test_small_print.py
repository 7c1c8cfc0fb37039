"""How ages and addresses are told, and where a code may go."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from conversations.dialogues.dependents import family_lines
from handlers.contracts.rules import one_line
from handlers.registrations.rules import months_on
from handlers.verification import recipients
from storage.unit_of_work import Database
from tests.counter import Counter, counter
from tests.factories import ADDRESS


@pytest.mark.parametrize("cep", [None, ""])
def test_an_address_without_a_cep_has_no_empty_one(cep: str | None) -> None:
    assert one_line({**ADDRESS, "cep": cep}) == "Praça da Sé, 10, Sé, São Paulo - SP"


@pytest.mark.parametrize(
    ("born", "day", "months"),
    [
        (date(2026, 4, 23), date(2026, 11, 23), 7),
        (date(2026, 4, 24), date(2026, 11, 23), 6),
        (date(2025, 12, 1), date(2026, 11, 30), 11),
        (date(2026, 11, 23), date(2026, 11, 23), 0),
    ],
)
def test_full_months(born: date, day: date, months: int) -> None:
    assert months_on(born, day) == months


async def test_a_baby_is_told_in_months(ana: Counter) -> None:
    await ana.begin()
    baby = {"full_name": "Bia Exemplo", "relationship": "child", "birth_date": "2026-04-20"}
    kept = (await ana.did("registrations.add_dependent", **baby)).keep["dependents"]
    assert kept[0]["months"] == 7
    assert "7 meses" in family_lines(kept)


async def test_a_code_by_whatsapp_needs_a_telephone_number(database: Database) -> None:
    hidden = await counter(database, wa_id=None, phone_e164=None, bsuid="BR.1")
    find = lambda desk: recipients.find(desk, "identity", "x", "whatsapp", None, None)  # noqa: E731
    assert await hidden.run(find) is None
    seen = replace(hidden, contact=replace(hidden.contact, wa_id="5511987654321"))
    found = await seen.run(find)
    assert found == recipients.Recipient("whatsapp", "5511987654321")
