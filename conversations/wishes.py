"""Wishes understood anywhere, whatever the dialogue: menu, back, cancel, a person, help, no more reminders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from conversations.asking import Asking
from conversations.conversation import Conversation, Frame
from conversations.course import Course
from conversations.said import Kind, Said
from conversations.turn import HOME, Command, Turn
from conversations.understand.words import command, plain

_ANYWHERE = "any."
_LEAVING = "leaving"


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
        }

    def heard(self, turn: Turn, said: Said) -> str | None:
        """The wish this message is, typed or tapped."""
        if said.kind is not Kind.TEXT:
            return self.of(said.choice)
        literal = self._asking.dialogue(turn).literal.get(turn.conversation.top.state, frozenset())
        return None if plain(said.text) in literal else command(said.text)

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
        conversation = turn.conversation
        _drop_asides(conversation)
        if self._course.over(conversation) or self._course.at_home(conversation):
            conversation.stack.clear()
        conversation.stack.append(self._asking.home())
        await self._course.enter(turn)

    async def _back(self, turn: Turn) -> None:
        if not self._course.back(turn):
            self._asking.note(turn, "engine-no-way-back", {})
        await self._course.stand(turn)

    async def _cancel(self, turn: Turn) -> None:
        stack, dialogues = turn.conversation.stack, self._asking.dialogues
        keeper = next((frame for frame in stack if dialogues[frame.dialogue].keeps), None)
        if keeper is None or self._course.over(turn.conversation):
            if turn.desk.contact.members:
                # Ending a membership moves money and rights: a person does it.
                self._asking.note(turn, "engine-cancel-member", {})
            await self._menu(turn)
        elif turn.conversation.top.dialogue == _LEAVING:
            await self._course.stand(turn)
        else:
            _drop_asides(turn.conversation)
            stack.append(Frame(_LEAVING, "confirm", {"dialogue": keeper.dialogue}))
            await self._course.enter(turn)

    async def _human(self, turn: Turn) -> None:
        await self._course.call_human(turn)

    async def _help(self, turn: Turn) -> None:
        turn.reply.note(self._asking.state_text(turn, "help", "engine-help"), "engine-help")
        await self._course.stand(turn)

    async def _stop(self, turn: Turn) -> None:
        await self._commands["contacts.stop"](turn.desk)
        self._asking.note(turn, "engine-reminders-stopped", {})


def _drop_asides(conversation: Conversation) -> None:
    """The menu and the question whether to leave come between, and never lie on each other: who goes on goes on with
    what they interrupted, and going to and fro piles nothing up."""
    while len(conversation.stack) > 1 and conversation.top.dialogue in (HOME, _LEAVING):
        conversation.stack.pop()
