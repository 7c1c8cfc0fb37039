"""Whether Meta takes a send: the limits of the message, then everything that needs memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.simulator.meta.inspector import INVALID, UNEXPECTED, Problem
from bot.simulator.meta.limits import check_request
from bot.simulator.meta.limits_media import kind_of
from bot.simulator.meta.orders import check_order
from bot.simulator.meta.people import Person
from bot.simulator.meta.state import State, media_in
from bot.simulator.meta.templates import Template, check_template

REACTION_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problem` None: accepted. `person` None: the recipient is not on WhatsApp (or was never looked up)."""

    person: Person | None
    template: Template | None = None
    problem: Problem | None = None


def judge(state: State, body: Any, now: datetime, business_phone: str) -> Verdict:
    """The first reason to refuse a request body, in the order in which Meta would find it."""
    problems = check_request(body, now=now)
    if problems:
        return Verdict(None, problem=problems[0])
    to, recipient = body.get("to"), body.get("recipient")
    if to is not None and _digits(to) == _digits(business_phone):
        return Verdict(None, problem=Problem(131021, "to", "recipient and sender are the same number"))
    person = state.find(to, recipient)
    if person is None:
        return Verdict(None, problem=Problem(131026, "to", "recipient is not a WhatsApp user"))
    template = _template_of(state, body)
    found = _first_problem(state, body, person, template, now)
    return Verdict(person, template, found)


def _digits(phone: str) -> str:
    return "".join(character for character in phone if character.isdigit())


def _template_of(state: State, message: dict[str, Any]) -> Template | None:
    if message["type"] != "template":
        return None
    return state.templates.get((message["template"]["name"], message["template"]["language"]["code"]))


def _first_problem(
    state: State, message: dict[str, Any], person: Person, template: Template | None, now: datetime
) -> Problem | None:
    problems: list[Problem] = []
    if message["type"] == "template":
        problems += check_template(template, message["template"])
    elif not state.window_open(person.key, now):
        problems.append(Problem(131047, "to", "more than 24 hours have passed since the customer last replied"))
    if template is not None and template.category == "authentication" and message.get("to") is None:
        problems.append(Problem(131062, "recipient", "authentication templates need a phone number"))
    problems += _media_problems(state, message, now)
    problems += _reference_problems(state, message, person, now)
    problems += check_order(state.orders, message, person.wa_id)
    if state.pace.number_is_full(now):
        problems.append(Problem(130429, "number", "too many messages sent from this phone number in a short time"))
    if state.pace.pair_is_full(person.key, now):
        problems.append(Problem(131056, "to", "too many messages from the sender to the same recipient"))
    return problems[0] if problems else None


def _media_problems(state: State, message: dict[str, Any], now: datetime) -> list[Problem]:
    problems: list[Problem] = []
    for kind, where, reference in media_in(message):
        if "id" not in reference:
            continue
        media = state.usable_media(reference["id"], now)
        if media is None:
            what = f"Param {where}.id is not a valid whatsapp business account media attachment ID"
            problems.append(Problem(UNEXPECTED, f"{where}.id", what))
        elif kind_of(media.mime_type) != kind:
            problems.append(Problem(131053, f"{where}.id", f"media of type {media.mime_type} cannot be sent as {kind}"))
    return problems


def _reference_problems(state: State, message: dict[str, Any], person: Person, now: datetime) -> list[Problem]:
    problems: list[Problem] = []
    if "context" in message and state.bubble(message["context"]["message_id"], person.key) is None:
        problems.append(Problem(INVALID, "context.message_id", "is not a message of this chat"))
    if message["type"] == "reaction":
        target = state.bubble(message["reaction"]["message_id"], person.key)
        if target is None or now - target.at > REACTION_LIFE:
            problems.append(Problem(INVALID, "reaction.message_id", "is unknown or older than 30 days"))
    return problems
