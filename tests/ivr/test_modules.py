"""Nodes of modules that an office has switched off (ADM-02): refused when published, passed by their failure way."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from callcenterd.ivr import check
from callcenterd.ivr.naming import Known
from callcenterd.ivr.node import NodeFailed, kinds
from callcenterd.model import modules
from callcenterd.model.modules import MODULES
from callcenterd.model.site import Module, Site
from callcenterd.web.rights import READS, RIGHTS
from tests.ivr.calls import ScriptedCall, flow_of, walk


def without(kind: str, module: str, **more: object) -> ScriptedCall:
    call = ScriptedCall(**more)  # type: ignore[arg-type]
    call.off[kind] = module
    return call


async def test_a_node_of_it_takes_its_failure_way_and_the_log_says_why() -> None:
    call = without("voicemail", "voicemail")
    with capture_logs() as lines:
        await walk("a: {voicemail: sales, on_error: b}\nb: {hangup: failed}", call)
    assert (call.walked, call.story) == (["a", "b"], ["hangs up: failed"])
    (line,) = [line for line in lines if line["event"] == "node failed"]
    assert (line["node"], line["why"], line["log_level"]) == ("a", "module voicemail is switched off", "warning")


async def test_else_the_flows_operator_takes_the_caller_and_where_there_is_none_the_flow_fails() -> None:
    call = without("callback", "callbacks")
    await walk("a: {callback: sales}\noperator: {hangup: normal}", call)
    assert call.walked == ["a", "operator"]
    with pytest.raises(NodeFailed, match="module callbacks is switched off"):
        await walk("a: {callback: sales}", without("callback", "callbacks"))


async def test_who_waits_is_not_offered_what_there_is_not() -> None:
    nodes = 'q: {queue: sales, keys: {"1": v, "2": c}}\nv: {voicemail: sales}\nc: {callback: sales}'
    offered: list[list[str]] = []

    class Waiting(ScriptedCall):
        async def wait_in_queue(self, queue, **asked):  # type: ignore[no-untyped-def]
            offered.append(sorted(asked["exits"]))
            return await super().wait_in_queue(queue, **asked)

    for off, left in (({}, ["1", "2", "7", "8"]), ({"voicemail": "voicemail"}, ["2", "8"])):
        call = Waiting(queue=["served"], exits={"sales": {"7": "voicemail", "8": "callback"}})
        call.off = off
        await walk(nodes, call)
        assert offered.pop() == left


def test_publishing_it_is_a_fault_at_the_node_in_both_languages() -> None:
    flow = flow_of("a: {say: x, next: b}\nb: {voicemail: sales}")
    assert check.switched_off(flow, Known()) == []
    (fault,) = check.switched_off(flow, Known(off=("voicemail", "campaigns")))
    assert (fault.line, fault.path, fault.warning) == (flow.lines["b"], ("nodes", "b"), False)  # type: ignore[index]
    assert (
        str(fault.reason)
        == "b: needs the module Voicemail, which is switched off: switch it on first, or use another node"
    )


def test_what_the_table_names_is_there() -> None:
    """A right, a kind of record or of node that is written wrongly would be switched off by nothing."""
    for module in MODULES.values():
        assert set(module.rights) <= RIGHTS.keys(), module.name
        assert set(module.kinds) <= READS.keys(), module.name
        assert set(module.nodes) <= kinds().keys(), module.name
        assert module.name not in module.uses


def test_a_site_says_what_rests() -> None:
    site = Site(modules=(Module(name="complaints", on=False), Module(name="voicemail", on=True)))
    assert (site.off, site.duties_off, site.kinds_off) == (
        ("complaints",),
        ("complaint_step", "complaint_answer"),
        ("complaint",),
    )
    assert Site().off == ()
    assert modules.of_address("/api/v1/voicemailbox") is None
