"""A dialogue: the map (states and moves), what each state hears, what each state asks. No I/O, no clock, no wording.

    moves     (what was understood, from, to): held by one synchronous `transitions` machine a dialogue, shared by all
    hear_X    what was said in state X becomes a `Move`, an `Unclear` or a command (`Do`)
    arrive_X  what happens on entering X without asking anything: a command, another dialogue, the end
    ask_X     what X asks; by default the text `<dialogue>-<X>` with no choices

State names are stored with people's conversations: rename one only with an alias.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, cast

from transitions import Machine

from conversations.render import Choice
from conversations.said import Kind, Said
from handlers.facts import Contact, Organization

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Move:
    """Understood: go where the map says. `keep` is remembered in the draft (None forgets the key)."""

    name: str
    keep: Values = field(default_factory=dict)
    note: str | None = None
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unclear:
    """Not understood: say why (`error-<code>`) and ask again."""

    code: str
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Do:
    """Ask the business; its outcome is the next move. `keep` is remembered before."""

    command: str
    args: Values = field(default_factory=dict)
    keep: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """Hold another dialogue; its result is the next move here."""

    dialogue: str
    draft: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finish:
    """The dialogue is over. Its caller goes on with move `result`; without a caller the menu takes over."""

    result: str = "done"
    keep: Values = field(default_factory=dict)
    note: str | None = None
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a state asks. `extra` are messages of their own that follow (a code to be copied whole)."""

    key: str
    values: Values = field(default_factory=dict)
    choices: Sequence[Choice] = ()
    list_label: str | None = None
    image: str | None = None
    document: str | None = None
    filename: str = ""
    native: dict[str, Any] | None = None
    extra: Sequence[str] = ()
    until: datetime | None = None
    """After which there is no use in it (a payment code that has expired)."""
    unseen: str | None = None
    """The event that tells when it could not be shown before `until`."""


Heard = Move | Unclear | Do | Finish
Arrival = Do | Call | Move | Finish | None


@dataclass(slots=True)
class Talk:
    """One person in one dialogue, for the length of one turn: the light model the shared machine moves."""

    state: str
    draft: dict[str, Any]
    organization: Organization
    contact: Contact
    now: datetime
    said: Said | None = None
    option: str | None = None
    """Id of the choice that was tapped, or typed and recognised."""
    paused: str | None = None
    """Name of the dialogue that waits beneath this one."""
    place: tuple[int, int] = (0, 0)
    """This step of the way and all steps; zeros where no steps are counted."""
    arrived: bool = False
    """The last answer led here just now. What was wrong with it is told then, and never again to who comes back."""

    @property
    def text(self) -> str:
        return self.said.text if self.said else ""


class Dialogue:
    name: ClassVar[str]
    initial: ClassVar[str]
    moves: ClassVar[Sequence[tuple[str, str | list[str], str]]]
    states: ClassVar[Sequence[str]]
    steps: ClassVar[Sequence[str]] = ()
    """States that count as a step of the way, in order: "passo 3 de 9"."""
    within: ClassVar[Mapping[str, str]] = {}
    """States on the way through a step, and which step that is."""
    barriers: ClassVar[frozenset[str]] = frozenset()
    """States beyond which `voltar` does not go back (a payment was made, a document signed)."""
    waits: ClassVar[frozenset[str]] = frozenset()
    """States that wait for an event and ask nothing."""
    reminds: ClassVar[bool] = False
    """Remind people who leave this dialogue half way."""
    keeps: ClassVar[bool] = False
    """Leaving asks for confirmation: there is something to lose."""
    lasting: ClassVar[frozenset[str]] = frozenset()
    """Draft values that `voltar` does not undo, for what they tell of stays entered."""
    durable: ClassVar[bool] = False
    """Old buttons stay good while their option is still offered (menus)."""
    aliases: ClassVar[Mapping[str, str]] = {}
    """Former state names and what they are called now."""
    over: ClassVar[frozenset[str]] = frozenset()
    """States where all is done: whoever goes to the menu from here leaves nothing half way."""
    rests: ClassVar[frozenset[str]] = frozenset()
    """States where others have the next step: nobody is reminded."""
    revisits: ClassVar[frozenset[str]] = frozenset()
    """States that hold another dialogue which `voltar` may hold again from its beginning."""
    literal: ClassVar[Mapping[str, frozenset[str]]] = {}
    """By state, words that sound like a wish and are an answer there ("atendente" is a profession too)."""
    prices: ClassVar[frozenset[str]] = frozenset()
    """States that tell what things cost: who asks for prices there is answered by the question itself."""
    listens: ClassVar[Mapping[str, frozenset[Kind]]] = {}
    """States that understand more than text and choices."""

    def __init__(self) -> None:
        self.machine = Machine(
            model=None,
            states=list(self.states),
            initial=self.initial,
            transitions=[cast(Any, list(move)) for move in self.moves],
            auto_transitions=False,
            send_event=True,
        )

    def hear(self, talk: Talk) -> Heard:
        own = getattr(self, f"hear_{talk.state}", None)
        if own is not None:
            return cast(Heard, own(talk))
        if talk.option is not None and self.can(talk.option, talk.state):
            return Move(talk.option)
        return Unclear("choice")

    def arrive(self, talk: Talk) -> Arrival:
        own: Callable[[Talk], Arrival] | None = getattr(self, f"arrive_{talk.state}", None)
        return own(talk) if own is not None else None

    def ask(self, talk: Talk) -> Ask | None:
        """What the present state asks; None where it waits in silence."""
        if talk.state in self.waits:
            return None
        own: Callable[[Talk], Ask] | None = getattr(self, f"ask_{talk.state}", None)
        return own(talk) if own is not None else Ask(f"{self.name}-{talk.state}")

    def also(self, talk: Talk) -> Sequence[Choice]:
        """Answers that are good here without being shown."""
        return ()

    def can(self, trigger: str, state: str) -> bool:
        event = self.machine.events.get(trigger)
        return event is not None and bool(event.transitions.get(state))

    def move(self, talk: Talk, trigger: str) -> bool:
        """Fire the shared machine on this person's light model; False where a guard said no."""
        return bool(self.machine.events[trigger].trigger(talk))

    def known(self, state: str) -> str | None:
        """The present name of a stored state; None if there is no such state any more."""
        state = self.aliases.get(state, state)
        return state if state in self.machine.states else None

    def progress(self, state: str) -> tuple[int, int] | None:
        """(this step, all steps), or None for states that belong to no step."""
        step = self.within.get(state, state)
        return (self.steps.index(step) + 1, len(self.steps)) if step in self.steps else None

    def asks(self, talk: Talk) -> bool:
        """Whether the present state is a question (and not a step that runs by itself)."""
        return talk.state not in self.waits and not hasattr(self, f"arrive_{talk.state}")
