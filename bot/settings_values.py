"""What a setting's text must look like, one small function each. A complaint never repeats the value."""

from __future__ import annotations

from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
POSTGRES = frozenset({"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"})
SQLITE = frozenset({"sqlite", "sqlite+aiosqlite"})

SPECIAL = (
    "must have the special characters of its password written as %23 (#), %2F (/), %3F (?), %40 (@), %5B ([), %25 (%),"
    " and a number as its port"
)


def _parts(value: str) -> SplitResult:
    """Of an address that may hold a password. One that holds `#`, `/`, `?` or `@` as such is read as another address;
    what tells of it later would repeat a part of the password."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - it is read when it is asked for
    except ValueError:
        raise ValueError(SPECIAL) from None
    if parts.fragment or "@" in parts.path + parts.query or parts.netloc.count("@") > 1:
        raise ValueError(SPECIAL)
    return parts


def database_url(value: str) -> str:
    """The same database in SQLAlchemy's spelling with our driver: `sqlite+aiosqlite://` or `postgresql+asyncpg://`."""
    scheme, found, rest = value.partition("://")
    if not found or scheme not in POSTGRES | SQLITE:
        raise ValueError("must start with sqlite:/// or postgresql://")
    if scheme in POSTGRES:
        return _asyncpg(f"postgresql+asyncpg://{rest}")
    if rest.lstrip("/").split("?")[0] in ("", ":memory:") or not rest.startswith("/"):
        raise ValueError("must name a file, as in sqlite:///balcao.db")
    return f"sqlite+aiosqlite://{rest}"


def _asyncpg(url: str) -> str:
    """libpq's `sslmode`, which hosted databases hand out, is asyncpg's `ssl`."""
    parts = _parts(url)
    query = [("ssl" if name == "sslmode" else name, value) for name, value in parse_qsl(parts.query)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def redis_url(value: str) -> str:
    if _parts(value).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must start with redis://, rediss:// or unix://")
    from redis.asyncio.connection import parse_url

    try:
        parse_url(value)
    except ValueError:
        raise ValueError("must have options that Redis knows behind its ?") from None
    return value


def smtp_url(value: str) -> str:
    parts = _parts(value)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("must start with smtp:// or smtps:// and name a host")
    return value


def web_url(value: str) -> str:
    """An address without its last slash. Plain http is for this machine only: tokens travel to these addresses."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - as above
    except ValueError:
        raise ValueError("must be an address that starts with https://") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address that starts with https://")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must start with https:// (http:// is for this machine only)")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("must be an address without user, ? or #")
    return value.rstrip("/")


def mail_address(value: str) -> str:
    """`name@host`, alone or as in `Clube <name@host>`."""
    address = parseaddr(value)[1]
    name, _, host = address.rpartition("@")
    if not name or "." not in host or any(char.isspace() for char in address):
        raise ValueError("must be an e-mail address")
    return value


def certificate_path(value: Path) -> Path:
    if not value.is_file():
        raise ValueError("must be the path of a file that exists")
    return value
