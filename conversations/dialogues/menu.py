"""The front door: what a stranger and what a member can do here."""

from __future__ import annotations

from conversations.catalogue import money, portuguese
from conversations.dialogue import Arrival, Ask, Call, Dialogue, Do, Finish, Heard, Move, Talk, Unclear
from conversations.dialogues.wording import benefit_lines, named_plan
from conversations.render import Choice
from conversations.understand.words import command, plain

_say = portuguese().say
_ROOMS = ["plans", "whose", "card", "no_card", "benefits"]
"""Where the menu leads, and its choices are still good."""
_COSTS = frozenset({"quanto", "preco", "valor", "custa", "qual", "como", "mensalidade"})


class Menu(Dialogue):
    name = "menu"
    initial = "choosing"
    states = ("choosing", "joining", "plans", "whose", "fetching", "card", "no_card", "benefits")
    moves = (
        ("join", ["choosing", *_ROOMS], "joining"),
        ("plans", ["choosing", *_ROOMS], "plans"),
        ("benefits", ["choosing", *_ROOMS], "benefits"),
        ("one_card", ["choosing", *_ROOMS], "fetching"),
        ("many_cards", ["choosing", *_ROOMS], "whose"),
        ("picked", "whose", "fetching"),
        ("card", "fetching", "card"),
        ("card_ready", "fetching", "card"),
        ("no_card", "fetching", "choosing"),
        ("document_failed", "fetching", "no_card"),
        ("home", _ROOMS, "choosing"),
        ("done", "joining", "choosing"),
        ("canceled", "joining", "choosing"),
    )
    durable = True
    waits = frozenset({"fetching"})
    prices = frozenset({"plans"})

    # choosing

    def ask_choosing(self, talk: Talk) -> Ask:
        key = "menu-member" if talk.contact.members else "menu-stranger"
        return Ask(key, {"greeting": talk.organization.greeting, **self._who(talk)}, self._choices(talk))

    def _who(self, talk: Talk) -> dict[str, str]:
        if not talk.contact.members:
            return {}
        member = talk.contact.members[0]
        return {"name": member.full_name.split()[0], "plan": member.plan_name}

    def _choices(self, talk: Talk) -> list[Choice]:
        options = ("card", "benefits") if talk.contact.members else ("plans",)
        shown = [Choice(option, _say(f"menu-option-{option}")) for option in options]
        way, human = self._way(talk), Choice("any.human", _say("engine-button-human"))
        return [*shown, way, human] if talk.contact.members and not talk.paused else [way, *shown, human]

    def _way(self, talk: Talk) -> Choice:
        """Into the sign-up, or on with it. Families share a phone: a member's may sign up somebody else."""
        if talk.paused:
            return Choice("resume", _say("menu-option-resume"))
        return Choice("join", _say("menu-option-join-other" if talk.contact.members else "menu-option-join"))

    def also(self, talk: Talk) -> list[Choice]:
        return self._choices(talk) if talk.state in _ROOMS else []

    def hear_choosing(self, talk: Talk) -> Heard:
        match talk.option:
            case "resume":
                return Finish("resume")
            case "card":
                return self._card(talk)
            case "plans":
                return Move("plans", {"plan_id": None})
            case "join" | "benefits" | "home":
                return Move(talk.option)
        return Unclear("choice")

    hear_card = hear_no_card = hear_benefits = hear_choosing

    def _card(self, talk: Talk) -> Heard:
        members = talk.contact.members
        if len(members) == 1:
            return Move("one_card", {"customer_id": str(members[0].customer_id)})
        return Move("many_cards") if members else Unclear("choice")

    def arrive_joining(self, talk: Talk) -> Arrival:
        return Call("signup")

    # plans, for who is only looking

    def ask_plans(self, talk: Talk) -> Ask:
        one = talk.organization.plan(talk.draft.get("plan_id"))
        lines = [
            _say("menu-plan-line", plan=plan.name, price=money(plan.price), cycle=_say(f"cycle-{plan.billing_cycle}"),
                 description=plan.description)
            for plan in ([one] if one else talk.organization.plans)
        ]  # fmt: skip
        choices = [self._way(talk), Choice("home", _say("menu-option-home"))]
        return Ask("menu-plan" if one else "menu-plans", {"lines": "\n\n".join(lines)}, choices)

    def hear_plans(self, talk: Talk) -> Heard:
        if talk.option is not None:
            return self.hear_choosing(talk)
        if command(talk.text) == "plans":
            return Move("plans", {"plan_id": None})
        plan = named_plan(talk.text, talk.organization.plans)
        if plan is None:
            return Unclear("choice")
        if _COSTS & set(plain(talk.text).split()):
            return Move("plans", {"plan_id": str(plan.id)})
        return Finish("resume") if talk.paused else Move("join")

    # the member's card

    def ask_whose(self, talk: Talk) -> Ask:
        choices = [
            Choice(f"member-{index}", member.full_name, description=f"{member.plan_name} · {member.membership_number}")
            for index, member in enumerate(talk.contact.members)
        ]
        return Ask("menu-whose", {}, [*choices, Choice("home", _say("menu-option-home"))])

    def hear_whose(self, talk: Talk) -> Heard:
        for index, member in enumerate(talk.contact.members):
            if talk.option == f"member-{index}":
                return Move("picked", {"customer_id": str(member.customer_id)})
        return self.hear_choosing(talk)

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
