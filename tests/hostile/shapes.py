"""Webhook bodies as nobody sends them: the documented ones, bent at any depth."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from hypothesis import strategies as st

from bot.town import ACCOUNT, NUMBER
from tests.payloads import meta_examples

EXAMPLES = int(os.environ.get("BALCAO_TEST_EXAMPLES", "0"))
"""Examples of a long run; 0 for the short, repeatable one of `make test`."""

Bend = tuple[str, list[tuple[str, int, Any]]]
"""Which body, and what is done to it: (deed, place, value), one after another."""


def deep(opening: str, levels: int) -> Any:
    """`levels` lists or records in each other."""
    value: Any = "x"
    for _ in range(levels):
        value = [value] if opening == "[" else {"a": value}
    return value


TEXTS = (
    "", " ", "\x00", "a\x00b", "\ud83d", "oi \udc00", "\u200b" * 4, "\u202eolá\u202c", "\ufeff", "\r\n\t",
    "👩‍👩‍👧‍👦" * 5,
    "=HYPERLINK(1)", "{ $name }", "%s%n{0}",
    "'; DROP TABLE events; --", "NaN", "Infinity", "-1", "1e999", "9" * 40, "null",
    "menu", "atendente", "parar", "2026-13-45T99:99:99Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59+23:59", "4111 1111 1111 1111", "wamid.x", "..", "a.b.c.d.e", "menu.choosing.999999999999.x",
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64 - 1, 10**30, -(10**30), 0.1, -0.0, 1e-320, 1e308, 1764000000, 253402300800,
    -62135596801, 99999999999999,
)  # fmt: skip
SHAPES: tuple[Any, ...] = (
    None, True, False, [], {}, [[]], [None], [{}], {"": ""}, {"\x00": 1}, {"\ud800": [1]}
)  # fmt: skip
BIG: dict[str, Any] = {
    "<long>": "a" * 5_000, "<too long>": "ç" * 70_000, "<emoji>": "👩‍👩‍👧‍👦" * 600, "<unseen>": "\u200b" * 3_000,
    "<lists>": deep("[", 70), "<records>": deep("{", 300), "<many>": ["x"] * 300,
}  # fmt: skip
"""By name, so that an example can be read."""
_ODD = st.sampled_from([*TEXTS, *NUMBERS, *SHAPES, *BIG])
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
VALUES = st.one_of(_ODD, _ODD, _ANY)

_numbers = count(1)


def real(name: str, who: Mapping[str, str]) -> Any:
    """A documented body as it would come for a person of ours; nothing of it came before."""
    document = meta_examples.document(name)
    for holder, key in list(places(document)):
        if isinstance(key, str) and isinstance(holder, dict):
            holder[key] = _ours(key, holder, who)
    return document


def _ours(key: str, holder: dict[str, Any], who: Mapping[str, str]) -> Any:
    if key == "phone_number_id":
        return NUMBER
    if key == "id" and "changes" in holder:
        return ACCOUNT
    if key == "id" and ("timestamp" in holder and ("type" in holder or "status" in holder)):
        return (
            who.get("status_of", "") if "status" in holder and who.get("status_of") else f"wamid.odd.{next(_numbers)}"
        )
    known = {"from": "wa_id", "wa_id": "wa_id", "recipient_id": "wa_id", "user_id": "bsuid", "from_user_id": "bsuid"}
    return who[known[key]] if key in known and isinstance(holder[key], str) else holder[key]


def places(node: Any) -> Iterator[tuple[Any, str | int]]:
    """Every place of a document, outermost first, as (holder, key)."""
    for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield node, key
        yield from places(node[key])


@st.composite
def bends(draw: st.DrawFn) -> Bend:
    name = draw(st.sampled_from(meta_examples.NAMES))
    deed = st.sampled_from(("replace", "replace", "replace", "drop", "retype", "twice", "rename", "move"))
    return name, draw(st.lists(st.tuples(deed, st.integers(0, 400), VALUES), max_size=4))


def bent(document: Any, deeds: list[tuple[str, int, Any]]) -> Any:
    for deed, at, value in deeds:
        found = list(places(document))
        if found:
            holder, key = found[at % len(found)]
            _do(deed, holder, key, value, found[(at * 7 + 3) % len(found)])
    return document


def _do(deed: str, holder: Any, key: Any, value: Any, other: tuple[Any, Any]) -> None:
    if deed == "drop":
        del holder[key]
    elif deed == "retype":
        holder[key] = _retyped(holder[key])
    elif deed == "twice" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif deed == "rename" and isinstance(holder, dict):
        holder[str(value)[:50]] = holder.pop(key)
    elif deed == "move":
        holder[key] = copy.deepcopy(other[0][other[1]])
    else:
        known = BIG.get(value, value) if isinstance(value, str) else value
        holder[key] = copy.deepcopy(known)


def _retyped(value: Any) -> Any:
    """The same thing as another type."""
    if isinstance(value, str):
        return float(value) if value.isascii() and value.isdecimal() else [value]
    if isinstance(value, dict):
        return [*value.items()] if len(value) > 1 else [value]
    if isinstance(value, list):
        return value[0] if value else {}
    return str(value)


def written(document: Any) -> bytes:
    """As JSON in ASCII: `\\ud83d` and `\\u0000` arrive as escapes, the way Meta writes."""
    return json.dumps(document, default=list).encode()
