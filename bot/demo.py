"""`balcao demo`: the newcomer's front door. One command, no account, no network: the real application with the
simulator around it, and one address to open.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import func, select

from bot.http.app import make_runner
from bot.serve import bind
from bot.simulator.clock import MovableClock
from bot.simulator.server import Simulator
from bot.town import Town, open_town
from conversations.conversation import Conversation
from conversations.dialogues.all import dialogues
from conversations.dialogues.leaving import Leaving
from conversations.turn import HOME
from storage.tables.contacts import contacts, conversations
from storage.tables.queues import events
from storage.unit_of_work import Tx

HOST = "127.0.0.1"
SUPPORT = "5511955550100"
"""wa_id of who is told in the example's business when somebody asks for a person."""


def make_folder(data: Path) -> None:
    """For the demo's database. SystemExit with one line where there cannot be one."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / "demo.db").touch()
    except OSError as error:
        raise SystemExit(f"balcao: --data {data} cannot be used as a folder: {error.strerror}") from None


async def demo(port: int, data: Path | None = None) -> None:
    """Run until Ctrl-C. Without `data`, a folder that is there, everything is forgotten at the end."""
    bound = bind(HOST, port)
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    with tempfile.TemporaryDirectory() as folder:
        place = data or Path(folder)
        file = place.absolute() / "demo.db"
        clock = MovableClock()
        async with open_town(f"sqlite+aiosqlite:///{file}", clock, auto=True) as town:
            await _run(town, clock, bound, stopping)


async def _run(town: Town, clock: MovableClock, bound: socket.socket, stopping: asyncio.Event) -> None:
    service = town.balcao.service
    service.start()
    beats: set[asyncio.Task[None]] = set()

    def jumped() -> None:
        beat = asyncio.get_running_loop().create_task(service.beat())
        beats.add(beat)
        beat.add_done_callback(beats.discard)

    clock.subscribe(jumped)
    simulator = Simulator(
        town.meta, town.bank, town.mailbox, town.sms, town.cep, clock, lambda: peek(town),
        business_name="Cartão Aurora", staff=[SUPPORT],
    )  # fmt: skip
    runner = make_runner(simulator.app(), shutdown_timeout=1.0)
    await runner.setup()
    town.meta.person(SUPPORT, "Equipe Aurora")
    await web.SockSite(runner, bound).start()
    sys.stdout.write(f"Balcão demo: http://{HOST}:{bound.getsockname()[1]}  (Ctrl-C to stop)\n")
    sys.stdout.flush()
    try:
        await stopping.wait()
    finally:
        await runner.cleanup()
        await service.stop()


async def peek(town: Town) -> list[dict[str, Any]]:
    """Where everybody's dialogue stands, for the page."""
    known = {dialogue.name: dialogue for dialogue in dialogues()}

    async def look(tx: Tx) -> list[dict[str, Any]]:
        waiting = (
            select(func.count())
            .where(events.c.contact_id == contacts.c.id, events.c.status == "pending")
            .scalar_subquery()
        )
        statement = select(conversations, contacts.c.wa_id, waiting.label("depth")).join_from(
            conversations, contacts, contacts.c.id == conversations.c.contact_id
        )
        return [_standing(row, known) for row in await tx.all(statement)]

    return await town.balcao.database.run(look, org=None, read_only=True)


def _beneath(talk: Conversation) -> dict[str, Any] | None:
    """The dialogue that waits: paused by the menu or by leaving, or because it called the present one."""
    if len(talk.stack) < 2 or talk.stack[-2].dialogue == HOME:
        return None
    frame = talk.stack[-2]
    return {"dialogue": frame.dialogue, "state": frame.state, "paused": talk.top.dialogue in (HOME, Leaving.name)}


def _standing(row: Any, known: dict[str, Any]) -> dict[str, Any]:
    talk = Conversation.from_row(row)
    places = (known[frame.dialogue].progress(frame.state) for frame in reversed(talk.stack))
    step, steps = next((place for place in places if place is not None), (None, None))
    return {
        "wa_id": row.wa_id,
        "dialogue": talk.top.dialogue,
        "state": talk.top.state,
        "step": step,
        "of": steps,
        "beneath": _beneath(talk),
        "floor": talk.floor,
        "mailbox_depth": row.depth,
    }
