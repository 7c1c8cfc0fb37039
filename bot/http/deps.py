"""What the web is given by the wiring, and the keys under which an application holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from bot.http.bodies import Bodies
from bot.http.health import Check, Readiness
from bot.http.intake import Intake
from bot.http.limiter import Limiter
from bot.metrics import Metrics
from handlers.ports import Clock
from scheduler.wake import Wake
from storage.unit_of_work import Database
from storage.vault import Vault


@dataclass(frozen=True, slots=True)
class WebDeps:
    database: Database
    vault: Vault
    clock: Clock
    wake: Wake
    metrics: Metrics
    app_secrets: Sequence[bytes]
    """Of the Meta app: the present one, and the former one while it is being rotated."""
    verify_token: str
    pix_webhook_secret: str | None
    """None: callbacks are taken from anybody, for each is only a reason to ask the bank."""
    public_url: str
    """Without a slash at its end."""
    checks: Sequence[Check] = field(default=())
    """Asked by `/health/ready`."""


DEPS: web.AppKey[WebDeps] = web.AppKey("deps", WebDeps)
BODIES: web.AppKey[Bodies] = web.AppKey("bodies", Bodies)
INTAKE: web.AppKey[Intake] = web.AppKey("intake", Intake)
CARD_LIMITER: web.AppKey[Limiter] = web.AppKey("card_limiter", Limiter)
READINESS: web.AppKey[Readiness] = web.AppKey("readiness", Readiness)
ENDING: web.AppKey[asyncio.Event] = web.AppKey("ending", asyncio.Event)
"""Set when this process goes: connections are not kept any more."""
