"""The plain twin: what a tree means, in a few lines of Python; and trees made at random."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callcenterd.model.query import Condition, Group, Node, Related, Span
from callcenterd.store.words import every_word, folded
from tests.kit.virtual import START
from tests.store.query.rows import LEVELS, LINES, NAMES, NOTES, TAGS, Record, digits, line

ZONE = ZoneInfo("Asia/Shanghai")
NOW = START


def meets(record: Record, node: Node) -> bool:
    match node:
        case Group(group="all"):
            return all(meets(record, part) for part in node.of)
        case Group(group="any"):
            return any(meets(record, part) for part in node.of)
        case Group():
            return not any(meets(record, part) for part in node.of)
        case Related():
            others = record.related[node.related]
            number = sum(node.where is None or meets(one, node.where) for one in others)
            least = node.at_least if node.at_least is not None or node.at_most is not None else 1
            return (least is None or number >= least) and (node.at_most is None or number <= node.at_most)
        case Condition():
            return _asked(record, node) is not node.negated


def _asked(record: Record, asked: Condition) -> bool:
    if asked.field.startswith("customer."):
        name = asked.field.removeprefix("customer.")
        inner = asked.model_copy(update={"field": name, "negated": False})
        return any(_asked(one, inner) for one in record.related["customer."])
    if asked.field == "anything":
        return _anywhere(record, str(asked.values[0]))
    values = record.values[asked.field]
    if asked.op == "all_of":
        return all(one in values for one in asked.values)
    if asked.op == "contains" and asked.field in record.digits:
        return any(digits(str(asked.values[0])) in one for one in record.digits[asked.field])
    if asked.op == "is" and asked.field in record.digits:
        return any(line(str(one)) in values for one in asked.values)
    return any(_meets(one, asked) for one in values)


def _anywhere(record: Record, text: str) -> bool:
    for word in every_word(text):
        number = word.removeprefix("+")
        there = word in record.words
        if record.kind == "customer" and len(number) >= 3 and number.isdigit():
            there = (
                there or any(number in one for one in record.digits["phones"]) or line(word) in record.values["phones"]
            )
        if record.kind == "call":
            there = there or any(word in one.words for one in record.related["customer."])
        if not there:
            return False
    return True


def _meets(value: Any, asked: Condition) -> bool:
    custom = asked.field.startswith("x_") and isinstance(value, str) and asked.field in ("x_hobby", "x_story")
    match asked.op:
        case "filled":
            return True
        case "is":
            wanted = [date.fromisoformat(str(one)) for one in asked.values] if isinstance(value, date) else asked.values
            if asked.field == "agent":  # who asks is 1005
                return value in ["1005" if one == "me" else one for one in asked.values]
            if isinstance(value, bool):
                return any(value is one for one in asked.values)
            return (folded(value) in [folded(str(one)) for one in asked.values]) if custom else value in wanted
        case "contains":
            return _small(asked.values[0]) in _small(value)
        case "starts":
            return _small(value).startswith(_small(asked.values[0]))
        case "between" if isinstance(value, date):
            least, most = (None if one is None else date.fromisoformat(str(one)) for one in (asked.least, asked.most))
            return (least is None or value >= least) and (most is None or value <= most)
        case "between":
            return (asked.least is None or value >= asked.least) and (asked.most is None or value <= asked.most)
        case _:
            assert asked.span is not None
            since, until = _span(asked.span)
            if not isinstance(value, datetime):
                value = datetime(value.year, value.month, value.day, tzinfo=ZONE)
                since = None if since is None else since.astimezone(ZONE).replace(hour=0, minute=0, second=0)
            return (since is None or value >= since) and (until is None or value < until)


def _small(text: Any) -> str:
    return str(text).lower()


def _span(span: Span) -> tuple[datetime | None, datetime | None]:
    """Of the few spans that are made here, at START: Monday, 3 August 2026, 9 o'clock."""
    known = {
        "today": (datetime(2026, 8, 3, tzinfo=ZONE), datetime(2026, 8, 4, tzinfo=ZONE)),
        "last_week": (datetime(2026, 7, 27, tzinfo=ZONE), datetime(2026, 8, 3, tzinfo=ZONE)),
        "this_quarter": (datetime(2026, 7, 1, tzinfo=ZONE), datetime(2026, 10, 1, tzinfo=ZONE)),
        "last_year": (datetime(2025, 1, 1, tzinfo=ZONE), datetime(2026, 1, 1, tzinfo=ZONE)),
        "last_month": (datetime(2026, 7, 1, tzinfo=ZONE), datetime(2026, 8, 1, tzinfo=ZONE)),
    }
    if span.period is not None:
        return known[span.period]
    if span.last is not None:
        return NOW - timedelta(days=span.last), NOW
    return span.since, span.until


# ---- trees at random --------------------------------------------------------------------------------------------


def spans(chance: random.Random) -> Span:
    return chance.choice(
        (
            Span(period="today"),
            Span(period="last_week"),
            Span(period="this_quarter"),
            Span(period="last_year"),
            Span(period="last_month"),
            Span(last=chance.choice((1, 30, 60)), unit="day"),
            Span(since=datetime(2026, 7, 15, tzinfo=UTC)),
            Span(since=datetime(2026, 7, 15, tzinfo=UTC), until=datetime(2026, 8, 3, tzinfo=UTC)),
        )
    )


_TEXTS = ("张", "zhang", "zs", "an", "AN", "%", "_", "\\", "'", "c0", "公司", "50%", "call_", "Back", "茶", "tea")


def condition(kind: str, chance: random.Random) -> Condition:
    made = _of_customer(chance) if kind == "customer" else _of_call(chance)
    return made.model_copy(update={"negated": chance.random() < 0.3})


def _text(field: str, chance: random.Random, whole: tuple[str, ...]) -> Condition:
    match chance.choice(("contains", "starts", "is", "filled")):
        case "is":
            wanted = [one for one in whole if one]
            return Condition(field=field, op="is", values=tuple(chance.sample(wanted, min(2, len(wanted)))))
        case "filled":
            return Condition(field=field, op="filled")
        case op:
            return Condition(field=field, op=op, values=(chance.choice(_TEXTS),))


def _number(field: str, chance: random.Random) -> Condition:
    least, most = sorted(chance.sample((0, 1, 2, 2.5, 5, 10, 12.4, 300), 2))
    return chance.choice(
        (
            Condition(field=field, op="between", least=least, most=most),
            Condition(field=field, op="between", least=least),
            Condition(field=field, op="between", most=most),
            Condition(field=field, op="is", values=(least, most)),
            Condition(field=field, op="filled"),
        )
    )


def _phone(field: str, chance: random.Random) -> Condition:
    return chance.choice(
        (
            Condition(field=field, op="contains", values=(chance.choice(("8000", "138", "0-0", "86", "1005")),)),
            Condition(field=field, op="is", values=(chance.choice(LINES), "138-0013-8001")),
            Condition(field=field, op="filled"),
        )
    )


def _day(field: str, chance: random.Random) -> Condition:
    return chance.choice(
        (
            Condition(field=field, op="within", span=spans(chance)),
            Condition(field=field, op="is", values=("2026-08-03",)),
            Condition(field=field, op="between", least="2026-08-03", most="2026-08-31"),
            Condition(field=field, op="filled"),
        )
    )


def _choice(field: str, chance: random.Random, codes: tuple[str, ...], *, several: bool = False) -> Condition:
    wanted = tuple(chance.sample([one for one in codes if one], 2))
    ways = [Condition(field=field, op="is", values=wanted[:1]), Condition(field=field, op="is", values=wanted)]
    if several:
        ways.append(Condition(field=field, op="all_of", values=wanted))
    return chance.choice([*ways, Condition(field=field, op="filled")])


def _of_customer(chance: random.Random) -> Condition:
    match chance.randrange(15):
        case 0:
            return _text("name", chance, NAMES)
        case 1:
            return _text("note", chance, NOTES)
        case 2:
            return _phone("phones", chance)
        case 3:
            return _choice("level", chance, LEVELS)
        case 4:
            return _choice("tags", chance, TAGS, several=True)
        case 5:
            return Condition(field="gifts_by_mail", op="filled")
        case 6:
            return Condition(field="gifts_by_mail", op="is", values=(chance.choice((True, False)),))
        case 7:
            return _text("x_hobby", chance, ("Tea", "茶"))
        case 8:
            return _text("x_story", chance, ("short",))
        case 9:
            return _number("x_score", chance)
        case 10:
            return _day("x_birthday", chance)
        case 11:
            return _choice("x_plan", chance, ("a", "b"))
        case 12:
            return _choice("x_wishes", chance, ("a", "b"), several=True)
        case 13:
            return Condition(field="x_member", op="is", values=(chance.choice((True, False)),))
        case _:
            return Condition(field="anything", op="contains", values=(chance.choice((*_TEXTS, "8000", "zhang c0")),))


def _of_call(chance: random.Random) -> Condition:
    match chance.randrange(8):
        case 0:
            return Condition(field="started_at", op="within", span=spans(chance))
        case 1:
            return _phone(chance.choice(("caller", "called")), chance)
        case 2:
            return _number("talk_seconds", chance)
        case 3:
            return _choice("outcome", chance, ("answered", "abandoned", "no_answer"))
        case 4:
            return Condition(field="agent", op="is", values=(chance.choice(("me", "1006")),))
        case 5:
            return _text("note", chance, NOTES)
        case 6:
            return Condition(field="anything", op="contains", values=(chance.choice((*_TEXTS, "8000")),))
        case _:
            inner = _of_customer(chance)
            if inner.field in ("anything", "phones", "tags", "x_wishes"):
                inner = _choice("level", chance, LEVELS)
            return inner.model_copy(update={"field": f"customer.{inner.field}"})


def tree(kind: str, chance: random.Random, depth: int = 0, related: int = 0) -> Node:
    way = chance.random()
    if depth < 3 and way < 0.5:
        parts = tuple(tree(kind, chance, depth + 1, related) for _ in range(chance.randint(1, 3)))
        return Group(group=chance.choice(("all", "any", "none")), of=parts)
    if related < 2 and way < 0.65:
        other = "call" if kind == "customer" else "customer"
        where = chance.choice((None, tree(other, chance, depth + 1, related + 1)))
        least, most = chance.choice(((None, None), (1, None), (2, None), (None, 0), (None, 2), (1, 2)))
        return Related(related=other, where=where, at_least=least, at_most=most)
    return condition(kind, chance)
