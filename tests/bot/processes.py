"""Balcão's command line as people and servers use it: called in place, or started as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.bot.http_support import ACCOUNT, NUMBER

T = TypeVar("T")

HOME = Path(__file__).parents[2]
APP_SECRET = "the app's secret"
STEP = 0.02
"""Seconds between looks."""
PATIENCE = 60.0
"""Seconds after which something that should have happened has not. Generous: the machine may be busy."""
GOOD = {
    "BALCAO_PUBLIC_URL": "https://balcao.example",
    "BALCAO_SECRET_KEY": "not-a-real-key-" * 3,
    "BALCAO_WHATSAPP_GRAPH_URL": "http://127.0.0.1:9",
    "BALCAO_WHATSAPP_APP_SECRET": APP_SECRET,
    "BALCAO_WHATSAPP_VERIFY_TOKEN": "verify",
    "BALCAO_WHATSAPP_TOKEN": "token",
    "BALCAO_WHATSAPP_PHONE_NUMBER_ID": NUMBER,
    "BALCAO_WHATSAPP_BUSINESS_ACCOUNT_ID": ACCOUNT,
    "BALCAO_PIX_KEY": "pix@example.com",
    "BALCAO_PIX_MERCHANT_NAME": "Clube Exemplo",
    "BALCAO_PIX_MERCHANT_CITY": "Sao Paulo",
}
"""Nobody listens at the Graph address: what is sent waits for another try."""


async def until(look: Callable[[], Awaitable[T | None]], what: str, seconds: float = PATIENCE) -> T:
    """What `look` finds, as soon as it is true. An address where nobody listens yet is not yet."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := await look():
                return found
        except OSError:
            pass
        await asyncio.sleep(STEP)
    raise AssertionError(f"waited {seconds} s in vain for: {what}")


@dataclass(slots=True)
class Running:
    """A process of ours that is under way, with what it has said so far."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def said(self) -> str:
        return (self.folder / "stdout").read_text("utf-8")

    @property
    def complained(self) -> str:
        return (self.folder / "stderr").read_text("utf-8")

    async def ended(self) -> int:
        """The exit status, once there is one."""

        async def look() -> str | None:
            status = self.process.poll()
            return None if status is None else str(status)

        return int(await until(look, f"the end of {self.process.args!r}"))

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def log(self, event: str, seconds: float = PATIENCE) -> str:
        """The first log line of this name."""

        async def look() -> str | None:
            lines = (line for line in self.complained.splitlines() if f'"event":"{event}"' in line)
            return next(lines, None)

        return await until(look, f"{event} in the log", seconds)


def bare(env: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without any Balcão in it but `env`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BALCAO_")} | dict(env)


@asynccontextmanager
async def started(
    folder: Path, *words: str, env: Mapping[str, str], home: Path = HOME, before: Sequence[str] = ()
) -> AsyncIterator[Running]:
    """`balcao WORDS` in a folder of its own; killed at the end if it is still there. `home` is where the code is,
    `before` a command that runs it."""
    folder.mkdir()  # noqa: ASYNC240 - a folder of our own
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        command = [*before, sys.executable, "-m", "bot.cli", *words]
        place = {"PYTHONPATH": str(home)}
        process = subprocess.Popen(  # noqa: ASYNC220 - it only forks
            command, cwd=folder, env=bare(env) | place, stdout=out, stderr=err, start_new_session=True
        )
    try:
        yield Running(process, folder)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
