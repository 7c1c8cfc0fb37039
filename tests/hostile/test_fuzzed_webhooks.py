"""Bodies with a good signature and any content: never our error, and nobody's mailbox suffers for it.

More examples with BALCAO_TEST_EXAMPLES.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.clock import FrozenClock
from tests.hostile.shapes import EXAMPLES, Bend, bends, bent, real, written
from tests.hostile.siege import Siege, besieged
from tests.payloads.meta_examples import starting

SHORT = 5
"""Examples on each database, each of some bodies."""
PLACES = ("outside", "menu", "name", "birth_date", "cep") if EXAMPLES else ("outside", "menu", "name")
"""Where Ana stands when it begins."""
usual = settings(
    max_examples=EXAMPLES or SHORT,
    derandomize=not EXAMPLES,
    phases=(Phase.explicit, Phase.generate),  # A town remembers: a smaller example would not be the same one.
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
async def siege(database_url: str, clock: FrozenClock) -> AsyncIterator[Siege]:
    async with besieged(database_url, clock) as opened:
        yield opened


def who(siege: Siege) -> dict[str, str]:
    """Under whose name the bodies come, and which message of ours their statuses speak of."""
    phone, bubbles = siege.ana.phone, siege.ana.received
    return {"wa_id": phone.wa_id or "", "bsuid": phone.bsuid, "status_of": bubbles[-1].id if bubbles else ""}


async def test_a_message_that_names_no_number_of_ours_is_kept_for_staff(siege: Siege) -> None:
    """It names our account: whose it is is known, under which number to answer is not."""
    document = real(starting("058"), who(siege))
    del document["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"]
    assert await siege.post(written(document)) == 200
    await siege.settle()
    await siege.is_quiet()
    (row,) = await siege.stage.rows("events")
    assert (row.kind, row.status, row.contact_id) == ("message", "ignored", None)


@pytest.mark.timeout(0 if EXAMPLES else 60)
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@usual
@given(place=st.sampled_from(PLACES), bodies=st.lists(bends(), min_size=3, max_size=8))
async def test_whatever_is_signed(siege: Siege, place: str, bodies: list[Bend]) -> None:
    await siege.new_people(place)
    for name, deeds in bodies:
        body = written(bent(real(name, who(siege)), deeds))
        assert await siege.post(body) == 200, body[:2000]
    await siege.settle()
    await siege.everybody_is_answered()
