"""The folder of flows, read by a real worker."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenterd.ivr.shelf import Flows, read_folder
from callcenterd.model.ids import FlowName
from callcenterd.model.prompts import Speech
from callcenterd.worker.pool import Worker

MAIN, NIGHT = FlowName("main"), FlowName("night")


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker()
    worker.start()
    yield worker
    await worker.stop()


@pytest.fixture
def flows(worker: Worker, tmp_path: Path) -> Flows:
    return Flows(tmp_path, worker)


def write(folder: Path, file: str, name: str, says: str) -> Path:
    path = folder / file
    path.write_text(f"flow: {name}\nstart: a\nnodes:\n  a: {{say: {says}}}\n", encoding="utf-8")
    return path


def said(flows: Flows, name: FlowName) -> object:
    flow = flows.get(name)
    return flow.prompts("zh-CN") if flow is not None else None


async def test_every_file_of_the_folder_is_a_flow(flows: Flows, tmp_path: Path) -> None:
    write(tmp_path, "b.yaml", "main", "您好")
    write(tmp_path, "a.yml", "night", "晚上好")
    write(tmp_path, ".hidden.yaml", "hidden", "x")
    (tmp_path / "README.md").write_text("# not a flow")
    loaded = await flows.load()
    assert (loaded.flows, loaded.faults) == ((MAIN, NIGHT), ())
    assert flows.names() == (MAIN, NIGHT)
    assert flows.get(FlowName("hidden")) is None
    assert set(flows.prompts("zh-CN")) == {Speech("您好", "zh-CN"), Speech("晚上好", "zh-CN")}


async def test_a_broken_file_is_refused_with_its_line_and_its_old_version_goes_on(flows: Flows, tmp_path: Path) -> None:
    path = write(tmp_path, "main.yaml", "main", "old")
    write(tmp_path, "night.yaml", "night", "old")
    await flows.load()
    path.write_text("flow: main\nstart: a\nnodes:\n  a: {say: new, next: b}\n")
    write(tmp_path, "night.yaml", "night", "new")
    loaded = await flows.load()
    assert [str(fault) for fault in loaded.faults] == [f"{path}:4:23: nodes.a.next: there is no node b"]
    assert flows.faults() == loaded.faults
    assert loaded.flows == (MAIN, NIGHT)
    assert said(flows, MAIN) == (Speech("old", "zh-CN"),)
    assert said(flows, NIGHT) == (Speech("new", "zh-CN"),)


async def test_a_mended_file_is_in_service_again(flows: Flows, tmp_path: Path) -> None:
    path = tmp_path / "main.yaml"
    path.write_text("flow: main")
    assert (await flows.load()).flows == ()
    write(tmp_path, "main.yaml", "main", "mended")
    loaded = await flows.load()
    assert (loaded.flows, loaded.faults, flows.faults()) == ((MAIN,), (), ())


async def test_a_file_that_is_removed_takes_its_flow_out_of_service(flows: Flows, tmp_path: Path) -> None:
    path = write(tmp_path, "main.yaml", "main", "x")
    await flows.load()
    path.unlink()
    assert (await flows.load()).flows == ()


async def test_a_flow_that_is_renamed_is_there_under_its_new_name_only(flows: Flows, tmp_path: Path) -> None:
    write(tmp_path, "x.yaml", "main", "x")
    await flows.load()
    write(tmp_path, "x.yaml", "night", "x")
    assert (await flows.load()).flows == (NIGHT,)


async def test_a_call_keeps_the_version_that_it_began_with(flows: Flows, tmp_path: Path) -> None:
    write(tmp_path, "main.yaml", "main", "old")
    await flows.load()
    began_with = flows.get(MAIN)
    write(tmp_path, "main.yaml", "main", "new")
    await flows.load()
    assert began_with is not None
    assert began_with.prompts("en") == (Speech("old", "en"),)
    assert said(flows, MAIN) == (Speech("new", "zh-CN"),)


async def test_the_second_flow_of_a_name_is_refused(flows: Flows, tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "main", "first")
    write(tmp_path, "b.yaml", "main", "second")
    loaded = await flows.load()
    assert [(Path(fault.file).name, fault.line) for fault in loaded.faults] == [("b.yaml", 1)]
    assert "a.yaml already" in loaded.faults[0].reason
    assert said(flows, MAIN) == (Speech("first", "zh-CN"),)


async def test_a_folder_that_cannot_be_read_takes_nothing_out_of_service(worker: Worker, tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    flows = Flows(folder, worker)
    assert "cannot be read" in (await flows.load()).faults[0].reason
    folder.mkdir()
    write(folder, "main.yaml", "main", "x")
    await flows.load()
    folder.rename(tmp_path / "away")
    loaded = await flows.load()
    assert loaded.flows == (MAIN,)
    assert "cannot be read" in loaded.faults[0].reason


async def test_a_worker_that_cannot_work_takes_nothing_out_of_service(worker: Worker, tmp_path: Path) -> None:
    flows = Flows(tmp_path, worker)
    write(tmp_path, "main.yaml", "main", "x")
    await flows.load()
    await worker.stop()
    loaded = await flows.load()
    assert loaded.flows == (MAIN,)
    assert "worker is not running" in loaded.faults[0].reason


async def test_after_the_worker_was_killed_flows_load_as_before(worker: Worker, flows: Flows, tmp_path: Path) -> None:
    write(tmp_path, "main.yaml", "main", "x")
    await flows.load()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    await flows.load()
    assert (await flows.load()).flows == (MAIN,)


def test_files_that_are_no_text_or_folders_are_refused_and_hold_nothing_up(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00binary")
    (tmp_path / "b.yaml").mkdir()
    (tmp_path / "c.yaml").symlink_to(tmp_path / "nowhere")
    write(tmp_path, "d.yaml", "main", "x")
    reading = read_folder(tmp_path)
    assert [flow.name for flow in reading.flows] == ["main"]
    assert [Path(fault.file).name for fault in reading.faults] == ["a.yaml", "b.yaml", "c.yaml"]


async def test_flows_that_a_call_has_begun_with_stay_as_they_are(flows: Flows, tmp_path: Path) -> None:
    write(tmp_path, "main.yaml", "main", "old")
    await flows.load()
    held = flows.all()
    write(tmp_path, "main.yaml", "main", "new")
    await flows.load()
    assert held[MAIN].prompts("zh-CN") == (Speech("old", "zh-CN"),)
    assert flows.all()[MAIN].prompts("zh-CN") == (Speech("new", "zh-CN"),)
