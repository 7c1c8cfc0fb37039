"""Pay by Pix, sign by code, get the card. Called by the sign-up with {registration_id, plan_id, pricing}."""

from __future__ import annotations

import re
from datetime import datetime
from types import MappingProxyType
from typing import Any

from conversations.catalogue import money, portuguese
from conversations.dialogue import Arrival, Ask, Call, Dialogue, Do, Finish, Heard, Move, Talk, Unclear
from conversations.dialogues.wording import option
from conversations.pix_bubble import pix_bubble
from conversations.render import Choice
from conversations.said import Kind
from conversations.understand.words import plain
from handlers.payments import bubbles

_say = portuguese().say


_RECEIPTS = frozenset({Kind.IMAGE, Kind.DOCUMENT})
"""A picture or file while we wait for a payment is its receipt: time to ask the bank."""
_NOT_YET = re.compile(r"\b(?:nao|nunca|nem|vou|quando|se eu)\b")
_PAID = re.compile(
    r"\b(?:paguei|pagamos|transferi|depositei|comprovante|pix feito|(?:ja|ta|esta|foi) (?:pago|paga|feito)|ja fiz|"
    r"(?:fiz|mandei|enviei) (?:o |um )?pix)\b|^(?:pago|feito|pix feito)$"
)
_RENEW = re.compile(r"\b(?:(?:novo|outro) (?:codigo|pix)|expirou|venceu|gerar?(?! (?:o |um )?boleto))\b")
_REPLAN = re.compile(r"\b(?:(?:mudar|mudei|trocar|troca|outro|outros|escolher) (?:d[eo] |o )?(?:planos?|ideia))\b")
_UNPAID = ("charging", "paying", "checking", "unpaid", "short", "awaiting_staff", "trouble", "renewing")
_BEFORE_APPROVAL = (*_UNPAID, "sealing", "approving")


class Checkout(Dialogue):
    name = "checkout"
    initial = "charging"
    states = (
        "charging", "paying", "checking", "unpaid", "short", "awaiting_staff", "trouble", "renewing", "preparing",
        "contract", "signing", "sealing", "approving", "welcome", "finished", "conflict", "no_paper",
    )  # fmt: skip
    moves = (
        ("charge_ready", ["charging", "renewing"], "paying"),
        ("nothing_due", ["charging", "renewing"], "preparing"),
        ("charge_failed", ["charging", "renewing"], "trouble"),
        ("again", "trouble", "charging"),
        ("check", ["paying", "unpaid", "short", "awaiting_staff"], "checking"),
        ("renew", ["paying", "unpaid", "short", "awaiting_staff"], "renewing"),
        ("show", ["unpaid", "short", "awaiting_staff"], "charging"),
        ("bubble_refused", ["paying", "unpaid", "checking"], "paying"),
        ("still_unpaid", "checking", "unpaid"),
        ("unseen", "paying", "unpaid"),
        ("asked", "paying", "unpaid"),
        ("pix_unknown", "checking", "unpaid"),
        ("awaiting_staff", "checking", "awaiting_staff"),
        ("short", ["paying", "checking", "unpaid", "awaiting_staff", "short", "renewing", "charging"], "short"),
        (
            "paid",
            list(_UNPAID),
            "preparing",
        ),
        ("contract_ready", "preparing", "contract"),
        ("signed", "preparing", "approving"),
        ("contract_missing", "preparing", "no_paper"),
        ("document_failed", "preparing", "no_paper"),
        ("document_failed", "approving", "welcome"),
        ("again", "no_paper", "preparing"),
        ("sign", "contract", "signing"),
        ("verified", "signing", "sealing"),
        ("change", "signing", "contract"),
        ("signed", "sealing", "approving"),
        ("unverified", "sealing", "contract"),
        ("approved", list(_BEFORE_APPROVAL), "approving"),
        ("card_ready", ["sealing", "approving"], "welcome"),
        ("member_exists", [*_UNPAID, "preparing", "contract", "signing", "sealing", "approving"], "conflict"),
        ("offers_yes", "welcome", "finished"),
        ("offers_no", "welcome", "finished"),
        ("consented", "welcome", "finished"),
    )
    barriers = frozenset({"preparing", "contract", "approving", "welcome"})
    waits = frozenset({"charging", "checking", "renewing", "preparing", "sealing", "approving"})
    reminds = True
    over = frozenset({"welcome", "conflict"})
    rests = frozenset({"awaiting_staff"})
    prices = frozenset({"paying", "unpaid", "short", "awaiting_staff"})
    listens = MappingProxyType(dict.fromkeys(("paying", "unpaid", "short", "awaiting_staff"), _RECEIPTS))

    # paying

    def arrive_charging(self, talk: Talk) -> Arrival:
        return Do("payments.charge")

    def ask_paying(self, talk: Talk) -> Ask:
        draft = talk.draft
        values = {
            "amount": money(int(draft["amount"])),
            "until": _clock(draft["expires_at"], talk),
            "step": talk.place[0],
            "steps": talk.place[1],
        }
        until = datetime.fromisoformat(str(draft["expires_at"]))
        organization = talk.organization
        if organization.pix_bubble and organization.pix_key and not draft.get("plain"):
            reference = _reference(talk)
            text = _say(bubbles.INTENT, **values)
            return Ask(
                bubbles.INTENT,
                {**values, "reference": reference},
                native=pix_bubble({**draft, "reference": reference}, text, organization),
                until=until,
                unseen="pix.unseen",
            )
        choices = self._options("check", "renew")
        return Ask("checkout-paying", values, choices, image=draft.get("qr_document_id"), extra=(draft["br_code"],),
                   until=until, unseen="pix.unseen")  # fmt: skip

    def hear_trouble(self, talk: Talk) -> Heard:
        return Move("again") if talk.option == "again" else Unclear("choice")

    def hear_paying(self, talk: Talk) -> Heard:
        way = talk.option if talk.option in ("check", "renew", "show") else _way(talk)
        if way == "replan":
            return Finish("replan", {"misfit": None})
        if way is not None:
            renewed = {"expired": None} if way == "renew" else {}
            return Move(way, {"claimed": way == "check" or None, **renewed})
        if talk.state == "paying":
            # The code was shown once; to show it again with every word would be noise that Meta charges for.
            return Move("asked", {"claimed": None})
        if talk.state == "unpaid" and not talk.draft.get("expired"):
            return Unclear("pix", {"amount": money(int(talk.draft["amount"]))})
        return Unclear("choice")

    hear_unpaid = hear_paying
    hear_short = hear_paying
    hear_awaiting_staff = hear_paying

    def arrive_checking(self, talk: Talk) -> Arrival:
        return Do("payments.check")

    def arrive_renewing(self, talk: Talk) -> Arrival:
        return Do("payments.renew")

    def ask_unpaid(self, talk: Talk) -> Ask:
        if talk.draft.get("expired"):
            return Ask("checkout-expired", {}, self._renewal())
        ways = self._options("check", "show", "renew")
        if talk.draft.get("claimed"):
            return Ask("checkout-unpaid", {}, ways)
        return Ask("checkout-asked", {"amount": money(int(talk.draft["amount"]))}, ways)

    def ask_short(self, talk: Talk) -> Ask:
        return Ask("checkout-short", {"missing": money(int(talk.draft["missing"]))}, self._renewal())

    def ask_awaiting_staff(self, talk: Talk) -> Ask:
        return Ask("checkout-awaiting_staff", {}, self._options("check", "show"))

    def ask_trouble(self, talk: Talk) -> Ask:
        return Ask("checkout-trouble", {}, [*self._options("again"), Choice("any.human", _say("engine-button-human"))])

    def _renewal(self) -> list[Choice]:
        """A new code is what is asked about."""
        return [option("renew", "checkout-option-renew", "yes"), *self._options("check")]

    def _options(self, *names: str) -> list[Choice]:
        return [option(name, f"checkout-option-{name}") for name in names]

    # signing

    def arrive_preparing(self, talk: Talk) -> Arrival:
        return Do("contracts.prepare")

    def ask_contract(self, talk: Talk) -> Ask:
        contract = talk.organization.contract
        summary = "\n".join(f"• {line}" for line in (contract.summary if contract else ()))
        values = {"summary": summary, "fingerprint": str(talk.draft.get("sha256", ""))[:8],
                  "paid": "yes" if int((talk.draft.get("pricing") or {}).get("due_now") or 0) else "no"}  # fmt: skip
        choices = [Choice("sign", _say("checkout-option-sign")), Choice("any.human", _say("checkout-option-doubt"))]
        filename = _say("contract-filename", number=str(talk.draft.get("number", "")))
        return Ask("checkout-contract", values, choices, document=talk.draft.get("document_id"), filename=filename)

    def hear_contract(self, talk: Talk) -> Heard:
        return Move("sign") if talk.option == "sign" else Unclear("contract")

    def arrive_signing(self, talk: Talk) -> Arrival:
        return Call("verification", {"purpose": "signature", "bound_to": talk.draft["sha256"]})

    def arrive_sealing(self, talk: Talk) -> Arrival:
        return Do("contracts.sign")

    # welcome

    def ask_welcome(self, talk: Talk) -> Ask:
        stopped = talk.contact.marketing_stopped
        ways = [Choice("any.menu", _say("engine-button-menu"))] if stopped else self._options("offers_yes", "offers_no")
        values = {
            "number": str(talk.draft.get("membership_number", "")),
            "card_url": str(talk.draft.get("card_url", "")),
            "first_name": str(talk.draft.get("first_name") or talk.contact.first_name),
        }
        key = "checkout-welcome-plain" if stopped else "checkout-welcome"
        return Ask(key, values, ways, image=None if talk.draft.get("no_picture") else talk.draft.get("document_id"))

    def hear_welcome(self, talk: Talk) -> Heard:
        if talk.option == "offers_yes":
            return Do("consents.grant", {"kinds": ["marketing"], "granted": True}, keep={"offers": True})
        # Silence or anything else is no consent to advertising.
        return Move("offers_no")

    def arrive_finished(self, talk: Talk) -> Arrival:
        return Finish("done", note="checkout-offers-thanks" if talk.draft.get("offers") else None)

    def ask_no_paper(self, talk: Talk) -> Ask:
        return Ask("checkout-no_paper", {}, [*self._options("again"), Choice("any.human", _say("engine-button-human"))])

    def ask_conflict(self, talk: Talk) -> Ask:
        return Ask("checkout-conflict", {}, [Choice("any.human", _say("engine-button-human")),
                                             Choice("any.menu", _say("engine-button-menu"))])  # fmt: skip


def _way(talk: Talk) -> str | None:
    """What somebody who is to pay means by a picture or by words of their own."""
    if talk.said is not None and talk.said.kind in _RECEIPTS:
        return "check"
    said = plain(talk.text)
    if _REPLAN.search(said) and talk.state in ("paying", "unpaid"):
        return "replan"
    if _PAID.search(said) and not _NOT_YET.search(said):
        return "check"
    return "renew" if _RENEW.search(said) else None


def _reference(talk: Talk) -> str:
    heard = talk.said.message_id if talk.said and talk.said.message_id else talk.now.isoformat()
    return bubbles.reference(str(talk.draft["intent_id"]), heard)


def _clock(instant: Any, talk: Talk) -> str:
    """The hour at which the code ends, in the business's zone."""
    until = datetime.fromisoformat(str(instant)).astimezone(talk.organization.zone)
    return (
        until.strftime("%H:%M")
        if until.date() == talk.now.astimezone(until.tzinfo).date()
        else until.strftime("%d/%m %H:%M")
    )
