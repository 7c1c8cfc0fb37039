"""What is written to the kernel, on folders that stand for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.shares import limited


def written(group: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in group.iterdir()}


def test_of_version_1(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cgroup.procs").touch()
    with limited(7, 0.2, tmp_path):
        assert written(tmp_path / "cpu" / "balcao-bench-7") == {
            "cpu.cfs_period_us": "10000", "cpu.cfs_quota_us": "2000", "cgroup.procs": "7",
        }  # fmt: skip
    assert (tmp_path / "cpu" / "cgroup.procs").read_text() == "7"


def test_of_version_2(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").write_text("cpuset cpu io\n")
    with limited(7, 0.5, tmp_path):
        assert written(tmp_path / "balcao-bench-7") == {"cpu.max": "5000 10000", "cgroup.procs": "7"}
    assert (tmp_path / "cgroup.procs").read_text() == "7"


def test_where_it_is_not_ours_to_say(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), limited(7, 0.5, tmp_path):
        pass
    (tmp_path / "cgroup.subtree_control").write_text("memory\n")
    with pytest.raises(PermissionError), limited(7, 0.5, tmp_path):
        pass
    assert not list(tmp_path.glob("balcao-bench-*"))
