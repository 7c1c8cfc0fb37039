"""From a name to a plan: the sign-up. Verification, address and family are dialogues of their own; paying, signing and
the card are `checkout`.
"""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import Any

from conversations.catalogue import money, portuguese
from conversations.dialogue import Arrival, Ask, Call, Dialogue, Do, Finish, Heard, Move, Talk, Unclear
from conversations.dialogues.dependents import family_lines, most_dependents
from conversations.dialogues.wording import benefit_lines, named_plan, option
from conversations.render import Choice
from conversations.understand.bad import Bad
from conversations.understand.dates import parse_birth_date
from conversations.understand.documents import parse_cpf
from conversations.understand.email import parse_email
from conversations.understand.names import parse_name
from conversations.understand.replies import Answer, unknown, yes_or_no
from conversations.understand.words import clean, has_link
from handlers.facts import Addon, Plan

_say = portuguese().say
_GENDERS = ("F", "M", "O")
_MARITAL = ("single", "married", "stable_union", "divorced", "widowed")
_PROFESSION = 100
_CHOOSING = ("choosing", "plan", "picking", "offer", "addons", "accepting", "agreeing", "agreed", "health")
"""Who went back to the plans may pay the code they have: what they accepted then stands."""


class Signup(Dialogue):
    name = "signup"
    initial = "start"
    states = (
        "start", "full_name", "naming", "cpf", "claiming", "member_found", "recovering", "recovered", "here",
        "birth_date", "dating", "email", "email_check", "mailing", "identity", "identified", "address", "gender",
        "marital_status", "profession", "profiling", "dependents", "choosing", "plan", "picking", "offer", "addons",
        "accepting", "health", "agreeing", "agreed", "checkout", "finished", "abandoning", "closed",
    )  # fmt: skip
    moves = (
        ("began", "start", "full_name"),
        ("named", "full_name", "naming"),
        ("saved", "naming", "cpf"),
        ("cpf_given", "cpf", "claiming"),
        ("cpf_free", "claiming", "birth_date"),
        ("cpf_member", "claiming", "member_found"),
        ("cpf_here", "claiming", "here"),
        ("recover", "member_found", "recovering"),
        ("mistyped", "member_found", "cpf"),
        ("verified", "recovering", "recovered"),
        ("change", "recovering", "member_found"),
        ("recovered", "recovered", "here"),
        ("unverified", "recovered", "member_found"),
        ("born", "birth_date", "dating"),
        ("adult", "dating", "email"),
        ("minor", "dating", "birth_date"),
        ("mailed", ["email", "email_check"], "mailing"),
        ("doubtful", ["email", "email_check"], "email_check"),
        ("as_suggested", "email_check", "mailing"),
        ("as_typed", "email_check", "mailing"),
        ("retype", "email_check", "email"),
        ("email_saved", "mailing", "identity"),
        ("verified", "identity", "identified"),
        ("change", "identity", "email"),
        ("saved", "identified", "address"),
        ("unverified", "identified", "identity"),
        ("address_done", "address", "gender"),
        ("told", "gender", "marital_status"),
        ("skip", ["gender", "marital_status", "profession"], "profiling"),
        ("told", "marital_status", "profession"),
        ("told", "profession", "profiling"),
        ("saved", "profiling", "dependents"),
        ("dependents_done", "dependents", "choosing"),
        ("choose", "choosing", "plan"),
        ("family", ["plan", "offer"], "dependents"),
        ("picked", "plan", "picking"),
        ("priced", "picking", "offer"),
        ("too_many_dependents", ["picking", "accepting"], "plan"),
        ("age_outside", ["picking", "accepting"], "plan"),
        ("plan_gone", ["picking", "accepting"], "plan"),
        ("others", "offer", "plan"),
        ("extras", "offer", "addons"),
        ("extra", "addons", "picking"),
        ("enough", "addons", "offer"),
        ("agree", "offer", "accepting"),
        ("repriced", "accepting", "offer"),
        ("accepted", "accepting", "agreeing"),
        ("consented", "agreeing", "agreed"),
        ("ask_health", "agreed", "health"),
        ("go_on", "agreed", "checkout"),
        ("consented", "health", "checkout"),
        ("paid", list(_CHOOSING), "checkout"),
        ("done", "checkout", "finished"),
        ("replan", "checkout", "choosing"),
        ("registration_closed", "*", "closed"),
        ("registration_expired", "*", "closed"),
        ("left", "*", "abandoning"),
    )
    steps = (
        "full_name", "cpf", "birth_date", "email", "address", "gender", "dependents", "plan", "checkout",
    )  # fmt: skip
    within = MappingProxyType({
        "naming": "full_name", "claiming": "cpf", "member_found": "cpf", "recovering": "cpf", "dating": "birth_date",
        "email_check": "email", "mailing": "email", "identity": "email", "identified": "email",
        "marital_status": "gender", "profession": "gender", "profiling": "gender",
        "choosing": "plan", "picking": "plan", "offer": "plan", "addons": "plan", "accepting": "plan",
        "agreeing": "plan", "agreed": "plan", "health": "plan",
    })  # fmt: skip
    revisits = frozenset({"address", "dependents"})
    lasting = frozenset({"dependents"})
    reminds = True
    keeps = True
    prices = frozenset({"plan", "offer", "addons"})
    literal = MappingProxyType({"profession": frozenset({"atendente"})})

    # start and name

    def arrive_start(self, talk: Talk) -> Arrival:
        return Do("registrations.begin")

    def hear_full_name(self, talk: Talk) -> Heard:
        name = parse_name(talk.text)
        if isinstance(name, Bad):
            return Unclear(name.code, name.data)
        return Move("named", {"full_name": name, "first_name": name.split()[0]})

    def arrive_naming(self, talk: Talk) -> Arrival:
        return Do("registrations.name", {"full_name": talk.draft["full_name"]})

    # cpf

    def hear_cpf(self, talk: Talk) -> Heard:
        cpf = parse_cpf(talk.text)
        return Unclear(cpf.code, cpf.data) if isinstance(cpf, Bad) else Move("cpf_given", {"cpf": cpf})

    def arrive_claiming(self, talk: Talk) -> Arrival:
        # The CPF leaves the draft in the same breath: in the clear it is never stored.
        return Do("registrations.claim_cpf", {"cpf": talk.draft["cpf"]}, keep={"cpf": None})

    def ask_member_found(self, talk: Talk) -> Ask:
        choices = [option("recover", "signup-option-recover", "yes"), option("mistyped", "signup-option-mistyped")]
        choices.append(Choice("any.human", _say("engine-button-human")))
        return Ask("signup-member_found", {"email": talk.draft.get("recovery_email_masked", "")}, choices)

    def arrive_recovering(self, talk: Talk) -> Arrival:
        draft = {"purpose": "recovery", "bound_to": talk.draft["customer_id"], "channel": "email"}
        return Call("verification", draft)

    def arrive_recovered(self, talk: Talk) -> Arrival:
        return Do("memberships.recover", {"customer_id": talk.draft["customer_id"]})

    def arrive_here(self, talk: Talk) -> Arrival:
        return Finish("done", note="signup-here")

    # birth date

    def ask_birth_date(self, talk: Talk) -> Ask:
        if "minimum" in talk.draft:
            return Ask("signup-minor", {"minimum": talk.draft["minimum"]})
        return Ask("signup-birth_date")

    def hear_birth_date(self, talk: Talk) -> Heard:
        found = parse_birth_date(talk.text, _today(talk))
        if isinstance(found, Bad):
            return Unclear(found.code, found.data)
        return Move("born", {"birth_date": found.isoformat(), "minimum": None})

    def arrive_dating(self, talk: Talk) -> Arrival:
        return Do("registrations.birth_date", {"birth_date": talk.draft["birth_date"]})

    # e-mail

    def hear_email(self, talk: Talk) -> Heard:
        found = parse_email(talk.text)
        if isinstance(found, Bad):
            guess = found.data.get("suggestion")
            return Move("doubtful", {"email": None, "suggestion": guess}) if guess else Unclear(found.code)
        if found.suggestion:
            return Move("doubtful", {"email": found.address, "suggestion": found.suggestion})
        return Move("mailed", {"email": found.address, "suggestion": None})

    def ask_email_check(self, talk: Talk) -> Ask:
        """Whether the suggestion was meant; what can be no address is not offered as it was typed."""
        typed, values = talk.draft.get("email"), {"suggestion": talk.draft["suggestion"]}
        choices = [
            option("as_suggested", "signup-option-as_suggested", "yes"),
            option("retype", "signup-option-retype", "no"),
        ]
        if not typed:
            return Ask("signup-email_guess", values, choices)
        choices.insert(1, option("as_typed", "signup-option-as_typed"))
        return Ask("signup-email_check", {**values, "typed": typed}, choices)

    def hear_email_check(self, talk: Talk) -> Heard:
        if talk.option == "as_suggested":
            return Move("as_suggested", {"email": talk.draft["suggestion"], "suggestion": None})
        if talk.option in ("as_typed", "retype"):
            return Move(talk.option, {"suggestion": None})
        typed, retyped = talk.draft.get("email"), self.hear_email(talk)
        insists = typed and isinstance(retyped, Move) and retyped.keep["email"] == typed
        return Move("as_typed", {"suggestion": None}) if insists else retyped

    def arrive_mailing(self, talk: Talk) -> Arrival:
        return Do("registrations.email", {"email": talk.draft["email"]})

    def arrive_identity(self, talk: Talk) -> Arrival:
        return Call("verification", {"purpose": "identity", "bound_to": talk.draft["registration_id"]})

    def arrive_identified(self, talk: Talk) -> Arrival:
        return Do("registrations.identity_verified")

    def arrive_address(self, talk: Talk) -> Arrival:
        return Call("address")

    # profile: all of it may be skipped

    def ask_gender(self, talk: Talk) -> Ask:
        return self._profile("gender", [(value, f"gender-{value}") for value in _GENDERS])

    def hear_gender(self, talk: Talk) -> Heard:
        return self._told(talk, "gender", _GENDERS)

    def ask_marital_status(self, talk: Talk) -> Ask:
        return self._profile("marital_status", [(value, f"marital-{value}") for value in _MARITAL])

    def hear_marital_status(self, talk: Talk) -> Heard:
        return self._told(talk, "marital_status", _MARITAL)

    def _profile(self, state: str, options: list[tuple[str, str]]) -> Ask:
        choices = [option(value, key) for value, key in options]
        return Ask(f"signup-{state}", {}, [*choices, self._skip()])

    def _skip(self) -> Choice:
        return option("skip", "signup-option-skip", "no")

    def _told(self, talk: Talk, name: str, allowed: tuple[str, ...]) -> Heard:
        if talk.option == "skip":
            return Move("skip")
        return Move("told", {name: talk.option}) if talk.option in allowed else Unclear("choice")

    def ask_profession(self, talk: Talk) -> Ask:
        return Ask("signup-profession", {}, [self._skip()])

    def hear_profession(self, talk: Talk) -> Heard:
        if talk.option == "skip":
            return Move("skip")
        profession = clean(talk.text)
        return Move("told", {"profession": profession}) if _is_profession(profession) else Unclear("profession")

    def arrive_profiling(self, talk: Talk) -> Arrival:
        names = ("gender", "marital_status", "profession")
        return Do("registrations.profile", {name: talk.draft.get(name) for name in names})

    def arrive_dependents(self, talk: Talk) -> Arrival:
        if not most_dependents(talk.organization):
            return Move("dependents_done")
        name = talk.draft.get("another")
        return Call("dependents", {"name": name, "dependent": name.split()[0]} if name else {})

    # plan

    def arrive_choosing(self, talk: Talk) -> Arrival:
        return Do("registrations.may_choose")

    def ask_plan(self, talk: Talk) -> Ask:
        people = talk.draft.get("dependents") or []
        choices = [
            Choice(str(plan.id), plan.name, _say("plan-row", price=money(plan.price), cycle=_cycle(plan),
                   description=plan.description), _say(f"category-{plan.category}"))
            for plan in talk.organization.plans
        ]  # fmt: skip
        family = Choice("family", _say("signup-option-family"), section=_say("category-more"))
        key = "signup-plan-misfit" if talk.draft.get("misfit") else "signup-plan"
        values = {"lines": family_lines(people), "misfit": str(talk.draft.get("misfit") or "")}
        return Ask(key, values, [*choices, family], _say("signup-plan-list"))

    def hear_plan(self, talk: Talk) -> Heard:
        if talk.option == "family":
            return Move("family", {"misfit": None, "another": None})
        plan = talk.organization.plan(talk.option) or named_plan(talk.text, talk.organization.plans)
        if plan is None:
            return self._another(talk)
        misfit = _misfit(plan, talk)
        return Move("picked", {"plan_id": str(plan.id), "addons": [], "misfit": misfit})

    def _another(self, talk: Talk) -> Heard:
        """A name said beside the list of plans is one more of the family."""
        name = parse_name(talk.text)
        people = talk.draft.get("dependents") or []
        if isinstance(name, Bad) or not people:
            return Unclear("name.two" if name == Bad("name.two") else "choice")
        most = most_dependents(talk.organization)
        if len(people) >= most:
            return Unclear("dependents.full", {"most": str(most)})
        return Move("family", {"misfit": None, "another": name})

    def arrive_picking(self, talk: Talk) -> Arrival:
        return Do("registrations.choose_plan", {"plan_id": talk.draft["plan_id"], "addons": talk.draft["addons"]})

    def ask_offer(self, talk: Talk) -> Ask:
        plan = talk.organization.plan(talk.draft["plan_id"])
        if plan is None:
            return Ask("signup-plan-gone", {}, [Choice("others", _say("signup-option-others"))])
        ways = ["agree", "others"]
        if any(addon.slug not in talk.draft["addons"] for addon in plan.addons):
            ways.insert(1, "extras")
        choices = [option(way, f"signup-option-{way}") for way in ways]
        return Ask("signup-offer", _offer(plan, talk), choices)

    def hear_offer(self, talk: Talk) -> Heard:
        """The plan fits: what was wrong with another is not told again."""
        if talk.option is None:
            return Unclear("choice")
        plan = talk.organization.plan(talk.draft["plan_id"])
        return Move(talk.option, {"misfit": _misfit(plan, talk) if plan and talk.option == "agree" else None})

    def arrive_accepting(self, talk: Talk) -> Arrival:
        return Do("registrations.accept_plan", {name: talk.draft[name] for name in ("plan_id", "addons", "pricing")})

    def ask_addons(self, talk: Talk) -> Ask:
        choices = [
            Choice(f"addon:{addon.slug}", addon.name, _say("addon-row", price=money(addon.price)))
            for addon in _open_addons(talk)
        ]
        return Ask("signup-addons", {}, [*choices, option("enough", "signup-option-enough", "no")])

    def hear_addons(self, talk: Talk) -> Heard:
        if talk.option is not None and talk.option.startswith("addon:"):
            return Move("extra", {"addons": [*talk.draft["addons"], talk.option.removeprefix("addon:")]})
        return Move("enough") if talk.option == "enough" else Unclear("choice")

    # consents: terms and privacy by the tap on "Aceito"; health data apart

    def arrive_agreeing(self, talk: Talk) -> Arrival:
        return Do("consents.grant", {"kinds": ["terms", "privacy", "signature_method"], "granted": True})

    def arrive_agreed(self, talk: Talk) -> Arrival:
        plan = talk.organization.plan(talk.draft["plan_id"])
        asks_health = plan is not None and plan.collects_health_data and "health" in talk.organization.consents
        return Move("ask_health" if asks_health else "go_on")

    def ask_health(self, talk: Talk) -> Ask:
        consent = talk.organization.consents.get("health")
        answers: tuple[Answer, ...] = ("yes", "no")
        choices = [option(f"health_{one}", f"signup-option-health_{one}", one) for one in answers]
        return Ask("signup-health", {"text": consent.text if consent else ""}, choices)

    def hear_health(self, talk: Talk) -> Heard:
        if talk.option not in ("health_yes", "health_no"):
            return Unclear("choice")
        return Do("consents.grant", {"kinds": ["health"], "granted": talk.option == "health_yes"})

    # the rest

    def arrive_checkout(self, talk: Talk) -> Arrival:
        draft = {name: talk.draft.get(name) for name in ("registration_id", "plan_id", "pricing", "first_name")}
        return Call("checkout", draft)

    def arrive_finished(self, talk: Talk) -> Arrival:
        return Finish("done")

    def arrive_abandoning(self, talk: Talk) -> Arrival:
        return Finish("canceled", note="signup-canceled")

    def arrive_closed(self, talk: Talk) -> Arrival:
        return Finish("canceled", note="signup-closed")


def _is_profession(said: str) -> bool:
    """A word of some length, and neither an answer to another question nor one itself."""
    if "?" in said or unknown(said) or yes_or_no(said):
        return False
    return sum(char.isalpha() for char in said) >= 2 and len(said) <= _PROFESSION and not has_link(said)


def _today(talk: Talk) -> date:
    return talk.now.astimezone(talk.organization.zone).date()


def _cycle(plan: Plan) -> str:
    return _say(f"cycle-{plan.billing_cycle}")


def _open_addons(talk: Talk) -> list[Addon]:
    plan = talk.organization.plan(talk.draft["plan_id"])
    return [addon for addon in (plan.addons if plan else ()) if addon.slug not in talk.draft["addons"]]


def _misfit(plan: Plan, talk: Talk) -> str:
    """What would be wrong with this plan, should the business refuse it: told beside the list."""
    people = len(talk.draft.get("dependents") or [])
    if people > plan.max_dependents:
        return _say("misfit-dependents", plan=plan.name, most=plan.max_dependents)
    return _say("misfit-age", plan=plan.name, least=plan.min_age, most=plan.max_age or 0)


def _offer(plan: Plan, talk: Talk) -> dict[str, Any]:
    pricing = talk.draft["pricing"]
    extras = [addon for addon in plan.addons if addon.slug in talk.draft["addons"]]
    # The price that was told, should the business change it now: what is accepted is what was shown.
    cycle = _say(f"cycle-{pricing.get('billing_cycle', plan.billing_cycle)}")
    lines = [_say("price-plan", price=money(pricing["cycle_price"]), cycle=cycle)]
    lines += [_say("price-addon", name=addon.name, price=money(addon.price)) for addon in extras]
    if pricing["adhesion_fee"]:
        lines.append(_say("price-adhesion", price=money(pricing["adhesion_fee"])))
    if pricing["trial_days"]:
        lines.append(_say("price-trial", days=pricing["trial_days"]))
    consents = talk.organization.consents
    return {
        "plan": plan.name,
        "benefits": benefit_lines(plan.benefits),
        "prices": "\n".join(lines),
        "due_now": money(int(pricing["due_now"])),
        "terms_url": _url(consents, "terms"),
        "privacy_url": _url(consents, "privacy"),
    }


def _url(consents: Any, kind: str) -> str:
    consent = consents.get(kind)
    return str(consent.url or "") if consent else ""
