"""The document press: every document a person receives, drawn in a thread so that the event loop goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec

from bot.gateways.documents.card import draw_card
from bot.gateways.documents.contract import draw_contract
from bot.gateways.documents.qr import draw_qr
from handlers.ports import CardSheet, ContractSheet, EvidenceSheet

P = ParamSpec("P")

AT_ONCE = 2
"""Documents drawn at the same time: drawing is CPU, and the rest of the process needs some."""


class Press:
    """Fulfils `DocumentPress`. Raises Refused for a sheet that cannot be drawn; a retry would not help."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._turns = asyncio.Semaphore(at_once)

    async def contract(self, sheet: ContractSheet) -> bytes:
        return await self._draw(draw_contract, sheet)

    async def signed_contract(self, sheet: ContractSheet, evidence: EvidenceSheet) -> bytes:
        return await self._draw(draw_contract, sheet, evidence)

    async def card(self, sheet: CardSheet) -> bytes:
        return await self._draw(draw_card, sheet)

    async def qr(self, content: str) -> bytes:
        return await self._draw(draw_qr, content)

    async def _draw(self, draw: Callable[P, bytes], *args: P.args, **kwargs: P.kwargs) -> bytes:
        async with self._turns:
            return await asyncio.to_thread(draw, *args, **kwargs)
