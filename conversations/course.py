"""How a conversation moves: from state to state, into another dialogue and out of it, one step back.

Commands of the dialogues are carried out at once, in the same transaction; what they come to is the next move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from conversations.asking import Asking
from conversations.conversation import Conversation, Frame
from conversations.dialogue import Arrival, Call, Do, Finish, Move
from conversations.turn import FLOOR, HOME, Command, Runaway, Turn
from handlers.desk import Outcome

HUMAN_FOR = timedelta(hours=12)
"""How long the bot stays silent after a person was asked for, unless it is called back earlier."""
LOOPS = 25
"""Arrivals one event may cause before we call it a bug."""


class Course:
    def __init__(self, asking: Asking, commands: Mapping[str, Command]) -> None:
        self._asking = asking
        self._dialogues = asking.dialogues
        self._commands = commands

    # --- forward ------------------------------------------------------------------------------------------------

    async def do(self, turn: Turn, do: Do) -> None:
        turn.conversation.top.keep(do.keep)
        outcome = await self._commands[do.command](turn.desk, **do.args)
        if outcome is not None:
            await self._outcome(turn, outcome)

    async def move(self, turn: Turn, move: Move) -> None:
        frame = turn.conversation.top
        talk = self._asking.talk(turn)
        before = frame.state
        dialogue = self._asking.dialogue(turn)
        frame.remember(before, move.keep, dialogue.lasting)
        dialogue.move(talk, move.name)
        self._asking.note(turn, move.note, move.values)
        self._left(turn, frame, before, move.name)
        frame.state = talk.state
        await self.enter(turn)

    async def _outcome(self, turn: Turn, outcome: Outcome) -> None:
        """The nearest dialogue that knows this outcome takes it (a closed registration ends more than one)."""
        depth = self._taker(turn.conversation.stack, outcome.name)
        if depth is not None:
            del turn.conversation.stack[depth + 1 :]
        await self.move(turn, Move(outcome.name, outcome.keep, outcome.note, outcome.values))

    async def enter(self, turn: Turn) -> None:
        """Arrive in the present state: do what it does, or ask what it asks."""
        turn.moved = True
        frame = turn.conversation.top
        turn.arrivals += 1
        if turn.arrivals > LOOPS:
            raise Runaway(f"{frame.dialogue}.{frame.state}")
        dialogue = self._asking.dialogue(turn)
        if frame.state in dialogue.barriers:
            frame.wall()
        arrival: Arrival = dialogue.arrive(self._asking.talk(turn))
        if isinstance(arrival, Do):
            await self.do(turn, arrival)
        elif isinstance(arrival, Call):
            turn.conversation.stack.append(self._asking.frame(arrival.dialogue, arrival.draft))
            await self.enter(turn)
        elif isinstance(arrival, Move):
            await self.move(turn, arrival)
        elif isinstance(arrival, Finish):
            await self.finish(turn, arrival)
        elif frame.state not in dialogue.waits:
            self._asking.ask(turn, arrived=True)

    async def stand(self, turn: Turn, *, welcome: bool = False) -> None:
        """Say where we are. A state that is no question (restored from an older version) does what it does."""
        if not (self._asking.waiting(turn) or self._asks(turn)):
            await self.enter(turn)
        elif welcome:
            self._asking.welcome_back(turn)
        else:
            self._asking.ask(turn)

    async def finish(self, turn: Turn, finish: Finish) -> None:
        stack = turn.conversation.stack
        self._asking.note(turn, finish.note, finish.values)
        done = stack.pop()
        self._left(turn, done, done.state, finish.result)
        turn.moved = True
        depth = self._taker(stack, finish.result)
        if depth is not None:
            del stack[depth + 1 :]
            await self.move(turn, Move(finish.result, finish.keep))
        elif stack:
            await self.stand(turn)
        else:
            stack.append(self._asking.home())
            await self.enter(turn)

    async def offer(self, turn: Turn, outcome: Outcome) -> None:
        """Give an outcome of the business to the dialogue that waits for it; tell its note where none does."""
        stack = turn.conversation.stack
        depth = self._taker(stack, outcome.name)
        if depth is not None and turn.conversation.floor == "human":
            # What it leads to is not asked before they are back.
            self._asking.note(turn, outcome.unheard, outcome.values)
        if depth is None:
            self._asking.note(turn, outcome.note or outcome.unheard, outcome.values)
        elif all(stack[depth].draft.get(name) == value for name, value in outcome.about.items()):
            await self._outcome(turn, outcome)

    def _taker(self, stack: Sequence[Frame], trigger: str) -> int | None:
        """The nearest dialogue of the stack whose map knows this move from where it stands."""
        for depth in range(len(stack) - 1, -1, -1):
            if self._dialogues[stack[depth].dialogue].can(trigger, stack[depth].state):
                return depth
        return None

    async def call_human(self, turn: Turn, reason: str) -> None:
        outcome = await self._commands["support.call_human"](turn.desk, reason=reason)
        turn.conversation.floor = "human"
        turn.desk.later(FLOOR, turn.desk.now + HUMAN_FOR)
        organization = turn.desk.organization
        told = organization.support_email or organization.support_phone
        self._asking.note(turn, "engine-human-called" if told else "engine-human-noted", {})
        if outcome is not None:
            self._asking.note(turn, outcome.note, outcome.values)

    # --- back ---------------------------------------------------------------------------------------------------

    def back(self, turn: Turn) -> bool:
        """To the former question, through callers too, but never behind a barrier; False: there is no way back.

        Out of a dialogue that only came between (the menu), back leads to what it interrupted.
        """
        stack = turn.conversation.stack
        before = [Frame.from_json(frame.to_json()) for frame in stack]
        while not self._step_back(turn):
            if len(stack) == 1 or stack[-1].walled:
                stack[:] = before
                return False
            stack.pop()
            if self._asking.waiting(turn) or self._asks(turn):
                break
        turn.moved = True
        return True

    def _step_back(self, turn: Turn) -> bool:
        """Undo moves of the top dialogue until it stands at a question, or at a dialogue that may be held again."""
        while turn.conversation.top.back():
            if self._asks(turn) or self._revisits(turn):
                return True
        return False

    def _revisits(self, turn: Turn) -> bool:
        dialogue = self._asking.dialogue(turn)
        if turn.conversation.top.state not in dialogue.revisits:
            return False
        return isinstance(dialogue.arrive(self._asking.talk(turn)), Call)

    def _asks(self, turn: Turn) -> bool:
        return self._asking.dialogue(turn).asks(self._asking.talk(turn))

    # --- the record ---------------------------------------------------------------------------------------------

    def restore(self, turn: Turn) -> None:
        """A stored place that no longer exists becomes the start of its dialogue, and staff are told."""
        for index, frame in enumerate(turn.conversation.stack):
            dialogue = self._dialogues.get(frame.dialogue)
            known = dialogue.known(frame.state) if dialogue else None
            if known is not None:
                frame.state = known
                continue
            start = Frame(frame.dialogue, dialogue.initial, frame.draft) if dialogue else self._asking.home()
            turn.conversation.stack[index] = start
            detail = {"dialogue": frame.dialogue, "state": frame.state}
            turn.desk.notice("conversation.unknown_state", f"state:{frame.dialogue}.{frame.state}", "warning", **detail)

    def unfinished(self, conversation: Conversation) -> bool:
        """Whether the person left something half way and it is their turn."""
        if conversation.floor != "bot":
            return False
        places = [(self._dialogues[frame.dialogue], frame.state) for frame in conversation.stack]
        at_rest = any(state in dialogue.waits | dialogue.rests | dialogue.over for dialogue, state in places)
        return any(dialogue.reminds for dialogue, _ in places) and not at_rest

    def over(self, conversation: Conversation) -> bool:
        """Whether all is done here, and going away leaves nothing half way."""
        return any(frame.state in self._dialogues[frame.dialogue].over for frame in conversation.stack)

    def at_home(self, conversation: Conversation) -> bool:
        return conversation.top.dialogue == HOME

    def _left(self, turn: Turn, frame: Frame, state: str, outcome: str) -> None:
        """Record how long this step took and how it ended (conversion per step)."""
        turn.desk.rows.steps.append(
            {
                "organization_id": turn.desk.organization.id,
                "contact_id": turn.desk.contact.id,
                "dialogue": frame.dialogue,
                "state": state,
                "outcome": outcome,
                "entered_at": turn.conversation.entered_at,
                "left_at": turn.desk.now,
            }
        )
        turn.conversation.entered_at = turn.desk.now
