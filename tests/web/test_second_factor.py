"""Sign-in with a second factor: codes of a device, each good once, recovery codes, roles that must have one."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pyotp
import pytest
from aiohttp import WSMsgType

from callcenterd.model.site import Secret
from callcenterd.switchboard.lockout import Lockout
from callcenterd.web import factors, halves
from tests.kit.virtual import VirtualClock
from tests.web.house import PASSWORD, House

SEED = "12345678901234567890"
KEY = Secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")  # RFC 6238, appendix B: the seed in Base32


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    assert factors.step_of(KEY, code, at) == at // 30
    assert factors.step_of(KEY, code, at - 30) == at // 30, "a clock that is behind"
    assert factors.step_of(KEY, code, at + 30) == at // 30, "a clock that is ahead"
    assert factors.step_of(KEY, code, at + 60) is None
    assert factors.step_of(KEY, code, at - 60) is None


@pytest.mark.parametrize("code", ["", "28708", "2870822", "28708 ", "２８７０８２", "abcdef", "-87082", "287082\n"])
def test_what_is_no_code_is_of_no_step(code: str) -> None:
    assert factors.step_of(KEY, code, 59) is None


def test_recovery_codes_are_long_and_kept_as_hashes_however_they_are_typed() -> None:
    codes = factors.new_recovery(random.Random(1))
    assert len(set(codes)) == 8
    assert all(re.fullmatch(r"([a-z2-7]{4}-){5}[a-z2-7]{4}", one) for one in codes), "120 bits each"
    assert factors.hashed(codes[0]) == factors.hashed(codes[0].upper().replace("-", " "))
    assert codes[0].replace("-", "") not in factors.hashed(codes[0])


def test_the_picture_is_made_here_and_is_no_page() -> None:
    address = factors.address_of(KEY, "1001")
    assert address.startswith("otpauth://totp/callcenterd:1001?secret=GEZDGNBV")
    assert factors.picture_of(address).startswith("data:image/svg+xml;")


def test_half_a_sign_in_lasts_five_minutes_and_no_more_than_a_thousand_are_kept() -> None:
    clock = VirtualClock()
    half = halves.Halves(clock, random.Random(1))
    token = half.begin("1001")
    assert half.login(token) == "1001"
    assert half.login(token[:-1]) is None
    clock.move(301.0)
    assert half.login(token) is None
    first = half.begin("1001")
    others = [half.begin("1002") for _ in range(halves.MOST)]
    assert half.login(first) is None
    assert half.login(others[-1]) == "1002"
    half.end(others[-1])
    assert half.login(others[-1]) is None


def test_a_right_password_is_no_guess_and_does_not_forgive_guesses_at_the_code() -> None:
    lockout = Lockout()
    for n in range(5):
        assert lockout.begin("1001", "a", n) == 0.0
        assert lockout.begin("1001", "a", n) == 0.0 if n < 4 else lockout.begin("1001", "a", n) > 0
        if n < 4:
            lockout.withdrawn("1001", "a")


# ---- over HTTP ----------------------------------------------------------------------------------------------------

Asks = Callable[..., Awaitable[tuple[int, Any]]]


async def asks(office: House, method: str, path: str, headers: Mapping[str, str], **more: Any) -> tuple[int, Any]:
    answer = await office.client.request(method, f"/api/v1/{path}", headers=dict(headers), **more)
    return answer.status, (await answer.json() if answer.content_type == "application/json" else await answer.text())


def code_of(key: str, office: House, ahead: int = 0) -> str:
    at = office.office.clock.utc().timestamp() + 30 * ahead
    return pyotp.TOTP(key).at(int(at))


async def set_up(office: House, login: str) -> tuple[dict[str, str], str, list[str]]:
    """Signed in as, the device's key, the recovery codes. The code of the present step is used by it."""
    headers = await office.as_(login)
    status, begun = await asks(office, "POST", "session/second-factor", headers, json={"password": PASSWORD})
    assert status == 200
    proof = {"code": code_of(begun["key"], office)}
    status, said = await asks(office, "POST", "session/second-factor/prove", headers, json=proof)
    assert status == 200
    return headers, begun["key"], said["codes"]


async def sign_in(office: House, login: str, **more: str) -> tuple[int, Any]:
    office.client.session.cookie_jar.clear()  # a program, not the page of who signed in before
    status, said = await asks(office, "POST", "session", {}, json={"login": login, "password": PASSWORD, **more})
    return status, said["error"]["code"] if status >= 400 else said["token"]


async def test_who_has_a_device_signs_in_with_its_code_and_each_code_is_good_once(office: House) -> None:
    headers, key, _ = await set_up(office, "1001")
    assert (await asks(office, "GET", "session", headers))[1]["second_factor"] == "on"
    assert await sign_in(office, "1001") == (401, "code_needed")
    assert await sign_in(office, "1001", code=code_of(key, office)) == (401, "wrong_code"), "it proved the device"
    used = code_of(key, office, 1)
    assert (await sign_in(office, "1001", code=f" {used[:3]} {used[3:]}"))[0] == 200
    assert await sign_in(office, "1001", code=used) == (401, "wrong_code")
    wrong = f"{(int(used) + 1) % 1_000_000:06}"
    assert await sign_in(office, "1001", code=wrong) == (401, "wrong_code")
    assert (await sign_in(office, "1002"))[0] == 200, "nobody else is asked"


async def test_a_recovery_code_is_good_once_and_only_ones_own(office: House) -> None:
    headers, _, codes = await set_up(office, "1001")
    _, _, others = await set_up(office, "1002")
    assert (await sign_in(office, "1001", code=codes[3].upper()))[0] == 200
    assert await sign_in(office, "1001", code=codes[3]) == (401, "wrong_code")
    assert await sign_in(office, "1001", code=others[0]) == (401, "wrong_code")
    _, shown = await asks(office, "GET", "session/second-factor", headers)
    assert (shown["on"], shown["recovery"], shown["required"]) == (True, 7, False)


async def test_codes_cannot_be_guessed_nor_does_the_password_forgive_guesses(office: House) -> None:
    await set_up(office, "1001")
    statuses = []
    for n in range(8):
        statuses.append((await sign_in(office, "1001", code=f"{n:06}"))[0])
        await sign_in(office, "1001")
    assert statuses[:5] == [401] * 5
    assert 429 in statuses[5:]
    assert 200 not in statuses


async def test_the_other_sessions_end_and_a_wrong_password_begins_nothing(office: House) -> None:
    other = await office.as_("1001")
    headers = await office.as_("1001")
    status, said = await asks(office, "POST", "session/second-factor", headers, json={"password": "wrong horse 8"})
    assert (status, list(said["error"]["fields"])) == (422, ["password"])
    _, begun = await asks(office, "POST", "session/second-factor", headers, json={"password": PASSWORD})
    status, said = await asks(office, "POST", "session/second-factor/prove", headers, json={"code": "000000"})
    assert (status, list(said["error"]["fields"])) == (422, ["code"])
    assert (await sign_in(office, "1001"))[0] == 200, "not proven: not in force"
    proof = {"code": code_of(begun["key"], office)}
    assert (await asks(office, "POST", "session/second-factor/prove", headers, json=proof))[0] == 200
    assert (await asks(office, "GET", "session", headers))[0] == 200
    assert (await asks(office, "GET", "session", other))[0] == 401


async def test_another_device_needs_the_one_before_and_so_does_doing_without(office: House) -> None:
    headers, key, codes = await set_up(office, "1001")
    alone = {"password": PASSWORD}
    for path in ("session/second-factor", "session/second-factor/off"):
        status, said = await asks(office, "POST", path, headers, json=alone)
        assert (status, list(said["error"]["fields"])) == (422, ["code"])
    status, begun = await asks(office, "POST", "session/second-factor", headers, json={**alone, "code": codes[0]})
    assert status == 200
    assert (await sign_in(office, "1001", code=code_of(key, office, 1)))[0] == 200, "the old one until it is proven"
    proof = {"code": code_of(begun["key"], office)}
    status, said = await asks(office, "POST", "session/second-factor/prove", headers, json=proof)
    assert status == 200
    assert await sign_in(office, "1001", code=codes[1]) == (401, "wrong_code"), "of the device before"
    off = {**alone, "code": said["codes"][0]}
    assert (await asks(office, "POST", "session/second-factor/off", headers, json=off))[0] == 204
    assert (await sign_in(office, "1001"))[0] == 200


async def test_a_role_that_must_have_one_does_nothing_else_before(office: House) -> None:
    root, agent = await office.as_("root"), await office.as_("1001")
    assert (await asks(office, "PUT", "second-factors", agent, json={"roles": ["agent"]}))[0] == 403
    stream = await office.client.ws_connect("/api/v1/events", headers=agent)
    assert (await asks(office, "PUT", "second-factors", root, json={"roles": ["agent"]}))[0] == 200
    closed = await stream.receive(timeout=15)
    while closed.type is WSMsgType.TEXT:
        closed = await stream.receive(timeout=15)
    assert (closed.type, stream.close_code) == (WSMsgType.CLOSE, 4401)
    for method, path, body in (("GET", "calls", None), ("GET", "live", None), ("POST", "customers", {"name": "x"})):
        status, said = await asks(office, method, path, agent, **({} if body is None else {"json": body}))
        assert (status, said["error"]["code"]) == (403, "second_factor_needed"), path
    refused = await office.client.ws_connect("/api/v1/events", headers=agent)
    assert (await refused.receive(timeout=15)).data == 4401
    assert (await asks(office, "GET", "session", agent))[1]["second_factor"] == "needed"
    assert (await asks(office, "GET", "calls", await office.as_("boss")))[0] == 200, "another role"

    headers, _, codes = await set_up(office, "1001")
    assert (await asks(office, "GET", "calls", headers))[0] == 200
    status, said = await asks(
        office, "POST", "session/second-factor/off", headers, json={"password": PASSWORD, "code": codes[0]}
    )
    assert (status, said["error"]["code"]) == (409, "second_factor_required")
    status, said = await asks(office, "GET", "second-factors", root)
    assert said == {"roles": ["agent"], "logins": ["1001"]}
    trail = (await asks(office, "GET", "audit?limit=100", root))[1]["items"]
    assert {"second_factor.required", "second_factor.set"} <= {one["what"] for one in trail}


async def test_an_administrator_takes_a_lost_device_away(office: House) -> None:
    headers, _, _ = await set_up(office, "1001")
    root = await office.as_("root")
    assert (await asks(office, "POST", "users/1001/second-factor/reset", headers, json={}))[0] == 403
    assert (await asks(office, "POST", "users/1001/second-factor/reset", root, json={}))[0] == 204
    assert (await asks(office, "GET", "session", headers))[0] == 401, "whoever had the device is signed out"
    assert (await sign_in(office, "1001"))[0] == 200
    for login in ("1001", "nobody"):
        assert (await asks(office, "POST", f"users/{login}/second-factor/reset", root, json={}))[0] == 404


async def test_a_page_asks_for_the_code_on_a_second_form(office: House) -> None:
    _, key, codes = await set_up(office, "1001")

    async def posts(**fields: str) -> tuple[int, str]:
        office.client.session.cookie_jar.clear()
        answer = await office.client.post("/sign-in", data=fields, allow_redirects=False)
        return answer.status, await answer.text()

    status, text = await posts(login="1001", password=PASSWORD, next="/app/history")
    assert status == 200
    half = re.search(r'name="half" value="([0-9a-f]{64})"', text)
    assert half is not None
    assert PASSWORD not in text
    status, text = await posts(half=half[1], code="000000")
    assert (status, 'role="alert"' in text, half[1] in text) == (401, True, True)
    status, _ = await posts(half=half[1], code=code_of(key, office, 1), next="/app/history")
    assert status == 303
    status, text = await posts(half=half[1], code=codes[0])
    assert (status, 'name="password"' in text) == (401, True), "a half is good for one sign-in"
    assert (await posts(half="0" * 64, code=codes[0]))[0] == 401
    assert (await posts(login="1001", password="wrong horse 8"))[0] == 401


async def test_no_secret_of_it_gets_into_the_audit_trail_or_the_log(
    office: House, capsys: pytest.CaptureFixture[str]
) -> None:
    _, key, codes = await set_up(office, "1001")
    await sign_in(office, "1001", code=codes[0])
    await sign_in(office, "1001", code="123456")
    trail = str((await asks(office, "GET", "audit?limit=100", await office.as_("root")))[1])
    out, err = capsys.readouterr()
    for secret in (key, codes[0], codes[0].replace("-", ""), factors.hashed(codes[0])):
        assert secret not in trail
        assert secret not in out + err
