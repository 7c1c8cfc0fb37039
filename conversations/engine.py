"""One event and one person's conversation become a reply, domain rows, timers and a new state. No network, no commit.

turn      what a turn is made of
asking    where a person stands, put into words
course    how the conversation moves
wishes    what is understood anywhere
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from conversations.asking import Asking
from conversations.catalogue import Catalogue
from conversations.conversation import Conversation
from conversations.course import Course
from conversations.dialogue import Dialogue, Do, Finish, Talk, Unclear
from conversations.render import MORE, Bubble, Choice, shown
from conversations.said import Kind, Said, from_message
from conversations.turn import FLOOR, Command, Event, React, Runaway, Turn
from conversations.understand.choices import Ambiguous, match
from conversations.understand.documents import card_number
from conversations.understand.greetings import greeting
from conversations.understand.replies import Answer, to_go_on, yes_or_no
from conversations.wishes import Wishes
from handlers.desk import Desk, Heard

__all__ = ["Command", "Engine", "Event", "React", "Runaway", "Turn"]

LATE = timedelta(minutes=30)
"""A reminder that could not be made in time is not made up for."""
REMINDERS = (timedelta(minutes=15), timedelta(hours=20))
WINDOW = timedelta(hours=24)
"""Meta's: so long after their last message a person may be written to freely."""
SILENT_KINDS = frozenset({Kind.REACTION, Kind.SYSTEM, Kind.REVOKE, Kind.CALL_PERMISSION, Kind.PAYMENT_METHOD})
"""Kinds that ask for no answer."""


class Engine:
    def __init__(
        self, dialogues: Sequence[Dialogue], catalogue: Catalogue, commands: Mapping[str, Command], react: React
    ) -> None:
        self._react = react
        self._asking = Asking({dialogue.name: dialogue for dialogue in dialogues}, catalogue)
        self._course = Course(self._asking, commands)
        self._wishes = Wishes(self._asking, self._course, commands)

    # --- entrance -----------------------------------------------------------------------------------------------

    async def take(self, desk: Desk, conversation: Conversation, event: Event) -> None:
        """Carry one event through. The conversation is changed in place; rows are added to the desk."""
        turn = Turn(desk, conversation)
        self._course.restore(turn)
        if event.kind == "message":
            await self._message(turn, event)
        elif event.kind == "timer":
            await self._timer(turn, event)
        else:
            await self._happened(turn, event)
        self._close(turn)

    def greet(self, contact_id: uuid.UUID, now: datetime) -> Conversation:
        """The conversation of somebody who has never been here."""
        return Conversation(contact_id, [self._asking.home()], now)

    async def apologize(self, desk: Desk, conversation: Conversation) -> None:
        """Told once, when an event of this person could not be carried through."""
        turn = Turn(desk, conversation)
        self._course.restore(turn)
        self._asking.note(turn, "engine-trouble", {})
        self._close(turn)

    def _close(self, turn: Turn) -> None:
        """After every answer the count to the reminder starts anew; the timer of a place that was left is void."""
        self._asking.close(turn)
        conversation, contact = turn.conversation, turn.desk.contact
        if not turn.quiet and not contact.reminders_stopped and self._course.unfinished(conversation):
            self._remind(turn, turn.desk.now + REMINDERS[0], 0)

    def _remind(self, turn: Turn, due_at: datetime, count: int) -> None:
        turn.desk.later("reminder", due_at, turn.conversation.version, count=count)

    # --- what a person says -------------------------------------------------------------------------------------

    async def _message(self, turn: Turn, event: Event) -> None:
        said = from_message(dict(event.payload))
        turn.said = said
        turn.desk.heard = Heard(said.message_id, event.occurred_at, said.text)
        if said.group_id is not None or said.kind in SILENT_KINDS:
            await self._aside(turn, said)
            return
        wish = self._wishes.heard(turn, said)
        if turn.conversation.floor == "human" and not self._calls_us(turn, said, wish):
            turn.quiet = True
            return
        turn.conversation.floor = "bot"
        if card_number(said.text):
            self._asking.note(turn, "engine-card-number", {})
            await self._course.stand(turn)
        elif wish is not None:
            await self._wishes.grant(turn, wish)
        elif (answer := self._to_reminder(turn, said)) is not None:
            await self._go_on_or_later(turn, answer)
        else:
            await self._answer(turn, said)

    def _to_reminder(self, turn: Turn, said: Said) -> Answer | None:
        """What is said to "Continuamos?": a yes or no right after it answers that, not the question that waits."""
        conversation = turn.conversation
        reminded = conversation.top.draft.pop("reminded", None) == conversation.version
        return to_go_on(said.text) if reminded and said.kind is Kind.TEXT else None

    async def _go_on_or_later(self, turn: Turn, answer: Answer) -> None:
        turn.conversation.unclear = 0
        if answer == "yes":
            await self._wishes.resume(turn)
        else:
            self._asking.note(turn, "engine-later", {})

    async def _aside(self, turn: Turn, said: Said) -> None:
        """What is not said to us, or asks for no answer. Groups are not for the front desk."""
        turn.quiet = True
        if said.system is not None and said.group_id is None:
            await self._react(turn.desk, "contact.changed", {"wa_id": said.system.wa_id, "bsuid": said.system.bsuid})

    async def _answer(self, turn: Turn, said: Said) -> None:
        talk, dialogue = self._asking.talk(turn), self._asking.dialogue(turn)
        if self._asking.waiting(turn) or not dialogue.asks(talk):
            await self._course.stand(turn)
            return
        if said.kind is Kind.TEXT and greeting(said.text) and turn.conversation.version > 0:
            await self._wishes.greet(turn)
            return
        problem = self._resolve_choice(turn, talk, said)
        wish = self._wishes.of(talk.option) or self._wishes.polite(turn, talk, said)
        if wish is not None:
            await self._wishes.grant(turn, wish)
        elif problem == "stale":
            self._asking.note(turn, "engine-stale", {})
            self._asking.ask(turn)
        elif problem == "more":
            turn.conversation.top.keep({"page": turn.conversation.top.draft.get("page", 0) + 1})
            self._asking.ask(turn)
        elif problem is not None:
            await self._unclear(turn, Unclear(problem))
        else:
            await self._hear(turn, dialogue, talk)

    # --- which option is meant ----------------------------------------------------------------------------------

    def _offered(self, turn: Turn) -> Bubble:
        ask = self._asking.dialogue(turn).ask(self._asking.talk(turn))
        if ask is None:
            return Bubble("")
        more = self._asking.text("engine-more-label")
        page = turn.conversation.top.draft.get("page", 0)
        return Bubble("", choices=self._asking.choices(turn, ask), page=page, more_label=more)

    def _resolve_choice(self, turn: Turn, talk: Talk, said: Said) -> str | None:
        """Fill `talk.option`. Returns why this cannot be heard (stale, more, a kind nobody expects), or None."""
        offered, also = self._offered(turn), self._asking.dialogue(turn).also(talk)
        listens = self._asking.dialogue(turn).listens.get(talk.state, frozenset())
        if said.kind is Kind.CHOICE and said.choice is not None and said.choice.count(".") >= 3:
            talk.option = self._tapped(turn, said.choice, [*offered.choices, *also])
            if talk.option is None:
                return "stale"
        elif said.kind in (Kind.TEXT, Kind.CHOICE):
            # A template's button carries whatever Meta has for it; its title is an answer like any other.
            talk.option = _typed(said.text, shown(offered)) or _typed(said.text, also)
        elif said.kind not in listens:
            return f"kind-{said.kind.value}"
        return "more" if talk.option == MORE else None

    def _calls_us(self, turn: Turn, said: Said, wish: str | None) -> bool:
        """Whether this is said to the bot, though a person has the floor: *menu*, or a tap on a reminder or on a button
        of the very question that stands. *Continuar* may be said to that person."""
        if wish == "menu" or said.choice is None:
            return wish == "menu"
        if wish == "resume":
            return True
        if self._asking.waiting(turn):
            return False
        return self._tapped(turn, said.choice, self._offered(turn).choices) is not None

    def _tapped(self, turn: Turn, choice: str, offered: Sequence[Choice]) -> str | None:
        """The option a button stands for; None when it is a button of another place or time."""
        dialogue, _, rest = choice.partition(".")
        state, _, rest = rest.partition(".")
        version, _, option = rest.partition(".")
        top = turn.conversation.top
        if option != MORE and option not in {one.id for one in offered}:
            return None
        if (dialogue, state, version) == (top.dialogue, top.state, str(turn.conversation.version)):
            return option
        return option if dialogue == top.dialogue and self._asking.dialogue(turn).durable else None

    # --- what it comes to ---------------------------------------------------------------------------------------

    async def _hear(self, turn: Turn, dialogue: Dialogue, talk: Talk) -> None:
        heard = dialogue.hear(talk)
        if isinstance(heard, Unclear):
            await self._unclear(turn, heard)
            return
        turn.conversation.unclear = 0
        turn.conversation.top.keep({"page": None})
        if isinstance(heard, Do):
            await self._course.do(turn, heard)
        elif isinstance(heard, Finish):
            await self._course.finish(turn, heard)
        else:
            await self._course.move(turn, heard)

    async def _unclear(self, turn: Turn, unclear: Unclear) -> None:
        if turn.conversation.version == 0:
            # The first words of somebody new are no answer to anything: welcome them.
            await self._course.enter(turn)
            return
        if unclear.code == "choice" and self._wishes.prices_asked(turn):
            self._asking.ask(turn)
            return
        turn.conversation.unclear += 1
        key = f"error-{unclear.code}".replace(".", "-")
        turn.reply.note(self._asking.text(key, **unclear.values), key)
        self._asking.ask(turn, again=True)

    # --- time and the business ----------------------------------------------------------------------------------

    async def _timer(self, turn: Turn, event: Event) -> None:
        """Reminders: for the very place the person left, at most two, never against their wish."""
        conversation, contact = turn.conversation, turn.desk.contact
        turn.quiet = True
        if event.payload.get("name") == FLOOR:
            conversation.floor = "bot"
            self._remind_for_the_last_time(turn)
            return
        wanted = turn.desk.organization.reminders and not contact.reminders_stopped
        if event.version != conversation.version or not wanted or not self._course.unfinished(conversation):
            return
        count = int(event.payload.get("count", 0))
        key = f"engine-reminder-{count + 1}"
        since = contact.last_inbound_at or turn.desk.now
        closes = since + WINDOW
        if turn.desk.now >= closes or turn.desk.now > event.occurred_at + LATE:
            # Too late to be of use: held until the person writes, it would come together with the answer.
            return
        turn.expires_at = min(closes, turn.desk.now + LATE)
        self._wishes.leave_leaving(turn)
        self._asking.note(turn, key, {})
        ways = [("any.resume", "engine-button-resume"), ("any.stop", "engine-button-stop")]
        turn.reply.say(Bubble("", choices=[self._asking.choice(*way) for way in ways], intent=key))
        conversation.top.keep({"reminded": conversation.version + turn.moved})
        if count + 1 < len(REMINDERS) and since + REMINDERS[count + 1] > turn.desk.now:
            self._remind(turn, since + REMINDERS[count + 1], count + 1)

    def _remind_for_the_last_time(self, turn: Turn) -> None:
        """The team had the floor, and nobody was reminded: what is left half way is told of once more."""
        contact, last = turn.desk.contact, len(REMINDERS) - 1
        due_at = (contact.last_inbound_at or turn.desk.now) + REMINDERS[last]
        if due_at > turn.desk.now and not contact.reminders_stopped and self._course.unfinished(turn.conversation):
            self._remind(turn, due_at, last)

    async def _happened(self, turn: Turn, event: Event) -> None:
        for outcome in await self._react(turn.desk, event.kind, event.payload):
            await self._course.offer(turn, outcome)
        turn.quiet = not turn.moved


def _typed(text: str, choices: Sequence[Choice]) -> str | None:
    """The option that these words mean: by label, number or other words; else by the yes or no they are."""
    labels = [(choice.id, choice.label) for choice in choices]
    found = match(text, labels, [(choice.id, words) for choice in choices for words in choice.heard])
    if found is None and (answer := yes_or_no(text)):
        found = next((choice.id for choice in choices if choice.answers == answer), None)
    return None if isinstance(found, Ambiguous) else found
