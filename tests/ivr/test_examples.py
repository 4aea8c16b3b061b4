"""The flows that ship as examples are flows, need no recording, and do what their tests say."""

from __future__ import annotations

from pathlib import Path

from callcenterd.ivr import check, flowtests, shelf

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


def test_examples_are_not_in_service_until_they_are_copied() -> None:
    examples = {flow.name for flow in shelf.read_folder(EXAMPLES).flows}
    assert examples.isdisjoint(flow.name for flow in shelf.read_folder(ROOT / "flows").flows)
