"""Wishes understood anywhere, whatever the dialogue: menu, back, cancel, a person, help, no more reminders, prices,
one's data; and a thank-you."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from conversations.asking import Asking
from conversations.conversation import Conversation, Frame
from conversations.course import Course
from conversations.dialogue import Move, Talk
from conversations.said import Kind, Said
from conversations.turn import HOME, Command, Turn
from conversations.understand.greetings import courtesy
from conversations.understand.words import command, plain

_ANYWHERE = "any."
_LEAVING = "leaving"
_YIELDING = frozenset({"resume", "plans"})
"""Wishes whose very words may be the label of an answer: that comes first."""


class Wishes:
    def __init__(self, asking: Asking, course: Course, commands: Mapping[str, Command]) -> None:
        self._asking = asking
        self._course = course
        self._commands = commands
        self._acts: dict[str, Callable[[Turn], Awaitable[None]]] = {
            "menu": self._menu,
            "resume": self.resume,
            "back": self._back,
            "cancel": self._cancel,
            "human": self._human,
            "help": self._help,
            "stop": self._stop,
            "privacy": self._privacy,
            "plans": self._plans,
            "thanks": self._thanks,
            "okay": self._okay,
        }

    def heard(self, turn: Turn, said: Said) -> str | None:
        """The wish this message is, typed or tapped."""
        if said.kind is not Kind.TEXT:
            return self.of(said.choice)
        wish = command(said.text)
        return None if wish is not None and self._is_answer(turn, said, wish) else wish

    def _is_answer(self, turn: Turn, said: Said, wish: str) -> bool:
        """Whether what sounds like a wish is for the question that stands."""
        dialogue, state = self._asking.dialogue(turn), turn.conversation.top.state
        words = plain(said.text)
        if words in dialogue.literal.get(state, frozenset()) or (wish == "plans" and state in dialogue.prices):
            return True
        ask = dialogue.ask(self._asking.talk(turn)) if wish in _YIELDING else None
        return ask is not None and words in {plain(choice.label) for choice in ask.choices}

    def polite(self, turn: Turn, talk: Talk, said: Said) -> str | None:
        """Thanks and nods that answer nothing. A nod beside choices might be meant for one of them: ask which."""
        if said.kind is not Kind.TEXT or talk.option is not None or turn.conversation.version == 0:
            return None
        kind, ask = courtesy(said.text), self._asking.dialogue(turn).ask(talk)
        beside_choices = ask is not None and ask.choices and not self._course.at_home(turn.conversation)
        return None if kind == "okay" and beside_choices else kind

    def prices_asked(self, turn: Turn) -> bool:
        """Whether prices are asked for where the question itself tells them."""
        told = turn.conversation.top.state in self._asking.dialogue(turn).prices
        return told and turn.said is not None and command(turn.said.text) == "plans"

    async def greet(self, turn: Turn) -> None:
        """A hello half way is answered with where we are; where nothing is half way, with the menu."""
        if self._course.at_home(turn.conversation) or self._course.over(turn.conversation):
            await self._menu(turn)
        else:
            self._asking.welcome_back(turn)

    def of(self, choice: str | None) -> str | None:
        """The wish behind a button that is good anywhere (`any.menu`)."""
        if choice is None or not choice.startswith(_ANYWHERE):
            return None
        wish = choice.removeprefix(_ANYWHERE)
        return wish if wish in self._acts else None

    async def grant(self, turn: Turn, wish: str) -> None:
        turn.conversation.unclear = 0
        await self._acts[wish](turn)

    def leave_leaving(self, turn: Turn) -> None:
        """Who is asked whether to go on is no longer asked whether to leave: a yes would mean the one or the other."""
        stack = turn.conversation.stack
        if len(stack) > 1 and stack[-1].dialogue == _LEAVING:
            stack.pop()
            turn.moved = True

    async def resume(self, turn: Turn) -> None:
        """Back from the menu to what it interrupted, with a word of welcome."""
        conversation = turn.conversation
        if self._course.at_home(conversation) and len(conversation.stack) > 1:
            conversation.stack.pop()
            turn.moved = True
        await self._course.stand(turn, welcome=True)

    async def _menu(self, turn: Turn) -> None:
        self._come_home(turn)
        await self._course.enter(turn)

    def _come_home(self, turn: Turn) -> None:
        conversation = turn.conversation
        _drop_asides(conversation)
        if self._course.over(conversation) or self._course.at_home(conversation):
            conversation.stack.clear()
        conversation.stack.append(self._asking.home())

    async def _back(self, turn: Turn) -> None:
        if not self._course.back(turn):
            self._asking.note(turn, "engine-no-way-back", {})
        await self._course.stand(turn)

    async def _cancel(self, turn: Turn) -> None:
        keeper = self._half_way(turn)
        if keeper is None:
            if turn.desk.contact.members:
                # Ending a membership moves money and rights: a person does it.
                self._asking.note(turn, "engine-cancel-member", {})
            await self._menu(turn)
        elif turn.conversation.top.dialogue == _LEAVING:
            await self._course.stand(turn)
        else:
            _drop_asides(turn.conversation)
            turn.conversation.stack.append(Frame(_LEAVING, "confirm", {"dialogue": keeper.dialogue}))
            await self._course.enter(turn)

    def _half_way(self, turn: Turn) -> Frame | None:
        """The dialogue that is not done and would be lost."""
        if self._course.over(turn.conversation):
            return None
        dialogues = self._asking.dialogues
        return next((frame for frame in turn.conversation.stack if dialogues[frame.dialogue].keeps), None)

    async def _human(self, turn: Turn) -> None:
        await self._course.call_human(turn, turn.conversation.top.dialogue)

    async def _privacy(self, turn: Turn) -> None:
        """Who asks about their data has the law's answer from a person."""
        self._asking.note(turn, "engine-privacy", {})
        await self._course.call_human(turn, "privacy")

    async def _plans(self, turn: Turn) -> None:
        """What the menu tells of the plans; from there the way leads back to what this interrupts."""
        if turn.conversation.version == 0:
            self._asking.note(turn, "engine-hello", {})
        self._come_home(turn)
        await self._course.move(turn, Move("plans"))

    async def _thanks(self, turn: Turn) -> None:
        self._answer_politely(turn, "engine-thanks")

    async def _okay(self, turn: Turn) -> None:
        self._answer_politely(turn, "engine-okay")

    def _answer_politely(self, turn: Turn, key: str) -> None:
        self._asking.note(turn, key, {})
        if not self._course.at_home(turn.conversation):
            self._asking.remind(turn)

    async def _help(self, turn: Turn) -> None:
        turn.reply.note(self._asking.state_text(turn, "help", "engine-help"), "engine-help")
        await self._course.stand(turn)

    async def _stop(self, turn: Turn) -> None:
        await self._commands["contacts.stop"](turn.desk)
        self._asking.note(turn, "engine-reminders-stopped", {})
        if self._half_way(turn) is not None:
            self._asking.note(turn, "engine-still-here", {})


def _drop_asides(conversation: Conversation) -> None:
    """The menu and the question whether to leave come between, and never lie on each other: who goes on goes on with
    what they interrupted, and going to and fro piles nothing up."""
    while len(conversation.stack) > 1 and conversation.top.dialogue in (HOME, _LEAVING):
        conversation.stack.pop()
