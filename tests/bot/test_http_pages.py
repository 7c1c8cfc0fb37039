"""What people and Meta may open: the check page of a card, the picture of a charge; and nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from bot.http.limiter import MOST_CALLERS, Limiter
from bot.http.links import card_key_of, card_url, document_id_of, media_url
from storage.base import new_id
from storage.tables.members import customers, registration_sessions
from storage.tables.queues import documents
from tests.bot.http_support import PUBLIC_URL, Web, open_web
from tests.factories import START, VAULT, contact, organization

KEY = "k3yOfTheCard-01"
PNG = b"\x89PNG of a QR code"


@pytest.fixture
async def web(sqlite_url: str) -> AsyncIterator[Web]:
    async with open_web(sqlite_url) as opened:
        yield opened


async def member(web: Web, **changes: Any) -> str:
    """A member; the path of the card's page."""
    person = await contact(web.database, web.organization)
    session_id, times = new_id(), {"created_at": START, "updated_at": START}
    session = {
        "id": session_id, "contact_id": person.id, "status": "approved", "current_step": "done", "expires_at": START,
        **times,
    }  # fmt: skip
    usual = {
        "id": new_id(), "registration_id": session_id, "membership_number": "CT-00000042", "cpf_sealed": b"-",
        "full_name": "Ana Maria Exemplo", "cpf_hash": "-", "birth_date": date(1990, 5, 20), "card_key": KEY,
        "email": "ana@example.com", "status": "active", "plan_id": web.organization.plans[0].id, "addons": [],
        "pricing": {}, "valid_until": date(2027, 11, 23), **times,
    }  # fmt: skip
    await web.database.run(lambda tx: tx.add(registration_sessions, session), org=web.organization.id)
    await web.database.run(lambda tx: tx.add(customers, {**usual, **changes}), org=web.organization.id)
    return card_url("", VAULT, KEY)


async def test_a_valid_card(database_url: str) -> None:
    async with open_web(database_url) as web:
        code, html = await web.get(await member(web))
    assert code == 200
    assert "<h1>Cartão válido</h1>" in html
    assert "Ana E." in html
    assert "Clube Exemplo" in html
    for private in ("Maria", 'Exemplo</p>\n<p class="shop"', "CT-", "example.com", "1990", "Família", KEY):
        assert private not in html


@pytest.mark.parametrize("changes", [{"status": "suspended"}, {"valid_until": date(2026, 11, 22)}])
async def test_a_card_that_counts_no_more(web: Web, changes: dict[str, Any]) -> None:
    code, html = await web.get(await member(web, **changes))
    assert (code, "<h1>Cartão não válido</h1>" in html, "Cartão válido" in html) == (200, True, False)


@pytest.mark.parametrize("name", ["Ana", "<script>alert(1)</script> <b>"])
async def test_any_name_is_only_text(web: Web, name: str) -> None:
    _, html = await web.get(await member(web, full_name=name))
    assert "<script" not in html
    assert name.split()[0].replace("<", "&lt;").replace(">", "&gt;") in html


async def test_unknown_and_forged_look_the_same(web: Web) -> None:
    path = await member(web)
    unknown = card_url("", VAULT, "another-key")
    media = media_url("", VAULT, new_id()).replace("media", "cards")
    untagged = (path.rpartition(".")[0], f"/cards/{KEY}", "/cards/x.", "/cards/%C3%A9.%C3%A9", "/cards/" + "a" * 300)
    forged = (path[:-1] + ("0" if path[-1] != "0" else "1"), media, *untagged)
    pages = [await web.get(one) for one in (unknown, *forged)]
    assert set(pages) == {(404, pages[0][1])}
    assert "Cartão não encontrado" in pages[0][1]


async def test_the_page_cannot_be_kept_framed_or_indexed(web: Web) -> None:
    async with web.client.get(await member(web)) as answer:
        headers, html = answer.headers, await answer.text()
    assert html.startswith("<!doctype html>")
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'name="robots" content="noindex' in html


async def test_thirty_looks_a_minute(web: Web) -> None:
    codes = [(await web.get("/cards/x.y"))[0] for _ in range(32)]
    assert codes == [404] * 30 + [429] * 2
    assert "Muitas consultas" in (await web.get("/cards/x.y"))[1]
    assert (await web.get("/cards/x.y", **{"X-Forwarded-For": "1.2.3.4, 203.0.113.9"}))[0] == 404
    web.clock.forward(timedelta(minutes=1))
    assert (await web.get("/cards/x.y"))[0] == 404


async def test_a_page_without_a_database(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("select", {}, ConnectionRefusedError())

    monkeypatch.setattr(web.database, "run", away)
    code, html = await web.get(card_url("", VAULT, KEY))
    assert (code, "Tente de novo em instantes" in html) == (503, True)


def test_a_limiter_forgets_the_oldest_caller() -> None:
    limiter = Limiter(1, timedelta(minutes=1))
    assert limiter.allows("first", START)
    assert not limiter.allows("first", START)
    for number in range(MOST_CALLERS):
        limiter.allows(str(number), START)
    assert limiter.allows("first", START)


# --- Media ----------------------------------------------------------------------------------------------------------


async def document(web: Web, **changes: Any) -> UUID:
    usual = {
        "id": new_id(), "organization_id": web.organization.id, "kind": "qr", "mime_type": "image/png",
        "filename": "pix.png", "content": PNG, "sha256": hashlib.sha256(PNG).hexdigest(), "created_at": START,
    }  # fmt: skip
    row = {**usual, **changes}
    await web.database.run(lambda tx: tx.add(documents, row), org=None)
    document_id: UUID = row["id"]
    return document_id


async def test_the_picture_of_a_charge(database_url: str) -> None:
    async with open_web(database_url) as web:
        path = media_url("", VAULT, await document(web, expires_at=START + timedelta(hours=1)))
        async with web.client.get(path) as answer:
            assert (answer.status, answer.content_type, await answer.read()) == (200, "image/png", PNG)
            assert answer.headers["Cache-Control"] == "private, max-age=3600, immutable"


@pytest.mark.parametrize(
    "changes", [{"kind": "contract"}, {"kind": "card"}, {"mime_type": "text/html"}, {"expires_at": START}]
)
async def test_no_other_document_is_served(web: Web, changes: dict[str, Any]) -> None:
    assert (await web.get(media_url("", VAULT, await document(web, **changes))))[0] == 404


async def test_a_forged_picture_is_not_found(web: Web) -> None:
    document_id = await document(web)
    other = await organization(web.database)
    tag = VAULT.token("card", str(document_id))
    for name in (f"{document_id}", f"{document_id}.", f"{document_id}.{tag}", f"x.{VAULT.token('media', 'x')}",
                 f"{other.id}.{VAULT.token('media', str(other.id))}"):  # fmt: skip
        assert (await web.get(f"/media/{name}"))[0] == 404


def test_links_there_and_back() -> None:
    document_id = new_id()
    card, media = card_url(PUBLIC_URL, VAULT, KEY), media_url(PUBLIC_URL, VAULT, document_id)
    assert card.startswith(f"{PUBLIC_URL}/cards/{KEY}.")
    assert card_key_of(VAULT, card.rpartition("/")[2]) == KEY
    assert document_id_of(VAULT, media.rpartition("/")[2]) == document_id
    assert card_key_of(VAULT, media.rpartition("/")[2]) is None


async def test_a_picture_is_asked_for_again_when_the_database_was_away(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is refused to us is not a bad request of Meta's."""
    path = media_url("", VAULT, await document(web))

    async def away(*args: Any, **kwargs: Any) -> Any:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(web.database, "run", away)
        assert (await web.get(path))[0] == 503
    async with web.client.get(path) as answer:
        assert answer.status == 200
