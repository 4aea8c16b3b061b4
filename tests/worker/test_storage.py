"""What lies in folders: counted once, under the name it belongs to, in a time that has an end."""

from __future__ import annotations

import os
from pathlib import Path

from callcenterd.worker.pool import Worker
from callcenterd.worker.storage import Measured, measure

NOW = 1_800_000_000.0


def lay(path: Path, octets: int, at: float = NOW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * octets)
    os.utime(path, (at, at))
    return path


def test_a_folder_within_another_is_counted_under_its_own_name(tmp_path: Path) -> None:
    lay(tmp_path / "recordings/2026/a", 100, NOW - 50)
    lay(tmp_path / "recordings/2026/b", 10, NOW - 1)
    lay(tmp_path / "one", 1)
    apart = lay(tmp_path / "callcenter.db", 5000)
    found = measure({"recordings": [tmp_path / "recordings"], "other": [tmp_path]}, [apart], NOW - 10, 60.0)
    disk = tmp_path.stat().st_dev
    assert found.of == {
        "recordings": Measured(2, 110, 10, NOW - 50, disk, whole=True),
        "other": Measured(1, 1, 1, NOW, disk, whole=True),
    }
    assert found.disks[disk].total > found.disks[disk].free > 0


def test_a_folder_may_be_a_link_to_another_disk_and_no_other_link_is_followed(tmp_path: Path) -> None:
    lay(tmp_path / "elsewhere/a", 7)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/recordings").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/loop").symlink_to(tmp_path)
    (tmp_path / "elsewhere/b").symlink_to("a")
    folders = {"recordings": [tmp_path / "data/recordings"], "other": [tmp_path / "data"]}
    found = measure(folders, [], 0.0, 60.0).of
    assert (found["recordings"].files, found["recordings"].octets) == (1, 7)
    assert found["other"].files == 0


def test_what_is_not_there_takes_nothing(tmp_path: Path) -> None:
    assert measure({"imports": [tmp_path / "none"]}, [], 0.0, 60.0).of == {"imports": Measured()}


def test_what_is_not_seen_in_time_or_among_the_most_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    for n in range(5):
        lay(tmp_path / f"a/{n}", 1)
        lay(tmp_path / f"b/{n}", 1)
    folders = {"a": [tmp_path / "a"], "b": [tmp_path / "b"]}
    late = measure(folders, [], 0.0, -1.0).of
    assert (late["a"].files, late["a"].whole, late["b"].whole) == (0, False, False)
    many = measure(folders, [], 0.0, 60.0, most=7).of
    assert (many["a"].files, many["a"].whole, many["b"].files, many["b"].whole) == (5, True, 2, False)


async def test_it_is_a_job_for_a_process_of_its_own(tmp_path: Path) -> None:
    lay(tmp_path / "a", 3)
    worker = Worker()
    worker.start()
    try:
        found = await worker.run(measure, {"a": [tmp_path]}, [], 0.0, 60.0)
    finally:
        await worker.stop()
    assert found.of["a"].octets == 3
