"""`python -m tests.bench`: what one core of `balcao serve` carries, beside two yardsticks in the same run.

The server has one core for itself; the crowd, the Graph and PostgreSQL's backends have another. A turn counts when its
reply, the expected one, has reached the Graph and its message was acknowledged: by then the person's event, the new
state and the reply were committed. Three statuses follow every reply. Prints a table and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from pathlib import Path

import orjson

from tests.bench.measure import cores, pin
from tests.bench.rows import CALLS_A_TURN, RULERS, TOLD, Bench, heading
from tests.bench.servers import Place

MAXIMA = (*RULERS, "sqlite", "postgresql")
NAMES = (*MAXIMA, "latency")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Balcão on this machine.")
    parser.add_argument("--only", help=f"these rows alone, with commas between: {', '.join(NAMES)}")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run, after the warm-up")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds that are not counted")
    parser.add_argument("--repeat", type=int, default=3, help="runs; medians are told")
    parser.add_argument("--people", type=int, default=200, help="how many write at once")
    parser.add_argument("--statuses-batch", type=int, default=1, help="statuses in one webhook call")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON line to a file too")
    given = parser.parse_args()
    given.only = [{"postgres": "postgresql"}.get(name, name) for name in (given.only or ",".join(NAMES)).split(",")]
    if unknown := set(given.only) - set(NAMES):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    return given


def measure(bench: Bench) -> None:
    wanted = bench.given.only
    bench.maxima([name for name in MAXIMA if name in wanted])
    if "latency" in wanted:
        for name in set(wanted) & {"sqlite", "postgresql"}:
            bench.paced(name, f"{name}, 500 calls/s", TOLD / CALLS_A_TURN)
            bench.paced(name, f"{name}, half", bench.rows[name]["turns_per_second"] / 2)


def main() -> None:
    given = options()
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    ours, others = cores()
    pin(others)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # Servers are not started by compiling every library again.
    with tempfile.TemporaryDirectory(prefix="balcao-bench-") as folder:
        bench = Bench(given, Place(Path(folder), ours, others, usable))
        print(heading())
        measure(bench)
    machine = {"python": platform.python_version(), "cores": len(usable) or os.cpu_count(), "load": os.getloadavg()[0]}
    asked = {"seconds": given.seconds, "people": given.people, "statuses_batch": given.statuses_batch}
    told = orjson.dumps({"machine": machine, **asked, "rows": bench.rows}).decode()
    print(told)
    if given.json:
        given.json.write_text(told + "\n")


if __name__ == "__main__":
    main()
