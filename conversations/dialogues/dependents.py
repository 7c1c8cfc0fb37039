"""Family: one by one, as many as the plans allow. Typing a name begins; the caller gets `dependents_done`.

Called with {name} when it was already said. After each person the caller goes on: whoever has
more family says the next name there, so that nobody pays for a question of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conversations.catalogue import portuguese
from conversations.dialogue import Arrival, Ask, Dialogue, Do, Finish, Heard, Move, Talk, Unclear
from conversations.dialogues.wording import option
from conversations.render import Choice
from conversations.understand.bad import Bad
from conversations.understand.dates import parse_birth_date
from conversations.understand.documents import parse_cpf
from conversations.understand.names import parse_name
from conversations.understand.replies import unknown, yes_or_no
from handlers.facts import Organization

_say = portuguese().say
_RELATIONSHIPS = ("spouse", "child", "parent", "other")


class Dependents(Dialogue):
    name = "dependents"
    initial = "start"
    states = (
        "start", "opened", "name", "relationship", "birth_date", "cpf", "adding", "more", "removing", "taking_out",
        "done",
    )  # fmt: skip
    lasting = frozenset({"dependents"})
    moves = (
        ("family", "start", "opened"),
        ("first", "opened", "name"),
        ("said", "opened", "relationship"),
        ("again", "opened", "more"),
        ("nobody", ["name", "more"], "done"),
        ("named", ["name", "more"], "relationship"),
        ("related", "relationship", "birth_date"),
        ("born", "birth_date", "cpf"),
        ("cpf_given", "cpf", "adding"),
        ("skip", "cpf", "adding"),
        ("added", "adding", "done"),
        ("dependent_cpf_taken", "adding", "cpf"),
        ("registration_closed", ["start", "adding", "taking_out"], "done"),
        ("remove", "more", "removing"),
        ("chosen", "removing", "taking_out"),
        ("removed", "taking_out", "more"),
        ("keep", "removing", "more"),
    )

    def _most(self, talk: Talk) -> int:
        return most_dependents(talk.organization)

    # start

    def arrive_start(self, talk: Talk) -> Arrival:
        return Do("registrations.family")

    def arrive_opened(self, talk: Talk) -> Arrival:
        if talk.draft.get("name"):
            return Move("said")
        return Move("again" if talk.draft.get("dependents") else "first")

    # name

    def ask_name(self, talk: Talk) -> Ask:
        choice = option("nobody", "dependents-option-nobody", "no")
        return Ask("dependents-name", {"most": self._most(talk)}, [choice])

    def hear_name(self, talk: Talk) -> Heard:
        if talk.option == "nobody":
            return Move("nobody")
        if yes_or_no(talk.text) == "yes":
            return Unclear("dependents.who")
        name = parse_name(talk.text)
        if isinstance(name, Bad):
            return Unclear(name.code, name.data)
        return Move("named", {"name": name, "dependent": name.split()[0]})

    # relationship

    def ask_relationship(self, talk: Talk) -> Ask:
        choices = [option(kind, f"relationship-{kind}") for kind in _RELATIONSHIPS]
        return Ask("dependents-relationship", {"dependent": talk.draft["dependent"]}, choices)

    def hear_relationship(self, talk: Talk) -> Heard:
        if talk.option in _RELATIONSHIPS:
            return Move("related", {"relationship": talk.option})
        return Unclear("choice")

    # birth date

    def ask_birth_date(self, talk: Talk) -> Ask:
        return Ask("dependents-birth_date", {"dependent": talk.draft["dependent"]})

    def hear_birth_date(self, talk: Talk) -> Heard:
        found = parse_birth_date(talk.text, talk.now.astimezone(talk.organization.zone).date())
        if isinstance(found, Bad):
            return Unclear(found.code, found.data)
        return Move("born", {"birth_date": found.isoformat(), "cpf_taken": None})

    # cpf, optional

    def ask_cpf(self, talk: Talk) -> Ask:
        key = "dependents-cpf-taken" if talk.draft.get("cpf_taken") else "dependents-cpf"
        return Ask(key, {"dependent": talk.draft["dependent"]}, [option("skip", "dependents-option-skip", "no")])

    def hear_cpf(self, talk: Talk) -> Heard:
        if talk.option == "skip" or unknown(talk.text):
            return Move("skip", {"cpf_taken": None})
        cpf = parse_cpf(talk.text)
        if isinstance(cpf, Bad):
            return Unclear(cpf.code, cpf.data)
        return Move("cpf_given", {"cpf": cpf})

    def arrive_adding(self, talk: Talk) -> Arrival:
        draft = talk.draft
        # The CPF leaves the draft in the same breath: in the clear it is never stored.
        return Do("registrations.add_dependent", {
            "full_name": draft["name"], "relationship": draft["relationship"], "birth_date": draft["birth_date"],
            "cpf": draft.get("cpf"),
        }, keep={"cpf": None, "cpf_taken": True})  # fmt: skip

    # more

    def ask_more(self, talk: Talk) -> Ask:
        people = talk.draft.get("dependents") or []
        lines = family_lines(people)
        choices = [option("nobody", "dependents-option-nobody_else", "no")]
        if people:
            choices.append(option("remove", "dependents-option-remove"))
        full = len(people) >= self._most(talk)
        return Ask("dependents-full" if full else "dependents-more", {"lines": lines, "count": len(people)}, choices)

    def hear_more(self, talk: Talk) -> Heard:
        if talk.option == "remove":
            return Move("remove")
        if talk.option == "nobody":
            return Move("nobody")
        if len(talk.draft.get("dependents") or []) >= self._most(talk):
            return Unclear("dependents.full", {"most": str(self._most(talk))})
        return self.hear_name(talk)

    # remove

    def ask_removing(self, talk: Talk) -> Ask:
        people = talk.draft.get("dependents") or []
        choices = [Choice(f"person-{index}", one["name"]) for index, one in enumerate(people)]
        return Ask("dependents-removing", {}, [*choices, Choice("keep", _say("dependents-option-keep"))])

    def hear_removing(self, talk: Talk) -> Heard:
        if talk.option == "keep":
            return Move("keep")
        if talk.option is None:
            return Unclear("choice")
        return Move("chosen", {"index": int(talk.option.removeprefix("person-"))})

    def arrive_taking_out(self, talk: Talk) -> Arrival:
        return Do("registrations.remove_dependent", {"index": talk.draft["index"]})

    def arrive_done(self, talk: Talk) -> Arrival:
        return Finish("dependents_done", {"dependents": talk.draft.get("dependents") or [], "another": None})


def most_dependents(organization: Organization) -> int:
    """The most that any plan takes."""
    return max((plan.max_dependents for plan in organization.plans), default=0)


def family_lines(people: Sequence[Mapping[str, Any]]) -> str:
    """The family as a list to read."""
    return "\n".join(
        _say(
            "dependents-line", name=one["name"], relationship=_say(f"relationship-{one['relationship']}"), age=_age(one)
        )
        for one in people
    )


def _age(person: Mapping[str, Any]) -> str:
    """Children under one are told in months."""
    return _say("age", years=int(person["age"]), months=int(person.get("months", 0)))
