from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callcenterd.web.page import GONE, MOST_FACTS, Page, ping

AT = "2026-08-03T01:00:00+00:00"


def taken(page: Page, topics: dict[str, str] | None = None) -> list[dict[str, Any]]:
    return [json.loads(message) for message in page.take(AT, lambda: topics or {})]


def test_a_live_page_begins_with_a_snapshot() -> None:
    page = Page(live=True)
    assert page.has_news
    (first,) = taken(page, {"agents/1": '{"state":"ready"}'})
    assert first == {
        "type": "live.snapshot",
        "at": AT,
        "data": {"seq": 0, "topics": {"agents/1": {"state": "ready"}}},
    }
    assert not page.has_news


def test_differences_are_numbered_and_the_last_value_of_a_topic_wins() -> None:
    page = Page(live=True)
    taken(page)
    page.changed("a", "1")
    page.changed("a", "2")
    page.changed("b", GONE)
    (message,) = taken(page)
    assert message["data"] == {"seq": 1, "changes": {"a": 2, "b": None}}
    page.changed("a", "3")
    assert taken(page)[0]["data"]["seq"] == 2


def test_what_changes_before_the_snapshot_is_in_it_and_not_told_again() -> None:
    page = Page(live=True)
    page.changed("a", "1")
    assert [message["type"] for message in taken(page, {"a": "1"})] == ["live.snapshot"]
    assert taken(page) == []


def test_a_page_that_lost_its_way_gets_a_snapshot_with_the_number_that_its_next_difference_follows() -> None:
    page = Page(live=True)
    taken(page)
    page.changed("a", "1")
    taken(page)
    page.changed("a", "2")
    page.renew()
    (snapshot,) = taken(page, {"a": "2"})
    assert snapshot["data"]["seq"] == 1
    page.changed("a", "3")
    assert taken(page)[0]["data"]["seq"] == 2


def test_a_program_that_wants_no_picture_gets_facts_only() -> None:
    page = Page(live=False)
    assert not page.has_news
    page.changed("a", "1")
    page.happened('{"type":"call.ended"}')
    assert taken(page) == [{"type": "call.ended"}]


def test_who_never_reads_loses_facts_is_told_so_and_costs_no_more_than_the_bound() -> None:
    page = Page(live=True)
    taken(page)
    for n in range(MOST_FACTS + 3):
        page.happened(f'{{"n":{n}}}')
    lost, snapshot, *facts = taken(page)
    assert lost == {"type": "events.lost", "at": AT, "data": {"count": MOST_FACTS}}
    assert snapshot["type"] == "live.snapshot"
    assert facts == [{"n": MOST_FACTS}, {"n": MOST_FACTS + 1}, {"n": MOST_FACTS + 2}]


def test_a_ping_is_a_message_like_all_others() -> None:
    assert json.loads(ping(AT)) == {"type": "live.ping", "at": AT, "data": {}}


class Reader:
    """The browser's side, as webapp/src/feed.ts does it."""

    def __init__(self) -> None:
        self.topics: dict[str, Any] = {}
        self.seq: int | None = None

    def receive(self, message: dict[str, Any]) -> str:
        data = message.get("data", {})
        if message["type"] == "live.snapshot":
            self.topics, self.seq = dict(data["topics"]), data["seq"]
            return "kept"
        if message["type"] == "live.changed":
            if self.seq is None or data["seq"] <= self.seq:
                return "ignored"
            if data["seq"] != self.seq + 1:
                self.seq = None
                return "gap"
            self.seq = data["seq"]
            for topic, value in data["changes"].items():
                if value is None:
                    self.topics.pop(topic, None)
                else:
                    self.topics[topic] = value
            return "kept"
        return "fact"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from("abc"), st.integers(0, 9)),
        st.tuples(st.just("gone"), st.sampled_from("abc"), st.just(0)),
        st.tuples(st.sampled_from(["read", "lose", "fact"]), st.just(""), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_whatever_is_lost_on_the_way_the_reader_ends_with_what_there_is(steps: list[tuple[str, str, int]]) -> None:
    page, reader, truth = Page(live=True), Reader(), dict[str, int]()

    def encoded() -> dict[str, str]:
        return {topic: str(value) for topic, value in truth.items()}

    def read() -> None:
        for message in page.take(AT, encoded):
            if reader.receive(json.loads(message)) == "gap":
                page.renew()

    for what, topic, value in steps:
        match what:
            case "set":
                truth[topic] = value
                page.changed(topic, str(value))
            case "gone":
                truth.pop(topic, None)
                page.changed(topic, GONE)
            case "fact":
                page.happened('{"type":"fact"}')
            case "lose":
                page.take(AT, encoded)  # said, and lost on the way
            case _:
                read()
    # The reader notices a loss when the next difference comes, and has everything after one more reading.
    truth["a"] = 1
    page.changed("a", "1")
    read()
    read()
    if reader.seq is None:  # the snapshot itself was lost: the page's silence ends its socket, and a new one begins
        page.renew()
        read()
    assert reader.topics == truth
