"""`settle` is the rule of the money: for any payments, in any order, however often they are told."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from handlers.payments.rules import Bill, Receipt, held, is_ours, is_usable, mismatch, settle
from handlers.ports import ChargeState, PixPayment
from tests.factories import START

DUE = 11000
OPEN = Bill(DUE, is_paid=False, is_open=True, expires_at=START + timedelta(hours=1))


def pix(amount: int, name: str = "E1", minutes: int = 0, refunded: int = 0) -> PixPayment:
    return PixPayment(name, None, amount, START + timedelta(minutes=minutes), refunded=refunded)


def outcomes(bill: Bill, *payments: PixPayment, already: tuple[Receipt, ...] = ()) -> list[tuple[str, int]]:
    return [(entry.outcome, entry.give_back) for entry in settle(bill, payments, already).entries]


def test_each_outcome() -> None:
    assert outcomes(OPEN, pix(DUE)) == [("settled", 0)]
    assert outcomes(OPEN, pix(DUE, minutes=61)) == [("late", 0)]
    assert outcomes(OPEN, pix(DUE - 1)) == [("partial", 0)]
    assert outcomes(OPEN, pix(DUE + 1)) == [("excess", 1)]
    assert outcomes(OPEN, pix(DUE), pix(DUE, "E2")) == [("settled", 0), ("duplicate", DUE)]
    assert outcomes(OPEN, pix(DUE), already=(Receipt("E1", DUE),)) == []
    assert outcomes(OPEN, pix(0)) == []


def test_parts_count_together() -> None:
    decision = settle(OPEN, [pix(4000), pix(7000, "E2", 1)], [])
    assert [entry.outcome for entry in decision.entries] == ["partial", "settled"]
    assert (decision.settled, decision.missing) == (True, 0)
    assert settle(OPEN, [pix(4000)], []).missing == 7000


def test_old_whole_charge_after_a_part_gives_the_difference_back() -> None:
    assert outcomes(OPEN, pix(DUE, "E2"), already=(Receipt("E1", 4000),)) == [("excess", 4000)]


def test_money_for_a_closed_registration_goes_back() -> None:
    closed = Bill(DUE, is_paid=False, is_open=False)
    decision = settle(closed, [pix(DUE), pix(300, "E2")], [])
    assert [(entry.outcome, entry.give_back) for entry in decision.entries] == [("late", DUE), ("late", 300)]
    assert (decision.settled, decision.missing) == (False, 0)


def test_what_the_bank_sent_back_before_we_knew_does_not_count() -> None:
    assert outcomes(OPEN, pix(DUE, refunded=DUE)) == [("duplicate", 0)]
    decision = settle(OPEN, [pix(DUE, refunded=1000)], [])
    assert (decision.settled, decision.missing) == (False, 1000)


def test_a_charge_is_believed_only_if_it_is_ours() -> None:
    state = ChargeState("tx", "CONCLUIDA", DUE, "key")
    assert mismatch("tx", DUE, state) is None
    assert mismatch("tx", DUE, state, our_key="key") is None
    assert mismatch("other", DUE, state) == "txid"
    assert mismatch("tx", DUE + 1, state) == "amount"
    assert mismatch("tx", DUE, state, our_key="other") == "key"
    assert is_ours(PixPayment("E1", "tx", 1, START, key="key"), state)
    assert is_ours(PixPayment("E1", None, 1, START), state)
    assert not is_ours(PixPayment("E1", "tx", 1, START, key="foreign"), state)
    assert not is_ours(PixPayment("E1", "foreign", 1, START, key="key"), state)


def test_a_code_about_to_expire_is_not_handed_out() -> None:
    assert is_usable("pending", DUE, START + timedelta(minutes=5), DUE, START)
    assert not is_usable("pending", DUE, START + timedelta(minutes=1), DUE, START)
    assert not is_usable("pending", DUE, None, DUE - 1, START)
    assert not is_usable("canceled", DUE, None, DUE, START)


payment = st.builds(
    pix,
    st.integers(-1, 2 * DUE) | st.just(DUE),
    st.sampled_from([f"E{n}" for n in range(8)]),
    st.integers(0, 120),
)


@given(
    due=st.integers(1, DUE),
    is_open=st.booleans(),
    batches=st.lists(st.lists(payment, max_size=4), max_size=6),
)
def test_never_holds_more_than_is_due_and_settles_once(
    due: int, is_open: bool, batches: list[list[PixPayment]]
) -> None:
    bill = Bill(due, is_paid=False, is_open=is_open, expires_at=START + timedelta(hours=1))
    books: list[Receipt] = []
    times_settled = 0
    for batch in batches:
        decision = settle(bill, batch, books)
        books += [Receipt(each.payment.end_to_end_id, each.payment.amount, each.give_back) for each in decision.entries]
        times_settled += decision.settled
        bill = Bill(due, bill.is_paid or decision.settled, is_open, bill.expires_at)
        assert 0 <= held(books) <= due
        assert bill.is_paid == (is_open and held(books) == due)
        assert decision.missing == (0 if bill.is_paid or not is_open else due - held(books))
        assert settle(bill, batch, books).entries == ()
    assert times_settled <= 1
    assert len({receipt.end_to_end_id for receipt in books}) == len(books)


@given(amounts=st.lists(st.integers(1, 2 * DUE), min_size=1, max_size=5), refunded=st.integers(0, 2 * DUE))
def test_early_refunds_never_make_it_hold_more(amounts: list[int], refunded: int) -> None:
    told = [pix(amount, f"E{n}", n, min(amount, refunded)) for n, amount in enumerate(amounts)]
    decision = settle(OPEN, told, [])
    books = [
        Receipt(each.payment.end_to_end_id, each.payment.amount, each.payment.refunded + each.give_back)
        for each in decision.entries
    ]
    assert 0 <= held(books) <= DUE
    assert decision.settled == (held(books) == DUE)
