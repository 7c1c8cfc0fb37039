"""Every documented limit of a message: kept, it passes; broken, it is refused with Meta's code."""

from __future__ import annotations

from typing import Any

import pytest

from bot.simulator.meta.answers import TITLES
from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.limits import check, check_request
from bot.simulator.meta.people import Person, match_key
from tests.bot.simulator.meta_samples import BEYOND_LIMITS, NOW, WITHIN_LIMITS, changed, text
from tests.bot.simulator.meta_support import refused, to_ana


@pytest.mark.parametrize("name", WITHIN_LIMITS)
def test_what_is_within_the_limits_passes(name: str) -> None:
    assert check(WITHIN_LIMITS[name], now=NOW) == []


@pytest.mark.parametrize("name", BEYOND_LIMITS)
def test_what_is_beyond_a_limit_is_refused(name: str, meta: FakeMeta, ana: Person) -> None:
    code, message = BEYOND_LIMITS[name]
    assert refused(meta, message) == code
    assert meta.sent_to(ana) == []
    assert {problem.code for problem in check(message, now=NOW)} == {code}


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        ({"messaging_product": None}, 100),
        ({"recipient_type": "group"}, 100),
        ({"to": None}, 131008),
        ({"to": "551199990000"}, 100),
        ({"to": None, "recipient": "123"}, 100),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
        ({"to": "+55 11 3000-0000"}, 131021),
        ({"to": "+5511988887777"}, 131026),
        ({"to": None, "recipient": "BR.404"}, 131026),
    ],
)
def test_envelopes_refused(meta: FakeMeta, ana: Person, envelope: dict[str, Any], code: int) -> None:
    assert refused(meta, text(), **envelope) == code


JUNK: tuple[Any, ...] = (None, True, -1, 1.5, "", "x" * 5000, "\n", [], {}, [None], [[]], {"type": []}, {"a": {}})


def places_in(value: Any, way: str = "") -> list[str]:
    """Dotted paths of everything inside a message."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[str] = []
    for key, inner in entries:
        path = f"{way}.{key}".lstrip(".")
        found += [path, *places_in(inner, path)]
    return found


@pytest.mark.parametrize("name", WITHIN_LIMITS)
def test_junk_anywhere_is_judged_and_never_breaks(name: str, meta: FakeMeta, ana: Person) -> None:
    message = WITHIN_LIMITS[name]
    for path in places_in(message):
        for junk in JUNK:
            status, answer = meta.take(to_ana(changed(message, path, junk)))
            assert status == 200 or answer["error"]["code"] in TITLES, (path, junk)


def test_a_body_that_is_no_object_is_refused() -> None:
    assert [problem.code for problem in check_request(["oi"])] == [131009]
    assert str(check([])[0]) == "(131008) type: required parameter is missing"


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, {"type": None}, [[]], {"text": []}, {"id": {}}])
@pytest.mark.parametrize("kind", ["text", "image", "location", "contacts", "reaction", "interactive", "template"])
def test_nonsense_is_refused_and_never_breaks(meta: FakeMeta, ana: Person, kind: str, value: Any) -> None:
    assert refused(meta, {"type": kind, kind: value}) in {100, 131008, 131009, 131051, 132012}


# --- People -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "canonical"),
    [
        ("5511999990000", "5511999990000"),
        ("551199990000", "5511999990000"),
        ("5531999990000", "553199990000"),
        ("553199990000", "553199990000"),
        ("551130000000", "551130000000"),
        ("351910000000", "351910000000"),
    ],
)
def test_the_ninth_digit(number: str, canonical: str) -> None:
    assert match_key(number) == match_key(canonical)


def test_a_person_needs_a_name_to_go_by(meta: FakeMeta) -> None:
    with pytest.raises(ValueError, match="BSUID"):
        meta.person(None, "Ninguém")
