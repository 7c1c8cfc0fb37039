"""Pix without a bank's API: a BR Code computed here.

Nobody can tell whether it was paid, so `confirms` is False and staff confirm by hand. Neither the amount nor the
expiry can be enforced, the code can be paid any number of times, and nothing is remembered between two calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.gateways.pix.brcode import TXID_LIMIT, BrCodeError, static_code
from handlers.ports import Charge, ChargeRequest, ChargeState, Clock, PixPayment, Refund, Refused


class StaticPix:
    """Fulfils `PixGateway`. Raises BrCodeError at once when key, name or city cannot stand in a code."""

    def __init__(self, clock: Clock, key: str, merchant_name: str, merchant_city: str) -> None:
        self.confirms = False
        self._clock = clock
        self._key = key
        self._name = merchant_name
        self._city = merchant_city
        static_code(key, merchant_name, merchant_city)

    async def create(self, request: ChargeRequest) -> Charge:
        """The same request gives the same code. A static code holds the first 25 characters of the txid only."""
        txid = request.txid[:TXID_LIMIT]
        try:
            code = static_code(self._key, self._name, self._city, request.amount, txid, request.description)
        except BrCodeError as error:
            raise Refused(error.reason) from error
        now = self._clock.now()
        return Charge(request.txid, code, created_at=now, expires_at=now + request.expires_in)

    async def get(self, txid: str) -> ChargeState | None:
        """Always ATIVA, unpaid, amount 0: nobody knows better. None would read as "no such charge", and it exists."""
        return ChargeState(txid, "ATIVA", amount=0, key=self._key)

    async def cancel(self, txid: str) -> bool:
        """Nothing to do: a static code cannot be taken back."""
        return True

    async def received(self, since: datetime, until: datetime) -> Sequence[PixPayment]:
        """Nothing: no bank is asked."""
        return ()

    async def refund(self, end_to_end_id: str, refund_id: str, amount: int, reason: str) -> Refund:
        """Always refused: staff give the money back in the bank's own app."""
        raise Refused("static_pix", "refund by hand in the bank's app")
