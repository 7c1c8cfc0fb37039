"""One-time codes: each rule has its test."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from handlers.verification import rules
from storage.base import new_id
from storage.tables.members import verification_codes
from storage.unit_of_work import Database
from tests.counter import Counter, counter
from tests.factories import START, organization

SHA = "ab12cd34" * 8


async def send(ana: Counter, bound_to: str = SHA, purpose: str = "signature", channel: str = "email") -> str:
    """Ask for a code; returns it."""
    outcome = await ana.did("verification.send", purpose=purpose, bound_to=bound_to, channel=channel)
    assert outcome.name == "code_sent", outcome
    return ana.secret()["code"]


async def check(ana: Counter, code: str, bound_to: str = SHA, purpose: str = "signature") -> str:
    return (await ana.did("verification.check", purpose=purpose, bound_to=bound_to, code=code)).name


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


@pytest.fixture
async def signer(ana: Counter) -> Counter:
    await ana.begin()
    return ana


def test_a_code_has_six_digits_and_its_hash_a_salt() -> None:
    assert all(len(rules.new_code()) == 6 for _ in range(200))
    first, second = (rules.seal_code("012345", "identity", "x", lambda text: text) for _ in range(2))
    assert first != second
    assert rules.matches(first, " 012 345.", "identity", "x", lambda text: text)
    assert not rules.matches(first, "012345", "recovery", "x", lambda text: text)
    assert not rules.matches(first, "012345", "identity", "y", lambda text: text)


def test_limits_of_a_recipient() -> None:
    hour = [START - timedelta(minutes=10 * n) for n in range(5)]
    assert rules.may_send(None, hour, START).name == "too_many"
    assert rules.may_send(None, hour[:4], START).name is None
    day = [START - timedelta(hours=2 * n + 2) for n in range(10)]
    assert rules.may_send(None, day, START).name == "too_many"
    assert rules.may_send(None, day[:9], START).name is None


def test_limit_of_a_person_whatever_addresses_they_name() -> None:
    assert rules.may_send(None, [], START, asked_for=19).name is None
    assert rules.may_send(None, [], START, asked_for=20).name == "too_many"


async def test_twenty_codes_a_day_for_one_person_to_whatever_addresses(ana: Counter) -> None:
    """Else one telephone could have letters sent to any number of strangers."""
    found = []
    for n in range(21):
        asked = {"purpose": "identity", "bound_to": f"{n:064}", "channel": "email", "email": f"{n}@example.com"}
        found.append((await ana.did("verification.send", **asked)).name)
    assert found == ["code_sent"] * 20 + ["too_many"]
    ana.forward(days=1)
    assert (await ana.did("verification.send", **asked)).name == "code_sent"


async def test_codes_of_a_business_end_for_the_day_and_staff_are_told_once(ana: Counter) -> None:
    """They cost money: somebody with many telephones must not be able to spend as much of it as they like."""
    ana.organization = replace(ana.organization, codes_a_day=2)
    found = []
    for n in range(4):
        asked = {"purpose": "identity", "bound_to": f"{n:064}", "channel": "email", "email": f"{n}@example.com"}
        found.append((await ana.did("verification.send", **asked)).name)
    assert found == ["code_sent"] * 2 + ["too_many"] * 2
    [line] = ana.rows.notices
    assert (line["kind"], line["severity"], line["detail"]) == ("codes_exhausted", "critical", {"a_day": 2})
    ana.forward(days=1)
    assert (await ana.did("verification.send", **asked)).name == "code_sent"


async def test_code_is_only_in_the_secret(signer: Counter) -> None:
    code = await send(signer)
    row = signer.rows.outbox[-1]
    assert row["kind"] == "mail.message"
    assert row["payload"]["template"] == "code-signature"
    assert row["payload"]["values"] == {"minutes": 5, "fingerprint": "ab12cd34"}
    assert signer.secret() == {"to": "ana@example.com", "code": code}
    assert row["expires_at"] == signer.now + timedelta(seconds=300)
    logged = signer.rows.communications[-1]
    assert (logged["recipient"], logged["content"]) == ("a•••@example.com", None)
    stored = await signer.run(lambda desk: desk.tx.all(select(verification_codes)))
    assert code not in stored[0].code_hash


async def test_right_code_verifies_once(signer: Counter) -> None:
    code = await send(signer)
    assert await check(signer, f"{code[:3]} {code[3:]}") == "verified"
    assert await check(signer, code) == "wrong"


async def test_same_code_twice_at_once_passes_once(signer: Counter) -> None:
    code = await send(signer)
    found = await asyncio.gather(*(check(signer, code) for _ in range(3)))
    assert sorted(found) == ["verified", "wrong", "wrong"]


async def test_wrong_expired_and_none_are_answered_alike(signer: Counter) -> None:
    def tries(code: str) -> object:
        return signer.did("verification.check", purpose="signature", bound_to=SHA, code=code)

    none = await tries("123456")  # type: ignore[misc]
    code = await send(signer)
    wrong = await tries(other_than(code))  # type: ignore[misc]
    signer.forward(seconds=61)
    code = await send(signer)
    signer.forward(seconds=300)
    expired = await tries(code)  # type: ignore[misc]
    assert none == wrong == expired
    assert (none.name, none.keep) == ("wrong", {"tries_left": 4})


async def test_fifth_wrong_try_burns_the_code(signer: Counter) -> None:
    code = await send(signer)
    found = [await check(signer, other_than(code)) for _ in range(5)]
    assert found == ["wrong"] * 4 + ["burned"]
    assert await check(signer, code) == "burned"


async def test_fifth_try_may_still_be_right(signer: Counter) -> None:
    code = await send(signer)
    for _ in range(4):
        await check(signer, other_than(code))
    assert await check(signer, code) == "verified"


async def test_resend_waits_a_minute_and_says_how_long(signer: Counter) -> None:
    await send(signer)
    signer.forward(seconds=20)
    early = await signer.did("verification.send", purpose="signature", bound_to=SHA, channel="email")
    assert (early.name, early.keep) == ("wait", {"seconds": 40})
    signer.forward(seconds=40)
    again = await signer.did("verification.send", purpose="signature", bound_to=SHA, channel="email")
    assert (again.name, again.keep["resends_left"]) == ("code_sent", 2)


async def test_three_resends_and_no_more(signer: Counter) -> None:
    left = []
    for _ in range(4):
        sent = await signer.did("verification.send", purpose="signature", bound_to=SHA, channel="email")
        left.append(sent.keep["resends_left"])
        signer.forward(seconds=60)
    assert left == [3, 2, 1, 0]
    more = await signer.did("verification.send", purpose="signature", bound_to=SHA, channel="email")
    assert more.name == "too_many"
    signer.forward(hours=1)
    assert await send(signer)


async def test_five_an_hour_to_one_recipient_whatever_they_are_for(signer: Counter) -> None:
    for n in range(5):
        await send(signer, bound_to=f"{n}" * 64)
    sixth = await signer.did("verification.send", purpose="signature", bound_to="9" * 64, channel="email")
    assert sixth.name == "too_many"


async def test_corrected_address_does_not_wait(ana: Counter) -> None:
    registration_id = str(await ana.begin())
    await send(ana, registration_id, "identity")
    await ana.do("registrations.email", email="ana.correct@example.com")
    await send(ana, registration_id, "identity")
    assert ana.secret()["to"] == "ana.correct@example.com"


async def test_new_code_voids_the_old_one(signer: Counter) -> None:
    old = await send(signer)
    signer.forward(seconds=60)
    new = await send(signer)
    assert old == new or await check(signer, old) == "wrong"
    assert await check(signer, new) == "verified"


async def test_code_is_bound_to_its_purpose_thing_and_person(database: Database, signer: Counter) -> None:
    code = await send(signer)
    assert await check(signer, code, bound_to="0" * 64) == "wrong"
    assert await check(signer, code, purpose="identity") == "wrong"
    neighbour = await counter(database, signer.organization)
    assert await check(neighbour, code) == "wrong"
    assert await check(signer, code) == "verified"


async def test_recovery_goes_to_what_is_on_file_only(database: Database, ana: Counter) -> None:
    joined = await ana.join()
    customer_id = joined.keep["customer_id"]
    thief = await counter(database, ana.organization)
    sent = await thief.did(
        "verification.send", purpose="recovery", bound_to=customer_id, channel="email", email="thief@example.com"
    )
    assert sent.keep["recipient_masked"] == "a•••@example.com"
    assert thief.secret()["to"] == "ana@example.com"
    by_chat = await thief.did("verification.send", purpose="recovery", bound_to=customer_id, channel="whatsapp")
    assert by_chat.name == "channel_down"
    nobody = await thief.did("verification.send", purpose="recovery", bound_to=str(new_id()), channel="email")
    assert nobody.name == "channel_down"


async def test_channels(signer: Counter) -> None:
    await send(signer, channel="whatsapp")
    assert signer.rows.outbox[-1]["kind"] == "whatsapp.code"
    assert signer.rows.outbox[-1]["payload"]["template"] == "codigo"
    assert set(signer.secret()) == {"code"}
    signer.forward(seconds=60)
    await send(signer, channel="sms")
    assert signer.rows.outbox[-1]["kind"] == "sms.message"
    assert signer.secret()["to"] == signer.contact.phone_e164


async def test_channel_that_cannot_be_had(database: Database) -> None:
    shop = await organization(database, code_template=None)
    person = await counter(database, shop, phone_e164=None)
    for channel in ("whatsapp", "sms", "email", "pigeon"):
        outcome = await person.did("verification.send", purpose="signature", bound_to=SHA, channel=channel)
        assert outcome.name == "channel_down"


async def test_code_that_was_not_delivered_does_not_count(signer: Counter) -> None:
    sent = await signer.did("verification.send", purpose="signature", bound_to=SHA, channel="email")
    code_id = sent.keep["code_id"]
    assert [outcome.name for outcome in await signer.hear("code.undelivered", code_id=code_id)] == ["channel_down"]
    assert await signer.hear("code.undelivered", code_id=code_id) == []
    assert await send(signer, channel="sms")


async def test_guesses_count_though_the_code_was_not_delivered(signer: Counter) -> None:
    """Else a mailbox that takes nothing could be guessed at without end."""
    for _ in range(4):
        sent = await signer.did("verification.send", purpose="signature", bound_to=SHA, channel="email")
        code = signer.secret()["code"]
        assert await check(signer, other_than(code)) == "wrong"
        undelivered = await signer.hear("code.undelivered", code_id=sent.keep["code_id"])
        assert [outcome.name for outcome in undelivered] == ["channel_down"]
        assert await signer.hear("code.undelivered", code_id=sent.keep["code_id"]) == []
        assert await check(signer, code) == "wrong"
        signer.forward(seconds=61)
    again = await signer.did("verification.send", purpose="signature", bound_to=SHA, channel="email")
    assert again.name == "too_many"


async def test_verified_code_opens_one_thing_once(signer: Counter) -> None:
    from storage import verification

    code = await send(signer)
    await check(signer, code)

    async def consume(bound_to: str) -> uuid.UUID | None:
        since = signer.now - timedelta(minutes=30)
        row = await signer.run(
            lambda desk: verification.consume(
                desk.tx, desk.contact.id, "signature", bound_to, since=since, now=desk.now
            )
        )
        return None if row is None else row.id

    assert await consume("0" * 64) is None
    assert await consume(SHA) is not None
    assert await consume(SHA) is None
