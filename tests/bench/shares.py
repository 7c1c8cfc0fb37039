"""A share of a core for a process, by Linux's control groups: two slow workers beside one tell on two cores what whole
ones would tell on four.

Sources: kernel documentation, "CFS Bandwidth Control" (version 1) and "Control Group v2", `cpu.max`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PERIOD = 10_000
"""Microseconds in which a share is used up and given anew: short, so that a process is slow rather than away."""
ROOT = Path("/sys/fs/cgroup")


@contextmanager
def limited(pid: int, share: float, root: Path = ROOT) -> Iterator[None]:
    """The process and its children to come, with `share` of a core. OSError where this system does not let us."""
    top, files = _place(root, round(share * PERIOD))
    group = top / f"balcao-bench-{pid}"
    group.mkdir()
    try:
        for name, value in files.items():
            (group / name).write_text(value)
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        with suppress(OSError):  # It may have ended.
            (top / "cgroup.procs").write_text(str(pid))
        with suppress(OSError):
            group.rmdir()


def _place(root: Path, quota: int) -> tuple[Path, dict[str, str]]:
    """Where groups are made, and what to write into one."""
    if (root / "cpu" / "cgroup.procs").exists():
        return root / "cpu", {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": str(quota)}
    if "cpu" in (root / "cgroup.subtree_control").read_text().split():
        return root, {"cpu.max": f"{quota} {PERIOD}"}
    raise PermissionError(f"no control of cores at {root}")
