"""Teams (ADM-01, SUP-02): who may do what to whose calls, agents and recordings, route by route; and what the lists,
single things and the event stream say of them, which must be the same."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.channels.customer_messages import Written
from callcenterd.media import sdp
from callcenterd.media.facts import RecordingClosed
from callcenterd.model import events
from callcenterd.model.complaints import ComplaintFields
from callcenterd.model.consultations import ConsultationFields
from callcenterd.model.events import Fact
from callcenterd.model.follow_ups import FollowUpFields
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName, RecordingId
from callcenterd.model.surveys import SurveyAnswer
from callcenterd.sip import events as sip
from callcenterd.tickets.ledger import Wanted
from callcenterd.web.reference import every_route
from callcenterd.web.rights import PUBLIC, Sight
from callcenterd.web.socket import STREAMS
from tests.web.house import STAMP, House, cheap_passwords
from tests.web.test_live import Listener
from tests.web.test_rooms import ask, settled

TEAMS = """
numbers:
  - {match: "8000", flow: room}
users:
  - {login: lead, name: 组长, role: supervisor}
  - {login: other, name: 别组, role: supervisor}
queues:
  - {name: sales, members: ["1001"], record: true}
  - {name: complaints, members: ["1002", "1003"]}
teams:
  - {name: one, members: ["1001"], leaders: [lead]}
  - {name: two, members: ["1002", "1003"], leaders: [other]}
"""
ROOM = "flow: room\nlanguage: zh-CN\nstart: room\nnodes:\n  room: {conference: weekly}\n"

OFFICE_WIDE = {
    PUBLIC: "needs nobody",
    "session": "one's own",
    "phone": "one's own",
    "site": "administrators only, who see all",
    "flow": "administrators only, who see all",
    "role": "administrators only, who see all",
    "audit": "administrators, who see all",
    "prompt": "administrators only, who see all",
    "calendar": "the office's",
    "attachment": "as the record that they hang on: test_attachments.py",
    "evidence": "managers and administrators, who see all",
    "customer.read": "by the role's scope: test_roles.py",
    "customer.write": "by the role's scope: test_roles.py",
    "customer.import": "the office's",
    "customer.merge": "by the role's scope: test_roles.py",
    "customer.remove": "by the role's scope: test_roles.py",
    "customer.bin": "the office's",
    "card.read": "the office's",
    "card.block": "the office's",
    "card.write": "the office's",
    "card.post": "the office's",
    "card.unlock": "the office's",
    "dictionary.read": "the office's",
    "dictionary.write": "the office's",
    "field.read": "by role: test_fields.py",
    "field.write": "the office's",
    "do_not_call": "the office's",
    "do_not_call.remove": "the office's",
    "ban": "addresses, not people",
    "campaign": "by the campaign's queue: the test of campaigns below",
    "campaign.preview": "one's own",
    "GET /api/v1/break-reasons": "the office's",
    "GET /api/v1/feature-codes": "the office's",
    "GET /api/v1/desk": "one's own",
    "query": "as far as one's sight goes: test_queries.py",
    "query.export": "as a query: test_queries.py",
    "GET /api/v1/duties/counts": "as the list: test_duties.py",
    "GET /api/v1/consultations/totals": "as the list: test_consultations.py",
    "GET /api/v1/consultations/journal": "as the list: test_journals.py",
    "GET /api/v1/complaints/journal": "as the list: test_complaint_journals.py",
    "GET /api/v1/complaints/board": "as the list: test_complaints.py",
    "POST /api/v1/complaints": "a new one of one's own making",
    "GET /api/v1/customers/{id}/complaints": "a customer's, for who speaks with them: test_complaints.py",
    "GET /api/v1/complaint-workflows": "the office's",
    "workflow": "administrators only, who see all",
    "POST /api/v1/customer-messages": "a new one of one's own making",
    "message_template.read": "the office's",
    "message_template.write": "the office's",
    "POST /api/v1/consultations": "a new one of one's own making",
    "POST /api/v1/follow-ups": "a new one of one's own making",
    "GET /api/v1/follow-ups/figures": "as the list: test_follow_ups.py",
    "GET /api/v1/follow-ups/journal": "as the list: test_follow_up_journals.py",
    "GET /api/v1/promises/kept": "the people whom one oversees: the test of promises in test_duties.py",
    "GET /api/v1/duties/kinds": "the office's",
    "POST /api/v1/duties": "a new one of one's own making",
    "POST /api/v1/calls": "one's own new call",
    "DELETE /api/v1/listening": "one's own",
}
"""Rights, and single routes, that say and change nothing of anybody's calls."""

ORDERS = """
                                                 own  other lead other free chief root
                                                 1001 1003  lead other boss chief root
POST   /calls/{call}/hold                        204  404   204  404   204  403   204
POST   /calls/{call}/resume                      204  404   204  404   204  403   204
POST   /calls/{call}/mute                        204  404   204  404   204  403   204
POST   /calls/{call}/keys                        204  404   204  404   204  403   204
POST   /calls/{call}/answer                      409  404   409  404   409  403   409
POST   /calls/{call}/toggle                      409  404   409  404   409  403   409
POST   /calls/{call}/complete                    409  404   409  404   409  403   409
POST   /calls/{call}/conference                  409  404   409  404   409  403   409
POST   /calls/{call}/back                        204  404   204  404   204  403   204
POST   /calls/{call}/consult                     422  404   422  404   422  403   422
POST   /calls/{call}/transfer                    422  404   422  404   422  403   422
POST   /calls/{call}/pick-up                     409  404   409  404   409  409   409
POST   /calls/{call}/recording/start             204  404   204  404   204  403   204
POST   /calls/{call}/recording/pause             204  404   204  404   204  403   204
POST   /calls/{call}/recording/resume            204  404   204  404   204  403   204
GET    /calls/{call}/parties                     200  404   200  404   200  403   200
POST   /calls/{call}/parties                     422  404   422  404   422  403   422
POST   /calls/{call}/parties/99/mute             404  404   404  404   404  403   404
DELETE /calls/{call}/parties/99                  404  404   404  404   404  403   404
POST   /calls/{call}/listen                      403  403   409  404   409  409   409
POST   /calls/{call}/take-over                   403  403   404  404   404  403   404
GET    /calls/{call}                             200  404   200  404   200  200   200
GET    /calls/{past}                             200  404   200  404   200  200   200
GET    /calls/{past}/dispositions                200  404   200  404   200  200   200
PUT    /calls/{past}/note                        204  404   204  404   204  204   204
PUT    /calls/{past}/disposition                 422  404   422  404   422  403   422
GET    /recordings/{recording}                   200  404   200  404   200  200   200
GET    /recordings/{recording}/peaks             200  404   200  404   200  200   200
GET    /agents/1001/states                       200  403   200  404   200  200   200
POST   /agents/1001/state                        200  403   200  404   200  403   200
POST   /agents/1001/wrap-up/end                  200  403   200  404   200  403   200
POST   /agents/1001/wrap-up/prolong              409  403   409  404   409  403   409
GET    /extensions/1001/forwarding               200  403   200  404   200  403   200
PUT    /extensions/1001/forwarding               200  403   200  404   200  403   200
GET    /extensions/1900/forwarding               403  403   404  404   200  403   200
GET    /queues/sales/waiting                     200  404   200  404   200  200   200
GET    /voicemail/{message}/sound                200  404   200  404   200  200   200
PUT    /voicemail/{message}                      200  404   200  404   200  200   200
POST   /voicemail/{message}/call-back            409  404   409  404   409  409   409
GET    /callbacks/{wish}/tries                   200  404   200  404   200  200   200
PUT    /callbacks/{wish}                         200  404   200  404   200  200   200
POST   /callbacks/{wish}/call                    409  404   409  404   409  409   409
POST   /letters/{letter}/again                   403  403   409  404   409  403   409
GET    /duties/{duty}                            200  404   200  404   200  200   200
PUT    /duties/{duty}                            409  404   409  404   409  409   409
POST   /duties/{duty}/take                       409  404   409  404   409  409   409
POST   /duties/{duty}/call                       409  404   409  404   409  409   409
POST   /duties/{duty}/assign                     409  404   409  404   409  409   409
POST   /duties/{duty}/note                       200  404   200  404   200  200   200
POST   /duties/{duty}/postpone                   422  404   422  404   422  422   422
POST   /duties/{duty}/done                       409  404   409  404   409  409   409
POST   /duties/{duty}/cancel                     409  404   409  404   409  409   409
GET    /consultations/{consultation}              200  404   200  404   200  200   200
PUT    /consultations/{consultation}              409  404   409  404   409  409   409
GET    /consultations/{consultation}/sheet        200  404   200  404   200  200   200
GET    /follow-ups/{follow_up}                   200  404   200  404   200  200   200
PUT    /follow-ups/{follow_up}                   409  404   409  404   409  409   409
GET    /follow-ups/{follow_up}/sheet             200  404   200  404   200  200   200
POST   /follow-ups/{follow_up}/call              409  404   409  404   409  409   409
POST   /follow-ups/{follow_up}/done              409  404   409  404   409  409   409
POST   /follow-ups/{follow_up}/not-reached       409  404   409  404   409  409   409
POST   /follow-ups/{follow_up}/later             409  404   409  404   409  409   409
POST   /follow-ups/{follow_up}/cancel            409  404   409  404   409  409   409
POST   /follow-ups/{follow_up}/assign            403  403   409  404   409  409   409
GET    /complaints/{complaint}/sheet             200  404   200  404   200  200   200
GET    /complaints/{complaint}                   200  404   200  404   200  200   200
PUT    /complaints/{complaint}                   409  404   409  404   409  409   409
POST   /complaints/{complaint}/move              409  404   409  404   409  409   409
POST   /complaints/{complaint}/answer            409  404   409  404   409  409   409
POST   /complaints/{complaint}/note              204  404   204  404   204  204   204
GET    /customer-messages/{written}              200  404   200  404   200  200   200
POST   /customer-messages/{written}/again        409  404   409  404   409  409   409
GET    /calls/{past}/promises                    200  404   200  404   200  200   200
POST   /calls/{past}/promise                     201  404   201  404   201  201   201
GET    /conferences/weekly                       403  403   200  404   200  200   200
POST   /conferences/weekly/members/{inside}/mute 403  403   204  404   204  403   204
"""
"""Each is asked by everybody, one after the other, of what is 1001's; 409 and 422 are said to who may, for want of a
phone, of fields, or of somebody who is asked."""

LAST_ORDERS = """
                                                 own  other lead other free chief root
                                                 1001 1003  lead other boss chief root
POST   /calls/{call}/recording/stop              403  403   204  404   204  403   204
POST   /calls/{call}/park                        200  404   200  404   200  403   200
POST   /parking/{slot}/fetch                     204  404   409  404   409  409   409
POST   /calls/{call}/hang-up                     204  404   204  404   204  403   204
DELETE /voicemail/{message}                      204  404   204  404   204  403   204
DELETE /letters/{letter}                         403  403   204  404   204  403   204
POST   /customer-messages/{written}/cancel       200  404   200  404   200  200   200
POST   /conferences/weekly/end                   403  403   204  404   204  403   204
DELETE /conferences/weekly/members/{inside}      403  403   204  404   204  403   204
"""
"""These end what they are about: each is asked of a new one."""

LISTS = """
                                                 own  other lead other free chief root
                                                 1001 1003  lead other boss chief root
GET    /calls                                    3    0     3    0     3    3     3
GET    /agents                                   1    2     2    3     8    8     8
GET    /voicemail                                1    0     1    0     1    1     1
GET    /voicemail/counts                         1    0     1    0     1    1     1
GET    /callbacks                                1    0     1    0     1    1     1
GET    /callbacks/counts                         1    0     1    0     1    1     1
GET    /duties                                   3    0     3    0     3    3     3
GET    /consultations                            1    0     1    0     1    1     1
GET    /follow-ups                               1    0     1    0     1    1     1
GET    /complaints                               1    0     1    0     1    1     1
GET    /customer-messages                        1    0     1    0     1    1     1
GET    /letters                                  403  403   1    0     1    403   1
GET    /surveys                                  403  403   1    0     1    1     1
GET    /conferences                              403  403   1    0     1    1     1
GET    /parking                                  0    0     0    0     0    0     0
GET    /listening                                403  403   0    0     0    0     0
GET    /alarms                                   403  403   0    0     0    0     0
GET    /live                                     4    3     5    4     12   12    12
"""
"""How many things each list has for whom; parked calls, listeners and alarms are tests of their own."""

BODIES: dict[str, Any] = {
    "mute": {"muted": True},
    "keys": {"keys": "1"},
    "note": {"note": "x"},
    "disposition": {"code": "9"},
    "state": {"state": "break", "reason": "rest"},
    "prolong": {"seconds": 5},
    "forwarding": {"busy": "1002"},
    "PUT voicemail": {"heard": True},
    "PUT callbacks": {"note": "x"},
    "call-back": {},
    "PUT duties": {"version": 999},
    "PUT consultations": {"version": 999, "category": "use"},
    "PUT follow-ups": {"version": 999, "category": "after_use"},
    "POST follow-ups/done": {"version": 999, "result": "satisfied"},
    "not-reached": {"version": 999},
    "later": {"version": 999, "next_call": "2100-01-01T00:00:00Z"},
    "PUT complaints": {"version": 999, "type": "other", "reason": "x"},
    "move": {"version": 999, "move": "dispatch"},
    "POST complaints/answer": {"version": 999, "means": "call"},
    "POST complaints/note": {"text": "x"},
    "take": {"version": 999},
    "assign": {"version": 999, "owner": "1001"},
    "postpone": {"version": 999, "due": "2000-01-01T00:00:00Z", "reason": "x"},
    "done": {"version": 999},
    "cancel": {"version": 999, "text": "x"},
    "POST duties/note": {"text": "x"},
    "promise": {"minutes": 15},
    "POST customer-messages/cancel": {},
    "POST customer-messages/again": {},
}


def rows(table: str) -> list[tuple[str, str, dict[str, int]]]:
    """Method, path, and the number for each login."""
    _, _, logins, *lines = table.split("\n")
    return [
        (method, path, dict(zip(logins.split(), map(int, numbers), strict=True)))
        for method, path, *numbers in (line.split() for line in lines if line)
    ]


@dataclass
class Things:
    """What is 1001's, and 1001 lead's. named: what stands for `{call}` and so on."""

    office: House
    named: dict[str, str] = field(default_factory=dict)
    calls: list[CallId] = field(default_factory=list)

    def close_recordings(self) -> None:
        """As the media room does, which is pretended here."""
        for call in self.calls:
            for n in range(1, 10):
                closed = RecordingClosed(RecordingId(f"{call}-{n}"), Path(), 1.0, 58, "", complete=True)
                self.office.calls.sounded(closed)

    async def talk(self) -> None:
        """A new conversation of 1001 with a caller of sales."""
        board = self.office.board
        for journey in list(board.journeys.values()):
            if journey.agent is not None or journey.state == "parked":
                board.finish(journey, "system", "by the test")
        await settled()
        board.queueing.end_wrap_up(AgentId("1001"))
        await board.desk.set_state("1001", "ready")
        call = self.office.comes()
        await settled()
        self.office.answers()
        await settled()
        self.named["call"] = call
        self.calls.append(call)

    async def park(self) -> None:
        await self.talk()
        self.named["slot"] = self.office.board.parking.park(CallId(self.named["call"]), None)

    async def confer(self) -> None:
        """1001's phone is in a conference room. Another call of 1001's, since it is not a queue's."""
        if "inside" in self.named and CallId(self.named["inside"]) in self.office.board.journeys:
            return
        known = set(self.office.board.journeys)
        offer = sdp.offer("127.0.0.9", 30000, session_id=1)
        self.office.calls.signalled(
            sip.IncomingCall(
                dialog=self.office.sip.new(),
                trunk=None,
                extension=ExtensionNumber("1001"),
                caller="1001",
                caller_name="",
                called="8000",
                offer=offer,
                local_host="127.0.0.1",
            )
        )
        await settled()
        (self.named["inside"],) = set(self.office.board.journeys) - known

    async def leave_message(self) -> None:
        store = self.office.office.store
        message = await store.voicemail.add(
            CallId("past"),
            None,
            RecordingId(self.named["recording"]),
            "138",
            STAMP,
            agent=AgentId("1001"),
        )
        letters, _ = await store.outbox.list()
        self.named |= {"message": str(message.id), "letter": str(letters[0].id)}

    async def owe(self) -> None:
        duty = await self.office.office.modules.ledger.create(Wanted(kind="task", title="x"), "1001")
        self.named["duty"] = str(duty.id)

    async def consult(self) -> None:
        written = ConsultationFields(category="use")
        one = await self.office.office.modules.consultations.create(written, "1001", "agent")
        self.named["consultation"] = str(one.id)

    async def follow_up(self) -> None:
        written = FollowUpFields(category="after_use", phone="13800000001")
        one = await self.office.office.modules.follow_ups.create(written, "1001", "agent")
        self.named["follow_up"] = str(one.id)

    async def complain(self) -> None:
        written = ComplaintFields(type="other", reason="x")
        one = await self.office.office.modules.complaints.create(written, "1001", "agent")
        self.named["complaint"] = str(one.id)

    async def write(self) -> None:
        written = Written(channel="sms", address="13800000001", text="x")
        one = await self.office.office.modules.customer_messages.send(written, "1001")
        self.named["written"] = str(one.id)

    async def want_callback(self) -> None:
        wish = await self.office.office.store.callbacks.add(CallId("past"), QueueName("sales"), "13800000001", STAMP)
        self.named["wish"] = str(wish.id)


@pytest.fixture
async def things(office: House) -> AsyncIterator[Things]:
    kept = office.office
    (office.flows / "room.yaml").write_text(ROOM, encoding="utf-8")
    await ask(office, "root", "POST", "/flows/reload")
    await site_file.apply_text(kept.store, cheap_passwords(), TEAMS, "teams.yaml")
    mailbox = 'mailboxes: [{box: "agent:1001", mail: [a@example.com]}]'
    await site_file.apply_text(kept.store, cheap_passwords(), mailbox, "mail.yaml")
    await kept.site_changed()
    office.registers("1001", "1002")
    await office.keep_call("past")
    found = Things(office)
    found.named["recording"] = await office.keep_recording("past", WAV)
    found.named["past"] = "past"
    await found.leave_message()
    await found.want_callback()
    await found.owe()
    await found.consult()
    await found.complain()
    await found.follow_up()
    await found.write()
    said = SurveyAnswer(call=CallId("past"), at=STAMP, question="service", score=5, most=5, agent=AgentId("1001"))
    await kept.store.surveys.keep(said)
    await found.talk()
    await found.confer()
    yield found
    for journey in list(office.board.journeys.values()):
        office.board.finish(journey, "system", "the test is over")
    found.close_recordings()


def wav(samples: bytes) -> bytes:
    """Stereo A-law at 8 kHz."""
    head = b"fmt \x12\0\0\0\x06\0\x02\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x08\0\0\0"
    data = b"data" + len(samples).to_bytes(4, "little") + samples
    return b"RIFF" + (4 + len(head) + len(data)).to_bytes(4, "little") + b"WAVE" + head + data


WAV = wav(bytes(16_000))


def body_of(method: str, path: str) -> Any:
    parts = path.strip("/").split("/")
    return BODIES.get(f"{method} {parts[0]}/{parts[-1]}", BODIES.get(parts[-1], BODIES.get(f"{method} {parts[0]}")))


async def check(things: Things, method: str, path: str, login: str, expected: int) -> None:
    asked = path.format(**things.named)
    headers = await things.office.as_(login)
    body = body_of(method, path)
    more: dict[str, Any] = {} if method in ("GET", "DELETE") else {"json": {} if body is None else body}
    answer = await things.office.client.request(method, f"/api/v1{asked}", headers=headers, **more)
    assert answer.status == expected, f"{login}: {method} {path}: {await answer.text()}"


async def test_every_order_is_for_who_oversees_the_agent_and_for_others_there_is_nothing(things: Things) -> None:
    for method, path, expected in rows(ORDERS):
        if things.office.board.desk.speaking(CallId(things.named["call"])) == frozenset():
            await things.talk()
        for login, status in expected.items():
            await check(things, method, path, login, status)


async def test_so_is_every_order_that_ends_something(things: Things) -> None:
    anew: dict[str, Callable[[], Awaitable[None]]] = {
        "{call}": things.talk,
        "{slot}": things.park,
        "{message}": things.leave_message,
        "{letter}": things.leave_message,
        "{written}": things.write,
        "weekly": things.confer,
    }
    for method, path, expected in rows(LAST_ORDERS):
        make = next(make for part, make in anew.items() if part in path)
        await make()
        for login, status in expected.items():
            if path.endswith("/stop"):
                await ask(things.office, "root", "POST", f"/calls/{things.named['call']}/recording/start")
            await check(things, method, path, login, status)
            if status in (200, 204) and "fetch" not in path:
                await settled()
                await make()


async def test_lists_have_what_one_may_see_and_their_counts_tell_of_nothing_else(things: Things) -> None:
    await things.office.board.history.settled()
    for _, path, expected in rows(LISTS):
        for login, count in expected.items():
            status, said = await ask(things.office, login, "GET", path)
            if count == 403:
                assert status == 403, f"{login}: {path}"
                continue
            found = sum(map(len, said.values())) if path == "/live" else len(said["items"])
            assert found == count, f"{login}: {path}: {said}"
            assert said.get("total", found) == found


def test_every_route_about_calls_agents_and_recordings_stands_in_a_table() -> None:
    """A new one fails here until somebody has said who may ask it."""
    known = {
        (method, path.replace("1001", "{}").replace("weekly", "{}").replace("sales", "{}").replace("99", "{}"))
        for table in (ORDERS, LAST_ORDERS, LISTS)
        for method, path, _ in rows(table)
    }
    plain = {(method, _without_names(path)) for method, path in known}
    for route in every_route():
        if route.right in OFFICE_WIDE or f"{route.method} {route.path}" in OFFICE_WIDE:
            continue
        asked = (route.method, _without_names(route.path.removeprefix("/api/v1")))
        assert asked in plain, f"{route.method} {route.path}: who may ask it? A line in a table of this file is wanted"


async def test_a_campaign_is_seen_by_who_oversees_the_agents_of_its_queue(things: Things) -> None:
    office, plan = things.office, {"name": "spring", "queue": "sales", "mode": "progressive"}
    status, made = await ask(office, "root", "POST", "/campaigns", plan)
    assert status == 201, made
    status, said = await ask(office, "other", "POST", "/campaigns", plan | {"name": "autumn"})
    assert status == 422, said
    for login, seen in (("lead", 1), ("other", 0), ("boss", 1), ("chief", 1)):
        assert (await ask(office, login, "GET", "/campaigns"))[1]["total"] == seen, login
    of_one = [route for route in every_route() if route.path.startswith("/api/v1/campaigns/{id}")]
    assert len(of_one) > 5
    for route in of_one:
        if route.method in ("GET", "DELETE"):
            path = route.path.removeprefix("/api/v1").replace("{id}", str(made["id"])).replace("{entry}", "1")
            assert (await ask(office, "other", route.method, path))[0] == 404, path
    for order in ("start", "pause", "stop"):
        assert (await ask(office, "other", "POST", f"/campaigns/{made['id']}/{order}"))[0] == 404, order
    assert (await ask(office, "lead", "GET", f"/campaigns/{made['id']}"))[0] == 200


def _without_names(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


# ---- the event stream, lists and single calls agree -----------------------------------------------------------

LOGINS = ("1001", "1002", "1003", "lead", "other", "boss", "chief", "root")


def told_of(listener: Listener) -> str:
    """Everything that a page was sent."""
    return str(listener.take())


async def test_nothing_of_another_teams_call_arrives_at_an_open_page(things: Things) -> None:
    office = things.office
    live = office.app[STREAMS].live
    lead, other = Listener(office, live, "lead", "supervisor"), Listener(office, live, "other", "supervisor")
    lead.take(), other.take()
    await things.talk()
    await office.board.desk.hang_up(CallId(things.named["call"]), "1001")
    await settled()
    assert things.named["call"] in told_of(lead)
    heard = told_of(other)
    assert things.named["call"] not in heard
    assert "1001" not in heard


async def test_a_call_that_another_team_answers_goes_out_of_sight_and_is_told_as_gone(things: Things) -> None:
    """Both teams serve complaints: both leaders see who waits there, and then only the one whose agent has it."""
    office = things.office
    shared = 'queues: [{name: complaints, members: ["1001", "1002", "1003"]}]'
    await site_file.apply_text(office.office.store, cheap_passwords(), shared, "shared.yaml")
    await office.office.site_changed()
    office.board.queueing.sits_at(AgentId("1002"), ExtensionNumber("1002"))
    await office.board.desk.set_state("1002", "break", "rest")
    call = CallId(things.named["call"])
    assert (await ask(office, "1001", "POST", f"/calls/{call}/transfer", {"queue": "complaints"}))[0] == 204
    await settled()
    await agree(office, [call])
    assert call in await seen_in_list(office, "other"), "who waits again is seen, though 1001 has answered before"
    live = office.app[STREAMS].live
    other = Listener(office, live, "other", "supervisor")
    assert f"lines/{call}" in told_of(other)
    office.board.queueing.expect_no_more(call, "left")
    office.board.finish(office.board.journeys[call], "system", "by the test")
    await settled()
    await settled()
    assert f"'lines/{call}': None" in told_of(other)
    await agree(office, [call])
    assert call not in await seen_in_list(office, "other"), "nobody of theirs ever had it"
    assert call in await seen_in_list(office, "lead")


async def seen_in_list(office: House, login: str) -> set[str]:
    await office.board.history.settled()
    status, said = await ask(office, login, "GET", "/calls?limit=500")
    assert status == 200
    assert said["total"] == len(said["items"])
    return {one["id"] for one in said["items"]}


async def agree(office: House, calls: list[CallId]) -> None:
    """For everybody: the event stream, the list and the single look-up say the same of each call."""
    live = office.app[STREAMS].live
    for login in LOGINS:
        listed = await seen_in_list(office, login)
        for call in calls:
            status, _ = await ask(office, login, "GET", f"/calls/{call}")
            heard = live.sees_call(call, Sight.of(login, office.board.site))
            assert (call in listed, status, heard) == ((True, 200, True) if heard else (False, 404, False)), login


def happening(chance: random.Random, call: CallId, n: int) -> Fact:
    """Something that happens to a call; n: seconds after the others."""
    at, agent = STAMP + timedelta(seconds=n), AgentId(chance.choice(("1001", "1002", "1003", "lead", "boss")))
    queue = QueueName(chance.choice(("sales", "complaints", "both")))
    match chance.randrange(6):
        case 0 | 1:
            return events.CallerQueued(at=at, call=call, queue=queue)
        case 2:
            return events.CallRinging(at=at, call=call, agent=agent, number="1", queue=queue)
        case 3:
            return events.CallAnswered(at=at, call=call, agent=chance.choice((agent, None)), number="1", queue=queue)
        case 4:
            return events.OfferDeclined(at=at, call=call, agent=agent, reason="no_answer")
        case _:
            return events.CallTransferred(
                at=at, call=call, agent=agent, number="1", by=None, from_number="2", kind="blind"
            )


@pytest.mark.parametrize("seed", range(3))
async def test_stream_list_and_single_look_up_agree_whatever_happens_to_calls(things: Things, seed: int) -> None:
    office, chance = things.office, random.Random(seed)
    both = "queues: [{name: both, members: ['1001', '1003']}]\nteams: [{name: two, members: ['1002', '1003', '1001']}]"
    calls = [CallId(f"c{n}") for n in range(8)]
    for n, call in enumerate(calls):
        phone = ExtensionNumber("1001") if n == 0 else None
        started = events.CallStarted(
            at=STAMP, call=call, direction="inbound", caller="1", caller_name="", called="2", extension=phone
        )
        office.office.bus.publish(started)
    for n in range(24):
        office.office.bus.publish(happening(chance, chance.choice(calls), n))
        if n % 12 == 11:
            await agree(office, calls)
    await site_file.apply_text(office.office.store, cheap_passwords(), both, "both.yaml")
    await office.office.site_changed()
    await agree(office, calls)
