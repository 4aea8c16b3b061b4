"""Desk phones that are set up from here."""

from __future__ import annotations

from typing import Any

import pytest

from callcenterd.web.devices import PATIENCE
from tests.web.house import House

PHONE = {"mac": "80:5E:C0:1A:2B:3C", "vendor": "yealink", "extension": "1001"}


async def made(office: House, **other: str) -> dict[str, Any]:
    said = await office.client.post("/api/v1/devices", json={**PHONE, **other}, headers=await office.as_("root"))
    assert said.status == 201, await said.text()
    created: dict[str, Any] = await said.json()
    return created


def path(created: dict[str, Any]) -> str:
    """The address without its host."""
    return f"/{'/'.join(created['address'].split('/')[3:])}{created['file']}"


async def test_a_phone_fetches_its_settings_at_its_secret_address(office: House) -> None:
    created = await made(office)
    assert created["device"]["mac"] == "805ec01a2b3c"
    fetched = await office.client.get(path(created), headers={"User-Agent": "Yealink SIP-T46U 108.86.0.20"})
    assert (fetched.status, fetched.content_type) == (200, "text/plain")
    text = await fetched.text()
    assert "account.1.user_name = 1001" in text
    assert "account.1.sip_server.1.address = 127.0.0.1" in text
    listed = await (await office.client.get("/api/v1/devices", headers=await office.as_("root"))).json()
    [device] = listed["items"]
    assert (device["fetches"], device["fetched_by"]) == (1, "Yealink SIP-T46U 108.86.0.20")
    assert device["fetched_from"] == "127.0.0.1"
    assert "token" not in device


async def test_nothing_is_handed_out_without_the_right_token_and_file(office: House) -> None:
    created = await made(office)
    right = path(created)
    for wrong in (
        right.replace(created["file"], "805ec01a2b3d.cfg"),
        right.replace(created["file"], "y000000000000.cfg"),
        f"/provision/{'A' * 32}/{created['file']}",
        f"/provision/%00/{created['file']}",
        f"/provision/x/{created['file']}",
    ):
        said = await office.client.get(wrong)
        assert (said.status, await said.text()) == (404, ""), wrong


async def test_a_new_token_ends_the_old_one_and_a_removed_phone_gets_nothing(office: House) -> None:
    created, root = await made(office), await office.as_("root")
    number = created["device"]["id"]
    renewed = await (await office.client.post(f"/api/v1/devices/{number}/token", json={}, headers=root)).json()
    assert (await office.client.get(path(created))).status == 404
    assert (await office.client.get(path(renewed))).status == 200
    assert (await office.client.delete(f"/api/v1/devices/{number}", headers=root)).status == 204
    assert (await office.client.get(path(renewed))).status == 404
    for gone in (number, 999, "x", "9" * 40):
        assert (await office.client.delete(f"/api/v1/devices/{gone}", headers=root)).status == 404
        assert (await office.client.post(f"/api/v1/devices/{gone}/token", json={}, headers=root)).status == 404


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"mac": "80:5E:C0"}, "mac"),
        ({"vendor": "cisco"}, "vendor"),
        ({"extension": "4711"}, "extension"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_faulty_entry_is_refused_with_what_is_wrong(office: House, other: dict[str, str], field: str) -> None:
    said = await office.client.post("/api/v1/devices", json={**PHONE, **other}, headers=await office.as_("root"))
    assert said.status == 422
    assert list((await said.json())["error"]["fields"]) == [field]


async def test_the_same_phone_is_there_once(office: House) -> None:
    await made(office)
    again = {**PHONE, "mac": "805ec01a2b3c", "vendor": "snom"}
    assert (await office.client.post("/api/v1/devices", json=again, headers=await office.as_("root"))).status == 409


async def test_only_administrators_see_and_make_them(office: House) -> None:
    for login in ("1001", "boss"):
        who = await office.as_(login)
        assert (await office.client.get("/api/v1/devices", headers=who)).status == 403
        assert (await office.client.post("/api/v1/devices", json=PHONE, headers=who)).status == 403


async def test_a_hostile_host_header_does_not_get_into_the_file(office: House) -> None:
    created = await made(office)
    said = await office.client.get(path(created), headers={"Host": "a;b=c"})
    assert said.status == 400


async def test_who_guesses_tokens_has_to_wait(office: House) -> None:
    created = await made(office)
    for _ in range(PATIENCE.free):
        assert (await office.client.get("/provision/guess/x.cfg")).status == 404
    assert (await office.client.get("/provision/guess/x.cfg")).status == 429
    assert (await office.client.get(path(created))).status == 429


async def test_who_did_it_is_written_down_without_the_token(office: House) -> None:
    created = await made(office)
    trail, _ = await office.office.store.audit.search(what="device.created")
    [entry] = trail
    assert entry.who == "root"
    assert created["address"].split("/")[-2] not in str(entry)
