"""What each kind of node does with a call."""

from __future__ import annotations

import pytest

from callcenterd.ivr.node import DialResult, FlowCall, HoursNow, MailboxNow, Node, QueueResult, kinds
from callcenterd.ivr.simulate import PretendedCall
from callcenterd.model.prompts import Music, Recorded, Speech
from tests.ivr.calls import ScriptedCall, flow_of, walk

MENU = """
ask:
  menu: {say: choose, timeout: 4, retries: 2}
  keys: {"1": one, "*": star}
  otherwise: lost
one: {hangup: one}
star: {hangup: star}
lost: {hangup: lost}
"""


@pytest.mark.parametrize(
    ("keys", "end", "asked", "noted"),
    [
        pytest.param(["1"], "one", 1, "1", id="a key leads where it says"),
        pytest.param(["*"], "star", 1, "*", id="* is a key"),
        pytest.param(["7", "1"], "one", 2, "1", id="a wrong key counts as one try"),
        pytest.param([None, "1"], "one", 2, "1", id="no key counts as one try"),
        pytest.param(["7", None, "1"], "one", 3, "1", id="the last try still counts"),
        pytest.param(["7", "8", "9", "1"], "lost", 3, "", id="after the last wrong key it goes otherwise"),
        pytest.param([], "lost", 3, "", id="who presses nothing goes otherwise"),
        pytest.param(["0"], "lost", 3, "", id="0 means nothing where the flow has no operator"),
    ],
)
async def test_a_menu(keys: list[str | None], end: str, asked: int, noted: str) -> None:
    call = await walk(MENU, ScriptedCall(keys))
    assert call.story == ["asks choose"] * asked + [f"hangs up: {end}"]
    assert call.noted == noted


async def test_a_menu_waits_its_time_for_each_key() -> None:
    assert (await walk(MENU, ScriptedCall())).now == 3 * 4


OPERATOR = "operator: {queue: sales}"


@pytest.mark.parametrize(
    ("more", "head", "story"),
    [
        pytest.param(OPERATOR, "", "waits in sales", id="the node called operator"),
        pytest.param("desk: {queue: desk}", "operator: desk", "waits in desk", id="the node that the flow names"),
    ],
)
async def test_0_reaches_a_person_from_any_menu_that_does_not_use_it(more: str, head: str, story: str) -> None:
    call = await walk(MENU + more, ScriptedCall(["0"]), head)
    assert call.story == ["asks choose", story]
    assert call.noted == "0"


async def test_a_menu_that_uses_0_itself_keeps_it() -> None:
    call = await walk(MENU.replace('"*": star', '"*": star, "0": star') + OPERATOR, ScriptedCall(["0"]))
    assert call.story == ["asks choose", "hangs up: star"]


async def test_a_menu_may_be_a_recording() -> None:
    nodes = 'ask: {menu: {play: choose, text: "Press 1"}, keys: {"1": end}, otherwise: end}\nend: {hangup: normal}'
    assert (await walk(nodes, ScriptedCall(["1"]))).story == ["asks <choose>", "hangs up: normal"]
    assert flow_of(nodes).prompts("en") == (Recorded("choose", "en", "Press 1"),)


async def test_say_reads_its_text_and_play_its_recording() -> None:
    call = await walk("hello: {say: 您好, next: bye}\nbye: {play: goodbye, interruptible: false}", ScriptedCall())
    assert call.story == ["plays 您好 until a key", "plays <goodbye>"]


async def test_a_number_in_a_text_is_read_digit_by_digit_and_dialled_as_it_is() -> None:
    call = await walk(
        "tell: {say: '您的号码是 {{ caller }}', next: join}\njoin: {dial: '0{{ called }}', caller: '{{caller}}'}",
        ScriptedCall(caller="+8613"),
    )
    assert call.story == [
        "plays 您的号码是 + 8 6 1 3 until a key",
        "dials 002088886666 over [] record=False 60 s as +8613",
    ]


async def test_what_a_caller_sends_as_a_number_is_never_a_template() -> None:
    call = await walk("tell: {say: 'from {{ caller }}'}", ScriptedCall(caller="{{ called }}"))
    assert call.story == ["plays from {{ called }} until a key"]


QUEUE = """
wait: {queue: sales, next: after, on_busy: busy, on_timeout: {after: 60, next: late}, on_no_agents: nobody,
  on_full: full, on_closed: night, music: jazz, priority: 2, skills: {english: 3}, agent: "1001"}
after: {hangup: after}
busy: {hangup: busy}
late: {hangup: late}
nobody: {hangup: nobody}
full: {hangup: full}
night: {hangup: night}
"""


WAITS = "waits in sales at most 60 s with jazz unless busy unless empty priority 2 for {'english': 3} by 1001"


@pytest.mark.parametrize(
    ("result", "end"),
    [
        ("served", "after"),
        ("busy", "busy"),
        ("timed_out", "late"),
        ("no_agents", "nobody"),
        ("full", "full"),
        ("closed", "night"),
    ],
)
async def test_a_queue_leads_on_by_how_the_wait_went(result: QueueResult, end: str) -> None:
    call = await walk(QUEUE, ScriptedCall(queue=[result]))
    assert call.story == [WAITS, f"hangs up: {end}"]


async def test_who_chose_to_wait_on_does_wait_on() -> None:
    """The contract's example: `3` in the offer leads back to the queue, whose agents are still all busy."""
    nodes = 'sales: {queue: sales, on_busy: offer}\noffer: {menu: {say: wait on}, keys: {"3": sales}, otherwise: sales}'
    call = await walk(nodes, ScriptedCall(["3"], queue=["busy", "served"]))
    assert call.story == ["waits in sales unless busy", "asks wait on", "waits in sales"]


async def test_a_queue_without_agents_goes_on_as_busy_where_nothing_else_is_said() -> None:
    call = await walk("q: {queue: sales, on_busy: b}\nb: {hangup: busy}", ScriptedCall(queue=["no_agents"]))
    assert call.story[-1] == "hangs up: busy"


@pytest.mark.parametrize("result", ["timed_out", "no_agents", "full"])
async def test_a_wait_in_vain_without_an_exit_ends_with_a_word(result: QueueResult) -> None:
    call = await walk("q: {queue: sales}", ScriptedCall(queue=[result]))
    assert call.story == ["waits in sales", "plays <all_busy>"]


async def test_who_calls_a_closed_queue_is_told_so_and_not_that_all_are_busy() -> None:
    call = await walk("q: {queue: sales, on_busy: b}\nb: {hangup: busy}", ScriptedCall(queue=["closed"]))
    assert call.story == ["waits in sales unless busy", "plays <closed>"]


@pytest.mark.parametrize(
    ("now", "holiday", "end"),
    [
        ("open", True, "o"),
        ("closed", True, "c"),
        ("holiday", True, "h"),
        ("holiday", False, "c"),
    ],
)
async def test_a_calendar_leads_on_by_what_holds(now: HoursNow, holiday: bool, end: str) -> None:
    more = ", on_holiday: h" if holiday else ""
    call = ScriptedCall()
    call.calendars["office"] = now
    nodes = f"at: {{hours: office, next: o, on_closed: c{more}}}\no: {{hangup: o}}\nc: {{hangup: c}}\n"
    await walk(nodes + ("h: {hangup: h}\n" if holiday else ""), call)
    assert call.story == [f"hangs up: {end}"]


async def test_a_closed_calendar_without_an_exit_is_told() -> None:
    call = ScriptedCall()
    call.calendars["office"] = "holiday"
    await walk("at: {hours: office, next: o}\no: {hangup: o}\n", call)
    assert call.story == ["plays <closed>"]


@pytest.mark.parametrize(
    ("result", "end"), [("served", "after"), ("busy", "busy"), ("no_answer", "quiet"), ("failed", "dead")]
)
async def test_a_dialled_number_leads_on_by_how_it_went(result: DialResult, end: str) -> None:
    nodes = """
out: {dial: "{{ called }}", trunks: [a, b], record: true, timeout: 30, next: after, on_busy: busy, on_no_answer: quiet, on_failed: dead}
after: {hangup: after}
busy: {hangup: busy}
quiet: {hangup: quiet}
dead: {hangup: dead}
"""  # noqa: E501
    call = await walk(nodes, ScriptedCall(dial=[result]))
    assert call.story == ["dials 02088886666 over ['a', 'b'] record=True 30 s as None", f"hangs up: {end}"]


async def test_a_dialled_number_without_exits_ends_the_flow() -> None:
    for result in ("served", "busy", "no_answer", "failed"):
        assert len((await walk("d: {dial: '1'}", ScriptedCall(dial=[result]))).story) == 1


async def test_a_message_is_asked_for_recorded_and_thanked() -> None:
    call = await walk("v: {voicemail: sales, limit: 90}", ScriptedCall(messages=[12.0]))
    assert call.story == [
        "plays <voicemail> + <beep>",
        "records for queue:sales, at most 90 s",
        "plays <voicemail_thanks>",
    ]


async def test_a_message_too_short_is_asked_for_once_more_and_then_no_more() -> None:
    call = await walk(
        "v: {voicemail: sales, greeting: 请讲, next: bye}\nbye: {hangup: normal}", ScriptedCall(messages=[0, 0])
    )
    assert call.story == [
        "plays 请讲 + <beep>",
        "records for queue:sales, at most 180 s",
        "plays <voicemail_short> + <beep>",
        "records for queue:sales, at most 180 s",
        "hangs up: normal",
    ]


async def test_the_box_says_how_it_greets_and_how_long_a_message_may_be() -> None:
    call = ScriptedCall()
    call.boxes["extension:8001"] = MailboxNow(greeting="boss", longest=45)
    call.called = "8001"
    await walk('v: {voicemail: "extension:{{ called }}"}', call)
    assert call.story == [
        "plays <boss> + <beep>",
        "records for extension:8001, at most 45 s",
        "plays <voicemail_thanks>",
    ]


async def test_a_box_that_is_full_takes_no_message() -> None:
    call = ScriptedCall()
    call.boxes["agent:1001"] = MailboxNow(full=True)
    await walk('v: {voicemail: "agent:1001", next: bye}\nbye: {hangup: normal}', call)
    assert call.story == ["plays <voicemail_full>", "hangs up: normal"]
    call.story.clear()
    await walk('v: {voicemail: "agent:1001", on_full: bye}\nbye: {hangup: full}', call)
    assert call.story == ["hangs up: full"]


@pytest.mark.parametrize(
    ("caller", "keys", "kept"),
    [
        pytest.param("13800138000", ["1"], "13800138000", id="the number that calls"),
        pytest.param("138-0013 8000", ["1"], "13800138000", id="tidied"),
        pytest.param("+8613800138000", ["1"], "+8613800138000", id="an international one"),
        pytest.param("13800138000", [], "13800138000", id="who presses nothing means the phone they hold"),
        pytest.param("13800138000", ["5", "2", *"62960000#"], "62960000", id="another number"),
        pytest.param("anonymous", [*"62960000#"], "62960000", id="a withheld number is asked for"),
        pytest.param("", [*"62960000", None], "62960000", id="a pause ends the number as # does"),
        pytest.param("sip:x@y", ["1", "2", "#", *"62960000#"], "62960000", id="too short is asked for again"),
        pytest.param("anonymous", [*"12345678901234567890123#", *"110#"], "110", id="too long, too"),
    ],
)
async def test_a_callback_keeps_a_number(caller: str, keys: list[str | None], kept: str) -> None:
    call = await walk("c: {callback: sales}", ScriptedCall(keys, caller=caller))
    assert call.story[-2:] == [f"keeps {kept} for sales", "plays <callback_thanks>"]
    assert call.noted == "", "a telephone number is no choice in a menu"


async def test_a_callback_without_a_number_keeps_none() -> None:
    call = await walk("c: {callback: sales, next: h}\nh: {hangup: normal}", ScriptedCall(caller="anonymous"))
    assert call.story == ["asks <callback_number>"] * 3 + ["plays <callback_none>", "hangs up: normal"]


def test_fixed_prompts_are_known_before_the_first_caller_and_variable_ones_are_left_out() -> None:
    flow = flow_of(
        "a: {say: 您好, next: b}\nb: {say: '{{ caller }}', next: c}\nc: {play: news, text: 新闻, next: d}\n"
        "d: {queue: sales, music: jazz}",
        "language: zh-CN",
    )
    assert flow.prompts("en")[:3] == (Speech("您好", "zh-CN"), Recorded("news", "zh-CN", "新闻"), Music("jazz"))
    assert not any("{{" in str(prompt) for prompt in flow.prompts("en"))


@pytest.mark.parametrize("kind", kinds().values(), ids=kinds())
def test_every_kind_says_what_it_is_for_in_both_languages(kind: type[Node]) -> None:
    assert set(kind.help) == {"zh-CN", "en"}
    assert all(kind.help.values())
    assert kind.kind in kind.model_fields


@pytest.mark.parametrize("kind", kinds().values(), ids=kinds())
def test_every_argument_that_names_a_node_is_an_exit(kind: type[Node]) -> None:
    """What the checker and the editor draw is everything that can follow."""
    leading = {name for name in kind.model_fields if name in {"next", "otherwise", "keys"} or name.startswith("on_")}
    values: dict[str, object] = {
        "keys": {"1": "x"},
        "on_timeout": {"after": 1, "next": "x"} if kind.kind == "queue" else "x",
        kind.kind: ARGUMENTS.get(kind.kind, "x"),
    }  # fmt: skip
    wanted = {name for name, field in kind.model_fields.items() if field.is_required()}
    given = {name: values.get(name, "x") for name in leading | wanted}
    node = kind.model_validate(given)
    assert {path[0] for path in node.ways()} - {kind.kind} == leading
    assert node.may_end() == (leading == {"on_error"})


ARGUMENTS: dict[str, object] = {
    "menu": {"say": "x"},
    "set": {"x": 1},
    "branch": [{"when": "true", "next": "x"}],
    "language": "en",
    "lookup": "card",
    "survey": {"x": "x"},
    "transfer": "queue:x",
    "http": "http://crm/",
    "ask": "x",
}
"""What stands behind the key of a kind where it is no text."""


def test_a_pretended_call_and_a_scripted_one_are_calls_to_a_node() -> None:
    """mypy looks at the real one; these two are here so that it looks at them as well."""
    calls: tuple[type[FlowCall], ...] = (PretendedCall, ScriptedCall)
    assert len(calls) == 2
