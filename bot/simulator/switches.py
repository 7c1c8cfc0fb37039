"""The faults that can be switched on from the page, and which attribute of which fake each one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.gateways.mail import MemoryMail
from bot.gateways.sms import MemorySms
from bot.simulator.bank.fake import FakeBank
from bot.simulator.cep import FakeCep
from bot.simulator.meta.app import FakeMeta
from bot.simulator.sms import FakeTwilio

META_DELAY = 2.5
"""Seconds that a slow Meta takes to answer."""


@dataclass(frozen=True, slots=True)
class Switch:
    """`on` and `off` are the values of the attribute `name` of `owner`."""

    owner: Any
    name: str
    on: object = True
    off: object = False


class Switches:
    def __init__(
        self, meta: FakeMeta, bank: FakeBank, cep: FakeCep, mailbox: MemoryMail, sms: FakeTwilio | MemorySms
    ) -> None:
        self._switches = {
            "meta_slow": Switch(meta.faults, "slow", META_DELAY, 0.0),
            "meta_throttled": Switch(meta.faults, "throttle_all"),
            "meta_duplicated": Switch(meta.faults, "duplicate_webhooks"),
            "meta_reordered": Switch(meta.faults, "reorder_webhooks"),
            "meta_down": Switch(meta.faults, "down"),
            "bank_down": Switch(bank.faults, "down"),
            "bank_silent": Switch(bank.faults, "lose_callbacks"),
            "cep_down": Switch(cep.faults, "down"),
            "mail_down": Switch(mailbox, "down"),
            "sms_down": Switch(sms.faults if isinstance(sms, FakeTwilio) else sms, "down"),
        }

    def view(self) -> dict[str, bool]:
        return {name: bool(getattr(switch.owner, switch.name)) for name, switch in self._switches.items()}

    def turn(self, wanted: dict[str, bool]) -> None:
        """Set the named switches. KeyError for an unknown one, before any is touched."""
        chosen = [(self._switches[name], on) for name, on in wanted.items()]
        for switch, on in chosen:
            setattr(switch.owner, switch.name, switch.on if on else switch.off)
