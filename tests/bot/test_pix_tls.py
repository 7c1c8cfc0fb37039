"""Mutual TLS with a bank: our certificate from a .pem or a .p12, and what goes wrong with one."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from bot.gateways.pix.tls import CertificateError, client_ssl
from bot.simulator.bank.fake import FakeBank
from handlers.ports import ChannelStopped, TryLater
from tests.bot.pix_support import CLIENT, KEY, TXID, MovableClock, charge, driver

ServerFactory = Callable[..., Awaitable[TestServer]]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@dataclass
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self, password: bytes | None = None) -> bytes:
        lock = BestAvailableEncryption(password) if password else NoEncryption()
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
        return key + self.certificate.public_bytes(Encoding.PEM)

    def p12(self, password: bytes | None) -> bytes:
        lock = BestAvailableEncryption(password) if password else NoEncryption()
        return pkcs12.serialize_key_and_certificates(b"balcao", self.key, self.certificate, None, lock)


def identity(name: str, issuer: Identity | None = None) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    )
    return Identity(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


@pytest.fixture(scope="module")
def authority() -> Identity:
    return identity("Test CA")


async def secure_bank(
    authority: Identity, folder: Path, session: aiohttp.ClientSession, aiohttp_server: ServerFactory
) -> str:
    """A fake bank that talks only to those who show a certificate of `authority`; its address."""
    file = folder / "server.pem"
    file.write_bytes(identity("localhost", authority).pem())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    context.load_verify_locations(cadata=authority.certificate.public_bytes(Encoding.PEM).decode())
    context.verify_mode = ssl.CERT_REQUIRED
    server = await aiohttp_server(FakeBank(MovableClock(), KEY, *CLIENT, session).app(), ssl=context)
    return f"https://localhost:{server.port}/"


def trusting(context: ssl.SSLContext, authority: Identity) -> ssl.SSLContext:
    context.load_verify_locations(cadata=authority.certificate.public_bytes(Encoding.PEM).decode())
    return context


class TestMutualTls:
    @pytest.mark.parametrize(
        ("name", "password"), [("c.pem", None), ("c.pem", "senha"), ("c.p12", None), ("c.p12", "senha"), ("c.PFX", "ç")]
    )
    async def test_the_bank_knows_us_by_our_certificate(
        self,
        name: str,
        password: str | None,
        authority: Identity,
        tmp_path: Path,
        session: aiohttp.ClientSession,
        aiohttp_server: ServerFactory,
    ) -> None:
        root = await secure_bank(authority, tmp_path, session, aiohttp_server)
        mine = identity("balcao", authority)
        secret = password.encode() if password else None
        (tmp_path / name).write_bytes(mine.pem(secret) if name.endswith("pem") else mine.p12(secret))
        context = trusting(client_ssl(str(tmp_path / name), password), authority)
        pix = driver(session, root, MovableClock(), ssl_context=context)
        assert (await pix.create(charge())).txid == TXID

    async def test_without_a_certificate_nothing_passes(
        self, authority: Identity, tmp_path: Path, session: aiohttp.ClientSession, aiohttp_server: ServerFactory
    ) -> None:
        root = await secure_bank(authority, tmp_path, session, aiohttp_server)
        pix = driver(session, root, MovableClock(), ssl_context=trusting(ssl.create_default_context(), authority))
        with pytest.raises(TryLater, match="connection"):
            await pix.get(TXID)

    async def test_a_bank_that_cannot_be_trusted_stops_the_channel(
        self, authority: Identity, tmp_path: Path, session: aiohttp.ClientSession, aiohttp_server: ServerFactory
    ) -> None:
        root = await secure_bank(authority, tmp_path, session, aiohttp_server)
        with pytest.raises(ChannelStopped, match="certificate"):
            await driver(session, root, MovableClock()).get(TXID)

    @pytest.mark.parametrize(
        ("name", "content"), [("gone.pem", None), ("bad.pem", b"x"), ("bad.p12", b"x"), ("gone.p12", None)]
    )
    def test_a_bad_file_is_named_in_one_line(self, name: str, content: bytes | None, tmp_path: Path) -> None:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(CertificateError) as caught:
            client_ssl(str(tmp_path / name))
        assert str(caught.value).startswith(name)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("name", ["c.pem", "c.p12"])
    def test_a_wrong_password(self, name: str, authority: Identity, tmp_path: Path) -> None:
        mine = identity("balcao", authority)
        (tmp_path / name).write_bytes(mine.pem(b"senha") if name.endswith("pem") else mine.p12(b"senha"))
        for password in (None, "errada"):
            with pytest.raises(CertificateError):
                client_ssl(str(tmp_path / name), password)

    def test_a_p12_without_a_key(self, authority: Identity, tmp_path: Path) -> None:
        raw = pkcs12.serialize_key_and_certificates(b"x", None, authority.certificate, None, NoEncryption())
        (tmp_path / "c.p12").write_bytes(raw)
        with pytest.raises(CertificateError, match="its key"):
            client_ssl(str(tmp_path / "c.p12"))
