"""What Balcão counts about itself, in Prometheus' form.

Only `bot` may be imported by nobody, so lower rooms are handed a `Metrics` (or any object with the methods they need)
by the wiring. With several processes, PROMETHEUS_MULTIPROC_DIR must be set before this module is imported.
Labels come from small fixed sets: never an id, a person or a text.
"""

from __future__ import annotations

import os
from functools import cache
from itertools import product

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds. Meta gives a webhook a few seconds; a turn is some milliseconds."""

WATCHED = (
    ("pix.create", "dead"),
    ("whatsapp.message", "uncertain"), ("whatsapp.code", "uncertain"), ("whatsapp.staff", "uncertain"),
)  # fmt: skip
"""What alerts count is there from the start: a counter that comes into being at one has not risen for Prometheus, and
the first event would wake nobody."""


class Metrics:
    """All metrics of one application, in their own registry. Durations and ages are seconds."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._webhook_seconds = Histogram(
            "balcao_webhook_seconds",
            "Time to store and answer a webhook call",
            ["source"],
            buckets=FAST,
            registry=registry,
        )
        self._webhooks = Counter("balcao_webhooks", "Webhook calls", ["source", "outcome"], registry=registry)
        self._unknown_numbers = Counter(
            "balcao_unknown_phone_number_ids", "Updates for a number that is not ours", registry=registry
        )
        self._mailbox_depth = _gauge("balcao_mailbox_depth", "Events waiting for a turn", registry)
        self._mailbox_age = _gauge("balcao_mailbox_oldest_seconds", "Age of the oldest waiting event", registry)
        self._turns = Counter("balcao_turns", "Turns taken", ["outcome"], registry=registry)
        self._turn_seconds = Histogram("balcao_turn_seconds", "Time of one turn", buckets=FAST, registry=registry)
        self._deliveries = Counter("balcao_deliveries", "Outbox rows tried", ["kind", "outcome"], registry=registry)
        self._notices = Counter("balcao_notices", "Notices read", ["kind"], registry=registry)
        self._parked = _gauge("balcao_parked_events", "Events set aside after failing", registry)
        self._dead = _gauge("balcao_dead_deliveries", "Deliveries given up", registry, ["kind"])
        self._stopped = _gauge("balcao_stopped_numbers", "Numbers on which nothing passes now", registry)
        self._payments = _gauge("balcao_payments", "Payments by state", registry, ["state"])
        self._steps = Counter(
            "balcao_steps", "Steps of dialogues left, by how", ["dialogue", "step", "outcome"], registry=registry
        )
        self._tasks = _own("balcao_tasks", "Asyncio tasks of this process", registry)
        self._connections = _own("balcao_database_connections", "Database connections in use by this process", registry)
        # The library makes a metric's labels out of strings anew each time; on the way in that is most of its cost.
        self._webhook_count = cache(self._webhooks.labels)
        self._webhook_time = cache(self._webhook_seconds.labels)
        for source, outcome in product(("whatsapp", "pix", "payments"), ("failed", "unsigned")):
            self._webhooks.labels(source, outcome)
        for kind, outcome in WATCHED:
            self._deliveries.labels(kind, outcome)

    def webhook(self, source: str, outcome: str, seconds: float) -> None:
        """`source`: whatsapp, pix, payments. `outcome`: accepted, unsigned, malformed, too_large, too_slow, failed."""
        self._webhook_count(source, outcome).inc()
        self._webhook_time(source).observe(seconds)

    def unknown_number(self, count: int = 1) -> None:
        self._unknown_numbers.inc(count)

    def mailbox(self, depth: int, oldest_seconds: float) -> None:
        self._mailbox_depth.set(depth)
        self._mailbox_age.set(oldest_seconds)

    def turn(self, outcome: str, seconds: float, count: int = 1) -> None:
        """`outcome`: done, retried, parked. `seconds` is the time of each of `count` turns taken together."""
        self._turns.labels(outcome).inc(count)
        for _ in range(count):
            self._turn_seconds.observe(seconds)

    def delivery(self, kind: str, outcome: str, count: int = 1) -> None:
        """`kind`: that of the outbox row. `outcome`: sent, retried, held, unknown, replaced, dead."""
        self._deliveries.labels(kind, outcome).inc(count)

    def notice(self, kind: str, many: int) -> None:
        """Statuses, account notices and payment callbacks that were worked off."""
        self._notices.labels(kind).inc(many)

    def parked(self, count: int) -> None:
        self._parked.set(count)

    def dead(self, kind: str, count: int) -> None:
        self._dead.labels(kind).set(count)

    def stopped(self, count: int) -> None:
        self._stopped.set(count)

    def payments(self, state: str, count: int) -> None:
        self._payments.labels(state).set(count)

    def step(self, dialogue: str, step: str, outcome: str) -> None:
        """`outcome`: answered, unclear, back, cancelled, abandoned."""
        self._steps.labels(dialogue, step, outcome).inc()

    def process(self, tasks: int, connections: int) -> None:
        """Of this process alone."""
        self._tasks.set(tasks)
        self._connections.set(connections)

    def render(self) -> bytes:
        """The text for `/metrics`, of all processes when there are several."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)


def _gauge(name: str, text: str, registry: CollectorRegistry, labels: list[str] | None = None) -> Gauge:
    """A gauge of the whole database, not of one process: with several, the newest reading is the true one."""
    return Gauge(name, text, labels or [], registry=registry, multiprocess_mode="livemostrecent")


def _own(name: str, text: str, registry: CollectorRegistry) -> Gauge:
    """A gauge of one process: with several, each is told with its `pid`."""
    return Gauge(name, text, registry=registry, multiprocess_mode="liveall")
