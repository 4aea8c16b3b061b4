"""Packs of evidence over HTTP: unpacked, their verifier runs alone, and sees every change."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from callcenterd.model.ids import CallId
from callcenterd.tickets.ledger import Wanted
from callcenterd.web.office import MODULES
from tests.web.house import House

SOUND = b"RIFF" + bytes(range(256)) * 20


async def office_with_a_call(office: House) -> None:
    now = office.office.clock.utc()
    await office.keep_call("c-1", started_at=now)
    name = await office.keep_recording("c-1", SOUND, finished=False)
    store = office.office.store
    await store.recordings.finish(
        name, finished_at=now, seconds=1.0, octets=len(SOUND), sha256=hashlib.sha256(SOUND).hexdigest(), complete=True
    )
    await store.recordings.settle(name, "done")
    ledger = office.app[MODULES].ledger
    await ledger.create(Wanted(kind="task", title="回电", call=CallId("c-1")), "1001")


async def pack(office: House, folder: Path, query: str = "call=c-1") -> Path:
    answer = await office.client.get(f"/api/v1/evidence/pack?{query}", headers=await office.as_("chief"))
    assert answer.status == 200, await answer.text()
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
        archive.extractall(folder)
    return folder


def verified(folder: Path, *more: str) -> tuple[int, str]:
    """As a stranger does it: another process, with nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", *more], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


async def test_a_pack_is_checked_alone_and_against_an_anchor(office: House, tmp_path: Path) -> None:
    await office_with_a_call(office)
    folder = await pack(office, tmp_path / "pack")
    assert (folder / "recordings" / "c-1-1.wav").read_bytes() == SOUND
    assert verified(folder) == (0, "everything agrees 全部一致\n")
    headers = await office.as_("chief")
    now = await (await office.client.get("/api/v1/evidence", headers=headers)).json()
    anchor = now["anchors"][0]
    assert verified(folder, "--anchor", f"{anchor['seq']}:{anchor['hash']}")[0] == 0
    assert verified(folder, "--anchor", f"{anchor['seq']}:{'0' * 64}")[0] == 1
    checked = await (await office.client.post("/api/v1/evidence/check", headers=headers, json={})).json()
    assert (checked["breaks"], checked["links"]) == ([], now["head"]["seq"])
    duty = await pack(office, tmp_path / "duty", "duty=1")
    assert verified(duty)[0] == 0


async def test_a_complaint_has_a_pack_with_its_states_steps_and_call(office: House, tmp_path: Path) -> None:
    await office_with_a_call(office)
    body = {"type": "product", "reason": "漏水", "call": "c-1"}
    answer = await office.client.post("/api/v1/complaints", json=body, headers=await office.as_("1001"))
    assert answer.status == 201, await answer.text()
    folder = await pack(office, tmp_path / "pack", f"complaint={(await answer.json())['id']}")
    kinds = {json.loads(line)["kind"] for line in (folder / "chain.jsonl").read_text("utf-8").splitlines()}
    assert kinds == {"complaint_state", "duty_step", "call", "recording"}
    assert verified(folder)[0] == 0


def _text(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), "utf-8")


def _sound(folder: Path) -> None:
    path = folder / "recordings" / "c-1-1.wav"
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def _gone(folder: Path) -> None:
    lines = (folder / "chain.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / "chain.jsonl").write_text("".join(lines[:1] + lines[2:]), "utf-8")


def _listed(folder: Path) -> None:
    """Whoever changes a file mends the list of the files as well."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    (folder / "manifest.json").write_text(json.dumps({**manifest, "files": files}), "utf-8")


TAMPERING: dict[str, Any] = {
    "a number": lambda folder: _text(folder, "records.jsonl", "13800000001", "13800000002"),
    "a time": lambda folder: _text(folder, "records.jsonl", '"kind":"created"', '"kind":"done"'),
    "sound": _sound,
    "a link": _gone,
}


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("what", TAMPERING)
async def test_what_was_changed_in_a_pack_is_seen(office: House, tmp_path: Path, what: str, listed: bool) -> None:
    await office_with_a_call(office)
    folder = await pack(office, tmp_path / "pack")
    TAMPERING[what](folder)
    if listed:
        _listed(folder)
    code, said = verified(folder)
    assert code == 1
    assert said.strip()


@pytest.mark.parametrize(
    ("query", "status"),
    [("call=nothing", 404), ("duty=99", 404), ("", 422), ("call=a&duty=1", 422), ("customer=x", 422)],
)
async def test_what_there_is_no_pack_of(office: House, query: str, status: int) -> None:
    answer = await office.client.get(f"/api/v1/evidence/pack?{query}", headers=await office.as_("root"))
    assert answer.status == status


async def test_a_check_looks_at_what_has_just_happened_too(office: House) -> None:
    await office_with_a_call(office)
    headers = await office.as_("chief")
    checked = await (await office.client.post("/api/v1/evidence/check", headers=headers, json={})).json()
    assert (checked["links"], checked["breaks"]) == (3, [])


async def test_supervisors_and_agents_get_none(office: House) -> None:
    for login in ("1001", "boss"):
        answer = await office.client.get("/api/v1/evidence", headers=await office.as_(login))
        assert answer.status == 403
