"""That the bench itself works: a second of it on SQLite, with every reply the expected one. It judges no figure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from tests.bench.servers import ROOT


@pytest.mark.timeout(120)
def test_a_second_of_turns(tmp_path: Path) -> None:
    words = ("--only", "sqlite", "--seconds", "1", "--warm-up", "0.2", "--repeat", "1", "--people", "3")
    command = [sys.executable, "-m", "tests.bench", *words, "--json", str(tmp_path / "told.json")]
    bench = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        assert bench.wait(110) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(bench.pid, signal.SIGKILL)
    row = orjson.loads((tmp_path / "told.json").read_bytes())["rows"]["sqlite"]
    assert row["turns_per_second"] > 0
    assert [row[wrong] for wrong in ("lost", "refused", "wrong", "surplus", "unfinished")] == [0] * 5
