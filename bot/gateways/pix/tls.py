"""The client certificate with which a Pix bank knows us (mTLS, RFC 8705)."""

from __future__ import annotations

import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates, load_pkcs12


class CertificateError(ValueError):
    """The certificate file cannot be used; the message is one line for the person who set it."""


def client_ssl(certificate_path: str, password: str | None = None) -> ssl.SSLContext:
    """TLS context that shows the certificate and key of a `.pem` (both in one file) or a `.p12`/`.pfx`.

    Raises CertificateError.
    """
    path = Path(certificate_path)
    context = ssl.create_default_context()
    try:
        if path.suffix.lower() in {".p12", ".pfx"}:
            _load_p12(context, load_pkcs12(path.read_bytes(), password.encode() if password else None))
        else:
            # An empty password, not None: with None OpenSSL would ask for it on the terminal.
            context.load_cert_chain(path, password=password or "")
    except CertificateError:
        raise
    except OSError as error:  # ssl.SSLError is one
        raise CertificateError(f"{path.name}: {error.strerror or 'cannot be read'}") from error
    except ValueError as error:
        raise CertificateError(f"{path.name}: wrong password or not a PKCS#12 file") from error
    return context


def _load_p12(context: ssl.SSLContext, bundle: PKCS12KeyAndCertificates) -> None:
    """`ssl` reads files only: the key passes through one, encrypted and gone at once."""
    if bundle.key is None or bundle.cert is None:
        raise CertificateError("the PKCS#12 file needs both a certificate and its key")
    once = secrets.token_bytes(24).hex()
    pem = bundle.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(once.encode()))
    for entry in (bundle.cert, *bundle.additional_certs):
        pem += entry.certificate.public_bytes(Encoding.PEM)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "client.pem"
        file.touch(0o600)
        file.write_bytes(pem)
        context.load_cert_chain(file, password=once)
