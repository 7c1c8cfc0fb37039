"""Where a person stands, put into words: the question of the present state, notes, and the variables of all texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from conversations.catalogue import Catalogue, money
from conversations.conversation import Frame
from conversations.dialogue import Ask, Dialogue, Talk
from conversations.pix_bubble import paid_bubble
from conversations.render import Bubble, Choice
from conversations.reply import enqueue
from conversations.turn import HOME, PATIENCE, Turn

_CENTAVOS = frozenset({"amount", "missing"})
"""Values of the business that people read as money."""


class Asking:
    def __init__(self, dialogues: Mapping[str, Dialogue], catalogue: Catalogue) -> None:
        self.dialogues = dialogues
        self.catalogue = catalogue

    # --- where we are -------------------------------------------------------------------------------------------

    def home(self) -> Frame:
        return self.frame(HOME, {})

    def frame(self, name: str, draft: Mapping[str, Any]) -> Frame:
        return Frame(name, self.dialogues[name].initial, dict(draft))

    def dialogue(self, turn: Turn) -> Dialogue:
        return self.dialogues[turn.conversation.top.dialogue]

    def talk(self, turn: Turn) -> Talk:
        stack = turn.conversation.stack
        frame = stack[-1]
        return Talk(
            state=frame.state,
            draft=frame.draft,
            organization=turn.desk.organization,
            contact=turn.desk.contact,
            now=turn.desk.now,
            said=turn.said,
            paused=stack[-2].dialogue if len(stack) > 1 else None,
            place=self._place(turn),
        )

    def _place(self, turn: Turn) -> tuple[int, int]:
        """The step of the innermost dialogue that counts steps."""
        places = (self.dialogues[frame.dialogue].progress(frame.state) for frame in reversed(turn.conversation.stack))
        return next((place for place in places if place is not None), (0, 0))

    def waiting(self, turn: Turn) -> bool:
        """Whether an event, and not the person, takes the present state further."""
        return turn.conversation.top.state in self.dialogue(turn).waits

    # --- questions ----------------------------------------------------------------------------------------------

    def ask(self, turn: Turn, *, again: bool = False, arrived: bool = False) -> None:
        """Say what the present state asks, shorter the second time, with a way out when the person is stuck.

        While a human has the floor the bot asks nothing: the question waits until the person comes back to it.
        """
        if turn.conversation.floor == "human":
            return
        if self.waiting(turn):
            turn.reply.note(self.state_text(turn, "wait", "engine-wait"), "engine-wait")
            return
        talk = self.talk(turn)
        talk.arrived = arrived
        ask = self.dialogue(turn).ask(talk)
        if ask is None:
            return
        if turn.conversation.unclear >= PATIENCE:
            turn.reply.note(self.text("engine-rescue"), "engine-rescue")
        turn.reply.say(self._bubble(turn, ask, again))
        for text in ask.extra:
            turn.reply.say(Bubble(text, intent=ask.key, until=ask.until, unseen=ask.unseen))

    def remind(self, turn: Turn) -> None:
        """The question in few words; what comes with a picture, a file or a code stands above and is not sent again."""
        ask = self.dialogue(turn).ask(self.talk(turn))
        if ask is not None and not (ask.image or ask.document or ask.native or ask.extra):
            self.ask(turn, again=True)

    def welcome_back(self, turn: Turn) -> None:
        """To somebody who says hello half way: how far it still is, and the question again."""
        if turn.conversation.top.dialogue != HOME:
            self.note(turn, "engine-resume", {})
        self.ask(turn)

    def choices(self, turn: Turn, ask: Ask) -> list[Choice]:
        """What the person may tap now: the state's own choices, and ways out when nothing was understood for long."""
        own = list(ask.choices)
        if turn.conversation.unclear < PATIENCE:
            return own
        taken = {choice.id for choice in own}
        ways = [self.choice("any.human", "engine-button-human")]
        if turn.conversation.top.dialogue != HOME:
            ways.append(self.choice("any.menu", "engine-button-menu"))
        return [*own, *(way for way in ways if way.id not in taken)]

    def _bubble(self, turn: Turn, ask: Ask, again: bool) -> Bubble:
        values = {**self.values(turn), **ask.values}
        short = f"{ask.key}-again"
        shorter = again and self.catalogue.has(short)
        key = short if shorter else ask.key
        return Bubble(
            text=self.text(key, **values),
            choices=self.choices(turn, ask),
            list_label=ask.list_label or self.text("engine-list-label"),
            more_label=self.text("engine-more-label"),
            image=None if shorter else ask.image,
            document=None if shorter else ask.document,
            filename=ask.filename,
            native=ask.native,
            page=turn.conversation.top.draft.get("page", 0),
            intent=ask.key,
            values={name: value for name, value in values.items() if isinstance(value, str | int)},
            until=ask.until,
            unseen=ask.unseen,
        )

    # --- notes --------------------------------------------------------------------------------------------------

    def note(self, turn: Turn, key: str | None, values: Mapping[str, Any]) -> None:
        """Tell something before the next question; a document or picture among the values goes with it. Word of an
        `order` is a message of its own, for that is what moves the bubble it was paid by."""
        if key is None:
            return
        values = {name: money(value) if name in _CENTAVOS else value for name, value in values.items()}
        text = self.text(key, **{**self.values(turn), **values})
        if order := values.get("order"):
            turn.reply.say(Bubble(text, native=paid_bubble(str(order), turn.desk.now), intent=key))
            return
        document, image = values.get("document_id"), values.get("image_id")
        turn.reply.note(text, key, **{name: str(value) for name, value in values.items()})
        if document or image:
            filename = str(values.get("filename", ""))
            turn.reply.say(Bubble("", document=document, image=image, filename=filename, intent=key))

    def close(self, turn: Turn) -> None:
        """Number the place if it changed and queue the messages, the first of them with the blue ticks."""
        conversation = turn.conversation
        if turn.moved:
            conversation.version += 1
        place = f"{conversation.top.dialogue}.{conversation.top.state}.{conversation.version}"

        def tag(option: str) -> str:
            return option if option.startswith("any.") else f"{place}.{option}"

        bubbles = turn.reply.close()
        read = self._to_mark_read(turn)
        if read and (not bubbles or (self.waiting(turn) and not turn.quiet)):
            self._mark_read(turn, read)
            read = None
        enqueue(turn.desk, bubbles, tag, expires_at=turn.expires_at, read=read)

    def _to_mark_read(self, turn: Turn) -> str | None:
        wanted = turn.said is not None and turn.desk.organization.read_receipts
        return turn.said.message_id or None if turn.said is not None and wanted else None

    def _mark_read(self, turn: Turn, message_id: str) -> None:
        """On its own: nothing is said, or something is being prepared and "typing..." goes with it."""
        typing = self.waiting(turn) and not turn.quiet
        payload = {"number": turn.desk.contact.phone_number_id, "message_id": message_id, "typing": typing}
        turn.desk.ask("whatsapp.read", payload, expires_in=timedelta(minutes=1))

    # --- words --------------------------------------------------------------------------------------------------

    def values(self, turn: Turn) -> dict[str, Any]:
        """Variables every text may use."""
        step, steps = self._place(turn)
        names = (frame.draft.get("first_name") for frame in reversed(turn.conversation.stack))
        name = str(next((one for one in names if one), turn.desk.contact.first_name))
        return {"name": name, "business": turn.desk.organization.name, "step": step, "steps": steps,
                "left": max(steps - step, 0)}  # fmt: skip

    def state_text(self, turn: Turn, suffix: str, fallback: str) -> str:
        frame = turn.conversation.top
        key = f"{frame.dialogue}-{frame.state}-{suffix}"
        return self.text(key if self.catalogue.has(key) else fallback, **self.values(turn))

    def text(self, key: str, /, **values: Any) -> str:
        return self.catalogue.say(key, **values)

    def choice(self, option: str, key: str) -> Choice:
        return Choice(option, self.text(key))
