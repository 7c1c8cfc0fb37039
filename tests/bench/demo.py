"""How long `balcao demo` takes from its start to its first answered page."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request

from scripts.services import free_port
from tests.bench.servers import BALCAO, ROOT, Place
from tests.bot.processes import bare


def start_seconds(place: Place) -> float:
    """One start, its database new, on the servers' core."""

    def settle() -> None:
        if place.ours is not None:
            os.sched_setaffinity(0, {place.ours})

    begun = time.monotonic()
    with subprocess.Popen(
        [*BALCAO, "demo", "--port", str(free_port())], env=bare({}), cwd=ROOT, preexec_fn=settle,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as child:  # fmt: skip
        try:
            told = child.stdout.readline() if child.stdout else ""
            address = next(word for word in told.split() if word.startswith("http"))
            with urllib.request.urlopen(address) as page:  # noqa: S310 - our own address
                page.read()
            return time.monotonic() - begun
        finally:
            child.terminate()
