"""Are you sure? Asked before something is thrown away. Called with {dialogue}: the one that would be left."""

from __future__ import annotations

from conversations.catalogue import portuguese
from conversations.dialogue import Arrival, Ask, Dialogue, Do, Finish, Talk
from conversations.render import Choice

_say = portuguese().say


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
        choices = [Choice("stay", _say("leaving-option-stay")), Choice("leave", _say("leaving-option-leave"))]
        return Ask("leaving-confirm", {}, choices)

    def arrive_undoing(self, talk: Talk) -> Arrival:
        return Do("registrations.cancel", {"reason": "asked"})

    def arrive_left(self, talk: Talk) -> Arrival:
        return Finish("left")

    def ask_late(self, talk: Talk) -> Ask:
        choices = [Choice("any.human", _say("engine-button-human")), Choice("stay", _say("leaving-option-return"))]
        return Ask("leaving-late", {}, choices)

    def arrive_staying(self, talk: Talk) -> Arrival:
        return Finish("stay")
