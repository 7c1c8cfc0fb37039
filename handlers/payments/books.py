"""A registration's money as the rules want to see it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from handlers.payments.rules import Receipt, held
from storage import payments
from storage.registrations import Draft
from storage.tables.members import CLOSED
from storage.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class Books:
    payments: Sequence[Row[Any]]
    refunds: Sequence[Row[Any]]

    @property
    def receipts(self) -> list[Receipt]:
        return [Receipt(row.end_to_end_id, row.amount, self.returned(row)) for row in self.payments]

    @property
    def held(self) -> int:
        return held(self.receipts)

    def returned(self, payment: Row[Any]) -> int:
        """Given back, or promised: money under way home no longer counts, nor does what the bank failed to return."""
        promised = sum(row.amount for row in self.refunds_of(payment) if row.status != "refunded")
        return int(min(payment.amount, payment.refunded + promised))

    def refunds_of(self, payment: Row[Any]) -> list[Row[Any]]:
        return [row for row in self.refunds if row.payment_id == payment.id]


async def read(tx: Tx, registration_id: uuid.UUID) -> Books:
    return Books(await payments.payments_of(tx, registration_id), await payments.refunds_of(tx, registration_id))


def due_of(draft: Draft, otherwise: int = 0) -> int:
    """Centavos due now. `otherwise` where no plan is chosen any more."""
    return otherwise if draft.pricing is None else int(draft.pricing["due_now"])


def is_open(draft: Draft) -> bool:
    return draft.status not in CLOSED
