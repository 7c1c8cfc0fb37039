"""The front door: what a stranger and what a member can do here."""

from __future__ import annotations

from conversations.catalogue import money, portuguese
from conversations.dialogue import Arrival, Ask, Call, Dialogue, Do, Finish, Heard, Move, Talk, Unclear
from conversations.dialogues.wording import benefit_lines
from conversations.render import Choice

_say = portuguese().say


class Menu(Dialogue):
    name = "menu"
    initial = "choosing"
    states = ("choosing", "joining", "plans", "whose", "fetching", "card", "no_card", "benefits")
    moves = (
        ("join", ["choosing", "plans"], "joining"),
        ("plans", "choosing", "plans"),
        ("benefits", "choosing", "benefits"),
        ("one_card", "choosing", "fetching"),
        ("many_cards", "choosing", "whose"),
        ("picked", "whose", "fetching"),
        ("card", "fetching", "card"),
        ("card_ready", "fetching", "card"),
        ("no_card", "fetching", "choosing"),
        ("document_failed", "fetching", "no_card"),
        ("home", ["plans", "whose", "card", "no_card", "benefits"], "choosing"),
        ("done", "joining", "choosing"),
        ("canceled", "joining", "choosing"),
    )
    durable = True
    waits = frozenset({"fetching"})

    # choosing

    def ask_choosing(self, talk: Talk) -> Ask:
        choices = list(self._member_choices() if talk.contact.members else self._stranger_choices())
        if talk.paused:
            resume = Choice("resume", _say("menu-option-resume"))
            choices = [resume, *(choice for choice in choices if choice.id != "join")]
        key = "menu-member" if talk.contact.members else "menu-stranger"
        return Ask(key, {"greeting": talk.organization.greeting, **self._who(talk)}, choices)

    def _who(self, talk: Talk) -> dict[str, str]:
        if not talk.contact.members:
            return {}
        member = talk.contact.members[0]
        return {"name": member.full_name.split()[0], "plan": member.plan_name}

    def _stranger_choices(self) -> list[Choice]:
        return [Choice(option, _say(f"menu-option-{option}")) for option in ("join", "plans", "human")]

    def _member_choices(self) -> list[Choice]:
        """Families share a phone: a member's phone may sign up somebody else."""
        named = {"join": "menu-option-join-other"}
        options = ("card", "benefits", "join", "human")
        return [Choice(option, _say(named.get(option, f"menu-option-{option}"))) for option in options]

    def hear_choosing(self, talk: Talk) -> Heard:
        match talk.option:
            case "resume":
                return Finish("resume")
            case "human":
                return Finish("human")
            case "card":
                return self._card(talk)
            case "join" | "plans" | "benefits":
                return Move(talk.option)
        return Unclear("choice")

    def _card(self, talk: Talk) -> Heard:
        members = talk.contact.members
        if len(members) == 1:
            return Move("one_card", {"customer_id": str(members[0].customer_id)})
        return Move("many_cards") if members else Unclear("choice")

    def arrive_joining(self, talk: Talk) -> Arrival:
        return Call("signup")

    # plans, for who is only looking

    def ask_plans(self, talk: Talk) -> Ask:
        lines = [
            _say("menu-plan-line", plan=plan.name, price=money(plan.price), cycle=_say(f"cycle-{plan.billing_cycle}"),
                 description=plan.description)
            for plan in talk.organization.plans
        ]  # fmt: skip
        way = "resume" if talk.paused else "join"
        choices = [Choice(option, _say(f"menu-option-{option}")) for option in (way, "home")]
        return Ask("menu-plans", {"lines": "\n\n".join(lines)}, choices)

    def hear_plans(self, talk: Talk) -> Heard:
        if talk.option == "resume":
            return Finish("resume")
        return Move(talk.option) if talk.option is not None else Unclear("choice")

    # the member's card

    def ask_whose(self, talk: Talk) -> Ask:
        choices = [
            Choice(f"member-{index}", member.full_name, description=f"{member.plan_name} · {member.membership_number}")
            for index, member in enumerate(talk.contact.members)
        ]
        return Ask("menu-whose", {}, [*choices, Choice("home", _say("menu-option-home"))])

    def hear_whose(self, talk: Talk) -> Heard:
        if talk.option == "home":
            return Move("home")
        for index, member in enumerate(talk.contact.members):
            if talk.option == f"member-{index}":
                return Move("picked", {"customer_id": str(member.customer_id)})
        return Unclear("choice")

    def arrive_fetching(self, talk: Talk) -> Arrival:
        return Do("memberships.card", {"customer_id": talk.draft.get("customer_id", "")})

    def ask_card(self, talk: Talk) -> Ask:
        values = {"card_url": talk.draft.get("card_url", ""), "share_url": talk.draft.get("share_url", "")}
        choices = [Choice("home", _say("menu-option-home"))]
        return Ask("menu-card", values, choices, image=talk.draft.get("document_id"))

    def ask_no_card(self, talk: Talk) -> Ask:
        return Ask("menu-no-card", {}, [Choice("home", _say("menu-option-home"))])

    # benefits

    def ask_benefits(self, talk: Talk) -> Ask:
        names = [member.plan_name for member in talk.contact.members[:1]]
        plan = next((plan for plan in talk.organization.plans if plan.name in names), None)
        benefits = plan.benefits if plan is not None else ()
        lines = benefit_lines(benefits)
        return Ask("menu-benefits", {"lines": lines or _say("menu-no-benefits")},
                   [Choice("home", _say("menu-option-home"))])  # fmt: skip
