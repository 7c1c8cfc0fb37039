"""What a month costs, by the price list of inputs.toml. The prices are assumptions; the amounts come from the model."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scripts.capacity.inputs import Inputs
from scripts.capacity.model import MONTH, Needs, needs


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    amount: str
    usd: float


def cells(of: Inputs) -> int:
    """Installations, each with a PostgreSQL and a Redis of its own, that the load is divided into."""
    return math.ceil(of["messages_per_second"] / of["cell_turns"])


def machines(of: Inputs) -> list[Line]:
    need, parts = needs(of), cells(of)
    stored = need.people_gb + need.log_gb_hot
    old = need.log_gb_kept - need.log_gb_hot
    copies = 1 + of["replicas"]
    egress = need.turns * of["mean_of_peak"] * of["reply_bytes"] * of["replies"] * MONTH * 86_400 / 1e9
    return [
        Line("application", f"{need.app_cores} cores", need.app_cores * of["usd_core"]),
        Line(
            f"PostgreSQL, {parts} × (1 + {of['replicas']:.0f} replica)",
            f"{database_cores(of, need)} cores each",
            database_cores(of, need) * parts * copies * of["usd_database_core"],
        ),
        Line("its disks", f"{stored * copies / 1000:,.1f} TB", stored * copies * of["usd_disk_gb"]),
        Line("old partitions, object storage", f"{old / 1000:,.1f} TB", old * of["usd_archive_gb"]),
        Line("Redis", f"{parts} × 2 nodes", parts * 2 * of["usd_redis"]),
        Line("load balancers", f"{parts}", parts * of["usd_balancer"]),
        Line("traffic out", f"{egress / 1000:,.1f} TB", egress * of["usd_egress_gb"]),
        Line("logs, metrics, backups", f"{of['overhead']:.0%} of the above", 0.0),
    ]


def database_cores(of: Inputs, need: Needs) -> int:
    return max(2, math.ceil(need.database_cores / cells(of)))


def month(of: Inputs) -> list[Line]:
    """Machines, the overhead on them, and what Meta asks, last."""
    *lines, overhead = machines(of)
    extra = sum(line.usd for line in lines) * of["overhead"]
    messages = needs(of).turns_a_day * MONTH * of["replies"] * of["delivered"]
    free = of["organisations"] * of["free_service_messages"]
    fees = max(0.0, messages - free) * of["usd_service_message"]
    return [
        *lines,
        Line(overhead.what, overhead.amount, extra),
        Line("Meta, replies delivered", f"{messages / 1e6:,.0f} million", fees),
    ]
