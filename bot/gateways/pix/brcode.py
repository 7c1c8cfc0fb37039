"""BR Code: the text behind a Pix QR code, also known as "Pix Copia e Cola".

EMV QRCPS-MPM as the Banco Central uses it: fields of a two-digit id, a two-digit decimal length and a value, closed
by field 63, a CRC-16/CCITT-FALSE over everything before its value. Names go in as plain ASCII, because banks differ
in whether a length counts characters or bytes.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from bot.gateways.pix.money import reais
from handlers.payments.callback import read_centavos

GUI = "br.gov.bcb.pix"
NAME_LIMIT = 25
CITY_LIMIT = 15
TXID_LIMIT = 25
ACCOUNT_LIMIT = 99
"""All of field 26, whose length has two digits: the usual cause of a QR code that banks refuse."""
CODE_LIMIT = 512
NO_TXID = "***"

_KEY = re.compile(r"[!-~]{1,77}")
_TXID = re.compile(rf"[a-zA-Z0-9]{{1,{TXID_LIMIT}}}")
_HEAD = re.compile(r"[0-9]{4}")
_ACCOUNTS = tuple(f"{tag:02d}" for tag in range(26, 52))

Reason = Literal["bad_crc", "bad_tlv", "not_pix", "bad_key", "bad_location", "bad_name", "bad_amount", "bad_txid"]


class BrCodeError(ValueError):
    """A BR Code that cannot be built or read. `reason` says what is wrong with it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class BrCode:
    """What a BR Code says. Static: `key`; dynamic: `location`; Pix Automático: `recurrence`, alone or beside either."""

    name: str
    city: str
    key: str | None = None
    location: str | None = None
    """Where the payer's bank fetches the charge, without `https://`."""
    recurrence: str | None = None
    amount: int | None = None
    """Centavos; None when the payer types it (also written as 0.00) or the charge behind `location` says it."""
    txid: str | None = None
    description: str | None = None
    cash_ispb: str | None = None
    """The cash facilitator of a Pix Saque."""
    postal_code: str | None = None
    one_time: bool = False


def static_code(
    key: str, name: str, city: str, amount: int | None = None, txid: str | None = None, description: str | None = None
) -> str:
    """A code that names the key itself: payable any number of times, for ever. `amount` in centavos.

    `description` is cut to what field 26 still holds beside the key. Raises BrCodeError.
    """
    if not _KEY.fullmatch(key):
        raise BrCodeError("bad_key")
    if txid is not None and not _TXID.fullmatch(txid):
        raise BrCodeError("bad_txid")
    account = _field("00", GUI) + _field("01", key)
    note = plain(description or "", max(0, ACCOUNT_LIMIT - len(account) - 4))
    return _seal("", account + (_field("02", note) if note else ""), name, city, amount, txid)


def dynamic_code(location: str, name: str, city: str, *, amount: int | None = None, one_time: bool = True) -> str:
    """A code that points to one charge at the bank. Its txid is always `***`: the real one is behind `location`.

    Payers' banks take the amount from the charge, so field 54 is left out unless asked for. Raises BrCodeError.
    """
    place = location.removeprefix("https://")
    if not _KEY.fullmatch(place) or "/" not in place:
        raise BrCodeError("bad_location")
    point = _field("01", "12") if one_time else ""
    return _seal(point, _field("00", GUI) + _field("25", place), name, city, amount, None)


def parse(code: str) -> BrCode:
    """Read a code as copied by a person. Tolerates upper-case GUIs and unknown fields. Raises BrCodeError."""
    text = code.strip()
    if text[-8:-4] != "6304" or text[-4:].upper() != crc(text[:-4]):
        raise BrCodeError("bad_crc")
    fields = _fields(text)
    account = _account(fields)
    recurrence = _template(fields, "80").get("25")
    key, location = account.get("01"), account.get("25")
    if (key and location) or not (key or location or recurrence):
        raise BrCodeError("not_pix")
    txid = _template(fields, "62").get("05")
    return BrCode(
        name=fields["59"],
        city=fields["60"],
        key=key,
        location=location,
        recurrence=recurrence,
        amount=_amount(fields.get("54")),
        txid=None if txid == NO_TXID else txid,
        description=account.get("02"),
        cash_ispb=account.get("03"),
        postal_code=fields.get("61"),
        one_time=fields.get("01") == "12",
    )


def crc(text: str) -> str:
    """CRC-16/CCITT-FALSE of the UTF-8 bytes, four upper-case hex digits."""
    return f"{binascii.crc_hqx(text.encode(errors='replace'), 0xFFFF):04X}"


def plain(text: str, limit: int) -> str:
    """`text` without accents, in printable ASCII, single spaces, at most `limit` characters."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    printable = "".join(letter if letter.isprintable() else " " for letter in ascii_only)
    return " ".join(printable.split())[:limit].rstrip()


def _seal(point: str, account: str, name: str, city: str, amount: int | None, txid: str | None) -> str:
    holder, place = plain(name, NAME_LIMIT), plain(city, CITY_LIMIT)
    if not holder or not place:
        raise BrCodeError("bad_name")
    if amount is not None and not 0 < amount < 10**12:
        raise BrCodeError("bad_amount")
    body = (
        _field("00", "01")
        + point
        + _field("26", account)
        + _field("52", "0000")
        + _field("53", "986")
        + (_field("54", reais(amount)) if amount is not None else "")
        + _field("58", "BR")
        + _field("59", holder)
        + _field("60", place)
        + _field("62", _field("05", txid or NO_TXID))
        + "6304"
    )
    return body + crc(body)


def _field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"


def _fields(text: str) -> dict[str, str]:
    """The outer fields, lengths counted in characters or, where that fails, in UTF-8 bytes (banks do either)."""
    try:
        fields = _split(text)
    except BrCodeError:
        if text.isascii():
            raise
        in_bytes = _split(text.encode(errors="replace").decode("latin-1"))
        fields = {tag: value.encode("latin-1").decode(errors="replace") for tag, value in in_bytes.items()}
    if next(iter(fields)) != "00" or fields["00"] != "01" or len(text) > CODE_LIMIT:
        raise BrCodeError("bad_tlv")
    if fields.get("53") != "986" or fields.get("58") != "BR" or not {"59", "60"} <= fields.keys():
        raise BrCodeError("not_pix")
    return fields


def _split(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if not _HEAD.fullmatch(head):
            raise BrCodeError("bad_tlv")
        tag, size = head[:2], int(head[2:])
        value = text[at + 4 : at + 4 + size]
        if size == 0 or len(value) < size or tag in fields:
            raise BrCodeError("bad_tlv")
        fields[tag] = value
        at += 4 + size
    return fields


def _account(fields: dict[str, str]) -> dict[str, str]:
    """The Pix account among fields 26 to 51, which other schemes may share."""
    for tag in _ACCOUNTS:
        if GUI in fields.get(tag, "").lower():
            account = _split(fields[tag])
            if account.get("00", "").lower() == GUI:
                return account
    raise BrCodeError("not_pix")


def _template(fields: dict[str, str], tag: str) -> dict[str, str]:
    return _split(fields[tag]) if tag in fields else {}


def _amount(text: str | None) -> int | None:
    if text is None:
        return None
    centavos = read_centavos(text)
    if centavos is None or len(text) > 13:
        raise BrCodeError("bad_amount")
    return centavos or None
