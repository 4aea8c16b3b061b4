"""The flows that ship as examples are flows, need no recording, and do what their tests say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callcenterd import yamltext
from callcenterd.ivr import check, flowtests, shelf, simulate
from callcenterd.ivr.directory import Person

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "flows" / "examples"


def test_every_example_is_a_flow_with_tests_that_it_stands() -> None:
    reading = shelf.read_folder(EXAMPLES)
    assert reading.faults == ()
    assert {Path(flow.file).stem for flow in reading.flows} == {
        path.name.removesuffix(".test.yaml") for path in EXAMPLES.glob("*.test.yaml")
    }
    assert flowtests.run_all(reading.flows, EXAMPLES, "zh-CN") == []
    assert [fault for flow in reading.flows for fault in check.missing_prompts(flow, ROOT / "prompts", "zh-CN")] == []


BILINGUAL = (
    "balance",
    "balance_by_http",
    "callback_offer",
    "complaint",
    "extension",
    "main_menu",
    "orders",
    "survey",
    "voicemail",
)
HEARD = re.compile(r"听到(?:录音 \w+)?：(.*)")
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("name", BILINGUAL)
async def test_who_chooses_english_hears_english_to_the_end_and_each_language_has_its_tests(name: str) -> None:
    flow = check.read(EXAMPLES / f"{name}.yaml")
    read = flowtests.FlowTests.model_validate(yamltext.load(EXAMPLES / f"{name}.test.yaml").data)
    heard: dict[bool, int] = {True: 0, False: 0}
    for test in read.tests:
        people = tuple(Person(one.name, one.extension) for one in test.given.people)
        lines = await simulate.simulate(
            flow,
            simulate.keys_of(test.keys),
            at=test.given.at,
            language="zh-CN",
            agents=test.given.agents,
            hours=test.given.hours,
            given=simulate.Given(answers=test.given.answers, people=people),
        )
        english = next((n for n, line in enumerate(lines) if "（language）" in line), None)
        heard[english is not None] += 1
        if english is not None:
            said = [found[1] for line in lines[english:] if (found := HEARD.search(line))]
            assert [text for text in said if HAN.search(text)] == [], test.name
    assert all(heard.values()), "tests in each language"


def test_examples_are_not_in_service_until_they_are_copied() -> None:
    examples = {flow.name for flow in shelf.read_folder(EXAMPLES).flows}
    assert examples.isdisjoint(flow.name for flow in shelf.read_folder(ROOT / "flows").flows)
