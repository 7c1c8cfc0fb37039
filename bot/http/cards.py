"""`GET /cards/{token}`: the page a partner opens from a card's QR code. Valid or not, first name and last initial.

Nothing more of a member is shown; a token that is unknown, forged or of somebody who left looks the same.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path

import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from bot.http.deps import CARD_LIMITER, DEPS
from bot.http.limiter import caller_of
from bot.http.links import card_key_of
from handlers.memberships.check import CardStatus, card_status
from storage.away import is_away

log = structlog.get_logger()

_PAGES = Path(__file__).parent / "pages"
_STYLE = (_PAGES / "card.css").read_text("utf-8")
_TEMPLATES = Environment(loader=FileSystemLoader(_PAGES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_TEMPLATE = _TEMPLATES.get_template("card.html")
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


async def show(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    now = deps.clock.now()
    if not request.app[CARD_LIMITER].allows(caller_of(request), now):
        return _page("busy", 429, Retry_After="60")
    card_key = card_key_of(deps.vault, request.match_info["token"])
    if card_key is None:
        return _page("missing", 404)
    try:
        status = await deps.database.run(lambda tx: card_status(tx, card_key, now), org=None, read_only=True)
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("cards.database_away", error=type(error).__name__)
        return _page("away", 503, Retry_After="30")
    if status is None:
        return _page("missing", 404)
    return _page("valid" if status.valid else "invalid", card=status)


def _page(state: str, status: int = 200, card: CardStatus | None = None, **headers: str) -> web.Response:
    html = _TEMPLATE.render(state=state, card=card, style=_STYLE)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(text=html, status=status, content_type="text/html", headers={**_HEADERS, **named})
