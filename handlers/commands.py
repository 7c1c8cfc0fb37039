"""What dialogues may ask of the business, by name. The only registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from handlers import reactions
from handlers.consents.grant import grant
from handlers.desk import Outcome
from handlers.memberships.card import card
from handlers.registrations import address, dependents, drafts, identity, plan
from handlers.support.call_human import call_human
from handlers.verification.check import check as check_code
from handlers.verification.send import send as send_code

Command = Callable[..., Awaitable[Outcome | None]]
"""`async (desk, **args)`; args are JSON values. None: stay, an event will answer."""

COMMANDS: dict[str, Command] = {
    "registrations.begin": drafts.begin,
    "registrations.name": identity.name,
    "registrations.claim_cpf": identity.claim_cpf,
    "registrations.birth_date": identity.birth_date,
    "registrations.email": identity.email,
    "registrations.identity_verified": identity.identity_verified,
    "registrations.find_cep": address.find_cep,
    "registrations.address": address.address,
    "registrations.profile": address.profile,
    "registrations.family": dependents.family,
    "registrations.add_dependent": dependents.add_dependent,
    "registrations.remove_dependent": dependents.remove_dependent,
    "registrations.may_choose": plan.may_choose,
    "registrations.choose_plan": plan.choose_plan,
    "registrations.accept_plan": plan.accept_plan,
    "registrations.cancel": reactions.cancel,
    "consents.grant": grant,
    "verification.send": send_code,
    "verification.check": check_code,
    "payments.charge": reactions.charge,
    "payments.check": reactions.check,
    "payments.renew": reactions.renew,
    "contracts.prepare": reactions.prepare,
    "contracts.sign": reactions.sign,
    "memberships.recover": reactions.recover,
    "memberships.card": card,
    "support.call_human": call_human,
    "contacts.stop": reactions.stop,
}
