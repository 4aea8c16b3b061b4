"""Groups and figures, sorting, sight, and the end of a query that takes too long."""

from __future__ import annotations

import random
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from callcenterd.errors import Refused
from callcenterd.model.calls import CallSight
from callcenterd.model.fields import FieldTerms
from callcenterd.model.ids import AgentId
from callcenterd.model.query import (
    Condition,
    Figure,
    Group,
    GroupBy,
    Grouping,
    Query,
    Related,
    Sort,
    Span,
)
from callcenterd.store.database import Store
from callcenterd.store.engine import Database, TooLong, address_of
from callcenterd.store.query.kinds import QuerySight
from tests.kit.virtual import START
from tests.store.query.plain import ZONE
from tests.store.query.rows import Record, small_office
from tests.store.rows import begin, call

ADMIN = QuerySight(login="1005", role="admin")


async def test_groups_have_counts_and_figures_of_what_is_in_them(store: Store) -> None:
    calls = (await small_office(store, random.Random(7)))["call"]
    figures = (Figure(what="sum", field="talk_seconds"), Figure(what="most", field="talk_seconds"))
    query = Query(kind="call", group=Grouping(by=(GroupBy(field="queue"), GroupBy(field="agent")), figures=figures))
    found = await store.queries.groups(query, ADMIN, ZONE)

    def of(record: Record, field: str) -> str | None:
        return next(iter(record.values[field]), None)

    counts = Counter((of(one, "queue"), of(one, "agent")) for one in calls)
    assert {group.keys: group.count for group in found.items} == dict(counts)
    assert found.total == len(counts)
    for group in found.items:
        talks = [one.values["talk_seconds"][0] for one in calls
                 if (of(one, "queue"), of(one, "agent")) == group.keys and one.values["talk_seconds"]]  # fmt: skip
        assert group.figures == ((sum(talks), max(talks)) if talks else (None, None))
    assert (found.whole.count, found.whole.keys) == (len(calls), ())
    whole = [one.values["talk_seconds"][0] for one in calls if one.values["talk_seconds"]]
    assert found.whole.figures == (sum(whole), max(whole))
    assert found.items[-1].keys[0] is None, "what is not filled in comes last"
    largest = query.model_copy(update={"group": Grouping(by=(GroupBy(field="queue"),), order="count")})
    sizes = [group.count for group in (await store.queries.groups(largest, ADMIN, ZONE)).items]
    assert sizes == sorted(sizes, reverse=True)


async def test_a_record_with_several_values_is_in_each_of_their_groups(store: Store) -> None:
    customers = (await small_office(store, random.Random(8)))["customer"]
    for field in ("tags", "x_wishes", "x_plan", "x_hobby"):
        query = Query(kind="customer", group=Grouping(by=(GroupBy(field=field),)))
        found = await store.queries.groups(query, ADMIN, ZONE)
        values = [one.values[field] or [None] for one in customers]
        assert {group.keys[0]: group.count for group in found.items} == Counter(v for each in values for v in each)
        assert found.whole.count == len(customers)


@pytest.mark.parametrize(
    ("step", "zone", "keys"),
    [
        ("day", "Asia/Shanghai", ["2026-08-02", "2026-08-03"]),
        ("day", "UTC", ["2026-08-02"]),
        ("day", "America/New_York", ["2026-08-01", "2026-08-02"]),
        ("week", "Asia/Shanghai", ["2026-07-27", "2026-08-03"]),
        ("month", "Asia/Shanghai", ["2026-08"]),
        ("quarter", "Asia/Shanghai", ["2026-Q3"]),
        ("year", "Asia/Shanghai", ["2026"]),
    ],
)
async def test_days_weeks_and_months_are_those_of_the_office(
    store: Store, step: str, zone: str, keys: list[str]
) -> None:
    """Sunday, 2 August 2026, 2 o'clock and 17 o'clock of Greenwich: Sunday morning and Monday night in Shanghai."""
    midnight = START.replace(day=2, hour=0)
    await begin(store, call("a", started_at=midnight.replace(hour=2)), call("b", started_at=midnight.replace(hour=17)))
    by = GroupBy(field="started_at", step=step)  # type: ignore[arg-type]  # it is one of them
    found = await store.queries.groups(Query(kind="call", group=Grouping(by=(by,))), ADMIN, ZoneInfo(zone))
    assert [group.keys[0] for group in found.items] == keys


async def test_winter_and_summer_have_their_own_midnights(store: Store) -> None:
    """22:30 of Greenwich is 23:30 in Berlin in winter, and half past midnight in summer."""
    winter, summer = (START.replace(month=month, day=10, hour=22, minute=30) for month in (1, 7))
    await begin(store, call("a", started_at=winter), call("b", started_at=summer))
    grouping = Grouping(by=(GroupBy(field="started_at", step="day"),))
    found = await store.queries.groups(Query(kind="call", group=grouping), ADMIN, ZoneInfo("Europe/Berlin"))
    assert [group.keys[0] for group in found.items] == ["2026-01-10", "2026-07-11"]


async def test_what_is_not_filled_in_is_sorted_last_and_equal_ones_by_number(store: Store) -> None:
    customers = (await small_office(store, random.Random(9)))["customer"]
    for descending in (False, True):
        query = Query(kind="customer", columns=("x_score",), sort=(Sort(field="x_score", descending=descending),))
        page = await store.queries.page(query, ADMIN, ZONE)
        scores = [values[0] for _, values in page.items]
        filled = [one for one in scores if one is not None]
        assert filled == sorted(filled, reverse=descending)
        assert scores == filled + [None] * (len(customers) - len(filled))
    second = await store.queries.page(query.model_copy(update={"limit": 5, "offset": 5}), ADMIN, ZONE)
    assert second.items == page.items[5:10]
    assert second.total == len(customers)


async def test_what_one_may_not_see_is_in_no_list_count_group_or_relation(store: Store) -> None:
    office = await small_office(store, random.Random(10))
    agent = QuerySight(login="1006", role="agent", calls=CallSight(agents=(AgentId("1006"),)))
    theirs = {one.key for one in office["call"] if one.values["agent"] == ["1006"]}
    assert 0 < len(theirs) < len(office["call"])
    page = await store.queries.page(Query(kind="call", limit=500), agent, ZONE)
    assert {key for key, _ in page.items} == theirs
    assert page.total == len(theirs)
    grouped = await store.queries.groups(Query(kind="call", group=Grouping(by=(GroupBy(field="agent"),))), agent, ZONE)
    assert [(group.keys, group.count) for group in grouped.items] == [(("1006",), len(theirs))]
    assert grouped.whole.count == len(theirs)
    talked = await store.queries.page(Query(kind="customer", where=Related(related="call"), limit=500), agent, ZONE)
    wanted = {one.key for one in office["customer"] if any(call.key in theirs for call in one.related["call"])}
    assert {key for key, _ in talked.items} == wanted


async def test_a_custom_field_that_a_role_does_not_see_is_no_field_to_it(store: Store) -> None:
    await small_office(store, random.Random(11))
    [score] = [field for field in await store.fields.all("customer") if field.name == "score"]
    await store.fields.change(score.id, FieldTerms(chinese="x", english="x", readers=("manager",)), None)
    agent = QuerySight(login="1005", role="agent")
    assert "x_score" not in [one.field.name for one in await store.queries.fields("customer", agent, ZONE)]
    for query in (
        Query(kind="customer", where=Condition(field="x_score", op="filled")),
        Query(kind="customer", columns=("x_score",)),
        Query(kind="customer", sort=(Sort(field="x_score"),)),
        Query(kind="call", where=Condition(field="customer.x_score", op="filled")),
    ):
        with pytest.raises(Refused) as fault:
            await store.queries.page(query, agent, ZONE)
        assert list(fault.value.fields.values()) == ["there is no such field"]


async def test_the_example_of_the_office(store: Store) -> None:
    """Customers of level gold with two calls this quarter that were abandoned, and none in three days."""
    await small_office(store, random.Random(12))
    where = Group(
        group="all",
        of=(
            Condition(field="level", op="is", values=("gold",)),
            Related(
                related="call",
                at_least=2,
                where=Group(
                    group="all",
                    of=(
                        Condition(field="outcome", op="is", values=("abandoned", "answered")),
                        Condition(field="started_at", op="within", span=Span(period="this_quarter")),
                    ),
                ),
            ),
            Related(
                related="call",
                at_most=0,
                where=Condition(field="started_at", op="within", span=Span(last=1, unit="hour")),
            ),
        ),
    )
    page = await store.queries.page(Query(kind="customer", where=where, columns=("level", "phones")), ADMIN, ZONE)
    assert all(values[0] == "gold" for _, values in page.items)
    keys = await store.queries.matching("customer", where, ADMIN, ZONE)
    assert "customers" in str(keys), "others ask on with it"


async def test_a_question_that_takes_too_long_is_ended_and_the_next_one_has_its_own_time(
    store: Store, address: object
) -> None:
    database = Database(address_of(address))  # type: ignore[arg-type]  # a path or a text, both are taken
    endless = {
        True: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        False: "SELECT pg_sleep(30)",
    }[database.is_sqlite]
    try:
        for _ in range(8):  # more than there are readers: what was ended leaves each as it was
            with pytest.raises(TooLong, match=r"takes longer than 0\.05 seconds"):
                async with database.timed(0.05) as connection:
                    await connection.exec_driver_sql(endless)
            async with database.timed(5) as connection:
                assert (await connection.exec_driver_sql("SELECT 1")).scalar_one() == 1
    finally:
        await database.close()
