from __future__ import annotations

import statistics
import time
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import make_mocked_request

from callcenterd.web.rights import RIGHTS
from callcenterd.web.session import COOKIE, from_here, proven
from tests.web.house import PASSWORD, House


async def sign_in(office: House, login: str, password: str = PASSWORD, **more: Any) -> ClientResponse:
    return await office.client.post("/api/v1/session", json={"login": login, "password": password}, **more)


async def code(answer: ClientResponse) -> str:
    return str((await answer.json())["error"]["code"])


async def test_a_program_signs_in_and_shows_its_token(office: House) -> None:
    token = await office.token("1001")
    answer = await office.client.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"})
    said = await answer.json()
    assert said.pop("rights") == [name for name, roles in RIGHTS.items() if "agent" in roles]
    assert said == {
        "login": "1001",
        "name": "张三",
        "role": "agent",
        "extension": "1001",
        "language": "zh-CN",
        "hidden": [],
        "second_factor": "off",
        "off": [],
        "teams": {},
    }


async def test_a_page_has_the_token_in_a_cookie_that_no_script_and_no_other_site_gets(office: House) -> None:
    answer = await sign_in(office, "1001")
    (cookie,) = answer.headers.getall("Set-Cookie")
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= {part.strip() for part in cookie.split(";")}
    assert (await office.client.get("/api/v1/session")).status == 200


@pytest.mark.parametrize(
    ("login", "password"),
    [("1001", "wrong"), ("1001", ""), ("nobody", PASSWORD), ("1001' --", PASSWORD), ("", "")],
)
async def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(
    office: House, login: str, password: str
) -> None:
    answer = await sign_in(office, login, password)
    assert answer.status == 401
    assert (await answer.json())["error"] == {"code": "wrong_login", "message": "工号或密码不对", "fields": {}}
    assert "Set-Cookie" not in answer.headers


async def test_an_unknown_login_takes_as_long_as_a_known_one(office: House) -> None:
    """Compared on the same run: no more than the noise between two samples of the same kind lies between them."""
    verify = office.office.passwords.verify
    known = next(user for user in office.office.board.site.users if user.login == "1001").password_hash.reveal()
    await verify("", "wrong")  # the hash of nobody is made once

    async def seconds(hashed: str) -> float:
        taken = []
        for _ in range(30):
            begun = time.perf_counter()
            await verify(hashed, "wrong")
            taken.append(time.perf_counter() - begun)
        return statistics.median(taken)

    first, unknown, second = await seconds(known), await seconds(""), await seconds(known)
    assert min(first, second) / 3 < unknown < max(first, second) * 3


async def test_too_many_wrong_passwords_lock_this_login_from_this_source_whether_it_exists_or_not(
    office: House,
) -> None:
    for login in ("1001", "nobody"):
        statuses = [(await sign_in(office, login, "wrong")).status for _ in range(6)]
        assert statuses == [401] * 5 + [429]
        locked = await sign_in(office, login)
        assert locked.status == 429
        assert 1 <= int(locked.headers["Retry-After"]) <= 5
    assert (await sign_in(office, "1002")).status == 200


async def test_a_session_ends_with_sign_out(office: House) -> None:
    headers = await office.as_("1001")
    assert (await office.client.delete("/api/v1/session", headers=headers)).status == 204
    answer = await office.client.get("/api/v1/session", headers=headers)
    assert answer.status == 401
    assert await code(answer) == "not_signed_in"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "é", "Bearer", "a b"])
async def test_what_is_no_token_is_nobody(office: House, token: str) -> None:
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"{COOKIE}={token}"}):
        assert (await office.client.get("/api/v1/session", headers=headers)).status == 401


async def test_a_token_in_the_address_is_nobody(office: House) -> None:
    token = (await office.as_("1001"))["Authorization"].removeprefix("Bearer ")
    assert (await office.client.get(f"/api/v1/session?token={token}&access_token={token}")).status == 401


async def test_a_new_password_ends_every_other_session_and_not_this_one(office: House) -> None:
    here, elsewhere = await office.as_("1001"), await office.as_("1001")
    asked = {"old": PASSWORD, "new": "another horse 8"}
    assert (await office.client.post("/api/v1/session/password", json=asked, headers=here)).status == 204
    assert (await office.client.get("/api/v1/session", headers=here)).status == 200
    assert (await office.client.get("/api/v1/session", headers=elsewhere)).status == 401
    assert (await sign_in(office, "1001")).status == 401
    assert (await sign_in(office, "1001", "another horse 8")).status == 200


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"old": "wrong", "new": "another horse 8"}, "old"),
        ({"old": PASSWORD, "new": "short"}, "new"),
        ({"old": PASSWORD, "new": PASSWORD}, "new"),
        ({"old": PASSWORD, "new": "bell\x07bell\x07"}, "new"),
        ({"old": PASSWORD, "new": "x" * 300}, "new"),
    ],
)
async def test_a_password_is_not_changed_by_who_does_not_know_it_or_to_a_bad_one(
    office: House, asked: dict[str, str], field: str
) -> None:
    headers = await office.as_("1001")
    answer = await office.client.post("/api/v1/session/password", json=asked, headers=headers)
    assert answer.status == 422
    assert list((await answer.json())["error"]["fields"]) == [field]
    assert (await sign_in(office, "1001")).status == 200


async def test_the_present_password_cannot_be_guessed_either(office: House) -> None:
    headers = await office.as_("1001")
    asked = {"old": "wrong", "new": "another horse 8"}
    statuses = [
        (await office.client.post("/api/v1/session/password", json=asked, headers=headers)).status for _ in range(6)
    ]
    assert statuses == [422] * 5 + [429]


# ---- changes by cookie ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "here"),
    [
        pytest.param({}, None, id="nothing says anything"),
        pytest.param({"Origin": "http://office:8080"}, True, id="our origin"),
        pytest.param({"Origin": "http://OFFICE:8080"}, True, id="in capitals"),
        pytest.param({"Origin": "http://office"}, False, id="another port"),
        pytest.param({"Origin": "http://evil.example"}, False, id="another host"),
        pytest.param({"Origin": "http://office:8080.evil.example"}, False, id="ours as a beginning"),
        pytest.param({"Origin": "null"}, False, id="a page without an origin"),
        pytest.param({"Origin": "http://[broken"}, False, id="no origin at all"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, True, id="the browser says so"),
        pytest.param({"Sec-Fetch-Site": "none"}, True, id="typed by a person"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, False, id="a neighbour"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, False, id="a stranger"),
        pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}, False, id="they disagree"),
    ],
)
def test_whose_page_made_the_browser_ask(headers: dict[str, str], here: bool | None) -> None:
    request = make_mocked_request("POST", "/", headers={"Host": "office:8080", **headers})
    assert from_here(request) is here


def test_our_own_header_proves_a_page_of_ours_unless_the_origin_says_otherwise() -> None:
    ours = {"Host": "office:8080", "X-Requested-With": "callcenterd"}
    assert proven(make_mocked_request("POST", "/", headers=ours))
    assert not proven(make_mocked_request("POST", "/", headers={**ours, "Origin": "http://evil.example"}))
    assert not proven(make_mocked_request("POST", "/", headers={"Host": "office:8080"}))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/agents/1001/state"),
        ("PUT", "/api/v1/calls/x/note"),
        ("DELETE", "/api/v1/session"),
        ("POST", "/api/v1/customers"),
        ("DELETE", "/api/v1/users/1001"),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example", "X-Requested-With": "callcenterd"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
    ],
)
async def test_a_change_by_cookie_from_a_foreign_page_is_refused_before_anything_is_read(
    office: House, method: str, path: str, headers: dict[str, str]
) -> None:
    await sign_in(office, "root")
    answer = await office.client.request(method, path, data=b"{}", headers=headers)
    assert answer.status == 403
    assert await code(answer) == "foreign_page"
    assert (await office.client.get("/api/v1/session")).status == 200


async def test_a_change_by_cookie_from_our_page_is_made(office: House) -> None:
    await sign_in(office, "1001")
    office.registers("1001")
    answer = await office.client.post(
        "/api/v1/agents/1001/state", json={"state": "break"}, headers={"X-Requested-With": "callcenterd"}
    )
    assert answer.status == 200


async def test_a_foreign_page_cannot_sign_anybody_in(office: House) -> None:
    answer = await sign_in(office, "1001", headers={"Origin": "http://evil.example"})
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers


async def test_who_is_no_user_any_more_is_signed_out_at_once(office: House) -> None:
    gone, root = await office.as_("1002"), await office.as_("root")
    answer = await office.client.put("/api/v1/queues/sales", json={"members": ["1001"]}, headers=root)
    assert answer.status == 200, await answer.text()
    assert (await office.client.delete("/api/v1/users/1002", headers=root)).status == 204
    assert (await office.client.get("/api/v1/session", headers=gone)).status == 401


async def test_sign_ins_and_outs_are_in_the_audit_trail_without_any_secret(office: House) -> None:
    token = await office.token("1001")
    await office.client.delete("/api/v1/session", headers={"Authorization": f"Bearer {token}"})
    entries, _ = await office.office.store.audit.search(who="1001")
    assert [entry.what for entry in entries] == ["session.ended", "session.begun"]
    assert token not in repr(entries)
    assert PASSWORD not in repr(entries)


async def test_who_uses_a_page_is_spoken_to_in_the_accounts_language_or_the_chosen_one(office: House) -> None:
    """Not in the browser's, which the page does not speak either."""
    await sign_in(office, "1001")
    english_browser = {"Accept-Language": "en-US"}

    async def message() -> str:
        answer = await office.client.get("/api/v1/calls/nothing", headers=english_browser)
        return str((await answer.json())["error"]["message"])

    assert await message() == "没有通话 nothing"
    await office.client.get("/sign-in?lang=en")
    assert await message() == "There is no call nothing"
    assert (await (await office.client.get("/api/v1/session")).json())["language"] == "en"


async def test_one_sets_ones_own_pin_for_phones_by_the_password(office: House) -> None:
    headers = await office.as_("1001")
    path = "/api/v1/session/pin"
    for asked, field in (
        ({"password": "wrong", "pin": "2580"}, "password"),
        ({"password": PASSWORD, "pin": "1001"}, "pin"),
        ({"password": PASSWORD, "pin": "0000"}, "pin"),
        ({"password": PASSWORD, "pin": "12a4"}, "pin"),
        ({"password": PASSWORD, "pin": "123"}, "pin"),
    ):
        answer = await office.client.post(path, json=asked, headers=headers)
        assert (answer.status, list((await answer.json())["error"]["fields"])) == (422, [field])
    answer = await office.client.post(path, json={"password": PASSWORD, "pin": "2580"}, headers=headers)
    assert answer.status == 204
    user = next(user for user in office.board.site.users if user.login == "1001")
    assert await office.office.passwords.verify(user.pin_hash.reveal(), "2580")
    listed = await (await office.client.get("/api/v1/users", headers=await office.as_("root"))).json()
    assert {one["login"]: one["has_pin"] for one in listed["items"]}["1001"] is True
    assert "2580" not in str(listed)
    assert (
        user.pin_hash.reveal()
        not in await (await office.client.get("/api/v1/site", headers=await office.as_("root"))).text()
    )


async def test_nobody_says_beforehand_which_session_a_sign_in_will_be(office: House) -> None:
    """Fixation: a cookie that somebody else has put into the browser is no session after the sign-in either."""
    planted = "planted-by-somebody-else-0123456789abcdef"
    answer = await office.client.post(
        "/sign-in",
        data={"login": "1001", "password": PASSWORD},
        headers={"Cookie": f"{COOKIE}={planted}"},
        allow_redirects=False,
    )
    assert answer.status == 303
    given = answer.cookies[COOKIE].value
    assert given != planted
    assert len(given) >= 43
    office.client.session.cookie_jar.clear()
    for token, status in ((planted, 401), (given, 200)):
        answer = await office.client.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == status


async def test_every_sign_in_of_a_person_is_a_session_of_its_own(office: House) -> None:
    """Two at once, of two people: neither is the other, and the end of one is not that of the other."""
    mine, again, chiefs = await office.as_("1001"), await office.as_("1001"), await office.as_("chief")
    assert mine != again
    assert (await office.client.delete("/api/v1/session", headers=mine)).status == 204
    said = [await (await office.client.get("/api/v1/session", headers=one)).json() for one in (again, chiefs)]
    assert [one["role"] for one in said] == ["agent", "manager"]
    assert (await office.client.get("/api/v1/session", headers=mine)).status == 401


@pytest.mark.parametrize("length", [72, 73, 128, 256])
async def test_all_of_a_long_password_counts(office: House, length: int) -> None:
    """Some hashes look at the first 72 octets only."""
    long = "长" * (length // 3) + "x" * (length - length // 3)
    headers = await office.as_("1001")
    body = {"old": PASSWORD, "new": long}
    assert (await office.client.post("/api/v1/session/password", json=body, headers=headers)).status == 204
    for password, status in ((long, 200), (long[:-1] + "y", 401), (long[:-1], 401)):
        office.client.session.cookie_jar.clear()
        answer = await office.client.post("/api/v1/session", json={"login": "1001", "password": password})
        assert answer.status == status
