"""A town for each test, as the journeys have it: at the end nothing may have failed but what was made to fail."""

from __future__ import annotations

from tests.journeys.conftest import ana, both, stage

__all__ = ["ana", "both", "stage"]
