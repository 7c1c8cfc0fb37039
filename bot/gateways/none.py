"""Channels that this installation has not been given: they refuse, with the name of the setting that is missing."""

from __future__ import annotations

from handlers.ports import Mail, Refused


class NoMail:
    async def send(self, mail: Mail) -> None:
        raise Refused("BALCAO_SMTP_URL is not set")


class NoSms:
    async def send(self, to: str, text: str) -> str:
        raise Refused("BALCAO_SMS_ACCOUNT_SID is not set")
