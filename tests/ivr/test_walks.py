"""Variables, branches, digits, flows that call flows, faults and the way to a person; in virtual time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from callcenterd import said
from callcenterd.errors import FaultyFile
from callcenterd.ivr import check, engine, flowtests, given, shelf
from callcenterd.ivr.expression import Plain
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import BusinessSlow, Question, QueueResult, Walk
from callcenterd.ivr.nodes.lookup import customer_told
from callcenterd.model.customers import Customer
from callcenterd.model.fields import FieldValue
from callcenterd.model.ids import CustomerId, FlowName, QueueName
from callcenterd.model.prompts import Prompt
from callcenterd.yamltext import parse
from tests.ivr.calls import ScriptedCall, flow_of, walk


async def test_a_variable_is_set_and_said_and_decides() -> None:
    nodes = """
a: {set: {points: 40, twice: "{{ points * 2 }}", name: "no. {{ caller }}"}, next: b}
b:
  branch:
    - {when: "twice == 81", next: wrong}
    - {when: "twice == 80", next: right}
  otherwise: wrong
right: {say: "{{ name }}: {{ twice }}"}
wrong: {hangup: wrong}
"""
    call = await walk(nodes, ScriptedCall(caller="110"))
    assert call.story == ["plays no. 110: 80 until a key"]


@pytest.mark.parametrize(
    ("case", "holds"),
    [
        ('{caller: ["+86", "138"], next: yes_}', True),
        ('{caller: ["139"], next: yes_}', False),
        ("{hours: office, next: yes_}", False),
        ("{hours: office, is: holiday, next: yes_}", True),
        ("{hours: office, is: holiday, when: \"language == 'en'\", next: yes_}", False),
    ],
)
async def test_a_case_holds_when_all_that_it_asks_does(case: str, holds: bool) -> None:
    call = ScriptedCall()
    call.calendars["office"] = "holiday"
    await walk(f"a: {{branch: [{case}], otherwise: no_}}\nyes_: {{hangup: yes}}\nno_: {{hangup: no}}", call)
    assert call.story == [f"hangs up: {'yes' if holds else 'no'}"]


COLLECT = """
a: {collect: card, ask: card, again: again, least: 4, most: 6, retries: 1, next: t, on_none: n, on_wrong: w}
t: {hangup: taken}
n: {hangup: none}
w: {hangup: wrong}
operator: {hangup: person}
"""


@pytest.mark.parametrize(
    ("keys", "end", "card"),
    [
        ([*"1234#"], "taken", "1234"),
        ([*"123456"], "taken", "123456"),
        ([*"1234", None], "taken", "1234"),
        ([*"99*12345#"], "taken", "12345"),
        ([*"12#", *"4321#"], "taken", "4321"),
        ([*"12#", *"43#"], "wrong", None),
        ([None, None], "none", None),
        ([*"0#"], "person", None),
        (["0", None], "person", None),
        ([*"0123#"], "taken", "0123"),
    ],
)
async def test_digits_are_taken(keys: Iterable[str | None], end: str, card: str | None) -> None:
    call = await walk(COLLECT, ScriptedCall(keys))
    assert call.story[-1] == f"hangs up: {end}"
    assert call.told.get("card") == card


async def test_the_pause_and_the_first_digit_have_their_own_time() -> None:
    nodes = "a: {collect: n, ask: n, first: 9, between: 2, retries: 0, next: b, on_none: b}\nb: {hangup: normal}"
    assert (await walk(nodes, ScriptedCall([None]))).now == 9
    assert (await walk(nodes, ScriptedCall(["1", None]))).now == 2


async def test_a_secret_is_told_to_nobody_and_only_nodes_have_it() -> None:
    nodes = """
a: {collect: pin, ask: pin, secret: true, next: b, on_wrong: no_}
b: {branch: [{when: "pin == '2468'", next: yes_}], otherwise: no_}
yes_: {hangup: "ok"}
no_: {hangup: "no"}
"""
    call = await walk(nodes, ScriptedCall([*"2468#"]))
    assert call.story == ["asks pin", "hangs up: ok"]
    assert (call.told, call.noted) == ({}, "")


# ---- a person from anywhere -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "end"),
    [
        ("a: {say: x, next: b}\nb: {say: y}\noperator: {hangup: person}", "person"),
        ("a: {say: x, next: b}\nb: {say: y, operator: false}\noperator: {hangup: person}", "y until a key"),
        (
            'a: {say: x, next: b}\nb: {menu: {say: m}, keys: {"0": c}, otherwise: c}\nc: {hangup: own}\n'
            "operator: {hangup: person}",
            "own",
        ),
    ],
)
async def test_a_zero_pressed_while_something_is_said_leads_to_a_person(nodes: str, end: str) -> None:
    class Impatient(ScriptedCall):
        async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:
            await super().play(prompts, stop_on_key=stop_on_key)
            if len(self.walked) == 1:
                self.ahead = "0"

    call = await walk(nodes, Impatient())
    assert call.story[-1].endswith(end)


class AheadOfTheWords(ScriptedCall):
    """Keys 0 into the first words, as who knows the flow does; what a key skips takes no time."""

    async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:
        if not (stop_on_key and self.ahead):
            await super().play(prompts, stop_on_key=stop_on_key)
        if len(self.walked) == 1:
            self.ahead = "0"


OPERATOR = "operator: {hangup: person}"
MENU = 'm: {menu: {say: m}, keys: {"0": c}, otherwise: c}\nc: {hangup: own}'


@pytest.mark.parametrize(
    ("nodes", "end"),
    [
        pytest.param(f"a: {{say: x, next: b}}\nb: {{say: y, next: m}}\n{MENU}", "own", id="a menu after more words"),
        pytest.param(
            f"a: {{say: x, next: b}}\nb: {{set: {{n: 1}}, next: d}}\n"
            f"d: {{branch: [{{when: n, next: m}}], otherwise: m}}\n{MENU}",
            "own",
            id="a menu after a decision",
        ),
        pytest.param(
            "a: {say: x, next: b}\nb: {say: y, next: m}\n"
            'm: {menu: {say: m}, keys: {"1": c}, otherwise: c}\nc: {hangup: own}',
            "person",
            id="the menu has no 0 of its own",
        ),
        pytest.param("a: {say: x, next: b}\nb: {say: y, next: c}\nc: {hangup: own}", "person", id="nothing asks"),
        pytest.param(
            "a: {say: x, next: b}\nb: {say: y, interruptible: false, next: m}\n" + MENU,
            "person",
            id="words that no key skips are not waited for",
        ),
        pytest.param(
            "a: {say: x, next: b}\nb: {say: y, next: d}\n"
            "d: {branch: [{when: \"caller == ''\", next: c}], otherwise: b}\nc: {hangup: own}",
            "person",
            id="a circle that asks nothing",
        ),
    ],
)
async def test_a_zero_typed_ahead_is_for_the_first_node_that_asks_and_else_for_a_person(nodes: str, end: str) -> None:
    call = await walk(f"{nodes}\n{OPERATOR}", AheadOfTheWords())
    assert call.story[-1] == f"hangs up: {end}"


async def test_a_zero_typed_ahead_in_a_flow_that_another_calls_is_for_what_asks_there_or_after_it() -> None:
    outer = 'operator: p\nnodes:\n  a: {subflow: inner, next: m}\n  m: {menu: {say: m}, keys: {"0": c}, otherwise: c}\n'
    outer += "  c: {hangup: own}\n  p: {hangup: person}\n"
    both = flows(outer=outer, inner="nodes:\n  a: {say: x}\n")

    class InTheInner(ScriptedCall):
        async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:
            self.ahead = "0"

    call = InTheInner()
    await engine.run(both[FlowName("outer")], call, flows=both)
    assert call.story[-1] == "hangs up: own"


# ---- flows that call flows ------------------------------------------------------------------------------


def flows(**texts: str) -> dict[FlowName, Flow]:
    made = [check.parse(parse(f"flow: {name}\nstart: a\n" + text, f"{name}.yaml")) for name, text in texts.items()]
    return {flow.name: flow for flow in made}


OUTER = """
nodes:
  a: {set: {card: "1"}, next: b}
  b: {subflow: inner, gives: [total], next: c}
  c: {say: "{{ total }}"}
"""
INNER = 'takes: [card]\nnodes:\n  a: {set: {total: "{{ card ~ 1 }}"}}\n'


async def test_a_flow_calls_another_and_goes_on_with_what_that_has_set() -> None:
    both = flows(outer=OUTER, inner=INNER)
    call = ScriptedCall()
    await engine.run(both[FlowName("outer")], call, flows=both)
    assert call.story == ["plays 1 1 until a key"]
    assert check.between(both) == []


async def test_zero_in_a_flow_without_an_operator_leads_to_that_of_the_flow_that_called_it() -> None:
    outer = "operator: c\nnodes:\n  a: {subflow: inner}\n  c: {hangup: person}\n"
    inner = 'nodes:\n  a: {menu: {say: m}, keys: {"1": b}, otherwise: b}\n  b: {hangup: no}\n'
    both = flows(outer=outer, inner=inner)
    call = ScriptedCall(["0"])
    await engine.run(both[FlowName("outer")], call, flows=both)
    assert call.story[-1] == "hangs up: person"


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ({"outer": OUTER}, "b: there is no flow inner"),
        ({"outer": OUTER.replace("card:", "cart:"), "inner": INNER}, "flow inner needs card"),
        ({"outer": OUTER, "inner": INNER.replace("total", "sum")}, "does not set total"),
        ({"outer": "nodes:\n  a: {subflow: outer}\n"}, "for ever"),
    ],
)
def test_what_is_wrong_between_flows_is_told(texts: dict[str, str], why: str) -> None:
    assert any(why in fault.reason and fault.line > 1 for _, fault in check.between(flows(**texts)))


def test_a_flow_that_calls_a_broken_one_is_refused_with_it(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "inner.yaml").write_text("flow: inner\nstart: a\nnodes: {a: {sya: x}}", encoding="utf-8")
    (folder / "outer.yaml").write_text("flow: outer\nstart: a\nnodes: {a: {subflow: inner}}", encoding="utf-8")
    reading = shelf.read_folder(folder)
    assert reading.flows == ()
    assert len(reading.refused) == 2


# ---- faults ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "head", "nodes", "end"),
    [
        (", on_error: own", "", "own: {hangup: own}", "own"),
        ("", "on_error: all", "all: {hangup: all}", "all"),
        ("", "", "operator: {hangup: person}", "person"),
    ],
)
async def test_a_node_that_fails_leads_to_its_exit_or_the_flows_or_the_operator(
    more: str, head: str, nodes: str, end: str
) -> None:
    body = f's: {{set: {{points: 1}}, next: a}}\na: {{say: "{{{{ points.missing }}}}"{more}}}\n{nodes}'
    call = await walk(body, ScriptedCall(), head)
    assert call.story == [f"hangs up: {end}"]


async def test_a_fault_of_ours_in_a_node_is_no_end_of_the_call_either() -> None:
    class Broken(ScriptedCall):
        async def keep_callback(self, queue: object, number: str) -> None:
            raise RuntimeError("the disk is full")

    call = await walk("a: {callback: sales}\noperator: {hangup: person}", Broken(["1"]))
    assert call.story[-1] == "hangs up: person"


async def test_a_flow_that_fails_again_and_again_is_stopped() -> None:
    with pytest.raises(engine.FlowStuck):
        await walk('s: {set: {x: 1}, next: a}\na: {say: "{{ x.y }}", on_error: a}', ScriptedCall())


async def test_time_alone_with_a_flow_has_an_end() -> None:
    nodes = 'a: {menu: {say: x, retries: 0, timeout: 300}, keys: {"1": end}, otherwise: a}\nend: {hangup: normal}'
    call = ScriptedCall()
    with pytest.raises(engine.FlowStuck, match="900 seconds"):
        await engine.run(flow_of(nodes), call)
    assert len(call.walked) < 6


LONG = """
a: {menu: {say: x, retries: 0}, keys: {"1": b}, otherwise: a}
b: {say: a long story, interruptible: false, next: c}
c: {branch: [{when: "caller == ''", next: end}], otherwise: a}
end: {hangup: normal}
"""


class Patient(ScriptedCall):
    """Presses a key whenever asked, and hears stories of ten minutes to their ends."""

    async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:
        await super().play(prompts, stop_on_key=stop_on_key)
        self.now += 600.0

    async def wait_in_queue(self, queue: QueueName, **wishes: Any) -> QueueResult:
        self.now += 7200.0
        return await super().wait_in_queue(queue, **wishes)


async def test_the_whole_walk_has_an_end_at_the_operator_and_then_its_own() -> None:
    """60 minutes, and a quarter of an hour more after the operator; waiting and talking do not count."""
    call = Patient(["1"] * 100)
    await walk(LONG + "operator: {queue: sales}", call)
    assert (call.now, call.story[-1]) == (3600.0 + 7200.0, "waits in sales")
    call = Patient(["1"] * 100)
    with pytest.raises(engine.FlowStuck, match="more than 60 minutes in one call"):
        await walk(LONG + "operator: {queue: sales, next: a}", call)
    assert call.now == 3600.0 + 7200.0 + 1200.0
    assert call.story.count("waits in sales") == 1


async def test_without_an_operator_a_walk_that_takes_too_long_ends_and_who_waits_first_has_all_the_time() -> None:
    call = Patient(["1"] * 100)
    with pytest.raises(engine.FlowStuck, match=r"test\.yaml:\d+: flow test walked more than 20 minutes"):
        await engine.run(flow_of(LONG), call, longest=1200.0)
    assert call.now == 1200.0
    call = Patient(["1"])
    await engine.run(flow_of("q: {queue: sales, next: s}\ns: {say: bye}"), call, longest=1200.0)
    assert call.story == ["waits in sales", "plays bye until a key"]


async def test_variables_have_a_bound() -> None:
    nodes = """
i: {set: {y: "12345678"}, next: a}
a: {set: {y: "{{ y ~ y }}"}, next: a, on_error: b}
b: {hangup: full}
"""
    assert (await walk(nodes, ScriptedCall())).story == ["hangs up: full"]


def install(folder: Path, name: str, program: str) -> None:
    """What an installer leaves behind: the module, and the metadata that names it."""
    (folder / f"{name}.py").write_text(program, encoding="utf-8")
    told = folder / f"{name}-1.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n", encoding="utf-8")
    (told / "entry_points.txt").write_text(f"[callcenterd.nodes]\n{name} = {name}\n", encoding="utf-8")


def with_packages(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)


def test_a_package_adds_a_kind_of_node_by_an_entry_point(tmp_path: Path) -> None:
    """The metadata of an installed package on the path is all that it takes."""
    install(tmp_path, "beeper", BEEPER)
    asked = "from callcenterd.ivr.node import kinds; print(kinds()['beep'].help['en'])"
    assert with_packages(tmp_path, "-c", asked).stdout == "Beep.\n"


def test_a_broken_package_is_named_and_all_others_go_on(tmp_path: Path) -> None:
    """One lacks a module, one leaves the program, one is half a node, one takes the name of ours; a good one works."""
    install(tmp_path, "beeper", BEEPER)
    install(tmp_path, "absent", BEEPER.replace("beep", "lost") + "\nimport no_such_module\n")
    install(tmp_path, "leaver", "raise SystemExit('bye')\n")
    install(tmp_path, "half", BEEPER.replace("beep", "half").partition("    def exits")[0])
    install(tmp_path, "thief", BEEPER.replace("beep", "say"))
    asked = (
        "from callcenterd.ivr.node import broken_plug_ins, kinds\n"
        "print(*sorted(broken_plug_ins()), sep='|')\n"
        "print('beep' in kinds(), 'lost' in kinds(), 'half' in kinds(), kinds()['say'].__module__)"
    )
    run = with_packages(tmp_path, "-c", asked)
    assert run.stdout.splitlines()[-2:] == [
        "absent = absent|half = half|leaver = leaver|thief = thief",
        "True False False callcenterd.ivr.nodes.say",
    ]
    assert "ModuleNotFoundError: No module named 'no_such_module'" in run.stdout + run.stderr


def test_check_names_a_broken_package_and_a_flow_that_needs_it(tmp_path: Path) -> None:
    install(tmp_path, "absent", "import no_such_module\n")
    office = tmp_path / "office"
    (office / "flows").mkdir(parents=True)
    (office / "callcenter.yaml").write_text("language: en\n", encoding="utf-8")
    (office / "flows" / "main.yaml").write_text("flow: main\nstart: a\nnodes: {a: {beep: x}}\n", encoding="utf-8")
    run = with_packages(tmp_path, "-m", "callcenterd", "check", "-c", str(office / "callcenter.yaml"))
    assert run.returncode == 1
    assert "absent = absent:1: this plug-in with nodes for flows cannot be loaded: ModuleNotFoundError" in run.stdout
    assert "plug-ins that cannot be loaded: absent = absent" in run.stdout


ROOT = Path(__file__).parents[2]
BEEPER = """
from callcenterd.ivr.node import Node, node, present

@node("beep", zh="哔。", en="Beep.")
class Beep(Node):
    beep: str

    async def run(self, call, walk):
        return None

    def exits(self):
        return present()
"""


# ---- business systems and customers ---------------------------------------------------------------------

ASKS = """
c: {set: {card: "1&2"}, next: a}
a: {http: "https://crm.example.com/b?card={{ card }}", get: {sum: data.0.sum}, tell: [sum], next: s, on_failed: f, on_timeout: t}
s: {say: "{{ sum + 1 }}"}
f: {say: "{{ error }}"}
t: {hangup: slow}
"""  # noqa: E501


async def test_what_a_business_system_answers_becomes_a_variable_and_goes_to_the_agent() -> None:
    call = ScriptedCall()
    call.answers.append({"data": [{"sum": 41}]})
    await walk(ASKS, call)
    assert call.questions[0].url == "https://crm.example.com/b?card=1%262"
    assert (call.story, call.told) == (["plays 42 until a key"], {"sum": 41})


async def test_an_answer_without_what_is_wanted_and_a_slow_one_have_their_exits() -> None:
    call = ScriptedCall()
    call.answers += [{"data": []}, BusinessSlow("slow")]
    await walk(ASKS, call)
    await walk(ASKS, call)
    assert call.story == ["plays the answer has no data.0.sum until a key", "hangs up: slow"]


@pytest.mark.parametrize(
    ("arguments", "repeatable"),
    [
        ("retries: 2", True),
        ("method: POST, retries: 2", False),
        ("method: POST, retries: 2, repeatable: true", True),
    ],
)
async def test_what_may_be_an_order_is_asked_again_only_where_the_flow_says_so(
    arguments: str, repeatable: bool
) -> None:
    call = ScriptedCall()
    call.answers.append(None)
    await walk(f'a: {{http: "https://crm/", {arguments}}}', call)
    assert (call.questions[0].tries, call.questions[0].repeatable) == (3, repeatable)


async def test_who_presses_zero_while_a_system_is_asked_gets_a_person() -> None:
    class Waiting(ScriptedCall):
        async def ask_business(self, question: Question) -> Plain:
            self.ahead = "0"
            await asyncio.Event().wait()
            raise AssertionError

    nodes = 'a: {http: "http://crm/", filler: wait}\noperator: {hangup: person}'
    call = await walk(nodes, Waiting())
    assert call.story == ["hangs up: person"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ('http: "https://{{ caller }}/x"', "host without variables"),
        ('http: "file:///etc/passwd"', "host without variables"),
        ('http: "https://a@b/"', "host without variables"),
        ('http: "https://a/", send: {x: 1}', "method: POST is wanted"),
        ('http: "https://a/", tell: [x]', "none of the variables"),
        ('http: "https://a/", timeout: 600', "60"),
        ('http: "https://a/", repeatable: true, retries: 1', "method: POST and retries"),
        ('http: "https://a/", method: POST, repeatable: true', "method: POST and retries"),
    ],
)
def test_a_question_that_cannot_be_asked_is_a_fault_of_the_file(arguments: str, why: str) -> None:
    with pytest.raises(FaultyFile, match=why):
        flow_of(f"a: {{{arguments}}}")


async def test_a_customer_is_looked_up_and_decides() -> None:
    nodes = """
a: {lookup: number, next: b, on_none: n}
b: {branch: [{when: "customer.level == 'gold'", next: g}], otherwise: n}
g: {say: "{{ customer.name }}"}
n: {say: "{{ customer.found }}"}
"""
    call = ScriptedCall(caller="110")
    await walk(nodes, call)
    stamp = datetime(2026, 1, 1, tzinfo=UTC)
    call.known = [Customer(id=CustomerId(7), name="张三", level="gold", created_at=stamp, changed_at=stamp)]
    await walk(nodes, call)
    said = [line for line in call.story if line.startswith("plays")]
    assert said == ["plays False until a key", "plays 张三 until a key"]
    assert call.told == {"customer": "张三"}


async def test_a_flow_uses_the_fields_that_an_office_has_added() -> None:
    nodes = """
a: {lookup: number, next: b}
b: {branch: [{when: "customer.fields.plan == 'gold' and customer.fields.budget > 2", next: g}], otherwise: n}
g: {say: "{{ customer.fields.since }} {{ customer.fields.tags | first }} {{ customer.fields.news }}"}
n: {say: "none: {{ customer.fields.plan }}{{ customer.fields.budget }}"}
"""
    stamp = datetime(2026, 1, 1, tzinfo=UTC)
    fields: dict[str, FieldValue] = {
        "plan": "gold", "budget": 2.5, "since": date(2026, 11, 27), "tags": ("a", "b"), "news": False,
    }  # fmt: skip
    call = ScriptedCall(caller="110")
    call.fields = list(fields)
    await walk(nodes, call)
    call.known = [Customer(id=CustomerId(7), name="张三", created_at=stamp, changed_at=stamp, fields=fields)]
    await walk(nodes, call)
    said = [line for line in call.story if line.startswith("plays")]
    assert said == ["plays none:  until a key", "plays 2026-11-27 a False until a key"]


def test_a_full_card_does_not_end_a_call() -> None:
    """What a variable cannot hold is cut or left out; every name is there."""
    stamp = datetime(2026, 1, 1, tzinfo=UTC)
    fields: dict[str, FieldValue] = {f"field_{n}": ("x" * 4000 if n % 2 else ("code" * 10,) * 50) for n in range(100)}
    walking = Walk(language="en", variables={})
    full = Customer(id=CustomerId(7), created_at=stamp, changed_at=stamp, fields=fields)
    walking.set("customer", customer_told(full, fields))
    kept = cast("dict[str, dict[str, Plain]]", walking.variables["customer"])["fields"]
    assert kept.keys() == fields.keys()
    assert kept["field_1"] == "x" * 100
    assert kept["field_98"] == ""


def test_a_pretended_customer_has_fields_too() -> None:
    office = given.read(
        ["{customers: [{name: 张三, phones: ['110'], fields: {plan: gold, n: 5, vip: true}}]}"]
    ).office()
    [known] = office.customers
    assert known.fields == {"plan": "gold", "n": 5, "vip": True}
    assert known.fields["vip"] is True


# ---- tests of an office ---------------------------------------------------------------------------------


def test_an_office_tests_its_flow_and_hears_what_is_not_as_expected(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(
        'flow: main\nlanguage: en\nstart: a\nnodes:\n  a: {http: "http://crm/", get: {n: n}, next: b, on_failed: c}\n'
        '  b: {say: "It is {{ n }}."}\n  c: {say: Sorry.}\n',
        encoding="utf-8",
    )
    tests = tmp_path / "main.test.yaml"
    tests.write_text(
        "tests:\n  - {name: answered, given: {answers: {a: {n: 5}}}, expect: [It is 5.]}\n"
        "  - {name: silent, expect: [Sorry.], never: [It is]}\n"
        "  - {name: wrong, expect: [It is 6.]}\n",
        encoding="utf-8",
    )
    reading = shelf.read_folder(tmp_path)
    faults = flowtests.run_all(reading.flows, tmp_path, "en")
    assert [(fault.file, fault.line) for fault in faults] == [(str(tests), 4)]
    assert "wrong: nothing is told with 'It is 6.', but:" in faults[0].reason
    assert "测试“wrong”：没有听到 'It is 6.'，而是：" in said.told(faults[0].reason, "zh-CN")
    (tmp_path / "gone.test.yaml").write_text("tests: []", encoding="utf-8")
    assert "no flow beside it" in flowtests.run_all(reading.flows, tmp_path, "en")[0].reason


@pytest.mark.parametrize(
    ("keys", "story"),
    [
        (["5", "4"], ["judges speed: 5 of 5", "judges help: 4 of 5", "hangs up: all"]),
        (["9", "3", "1"], ["judges speed: 3 of 5", "judges help: 1 of 5", "hangs up: all"]),
        (["5", None, None], ["judges speed: 5 of 5", "hangs up: some"]),
        (["0"], ["hangs up: person"]),
    ],
)
async def test_a_caller_judges_question_by_question(keys: list[str | None], story: list[str]) -> None:
    nodes = """
a: {survey: {speed: "speed?", help: "help?"}, next: b, on_none: c}
b: {hangup: all}
c: {hangup: some}
operator: {hangup: person}
"""
    call = await walk(nodes, ScriptedCall(keys))
    assert [line for line in call.story if not line.startswith("asks")] == story


@pytest.mark.parametrize(
    ("to", "story"),
    [
        ("extension:8001", ["dials 8001 over [] record=True 30 s as None", "hangs up: after"]),
        ("number:{{ caller }}", ["dials 110 over [] record=True 30 s as None", "hangs up: after"]),
        ("agent:1001", ["dials 8007 over [] record=True 30 s as None", "hangs up: after"]),
        ("agent:1002", ["hangs up: failed"]),
        ("queue:sales", ["waits in sales", "hangs up: after"]),
    ],
)
async def test_a_call_is_handed_on(to: str, story: list[str]) -> None:
    call = ScriptedCall(caller="110")
    call.phones["1001"] = "8007"
    nodes = f'a: {{transfer: "{to}", next: b, on_failed: c}}\nb: {{hangup: after}}\nc: {{hangup: failed}}'
    assert (await walk(nodes, call)).story == story


async def test_who_is_handed_on_and_not_reached_goes_on_or_is_told() -> None:
    call = await walk('a: {transfer: "extension:8001"}', ScriptedCall(dial=["busy"]))
    assert call.story[-1] == "plays <all_busy>"
    call = await walk('a: {transfer: "queue:sales", on_failed: c}\nc: {hangup: full}', ScriptedCall(queue=["full"]))
    assert call.story[-1] == "hangs up: full"


async def test_two_flows_hand_a_caller_to_and_fro_as_often_as_the_caller_likes() -> None:
    there = """
nodes:
  a: {menu: {say: m}, keys: {"1": b}, otherwise: c}
  b: {transfer: "flow:back"}
  c: {hangup: end}
"""
    back = 'nodes:\n  a: {transfer: "flow:there"}\n'
    both = flows(there=there, back=back)
    call = ScriptedCall(["1"] * 40)
    await engine.run(both[FlowName("there")], call, flows=both)
    assert (call.story[-1], len(call.walked)) == ("hangs up: end", 40 * 3 + 2)
    assert check.between(both) == []
    assert "no flow gone" in check.between(flows(a='nodes:\n  a: {transfer: "flow:gone"}\n'))[0][1].reason


@pytest.mark.parametrize("to", ["sales", "queue:", "room:1", "flow:{{ caller }}"])
def test_a_transfer_to_nowhere_is_a_fault_of_the_file(to: str) -> None:
    with pytest.raises(FaultyFile, match="such as queue:sales"):
        flow_of(f'a: {{transfer: "{to}"}}')
