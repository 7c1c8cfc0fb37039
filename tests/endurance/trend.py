"""Does a row of readings rise? The median of all slopes between two of them (Theil-Sen): spikes do not count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

HOUR = 3600.0
SHARE = 0.05
"""A rise of so much of the usual value within an hour is still flat..."""
COARSE_MB = 4.0
"""... and so is one over the whole span that is too small to tell from chance: so many MB..."""
COARSE_COUNT, COARSE_SHARE = 2.0, 0.2
"""... or, of what is counted, two, or that share of the usual number..."""
SPREAD = (0.1, 0.9)
"""... or as much as the readings lie apart anyway, the highest and the lowest tenth left out: tasks come and go with
the load of the moment."""


@dataclass(frozen=True, slots=True)
class Trend:
    usual: float
    lowest: float
    highest: float
    an_hour: float
    """How much it rises in an hour, in its own unit."""
    flat: bool


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Units per second; 0 of fewer than two points in time."""
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1]
    return median(slopes) if slopes else 0.0


def spread(readings: Sequence[float]) -> float:
    ordered = sorted(readings)
    low, high = (ordered[int(share * (len(ordered) - 1))] for share in SPREAD)
    return high - low


def trend(name: str, points: Sequence[tuple[float, float]]) -> Trend:
    """`points` are (seconds, reading). A fall is flat: memory that is given back is no leak."""
    readings = [reading for _, reading in points]
    usual, rises = median(readings), slope(points)
    span = points[-1][0] - points[0][0]
    coarse = COARSE_MB if name.endswith("_mb") else max(COARSE_COUNT, usual * COARSE_SHARE)
    coarse = max(coarse, spread([reading - rises * at for at, reading in points]))
    flat = rises * HOUR <= usual * SHARE or rises * span <= coarse
    return Trend(usual, min(readings), max(readings), rises * HOUR, flat)
