"""`GET /media/{token}`: the QR code of a charge, which Meta fetches for the header of the Pix bubble. Nothing else."""

from __future__ import annotations

import uuid
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy import Row

from bot.http.deps import DEPS
from bot.http.links import document_id_of
from storage import deliveries
from storage.away import is_away
from storage.unit_of_work import Database

log = structlog.get_logger()

_SERVED = "qr"


async def serve(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    document_id = document_id_of(deps.vault, request.match_info["token"])
    if document_id is None:
        raise web.HTTPNotFound
    row = await _document(deps.database, document_id)
    gone = row is None or (row.expires_at is not None and row.expires_at <= deps.clock.now())
    if row is None or gone or row.kind != _SERVED or row.mime_type != "image/png":
        raise web.HTTPNotFound
    headers = {"Cache-Control": "private, max-age=3600, immutable", "ETag": f'"{row.sha256}"'}
    return web.Response(body=bytes(row.content), content_type=row.mime_type, headers=headers)


async def _document(database: Database, document_id: uuid.UUID) -> Row[Any] | None:
    """503 while the database is away: Meta takes a 4xx for a picture that is not there, and gives the message up."""
    try:
        return await database.run(lambda tx: deliveries.document(tx, document_id), org=None, read_only=True)
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("media.database_away", error=type(error).__name__)
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
