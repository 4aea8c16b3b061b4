"""Publishing: a file is written whole, never over somebody's change, and every version is kept."""

from __future__ import annotations

import pickle
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenterd.errors import FaultyFile, NotFound, Refused
from callcenterd.ivr.editing import ChangedMeanwhile, FlowDesk, attempt, put, read
from callcenterd.ivr.shelf import Flows
from callcenterd.model.ids import FlowName
from callcenterd.store.database import Store
from callcenterd.worker.pool import Worker
from tests.kit.database import with_tables
from tests.kit.virtual import VirtualClock

MAIN = FlowName("main")
FIRST = "# ours\nflow: main\nstart: a\nnodes:\n  a: {say: one}  # said\n"
SECOND = FIRST.replace("one", "two")


class Desk:
    """A folder with one flow in service, a worker, a store, and the desk."""

    def __init__(self, folder: Path, store: Store, worker: Worker) -> None:
        self.file = folder / "main.yaml"
        self.store = store
        self.flows = Flows(folder, worker)
        self.desk = FlowDesk(folder, self.flows, store, worker, VirtualClock(), self.load)

    async def load(self) -> None:
        await self.flows.load()
        await self.desk.take_up()

    async def base(self) -> str:
        return (await self.desk.open(MAIN)).checksum

    async def told(self) -> list[str]:
        versions, _ = await self.store.flows.versions(MAIN)
        return [f"{version.number} {version.how} {version.by} {version.note}".strip() for version in versions]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "main.yaml").write_text(FIRST, encoding="utf-8")
    worker = Worker()
    worker.start()
    store = await Store.open(with_tables(tmp_path / "callcenter.db"), clock=VirtualClock())
    desk = Desk(folder, store, worker)
    await desk.load()
    yield desk
    await store.close()
    await worker.stop()


async def test_what_is_published_is_in_the_file_in_service_and_kept(desk: Desk) -> None:
    version = await desk.desk.publish(MAIN, SECOND, base=await desk.base(), by="root", note="softer")
    assert (version.number, version.how) == (2, "published")
    assert desk.file.read_text(encoding="utf-8") == SECOND
    assert "two" in str(desk.flows.prompts("en"))
    assert await desk.told() == ["2 published root softer", "1 by_hand"]
    assert (await desk.store.flows.version(MAIN, 1)).text == FIRST


async def test_a_file_that_was_changed_meanwhile_is_not_written_over(desk: Desk) -> None:
    base = await desk.base()
    by_hand = FIRST.replace("one", "by hand")
    desk.file.write_text(by_hand, encoding="utf-8")
    with pytest.raises(ChangedMeanwhile) as refused:
        await desk.desk.publish(MAIN, SECOND, base=base, by="root", note="")
    assert refused.value.text == by_hand
    assert refused.value.checksum == await desk.base()
    assert desk.file.read_text(encoding="utf-8") == by_hand
    await desk.load()
    assert await desk.told() == ["2 by_hand", "1 by_hand"]
    await desk.desk.publish(MAIN, SECOND, base=refused.value.checksum, by="root", note="both")
    assert await desk.told() == ["3 published root both", "2 by_hand", "1 by_hand"]


async def test_a_text_with_a_fault_is_not_published(desk: Desk) -> None:
    with pytest.raises(FaultyFile):
        await desk.desk.publish(MAIN, FIRST.replace("one}", "one, next: b}"), base=await desk.base(), by="r", note="")
    with pytest.raises(Refused):
        await desk.desk.publish(MAIN, FIRST.replace("main", "other"), base=await desk.base(), by="r", note="")
    assert desk.file.read_text(encoding="utf-8") == FIRST


async def test_an_old_version_comes_again(desk: Desk) -> None:
    await desk.desk.publish(MAIN, SECOND, base=await desk.base(), by="root", note="")
    version = await desk.desk.roll_back(MAIN, 1, base=await desk.base(), by="boss", note="too soft")
    assert (version.number, version.of) == (3, 1)
    assert desk.file.read_text(encoding="utf-8") == FIRST
    assert await desk.told() == ["3 rolled_back boss too soft", "2 published root", "1 by_hand"]
    with pytest.raises(NotFound):
        await desk.desk.roll_back(MAIN, 9, base=await desk.base(), by="boss", note="")


async def test_a_file_that_is_read_again_unchanged_is_no_new_version(desk: Desk) -> None:
    await desk.load()
    await desk.load()
    assert await desk.told() == ["1 by_hand"]


async def test_a_broken_file_is_no_version_and_can_be_opened_and_mended(desk: Desk) -> None:
    desk.file.write_text(FIRST.replace("start: a", "start: z"), encoding="utf-8")
    await desk.load()
    opened = await desk.desk.open(MAIN)
    assert [fault.line for fault in opened.graph.faults] == [3]
    assert "one" in str(desk.flows.prompts("en")), "the old version goes on"
    await desk.desk.publish(MAIN, SECOND, base=opened.checksum, by="root", note="")
    assert await desk.told() == ["2 published root", "1 by_hand"]


async def test_a_new_flow_gets_a_file_of_its_name(desk: Desk) -> None:
    night = FlowName("夜间")
    with pytest.raises(NotFound):
        await desk.desk.open(night)
    text = FIRST.replace("main", "夜间")
    await desk.desk.publish(night, text, base="", by="root", note="")
    assert (desk.file.parent / "夜间.yaml").read_text(encoding="utf-8") == text
    assert desk.flows.get(night) is not None
    with pytest.raises(ChangedMeanwhile):
        await desk.desk.publish(night, text, base="", by="root", note="")
    for name in ("../x", "a/b", ".hidden", ""):
        with pytest.raises(Refused):
            await desk.desk.open(FlowName(name))


def test_what_a_file_had_besides_its_text_stays(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "main.yaml"
    real.write_bytes(b"\xef\xbb\xbf" + FIRST.encode())
    real.chmod(0o640)
    link.symlink_to(real)
    text, checksum = read(link)
    assert text == FIRST
    put(link, SECOND.replace("\n", "\r\n"), checksum)
    assert link.is_symlink()
    assert real.read_bytes() == b"\xef\xbb\xbf" + SECOND.replace("\n", "\r\n").encode()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["main.yaml", "real.yaml"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(FaultyFile, match="cannot be written"):
        put(tmp_path / "gone" / "main.yaml", SECOND, "")
    (tmp_path / "full.yaml").mkdir()
    with pytest.raises(FaultyFile, match="cannot be read"):
        put(tmp_path / "full.yaml", SECOND, "")
    assert [path.name for path in tmp_path.iterdir()] == ["full.yaml"]


def test_faults_come_back_from_the_worker_as_they_were() -> None:
    def fails(fault: Exception) -> None:
        raise fault

    for fault in (ChangedMeanwhile("text", "sum"), Refused("no", {"a": "b"})):
        came = pickle.loads(pickle.dumps(attempt(fails, fault)))
        assert vars(came.fault) == vars(fault)
        assert str(came.fault) == str(fault)
