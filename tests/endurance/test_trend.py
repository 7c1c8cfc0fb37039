"""What counts as flat."""

from __future__ import annotations

import pytest

from tests.endurance.trend import trend

MINUTES = [minute * 60.0 for minute in range(60)]


@pytest.mark.parametrize(
    ("name", "readings", "flat"),
    [
        ("rss_mb", [200.0 + minute % 7 for minute in range(60)], True),
        ("rss_mb", [200.0 + minute * 0.5 for minute in range(60)], False),
        ("rss_mb", [200.0 - minute * 0.5 for minute in range(60)], True),
        ("rss_mb", [900.0 if minute == 30 else 200.0 for minute in range(60)], True),
        ("files", [30.0 + minute % 3 for minute in range(60)], True),
        ("files", [30.0 + minute / 4 for minute in range(60)], False),
        ("tasks", [0.0] * 60, True),
        ("tasks", [20.0 + minute * 0.1 + minute * 7 % 20 for minute in range(60)], True),
        ("tasks", [20.0 + minute * 0.6 + minute * 7 % 20 for minute in range(60)], False),
    ],
)
def test_what_is_flat(name: str, readings: list[float], flat: bool) -> None:
    assert trend(name, list(zip(MINUTES, readings, strict=True))).flat is flat
