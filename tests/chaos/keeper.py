"""Keeps the processes under test alive: starts them, kills them, and starts again at once whatever died."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tests.bot.processes import PATIENCE, bare
from tests.chaos.points import ARMS, LEASE

ROOT = Path(__file__).parents[2]
RANDOM = "random"
LOADING = 150.0
"""Seconds within which the nursery has everything imported, however busy the machine is."""


@dataclass(slots=True)
class Member:
    """One place in the installation, and the process that fills it now."""

    name: str
    words: Sequence[str]
    env: Mapping[str, str]
    stays: bool = True
    """Started again when it dies."""
    pid: int | None = None
    ended: asyncio.Future[int] | None = None


@dataclass(slots=True)
class Keeper:
    folder: Path
    lease: float = 35.0
    """Seconds; see `points.LEASE`."""
    kills: Counter[str] = field(default_factory=Counter)
    """Deaths by SIGKILL, by point."""
    surprises: list[str] = field(default_factory=list)
    """Processes that ended by themselves."""
    deaths: list[tuple[float, str, str]] = field(default_factory=list)
    """When (`time.time()`), who, where."""
    members: dict[str, Member] = field(default_factory=dict)
    closing: bool = False
    _nursery: asyncio.subprocess.Process | None = None
    _reader: asyncio.Task[None] | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _names: dict[int, str] = field(default_factory=dict)

    @property
    def arms(self) -> Path:
        return self.folder / "arms"

    async def open(self, *preload: str) -> None:
        self.arms.mkdir(parents=True)
        env = bare({ARMS: str(self.arms), LEASE: str(self.lease), "PYTHONPATH": str(ROOT)})
        with (self.folder / "nursery.log").open("wb") as log:
            self._nursery = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.chaos.launch", *preload, cwd=self.folder, env=env,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self._reader = asyncio.create_task(self._read(), name="chaos-nursery")
        async with asyncio.timeout(LOADING):
            await self._ready.wait()

    async def close(self) -> None:
        """Whoever still lives dies with its parent."""
        self.closing = True
        if self._nursery is None or self._nursery.stdin is None or self._reader is None:
            return
        self._nursery.stdin.close()
        await self._nursery.wait()
        await self._reader

    # --- life ---------------------------------------------------------------------------------------------------

    def start(self, name: str, *words: str, env: Mapping[str, str], stays: bool = True) -> Member:
        member = Member(name, words, env, stays)
        self.members[name] = member
        self._bear(member)
        return member

    async def run(self, name: str, *words: str, env: Mapping[str, str], seconds: float = PATIENCE * 2) -> int:
        """A command to its end; its exit status (-9: killed)."""
        member = self.start(name, *words, env=env, stays=False)
        if member.ended is None:
            raise RuntimeError("not started")
        async with asyncio.timeout(seconds):
            return await member.ended

    async def stop(self) -> dict[str, int]:
        """SIGTERM for all that stay; their exit statuses."""
        self.closing = True
        staying = [member for member in self.members.values() if member.stays and member.ended is not None]
        for member in staying:
            self._signal(member, signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            return {member.name: await member.ended for member in staying if member.ended is not None}

    def log(self, name: str) -> str:
        file = self._log(name)
        return file.read_text("utf-8", "replace") if file.exists() else ""

    # --- death --------------------------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """SIGKILL, now. Nothing happens to who is dead already."""
        self._signal(self.members[name], signal.SIGKILL)

    def arm(self, point: str, turn: int = 1) -> None:
        """Whoever passes that point for the `turn`-th time dies there."""
        prepared = self.arms / f".{point}"
        prepared.write_text(str(turn))
        prepared.rename(self.arms / point)

    def disarm(self, point: str) -> None:
        (self.arms / point).unlink(missing_ok=True)

    def is_armed(self, point: str) -> bool:
        return (self.arms / point).exists()

    # --- the nursery --------------------------------------------------------------------------------------------

    def _bear(self, member: Member) -> None:
        member.ended = asyncio.get_running_loop().create_future()
        log = str(self._log(member.name))
        self._tell({"name": member.name, "words": member.words, "env": member.env, "log": log})

    def _signal(self, member: Member, number: signal.Signals) -> None:
        if member.pid is not None:
            self._tell({"pid": member.pid, "signal": int(number)})

    def _tell(self, order: Mapping[str, Any]) -> None:
        if self._nursery is None or self._nursery.stdin is None:
            raise RuntimeError("not opened")
        self._nursery.stdin.write(orjson.dumps(order) + b"\n")

    async def _read(self) -> None:
        assert self._nursery is not None
        assert self._nursery.stdout is not None
        async for line in self._nursery.stdout:
            told = orjson.loads(line)
            if told["event"] == "ready":
                self._ready.set()
            elif told["event"] == "born":
                self.members[told["name"]].pid = told["pid"]
                self._names[told["pid"]] = told["name"]
            else:
                self._died(told)

    def _died(self, told: Mapping[str, Any]) -> None:
        pid, status = told["pid"], told["status"]
        member = self.members[self._names.pop(pid)]
        member.pid = None
        if status == -signal.SIGKILL:
            found = next(self.arms.glob(f"*.{pid}"), None)
            point = found.name.removesuffix(f".{pid}") if found is not None else RANDOM
            if found is not None:
                found.unlink()
            self.kills[point] += 1
            self.deaths.append((time.time(), member.name, point))
        elif member.stays and not self.closing:
            self.surprises.append(f"{member.name} ended by itself with status {status}")
        if member.ended is not None and not member.ended.done():
            member.ended.set_result(status)
        if member.stays and not self.closing:
            self._bear(member)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"
