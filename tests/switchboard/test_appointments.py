"""A flow's call and appointments: what a caller has not named by its code stays as it is; in virtual time (CON-03)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from callcenterd.ivr.check import parse
from callcenterd.model import events
from callcenterd.model.appointments_by_call import AppointmentTold, BookedByCall, Caller, FoundByCall
from callcenterd.model.prompts import Speech
from callcenterd.switchboard.appointments import MOST_BOOKED
from callcenterd.yamltext import parse as parse_text
from tests.kit.office import NUMBER, Office, in_virtual_time, office
from tests.switchboard.test_flow_call import CALLER, outcome, press

BEGIN = datetime(2030, 1, 7, 9, tzinfo=UTC)
FORGED = """
flow: main
start: a
on_error: failed
nodes:
  a: {set: {number: "YY1"}, next: b}
  b: {cancel: "{{ number }}", next: done}
  done: {hangup: done}
  failed: {hangup: failed}
"""
BY_CODE = """
flow: main
start: a
on_error: failed
nodes:
  a: {collect: code, ask: "码", secret: true, least: 3, most: 3, next: b}
  b: {appointment: "{{ code }}", next: c, on_wrong: wrong}
  c: {book: repair, moves: "{{ appointment.number }}", next: d, on_nothing_free: wrong}
  d: {cancel: "{{ appointment.number }}", next: done, on_gone: wrong}
  done: {hangup: done}
  wrong: {hangup: wrong}
  failed: {hangup: failed}
"""
ENDLESS = """
flow: main
start: a
on_error: failed
nodes:
  a: {book: repair, next: a, on_nothing_free: wrong}
  wrong: {hangup: wrong}
  failed: {hangup: failed}
"""


def told(number: str) -> AppointmentTold:
    return AppointmentTold(number=number, service="repair", chinese="维修", english="Repair", begin=BEGIN)


class Kept:
    """Of the room above. asked: what came to it, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def free(self, service: str) -> Sequence[datetime]:
        return [BEGIN] if service == "repair" else []

    async def book(self, service: str, begin: datetime, caller: Caller) -> BookedByCall:
        self.asked.append(f"book {service} {begin - BEGIN} {caller.phone} {caller.flow} {caller.language}")
        return BookedByCall(answer="booked", told=told("YY5"), code="246", id=5)

    async def find(self, phone: str, code: str) -> FoundByCall:
        self.asked.append(f"find {phone}")
        return FoundByCall(answer="found", told=told("YY1"), id=1) if code == "246" else FoundByCall(answer="wrong")

    async def move(self, appointment: int, service: str, begin: datetime, flow: str) -> BookedByCall:
        self.asked.append(f"move {appointment} {service} {begin - BEGIN} {flow}")
        return BookedByCall(answer="booked", told=told("YY2"), code="246", id=2)

    async def cancel(self, appointment: int, flow: str) -> bool:
        self.asked.append(f"cancel {appointment} {flow}")
        return True


async def called(desk: Office, keys: str = "") -> Kept:
    kept = Kept()
    desk.board.appointments = kept
    desk.line.calls_in(CALLER, NUMBER)
    await desk.wait(2.5)
    for key in keys:
        if desk.sound.rows:
            press(desk, key)
        await desk.wait(1)
    await desk.wait(60)
    return kept


@in_virtual_time
async def test_what_the_caller_has_not_named_by_its_code_stays_as_it_is() -> None:
    async with office(flows=(FORGED,)) as desk:
        kept = await called(desk)
        assert outcome(desk).endswith("failed")
        assert kept.asked == []


@in_virtual_time
async def test_what_was_named_is_moved_and_cancelled_as_it_is_by_then() -> None:
    async with office(flows=(BY_CODE,)) as desk:
        kept = await called(desk, "246" + "111")
        assert kept.asked == [f"find {CALLER}", "move 1 repair 0:00:00 main", "cancel 2 main"]
        assert outcome(desk).endswith("done")
        known = desk.told(events.CallerKnown)[-1].known
        assert known == {"appointment": "YY2 2030-01-07 09:00"}, "and never the code"
    async with office(flows=(BY_CODE,)) as desk:
        assert (await called(desk, "135")).asked == [f"find {CALLER}"]
        assert outcome(desk).endswith("wrong")


@in_virtual_time
async def test_a_call_books_so_many_and_no_more() -> None:
    async with office(flows=(ENDLESS,)) as desk:
        kept = await called(desk, "111*" * (MOST_BOOKED + 1))
        assert kept.asked == [f"book repair {timedelta(0)} {CALLER} main zh-CN"] * MOST_BOOKED
        assert outcome(desk).endswith("failed")


@in_virtual_time
async def test_where_nobody_keeps_appointments_the_flow_goes_its_way_for_errors() -> None:
    async with office(flows=(ENDLESS,)) as desk:
        desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(10)
        assert outcome(desk).endswith("failed")


@in_virtual_time
async def test_a_rehearsal_books_nothing() -> None:
    async with office() as desk:
        kept = Kept()
        desk.board.appointments = kept
        await desk.sign_in("1001")
        flow = parse(parse_text(BY_CODE.replace("flow: main", "flow: tried"), "tried.yaml"))
        desk.board.rehearsals.begin("1001", flow, caller="13900139000", called="02088886666")
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.wait(2)
        for key in "246111":
            desk.line.key(phone, key)
            await desk.wait(1)
        await desk.wait(60)
        said = [one.text for one in desk.heard() if isinstance(one, Speech) and one.text.startswith("试听")]
        assert said == ["试听：这里预约repair 09:00。", "试听：这里取消预约。", "试听结束。"]
        assert kept.asked == ["find 13900139000"], "the code is looked for: nothing is changed by that"
