from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from aiohttp import ClientResponse
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from callcenterd.web.session import COOKIE
from callcenterd.web.shell import HOME, TEXTS, safe_next
from tests.web.house import PASSWORD, House


async def get(office: House, path: str, **more: object) -> ClientResponse:
    return await office.client.get(path, allow_redirects=False, **more)  # type: ignore[arg-type]


async def post(office: House, form: dict[str, str], **more: object) -> ClientResponse:
    return await office.client.post("/sign-in", data=form, allow_redirects=False, **more)  # type: ignore[arg-type]


async def test_the_first_address_leads_to_the_sign_in_and_then_to_the_application(office: House) -> None:
    assert (await get(office, "/")).headers["Location"] == "/sign-in"
    answer = await post(office, {"login": "1001", "password": PASSWORD, "next": "/app/history?agent=1001"})
    assert (answer.status, answer.headers["Location"]) == (303, "/app/history?agent=1001")
    assert answer.cookies[COOKIE]["httponly"]
    assert answer.cookies[COOKIE]["samesite"] == "Strict"
    assert (await get(office, "/")).headers["Location"] == HOME
    assert (await get(office, "/sign-in?next=/app/desk")).headers["Location"] == "/app/desk"


@pytest.mark.parametrize(("language", "title"), [("zh-CN", "登录"), ("en", "Sign in")])
async def test_the_sign_in_speaks_both_languages_and_needs_no_script(office: House, language: str, title: str) -> None:
    answer = await get(office, "/sign-in", headers={"Accept-Language": language})
    page = await answer.text()
    assert f'<html lang="{language}" data-look="system">' in page
    assert f"<h1>{title}</h1>" in page
    assert "<script" not in page
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", page)
    assert 'action="/sign-in"' in page
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_chosen_language_stays(office: House) -> None:
    await get(office, "/sign-in?lang=en")
    assert "Sign in" in await (await get(office, "/sign-in", headers={"Accept-Language": "zh"})).text()


@pytest.mark.parametrize(
    ("cookie", "look"), [("", "system"), ("dark", "dark"), ("light", "light"), ('"><script>', "system")]
)
async def test_the_sign_in_has_the_look_that_was_chosen_in_the_application(
    office: House, cookie: str, look: str
) -> None:
    page = await (await get(office, "/sign-in", headers={"Cookie": f"callcenterd_look={cookie}"})).text()
    assert f'data-look="{look}">' in page
    assert "prefers-color-scheme: dark" in page


async def test_the_sign_in_keeps_where_one_wanted_to_go_while_the_language_turns(office: House) -> None:
    page = await (await get(office, "/sign-in?next=" + quote("/app/history?agent=1&x=2"))).text()
    assert 'value="/app/history?agent=1&amp;x=2"' in page
    assert "lang=en&amp;next=%2Fapp%2Fhistory%3Fagent%3D1%26x%3D2" in page


async def test_a_wrong_password_shows_the_form_again_with_the_login_and_without_the_password(office: House) -> None:
    answer = await post(office, {"login": "1001", "password": "wrong-one", "next": "/app/desk"})
    page = await answer.text()
    assert answer.status == 401
    assert "工号或密码不对" in page
    assert 'value="1001"' in page
    assert "wrong-one" not in page
    assert 'value="/app/desk"' in page
    assert COOKIE not in answer.cookies


async def test_what_is_typed_is_shown_as_text(office: House) -> None:
    page = await (await post(office, {"login": '"><script>alert(1)</script>', "password": "x"})).text()
    assert "<script" not in page
    assert "&#34;&gt;&lt;script&gt;" in page


async def test_too_many_attempts_say_how_long_to_wait(office: House) -> None:
    for _ in range(5):
        await post(office, {"login": "1001", "password": "wrong"})
    answer = await post(office, {"login": "1001", "password": PASSWORD})
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "5"
    assert "请等5秒钟再试" in await answer.text()


async def test_a_foreign_page_signs_nobody_in(office: House) -> None:
    form = {"login": "1001", "password": PASSWORD}
    answer = await post(office, form, headers={"Origin": "http://evil.example"})
    assert answer.status == 403
    assert COOKIE not in answer.cookies


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"login": "1001"}', "application/json"),
        (b"login=" + b"x" * 20_000, "application/x-www-form-urlencoded"),
        (b"login=%ff%fe&password=%00", "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b"login=1001&login=1002&password=x", "application/x-www-form-urlencoded"),
        (b"login=x&password=y", "application/x-www-form-urlencoded; charset=no-such"),
        (b"login=x", "multipart/form-data; boundary=x"),
    ],
)
async def test_what_is_no_form_gets_the_form(office: House, content: bytes, kind: str) -> None:
    answer = await office.client.post("/sign-in", data=content, headers={"Content-Type": kind})
    assert answer.status in (400, 401)
    assert "<form" in await answer.text()


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("/app/desk", "/app/desk"),
        ("/app/history?agent=1#x", "/app/history?agent=1#x"),
        ("//evil.example/app", HOME),
        ("/\\evil.example", HOME),
        ("/\t/evil.example", HOME),
        ("https://evil.example/", HOME),
        ("javascript:alert(1)", HOME),
        ("app/desk", HOME),
        ("", HOME),
        ("/sign-in?next=/sign-in", HOME),
        ("/app/\r\nSet-Cookie: a=b", HOME),
    ],
)
def test_after_the_sign_in_one_stays_here(address: str, where: str) -> None:
    assert safe_next(address) == where


@given(st.text(max_size=100) | st.text("/\\:.@evil\t\n", max_size=30))
@example("http://[")
def test_no_address_leads_elsewhere(address: str) -> None:
    where = safe_next(address)
    assert URL("http://office:8080/sign-in").join(URL(where)).host == "office"
    assert where.startswith("/")
    assert not where.startswith(("//", "/\\"))


# ---- the application --------------------------------------------------------------------------------------------


async def test_pages_that_are_not_built_are_said_to_be(office: House) -> None:
    answer = await get(office, "/app/")
    assert answer.status == 503
    assert "make pages" in await answer.text()


async def test_every_address_without_a_file_is_the_application(office: House) -> None:
    (office.pages / "assets").mkdir()
    (office.pages / "index.html").write_text("<!doctype html><title>pages</title>")
    (office.pages / "icon.svg").write_text("<svg/>")
    (office.pages / "assets/index-abc123.js").write_text("let a")
    for path in ("/app/", "/app/desk", "/app/history/20260803-1", "/app/index.html"):
        answer = await get(office, path)
        assert answer.status == 200, path
        assert "pages" in await answer.text()
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    script = await get(office, "/app/assets/index-abc123.js")
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert (await get(office, "/app/icon.svg")).headers["Cache-Control"] == "no-cache"
    assert (await get(office, "/app/assets/index-old.js")).status == 404
    assert (await get(office, "/app")).headers["Location"] == "/app/"


@pytest.mark.parametrize(
    "path",
    [
        "/app/%2e%2e/callcenter.db",
        "/app/..%2fcallcenter.db",
        "/app/.sources",
        "/app/assets/%2e%2e%2f%2e%2e%2fcallcenter.db",
        "/app/%2fetc%2fpasswd",
        "/app/a%00b",
        "/app/" + "x" * 4000,
    ],
)
async def test_no_address_leads_out_of_the_folder_of_the_pages(office: House, path: str) -> None:
    (office.pages / "index.html").write_text("<!doctype html><title>pages</title>")
    (office.pages / ".sources").write_text("digest")
    answer = await office.client.get(URL(path, encoded=True))
    text = await answer.text()
    assert answer.status in (200, 404)
    assert "SQLite" not in text
    assert "root:" not in text
    assert "digest" not in text


async def test_a_page_that_there_is_not_is_a_page(office: House) -> None:
    answer = await get(office, "/nowhere", headers={"Accept-Language": "en"})
    assert answer.status == 404
    assert "There is no such page" in await answer.text()


def test_every_text_of_the_pages_is_there_in_both_languages() -> None:
    for name, (chinese, english) in TEXTS.items():
        assert "" not in (chinese, english), name
        assert chinese != english
