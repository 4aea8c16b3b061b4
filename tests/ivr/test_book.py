"""The nodes book, appointment and cancel: a caller chooses by keys what is free, and deals with it by its code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from callcenterd.ivr.nodes.book import CHOICES
from callcenterd.model.appointments_by_call import AppointmentTold, BookedByCall, FoundByCall
from tests.ivr.calls import ScriptedCall, walk

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOOKS = """
b: {book: repair, next: n, on_nothing_free: none, on_unchosen: unchosen, on_not_possible: refused, on_error: failed}
n: {sms: "{{ appointment.number }} {{ appointment.date }} {{ appointment.time }}"}
none: {hangup: none}
unchosen: {hangup: unchosen}
refused: {hangup: refused}
failed: {hangup: failed}
"""
FINDS = """
a: {appointment: "{{ code }}", next: c, on_wrong: wrong, on_locked: locked}
c: {cancel: "{{ appointment.number }}", next: gone, on_gone: before}
wrong: {hangup: wrong}
locked: {hangup: locked}
gone: {hangup: gone}
before: {hangup: before}
"""
CODE = "k: {collect: code, ask: x, secret: true, least: 3, most: 3, next: a}\n"


def told(begin: datetime, number: str = "YY1") -> AppointmentTold:
    return AppointmentTold(number=number, service="repair", chinese="维修", english="Repair", begin=begin)


def booked(begin: datetime) -> BookedByCall:
    return BookedByCall(answer="booked", told=told(begin), code="246810")


def free(call: ScriptedCall, *places: datetime) -> ScriptedCall:
    call.free = list(places)
    return call


async def test_a_day_a_time_and_a_yes_are_an_appointment_and_the_code_is_only_said() -> None:
    call = free(ScriptedCall("211" + "1"), MONDAY, MONDAY + DAY, MONDAY + DAY + HOUR)
    call.booked.append(booked(MONDAY + DAY))
    await walk(BOOKS, call)
    assert "books repair 06 09:00 for 13800138000" in call.story
    assert call.story[-1] == "test/n: SMS to 13800138000: YY1 2026-01-06 09:00"
    said = [line for line in call.story if "<book_code>" in line]
    assert len(said) == 2, "it was asked for once more"
    assert "二 + 四 + 六 + 八 + 幺 + 零" in said[0]
    assert call.told == {"appointment": "YY1 2026-01-06 09:00"}
    assert "246810" not in str(call.told)


async def test_five_are_read_at_once_and_the_keys_lead_on_and_back() -> None:
    days = [MONDAY + n * DAY for n in range(2 * CHOICES)]
    call = free(ScriptedCall(["9", "*", "9", "7", "5", "*", "9", "5", "1", "1"]), *days)
    call.booked.append(booked(days[-1]))
    await walk(BOOKS, call)
    assert "books repair 14 09:00 for 13800138000" in call.story
    asked = [line for line in call.story if "<book_day>" in line]
    assert [("<book_later>" in line, "<book_first>" in line) for line in asked] == [
        (True, False),
        (False, True),
        (True, False),
        (False, True),
        (False, True),  # 7 is no choice
        (True, False),  # * of the times leads to the days, from the first on
        (False, True),
    ]


async def test_who_comes_too_late_is_told_and_chooses_again_of_what_is_free_by_then() -> None:
    call = free(ScriptedCall("111" + "111"), MONDAY, MONDAY + DAY)
    call.booked.extend([BookedByCall(answer="taken"), booked(MONDAY + DAY)])
    await walk(BOOKS, call)
    assert [line for line in call.story if line.startswith(("looks", "books", "plays"))] == [
        "looks for places of repair",
        "books repair 05 09:00 for 13800138000",
        "plays <book_taken> until a key",
        "looks for places of repair",
        "books repair 05 09:00 for 13800138000",
    ]


async def test_each_way_that_is_none_has_its_exit() -> None:
    assert (await walk(BOOKS, ScriptedCall())).story[-1] == "hangs up: none"
    assert (await walk(BOOKS, free(ScriptedCall(), MONDAY))).story[-1] == "hangs up: unchosen"
    assert (await walk(BOOKS, free(ScriptedCall("1133"), MONDAY))).story[-1] == "hangs up: unchosen"
    call = free(ScriptedCall("111"), MONDAY)
    call.booked.append(BookedByCall(answer="refused"))
    assert (await walk(BOOKS, call)).story[-1] == "hangs up: refused"
    bare = "b: {book: repair, on_nothing_free: none}\nnone: {hangup: none}"
    assert (await walk(bare, free(ScriptedCall(), MONDAY))).story[-1] == "hangs up: none", "it stands in"


async def test_nobody_is_offered_places_for_ever() -> None:
    call = free(ScriptedCall("112" * 100), MONDAY)
    assert (await walk(BOOKS, call)).story[-1] == "hangs up: unchosen"
    assert 15 < sum("<book_chosen>" in line for line in call.story) < 30


async def test_0_leads_to_a_person_at_every_question() -> None:
    for keys in ("0", "10", "110"):
        call = free(ScriptedCall(keys), MONDAY)
        flow = BOOKS + "person: {hangup: person}\n"
        assert (await walk(flow, call, "operator: person")).story[-1] == "hangs up: person", keys


async def test_a_move_is_of_what_the_code_has_named_and_keeps_its_code() -> None:
    body = """
b: {book: repair, moves: "{{ number }}", next: n}
n: {hangup: moved}
"""
    call = free(ScriptedCall("111"), MONDAY)
    call.booked.append(booked(MONDAY))
    await walk("s: {set: {number: YY1}, next: b}" + body, call)
    assert "moves YY1 to repair 05 09:00" in call.story
    assert any("<book_moved>" in line for line in call.story)


async def test_a_code_is_asked_for_in_secret_and_leads_to_what_it_names() -> None:
    call = ScriptedCall("246")
    call.codes.append(FoundByCall(answer="found", told=told(MONDAY), id=7))
    await walk(CODE + FINDS, call)
    assert call.story[-2:] == ["cancels YY1", "hangs up: gone"]
    assert call.secrets == 3
    assert "246" not in str(call.told)
    for answer, end in (("wrong", "wrong"), ("locked", "locked")):
        call = ScriptedCall("246")
        call.codes.append(FoundByCall(answer=answer))  # type: ignore[arg-type]  # one of its words
        assert (await walk(CODE + FINDS, call)).story[-1] == f"hangs up: {end}"
    call = ScriptedCall("246")
    call.codes.append(FoundByCall(answer="found", told=told(MONDAY, "YY2"), id=8))
    assert (await walk(CODE + FINDS, call)).story[-1] == "hangs up: before"
