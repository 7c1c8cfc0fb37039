"""Personal data made showable: enough for its owner to know it, too little for anybody else."""

from __future__ import annotations


def mask_cpf(cpf: str) -> str:
    """`***.456.789-**` of eleven digits."""
    return f"***.{cpf[3:6]}.{cpf[6:9]}-**"


def mask_email(email: str) -> str:
    """`j•••@gmail.com`; a one-letter mailbox shows nothing of itself. No asterisks: in WhatsApp they make text bold."""
    mailbox, _, domain = email.partition("@")
    return f"{mailbox[0] if len(mailbox) > 1 else ''}•••@{domain}"


def mask_phone(phone: str) -> str:
    """`•••••-4321`: the last four digits."""
    return f"•••••-{phone[-4:]}"
