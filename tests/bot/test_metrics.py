"""What /metrics says after things have happened, in one process and in two."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.metrics import CONTENT_TYPE, Metrics


def lines(metrics: Metrics) -> set[str]:
    return set(metrics.render().decode().splitlines())


def test_a_webhook_is_timed_and_counted_by_outcome() -> None:
    metrics = Metrics()
    metrics.webhook("whatsapp", "accepted", 0.004)
    metrics.webhook("whatsapp", "unsigned", 0.0001)
    metrics.unknown_number(3)
    assert {
        'balcao_webhooks_total{outcome="accepted",source="whatsapp"} 1.0',
        'balcao_webhooks_total{outcome="unsigned",source="whatsapp"} 1.0',
        'balcao_webhook_seconds_bucket{le="0.005",source="whatsapp"} 2.0',
        'balcao_webhook_seconds_bucket{le="0.0025",source="whatsapp"} 1.0',
        "balcao_unknown_phone_number_ids_total 3.0",
    } <= lines(metrics)


def test_gauges_hold_the_last_reading() -> None:
    metrics = Metrics()
    metrics.mailbox(9, 1.0)
    metrics.mailbox(4, 2.5)
    metrics.parked(1)
    metrics.dead("pix.refund", 2)
    metrics.stopped(1)
    metrics.payments("paid", 7)
    assert {
        "balcao_mailbox_depth 4.0",
        "balcao_mailbox_oldest_seconds 2.5",
        "balcao_parked_events 1.0",
        'balcao_dead_deliveries{kind="pix.refund"} 2.0',
        "balcao_stopped_numbers 1.0",
        'balcao_payments{state="paid"} 7.0',
    } <= lines(metrics)


def test_turns_deliveries_and_steps_are_counted_by_outcome() -> None:
    metrics = Metrics()
    metrics.turn("done", 0.002, count=3)
    metrics.turn("parked", 0.002)
    metrics.delivery("whatsapp", "sent", count=2)
    metrics.step("signup", "cpf", "unclear")
    assert {
        'balcao_turns_total{outcome="done"} 3.0',
        'balcao_turns_total{outcome="parked"} 1.0',
        "balcao_turn_seconds_count 4.0",
        'balcao_deliveries_total{kind="whatsapp",outcome="sent"} 2.0',
        'balcao_steps_total{dialogue="signup",outcome="unclear",step="cpf"} 1.0',
    } <= lines(metrics)


def test_what_is_watched_is_there_before_it_happens() -> None:
    unsent = [f'kind="whatsapp.{kind}",outcome="uncertain"' for kind in ("message", "code", "staff")]
    failed = [f'outcome="failed",source="{source}"' for source in ("whatsapp", "pix", "payments")]
    assert {
        'balcao_webhooks_total{outcome="unsigned",source="whatsapp"} 0.0',
        'balcao_deliveries_total{kind="pix.create",outcome="dead"} 0.0',
        *(f"balcao_deliveries_total{{{labels}}} 0.0" for labels in unsent),
        *(f"balcao_webhooks_total{{{labels}}} 0.0" for labels in failed),
    } <= lines(Metrics())


def test_two_applications_in_one_process_do_not_mix() -> None:
    first, second = Metrics(), Metrics()
    first.parked(5)
    assert "balcao_parked_events 5.0" not in lines(second)
    assert CONTENT_TYPE.startswith("text/plain")


@pytest.mark.timeout(30)
def test_processes_are_added_up(tmp_path: Path) -> None:
    env = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(depth: int) -> str:
        code = (
            "from bot.metrics import Metrics; m = Metrics(); m.turn('done', 0.01, count=2);"
            f"m.mailbox({depth}, 0); print(m.render().decode())"
        )
        return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout

    run(3)
    both = run(8).splitlines()
    assert 'balcao_turns_total{outcome="done"} 4.0' in both
    assert "balcao_mailbox_depth 8.0" in both
