"""Tests of flows, written by the office beside them: `main.test.yaml` says what callers of `main.yaml` must hear."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callcenterd import yamltext
from callcenterd.errors import Fault, FaultyFile, Refused
from callcenterd.ivr import simulate
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.given import GivenOffice, Text
from callcenterd.ivr.shelf import ENDINGS, TESTS
from callcenterd.said import Said
from callcenterd.yamltext import Document


class FlowTest(BaseModel):
    """keys: as of `simulate`. expect: parts of what is told, in their order. never: parts that must not be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    given: GivenOffice = GivenOffice()
    keys: Text = ""
    expect: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)]
    never: Annotated[tuple[Text, ...], Field(max_length=100)] = ()


class FlowTests(BaseModel):
    """A file of tests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tests: Annotated[tuple[FlowTest, ...], Field(min_length=1, max_length=500)]


def run_all(flows: Sequence[Flow], folder: Path, language: str) -> list[Fault]:
    """Every test of a folder that does not come out as it should, and every file of tests without a flow."""
    faults: list[Fault] = []
    of_file = {Path(flow.file).stem: flow for flow in flows}
    paths = sorted(path for ending in ENDINGS for path in folder.glob(f"*{TESTS}{ending}"))
    for path in paths:
        flow = of_file.get(path.stem.removesuffix(TESTS))
        if flow is None:
            faults.append(Fault(str(path), 1, Said("no_flow_beside")))
            continue
        try:
            faults += run(flow, yamltext.load(path), language, flows)
        except FaultyFile as fault:
            faults += fault.faults
    return faults


def run(flow: Flow, document: Document, language: str, flows: Sequence[Flow] = ()) -> list[Fault]:
    """Raises FaultyFile if they cannot be read."""
    try:
        read = FlowTests.model_validate(document.data)
    except ValidationError as error:
        raise FaultyFile(document.faults_of(error, model=FlowTests)) from None
    return [
        document.fault(("tests", n), Said("test", name=test.name, why=why))
        for n, test in enumerate(read.tests)
        for why in _run(flow, test, language, flows)
    ]


def _run(flow: Flow, test: FlowTest, language: str, flows: Sequence[Flow]) -> Iterator[str]:
    given = test.given
    try:
        walk = simulate.simulate(
            flow,
            simulate.keys_of(test.keys),
            at=given.at,
            language=flow.language or language,
            caller=given.caller,
            called=given.called,
            agents=given.agents,
            hours=given.hours,
            flows={one.name: one for one in flows},
            given=given.office(),
        )
    except Refused as why:
        yield str(why)
        return
    lines = asyncio.run(walk)
    at = 0
    for part in test.expect:
        place = next((n for n in range(at, len(lines)) if part in lines[n]), None)
        if place is None:
            came = " · ".join(lines[at:])[:600]
            if at:
                yield Said("not_heard_after", after=repr(lines[at - 1]), part=repr(part), came=came)
            else:
                yield Said("not_heard", part=repr(part), came=came)
            return
        at = place + 1
    for part in test.never:
        if found := next((line for line in lines if part in line), None):
            yield Said("must_not", part=repr(part), line=found)
