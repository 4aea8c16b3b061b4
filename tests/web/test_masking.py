"""Hidden fields (ADM-01): what a role may not see whole leaves the server nowhere; sent back, it is the value again."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd import site as site_file
from callcenterd.channels.customer_messages import Written
from callcenterd.model.complaints import ComplaintFields
from callcenterd.model.consultations import ConsultationFields
from callcenterd.model.do_not_call import DoNotCall
from callcenterd.model.follow_ups import FollowUpFields
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName
from callcenterd.model.roles import HIDDEN_KINDS
from callcenterd.tickets.ledger import Wanted
from callcenterd.web.masking import Mask, Memory
from callcenterd.web.reference import every_route
from tests.web.house import STAMP, House, cheap_passwords
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask, settled
from tests.web.test_teams import WAV

PHONE, OTHER, CARD, ADDRESS, EMAIL = (
    "13912348000",
    "02062967788",
    "8864201755",
    "解放路18号502室",
    "zhangsan@example.com",
)


def mask(*hidden: Any, own: tuple[str, ...] = ()) -> Mask:
    return Mask(hidden, own, Memory())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13912348000", "139****8000"),
        ("+8613912348000", "+86139****8000"),
        ("139 1234 8000", "139****8000"),
        ("020-62967788", "020****7788"),
        ("(020) 62967788", "(020****7788"),
        ("62967788", "62****88"),
        ("电话13912348000，晚上打", "电话139****8000，晚上打"),
        ("2026-11-27 13912348000", "2026-11-27 139****8000"),
        ("tel:13912348000", "tel:139****8000"),
        ("sip:13912348000@127.0.0.9", "sip:139****8000@127.0.0.9"),
        ("8000", "8000"),
        ("1001", "1001"),
        ("95588", "95588"),
        ("2026-11-27", "2026-11-27"),
        ("2026-11-27T02:20:18.123456+00:00", "2026-11-27T02:20:18.123456+00:00"),
        ("20261127-022136-52e6b4", "20261127-022136-52e6b4"),
        ("20261127-022136-526184-1", "20261127-022136-526184-1"),
        ("ZX20261127-0001", "ZX20261127-0001"),
        ("1234567.89", "1234567.89"),
        ("127.0.0.1", "127.0.0.1"),
        ("6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b", None),
    ],
)
def test_a_number_is_known_by_its_looks_and_names_of_our_own_are_none(text: str, shown: str | None) -> None:
    assert mask("phone").text(text) == (text if shown is None else shown)


def test_each_kind_is_hidden_by_itself() -> None:
    card: dict[str, Any] = {"phones": [PHONE], "card": CARD, "address": ADDRESS, "email": EMAIL, "version": 3}
    assert mask().data(card) == card
    assert mask("phone").data(card) == card | {"phones": ["139****8000"]}
    assert mask("card").data(card) == card | {"card": "886***1755"}
    assert mask("address").data(card) == card | {"address": "解●●●●●●"}
    assert mask("email").data(card) == card | {"email": "z***@example.com"}


def test_what_a_query_finds_is_hidden_by_its_columns_and_a_prepaid_cards_number_as_a_card() -> None:
    found = {"columns": ["name", "card", "customer.address"], "items": [{"id": 1, "values": ["x", CARD, ADDRESS]}]}
    hidden = mask("card", "address").data(found)
    assert hidden["items"] == [{"id": 1, "values": ["x", "886***1755", "解●●●●●●"]}]
    grouped = {"columns": ["address"], "items": [], "groups": [{"keys": [ADDRESS], "count": 2}]}
    assert mask("address").data(grouped)["groups"] == [{"keys": ["解●●●●●●"], "count": 2}]
    assert mask("card").data({"number": CARD, "has_pin": True})["number"] == "886***1755"
    assert mask("card").data({"number": "ZX20261127-0001"})["number"] == "ZX20261127-0001"


def test_numbers_of_the_office_are_no_secret() -> None:
    assert mask("phone", own=("02088886666",)).data({"called": "02088886666"}) == {"called": "02088886666"}


@given(st.lists(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), min_size=1, max_size=5, unique=True))
def test_what_is_sent_back_is_what_was_there_or_is_refused(phones: list[str]) -> None:
    hiding = mask("phone")
    card = {"phones": phones, "note": f"ring {phones[0]}!"}
    shown = hiding.data(card)
    assert not any(phone in json.dumps(shown) for phone in phones)
    back, unknown = hiding.given(shown)
    alike = len({phone[:3] + phone[-4:] for phone in phones}) < len(phones)
    assert back == card if unknown is None else alike


def test_what_nobody_knows_is_not_taken_for_a_value() -> None:
    _, unknown = mask("phone").given({"phones": ["139****8000"]})
    assert unknown == "phones"


# ---- in an office -----------------------------------------------------------------------------------------------


async def seeded(office: House, *, barred: bool = True) -> dict[str, str]:
    """The number, card, address and e-mail in everything that an office keeps of a customer. Answers ids."""
    kept, modules = office.office, office.office.modules
    card = {"name": "陈静", "phones": [PHONE, OTHER], "card": CARD, "address": ADDRESS, "email": EMAIL, "note": PHONE}
    customer = await modules.customers.create({**card, "owner": "1001"}, "root")
    await office.keep_call("past", caller=PHONE)
    await kept.store.calls.note(CallId("past"), f"ring {PHONE}", customer.id)
    recording = await office.keep_recording("past", WAV)
    message = await kept.store.voicemail.add(
        CallId("past"), QueueName("sales"), recording, PHONE, STAMP, agent=AgentId("1001")
    )
    wish = await kept.store.callbacks.add(CallId("past"), QueueName("sales"), PHONE, STAMP)
    duty = await modules.ledger.create(
        Wanted(kind="task", title=f"ring {PHONE}", number=PHONE, customer=customer.id), "1001"
    )
    asked = ConsultationFields(category="use", customer=CustomerId(customer.id), call=CallId("past"), note=EMAIL)
    consultation = await modules.consultations.create(asked, "1001", "agent")
    call = await modules.follow_ups.create(
        FollowUpFields(category="after_use", customer=CustomerId(customer.id), content=PHONE), "1001", "agent"
    )
    wrong = ComplaintFields(
        type="other", customer=CustomerId(customer.id), call=CallId("past"), reason=EMAIL, note=PHONE
    )
    complaint = await modules.complaints.create(wrong, "1001", "agent")
    service = {"name": "visit", "chinese": "上门", "english": "Visit", "minutes": 60, "capacity": 1}
    status, of = await ask(office, "root", "POST", "/appointment-services", service)
    assert status == 201, of
    begin = (kept.clock.utc() + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    booking = {"service": of["id"], "begin": begin.isoformat(), "customer": customer.id, "note": PHONE}
    status, appointment = await ask(office, "1001", "POST", "/appointments", booking)
    assert status == 201, appointment
    letter = Written(channel="email", subject=PHONE, text=CARD, customer=CustomerId(customer.id))
    written = await modules.customer_messages.send(letter, "1001")
    if barred:
        await kept.store.do_not_call.add(DoNotCall(number=PHONE, why="x", by="root", at=STAMP))
    return {
        "customers": str(customer.id),
        "calls": "past",
        "voicemail": str(message.id),
        "callbacks": str(wish.id),
        "duties": str(duty.id),
        "consultations": str(consultation.id),
        "follow-ups": str(call.id),
        "complaints": str(complaint.id),
        "appointments": str(appointment["id"]),
        "customer-messages": str(written.id),
        "recordings": str(recording),
    }


async def test_no_answer_of_the_whole_api_shows_a_hidden_value(office: House) -> None:
    """Every GET of the API, by the agent whose customer it is, and by a manager who sees all; the same before it is
    hidden shows that there is something to hide."""
    ids = await seeded(office)
    office.registers("1001")
    await office.board.desk.set_state("1001", "ready")
    office.comes(PHONE)
    await settled()
    office.rings()
    await settled()
    secrets = re.compile("|".join(map(re.escape, (PHONE, OTHER, CARD, ADDRESS, EMAIL, "1391234"))))

    async def walk(login: str) -> dict[str, str]:
        headers, shown = await office.as_(login), {}
        for route in every_route():
            kind = route.path.removeprefix("/api/v1/").partition("/")[0]
            if route.method != "GET" or "events" in route.path:
                continue
            path = route.path
            for name in route.parameters:
                path = path.replace(f"{{{name}}}", ids.get(kind, "1"))
            for more in ("", "?format=csv"):
                answer = await office.client.get(path + more, headers=headers)
                text = (await answer.read()).decode("utf-8", "replace")
                if found := secrets.search(text):
                    shown[route.path] = found[0]
        return shown

    for login, least in (("1001", 9), ("chief", 9)):
        assert len(await walk(login)) >= least, "there is something to hide"
    for role in ("agent", "manager"):
        await set_role(office, role, hidden=list(HIDDEN_KINDS))
    assert await walk("1001") == {}
    assert await walk("chief") == {}
    for journey in list(office.board.journeys.values()):
        office.board.finish(journey, "system", "by the test")


async def test_the_event_stream_hides_too_and_from_the_moment_on_that_it_is_set(office: House) -> None:
    office.registers("1001")
    await office.board.desk.set_state("1001", "ready")
    headers = await office.as_("1001")
    async with office.client.ws_connect("/api/v1/events?live=1", headers=headers) as stream:
        assert json.loads((await stream.receive(timeout=2)).data)["type"] == "live.snapshot"
        await set_role(office, "agent", hidden=["phone"])
        call = office.comes(PHONE)
        await settled()
        office.rings()
        heard = ""
        while "screen.pop" not in heard:
            heard += (await stream.receive(timeout=2)).data
        heard += (await stream.receive(timeout=2)).data
    assert "1391234" not in heard
    assert "139****8000" in heard
    office.board.finish(office.board.journeys[call], "system", "by the test")


async def test_a_card_that_is_sent_back_as_it_was_shown_changes_nothing(office: House) -> None:
    await seeded(office)
    await set_role(office, "agent", hidden=list(HIDDEN_KINDS))
    listed = (await ask(office, "1001", "GET", "/customers"))[1]["items"][0]
    before = (await ask(office, "root", "GET", f"/customers/{listed['id']}"))[1]
    told = {"id", "created_at", "created_by", "changed_at", "no_sms_at", "no_sms_by", "no_email_at", "no_email_by"}
    writable = {k: v for k, v in listed.items() if k not in told}
    assert writable["phones"] == ["139****8000", "020****7788"]
    status, said = await ask(office, "1001", "PUT", f"/customers/{listed['id']}", writable | {"company": "东风"})
    assert status == 200, said
    after = (await ask(office, "root", "GET", f"/customers/{listed['id']}"))[1]
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"company", "changed_at", "version"}
    stranger = writable | {"phones": ["137****9999"], "version": after["version"]}
    status, said = await ask(office, "1001", "PUT", f"/customers/{listed['id']}", stranger)
    assert (status, list(said["error"]["fields"])) == (422, ["phones"])


async def test_whose_number_is_hidden_can_be_called_all_the_same(office: House) -> None:
    ids = await seeded(office, barred=False)
    rule = 'outbound: [{match: "1.", trunks: [telecom]}, {match: "0.", trunks: [telecom]}]'
    await site_file.apply_text(office.office.store, cheap_passwords(), rule, "rule.yaml")
    await set_role(office, "agent", hidden=["phone"])
    office.registers("1001")
    for asked in (
        {"customer": int(ids["customers"])},
        {"call": "past"},
        {"customer": int(ids["customers"]), "phone": 1},
    ):
        status, said = await ask(office, "1001", "POST", "/calls", {**asked, "extension": "1001"})
        assert status == 200, said
        journey = office.board.journeys[CallId(said["call"])]
        assert journey.call.called == (OTHER if "phone" in asked else PHONE)
        office.board.finish(journey, "system", "by the test")
        await settled()
    for asked, status in (
        ({"customer": 999}, 404),
        ({"call": "none"}, 404),
        ({}, 422),
        ({"customer": 1, "phone": 7}, 422),
    ):
        assert (await ask(office, "1001", "POST", "/calls", {**asked, "extension": "1001"}))[0] == status, asked


async def test_papers_whose_contents_cannot_be_hidden_do_not_go_out(office: House) -> None:
    await seeded(office)
    query = {"query": {"kind": "customer"}, "form": "xlsx"}
    assert (
        await office.client.post("/api/v1/query/export", json=query, headers=await office.as_("boss"))
    ).status == 200
    await set_role(office, "supervisor", hidden=["phone"])
    headers = await office.as_("boss")
    assert (await office.client.post("/api/v1/query/export", json=query, headers=headers)).status == 403
    answer = await office.client.post("/api/v1/query/export", json=query | {"form": "csv"}, headers=headers)
    text = (await answer.read()).decode("utf-8-sig")
    assert answer.status == 200
    assert "139****8000" in text
    assert PHONE not in text
