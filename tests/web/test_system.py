"""How well the server is, what lies on its disk, what it logs, and whose work is in it: true figures, for whom they are
meant, within their bounds."""

from __future__ import annotations

import dataclasses
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import callcenterd
from callcenterd import licences, logs
from callcenterd.model.calls import RecordingRecord
from callcenterd.model.ids import CallId, RecordingId, TrunkName
from callcenterd.web.health import WATCH
from callcenterd.web.office import CertificateNow, TrunkNow
from callcenterd.web.system_storage import STORAGE, Storage
from tests.kit.virtual import VirtualClock
from tests.web.house import STAMP, House
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask

DAY = 86_400.0
PATHS = ("/system/health", "/system/storage", "/system/log", "/system/log/file", "/system/licences")


async def told(office: House, path: str, login: str = "root") -> dict[str, Any]:
    status, said = await ask(office, login, "GET", path)
    assert status == 200, said
    return dict(said)


@pytest.mark.parametrize("path", PATHS)
async def test_it_is_the_affair_of_administrators(office: House, path: str) -> None:
    for login in ("1001", "boss", "chief"):
        answer = await office.client.get(f"/api/v1{path}", headers=await office.as_(login))
        assert answer.status == 403
    assert (await office.client.get(f"/api/v1{path}")).status == 401
    assert (await office.client.get(f"/api/v1{path}", headers=await office.as_("root"))).status == 200


# ---- how well it is -----------------------------------------------------------------------------------------------


async def checks(office: House) -> dict[str, dict[str, Any]]:
    said = await told(office, "/system/health")
    found = {check["name"]: check for check in said["checks"]}
    order = ("off", "ok", "warn", "fault")
    assert said["state"] == max((check["state"] for check in found.values()), key=order.index)
    return found


async def test_every_figure_is_the_offices_own(office: House) -> None:
    office.comes()
    found = await checks(office)
    said = await told(office, "/system/health")
    assert said["version"] == callcenterd.__version__
    assert said["started_at"] == STAMP.isoformat().replace("+00:00", "Z")
    assert 10_000_000 < said["memory"] < 10_000_000_000
    assert found["trunks"]["figures"] == {"up": 0, "down": 1, "unknown": 0}
    assert (found["trunks"]["state"], found["trunks"]["names"]) == ("fault", ["telecom"])
    assert found["phones"]["figures"] == {"registered": 1, "pages": 0, "extensions": 3}
    assert found["calls"]["figures"]["live"] == 1
    assert found["sound"]["figures"] | {"stopped": 0.0} == {
        "late_ms": 0.4,
        "work_ms": 0.6,
        "stopped": 0.0,
        "skipped": 0,
        "faults": 0,
        "legs": 2,
    }
    assert found["workers"]["figures"]["waiting"] == 3
    assert found["gateway"]["names"] == ["idle"]
    assert found["web_certificate"]["state"] == found["sip_certificate"]["state"] == "off"
    assert found["recordings"]["state"] == "ok"


async def test_a_database_is_as_large_as_its_files_and_its_writes_took_time(office: House, tmp_path: Path) -> None:
    for n in range(3):
        await office.office.store.audit.append(STAMP, "root", "log.exported", f"logs/{n}")
    database = (await checks(office))["database"]
    files = sum(path.stat().st_size for path in tmp_path.glob("callcenter.db*"))
    assert database["figures"]["octets"] == files > 100_000
    assert 0 < database["figures"]["write_ms"] <= database["figures"]["write_ms_worst"]
    assert database["figures"]["question_ms"] > 0
    assert (database["state"], database["names"]) == ("ok", ["sqlite"])


async def test_a_database_that_does_not_answer_is_a_fault_and_the_rest_is_told(office: House) -> None:
    async def silent() -> None:
        raise TimeoutError

    office.office.store.check = silent  # type: ignore[method-assign]  # as a database that is gone
    found = await checks(office)
    assert found["database"]["state"] == "fault"
    assert found["database"]["figures"]["question_ms"] is None
    assert found["phones"]["state"] == "ok"


async def test_signs_change_with_the_figures(office: House) -> None:
    assert (await checks(office))["sound"]["state"] == "ok"
    office.ticks.late_ms_p99 = 37.0
    office.gateway.state = "down"
    office.app[WATCH].look(office.office.clock.monotonic(), late=61.0)
    office.board.drain()
    found = await checks(office)
    assert {name: found[name]["state"] for name in ("sound", "gateway", "loop", "calls")} == {
        "sound": "warn",
        "gateway": "warn",
        "loop": "warn",
        "calls": "warn",
    }
    assert found["loop"]["figures"]["late"] == 61.0
    assert found["sound"]["figures"]["late_ms"] == 37.0


async def test_one_trunk_of_several_that_is_down_is_no_fault_yet(office: House) -> None:
    office.trunks[TrunkName("mobile")] = TrunkNow("up")
    shown = (await checks(office))["trunks"]
    assert (shown["state"], shown["names"]) == ("warn", ["telecom"])
    office.trunks.clear()
    assert (await checks(office))["trunks"]["state"] == "off"


@pytest.mark.parametrize(("days", "state"), [(31.0, "ok"), (29.0, "warn"), (0.5, "warn"), (-1.0, "fault")])
async def test_a_certificate_is_a_fault_when_it_has_run_out(office: House, days: float, state: str) -> None:
    until = office.office.clock.utc() + timedelta(days=days)
    office.certificates.append(CertificateNow("sip", until, self_made=False))
    found = await checks(office)
    shown = found["sip_certificate"]
    assert (shown["state"], found["web_certificate"]["state"]) == (state, "off")
    assert shown["figures"]["days"] == pytest.approx(days, abs=0.01)
    assert shown["at"][:19] == until.isoformat()[:19]


# ---- what lies on the disk ----------------------------------------------------------------------------------------


def lay(path: Path, octets: int, days_ago: float, now: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * octets)
    os.utime(path, (now - days_ago * DAY,) * 2)


async def keep_message(office: House, octets: int) -> None:
    """A message of a caller: its sound lies among the recordings."""
    store, at, call = office.office.store, office.office.clock.utc(), "20261101-080000-000001"
    await office.keep_call(call)
    name = RecordingId(f"{call}-9")
    path = f"2026/11/01/{name}.wav"
    lay(office.recordings / path, octets, 0.0, at.timestamp())
    await store.recordings.begin(RecordingRecord(id=name, call_id=CallId(call), path=path, started_at=at))
    await store.recordings.finish(name, finished_at=at, seconds=1.0, octets=octets, sha256="", complete=True)
    await store.voicemail.add(CallId(call), None, name, "13800000001", at, seconds=1.0)


async def test_each_kind_of_thing_takes_what_its_files_take(office: House, tmp_path: Path) -> None:
    now = office.office.clock.utc().timestamp()
    lay(office.recordings / "2026/11/01/a.opus", 70_000, 2.0, now)
    lay(office.recordings / "2026/10/01/b.opus", 5_000, 40.0, now)
    lay(tmp_path / "attachments/aa/one", 3_000, 3.0, now)
    lay(tmp_path / "stray.bin", 11, 0.5, now)
    (tmp_path / "attachments/aa/link").symlink_to("/etc")
    await keep_message(office, 400)
    said = await told(office, "/system/storage")
    items = {one["name"]: one for one in said["items"]}
    assert {name: items[name]["octets"] for name in ("recordings", "voicemail", "attachments")} == {
        "recordings": 75_000,
        "voicemail": 400,
        "attachments": 3_000,
    }
    assert (items["recordings"]["files"], items["voicemail"]["files"], items["attachments"]["files"]) == (2, 1, 1)
    assert items["recordings"]["octets_a_day"] == pytest.approx(10_000, rel=0.001)  # 70,000 in seven days
    assert items["attachments"]["octets_a_day"] == pytest.approx(1_000, rel=0.01)  # there are none older than three
    assert items["prompts"]["octets"] == 0
    flows = sum(path.stat().st_size for path in office.flows.iterdir())
    assert items["other"]["octets"] == 11 + flows  # the database is not counted twice
    assert items["other"]["octets_a_day"] is None  # of half a day nothing can be said
    files = sum(path.stat().st_size for path in tmp_path.glob("callcenter.db*"))
    assert items["database"]["octets"] == pytest.approx(files, rel=0.2)
    assert items["database"]["octets_a_day"] is None
    assert all(one["whole"] for one in items.values())


async def test_days_are_left_until_the_alarm(office: House) -> None:
    now = office.office.clock.utc().timestamp()
    lay(office.recordings / "2026/11/01/a.opus", 7_000_000, 2.0, now)
    lay(office.recordings / "2026/10/01/b.opus", 1, 40.0, now)
    fresh = Storage(office.office)
    [not_yet] = (await fresh.now()).disks
    assert (not_yet.octets_a_day, not_yet.days_left) == (None, None)  # the flows' files are of this minute
    lay(office.flows / "main.yaml", 10, 40.0, now)
    [disk] = (await told(office, "/system/storage"))["disks"]
    usage = os.statvfs(office.recordings)
    assert disk["total"] == usage.f_blocks * usage.f_frsize
    assert disk["octets_a_day"] == pytest.approx(1_000_000, rel=0.001)
    assert disk["keep_free"] == 1_000_000
    assert disk["days_left"] == pytest.approx((disk["free"] - 1_000_000) / 1_000_000, rel=0.001)


async def test_the_disk_is_asked_once_a_minute_however_many_ask(office: House) -> None:
    clock = VirtualClock()
    storage = Storage(dataclasses.replace(office.office, clock=clock))
    first = await storage.now()
    lay(office.recordings / "a.opus", 100, 0.0, 0.0)
    clock.move(59.0)
    assert await storage.now() is first
    clock.move(1.0)
    second = await storage.now()
    octets = {one.name: one.octets for one in second.items}
    assert octets["recordings"] == 100
    assert isinstance(office.app[STORAGE], Storage)


# ---- what it logs -------------------------------------------------------------------------------------------------


def say(office: House, level: str, event: str, logger: str = "callcenterd.sip.endpoint", **more: Any) -> None:
    fields = logs.hide_secrets(None, level, {"level": level, "event": event, "logger": logger, **more})
    office.office.premises.log.add(office.office.clock.utc(), fields)


async def test_lines_are_found_by_level_part_and_text(office: House) -> None:
    say(office, "info", "call answered", "callcenterd.switchboard.board", call="c1", caller="13812345678")
    say(office, "warning", "trunk down", trunk="telecom")
    say(office, "error", "request failed", "callcenterd.web.answers", exception="Traceback\n  Boom: at last")
    say(office, "info", "from elsewhere", "aiohttp.server")

    async def events(query: str) -> list[str]:
        return [line["event"] for line in (await told(office, f"/system/log?{query}"))["items"]]

    assert await events("") == ["from elsewhere", "request failed", "trunk down", "call answered"]
    assert await events("level=warning") == ["request failed", "trunk down"]
    assert await events("part=sip") == ["trunk down"]
    assert await events("text=TELECOM") == ["trunk down"]
    assert await events("text=boom") == ["request failed"]
    assert await events("after=2&before=4") == ["request failed"]
    assert await events("limit=1") == ["from elsewhere"]
    said = await told(office, "/system/log?limit=1")
    assert (said["total"], said["newest"], said["parts"]) == (4, 4, ["aiohttp", "sip", "switchboard", "web"])
    assert said["since"] == STAMP.isoformat().replace("+00:00", "Z")  # the start: nothing is forgotten
    assert said["items"][0]["details"] == {}


async def test_no_secret_comes_out(office: House) -> None:
    say(office, "error", "sign-in failed", password="geheim-1", url="postgresql://me:geheim-2@db/x", pin="geheim-3")
    say(office, "error", "headers", headers={"Authorization": "geheim-4", "Set-Cookie": "geheim-5"})
    say(office, "error", "failed", exception="OSError: sip://1001:geheim-6@host")
    for path in ("/api/v1/system/log", "/api/v1/system/log/file", "/api/v1/system/log?text=geheim"):
        text = await (await office.client.get(path, headers=await office.as_("root"))).text()
        assert "geheim-" not in text
    assert "***" in await (await office.client.get("/api/v1/system/log", headers=await office.as_("root"))).text()
    assert (await told(office, "/system/log?text=geheim"))["total"] == 0


async def test_what_is_hidden_from_a_role_is_hidden_in_the_log(office: House) -> None:
    say(office, "info", "call answered", caller="13812345678")
    await set_role(office, "manager", give=["system"], hidden=["phone"])
    for path in ("/api/v1/system/log", "/api/v1/system/log/file"):
        text = await (await office.client.get(path, headers=await office.as_("chief"))).text()
        assert "call answered" in text
        assert "13812345678" not in text


async def test_only_the_newest_are_kept_and_it_is_said_since_when(office: House) -> None:
    log = office.office.premises.log
    for n in range(log.most + 5):
        log.add(STAMP + timedelta(seconds=n), {"level": "info", "event": f"line {n}", "logger": "callcenterd.sip"})
    said = await told(office, "/system/log?limit=1000")
    assert (said["total"], len(said["items"]), said["newest"]) == (log.most, 1000, log.most + 5)
    assert said["since"] == (STAMP + timedelta(seconds=5)).isoformat().replace("+00:00", "Z")
    assert log.forgotten() == 5


async def test_a_line_is_cut_and_begins_no_line_of_its_own(office: House) -> None:
    say(office, "info", "x" * 5000 + "\n2026 error all is lost", deep={"a": "y" * 5000}, exception="t\n" * 9000 + "end")
    [line] = (await told(office, "/system/log"))["items"]
    assert len(line["event"]) == 1000
    assert len(line["details"]["deep"]) == 500
    assert len(line["trace"]) == 6000
    assert line["trace"].endswith("end")
    say(office, "info", "caller\n2026-01-01 error all is lost\u2028so")
    answer = await office.client.get("/api/v1/system/log/file?after=1", headers=await office.as_("root"))
    assert len((await answer.text()).splitlines()) == 1


async def test_the_log_is_taken_as_a_text_the_oldest_first_and_that_stands_in_the_trail(office: House) -> None:
    say(office, "info", "first", call="c1")
    say(office, "error", "second", exception="Traceback\nBoom")
    answer = await office.client.get("/api/v1/system/log/file", headers=await office.as_("root"))
    assert answer.content_type == "text/plain"
    assert re.fullmatch(r'attachment; filename="callcenterd-\d{8}-\d{6}\.log"', answer.headers["Content-Disposition"])
    lines = (await answer.text()).splitlines()
    assert [line.partition(" ")[2] for line in lines[:2]] == ["info    sip: first call=c1", "error   sip: second"]
    assert lines[2:] == ["    Traceback", "    Boom"]
    [entry], _ = await office.office.store.audit.search(what="log.exported")
    assert (entry.who, entry.details["lines"]) == ("root", 2)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "level=loud", "after=-1", "before=0", "text=" + "x" * 101, "page=2", "part=%00"]
)
async def test_what_cannot_be_asked_is_refused(office: House, query: str) -> None:
    answer = await office.client.get(f"/api/v1/system/log?{query}", headers=await office.as_("root"))
    assert answer.status == 422


# ---- whose work it is ---------------------------------------------------------------------------------------------


def plain(name: str) -> str:
    """As package indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


async def test_every_library_that_is_needed_is_named_with_its_licence(office: House) -> None:
    (office.pages / licences.PAGES_FILE).write_text(
        '[{"name": "vue", "version": "3.5.1", "licence": "MIT", "home": "https://vuejs.org"},'
        ' {"name": "odd", "version": "1", "licence": "MIT", "home": "javascript:alert(1)"}]'
    )
    said = await told(office, "/system/licences")
    parts = {(one["kind"], plain(one["name"])): one for one in said["items"]}
    named = Path("setup.cfg").read_text("utf-8").partition("install_requires =")[2].partition("\n\n")[0]
    for line in named.split():
        name = re.split(r"[\[><=]", line)[0].lower()
        assert parts["server", plain(name)]["licence"], name
        assert parts["server", plain(name)]["version"]
    assert ("server", "greenlet") in parts  # by SQLAlchemy[asyncio]
    assert ("server", "pytest") not in parts  # it is here, and not for the server
    assert parts["pages", "vue"] == {
        "kind": "pages",
        "name": "vue",
        "version": "3.5.1",
        "licence": "MIT",
        "home": "https://vuejs.org",
    }
    assert parts["pages", "odd"]["home"] == ""
    assert any(kind == "sounds" for kind, _ in parts)
    assert (said["version"], said["licence"]) == (callcenterd.__version__, "MIT")
    assert said["text"] == Path("LICENSE").read_text("utf-8")
    assert said["total"] == len(said["items"])


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": 3}]', '[{"version": "1"}]'])
def test_a_list_of_the_pages_parts_that_cannot_be_read_stops_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / licences.PAGES_FILE).write_text(text)
    assert all(part.kind != "pages" for part in licences.parts(tmp_path))
