"""`POST /v1/webhooks/payments`: the doorway for any payment provider. As with a bank, it only makes us ask."""

from __future__ import annotations

import uuid

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from bot.http.answers import OUTCOME, error_answer, json_answer
from bot.http.deps import BODIES, DEPS
from bot.http.links import same
from bot.http.pix import LARGEST, store
from storage import payments


class Told(BaseModel):
    """What a provider says. Only the charge's id is acted upon; the rest must merely have the right form."""

    paymentIntentId: uuid.UUID
    status: str = Field(min_length=1, max_length=40)
    provider: str | None = Field(default=None, max_length=40)
    providerRef: str | None = Field(default=None, max_length=255)
    amount: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    paidAt: str | None = Field(default=None, max_length=40)


async def receive(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    secret = deps.pix_webhook_secret
    if secret is not None and not same(request.headers.get("X-Webhook-Secret", ""), secret):
        raise web.HTTPUnauthorized
    body = await request.app[BODIES].read(request, LARGEST)
    try:
        told = Told.model_validate_json(body)
    except ValidationError as error:
        return error_answer(
            request, 400, deps.clock.now(), code="VALIDATION_ERROR", message="Dados inválidos", details=_details(error)
        )
    return await _ask(request, told)


async def _ask(request: web.Request, told: Told) -> web.Response:
    """Have the bank asked about that charge, if it is one of ours; a stranger learns nothing from the answer."""
    deps = request.app[DEPS]
    answer = json_answer({"received": True})
    try:
        intent = await deps.database.run(
            lambda tx: payments.intent(tx, told.paymentIntentId, lock=False), org=None, read_only=True
        )
    except Exception as error:
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from error
    if intent is None:
        answer[OUTCOME] = "unknown"
        return answer
    # A callback's form, so that there is one way on. The end-to-end id is not known; nobody reads this one.
    pix = {"endToEndId": intent.id.hex, "txid": intent.provider_intent_id}
    await store(deps, "payments", intent.organization_id, {"pix": [pix], "told": told.model_dump(mode="json")})
    return answer


def _details(error: ValidationError) -> list[dict[str, str]]:
    """Field and reason, never the value."""
    return [
        {"field": ".".join(str(part) for part in problem["loc"]), "message": problem["msg"]}
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]
