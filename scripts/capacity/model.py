"""What a load needs and where it ends: unit costs, multiplied, and nothing else. Rates are per second, at the peak."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scripts.capacity.inputs import Inputs

DAY = 86_400
MONTH = 30
"""Days."""
PAGE = 8192
"""Bytes of a page of PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Of the whole load, however it is divided."""

    turns: float
    """A second at the peak."""
    core_turns: float
    """Turns a second that one busy core carries."""
    app_cores: int
    database_cores: int
    processes: int
    connections: int
    webhook_calls: float
    graph_calls: float
    commits: float
    wal_mb: float
    whole_pages_mb: float
    """Of it pages written whole because they are touched for the first time since a checkpoint."""
    redis_commands: float
    redis_rings: float
    """Rings that Redis hands on: each to every process."""
    network_mbit: float
    turns_a_day: float
    people_gb: float
    log_gb_a_day: float
    log_gb_kept: float
    """Log-like tables when nothing grows any more: what comes is as much as what retention takes away."""
    log_gb_hot: float
    """Of it what the last months need on fast disks; the rest is old partitions."""
    rows_to_forget: float
    """Rows a second that retention must delete, day and night."""
    organisations_a_batch: float


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Where one installation (one PostgreSQL, one Redis) ends, or one number."""

    what: str
    turns: float
    why: str
    remedy: str


def shares(organisations: int, skew: float) -> list[float]:
    """Zipf: the share of all traffic of each organisation, the biggest first."""
    weights = [1 / rank**skew for rank in range(1, organisations + 1)]
    total = sum(weights)
    return [weight / total for weight in weights]


def needs(of: Inputs) -> Needs:
    turns = of["messages_per_second"]
    core_turns = 1000 / of["app_cpu_ms"]
    app_cores = math.ceil(turns / core_turns / of["utilisation"])
    calls = 1 + of["statuses"] / of["statuses_a_call"]
    whole = _whole_pages_mb(of)
    daily = turns * of["mean_of_peak"] * DAY
    logs = _log_bytes(of)
    return Needs(
        turns=turns,
        core_turns=core_turns,
        app_cores=app_cores,
        database_cores=math.ceil(turns * of["store_cpu_ms"] / 1000 / of["utilisation"]),
        processes=app_cores,
        connections=math.ceil(app_cores * of["connections_a_process"]),
        webhook_calls=turns * calls,
        graph_calls=turns * of["replies"],
        commits=turns * of["commits"],
        wal_mb=turns * of["wal_bytes"] / 1e6 + whole,
        whole_pages_mb=whole,
        redis_commands=turns * (of["redis_scripts"] + of["redis_rings"]),
        redis_rings=turns * of["redis_rings"] * app_cores,
        network_mbit=turns * (of["message_bytes"] + of["reply_bytes"] + of["statuses"] * of["status_bytes"]) * 8 / 1e6,
        turns_a_day=daily,
        people_gb=of["people"] * of["person_bytes"] * of["bloat"] / 1e9,
        log_gb_a_day=daily * sum(size for size, _ in logs) / 1e9,
        log_gb_kept=daily * sum(size * days for size, days in logs) / 1e9,
        log_gb_hot=daily * sum(size * min(days, of["hot_days"]) for size, days in logs) / 1e9,
        rows_to_forget=daily * (of["event_rows"] + of["communication_rows"] + of["step_rows"]) / DAY,
        organisations_a_batch=_organisations_a_batch(of),
    )


def _log_bytes(of: Inputs) -> list[tuple[float, float]]:
    """Bytes a turn of each log-like table, and for how many days they are kept. Wording goes before its row does."""
    row = of["communication_bytes"] - of["wording_bytes"]
    return [
        (of["event_rows"] * of["event_bytes"] * of["bloat"], of["events_days"]),
        (of["communication_rows"] * row * of["bloat"], of["communications_days"]),
        (of["communication_rows"] * of["wording_bytes"], of["wording_days"]),
        (of["step_rows"] * of["step_bytes"] * of["bloat"], of["steps_days"]),
    ]


def _whole_pages_mb(of: Inputs) -> float:
    """A page that is touched for the first time since a checkpoint goes into the WAL whole. People are scattered over
    the pages of their tables, so each turn throws darts; few hit a page twice."""
    pages = of["people"] * of["person_bytes"] * of["bloat"] / PAGE
    darts = of["messages_per_second"] * of["checkpoint_seconds"] * of["scattered_pages"]
    touched = pages * -math.expm1(-darts / pages)
    return touched * PAGE * of["page_compression"] / of["checkpoint_seconds"] / 1e6


def _organisations_a_batch(of: Inputs) -> float:
    people = int(of["batch_people"])
    return math.fsum(1 - (1 - share) ** people for share in shares(int(of["organisations"]), of["skew"]))


def ceilings(of: Inputs) -> list[Ceiling]:
    """The lowest first."""
    need = needs(of)
    safe = of["utilisation"]
    per_turn_wal = need.wal_mb / need.turns
    fan_out = math.sqrt(of["redis_handed_on"] * need.core_turns * safe / of["redis_rings"])
    found = [
        Ceiling(
            "One number at Meta's default, 80/s",
            of["number_default"] / (1 + of["replies"]),
            "what comes in and what goes out counts together",
            "the upgrade to 1,000/s (Meta gives it by itself); a second number",
        ),
        Ceiling(
            "One number at Meta's top tier, 1,000/s",
            of["number_top"] / (1 + of["replies"]),
            "the same",
            "a second number",
        ),
        Ceiling(
            "Connections of PostgreSQL",
            of["max_connections"] / of["connections_a_process"] * need.core_turns * safe,
            f"{of['connections_a_process']:g} a process, and the pool may take "
            f"{of['pool_most']:g}: {of['max_connections'] / of['pool_most']:.0f} processes on a bad day",
            "PgBouncer; several installations",
        ),
        Ceiling(
            "Looking for mail",
            of["claim_window"] / of["batch_people"] * need.core_turns,
            f"a claim looks at the {of['claim_window']:.0f} oldest pending events, a batch locks "
            f"{of['batch_people']:.0f} people: with a backlog no more than ten workers find work",
            "a window that grows with the workers; several installations",
        ),
        Ceiling(
            "Rings of Redis",
            fan_out,
            "every ring is handed to every process: it grows with the square of the load",
            "a ring at most every 10 ms a process; a channel for each group of organisations",
        ),
        Ceiling(
            "CPU of PostgreSQL",
            of["database_cores"] * safe * 1000 / of["store_cpu_ms"],
            f"{of['database_cores']:.0f} cores at {safe:.0%}",
            "several installations",
        ),
        Ceiling(
            "WAL", of["wal_disk_mb"] * safe / per_turn_wal,
            f"{of['wal_disk_mb']:.0f} MB/s of disk and of replication", "several installations; longer checkpoints",
        ),
        Ceiling(
            "Commits", of["commits_most"] * safe / of["commits"],
            f"{of['commits_most']:,.0f} a second, some of which share an fsync", "several installations",
        ),
        Ceiling(
            "Pacing in Redis", 1e6 * safe / of["redis_us"],
            "one core runs all scripts", "Redis Cluster, keys by number",
        ),
    ]  # fmt: skip
    return sorted(found, key=lambda ceiling: ceiling.turns)


def days_until_full(of: Inputs) -> float:
    """Until the log-like tables fill the biggest disk of one PostgreSQL, if the peak comes every day."""
    need = needs(of)
    return max(0.0, of["database_disk_gb"] - need.people_gb) / need.log_gb_a_day
