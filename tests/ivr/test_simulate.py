"""What the simulator tells, in full, in both languages."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from callcenterd.errors import Refused
from callcenterd.ivr import check
from callcenterd.ivr.node import HoursNow
from callcenterd.ivr.simulate import keys_of, simulate
from callcenterd.yamltext import parse
from tests.ivr.calls import flow_of
from tests.ivr.test_check import CONTRACT

NINE = datetime(2026, 11, 25, 9, 0, 0)  # noqa: DTZ001  # the office's own time, whatever its zone


async def test_a_walk_told_in_chinese() -> None:
    flow = check.parse(parse(CONTRACT, "main.yaml"))
    assert await simulate(flow, keys_of("9,1,2,1"), at=NINE, language="zh-CN", agents="busy") == [
        "09:00:00 → welcome（play）",
        "09:00:00 接听",
        "09:00:00 听到录音 welcome：您好，欢迎致电。",
        "09:00:01 → menu（menu）",
        "09:00:01 听到：业务咨询请按 1，投诉建议请按 2，人工服务请按 0",
        "09:00:07 按键 9",
        "09:00:07 听到：业务咨询请按 1，投诉建议请按 2，人工服务请按 0",
        "09:00:14 按键 1",
        "09:00:14 → sales（queue）",
        "09:00:14 队列 sales：座席全忙",
        "09:00:14 → offer（menu）",
        "09:00:14 听到：座席全忙，留言请按 1，预约回拨请按 2，继续等待请按 3",
        "09:00:20 按键 2",
        "09:00:20 → call_me（callback）",
        "09:00:20 听到录音 callback_offer：我们将回拨您的来电号码 1 3 8 0 0 1 3 8 0 0 0，确认请按 1，更换号码请按 2。",
        "09:00:29 按键 1",
        "09:00:29 登记回拨：13800138000（队列 sales）",
        "09:00:29 听到录音 callback_thanks：好的，座席空闲后会给您回电。再见。",
        "09:00:33 流程结束",
    ]


async def test_a_walk_told_in_english() -> None:
    flow = flow_of(
        """
hello: {say: "Hello, {{ caller }}.", next: ask}
ask:
  menu: {play: choose, timeout: 3, retries: 1}
  keys: {"1": sales, "2": out}
  otherwise: leave
sales: {queue: sales, music: jazz, next: bye}
out: {dial: "{{ called }}", trunks: [a, b], record: true, next: bye}
leave: {voicemail: sales}
bye: {hangup: normal}
""",
        "language: en",
    )

    async def told(keys: str) -> list[str]:
        return [line[9:] for line in await simulate(flow, keys_of(keys), at=NINE, language="en", caller="555")]

    opening = ["-> hello (say)", "answered", "hears: Hello, 5 5 5.", "-> ask (menu)", "hears recording choose"]
    assert await told("1") == [
        *opening,
        "presses 1",
        "-> sales (queue)",
        "waits in queue sales, music: jazz",
        "talks with an agent",
        "-> bye (hangup)",
        "hung up (normal)",
    ]
    assert await told("2") == [
        *opening,
        "presses 2",
        "-> out (dial)",
        "dials 02088886666, trunks: a, b, showing 555, for 60 s",
        "talks with 02088886666 (recorded)",
        "-> bye (hangup)",
        "hung up (normal)",
    ]
    assert await told("") == [
        *opening,
        "presses nothing",
        "hears recording choose",
        "presses nothing",
        "-> leave (voicemail)",
        "hears recording voicemail: Please leave a message after the tone, and press pound when you have finished.",
        "hears recording beep",
        "leaves a message of 20 s for queue sales",
        "hears recording voicemail_thanks: We have your message, and will be in touch soon. Goodbye.",
        "the flow ends",
    ]


async def test_the_same_walk_is_told_the_same_each_time() -> None:
    flow = check.parse(parse(CONTRACT, "main.yaml"))
    once = await simulate(flow, keys_of("2"), at=NINE, language="en")
    assert once == await simulate(flow, keys_of("2"), at=NINE, language="en")


async def test_a_queue_nobody_serves_and_one_that_lasts() -> None:
    flow = flow_of("q: {queue: sales, on_timeout: {after: 45, next: h}, on_no_agents: h}\nh: {hangup: late}")
    none = await simulate(flow, [], at=NINE, language="en", agents="none")
    assert none[2] == "09:00:00 queue sales: no agents"
    busy = await simulate(flow, [], at=NINE, language="en", agents="busy")
    assert busy[2:] == [
        "09:00:00 waits in queue sales, music: the default",
        "09:00:45 nobody after 45 s",
        "09:00:45 -> h (hangup)",
        "09:00:45 hung up (late)",
    ]


async def test_a_flow_that_goes_round_is_stopped_and_said_so() -> None:
    flow = flow_of('a: {menu: {say: x, retries: 0}, keys: {"1": end}, otherwise: a}\nend: {hangup: normal}')
    assert "the flow is stopped" in (await simulate(flow, [], at=NINE, language="en"))[-2]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", []),
        ("1,2", ["1", "2"]),
        ("1,,2", ["1", None, "2"]),
        (" 1 , 138# ", ["1", "1", "3", "8", "#"]),
        ("*", ["*"]),
    ],
)
def test_keys_are_read_as_they_are_written(text: str, keys: list[str | None]) -> None:
    assert keys_of(text) == keys


@pytest.mark.parametrize("text", ["x", "1,A", "1 2", "１"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="no keys of a telephone"):
        keys_of(text)


async def test_the_shipped_flow_leads_to_a_person_whatever_is_pressed() -> None:
    flow = check.read(Path(__file__).parents[2] / "flows" / "main.yaml")
    for keys in ("1", "2", "0", "9,9,9", ",,"):
        assert any("与座席通话" in line for line in await simulate(flow, keys_of(keys), at=NINE, language="zh-CN"))


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("open", "calendar office: open"),
        ("closed", "calendar office: closed"),
        ("holiday", "calendar office: a holiday"),
    ],
)
async def test_what_calendars_say_is_asked_for(hours: HoursNow, said: str) -> None:
    text = (
        "flow: f\nstart: at\nnodes:\n  at: {hours: office, next: o, on_closed: c, on_holiday: h}\n"
        "  o: {hangup: open}\n  c: {hangup: closed}\n  h: {hangup: holiday}\n"
    )
    flow = check.parse(parse(text, "f.yaml"))
    lines = [line[9:] for line in await simulate(flow, [], at=NINE, language="en", hours=hours)]
    assert said in lines
    assert f"hung up ({hours})" in lines
