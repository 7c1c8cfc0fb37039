"""The maps of all dialogues: each state can be reached, left and is worded; what they name exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from transitions import Machine

from bot.diagrams import mermaid
from conversations.catalogue import portuguese
from conversations.dialogue import Dialogue
from conversations.dialogues.all import dialogues
from conversations.said import Kind
from conversations.understand.words import command
from handlers.commands import COMMANDS

ALL = {dialogue.name: dialogue for dialogue in dialogues()}
PLACES = [(dialogue, state) for dialogue in ALL.values() for state in dialogue.states]
SOURCE = {
    name: Path(str(module)).read_text(encoding="utf-8")
    for name, module in ((path.stem, path) for path in Path("conversations/dialogues").glob("*.py"))
}
every_dialogue = pytest.mark.parametrize("dialogue", ALL.values(), ids=ALL)
every_state = pytest.mark.parametrize(
    ("dialogue", "state"), PLACES, ids=[f"{one.name}.{state}" for one, state in PLACES]
)


def moves(dialogue: Dialogue) -> Iterator[tuple[str, str, str]]:
    """(move, from, to), one for each state a move leaves."""
    for name, sources, target in dialogue.moves:
        for source in [sources] if isinstance(sources, str) else sources:
            yield from ((name, state, target) for state in (dialogue.states if source == "*" else [source]))


def arrives(dialogue: Dialogue, state: str) -> bool:
    """Whether something happens on entering the state, so that nobody is asked."""
    return hasattr(dialogue, f"arrive_{state}")


def asks(dialogue: Dialogue, state: str) -> bool:
    return state not in dialogue.waits and not arrives(dialogue, state)


# --- Maps -----------------------------------------------------------------------------------------------------------


@every_dialogue
def test_every_move_joins_states_that_exist(dialogue: Dialogue) -> None:
    known = set(dialogue.states)
    for name, source, target in moves(dialogue):
        assert {source, target} <= known, name


@every_dialogue
def test_a_move_leads_to_one_place_from_each_state(dialogue: Dialogue) -> None:
    pairs = [(name, source) for name, source, _ in moves(dialogue)]
    assert sorted(pairs) == sorted(set(pairs))


@every_dialogue
def test_every_state_is_named_once(dialogue: Dialogue) -> None:
    assert len(set(dialogue.states)) == len(dialogue.states)
    assert dialogue.initial in dialogue.states


@every_dialogue
def test_special_states_exist(dialogue: Dialogue) -> None:
    special = {*dialogue.steps, *dialogue.barriers, *dialogue.waits, *dialogue.over, *dialogue.rests}
    special |= {*dialogue.literal, *dialogue.listens, *dialogue.aliases.values()}
    assert special <= set(dialogue.states)


@every_dialogue
def test_a_former_name_is_no_present_one(dialogue: Dialogue) -> None:
    assert not set(dialogue.aliases) & set(dialogue.states)


@every_dialogue
def test_what_is_written_for_a_state_is_of_a_state_that_exists(dialogue: Dialogue) -> None:
    written = [re.fullmatch(r"(?:hear|ask|arrive)_(\w+)", name) for name in dir(dialogue)]
    assert {match[1] for match in written if match} <= set(dialogue.states)


@every_state
def test_every_state_can_be_reached(dialogue: Dialogue, state: str) -> None:
    reached, grown = {dialogue.initial}, 0
    while grown != len(reached):
        grown = len(reached)
        reached |= {target for _, source, target in moves(dialogue) if source in reached}
    assert state in reached


@every_state
def test_every_state_leads_on_or_ends_the_dialogue(dialogue: Dialogue, state: str) -> None:
    """A state without a move ends the dialogue by itself, or says that only people and the menu help."""
    if any(source == state for _, source, _ in moves(dialogue) if source == state):
        return
    ends = f"def arrive_{state}" in SOURCE[dialogue.name] and "Finish(" in SOURCE[dialogue.name]
    assert ends or state in dialogue.over


@every_state
def test_every_question_and_every_wait_is_worded(dialogue: Dialogue, state: str) -> None:
    say = portuguese()
    if state in dialogue.waits:
        assert say.has(f"{dialogue.name}-{state}-wait")
    elif asks(dialogue, state) and not hasattr(dialogue, f"ask_{state}"):
        assert say.has(f"{dialogue.name}-{state}")


@every_state
def test_every_question_is_heard(dialogue: Dialogue, state: str) -> None:
    """By its own ears, or because its moves are named like its choices."""
    if not asks(dialogue, state) or hasattr(dialogue, f"hear_{state}") or state in dialogue.over:
        return
    triggers = {name for name, source, _ in moves(dialogue) if source == state}
    assert any(f'"{name}"' in SOURCE[dialogue.name].split(f"def ask_{state}")[-1] for name in triggers)


@every_dialogue
def test_every_step_is_counted(dialogue: Dialogue) -> None:
    for index, state in enumerate(dialogue.steps, 1):
        assert dialogue.progress(state) == (index, len(dialogue.steps))
    assert dialogue.progress("no such state") is None


def test_every_command_that_is_asked_for_exists() -> None:
    asked = {name for source in SOURCE.values() for name in re.findall(r'Do\(\s*"([\w.]+)"', source)}
    assert asked
    assert asked <= set(COMMANDS)


def test_every_command_is_asked_for() -> None:
    code = "".join([*SOURCE.values(), *(path.read_text() for path in Path("conversations").glob("*.py"))])
    assert {name for name in COMMANDS if f'"{name}"' not in code} == set()


def test_every_dialogue_that_is_called_exists() -> None:
    called = {name for source in SOURCE.values() for name in re.findall(r'Call\(\s*"(\w+)"', source)}
    assert called <= set(ALL)
    assert set(ALL) - called == {"menu", "leaving"}


def test_what_a_called_dialogue_ends_with_is_known_to_its_callers() -> None:
    for name, source in SOURCE.items():
        if name not in ALL or name in ("menu", "leaving"):
            continue
        ends = set(re.findall(r'Finish\(\s*"(\w+)"', source))
        callers = [one for one in ALL.values() if f'Call("{name}"' in SOURCE[one.name]]
        known = {move for caller in callers for move, _, _ in moves(caller)}
        assert ends <= known, name


def test_words_of_a_literal_state_would_be_wishes() -> None:
    for dialogue in ALL.values():
        for words in dialogue.literal.values():
            assert all(command(word) for word in words)


def test_a_receipt_is_heard_while_a_payment_is_awaited() -> None:
    assert Kind.IMAGE in ALL["checkout"].listens["paying"]


# --- The machine under it -------------------------------------------------------------------------------------------


@every_dialogue
def test_the_machine_is_the_synchronous_one(dialogue: Dialogue) -> None:
    assert type(dialogue.machine) is Machine
    assert dialogue.machine.models == []


class Renamed(Dialogue):
    name = "renamed"
    initial = "now"
    states = ("now", "then")
    moves = (("go", "now", "then"),)
    aliases = {"before": "then"}  # noqa: RUF012 - as dialogues write it


def test_a_former_name_is_understood() -> None:
    dialogue = Renamed()
    assert dialogue.known("before") == "then"
    assert dialogue.known("now") == "now"
    assert dialogue.known("never") is None


# --- Diagrams -------------------------------------------------------------------------------------------------------


@every_dialogue
def test_the_diagram_shows_every_state_and_move(dialogue: Dialogue) -> None:
    drawn = mermaid(dialogue.name)
    assert drawn.startswith("stateDiagram-v2")
    assert all(re.search(rf"\b{state}\b", drawn) for state in dialogue.states)
    assert all(name in drawn for name, _, _ in moves(dialogue))


def test_all_diagrams_come_one_after_another() -> None:
    assert mermaid().count("stateDiagram-v2") == len(ALL)


def test_an_unknown_diagram_says_which_there_are() -> None:
    with pytest.raises(SystemExit, match="menu, signup"):
        mermaid("nonsense")
