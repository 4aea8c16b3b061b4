"""The node sms: a text to the caller, or to another number; once for each node."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callcenterd.errors import FaultyFile
from callcenterd.ivr.simulate import simulate
from tests.ivr.calls import ScriptedCall, flow_of, walk

SENDS = """
s: {sms: "{{ caller }} 您好", next: n, on_no_mobile: m, on_error: e}
n: {hangup: sent}
m: {hangup: no_mobile}
e: {hangup: failed}
"""


async def test_a_text_with_variables_goes_to_the_caller() -> None:
    call = await walk(SENDS, ScriptedCall(caller="13800138000"))
    assert call.story == ["test/s: SMS to 13800138000: 13800138000 您好", "hangs up: sent"]


async def test_or_to_a_number_that_was_keyed() -> None:
    body = 'k: {set: {phone: "13900139000"}, next: s}\ns: {sms: x, to: "{{ phone }}"}'
    call = await walk(body, ScriptedCall(caller="02088886666"))
    assert call.story == ["test/s: SMS to 13900139000: x"]


async def test_who_has_no_mobile_number_goes_another_way_if_there_is_one() -> None:
    call = await walk(SENDS, ScriptedCall(caller="02088886666"))
    assert call.story[-1] == "hangs up: no_mobile"
    call = await walk("s: {sms: x, next: n}\nn: {hangup: on}", ScriptedCall(caller="02088886666"))
    assert call.story[-1] == "hangs up: on"


@pytest.mark.parametrize("text", ['"{{ long.gone }}"', '"{{ long }}"', '"{{ blank }}"'])
async def test_what_is_no_text_for_an_sms_takes_the_exit_for_errors(text: str) -> None:
    head = 'a: {set: {long: "' + "x" * 501 + '", blank: " "}, next: s}\n'
    call = await walk(f"{head}s: {{sms: {text}, on_error: e}}\ne: {{hangup: failed}}", ScriptedCall())
    assert call.story == ["hangs up: failed"]


async def test_the_simulator_tells_it_once_for_each_node_and_not_for_a_line_of_wires() -> None:
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    twice = flow_of(
        'a: {set: {n: 1}, next: s}\ns: {sms: "{{ n }}", next: b}\n'
        'b: {branch: [{when: "n == 1", next: c}], otherwise: e}\nc: {set: {n: 2}, next: s}\ne: {hangup: e}'
    )
    lines = await simulate(twice, [], at=at, language="en")
    assert [line.partition(" ")[2] for line in lines if "SMS" in line] == ["an SMS to 13800138000: 1"]
    lines = await simulate(twice, [], at=at, language="zh-CN", caller="02088886666")
    assert [line for line in lines if "短信发给" in line] == []


def test_an_sms_without_words_is_a_fault_of_the_file() -> None:
    with pytest.raises(FaultyFile):
        flow_of('s: {sms: ""}')
