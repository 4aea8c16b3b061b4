"""How many callers are in each node, and came to it today."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from callcenterd.model.ids import FlowName
from callcenterd.switchboard import flowcounts
from callcenterd.switchboard.flowcounts import FlowCounts
from tests.kit.office import NUMBER, in_virtual_time, office
from tests.kit.virtual import VirtualClock

MAIN, NIGHT = FlowName("main"), FlowName("night")


def counted(counts: FlowCounts, flow: FlowName = MAIN) -> dict[str, tuple[int, int]]:
    return {name: (count.now, count.today) for name, count in counts.of(flow).items()}


def test_a_caller_is_in_the_node_that_was_reached_last_until_the_walk_is_over() -> None:
    counts = FlowCounts(VirtualClock(), UTC)
    told: list[tuple[str, str]] = []
    counts.watch(lambda flow, node: told.append((flow, node)))
    one, two = object(), object()
    counts.entered(one, MAIN, "menu")
    counts.entered(two, MAIN, "menu")
    counts.entered(one, MAIN, "sales")
    assert counted(counts) == {"menu": (1, 2), "sales": (1, 1)}
    assert told == [(MAIN, "menu"), (MAIN, "menu"), (MAIN, "menu"), (MAIN, "sales")]
    counts.entered(two, NIGHT, "bye")
    counts.left(one)
    counts.left(one)
    assert counted(counts) == {"menu": (0, 2), "sales": (0, 1)}
    assert counted(counts, NIGHT) == {"bye": (1, 1)}


def test_the_day_begins_anew_at_the_offices_midnight_and_who_is_there_stays() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    clock = VirtualClock()
    counts, one = FlowCounts(clock, shanghai), object()
    counts.entered(one, MAIN, "menu")
    counts.entered(one, MAIN, "sales")
    midnight = clock.utc().astimezone(shanghai).replace(hour=0, minute=0, second=0, microsecond=0)
    clock.move(24 * 3600 - (clock.utc() - midnight).total_seconds() - 1)
    assert counted(counts) == {"menu": (0, 1), "sales": (1, 1)}
    clock.move(1)
    assert counted(counts) == {"sales": (1, 0)}
    counts.left(one)
    clock.move(24 * 3600)
    assert counts.flows() == []


def test_names_without_end_are_not_kept() -> None:
    counts, one = FlowCounts(VirtualClock(), UTC), object()
    for n in range(flowcounts.MOST_NODES + 5):
        counts.entered(one, MAIN, f"n{n}")
    assert len(counts.of(MAIN)) == flowcounts.MOST_NODES
    assert counts.left_out == 5
    counts.entered(one, MAIN, "n1")
    assert counts.at(MAIN, "n1").today == 2


@in_virtual_time
async def test_calls_in_flows_are_counted_until_they_end() -> None:
    async with office() as desk:
        caller = desk.line.calls_in("13800138000", NUMBER)
        await desk.wait(2.5)
        assert [name for name, count in desk.board.flow_counts.of(MAIN).items() if count.now] == ["menu"]
        desk.line.hangs_up(caller)
        await desk.settle()
        assert [name for name, count in desk.board.flow_counts.of(MAIN).items() if count.now] == []
        assert desk.board.flow_counts.at(MAIN, "menu").today == 1
