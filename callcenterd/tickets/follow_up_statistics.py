"""Who did how many follow-ups, of what kind, with what result, when: as tables (FUP-03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callcenterd.model.follow_up_rules import FollowUpRule
from callcenterd.model.follow_ups import FollowUpCount, FollowUpKey
from callcenterd.tickets.follow_up_journal import AGENT, CATEGORIES, CATEGORY, RESULT, RESULTS
from callcenterd.tickets.journals import Both, Reader, cross, named
from callcenterd.tickets.record_prints import CHANNEL
from callcenterd.worker.sheets import Cell, Column, Table

TITLE: Both = ("回访统计", "Follow-ups done")
DONE: Both = ("完成", "Done")
LATE: Both = ("其中逾期", "Late")
TRIES: Both = ("未接通次数", "Tries in vain")
TOTAL: Both = ("合计", "Total")
BY_HAND: Both = ("手工登记", "Written down by hand")
KEYS: Mapping[FollowUpKey, Both] = {
    "person": AGENT,
    "category": CATEGORY,
    "result": RESULT,
    "channel": CHANNEL,
    "rule": ("回访规则", "Rule"),
    "day": ("日期", "Day"),
    "week": ("周（起于）", "Week from"),
    "month": ("月份", "Month"),
}
_DICTIONARIES: Mapping[FollowUpKey, str] = {"category": CATEGORIES, "result": RESULTS, "channel": "channel"}


def tables(
    counts: Sequence[FollowUpCount],
    by: FollowUpKey,
    across: FollowUpKey | None,
    reader: Reader,
    rules: Sequence[FollowUpRule],
) -> list[Table]:
    """Done, late, and tries in vain of each key, with sums; and how many of each pair, where across is asked for."""
    say = reader.say
    rows = _named(by, {one.key for one in counts}, reader, rules)
    sums = {code: [0, 0, 0] for code, _ in rows}
    for one in counts:
        for n, value in enumerate((one.done, one.late, one.tries)):
            sums[one.key][n] += value
    heads = (Column(say(KEYS[by]), "text", 24), *(Column(say(title), "whole", 12) for title in (DONE, LATE, TRIES)))
    body: list[list[Cell]] = [[name, *sums[code]] for code, name in rows]
    body.append([say(TOTAL), *(sum(one[n] for one in sums.values()) for n in range(3))])
    found = [Table(say(TITLE), heads, body, totals=1)]
    if across is not None:
        pairs = {(one.key, one.across): one.done for one in counts}
        columns = _named(across, {one.across for one in counts}, reader, rules)
        title = f"{say(KEYS[by])} - {say(KEYS[across])}"
        found.append(cross(title, say(KEYS[by]), rows, columns, pairs, reader))
    return found


def _named(of: FollowUpKey, found: set[str], reader: Reader, rules: Sequence[FollowUpRule]) -> list[tuple[str, str]]:
    """Each key that there is with its name, in its order."""
    if of in _DICTIONARIES:
        return named(_DICTIONARIES[of], found, reader)
    names = {str(rule.id): reader.say((rule.chinese, rule.english)) for rule in rules} | {"": reader.say(BY_HAND)}
    match of:
        case "person":
            return [(key, reader.person(key)) for key in sorted(found)]
        case "rule":
            return [(key, names.get(key, key)) for key in sorted(found, key=lambda one: (not one, len(one), one))]
        case _:
            return [(key, key) for key in sorted(found)]
