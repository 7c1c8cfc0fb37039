"""What `balcao apply` tells, and the link for a number whose telephone the database does not know."""

from __future__ import annotations

import pytest

from bot.desk_commands import apply_file, deep_link
from bot.town import EXAMPLES
from tests.bot.test_new_secrets import OLD, settings

EXAMPLE = EXAMPLES / "benefit-card.yaml"


async def test_apply_tells_what_changed_and_then_that_nothing_did(sqlite_url: str) -> None:
    first = await apply_file(settings(sqlite_url, OLD), EXAMPLE)
    lines = first.splitlines()
    assert "plan familia: created" in lines
    assert lines[-1] == f"{len(lines) - 1} created, 0 changed, 0 retired, 0 as before."
    again = await apply_file(settings(sqlite_url, OLD), EXAMPLE)
    assert again == f"0 created, 0 changed, 0 retired, {len(lines) - 1} as before."


async def test_a_link_to_the_telephone_that_is_given(sqlite_url: str) -> None:
    known = settings(sqlite_url, OLD)
    await apply_file(known, EXAMPLE)
    link = await deep_link(known, "instagram", "verao", "+55 11 99999-0000")
    assert link.startswith("https://wa.me/5511999990000?text=")
    assert "instagram.verao" in link


async def test_no_link_without_a_telephone(sqlite_url: str) -> None:
    known = settings(sqlite_url, OLD)
    await apply_file(known, EXAMPLE)
    for phone in ("", "none"):
        with pytest.raises(SystemExit, match="--phone"):
            await deep_link(known, "", "", phone)
