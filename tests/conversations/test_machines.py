"""Anything may happen to anybody, in any order, twice: nothing raises, nobody is stuck, nothing secret is kept.

More examples with BALCAO_TEST_EXAMPLES.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Coroutine, Iterator
from typing import Any, ClassVar, TypeVar

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from conversations.dialogues.all import dialogues
from storage.unit_of_work import Database, make_engine
from tests.conversations import world
from tests.conversations.stage import Message, Shop
from tests.factories import CHILD_CPF, CPF, OTHER_CPF, contact, organization, plan

T = TypeVar("T")
SHORT = 15
EXAMPLES = int(os.environ.get("BALCAO_TEST_EXAMPLES", SHORT))
MOST_MESSAGES, DEEPEST, LARGEST_DRAFT, LONGEST_HISTORY = 3, 6, 20_000, 31
WAITS = {f"{dialogue.name}.{state}" for dialogue in dialogues() for state in dialogue.waits}
CPFS = [form for cpf in (CPF, OTHER_CPF, CHILD_CPF) for form in (cpf, f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}")]
SECRET = re.compile("|".join(map(re.escape, CPFS)))

# What a willing person says or taps, by place; where nothing is named the first button is tapped.
WILLING: dict[str, list[str]] = {
    "menu.choosing": ["Quero fazer parte", "Continuar cadastro", "Minha carteirinha"],
    "signup.full_name": ["Ana Maria Exemplo"],
    "signup.cpf": ["123.456.789-09", "529.982.247-25"],
    "signup.birth_date": ["15/05/1990"],
    "signup.email": ["ana@example.com", "ana@gmial.com"],
    "signup.profession": ["professora", "atendente"],
    "signup.plan": ["Família", "Teste", "Maria Exemplo"],
    "address.cep": ["01001-000", "não sei"],
    "address.found": ["120 apto 34"],
    "address.street": ["Rua das Flores"],
    "address.neighborhood": ["Centro"],
    "address.city": ["Campinas - SP"],
    "address.number": ["100"],
    "dependents.name": ["João Exemplo", "não"],
    "dependents.birth_date": ["10/10/2020"],
    "dependents.cpf": ["pular", "111.444.777-35", "123.456.789-09"],
    "dependents.more": ["Continuar", "Bia Exemplo", "Remover alguém"],
}
NASTY = [
    "", " ", "oi", "Oi, tudo bem?", "?", "0", "1", "2", "10", "99999999999999999999", "sim", "não", "ok", "👍",
    "🙈🙉🙊",
    "ana", "Ana Maria Exemplo", "a" * 4000, "ç" * 200, "123.456.789-09", "52998224725", "111.111.111-11", "15/05/1990",
    "31/02/1990", "15/05/2020", "1/1/1800", "ana@example.com", "ana@gmial.com", "01001-000", "00000-000", "s/n",
    "Rua das Flores, 123", "Campinas - SP", "Campinas", "já paguei", "novo código", "cancelar tudo", "000000", "123456",
    "atendente", "quero continuar", "continuar", "Quero fazer parte [ref: x]", "https://example.com", "{ $name }", "%s",
    "'; DROP TABLE contacts; --", "\u200b\u200b", "\u202eolá", "4111 1111 1111 1111", "Opção 3", "a última",
    "Maria-José D'Ávila",
]  # fmt: skip
WISHES = ["menu", "voltar", "cancelar", "ajuda", "atendente", "parar", "oi"]
MEDIA: list[Message] = [
    {"type": "image", "image": {"id": "1", "mime_type": "image/jpeg", "caption": "meu comprovante"}},
    {"type": "document", "document": {"id": "1", "filename": "a.pdf"}},
    {"type": "audio", "audio": {"id": "1", "voice": True}},
    {"type": "video", "video": {"id": "1"}},
    {"type": "sticker", "sticker": {"id": "1"}},
    {"type": "location", "location": {"latitude": -23.5, "longitude": -46.6}},
    {"type": "contacts", "contacts": [{"name": {"formatted_name": "Bia"}}]},
    {"type": "order", "order": {"catalog_id": "1", "product_items": []}},
    {"type": "unsupported", "errors": [{"code": 131051}]},
    {"type": "brand_new", "brand_new": {}},
    {"type": "edit", "edit": {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "Bia"}}}},
    {"type": "button", "button": {"text": "Continuar", "payload": "Continuar"}},
    {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}},
]
SILENT: list[Message] = [
    {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "👍"}},
    {"type": "revoke", "revoke": {"original_message_id": "wamid.1"}},
    {"type": "text", "text": {"body": "menu"}, "group_id": "group-1"},
    {
        "type": "interactive",
        "interactive": {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}},
    },
]


class House:
    """One database and one loop for all people of a run."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self.database = Database(make_engine(url))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def close(self) -> None:
        self.run(self.database.close())
        self._runner.close()


class Person(RuleBasedStateMachine):
    """One person of a new business."""

    house: ClassVar[House]

    @initialize(pix_bubble=st.booleans(), health=st.booleans(), ahead=st.sampled_from([0, 5, 10, 16, 17, 18, 22, 30]))
    def opens(self, pix_bubble: bool, health: bool, ahead: int) -> None:
        self.shop = self.house.run(self._open(pix_bubble, health))
        if ahead:
            self.goes_on_willingly(ahead, 0)

    async def _open(self, pix_bubble: bool, health: bool) -> Shop:
        plans = (plan(collects_health_data=health), plan(name="Teste", trial_days=30, adhesion_fee=0))
        changes = {"pix_bubble": pix_bubble, "pix_key": "pix@example.com", "plans": plans}
        made = await organization(self.house.database, **changes)
        return Shop(self.house.database, made, await contact(self.house.database, made))

    # --- the person ---------------------------------------------------------------------------------------------

    def _hears(self, work: Coroutine[Any, Any, list[Message]]) -> None:
        """The person did something: there is an answer, unless a human has the floor or the answer is under way."""
        human = self.shop.conversation.floor == "human"
        sent = self.house.run(work)
        silent = human or self.shop.place in WAITS
        assert sent or silent, f"no answer at {self.shop.stack}"

    @rule(text=st.sampled_from(NASTY))
    def says_anything(self, text: str) -> None:
        self._hears(self.shop.says(text))

    @rule(wish=st.sampled_from(WISHES))
    def wishes(self, wish: str) -> None:
        self._hears(self.shop.says(wish))

    @rule()
    def goes_to_the_menu(self) -> None:
        self._hears(self.shop.says("menu"))
        assert self.shop.place == "menu.choosing"
        assert len(self.shop.titles) >= 3

    @rule(message=st.sampled_from(MEDIA))
    def sends(self, message: Message) -> None:
        self._hears(self.shop.sends(message))

    @rule(message=st.sampled_from(SILENT))
    def does_in_silence(self, message: Message) -> None:
        before = self.shop.conversation.to_row()
        assert self.house.run(self.shop.sends(message)) == []
        assert self.shop.conversation.to_row() == before

    @precondition(lambda self: self.shop.shown)
    @rule(place=st.integers(0, 10_000))
    def taps_any_button_ever_shown(self, place: int) -> None:
        ids = list(self.shop.shown)
        self._hears(self.shop.taps(ids[place % len(ids)]))

    @precondition(lambda self: self.shop.codes())
    @rule(newest=st.booleans())
    def types_a_code(self, newest: bool) -> None:
        self._hears(self.shop.says(self.shop.codes()[-1 if newest else 0]))

    @rule(steps=st.integers(1, 25), turn=st.integers(0, 2))
    def goes_on_willingly(self, steps: int, turn: int) -> None:
        for _ in range(steps):
            self._hears(self._willing(turn))
            self.keeps_the_rules()
            self.house.run(world.settle(self.shop))
            self.keeps_the_rules()

    async def _willing(self, turn: int) -> list[Message]:
        place = self.shop.place
        if self.shop.conversation.floor == "human":
            return await self.shop.says("menu")
        if place == "verification.code" and self.shop.codes():
            return await self.shop.says(self.shop.codes()[-1])
        if place in ("checkout.paying", "checkout.unpaid", "checkout.short") and self.shop.asked("pix.create"):
            await world.pay(self.shop, self.shop.asked("pix.create")[-1])
            return await self.shop.says("oi")
        ways = WILLING.get(place)
        if ways:
            offered = [way for way in ways if way in self.shop.shown.values()]
            said = ways[turn % len(ways)]
            return await (self.shop.taps(offered[0]) if offered and turn == 0 else self.shop.says(said))
        prefix = f"{place}.{self.shop.conversation.version}."
        here = [key for key in self.shop.shown if key.startswith(prefix)]
        return await (self.shop.taps(here[turn % len(here)]) if here else self.shop.says("menu"))

    # --- the world ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.shop.errands)
    @rule(place=st.integers(0, 10_000), way=st.integers(0, 10))
    def the_world_answers_any_errand_again(self, place: int, way: int) -> None:
        known = [row for row in self.shop.errands if row["kind"] in world.TAKES]
        if not known:
            return
        row = known[-1 - place % len(known)]
        takes = world.TAKES[row["kind"]]
        self.house.run(world.answer(self.shop, row["kind"], row["payload"], takes[way % len(takes)]))

    @precondition(lambda self: self.shop.asked("pix.create"))
    @rule(place=st.integers(0, 100), take=st.sampled_from(world.TAKES["pix.check"]))
    def the_bank_speaks_unasked(self, place: int, take: str) -> None:
        charges = self.shop.asked("pix.create")
        charge = charges[-1 - place % len(charges)]
        self.house.run(self.shop.happens("pix.notice", intent_id=charge["intent_id"]))
        self.house.run(world.pay(self.shop, charge, take))

    @rule(kind=st.sampled_from(["registration.expired", "cep.unknown", "cep.down", "document.failed", "nonsense"]))
    def something_happens(self, kind: str) -> None:
        self.house.run(self.shop.happens(kind))

    @rule(count=st.integers(0, 1), late=st.booleans())
    def the_reminder_rings(self, count: int, late: bool) -> None:
        version = self.shop.conversation.version - 1 if late else None
        self.house.run(self.shop.rings(version=version, count=count))

    @rule(minutes=st.sampled_from([1, 6, 65, 60 * 25, 60 * 24 * 8]))
    def time_passes(self, minutes: int) -> None:
        self.shop.forward(minutes=minutes)

    # --- the rules ----------------------------------------------------------------------------------------------

    @invariant()
    def keeps_the_rules(self) -> None:
        if not hasattr(self, "shop"):
            return
        shop, conversation = self.shop, self.shop.conversation
        assert len(shop.messages) <= MOST_MESSAGES, shop.messages
        assert len(conversation.stack) <= DEEPEST, shop.stack
        for frame in conversation.stack:
            assert len(orjson.dumps(frame.draft)) <= LARGEST_DRAFT
            assert len(frame.history) <= LONGEST_HISTORY
        self._keeps_secrets()

    def _keeps_secrets(self) -> None:
        rows = self.shop.rows
        talk = {name: value for name, value in self.shop.conversation.to_row().items() if name != "entered_at"}
        payloads = [row["payload"] for row in rows.outbox]
        words = [(row["content"], row["variables"]) for row in rows.communications]
        kept = orjson.dumps([talk, payloads, words, [row["detail"] for row in rows.notices]]).decode()
        assert not SECRET.search(kept), kept
        for code in self.shop.codes():
            assert not re.search(rf"(?<!\w){code}(?!\w)", kept), kept


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    opened = House(sqlite_url)
    yield opened
    opened.close()


@pytest.mark.timeout(300 if EXAMPLES <= SHORT else 0)
def test_whatever_happens(house: House) -> None:
    run_state_machine_as_test(
        type("Resident", (Person,), {"house": house}),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            derandomize=EXAMPLES <= SHORT,
            suppress_health_check=list(HealthCheck),
        ),
    )
