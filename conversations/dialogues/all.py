"""Every dialogue there is."""

from __future__ import annotations

from conversations.dialogue import Dialogue
from conversations.dialogues.address import Address
from conversations.dialogues.checkout import Checkout
from conversations.dialogues.dependents import Dependents
from conversations.dialogues.leaving import Leaving
from conversations.dialogues.menu import Menu
from conversations.dialogues.signup import Signup
from conversations.dialogues.verification import Verification


def dialogues() -> list[Dialogue]:
    """Built once a process and shared by all conversations."""
    return [Menu(), Signup(), Verification(), Address(), Dependents(), Checkout(), Leaving()]
