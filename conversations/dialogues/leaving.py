"""Are you sure? Asked before something is thrown away. Called with {dialogue}: the one that would be left."""

from __future__ import annotations

from conversations.dialogue import Arrival, Ask, Dialogue, Do, Finish, Talk
from conversations.dialogues.wording import option


class Leaving(Dialogue):
    name = "leaving"
    initial = "confirm"
    states = ("confirm", "undoing", "left", "late", "staying")
    moves = (
        ("leave", "confirm", "undoing"),
        ("stay", ["confirm", "late"], "staying"),
        ("canceled", "undoing", "left"),
        ("registration_closed", "undoing", "left"),
        ("too_late", "undoing", "late"),
    )

    def ask_confirm(self, talk: Talk) -> Ask:
        choices = [option("stay", "leaving-option-stay", "no"), option("leave", "leaving-option-leave", "yes")]
        return Ask("leaving-confirm", {}, choices)

    def arrive_undoing(self, talk: Talk) -> Arrival:
        return Do("registrations.cancel", {"reason": "asked"})

    def arrive_left(self, talk: Talk) -> Arrival:
        return Finish("left")

    def ask_late(self, talk: Talk) -> Ask:
        choices = [option("any.human", "engine-button-human", "yes"), option("stay", "leaving-option-return", "no")]
        return Ask("leaving-late", {}, choices)

    def arrive_staying(self, talk: Talk) -> Arrival:
        return Finish("stay")
