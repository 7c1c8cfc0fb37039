"""What a process used, where it may run, and percentiles."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Use:
    """Of one process since it began, its threads included; zeros where there is no /proc."""

    cpu_seconds: float
    peak_bytes: int

    @classmethod
    def of(cls, pid: int) -> Self:
        place = Path(f"/proc/{pid}")
        if not place.exists():
            return cls(0.0, 0)
        fields = (place / "stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        lines = (place / "status").read_text().splitlines()
        peak = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
        return cls(ticks / os.sysconf("SC_CLK_TCK"), peak)


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
