"""E-mail over SMTP, and a mailbox in memory that takes the same messages and refuses the same."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from handlers.ports import Attachment, ChannelStopped, Clock, GatewayError, Mail, OutcomeUnknown, Refused, TryLater

_POLICY = SMTP_POLICY.clone(cte_type="7bit")
"""CRLF line ends, no raw 8-bit bytes: passes servers without 8BITMIME."""
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._-]{1,200}")
_MIME_TYPE = re.compile(r"([a-z]{1,20})/([a-z0-9][a-z0-9.+-]{0,80})")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def compose(mail: Mail, from_address: str, date: str) -> EmailMessage:
    """The MIME message of `mail`. No field can add a header: line breaks become spaces, odd addresses are `Refused`."""
    if not _ADDRESS.fullmatch(mail.to):
        raise Refused("bad-address", "recipient is no single ASCII address")
    if not _MESSAGE_ID.fullmatch(mail.message_id):
        raise Refused("bad-message-id", "letters, digits, dot, hyphen and underscore only")
    message = EmailMessage(policy=_POLICY)
    message["From"] = from_address
    message["To"] = mail.to
    message["Subject"] = _line(mail.subject)
    message["Date"] = date
    message["Message-ID"] = f"<{mail.message_id}@{_domain(from_address)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_encodable(mail.text))
    for attachment in mail.attachments:
        _attach(message, attachment)
    return message


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    known = _MIME_TYPE.fullmatch(attachment.mime_type.lower())
    main, sub = (
        known.groups() if known and known[1] not in {"multipart", "message"} else ("application", "octet-stream")
    )
    name = re.sub(r"[/\\]", "-", _line(attachment.filename)) or "anexo"
    message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=name)


def _line(text: str) -> str:
    return " ".join(_CONTROLS.sub(" ", _encodable(text)).split())


def _encodable(text: str) -> str:
    """Without the lone surrogates that no encoding takes."""
    return text.encode("utf-8", "replace").decode()


def _domain(from_address: str) -> str:
    return parseaddr(from_address)[1].rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class _Server:
    """Where and how to connect. `start_tls`: True demands it, None takes it when offered, False never uses it."""

    host: str
    port: int
    user: str | None
    password: str | None
    use_tls: bool
    start_tls: bool | None


def _server(url: str) -> _Server:
    """`smtp://user:pass@host:587?starttls=1` or `smtps://host`. A password never travels in clear over a network."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("SMTP address must start with smtp:// or smtps:// and name a host")
    use_tls = parts.scheme == "smtps"
    asked = parse_qs(parts.query).get("starttls", [""])[-1].lower()
    start_tls = {"1": True, "true": True, "0": False, "false": False}.get(asked)
    if start_tls is None and parts.username and parts.hostname not in _LOOPBACK:
        start_tls = True
    return _Server(
        host=parts.hostname,
        port=parts.port or (465 if use_tls else 587 if parts.username else 25),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or "") if parts.username else None,
        use_tls=use_tls,
        start_tls=False if use_tls else start_tls,
    )


class SmtpMail:
    """`MailGateway` of handlers/ports.py: one connection a mail. `from_address` is `a@b` or `Name <a@b>`."""

    def __init__(
        self, url: str, from_address: str, *, timeout: float = 30.0, tls_context: ssl.SSLContext | None = None
    ) -> None:
        """`timeout` in seconds, for all that comes before the text and again for the text: together less than the lease
        of a delivery. `tls_context` replaces the system's certificates."""
        if not _ADDRESS.fullmatch(parseaddr(from_address)[1]):
            raise ValueError("sender must be an e-mail address")
        self._server = _server(url)
        self._from = _line(from_address)
        self._sender = parseaddr(from_address)[1]
        self._timeout = timeout
        self._tls_context = tls_context

    async def send(self, mail: Mail) -> None:
        """Hand the mail to the server. Once the text has left without an answer the outcome is unknown."""
        content = compose(mail, self._from, format_datetime(datetime.now(UTC))).as_bytes()
        client = self._client()
        try:
            await self._open(client, mail.to)
            await self._deliver(client, content)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.use_tls,
            start_tls=server.start_tls,
            tls_context=self._tls_context,
            timeout=self._timeout,
            local_hostname=_domain(self._from),
        )

    async def _open(self, client: aiosmtplib.SMTP, to: str) -> None:
        """Everything before the text: nothing has been sent when it fails."""
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect()
                await client.mail(self._sender)
                await client.rcpt(to)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _not_sent(error) from None  # servers repeat the address in their answers

    async def _deliver(self, client: aiosmtplib.SMTP, content: bytes) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await client.data(content)
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise OutcomeUnknown("cut", type(error).__name__) from error
        with suppress(aiosmtplib.SMTPException, OSError):  # the server has the mail: how we part no longer matters
            await client.quit(timeout=2)


def _not_sent(error: BaseException) -> GatewayError:
    """By what stood in the way; names of errors only."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _answered(error)
    if isinstance(error, aiosmtplib.SMTPNotSupported) or type(error) is aiosmtplib.SMTPException:
        return ChannelStopped("not-supported", "server lacks STARTTLS or our kind of login")
    if _certificate_refused(error):
        return ChannelStopped("tls", "certificate of the mail server is not trusted")
    return TryLater("not-connected", type(error).__name__)


def _certificate_refused(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _answered(error: aiosmtplib.SMTPResponseException) -> GatewayError:
    """4xx passes later, 5xx never (RFC 5321, 4.2.1); refusing us, and not this mail, stops the channel."""
    code, name = str(error.code), type(error).__name__
    if not 500 <= error.code < 600:
        return TryLater(code, name)
    ours = isinstance(error, aiosmtplib.SMTPDataError | aiosmtplib.SMTPRecipientRefused) and error.code != 530
    return Refused(code, name) if ours else ChannelStopped(code, name)


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    mail: Mail
    at: datetime


class MemoryMail:
    """`MailGateway` that keeps the mails, for the simulator's mailbox and for tests."""

    def __init__(self, clock: Clock, *, from_address: str = "balcao@localhost", keep: int = 500) -> None:
        """`keep`: how many mails the mailbox holds; the oldest go first."""
        self.down = False
        self._clock = clock
        self._from = from_address
        self._received: deque[ReceivedMail] = deque(maxlen=keep)

    @property
    def received(self) -> list[ReceivedMail]:
        """Oldest first."""
        return list(self._received)

    def inbox(self, to: str) -> list[ReceivedMail]:
        """What this address received, oldest first."""
        return [each for each in self._received if each.mail.to.lower() == to.lower()]

    async def send(self, mail: Mail) -> None:
        """Refuses what `SmtpMail` refuses; `TryLater` while `down`."""
        if self.down:
            raise TryLater("not-connected", "mailbox is switched off")
        now = self._clock.now()
        compose(mail, self._from, format_datetime(now))
        self._received.append(ReceivedMail(mail, now))
