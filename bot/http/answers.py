"""The shapes of answers: JSON, plain text, and the error envelope of the REST interface."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
OUTCOME: web.ResponseKey[str] = web.ResponseKey("outcome", str)
"""What the metrics call this answer, where its status does not tell."""

CODES = {
    400: ("BAD_REQUEST", "Pedido inválido"),
    401: ("UNAUTHORIZED", "Não autorizado"),
    403: ("FORBIDDEN", "Acesso negado"),
    404: ("NOT_FOUND", "Não encontrado"),
    405: ("METHOD_NOT_ALLOWED", "Método não permitido"),
    408: ("TIMEOUT", "O pedido demorou demais para chegar"),
    413: ("TOO_LARGE", "Conteúdo grande demais"),
    415: ("UNSUPPORTED_MEDIA_TYPE", "Formato não aceito"),
    429: ("TOO_MANY_REQUESTS", "Muitos pedidos; tente de novo em instantes"),
    500: ("INTERNAL_ERROR", "Erro interno"),
    503: ("UNAVAILABLE", "Serviço indisponível; tente de novo em instantes"),
}


_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


def json_answer(body: object, status: int = 200, **headers: str) -> web.Response:
    """Underscores in the names of `headers` become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(body=orjson.dumps(body), status=status, headers=named, content_type="application/json")


def text_answer(text: str, status: int = 200, *, outcome: str | None = None) -> web.Response:
    answer = web.Response(body=text.encode(), status=status, headers=_PLAIN)
    if outcome is not None:
        answer[OUTCOME] = outcome
    return answer


def error_answer(
    request: web.Request, status: int, now: datetime, *, code: str | None = None, message: str | None = None,
    details: Sequence[dict[str, Any]] = (),
) -> web.Response:  # fmt: skip
    """The envelope of spec 000; code and message follow from the status unless given."""
    usual_code, usual_message = CODES.get(status, (f"HTTP_{status}", "Pedido recusado"))
    error = {"code": code or usual_code, "message": message or usual_message, "details": list(details)}
    return json_answer({"success": False, "error": error, "meta": meta_of(request, now)}, status)


def meta_of(request: web.Request, now: datetime) -> dict[str, str]:
    return {"requestId": request.get(REQUEST_ID, ""), "timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
