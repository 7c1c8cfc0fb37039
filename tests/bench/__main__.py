"""`python -m tests.bench`: what one core of `balcao serve` carries, beside two yardsticks in the same run.

The server has one core for itself; the crowd, the Graph and PostgreSQL's backends have another. A turn counts when its
reply, the expected one, has reached the Graph and its message was acknowledged: by then the person's event, the new
state and the reply were committed. Three statuses follow every reply. Prints a table and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import statistics
import sys
import tempfile
from pathlib import Path

import orjson

from tests.bench.aims import aims, as_json, lines
from tests.bench.demo import start_seconds
from tests.bench.measure import cores, pin
from tests.bench.rows import CALLS_A_TURN, ONE_WORKER, RULERS, TOLD, TWO_WORKERS, Bench, heading
from tests.bench.servers import Place

NAMES = (*RULERS, "sqlite", "postgresql", "workers", "on-file", "latency", "demo")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Balcão on this machine.")
    parser.add_argument("--only", help=f"these rows alone, with commas between: {', '.join(NAMES)}")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run, after the warm-up")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds that are not counted")
    parser.add_argument("--repeat", type=int, default=3, help="runs; medians are told")
    parser.add_argument("--people", type=int, default=200, help="how many write at once")
    parser.add_argument("--statuses-batch", type=int, default=1, help="statuses in one webhook call")
    parser.add_argument("--people-on-file", type=int, nargs="*", default=[100_000, 1_000_000], help="a row for each")
    parser.add_argument("--communications-on-file", type=int, default=10_000_000, help="old messages in those rows")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON line to a file too")
    given = parser.parse_args()
    given.only = [{"postgres": "postgresql"}.get(name, name) for name in (given.only or ",".join(NAMES)).split(",")]
    if unknown := set(given.only) - set(NAMES):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    return given


def measure(bench: Bench) -> float | None:
    """All rows that were asked for. Returns the seconds of a demo's start if that was."""
    given = bench.given
    bench.on_file = {
        f"postgresql, {people:,} people": (people, given.communications_on_file) for people in given.people_on_file
    }
    rows = {"workers": (ONE_WORKER, TWO_WORKERS), "on-file": ("postgresql", *bench.on_file)}
    wanted = [name for asked in given.only for name in rows.get(asked, (asked,)) if asked not in ("latency", "demo")]
    bench.maxima(list(dict.fromkeys(wanted)))
    if "latency" in given.only:
        for name in [name for name in ("sqlite", "postgresql") if name in wanted]:
            bench.paced(name, f"{name}, {TOLD:.0f} calls/s", TOLD / CALLS_A_TURN)
            bench.paced(name, f"{name}, half", bench.rows[name]["turns_per_second"] / 2)
    if "demo" not in given.only:
        return None
    return round(statistics.median(start_seconds(bench.place) for _ in range(given.repeat)), 2)


def main() -> None:
    given = options()
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that what was started is stopped.
    ours, others = cores()
    pin(others)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # Servers are not started by compiling every library again.
    machine = {
        "python": platform.python_version(),
        "interpreter": os.path.realpath(sys.executable),  # How it was built tells as much as its version.
        "cores": len(usable) or os.cpu_count(),
        "load": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory(prefix="balcao-bench-") as folder:
        bench = Bench(given, Place(Path(folder), ours, others, usable))
        print(heading(), flush=True)
        demo_seconds = measure(bench)
    found = list(aims(bench.rows, list(bench.on_file), len(usable), demo_seconds))
    print("", *lines(found), "", sep="\n")
    asked = {"seconds": given.seconds, "people": given.people, "statuses_batch": given.statuses_batch}
    rows = {"rows": bench.rows, "demo_seconds": demo_seconds, "aims": as_json(found)}
    told = orjson.dumps({"machine": machine, **asked, "repeat": given.repeat, **rows}).decode()
    print(told)
    if given.json:
        given.json.write_text(told + "\n")


if __name__ == "__main__":
    main()
