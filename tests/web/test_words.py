from __future__ import annotations

import re
from datetime import timedelta

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from callcenterd import yamltext
from callcenterd.errors import NotFound, Refused
from callcenterd.site import ENTRIES, Section
from callcenterd.web import words
from tests.web.house import House


@pytest.mark.parametrize(
    ("target", "headers", "language"),
    [
        pytest.param("/", {}, "zh-CN", id="the office's own"),
        pytest.param("/", {"Accept-Language": "en-GB,en;q=0.9"}, "en", id="the browser's wish"),
        pytest.param("/", {"Accept-Language": "fr, zh-TW;q=0.5, en;q=0.8"}, "en", id="the best that we have"),
        pytest.param("/", {"Accept-Language": "fr;q=x, ;;, de"}, "zh-CN", id="a wish that cannot be read"),
        pytest.param("/", {"Accept-Language": "en;q=0"}, "zh-CN", id="not English at any price"),
        pytest.param("/", {"Accept-Language": "zh", "Cookie": "callcenterd_language=en"}, "en", id="chosen on a page"),
        pytest.param("/?lang=zh", {"Cookie": "callcenterd_language=en"}, "zh-CN", id="the address before the cookie"),
        pytest.param("/?lang=tlh", {"Accept-Language": "en"}, "en", id="a language that we do not have"),
    ],
)
def test_the_language_of_an_answer(target: str, headers: dict[str, str], language: str) -> None:
    assert words.language_of(make_mocked_request("GET", target, headers=headers), "zh-CN") == language


@given(st.text(max_size=300))
def test_no_header_does_more_than_be_passed_over(header: str) -> None:
    words.asked_languages(header)


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    for table in (words.TEXTS, words.FIELDS):
        for code, (chinese, english) in table.items():
            assert re.search(r"[\u4e00-\u9fff]", chinese), code
            assert set(re.findall(r"{(\w+)}", chinese)) == set(re.findall(r"{(\w+)}", english)), code


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [(5, "5秒钟", "5 seconds"), (90, "2分钟", "2 minutes"), (900, "15分钟", "15 minutes")],
)
def test_waits_are_said_in_the_readers_language(seconds: int, chinese: str, english: str) -> None:
    wait = timedelta(seconds=seconds)
    assert chinese in words.say("too_many_attempts", "zh-CN", wait=wait)
    assert english in words.say("too_many_attempts", "en", wait=wait)


BAD: list[tuple[Section, dict[str, object]]] = [
    ("trunks", {"name": "a b", "host": "not a host", "port": 0, "allow": ["10.0.0.1/8"], "register": "yes"}),
    ("trunks", {"name": "t", "host": "x", "allow": ["nowhere"], "username": "a\nb", "extra": 1}),
    ("numbers", {"match": "1 2", "flow": ["x"]}),
    ("outbound", {"match": "0.", "trunks": [], "strip": 99, "prepend": "abc"}),
    ("outbound", {"match": "0.", "trunks": ["a", "a"], "strip": 1.5}),
    ("users", {"login": "a b", "name": "x" * 200, "role": "king", "password": "", "language": "fr"}),
    ("extensions", {"number": "１ ２", "contact": "mailto:x"}),
    ("queues", {"name": "q", "members": "1001", "wrap_up": -1, "ring": "long", "max_wait": 10**9, "record": 7}),
]


@pytest.mark.parametrize(("section", "fields"), BAD)
def test_what_is_wrong_with_a_field_is_said_in_chinese(section: Section, fields: dict[str, object]) -> None:
    """Every reason that a form may show has its Chinese sentence: none stays English."""
    with pytest.raises(ValidationError) as caught:
        ENTRIES[section].model_validate(fields)
    for fault in caught.value.errors(include_url=False):
        reason = yamltext.reason_of(fault, ENTRIES[section])
        chinese = words.sentence(reason, "zh-CN")
        assert chinese != reason, f"no Chinese for {reason!r}"
        assert re.search(r"[\u4e00-\u9fff]", chinese)


async def test_what_is_wrong_between_things_is_said_in_chinese(office: House) -> None:
    asked = await office.as_("root")
    wanted = [
        ("users", {"login": "x", "name": "x", "role": "agent", "extension": "9999"}, "extension", "没有分机 9999"),
        ("users", {"login": "x"}, "name", "必须填写"),
        ("queues", {"name": "x", "members": ["nobody"]}, "members", "没有用户 nobody"),
        ("outbound", {"match": "9.", "trunks": ["nowhere"]}, "trunks", "没有中继 nowhere"),
        ("trunks", {"name": "x", "host": "10.0.0.1", "register": True}, "register", "要注册的中继必须有用户名"),
        ("extensions", {"number": "77"}, "number", "要有密码（话机注册）或地址（固定地址的设备）"),
    ]
    for section, fields, field, reason in wanted:
        answer = await office.client.post(f"/api/v1/{section}", json=fields, headers=asked)
        assert answer.status == 422
        assert (await answer.json())["error"]["fields"][field] == reason
    answer = await office.client.delete("/api/v1/trunks/telecom", headers=asked)
    assert (await answer.json())["error"]["message"] == "中继 telecom 还在使用：外拨路由 0."


@pytest.mark.parametrize(
    ("fault", "chinese"),
    [
        (NotFound("outbound route", "9."), "没有外拨路由 9."),
        (NotFound("call", "x"), "没有通话 x"),
        (Refused("there is no address to send it to"), "没有可以发送的地址：请填写，或先在客户资料中补上"),
        (Refused("there is no slot 77"), "没有 77 号位"),
        (Refused("phone 1001 is not registered"), "话机 1001 没有注册，不能签入或示闲"),
        (Refused("something that nobody has translated"), "something that nobody has translated"),
    ],
)
def test_sentences_of_lower_rooms(fault: Exception, chinese: str) -> None:
    assert words.sentence(str(fault), "zh-CN") == chinese
    assert words.sentence(str(fault), "en")[1:] == str(fault)[1:]
