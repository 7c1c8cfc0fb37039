"""A bank that lives in memory and speaks the API Pix: for `balcao demo` and for tests.

It refuses what a real bank refuses, tells of payments through the real callback, and has two doors: `app()` is the
HTTP one for the business, the methods are for the payer's phone (the simulator's page, or a test).
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta

import aiohttp
from aiohttp import web

from bot.gateways.pix.brcode import BrCodeError, parse
from bot.simulator.bank.api import build_app
from bot.simulator.bank.books import ACTIVE, BankCharge, BankPayment, BankRefund, Books
from bot.simulator.bank.callbacks import Call, Callbacks, Faults
from bot.simulator.bank.shapes import payment_json
from handlers.ports import Clock


class PaymentRefused(Exception):
    """The payer's bank says no. `reason`: unknown, expired, paid, removed, not_ours, no_amount or a BR Code's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FakeBank:
    """One business with one key. With `auto` callbacks leave by themselves, otherwise at `settle()`."""

    def __init__(
        self,
        clock: Clock,
        key: str,
        client_id: str,
        client_secret: str,
        session: aiohttp.ClientSession,
        receiver_name: str = "Empresa de Teste",
        receiver_city: str = "Sao Paulo",
        *,
        auto: bool = False,
        token_life: timedelta = timedelta(hours=1),
    ) -> None:
        self.clock = clock
        self.auto = auto
        self.faults = Faults()
        self.books = Books(key, receiver_name, receiver_city)
        self.callbacks = Callbacks(session, self.faults)
        self.webhook: tuple[str, datetime] | None = None
        self._client = (client_id, client_secret)
        self._token_life = token_life
        self._tokens: dict[str, datetime] = {}
        self._settling: set[asyncio.Task[int]] = set()

    def app(self) -> web.Application:
        """`POST /oauth/token` and `/v2/...`: a base URL of `http://host:port/v2` for `BcbPix`."""
        return build_app(self)

    @property
    def charges(self) -> dict[str, BankCharge]:
        """By txid."""
        return self.books.charges

    @property
    def payments(self) -> dict[str, BankPayment]:
        """By end-to-end id, in the order in which they arrived."""
        return self.books.payments

    @property
    def refunds(self) -> dict[tuple[str, str], BankRefund]:
        """By end-to-end id and refund id."""
        return self.books.refunds

    @property
    def calls(self) -> list[Call]:
        """Every callback made so far."""
        return self.callbacks.calls

    async def pay(
        self,
        code_or_txid: str,
        amount: int | None = None,
        times: int = 1,
        at: datetime | None = None,
        *,
        late: bool = False,
    ) -> list[BankPayment]:
        """Pay a BR Code or the charge of a txid, `amount` centavos (default: what it asks for), `times` times.

        `late` forces what a payer's app would refuse: an expired, paid or removed charge. Raises PaymentRefused.
        """
        txid, asked = self._payable(code_or_txid, late=late, now=at or self.clock.now())
        value = asked if amount is None else amount
        if value is None or value <= 0:
            raise PaymentRefused("no_amount")
        payments = [self.books.receive(txid, value, at or self.clock.now()) for _ in range(times)]
        for payment in payments:
            self._tell(payment)
        if self.auto:
            await self.settle()
        return payments

    async def settle(self) -> int:
        """Bring refunds to their end, then make the callbacks that wait; how many were answered 2xx."""
        for payment, _ in self.books.settle_refunds(self.clock.now(), fail=self.faults.fail_refunds):
            self._tell(payment)
        return await self.callbacks.flush()

    async def forge(
        self, *, txid: str | None = None, end_to_end_id: str | None = None, amount: int = 1, key: str | None = None
    ) -> int | None:
        """Call the webhook about a Pix that is not in the books, as a stranger at the same bank could; the status."""
        now = self.clock.now()
        made_up = f"E00000000{now:%Y%m%d%H%M}{secrets.token_hex(6)[:11]}"
        forged = BankPayment(end_to_end_id or made_up, txid or secrets.token_hex(16), amount, now, self.books.key)
        forged.key = key or forged.key
        return await self.callbacks.post([payment_json(forged)])

    async def close(self) -> None:
        """Wait for callbacks under way. Call before the session is closed."""
        await asyncio.gather(*self._settling)

    # --- for the HTTP door ------------------------------------------------------------------------------------------

    def issue_token(self, client_id: str, client_secret: str) -> tuple[str, int] | None:
        """A bearer token and its life in seconds; None for wrong credentials."""
        given = f"{client_id}\0{client_secret}".encode()
        if not secrets.compare_digest(given, "\0".join(self._client).encode()):
            return None
        token = secrets.token_urlsafe(32)
        self._tokens[token] = self.clock.now() + self._token_life
        return token, int(self._token_life.total_seconds())

    def knows_token(self, token: str) -> bool:
        until = self._tokens.get(token)
        return until is not None and self.clock.now() < until

    def revoke_tokens(self) -> None:
        """Forget every token, as a bank does when it restarts."""
        self._tokens.clear()

    def set_webhook(self, url: str | None) -> None:
        self.webhook = (url, self.clock.now()) if url else None
        self.callbacks.url = url.rstrip("/") if url else None

    def refund_asked(self) -> None:
        """A refund was accepted; with `auto` it settles as soon as the answer is on its way."""
        if self.auto:
            task = asyncio.get_running_loop().create_task(self.settle())
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)

    # ----------------------------------------------------------------------------------------------------------------

    def _payable(self, code_or_txid: str, *, late: bool, now: datetime) -> tuple[str | None, int | None]:
        """Which txid a payment is for, and the amount asked."""
        if code_or_txid in self.charges:
            return self._of_charge(self.charges[code_or_txid], late=late, now=now)
        try:
            code = parse(code_or_txid)
        except BrCodeError as error:
            raise PaymentRefused(error.reason) from error
        for charge in self.charges.values():
            if code.location == charge.location:
                return self._of_charge(charge, late=late, now=now)
        if code.key is None:
            raise PaymentRefused("unknown")
        if code.key != self.books.key:
            raise PaymentRefused("not_ours")
        return code.txid, code.amount

    @staticmethod
    def _of_charge(charge: BankCharge, *, late: bool, now: datetime) -> tuple[str, int]:
        if not late and charge.status != ACTIVE:
            raise PaymentRefused("paid" if charge.payments else "removed")
        if not late and now >= charge.expires_at:
            raise PaymentRefused("expired")
        return charge.txid, charge.amount

    def _tell(self, payment: BankPayment) -> None:
        """Only Pix with a txid are told of (API Pix, `PUT /webhook/{chave}`)."""
        if payment.txid is not None:
            self.callbacks.add(payment_json(payment))
