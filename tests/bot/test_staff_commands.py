"""What staff do by hand: a static Pix from the code to the refund, and notices read, resolved and mailed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.gateways.pix.brcode import parse
from bot.staff_commands import (
    ON_THE_BILL,
    confirm_payment,
    list_notices,
    list_payments,
    read_money,
    refunded_payment,
    resolve_notice,
    short_name,
    who_is_meant,
)
from bot.wiring import SystemClock, make_gateways, make_jobs
from handlers.money import money
from scheduler.couriers.letters import MailCourier
from scheduler.digest import MailNotices
from storage.base import new_id
from storage.tables.contacts import contacts
from storage.tables.members import payment_intents
from storage.tables.queues import staff_notices
from storage.unit_of_work import Tx
from tests.bot.test_new_secrets import settings
from tests.clock import FrozenClock
from tests.town import Person, Stage, staged


@pytest.fixture
async def stage(sqlite_url: str, clock: FrozenClock) -> AsyncIterator[Stage]:
    """A town without a bank that tells anything."""
    async with staged(sqlite_url, clock, extra={"BALCAO_PIX_DRIVER": "static"}) as opened:
        yield opened


@pytest.fixture
async def both(database_url: str, clock: FrozenClock) -> AsyncIterator[Stage]:
    """On SQLite and on PostgreSQL."""
    async with staged(database_url, clock) as opened:
        yield opened


async def paying(stage: Stage) -> tuple[Person, str]:
    """Somebody who has their code and said that it is paid; with the txid as a statement shows it."""
    ana = stage.person()
    await ana.reach("paying")
    (charge,) = await stage.rows("payment_intents")
    txid = parse(charge.br_code).txid
    assert txid is not None
    assert len(txid) == ON_THE_BILL
    await ana.say("já paguei")
    return ana, txid


async def test_a_static_pix_is_confirmed_by_what_the_statement_shows(stage: Stage) -> None:
    ana, txid = await paying(stage)
    (notice,) = await stage.rows("staff_notices", kind="pix_awaiting_staff")
    assert notice.detail["txid"].startswith(txid)
    told = await list_payments(stage.town.settings)
    assert told.startswith(f"CHARGE  {txid}  R$\u00a0")
    assert told.endswith("pending  Ana S.")
    assert "529" not in told
    assert await confirm_payment(stage.town.settings, txid[:20]) == "Confirmed."
    assert await confirm_payment(stage.town.settings, txid) == "It was confirmed before."
    assert "contrato" in await ana.wait(seconds=1)
    assert await list_payments(stage.town.settings) == "No charge waits, and no refund."
    (notice,) = await stage.rows("staff_notices", kind="pix_awaiting_staff")
    assert notice.resolved_at is not None


async def test_what_names_no_charge_or_is_too_short_is_refused(stage: Stage) -> None:
    _, txid = await paying(stage)
    for said, words in ((txid[:19], "too short"), ("f" * 25, "no charge"), ("%" * 25, "no charge"), ("", "no charge")):
        with pytest.raises(SystemExit, match=words):
            await confirm_payment(stage.town.settings, said)
    assert await stage.rows("events", kind="pix.confirmed") == []


async def test_an_amount_of_its_own(stage: Stage) -> None:
    ana, txid = await paying(stage)
    await confirm_payment(stage.town.settings, txid, "10,00")
    await ana.wait(seconds=1)
    assert [(row.amount, row.outcome) for row in await stage.rows("payments")] == [(1000, "partial")]


async def test_a_refund_by_hand_is_brought_to_its_end(stage: Stage) -> None:
    ana, txid = await paying(stage)
    await confirm_payment(stage.town.settings, txid, "2.000,00")
    await ana.wait(seconds=1)
    (refund,) = await stage.rows("refunds")
    told = await list_payments(stage.town.settings)
    assert told.startswith(f"REFUND  {refund.payment_id}  R$\u00a0")
    assert "Ana S." in told
    assert "sent back by hand" in (await refunded_payment(stage.town.settings, str(refund.payment_id))).lower()
    await ana.wait(seconds=1)
    (refund,) = await stage.rows("refunds")
    assert refund.status == "refunded"
    (notice,) = await stage.rows("staff_notices", kind="refund_by_hand")
    assert notice.resolved_at is not None
    with pytest.raises(SystemExit, match="no refund"):
        await refunded_payment(stage.town.settings, str(refund.payment_id))
    with pytest.raises(SystemExit, match="is no id"):
        await refunded_payment(stage.town.settings, "R$ 10")


async def test_what_lapsed_hides_nothing_that_waits(stage: Stage) -> None:
    _, txid = await paying(stage)
    (waiting,) = await stage.rows("payment_intents")
    now = SystemClock().now()
    lapsed = [
        {**waiting._mapping, "id": new_id(), "provider_intent_id": str(number) * 26, "status": "expired",
         "sequence": 1 + number, "created_at": now - timedelta(hours=number)}
        for number in (3, 1, 2)
    ]  # fmt: skip
    await stage.town.balcao.database.run(lambda tx: tx.add(payment_intents, lapsed), org=None)
    shown = (await list_payments(stage.town.settings, most=3)).splitlines()
    assert [line.split()[1] for line in shown[:-1]] == [txid, "1" * 25, "2" * 25]
    assert shown[-1] == "… and 1 more: --most 4 shows all of them"


async def test_nobody_is_asked_who_cannot_tell(stage: Stage) -> None:
    await paying(stage)
    stage.clock.forward(timedelta(minutes=10))
    await stage.town.settle()
    assert [row.name for row in await stage.rows("leases")].count("pix.sweep") == 0


@pytest.mark.parametrize(
    ("text", "centavos"),
    [
        ("99,80", 9980),
        ("99.8", 9980),
        ("R$ 1.234,56", 123456),
        (money(123456), 123456),
        ("100", 10000),
        ("1.000", 100000),
    ],
)
def test_money_as_it_is_written(text: str, centavos: int) -> None:
    assert read_money(text) == centavos


@pytest.mark.parametrize("text", ["", "0", "0,00", "-5", "1,234", "dez", "1e3", "12,3.4"])
def test_what_is_no_money(text: str) -> None:
    with pytest.raises(SystemExit, match="is no amount"):
        read_money(text)


@pytest.mark.parametrize(("name", "short"), [("Ana Paula Souza", "Ana S."), ("Ana", "Ana"), (None, "-"), ("  ", "-")])
def test_a_payer_is_shown_by_little(name: str | None, short: str) -> None:
    assert short_name(name) == short


# --- Notices --------------------------------------------------------------------------------------------------------


async def note(stage: Stage, kind: str, severity: str, /, **detail: Any) -> None:
    (org,) = await stage.rows("organizations")
    row = {"id": new_id(), "kind": kind, "severity": severity, "detail": detail, "dedupe_key": str(new_id())}
    row |= {"organization_id": org.id, "contact_id": None, "created_at": stage.clock.now()}
    await stage.town.balcao.database.run(lambda tx: tx.add(staff_notices, row), org=None)


async def test_notices_are_listed_until_they_are_resolved(stage: Stage) -> None:
    known = stage.town.settings
    assert await list_notices(known) == "No notice waits for anybody."
    await note(stage, "refund_failed", "critical", amount=100)
    line = await list_notices(known)
    assert line.endswith("  critical  refund_failed  amount=100")
    assert await resolve_notice(known, line.split()[0]) == "Resolved."
    assert await list_notices(known) == "No notice waits for anybody."
    assert (await list_notices(known, everything=True)).endswith("(resolved)")
    for wrong, words in ((line.split()[0], "no open notice"), ("1", "is no id")):
        with pytest.raises(SystemExit, match=words):
            await resolve_notice(known, wrong)


async def test_what_is_for_information_hides_nothing_that_waits(both: Stage) -> None:
    stage, known = both, both.town.settings
    for kind, severity in (("human_called", "warning"), ("pix_late", "warning"), ("refund_failed", "critical")):
        await note(stage, kind, severity)
        stage.clock.forward(timedelta(minutes=1))
    for _ in range(3):
        await note(stage, "pix_settled", "info")
    shown = (await list_notices(known, most=3)).splitlines()
    assert [line.split()[3] for line in shown] == ["refund_failed", "human_called", "pix_late"]
    shown = (await list_notices(known, most=2)).splitlines()
    assert shown[-1] == "… and 1 more: --most 3 shows all of them"
    shown = (await list_notices(known, everything=True, most=4)).splitlines()
    assert [line.split()[3] for line in shown[:-1]] == ["pix_settled"] * 3 + ["refund_failed"]
    assert shown[-1] == "… and 2 more: --most 6 shows all of them"


async def test_a_notice_says_whom_to_write_to_when_it_is_asked(both: Stage) -> None:
    known, ana = both.town.settings, both.person()
    await ana.reach("cpf")
    await ana.say("atendente")
    line = await list_notices(known)
    assert "human_called" in line
    assert "Ana" not in line
    notice = line.split()[0]
    assert await who_is_meant(known, notice) == "Ana Paula Souza  https://wa.me/5511987654321"
    without = contacts.update().values(wa_id=None, username="ana.souza")
    await both.town.balcao.database.run(lambda tx: tx.run(without), org=None)
    words = "Ana Paula Souza  no telephone number is known (@ana.souza on WhatsApp)"
    assert await who_is_meant(known, notice) == words


async def test_a_notice_about_nobody(stage: Stage) -> None:
    known = stage.town.settings
    await note(stage, "channel.stopped", "critical")
    notice = (await list_notices(known)).split()[0]
    assert await who_is_meant(known, notice) == "It is about nobody in particular."
    gone = staff_notices.update().values(contact_id=new_id())
    await stage.town.balcao.database.run(lambda tx: tx.run(gone), org=None)
    assert await who_is_meant(known, notice) == "The person's data was deleted."
    for wrong, words in ((str(new_id()), "no notice has id"), ("1", "is no id")):
        with pytest.raises(SystemExit, match=words):
            await who_is_meant(known, wrong)


async def mail_notices(stage: Stage) -> int:
    """The job, once."""
    balcao = stage.town.balcao
    courier = balcao.service._deliveries._couriers["mail.message"]
    assert isinstance(courier, MailCourier)
    work = MailNotices(balcao.service._notices._directory, courier.catalogue)
    count = await balcao.database.run(lambda tx: work(tx, stage.clock.now()), org=None)
    await stage.town.settle()
    return count


async def test_what_matters_is_mailed_once_in_one_letter(stage: Stage) -> None:
    await note(stage, "pix_settled", "info", amount=100)
    await note(stage, "refund_failed", "critical", amount=9980)
    await note(stage, "channel.stopped", "critical", code="190")
    assert await mail_notices(stage) == 2
    assert await mail_notices(stage) == 0
    (row,) = await stage.rows("communications", template="notice")
    assert row.status == "sent"
    (letter,) = [one.mail for one in stage.town.mailbox.received if "avisos" in one.mail.subject]
    assert "2 avisos" in letter.subject
    assert "O banco não fez uma devolução (R$\u00a099,80)" in letter.text
    assert "parou de enviar (code: 190)" in letter.text
    assert "pix_settled" not in letter.text


async def test_a_bad_day_takes_several_letters(stage: Stage) -> None:
    """Found by killing processes a thousand times: one long letter could not be worded and was lost with its lines."""
    for number in range(45):
        await note(stage, "delivery.dead", "warning", kind="document.contract", code="no_outcome", outbox_id=number)
    told = [await mail_notices(stage) for _ in range(4)]
    assert sum(told) == 45
    assert told[0] > 10
    assert told[-1] == 0
    letters = [one.mail.text for one in stage.town.mailbox.received if "aviso" in one.mail.subject]
    assert len(letters) == len([one for one in told if one])
    assert [number for number in range(45) if not any(f"outbox_id: {number})" in text for text in letters)] == []
    assert {row.status for row in await stage.rows("communications", template="notice")} == {"sent"}


async def test_a_line_of_any_length_can_be_told(stage: Stage) -> None:
    await note(stage, "delivery.dead", "warning", code="x" * 9_000)
    assert await mail_notices(stage) == 1
    assert [row.status for row in await stage.rows("communications", template="notice")] == ["sent"]


async def test_a_letter_that_failed_makes_no_letter(stage: Stage) -> None:
    await note(stage, "delivery.dead", "warning", kind="mail.message", code="550")
    await note(stage, "human_called", "warning", reason="asked")
    assert await mail_notices(stage) == 0
    assert await stage.rows("communications", template="notice") == []


async def test_without_an_address_nothing_is_marked(stage: Stage) -> None:
    await note(stage, "refund_failed", "critical", amount=9980)
    directory = stage.town.balcao.service._notices._directory

    class Nobody:
        async def organization(self, tx: Tx, organization_id: Any) -> Any:
            return replace(await directory.organization(tx, organization_id), support_email=None)

    work = MailNotices(Nobody(), None)  # type: ignore[arg-type]
    assert await stage.town.balcao.database.run(lambda tx: work(tx, stage.clock.now()), org=None) == 0
    assert [row.mailed_at for row in await stage.rows("staff_notices")] == [None]


async def test_which_jobs_run_is_decided_by_the_drivers(stage: Stage) -> None:
    def names(**changes: Any) -> set[str]:
        known = stage.town.settings.model_copy(update=changes)
        gateways = make_gateways(known, None, stage.clock)  # type: ignore[arg-type]
        return {job.name for job in make_jobs(known, gateways, None)}  # type: ignore[arg-type]

    assert names() & {"pix.sweep", "notices.mail"} == set()
    assert "pix.sweep" in names(pix_driver="bcb")
    mail = {"smtp_url": settings("sqlite:///x.db", "k" * 32).secret_key, "mail_from": "oi@example.com"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.wiring.SmtpMail", lambda *_, **__: None)
        assert "notices.mail" in names(**mail)
