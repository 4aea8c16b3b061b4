"""The node sql: what a database answers becomes variables; a slow one has its own exit."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callcenterd.errors import FaultyFile
from callcenterd.ivr import flowtests, shelf
from callcenterd.ivr.node import BusinessFailed, BusinessSlow, Found, Inquiry
from tests.ivr.calls import ScriptedCall, flow_of, walk

ASKS = """
c: {set: {card: "1' OR '1'='1"}, next: a}
a: {sql: "SELECT sum FROM cards WHERE number = :card", database: crm, values: {card: "{{ card }}"}, get: {total: sum}, rows: n, tell: [total], filler: Wait., next: s, on_none: x, on_failed: f, on_timeout: t}
s: {say: "{{ total + n }}"}
x: {say: "none {{ n }}{{ total }}"}
f: {say: "{{ error }}"}
t: {hangup: slow}
"""  # noqa: E501


async def test_the_first_row_becomes_variables_and_goes_to_the_agent() -> None:
    call = ScriptedCall()
    call.found.append(Found(2, {"sum": 40}))
    await walk(ASKS, call)
    (asked,) = call.inquiries
    assert (asked.database, asked.values, asked.columns) == ("crm", {"card": "1' OR '1'='1"}, ("sum",))
    assert "OR" not in asked.statement
    assert (call.story, call.told) == (["plays 42 until a key"], {"total": 40})


async def test_no_row_a_fault_and_a_slow_database_have_their_exits() -> None:
    call = ScriptedCall()
    call.found += [Found(0, {}), BusinessFailed("no such table"), BusinessSlow("slow")]
    for _ in range(3):
        await walk(ASKS, call)
    assert call.story == ["plays none 0 until a key", "plays no such table until a key", "hangs up: slow"]


async def test_who_waits_for_a_database_hears_the_filler_and_gets_a_person_by_zero() -> None:
    class Waiting(ScriptedCall):
        async def ask_database(self, inquiry: Inquiry) -> Found:
            self.inquiries.append(inquiry)
            await asyncio.sleep(3)
            self.ahead = "0"
            await asyncio.Event().wait()
            raise AssertionError

    call = await walk('a: {sql: "SELECT 1", database: crm, filler: Wait.}\noperator: {hangup: person}', Waiting())
    assert call.story == ["plays Wait. until a key", "hangs up: person"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ('sql: "SELECT {{ caller }}", database: crm', "write :name"),
        ('sql: "DROP TABLE x", database: crm', "SELECT, WITH or VALUES"),
        ('sql: "SELECT 1; SELECT 2", database: crm', "without a semicolon"),
        ('sql: "SELECT :card", database: crm', ":card has no value"),
        ('sql: "SELECT 1", database: crm, values: {card: 1}', "the question has no :card"),
        ('sql: "SELECT 1", database: crm, tell: [x]', "none of the variables"),
        ('sql: "SELECT 1", database: crm, timeout: 600', "60"),
        ('sql: "SELECT 1"', "database"),
        ('sql: "SELECT :c", database: crm, values: {c: "{{ nobody }}"}', "there is no variable nobody"),
    ],
)
def test_a_question_that_cannot_be_asked_is_a_fault_of_the_file(arguments: str, why: str) -> None:
    with pytest.raises(FaultyFile, match=why):
        flow_of(f"a: {{{arguments}}}")


def test_an_office_tests_a_flow_with_pretended_rows(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(
        'flow: main\nlanguage: en\nstart: a\nnodes:\n  a: {sql: "SELECT n FROM t", database: crm, get: {n: n}, next: b,'
        ' on_none: e, on_failed: c, on_timeout: d}\n  b: {say: "It is {{ n }}."}\n  c: {say: Sorry.}\n'
        "  d: {say: Slow.}\n  e: {say: None.}\n",
        encoding="utf-8",
    )
    (tmp_path / "main.test.yaml").write_text(
        "tests:\n  - {name: rows, given: {answers: {a: [{n: 5}, {n: 6}]}}, expect: [asks database crm, It is 5.]}\n"
        "  - {name: none, given: {answers: {a: []}}, expect: [None.]}\n"
        "  - {name: slow, given: {answers: {a: timeout}}, expect: [Slow.]}\n"
        "  - {name: column, given: {answers: {a: [{m: 1}]}}, expect: [Sorry.]}\n"
        "  - {name: silent, expect: [Sorry.]}\n",
        encoding="utf-8",
    )
    reading = shelf.read_folder(tmp_path)
    assert flowtests.run_all(reading.flows, tmp_path, "en") == []
