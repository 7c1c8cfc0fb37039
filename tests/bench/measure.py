"""What processes used, where they may run, and percentiles."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Use:
    """Of one process since it began, its threads included; zeros where there is no /proc, or no such process."""

    cpu_seconds: float
    peak_bytes: int

    @classmethod
    def of(cls, pid: int) -> Self:
        place = Path(f"/proc/{pid}")
        try:
            lines = (place / "status").read_text().splitlines()
        except OSError:
            return cls(0.0, 0)
        peak = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
        return cls(cpu_seconds(pid), peak)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, its threads included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def backends(database: str) -> Iterator[int]:
    """PostgreSQL's processes on this machine that serve connections to a database, by what they call themselves."""
    for entry in os.scandir("/proc") if database and Path("/proc").exists() else ():
        if entry.name.isdigit():
            with suppress(OSError):
                said = Path(entry.path, "cmdline").read_bytes()
                if said.startswith(b"postgres: ") and f" {database} ".encode() in said:
                    yield int(entry.name)


@dataclass(slots=True)
class Store:
    """What the database and Redis used beside the server. Backends come and go: look at least once a second."""

    database: str
    """Name of the PostgreSQL database; empty: none."""
    others: Collection[int]
    """Further processes, such as Redis."""
    core: int | None
    """Where PostgreSQL's backends for this database are kept."""
    _known: dict[int, tuple[float, float]] = field(default_factory=dict)
    """First and last CPU seconds seen of each."""

    def look(self) -> float:
        """CPU seconds used since the first look."""
        first_look = not self._known
        for pid in [*backends(self.database), *self.others]:
            now = cpu_seconds(pid)
            first, _ = self._known.get(pid, (now if first_look else 0.0, 0.0))
            self._known[pid] = first, now
            if pid not in self.others and self.core is not None:
                with suppress(OSError):
                    os.sched_setaffinity(pid, {self.core})
        return sum(last - first for first, last in self._known.values())


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all are not above; 0 of none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def cores() -> tuple[int | None, int | None]:
    """One for the server, another for everything else; None where there are not two, or where they cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


def pin(core: int | None) -> None:
    """Keep this process, and what it starts from now on, on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def run(main: Coroutine[Any, Any, T]) -> T:
    """On uvloop where there is one, as the server."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    result: T = uvloop.run(main)
    return result
