"""Campaigns in the database: lists taken in, the order of the rule, one attempt for each due time."""

from __future__ import annotations

import dataclasses
import random
from datetime import timedelta

import pytest

from callcenterd.acd.campaigns import next_entries
from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.campaigns import Campaign, CampaignIsAnother, CampaignPlan, EntryFilter, ListRow, Loaded, Turn
from callcenterd.model.customers import CustomerCard
from callcenterd.model.do_not_call import DoNotCall
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.store import campaigns
from callcenterd.store.database import Store
from tests.kit.virtual import START

PLAN = CampaignPlan(name="spring", queue=QueueName("sales"), retry={"busy": 60.0}, meanings={"1": "do_not_call"})
MINUTE = timedelta(minutes=1)
ALL = EntryFilter()


async def campaign(store: Store, *numbers: str) -> Campaign:
    made = await store.campaigns.create(PLAN, "boss", START)
    await store.campaigns.load(made.id, [ListRow(number=number) for number in numbers], "boss", START)
    return made


async def test_a_campaign_is_kept_changed_and_removed_with_all_that_is_its(store: Store) -> None:
    made = await campaign(store, "13800000001")
    assert (made.state, made.retry, made.meanings, made.created_by) == ("stopped", PLAN.retry, PLAN.meanings, "boss")
    assert await store.campaigns.get(made.id) == made
    with pytest.raises(Refused, match="spring"):
        await store.campaigns.create(PLAN, "boss", START)
    other = dataclasses.replace(PLAN, name="summer", ratio=1.5)
    changed = await store.campaigns.change(made.id, made.version, other, "root", START + MINUTE)
    assert (made.version, changed.version) == (1, 2)
    with pytest.raises(CampaignIsAnother) as another:
        await store.campaigns.change(made.id, made.version, PLAN, "boss", START + MINUTE)
    assert (another.value.now, await store.campaigns.get(made.id)) == (changed, changed)
    assert (changed.name, changed.ratio, changed.changed_by, changed.created_by) == ("summer", 1.5, "root", "boss")
    running = await store.campaigns.set_state(made.id, "running", "root", START)
    assert (running.state, running.version) == ("running", 2)
    assert await store.campaigns.states([made.id, 99]) == {made.id: {"waiting": 1}, 99: {}}
    assert (await store.campaigns.page("running"))[1] == 1
    assert (await store.campaigns.page("paused"))[1] == 0
    await store.campaigns.begin(1, CallId("c1"), "system", START)
    await store.campaigns.remove(made.id)
    with pytest.raises(NotFound):
        await store.campaigns.get(made.id)
    assert await store.campaigns.of_call(CallId("c1")) is None
    with pytest.raises(NotFound):
        await store.campaigns.load(made.id, [ListRow(number="13800000001")], "boss", START)


async def test_a_list_is_taken_in_once_however_numbers_are_written_and_without_those_not_to_be_called(
    store: Store,
) -> None:
    await store.do_not_call.add(DoNotCall(number="+8613800000003", why="", by="boss", at=START))
    customer = await store.customers.create(CustomerCard(name="张三", phones=("13800000001",)), "boss")
    made = await store.campaigns.create(PLAN, "boss", START)
    rows = [
        ListRow(number="13800000001", name="张三", customer=customer.id, fields={"车型": "轿车"}, priority=3),
        ListRow(number="+8613800000001"),
        ListRow(number="013800000003"),
        ListRow(number="13800000002"),
    ]
    assert await store.campaigns.load(made.id, rows, "boss", START) == Loaded(added=2, doubles=1, do_not_call=1)
    assert await store.campaigns.load(made.id, rows, "boss", START) == Loaded(added=0, doubles=4, do_not_call=0)
    listed, total = await store.campaigns.entries(made.id, ALL)
    assert total == 3
    assert (listed[0].name, listed[0].customer, listed[0].fields, listed[0].priority) == (
        "张三", customer.id, {"车型": "轿车"}, 3,
    )  # fmt: skip
    assert [one.state for one in listed] == ["waiting", "do_not_call", "waiting"]
    for text, found in (("张", 1), ("0000 0002", 1), ("00000002", 1), ("+861380000000", 3), ("%", 0)):
        assert (await store.campaigns.entries(made.id, EntryFilter(text=text)))[1] == found, text
    assert (await store.campaigns.entries(made.id, EntryFilter(state="waiting")))[1] == 2


async def test_a_campaign_has_so_many_entries_at_most(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "MOST_ENTRIES", 2)
    made = await campaign(store, "13800000001", "13800000002")
    with pytest.raises(NotNow):
        await store.campaigns.load(made.id, [ListRow(number="13800000003")], "boss", START)
    assert (await store.campaigns.entries(made.id, ALL))[1] == 2


async def test_the_database_has_the_order_of_the_rule(store: Store) -> None:
    chance = random.Random(3)
    made = await store.campaigns.create(PLAN, "boss", START)
    rows = [ListRow(number=f"1380000{n:04}", priority=chance.randint(0, 2)) for n in range(40)]
    await store.campaigns.load(made.id, rows, "boss", START)
    for n in range(1, 31):
        await store.campaigns.begin(n, CallId(f"c{n}"), "system", START)
        due = START + timedelta(minutes=chance.randint(1, 6))
        await store.campaigns.finish(CallId(f"c{n}"), "busy", Turn("waiting", due, chance.random() < 0.3), START)
    every, _ = await store.campaigns.entries(made.id, ALL)
    for minutes in (0, 3, 9):
        now = START + minutes * MINUTE
        for most in (1, 5, 50):
            assert await store.campaigns.due(made.id, now, most) == next_entries(every, now, most)
    first, second = await store.campaigns.due(made.id, START, 2)
    assert await store.campaigns.due(made.id, START, 1, but=(first.id,)) == [second]


async def test_an_attempt_is_begun_once_and_finished_once(store: Store) -> None:
    made = await campaign(store, "13800000001")
    begun = await store.campaigns.begin(1, CallId("c1"), "system", START)
    assert begun is not None
    assert (begun.state, begun.attempts, begun.call) == ("dialling", 1, "c1")
    assert await store.campaigns.begin(1, CallId("c2"), "system", START) is None
    assert await store.campaigns.due(made.id, START + MINUTE, 9) == []
    assert [one.id for one in await store.campaigns.left_open()] == [1]
    with pytest.raises(NotNow):
        await store.campaigns.change_entry(made.id, 1, Turn("skipped"), "boss", START)
    again = Turn("waiting", START + MINUTE)
    done = await store.campaigns.finish(CallId("c1"), "busy", again, START)
    assert done is not None
    assert (done.state, done.result, done.due, done.attempts) == ("waiting", "busy", START + MINUTE, 1)
    assert await store.campaigns.finish(CallId("c1"), "answered", Turn("done"), START) is None
    assert await store.campaigns.finish(CallId("nobody"), "answered", Turn("done"), START) is None
    assert await store.campaigns.attempts_since(1, START) == 1
    assert await store.campaigns.attempts_since(1, START + MINUTE) == 0
    (attempt,) = await store.campaigns.attempts(1)
    assert (attempt.call, attempt.result, attempt.ended_at, attempt.by) == ("c1", "busy", START, "system")
    assert await store.campaigns.waits(made.id)
    skipped = await store.campaigns.change_entry(made.id, 1, Turn("skipped"), "boss", START)
    assert (skipped.state, skipped.changed_by) == ("skipped", "boss")
    assert not await store.campaigns.waits(made.id)


async def test_who_came_on_the_do_not_call_list_meanwhile_is_not_dialled(store: Store) -> None:
    made = await campaign(store, "13800000001")
    await store.do_not_call.add(DoNotCall(number="013800000001", why="", by="boss", at=START))
    assert await store.campaigns.begin(1, CallId("c1"), "system", START) is None
    assert (await store.campaigns.entry(made.id, 1)).state == "do_not_call"
    assert await store.campaigns.attempts(1) == []


@pytest.mark.parametrize("first", ["said", "ended"])
async def test_what_the_agent_says_counts_whenever_it_is_said(store: Store, first: str) -> None:
    made = await campaign(store, "13800000001")
    call = CallId("c1")
    await store.campaigns.begin(1, call, "system", START)

    async def said() -> None:
        await store.campaigns.dispose(call, "2", Turn("waiting", START + MINUTE, agreed=True), None, "1001", START)

    async def ended() -> None:
        await store.campaigns.finish(call, "answered", Turn("done"), START, agent=AgentId("1001"))

    for step in (said, ended) if first == "said" else (ended, said):
        await step()
    entry = await store.campaigns.entry(made.id, 1)
    assert (entry.state, entry.agreed, entry.due, entry.result) == ("waiting", True, START + MINUTE, "answered")
    found = await store.campaigns.of_call(call)
    assert found is not None
    assert (found.disposition, found.agent, found.result) == ("2", "1001", "answered")
    await store.campaigns.dispose(call, "1", Turn("do_not_call"), None, "1001", START)
    assert (await store.campaigns.entry(made.id, 1)).state == "do_not_call"
    barred = await store.do_not_call.find("+8613800000001")
    assert barred is not None
    assert barred.by == "1001"


@pytest.mark.parametrize("first", ["said", "ended"])
async def test_a_wrong_number_is_one_whenever_it_is_said(store: Store, first: str) -> None:
    made = await campaign(store, "13800000001")
    call = CallId("c1")
    await store.campaigns.begin(1, call, "system", START)

    async def said() -> None:
        await store.campaigns.dispose(call, "4", Turn("invalid"), "wrong_number", "1001", START)

    async def ended() -> None:
        await store.campaigns.finish(call, "answered", Turn("done"), START, agent=AgentId("1001"))

    for step in (said, ended) if first == "said" else (ended, said):
        await step()
    entry = await store.campaigns.entry(made.id, 1)
    assert (entry.state, entry.result) == ("invalid", "wrong_number")
    found = await store.campaigns.results(made.id)
    assert (found.results, found.answered) == ({"wrong_number": 1}, 1)


async def test_what_is_said_of_an_earlier_call_does_not_change_a_later_turn(store: Store) -> None:
    made = await campaign(store, "13800000001")
    await store.campaigns.begin(1, CallId("c1"), "system", START)
    await store.campaigns.finish(CallId("c1"), "busy", Turn("waiting", START), START)
    await store.campaigns.begin(1, CallId("c2"), "system", START)
    assert await store.campaigns.dispose(CallId("c1"), "1", Turn("done"), None, "1001", START) is None
    assert (await store.campaigns.entry(made.id, 1)).state == "dialling"
    assert await store.campaigns.dispose(CallId("none"), "1", Turn("done"), None, "1001", START) is None


async def test_what_came_of_it_is_counted(store: Store) -> None:
    made = await campaign(store, *(f"1380000000{n}" for n in range(6)))
    outcomes = [("answered", "1001"), ("answered", "1002"), ("answered", "1001"), ("abandoned", ""), ("busy", "")]
    for n, (result, agent) in enumerate(outcomes, start=1):
        await store.campaigns.begin(n, CallId(f"c{n}"), "system", START + n * MINUTE)
        turn = Turn("done" if result == "answered" else "waiting", START)
        await store.campaigns.finish(
            CallId(f"c{n}"), result, turn, START, agent=AgentId(agent) if agent else None,  # type: ignore[arg-type]
            without_agent=result == "abandoned",
        )  # fmt: skip
    await store.campaigns.dispose(CallId("c2"), "5", Turn("done"), None, "1002", START)
    found = await store.campaigns.results(made.id)
    assert found.states == {"done": 3, "waiting": 3}
    assert found.results == {"answered": 3, "abandoned": 1, "busy": 1}
    assert (found.entries, found.attempts, found.answered, found.abandoned) == (6, 5, 3, 1)
    assert (found.abandoned_share, found.dispositions) == (0.25, {"5": 1})
    assert [(one.agent, one.attempts, one.answered) for one in found.agents] == [("1001", 2, 2), ("1002", 1, 1)]
    assert await store.campaigns.found_agents(made.id, 3) == [True, True, False]
    with pytest.raises(NotFound):
        await store.campaigns.results(99)
    after = await store.campaigns.entries_after(made.id, 4)
    assert [one.id for one in after] == [5, 6]
