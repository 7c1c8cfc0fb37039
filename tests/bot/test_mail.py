from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from bot.gateways.mail import MemoryMail, SmtpMail, compose
from handlers.ports import Attachment, ChannelStopped, GatewayError, Mail, OutcomeUnknown, Refused, TryLater

MAIL = Mail("ana@exemplo.com.br", "Seu código é 123456 ✅", "Olá, Ana!\n.\nSeu código: 123456\n", "msg-1")


@dataclass
class Box:
    """Handler of the local server: keeps what comes, or answers with what it is told to."""

    rcpt: str | None = None
    sender: str | None = None
    data: str | None = None
    vanish: bool = False
    mails: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    servers: list[SMTP] = field(default_factory=list)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.sender or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        if self.vanish:
            assert server.transport is not None
            server.transport.close()
        message = email.message_from_bytes(content, _class=EmailMessage, policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append((str(envelope.mail_from), list(envelope.rcpt_tos), message))
        self.raw.append(content)
        return self.data or "250 OK"


Start = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a local mail server and return its port."""
    running: list[tuple[asyncio.Server, list[SMTP]]] = []

    async def begin(box: Box, **options: Any) -> int:
        loop = asyncio.get_running_loop()

        def serve() -> SMTP:
            box.servers.append(SMTP(box, hostname="mx.exemplo.com.br", loop=loop, **options))
            return box.servers[-1]

        server = await loop.create_server(serve, "127.0.0.1", 0)
        running.append((server, box.servers))
        return int(server.sockets[0].getsockname()[1])

    yield begin
    for server, connections in running:
        server.close()
        for connection in connections:
            if connection.transport is not None:
                connection.transport.close()
        await server.wait_closed()


def gateway(port: int, userinfo: str = "", query: str = "") -> SmtpMail:
    return SmtpMail(f"smtp://{userinfo}127.0.0.1:{port}{query}", "Balcão <balcao@exemplo.com.br>", timeout=2)


async def test_a_mail_arrives_whole(start: Start) -> None:
    box = Box()
    pdf = Attachment("Contrato nº 1.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")
    await gateway(await start(box)).send(Mail(MAIL.to, MAIL.subject, MAIL.text, MAIL.message_id, [pdf]))
    [(sender, recipients, message)] = box.mails
    assert (sender, recipients) == ("balcao@exemplo.com.br", ["ana@exemplo.com.br"])
    assert message["From"] == "Balcão <balcao@exemplo.com.br>"
    assert message["To"] == "ana@exemplo.com.br"
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == "<msg-1@exemplo.com.br>"
    assert message["Date"].datetime.tzinfo is not None
    body = message.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == MAIL.text
    [attached] = message.iter_attachments()
    assert attached.get_filename() == "Contrato nº 1.pdf"
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_content() == pdf.content
    assert box.raw[0].isascii()


@pytest.mark.parametrize(
    ("box", "expected", "code"),
    [
        (Box(rcpt="550 5.1.1 ana@exemplo.com.br unknown"), Refused, "550"),
        (Box(rcpt="450 4.2.1 greylisted"), TryLater, "450"),
        (Box(rcpt="530 5.7.0 authentication required"), ChannelStopped, "530"),
        (Box(sender="550 5.7.1 sender not allowed"), ChannelStopped, "550"),
        (Box(sender="421 4.3.2 shutting down"), TryLater, "421"),
        (Box(data="554 5.7.1 spam from ana@exemplo.com.br"), Refused, "554"),
        (Box(data="452 4.3.1 disk full"), TryLater, "452"),
        (Box(vanish=True), OutcomeUnknown, "cut"),
    ],
)
async def test_what_servers_answer(start: Start, box: Box, expected: type[GatewayError], code: str) -> None:
    with pytest.raises(expected) as caught:
        await gateway(await start(box)).send(MAIL)
    assert caught.value.code == code
    assert "ana@" not in str(caught.value)
    assert caught.value.__cause__ is None or "ana@" not in str(caught.value.__cause__)


async def test_no_server(unused_tcp_port: int) -> None:
    with pytest.raises(TryLater) as caught:
        await gateway(unused_tcp_port).send(MAIL)
    assert caught.value.code == "not-connected"


async def test_a_silent_server_times_out_before_anything_was_sent() -> None:
    closing = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await closing.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(TryLater):
        await SmtpMail(f"smtp://127.0.0.1:{port}", "a@exemplo.com.br", timeout=0.05).send(MAIL)
    closing.set()
    server.close()
    await server.wait_closed()


async def test_a_server_that_takes_its_time_over_every_step_is_not_waited_for() -> None:
    """All steps together have an end: a delivery that outlasts its lease would be made a second time."""
    heard: list[bytes] = []
    over = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.exemplo.com.br\r\n")
        with suppress(ConnectionError):
            while line := await reader.readline():
                heard.append(line.split()[0])
                await asyncio.sleep(0.06)
                writer.write(b"250 OK\r\n")
        writer.close()
        over.set()

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(TryLater):
        await SmtpMail(f"smtp://127.0.0.1:{port}", "a@exemplo.com.br", timeout=0.15).send(MAIL)
    await over.wait()
    assert b"DATA" not in heard
    server.close()
    await server.wait_closed()


def _login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=data == LoginPassword(b"balcao", b"p@ss/1"), handled=False)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
async def test_login_from_the_url(start: Start) -> None:
    box = Box()
    port = await start(box, authenticator=_login, auth_required=True, auth_require_tls=False)
    await gateway(port, "balcao:p%40ss%2F1@", "?starttls=0").send(MAIL)
    assert len(box.mails) == 1
    with pytest.raises(ChannelStopped) as caught:
        await gateway(port, "balcao:wrong@").send(MAIL)
    assert caught.value.code == "535"
    with pytest.raises(ChannelStopped):
        await gateway(port).send(MAIL)


async def test_starttls_is_not_optional_when_asked_for(start: Start) -> None:
    box = Box()
    with pytest.raises(ChannelStopped) as caught:
        await gateway(await start(box), query="?starttls=1").send(MAIL)
    assert caught.value.code == "not-supported"
    assert box.mails == []


async def test_tls_spoken_to_a_plain_server(start: Start) -> None:
    box = Box()
    port = await start(box)
    with pytest.raises(TryLater):
        await SmtpMail(f"smtps://127.0.0.1:{port}", "a@exemplo.com.br", timeout=2).send(MAIL)


async def test_starttls_with_a_trusted_certificate_only(start: Start, certificate: tuple[Path, Path]) -> None:
    chain, key = certificate
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    box = Box()
    url = f"smtp://127.0.0.1:{await start(box, tls_context=server, require_starttls=True)}"
    trusting = ssl.create_default_context(cafile=str(chain))
    await SmtpMail(url, "a@exemplo.com.br", timeout=2, tls_context=trusting).send(MAIL)
    assert len(box.mails) == 1
    with pytest.raises(ChannelStopped) as caught:
        await SmtpMail(url, "a@exemplo.com.br", timeout=2).send(MAIL)
    assert caught.value.code == "tls"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Self-signed, for 127.0.0.1: files of the certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    chain.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return chain, secret


def test_bad_settings() -> None:
    with pytest.raises(ValueError, match="smtp"):
        SmtpMail("http://exemplo.com.br", "a@exemplo.com.br")
    with pytest.raises(ValueError, match="sender"):
        SmtpMail("smtp://exemplo.com.br", "balcao")


def test_passwords_never_travel_in_clear() -> None:
    assert SmtpMail("smtp://u:p@mx.exemplo.com.br", "a@exemplo.com.br")._server.start_tls is True
    assert SmtpMail("smtps://u:p@mx.exemplo.com.br", "a@exemplo.com.br")._server.use_tls is True


def _compose(**changes: Any) -> EmailMessage:
    fields: dict[str, Any] = {"to": MAIL.to, "subject": "Oi", "text": "Olá", "message_id": "m"} | changes
    return compose(Mail(**fields), "balcao@exemplo.com.br", "Sun, 22 Nov 2026 10:00:00 +0000")


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ana",
        "ana@exemplo.com\r\nBcc: x@exemplo.com",
        "a@exemplo.com, b@exemplo.com",
        "joão@exemplo.com",
        "<a@x.com>",
    ],
)
def test_odd_recipients_are_refused(to: str) -> None:
    with pytest.raises(Refused):
        _compose(to=to)


def test_odd_message_ids_are_refused() -> None:
    with pytest.raises(Refused):
        _compose(message_id="x>\r\nBcc: a@exemplo.com")


@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_adds_a_header(subject: str, text: str, filename: str, mime_type: str) -> None:
    evil = "\r\nBcc: x@exemplo.com\r\n\r\n"
    attached = [Attachment(filename + evil + filename, mime_type, b"x")]
    message = _compose(subject=subject + evil + subject, text=text, attachments=attached)
    parsed = email.message_from_bytes(message.as_bytes(), policy=default)
    expected = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    assert parsed.keys() == expected


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_the_mailbox_in_memory() -> None:
    box = MemoryMail(Noon(), keep=2)
    for number in range(3):
        await box.send(Mail(MAIL.to, str(number), "", f"m{number}"))
    assert [each.mail.subject for each in box.received] == ["1", "2"]
    assert box.inbox("ANA@exemplo.com.br")[0].at == Noon().now()
    assert box.inbox("bia@exemplo.com.br") == []
    with pytest.raises(Refused):
        await box.send(Mail("ana", "Oi", "", "m"))
    box.down = True
    with pytest.raises(TryLater):
        await box.send(MAIL)
