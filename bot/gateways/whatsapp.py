"""WhatsApp over Meta's Cloud API, or over anything that speaks it."""

from __future__ import annotations

from typing import Any

import aiohttp
import orjson

from bot.gateways import meta_errors
from handlers.ports import Accepted, Address, GatewayError, OutcomeUnknown, Refused, TryLater

DEFAULT_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10, sock_connect=5)
"""`connect` includes the wait for a free connection, so that it ends before anything was sent."""
UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=45, connect=10, sock_connect=5)

_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ServerFingerprintMismatch)
"""What aiohttp raises before the first byte of a request leaves: refused, unknown host, TLS, time-out of connecting."""


class _NewestFirst(aiohttp.TCPConnector):
    """Uses the connection again that was used last, so that those which a burst opened are idle and end. aiohttp takes
    the oldest (since 3.11, pull request 9672): of a thousand that a slow minute of Meta's opened none would ever be
    idle for long enough, and their memory never come back."""

    async def _get(self, key: Any, traces: Any) -> Any:
        if waiting := self._conns.get(key):
            waiting.rotate(1)
        return await super()._get(key, traces)


def make_session(limit: int = 1024) -> aiohttp.ClientSession:
    """A session for gateways: `limit` connections at once, no cookies. Redirects are refused call by call."""
    connector = _NewestFirst(limit=limit, ttl_dns_cache=300)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


class GraphWhatsApp:
    """`WhatsAppGateway` of handlers/ports.py. The session belongs to the caller, who closes it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        graph_url: str,
        api_version: str,
        token: str,
        *,
        timeout: aiohttp.ClientTimeout = DEFAULT_TIMEOUT,
        upload_timeout: aiohttp.ClientTimeout = UPLOAD_TIMEOUT,
    ) -> None:
        self._session = session
        self._base = f"{graph_url.rstrip('/')}/{api_version.strip('/')}"
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._json_headers = {**self._authorization, "Content-Type": "application/json"}
        self._timeout = timeout
        self._upload_timeout = upload_timeout

    async def send(self, phone_number_id: str, to: Address, message: dict[str, Any], *, opaque: str) -> Accepted:
        """Send once. An `OutcomeUnknown` may have been sent: wait for a status that carries `opaque`."""
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **_recipient(to),
            **message,
            "biz_opaque_callback_data": opaque,
        }
        return _accepted(await self._post_json(f"{phone_number_id}/messages", body))

    async def upload(self, phone_number_id: str, content: bytes, mime_type: str, filename: str) -> str:
        """Upload and return the media id. Twice uploaded does no harm, so a lost answer is a `TryLater`."""
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("type", mime_type)
        form.add_field("file", content, filename=filename, content_type=mime_type)
        try:
            answer = _object(await self._post(f"{phone_number_id}/media", form, limit=self._upload_timeout))
        except OutcomeUnknown as error:
            raise TryLater(error.code, error.detail) from error
        media_id = answer.get("id")
        if not isinstance(media_id, str) or not media_id:
            raise TryLater("no-media-id", "upload answered without an id")
        return media_id

    async def mark_read(self, phone_number_id: str, message_id: str, *, typing: bool) -> None:
        """Repeating it changes nothing, so a lost answer is a `TryLater`."""
        body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        try:
            await self._post_json(f"{phone_number_id}/messages", body)
        except OutcomeUnknown as error:
            raise TryLater(error.code, error.detail) from error

    async def _post_json(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            data = orjson.dumps(body)
        except orjson.JSONEncodeError as error:
            raise Refused("not-json", "message cannot be written as JSON") from error
        return _object(await self._post(path, data, limit=self._timeout))

    async def _post(self, path: str, data: bytes | aiohttp.FormData, *, limit: aiohttp.ClientTimeout) -> bytes:
        request = self._session.post(
            f"{self._base}/{path}",
            data=data,
            headers=self._json_headers if isinstance(data, bytes) else self._authorization,
            timeout=limit,
            allow_redirects=False,
        )
        try:
            async with request as response:
                status, answer = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _transport_error(error) from error
        if not 200 <= status < 300:
            raise meta_errors.from_response(status, answer)
        return answer


def _recipient(to: Address) -> dict[str, str]:
    """`to` takes the country code of the business where the plus is missing, hence always with a plus."""
    if to.phone:
        return {"to": f"+{to.phone.lstrip('+')}"}
    if to.bsuid:
        return {"recipient": to.bsuid}
    raise Refused("no-recipient", "neither phone nor BSUID")


def _transport_error(error: BaseException) -> GatewayError:
    """Before the request left nothing happened; after it, anything may have. Addresses stay out of the text."""
    name = type(error).__name__
    if isinstance(error, _NOT_SENT):
        return TryLater("not-connected", name)
    if isinstance(error, aiohttp.InvalidURL):
        return Refused("bad-address", name)
    return OutcomeUnknown("cut", name)


def _object(answer: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise OutcomeUnknown("unreadable", "accepted with a body that is not JSON") from error
    if not isinstance(parsed, dict):
        raise OutcomeUnknown("unreadable", "accepted with a body that is not an object")
    return parsed


def _accepted(answer: dict[str, Any]) -> Accepted:
    message = _first(answer.get("messages"))
    message_id = message.get("id")
    if not isinstance(message_id, str) or not message_id:
        raise OutcomeUnknown("unreadable", "accepted without a message id")
    return Accepted(message_id, _text(_first(answer.get("contacts")), "wa_id"), _text(message, "message_status"))


def _first(items: object) -> dict[str, Any]:
    if isinstance(items, list) and items and isinstance(items[0], dict):
        return items[0]
    return {}


def _text(holder: dict[str, Any], key: str) -> str | None:
    value = holder.get(key)
    return value if isinstance(value, str) else None
