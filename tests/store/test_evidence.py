"""The chain of evidence in both databases: what gets a link, that nobody changes one, and what is seen of a change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model.evidence import FIRST, Break, canonical, digest_of, hash_of
from callcenterd.model.ids import CallId, RecordingId
from callcenterd.store.database import Store
from tests.kit.virtual import START
from tests.store.rows import begin, call, recording
from tests.store.test_duties import new, tried

HOUR = timedelta(hours=1)


async def grown(store: Store, now: datetime = START + HOUR) -> list[str]:
    while await store.evidence.append(now):
        pass
    return [f"{link.kind} {link.ref}" for link in await store.evidence.links(1, 500)]


async def told(store: Store) -> list[Break]:
    after, before, found = 0, FIRST, list[Break]()
    while True:
        some, end, before = await store.evidence.check(after, before)
        found += some
        if end == after:
            return found
        after = end


async def kept(store: Store) -> int:
    """A duty with two steps, a call that is over with a recording, one that is not. Answers the duty."""
    duty = await store.duties.add(new(call=CallId("over")), "1001", START)
    await store.duties.change(duty.id, 1, {}, "noted", "1001", START, text="x")
    await begin(store, call("over", ended_at=START, outcome="answered"), call("on"))
    await store.recordings.begin(recording("r", "over"))
    await store.recordings.finish(
        RecordingId("r"), finished_at=START, seconds=2.0, octets=16, sha256="ab" * 32, complete=True
    )
    await store.recordings.settle(RecordingId("r"), "done")
    return duty.id


async def test_what_has_happened_gets_a_link_once(store: Store) -> None:
    duty = await kept(store)
    assert await grown(store) == ["duty_step 1", "duty_step 2", "call over", "recording r"]
    await store.duties.change(duty, None, {}, "noted", "1001", START, text="y")
    assert (await grown(store))[4:] == ["duty_step 3"]
    head = await store.evidence.head()
    assert head is not None
    assert head.seq == 5
    assert await told(store) == []
    assert [link.kind for link in await store.evidence.about(call="over")] == [
        "duty_step", "duty_step", "call", "recording", "duty_step",
    ]  # fmt: skip
    assert len(await store.evidence.about(duty=duty)) == 5
    assert await store.evidence.about(call="on") == []


CHANGES = {
    "UPDATE calls SET caller = '110' WHERE id = 'over'": ("call", "changed"),
    "UPDATE recordings SET sha256 = 'cd' WHERE id = 'r'": ("recording", "changed"),
    "DELETE FROM recordings WHERE id = 'r'": ("recording", "missing"),
}


@pytest.mark.parametrize("statement", CHANGES)
async def test_a_change_of_a_record_is_seen(store: Store, address: str | Path, statement: str) -> None:
    await kept(store)
    await grown(store)
    assert await tried(address, statement) == ""
    assert [(one.kind, one.what) for one in await told(store)] == [CHANGES[statement]]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence SET digest = 'x' WHERE seq = 1",
        "DELETE FROM evidence WHERE seq = 3",
        "DELETE FROM evidence",
        "REPLACE INTO evidence SELECT * FROM evidence",
        "INSERT INTO evidence SELECT * FROM evidence",
    ],
)
async def test_nobody_changes_a_link(store: Store, address: str | Path, statement: str) -> None:
    await kept(store)
    before = await grown(store)
    assert await tried(address, statement) != ""
    assert await grown(store) == before
    assert await told(store) == []


async def test_who_takes_the_triggers_away_is_seen_all_the_same(store: Store, address: str | Path) -> None:
    await kept(store)
    await grown(store)
    triggers = ("evidence_stays", "evidence_remains", "evidence_once")
    table = "" if isinstance(address, Path) else " ON evidence"
    for name in triggers if isinstance(address, Path) else triggers[:1]:
        assert await tried(address, f"DROP TRIGGER {name}{table}") == ""
    record = next(iter((await store.evidence.records(await store.evidence.links(3, 3))).values()))
    forged = digest_of({**record, "caller": "110"})
    assert await tried(address, "UPDATE calls SET caller = '110' WHERE id = 'over'") == ""
    assert await tried(address, f"UPDATE evidence SET digest = '{forged}' WHERE seq = 3") == ""
    assert [(one.seq, one.what) for one in await told(store)] == [(3, "link")]
    link = (await store.evidence.links(3, 3))[0]
    before = (await store.evidence.links(2, 2))[0].hash
    hash_ = hash_of(before, 3, link.at, link.kind, link.ref, link.upto, forged)
    assert await tried(address, f"UPDATE evidence SET hash = '{hash_}' WHERE seq = 3") == ""
    assert [(one.seq, one.what) for one in await told(store)] == [(4, "link")]
    assert await tried(address, "DELETE FROM evidence WHERE seq = 2") == ""
    assert (2, "link") not in [(one.seq, one.what) for one in await told(store)]
    assert [one.what for one in await told(store)][:1] == ["link"]


async def test_the_last_link_of_each_day_is_its_anchor(store: Store) -> None:
    await kept(store)
    await grown(store, datetime(2026, 8, 3, 23, 59, tzinfo=UTC))
    await store.duties.add(new(), "1001", START)
    await grown(store, datetime(2026, 8, 5, 0, 1, tzinfo=UTC))
    found = await store.evidence.anchors(9, datetime(2026, 8, 5, 12, 0, tzinfo=UTC))
    links = {link.seq: link.hash for link in await store.evidence.links(1, 9)}
    last = max(links)
    assert [(one.day, one.seq) for one in found] == [(date(2026, 8, 5), last), (date(2026, 8, 3), last - 1)]
    assert found[0].hash == links[last]


@given(
    st.dictionaries(st.text(max_size=9), st.integers() | st.text(max_size=9) | st.none() | st.booleans(), max_size=5)
)
def test_one_meaning_has_one_text(data: dict[str, object]) -> None:
    turned = dict(reversed(data.items()))
    assert canonical(data) == canonical(turned)
    assert digest_of({**data, "x": 3.0}) == digest_of({**data, "x": 3})
    at = datetime(2026, 8, 3, 9, 0, tzinfo=UTC)
    assert digest_of({"at": at}) == digest_of({"at": at.astimezone()})
