"""The stack of dialogues of one person, and the way back through it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from conversations.conversation import STEPS_BACK, Conversation, Frame
from tests.conversations.stage import stored

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)


def test_back_restores_the_state_and_what_the_move_changed() -> None:
    frame = Frame("signup", "cpf", {"name": "Ana", "plan": "gold"})
    frame.remember("full_name", {"name": "Bia", "plan": None, "age": 30})
    frame.state = "birth_date"
    assert frame.draft == {"name": "Bia", "age": 30}
    assert frame.back()
    assert (frame.state, frame.draft) == ("full_name", {"name": "Ana", "plan": "gold"})


def test_there_is_nothing_before_the_beginning() -> None:
    frame = Frame("signup", "cpf", {"name": "Ana"})
    assert not frame.back()
    assert (frame.state, frame.draft) == ("cpf", {"name": "Ana"})


def test_nobody_goes_back_through_a_wall() -> None:
    frame = Frame("checkout", "paying")
    frame.remember("charging", {})
    frame.wall()
    assert frame.walled
    assert not frame.back()
    frame.remember("contract", {"signed": True})
    assert frame.back()
    assert not frame.back()


def test_the_way_back_is_not_endless_but_the_wall_stays() -> None:
    frame = Frame("checkout", "contract")
    frame.wall()
    for index in range(STEPS_BACK * 3):
        frame.remember(f"state-{index}", {"index": index})
    assert frame.walled
    assert len(frame.history) == STEPS_BACK + 1
    assert all(frame.back() for _ in range(STEPS_BACK))
    assert not frame.back()


def test_a_frame_on_the_stack_is_not_shared_with_its_copy() -> None:
    frame = Frame("signup", "cpf", {"name": "Ana"})
    copy = Frame.from_json(frame.to_json())
    copy.remember("cpf", {"name": "Bia"})
    assert frame.draft == {"name": "Ana"}
    assert frame.history == []


VALUES = st.none() | st.integers(-(2**31), 2**31) | st.text(st.characters(codec="utf-8"), max_size=5) | st.booleans()
KEEPS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), max_size=STEPS_BACK)


@given(KEEPS)
def test_all_the_way_back_is_where_it_began(keeps: list[dict[str, object]]) -> None:
    frame = Frame("signup", "state-0", {"a": 1})
    for index, keep in enumerate(keeps, 1):
        frame.remember(frame.state, keep)
        frame.state = f"state-{index}"
    while frame.back():
        pass
    assert (frame.state, frame.draft) == ("state-0", {"a": 1})


@given(KEEPS)
def test_what_is_stored_comes_back(keeps: list[dict[str, object]]) -> None:
    top = Frame("address", "cep")
    for keep in keeps:
        top.remember("cep", keep)
    talk = Conversation(uuid.UUID(int=1), [Frame("menu", "joining"), Frame("signup", "address", {"a": "ç"}), top], NOW)
    talk.version, talk.unclear, talk.floor, talk.attempts = 7, 2, "human", 1
    assert orjson.loads(orjson.dumps(talk.to_row()["stack"]))
    assert stored(talk) == talk
