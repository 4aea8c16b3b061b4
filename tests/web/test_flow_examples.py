"""A new flow from an example: named, with every comment, its tests beside it, in service at once."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from callcenterd.ivr import flowtests, shelf
from callcenterd.model.ids import FlowName
from tests.web.house import House
from tests.web.test_flows import ask

EXAMPLES = Path(__file__).parents[2] / "flows" / "examples"


@pytest.fixture
def shipped(office: House) -> House:
    shutil.copytree(EXAMPLES, office.flows / "examples")
    return office


async def test_the_examples_are_listed_with_what_their_authors_say_of_them(shipped: House) -> None:
    (shipped.flows / "examples" / "broken.yaml").write_text("flow: broken\nnodes: {}", encoding="utf-8")
    found = await ask(shipped, "GET", "/flow_examples")
    names = [one["name"] for one in found["items"]]
    assert names == sorted(path.stem for path in EXAMPLES.glob("*.yaml") if not path.stem.endswith(".test"))
    assert found["total"] == len(names)
    menu = next(one for one in found["items"] if one["name"] == "main_menu")
    assert (menu["title"], menu["tests"]) == ("总机（上下班、节假日、双语）", True)
    assert menu["nodes"] > 5
    assert menu["about"].splitlines()[1].startswith("Main menu: two languages")


async def test_an_office_without_examples_has_none(office: House) -> None:
    assert await ask(office, "GET", "/flow_examples") == {"items": [], "total": 0}
    await ask(office, "POST", "/flow_examples/main_menu/copy", {"name": "x"}, 404)


@pytest.mark.parametrize("example", sorted(path.stem.removesuffix(".test") for path in EXAMPLES.glob("*.test.yaml")))
async def test_each_can_be_copied_keeps_its_comments_and_stands_its_tests(shipped: House, example: str) -> None:
    made = await ask(shipped, "POST", f"/flow_examples/{example}/copy", {"name": "ours", "title": "我们的"}, 201)
    assert (made["number"], made["how"], made["by"]) == (1, "published", "root")
    flow = shipped.office.flows.get(FlowName("ours"))
    assert flow is not None, "it is in service"
    assert flow.title == "我们的"
    before = (EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8")
    after = (shipped.flows / "ours.yaml").read_text(encoding="utf-8")
    others = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert [new for _, new in others] == ["flow: ours", "title: 我们的"]
    tests = (shipped.flows / "ours.test.yaml").read_text(encoding="utf-8")
    assert tests == (EXAMPLES / f"{example}.test.yaml").read_text(encoding="utf-8")
    flows = shelf.read_folder(shipped.flows).flows
    assert await asyncio.to_thread(flowtests.run_all, flows, shipped.flows, "zh-CN") == []
    entries, _ = await shipped.office.store.audit.search(what="flow.copied")
    (entry,) = entries
    assert (entry.who, entry.target, entry.details["example"]) == ("root", "flow/ours", example)


async def test_its_own_title_stays_if_none_is_given(shipped: House) -> None:
    await ask(shipped, "POST", "/flow_examples/voicemail/copy", {"name": "messages"}, 201)
    flow = shipped.office.flows.get(FlowName("messages"))
    assert flow is not None
    assert flow.title == "留言"


async def test_a_name_that_is_taken_or_cannot_be_is_refused_and_nothing_is_written(shipped: House) -> None:
    await ask(shipped, "PUT", "/flows/drawn/draft", {"text": "flow: drawn\n", "base": ""})
    (shipped.flows / "tested.test.yaml").write_text("tests: []", encoding="utf-8")
    files = {path: path.read_bytes() for path in shipped.flows.glob("*.yaml")}
    for name in ("main", "drawn", "tested", "../etc", "a b", ""):
        refused = await ask(shipped, "POST", "/flow_examples/survey/copy", {"name": name}, 422)
        assert refused["error"]["fields"], name
    await ask(shipped, "POST", "/flow_examples/..%2Fmain/copy", {"name": "x"}, 404)
    (shipped.flows / "late.yaml").write_text("# somebody was faster\n", encoding="utf-8")
    await ask(shipped, "POST", "/flow_examples/survey/copy", {"name": "late"}, 409)
    assert not (shipped.flows / "late.test.yaml").exists()
    assert {path: path.read_bytes() for path in files} == files
    assert (shipped.flows / "late.yaml").read_text(encoding="utf-8") == "# somebody was faster\n"


async def test_only_who_may_draw_flows_may_copy_them(shipped: House) -> None:
    for login in ("1001", "boss", "chief"):
        await ask(shipped, "GET", "/flow_examples", None, 403, login)
        await ask(shipped, "POST", "/flow_examples/survey/copy", {"name": "x"}, 403, login)
