"""A one-time code, as a dialogue of its own. Others call it with {purpose, bound_to, channels} and get `verified`
or `change` (the address was wrong).
"""

from __future__ import annotations

import re
from datetime import datetime

from conversations.catalogue import portuguese
from conversations.dialogue import Arrival, Ask, Dialogue, Do, Finish, Heard, Move, Talk, Unclear
from conversations.dialogues.wording import option
from conversations.render import Choice
from conversations.understand.words import ascii_digits

_say = portuguese().say
_CODE = re.compile(r"(?<!\d)\d{3}[ .-]?\d{3}(?!\d)")


class Verification(Dialogue):
    name = "verification"
    initial = "sending"
    states = ("sending", "code", "checking", "right", "burned", "resting", "unreachable", "changing")
    moves = (
        ("code_sent", "sending", "code"),
        ("wait", "sending", "code"),
        ("too_many", "sending", "resting"),
        ("channel_down", ["sending", "code"], "unreachable"),
        ("given", ["code", "resting"], "checking"),
        ("resend", ["code", "burned", "unreachable"], "sending"),
        ("other", ["code", "burned", "resting", "unreachable"], "sending"),
        ("change", ["code", "burned", "resting", "unreachable"], "changing"),
        ("verified", "checking", "right"),
        ("wrong", "checking", "code"),
        ("burned", "checking", "burned"),
    )

    def arrive_sending(self, talk: Talk) -> Arrival:
        return Do("verification.send", {
            "purpose": talk.draft["purpose"], "bound_to": talk.draft["bound_to"], "channel": self._channel(talk),
        })  # fmt: skip

    def _channel(self, talk: Talk) -> str:
        channels = talk.organization.verification_channels
        return str(talk.draft.get("channel") or channels[0])

    def _next_channel(self, talk: Talk) -> str | None:
        channels = list(talk.organization.verification_channels)
        if len(channels) < 2:
            return None
        place = channels.index(self._channel(talk)) if self._channel(talk) in channels else -1
        return channels[(place + 1) % len(channels)]

    # code

    def ask_code(self, talk: Talk) -> Ask:
        if self._is_over(talk) and (not talk.arrived or "tries_left" in talk.draft):
            return Ask("verification-expired", {}, self._ways(talk, "resend"))
        if talk.arrived and talk.draft.get("seconds"):
            return Ask("verification-wait", {"seconds": talk.draft["seconds"]}, self._ways(talk, "resend"))
        if talk.arrived and "tries_left" in talk.draft:
            return Ask("verification-wrong", {"tries": talk.draft["tries_left"]}, self._ways(talk, "resend"))
        key = f"verification-code-{talk.draft['purpose']}" + ("" if talk.arrived else "-again")
        values = {
            "recipient": talk.draft.get("recipient_masked", ""),
            "channel": _say(f"channel-{self._channel(talk)}"),
            "fingerprint": str(talk.draft["bound_to"])[:8],
        }
        return Ask(key, values, self._ways(talk, "resend"))

    def _is_over(self, talk: Talk) -> bool:
        """Told by the clock alone: the answer to a code never tells why it was refused."""
        until = talk.draft.get("good_until")
        return until is not None and talk.now >= datetime.fromisoformat(str(until))

    def _ways(self, talk: Talk, *first: str) -> list[Choice]:
        ways = [*first]
        if self._next_channel(talk) is not None:
            ways.append("other")
        if talk.draft["purpose"] == "identity":
            ways.append("change")
        return [option(way, f"verification-option-{way}") for way in ways]

    def hear_code(self, talk: Talk) -> Heard:
        if talk.option is not None:
            return self._way(talk)
        found = _CODE.search(ascii_digits(talk.text))
        if found is None:
            return Unclear("code")
        digits = re.sub(r"\D", "", found.group())
        return Move("given", {"seconds": None, "tries_left": None, "typed": digits})

    def _way(self, talk: Talk) -> Heard:
        if talk.option == "other":
            return Move("other", {"channel": self._next_channel(talk), "seconds": None, "tries_left": None})
        if talk.option in ("resend", "change"):
            return Move(talk.option, {"seconds": None, "tries_left": None})
        return Unclear("choice")

    def arrive_checking(self, talk: Talk) -> Arrival:
        # The code is taken out of the draft in the same breath: it is never stored.
        typed = talk.draft.get("typed", "")
        return Do("verification.check", {
            "purpose": talk.draft["purpose"], "bound_to": talk.draft["bound_to"], "code": typed,
        }, keep={"typed": None})  # fmt: skip

    def arrive_right(self, talk: Talk) -> Arrival:
        return Finish("verified", {"verified_code_id": talk.draft.get("verified_code_id")})

    # no more tries, no more codes, no way to reach

    def ask_burned(self, talk: Talk) -> Ask:
        return Ask("verification-burned", {}, self._ways(talk, "resend"))

    def ask_resting(self, talk: Talk) -> Ask:
        return Ask("verification-resting", {}, [*self._ways(talk), Choice("any.human", _say("engine-button-human"))])

    def ask_unreachable(self, talk: Talk) -> Ask:
        values = {"channel": _say(f"channel-{self._channel(talk)}")}
        return Ask("verification-unreachable", values, self._ways(talk, "resend"))

    def hear_burned(self, talk: Talk) -> Heard:
        return self._way(talk)

    def hear_resting(self, talk: Talk) -> Heard:
        """No further code goes out, yet the last one may be good still."""
        return self.hear_code(talk)

    hear_unreachable = hear_burned

    def arrive_changing(self, talk: Talk) -> Arrival:
        return Finish("change")
