"""One exchange with a Pix bank."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import orjson
from yarl import URL

from bot.gateways.pix.errors import gateway_error, retry_after
from handlers.ports import ChannelStopped, Clock, GatewayError, TryLater


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the bank. `body` is None when it is not JSON."""

    status: int
    body: object
    after: timedelta | None = None

    def error(self) -> GatewayError:
        """What this answer, not a 2xx, means."""
        return gateway_error(self.status, self.body, self.after)


@dataclass(frozen=True, slots=True)
class Wire:
    """Session, client certificate and patience that every exchange shares."""

    session: aiohttp.ClientSession
    clock: Clock
    ssl_context: ssl.SSLContext | None
    timeout: timedelta

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        query: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Reply:
        """Send and read one answer, whatever its status. `url` is already quoted. Raises TryLater, ChannelStopped."""
        try:
            async with self.session.request(
                method,
                URL(url, encoded=True),
                params=query,
                data=data,
                headers=headers,
                ssl=self.ssl_context or True,
                timeout=aiohttp.ClientTimeout(total=self.timeout.total_seconds()),
                allow_redirects=False,
            ) as response:
                raw = await response.read()
                after = retry_after(response.headers.get("Retry-After"), self.clock.now())
                return Reply(response.status, _json(raw), after)
        except TimeoutError as error:
            raise TryLater("timeout") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise ChannelStopped("certificate", "the bank's certificate is not trusted") from error
        except aiohttp.ClientError as error:
            raise TryLater("connection", type(error).__name__) from error


def _json(raw: bytes) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
