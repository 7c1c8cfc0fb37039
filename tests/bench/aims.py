"""What issue 3 asks of one core, beside what was found in this run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.bench.rows import ONE_WORKER, TWO_WORKERS, Row
from tests.bench.servers import SPREAD_CORES


class Aim(NamedTuple):
    text: str
    wanted: float
    found: float
    at_least: bool = True
    remark: str = ""

    @property
    def reached(self) -> bool:
        return self.found >= self.wanted if self.at_least else self.found <= self.wanted


def aims(rows: Mapping[str, Row], on_file: Sequence[str], cores: int, demo_seconds: float | None) -> Iterator[Aim]:
    """Those that this run can tell."""
    if "sqlite" in rows:
        yield Aim("SQLite, turns/s", 500, _turns(rows, "sqlite"))
    if "postgresql" in rows:
        yield Aim("PostgreSQL, turns/s", 1000, _turns(rows, "postgresql"))
        yield from _ratios(rows, on_file)
    if {ONE_WORKER, TWO_WORKERS} <= rows.keys():
        yield _workers(rows, cores)
    for name, row in rows.items():
        yield from _latencies(name, row)
    if ours := [row["peak_mb"] for name, row in rows.items() if "unfinished" in row]:
        yield Aim("peak memory of a process, MB", 250, max(ours), at_least=False)
    if demo_seconds is not None:
        yield Aim("demo start, s", 3, demo_seconds, at_least=False)


def _workers(rows: Mapping[str, Row], cores: int) -> Aim:
    share = rows[TWO_WORKERS].get("share")
    label = "two workers, of one" if share is None else f"two workers, of one, with {share:g} of a core each"
    few = "" if cores >= SPREAD_CORES or share is not None else f"cores do not allow: {cores} of {SPREAD_CORES}"
    return Aim(label, 1.7, _ratio(rows, TWO_WORKERS, ONE_WORKER), remark=few)


def _ratios(rows: Mapping[str, Row], on_file: Sequence[str]) -> Iterator[Aim]:
    if "echo" in rows:
        yield Aim("PostgreSQL, of the echo", 0.5, _ratio(rows, "postgresql", "echo"))
    for name in on_file:
        if name in rows:
            yield Aim(f"{name}, of none on file", 0.9, _ratio(rows, name, "postgresql"))


def _latencies(name: str, row: Row) -> Iterator[Aim]:
    if name.endswith(" calls/s"):
        yield Aim(f"{name}: ack p50 ms", 10, row["ack_ms"][0], at_least=False)
        yield Aim(f"{name}: ack p99 ms", 50, row["ack_ms"][1], at_least=False)
    if name.endswith(" half"):
        yield Aim(f"{name} of its maximum: reply p99 ms", 250, row["whole_ms"][1], at_least=False)


def _turns(rows: Mapping[str, Row], name: str) -> float:
    return float(rows[name]["turns_per_second"])


def _ratio(rows: Mapping[str, Row], one: str, other: str) -> float:
    return round(_turns(rows, one) / max(_turns(rows, other), 0.1), 2)


def lines(found: Sequence[Aim]) -> Iterator[str]:
    for aim in found:
        sign = "≥" if aim.at_least else "≤"
        reached = "reached" if aim.reached else "missed"
        yield f"{aim.text:<52}{sign} {aim.wanted:>6}{aim.found:>10}  {aim.remark or reached}"


def as_json(found: Sequence[Aim]) -> list[dict[str, Any]]:
    return [{**aim._asdict(), "reached": aim.reached} for aim in found]
