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
from callcenterd.model.appointments import AppointmentFields, NewService
from callcenterd.model.appraisals import Given
from callcenterd.model.complaints import ComplaintFields
from callcenterd.model.consultations import ConsultationFields
from callcenterd.model.events import Fact
from callcenterd.model.follow_ups import FollowUpFields
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName, RecordingId
from callcenterd.model.surveys import SurveyAnswer
from callcenterd.quality.appraisals import Written as Sheet
from callcenterd.sip import events as sip
from callcenterd.tickets.appointments import Wanted as Booked
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
    "system": "the server's own, not people's",
    "audit": "administrators, who see all",
    "audit.export": "administrators, who see all",
    "audit.record": "as the record: test_audit.py",
    "prompt": "administrators only, who see all",
    "calendar": "the office's",
    "attachment": "as the record that they hang on: test_attachments.py",
    "display": "by the queues that one sees: test_displays.py",
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
    "recording.export": "one's own, of what one may hear: test_recording_batches.py",
    "GET /api/v1/recordings/tags": "words of the office",
    "campaign": "by the campaign's queue: the test of campaigns below",
    "campaign.preview": "one's own",
    "GET /api/v1/break-reasons": "the office's",
    "GET /api/v1/feature-codes": "the office's",
    "GET /api/v1/desk": "one's own",
    "query": "as far as one's sight goes: test_queries.py",
    "query.export": "as a query: test_queries.py",
    "GET /api/v1/duties/calendar": "as the list: test_duties.py",
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
    "POST /api/v1/customer-messages/begin": "of a customer: by the role's scope, test_roles.py",
    "message_template.read": "the office's",
    "duty_kind": "the office's",
    "proposal.write": "by the customer: test_proposals.py",
    "proposal_template": "the office's",
    "message_template.write": "the office's",
    "GET /api/v1/appointment-services": "the office's",
    "GET /api/v1/appointment-services/{id}": "the office's",
    "GET /api/v1/appointment-services/{id}/free": "the office's",
    "appointment.service": "administrators only, who see all",
    "POST /api/v1/appointments": "a new one of one's own making",
    "POST /api/v1/consultations": "a new one of one's own making",
    "POST /api/v1/follow-ups": "a new one of one's own making",
    "follow_up.rule": "administrators only, who see all",
    "appraisal.template": "the office's",
    "appraisal.plan": "the office's; to whom they are dealt out goes by whom one oversees: test_drawing.py",
    "GET /api/v1/appraisal-templates": "the office's",
    "GET /api/v1/appraisal-templates/{id}": "the office's",
    "GET /api/v1/appraisal-templates/{id}/versions/{version}": "the office's",
    "POST /api/v1/appraisals": "by the call: test_appraisals.py",
    "GET /api/v1/appraisals/counts": "as the list: test_appraisals.py",
    "GET /api/v1/appraisals/results": "as the list: test_appraisals.py",
    "GET /api/v1/appraisals/results/export": "as the list: test_appraisals.py",
    "GET /api/v1/calibrations": "by who scores in it: test_appraisals.py",
    "GET /api/v1/calibrations/{id}": "by who scores in it: test_appraisals.py",
    "GET /api/v1/follow-up-rules/names": "the office's",
    "GET /api/v1/follow-ups/statistics": "as the list: test_follow_up_statistics.py",
    "GET /api/v1/follow-ups/statistics/export": "as the list: test_follow_up_statistics.py",
    "GET /api/v1/follow-ups/figures": "as the list: test_follow_ups.py",
    "GET /api/v1/follow-ups/journal": "as the list: test_follow_up_journals.py",
    "GET /api/v1/promises/kept": "the people whom one oversees: the test of promises in test_duties.py",
    "GET /api/v1/duties/kinds": "the office's",
    "POST /api/v1/duties": "a new one of one's own making",
    "POST /api/v1/calls": "one's own new call",
    "DELETE /api/v1/listening": "one's own",
    "GET /api/v1/colleagues": "everybody in the office",
    "GET /api/v1/conversations": "one's own: test_staff.py",
    "GET /api/v1/staff-messages": "one's own: test_staff.py",
    "GET /api/v1/staff-messages/unread": "one's own: test_staff.py",
    "POST /api/v1/staff-messages": "a new one of one's own making",
    "staff_notice": "to whom one oversees: test_staff.py",
    "POST /api/v1/help": "one's own",
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
POST   /recordings/{recording}/replay            409  404   409  404   409  409   409
GET    /recordings/{recording}/details           200  404   200  404   200  200   200
PUT    /recordings/{recording}/tags              200  404   200  404   200  200   200
GET    /recordings/{recording}/notes             200  404   200  404   200  200   200
POST   /recordings/{recording}/notes             201  404   201  404   201  201   201
DELETE /recordings/{recording}/notes/99          404  404   404  404   404  404   404
GET    /recordings/{recording}/links             403  403   200  404   200  200   200
POST   /recordings/{recording}/links             403  403   201  404   201  201   201
POST   /recordings/{recording}/links/99/revoke   403  403   404  404   404  404   404
POST   /recordings/{recording}/remove            403  403   403  403   403  409   409
GET    /agents/1001/states                       200  403   200  404   200  200   200
POST   /agents/1001/state                        200  403   200  404   200  403   200
POST   /agents/1001/wrap-up/end                  200  403   200  404   200  403   200
POST   /agents/1001/wrap-up/prolong              409  403   409  404   409  403   409
PUT    /seats/1001                               403  403   409  404   409  403   409
GET    /extensions/1001/forwarding               200  403   200  404   200  403   200
PUT    /extensions/1001/forwarding               200  403   200  404   200  403   200
GET    /extensions/1900/forwarding               403  403   404  404   200  403   200
GET    /queues/sales/waiting                     200  404   200  404   200  200   200
POST   /queues/sales/waiting/{call}/move         403  403   404  404   404  403   404
PUT    /thresholds/queues/sales                  403  403   409  404   409  403   409
PUT    /thresholds/office                        403  403   403  403   409  403   409
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
GET    /appointments/{appointment}              200  200   200  200   200  200   200
PUT    /appointments/{appointment}              409  409   409  409   409  409   409
POST   /appointments/{appointment}/move         409  409   409  409   409  409   409
POST   /appointments/{appointment}/cancel       409  409   409  409   409  409   409
POST   /appointments/{appointment}/mark         409  409   409  409   409  409   409
GET    /complaints/{complaint}/sheet             200  404   200  404   200  200   200
GET    /complaints/{complaint}                   200  404   200  404   200  200   200
PUT    /complaints/{complaint}                   409  404   409  404   409  409   409
POST   /complaints/{complaint}/move              409  404   409  404   409  409   409
POST   /complaints/{complaint}/answer            409  404   409  404   409  409   409
POST   /complaints/{complaint}/note              204  404   204  404   204  204   204
GET    /appraisals/{appraisal}                   200  404   200  404   200  200   200
PUT    /appraisals/{appraisal}                   403  403   409  404   403  403   403
POST   /appraisals/{appraisal}/submit            403  403   422  404   403  403   403
POST   /appraisals/{appraisal}/assign            403  403   409  404   409  409   409
POST   /appraisals/{appraisal}/cancel            403  403   409  404   409  409   409
POST   /appraisals/{appraisal}/agree             409  404   403  404   403  403   403
POST   /appraisals/{appraisal}/dispute           409  404   403  404   403  403   403
POST   /appraisals/{appraisal}/answer            409  404   409  404   403  409   409
POST   /appraisals/{appraisal}/review            403  403   409  404   403  409   409
GET    /customer-messages/{written}              200  404   200  404   200  200   200
POST   /customer-messages/{written}/again        409  404   409  404   409  409   409
GET    /staff-messages/{staff}                   200  404   200  404   404  404   404
GET    /staff-messages/{staff}/readers           200  404   404  404   404  404   404
POST   /staff-messages/{staff}/read              200  404   200  404   404  404   404
POST   /staff-messages/{staff}/confirm           422  404   422  404   404  404   404
GET    /help/{help}                              200  404   200  404   200  200   200
POST   /help/{help}/take                         403  403   409  404   409  409   409
POST   /help/{help}/answer                       403  403   200  404   200  200   200
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
POST   /staff-messages/{staff}/withdraw          200  404   404  404   404  404   404
POST   /help/{help}/end                          200  404   200  404   200  200   200
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
GET    /seats                                    403  403   3    4     9    9     9
GET    /recordings                               1    0     1    0     1    1     1
GET    /recording-links                          403  403   0    0     0    0     0
GET    /phone-book                              13   13    13   13    13   13    13
GET    /voicemail                                1    0     1    0     1    1     1
GET    /voicemail/counts                         1    0     1    0     1    1     1
GET    /callbacks                                1    0     1    0     1    1     1
GET    /callbacks/counts                         1    0     1    0     1    1     1
GET    /duties                                   3    0     3    0     3    3     3
GET    /consultations                            1    0     1    0     1    1     1
GET    /follow-ups                               1    0     1    0     1    1     1
GET    /appointments                             1    1     1    1     1    1     1
GET    /complaints                               1    0     1    0     1    1     1
GET    /appraisals                               1    0     1    0     1    1     1
GET    /customer-messages                        1    0     1    0     1    1     1
GET    /letters                                  403  403   1    0     1    403   1
GET    /surveys                                  403  403   1    0     1    1     1
GET    /conferences                              403  403   1    0     1    1     1
GET    /parking                                  0    0     0    0     0    0     0
GET    /listening                                403  403   0    0     0    0     0
GET    /alarms                                   403  403   0    0     0    0     0
GET    /thresholds                               1    1     1    1     1    1     1
GET    /help                                     1    0     1    0     1    1     1
GET    /live                                     4    3     5    4     12   12    12
"""
"""How many things each list has for whom; parked calls, listeners and alarms are tests of their own."""

BODIES: dict[str, Any] = {
    "POST queues/move": {"place": "up"},
    "PUT seats": {"extension": "1001", "was": "nobody's"},
    "PUT thresholds": {"version": 9, "limits": {}},
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
    "PUT appointments": {"version": 999, "name": "张三"},
    "POST appointments/move": {"version": 999, "begin": "2026-01-01T00:00:00Z"},
    "POST appointments/cancel": {"version": 999},
    "mark": {"version": 999, "state": "missed"},
    "PUT complaints": {"version": 999, "type": "other", "reason": "x"},
    "move": {"version": 999, "move": "dispatch"},
    "POST complaints/answer": {"version": 999, "means": "call"},
    "POST complaints/note": {"text": "x"},
    "take": {"version": 999},
    "POST help/answer": {"text": "x"},
    "assign": {"version": 999, "owner": "1001"},
    "postpone": {"version": 999, "due": "2000-01-01T00:00:00Z", "reason": "x"},
    "done": {"version": 999},
    "cancel": {"version": 999, "text": "x"},
    "POST duties/note": {"text": "x"},
    "promise": {"minutes": 15},
    "tags": {"tags": ["x"]},
    "POST recordings/links": {"purpose": "x"},
    "POST recordings/notes": {"second": 0, "text": "x"},
    "remove": {"reason": "as the law wants it"},
    "PUT appraisals": {"version": 999, "answers": {}},
    "submit": {"version": 999, "answers": {}},
    "POST appraisals/assign": {"version": 999, "appraiser": "boss"},
    "agree": {"version": 999},
    "dispute": {"version": 999, "text": "x"},
    "POST appraisals/answer": {"version": 999, "text": "x"},
    "review": {"version": 999, "decision": "uphold", "text": "x"},
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

    async def appoint(self) -> None:
        modules, store = self.office.office.modules, self.office.office.store
        service = await store.appointment_services.named("repair")
        if service is None:
            new = NewService(name="repair", chinese="维修", english="Repair", minutes=30, capacity=10)
            service = await modules.appointment_services.create(new, "root")
        tomorrow = self.office.office.clock.utc() + timedelta(days=1)
        place = next(one for one in await modules.appointments.places(service, tomorrow, tomorrow + timedelta(days=1)))
        booked = Booked(service=service.id, begin=place.begin)
        one = await modules.appointments.book(AppointmentFields(name="张三"), booked, "1001", "agent")
        self.named["appointment"] = str(one.id)

    async def complain(self) -> None:
        written = ComplaintFields(type="other", reason="x")
        one = await self.office.office.modules.complaints.create(written, "1001", "agent")
        self.named["complaint"] = str(one.id)

    async def appraise(self) -> None:
        modules, store = self.office.office.modules, self.office.office.store
        await modules.scorecards.ship()
        card = (await modules.scorecards.all())[0]
        begun = await modules.appraisals.begin(await store.calls.get(CallId("past")), card.id, "lead")
        best = {one.id: Given(points=one.most) for one in card.questions}
        await modules.appraisals.submit(begun, Sheet(version=begun.version, answers=best), "lead")
        self.named["appraisal"] = str(begun.id)

    async def write(self) -> None:
        written = Written(channel="sms", address="13800000001", text="x")
        one = await self.office.office.modules.customer_messages.send(written, "1001")
        self.named["written"] = str(one.id)

    async def write_to_lead(self) -> None:
        one = await self.office.office.modules.staff.write(AgentId("1001"), "lead", "x")
        self.named["staff"] = str(one.id)

    async def call_for_help(self) -> None:
        one, _ = await self.office.office.modules.help.ask(AgentId("1001"), None)
        self.named["help"] = str(one.id)

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
    await found.appoint()
    await found.appraise()
    await found.write()
    await found.write_to_lead()
    await found.call_for_help()
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
        "{staff}": things.write_to_lead,
        "{help}": things.call_for_help,
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
            kinds = [said[kind] for kind in ("lines", "agents", "queues")] if path == "/live" else [said["items"]]
            found = sum(map(len, kinds))
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


async def test_who_leads_moves_who_waits_in_their_queues_to_their_own_queues_and_agents_only(things: Things) -> None:
    office = things.office
    waiting = office.comes("13900000009")
    await settled()
    path = f"/queues/sales/waiting/{waiting}/move"
    for login, status in (("lead", 204), ("other", 404), ("boss", 204), ("chief", 403), ("1001", 403)):
        assert (await ask(office, login, "POST", path, {"place": "up"}))[0] == status, login
    assert (await ask(office, "lead", "POST", path, {"queue": "complaints"}))[0] == 404
    assert (await ask(office, "lead", "POST", path, {"agent": "1003"}))[0] == 404
    assert office.board.queueing.waits_in(waiting) == "sales"
    assert (await ask(office, "boss", "POST", path, {"queue": "complaints"}))[0] == 204
    assert (await ask(office, "other", "POST", path.replace("sales", "complaints"), {"place": "front"}))[0] == 204
    assert (await ask(office, "lead", "POST", path, {"place": "up"}))[0] == 404
