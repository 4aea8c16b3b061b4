"""Messages to customers over the API: written, seen, cancelled, tried again; and the texts that they are made of."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.model.customers import CustomerCard
from tests.kit.virtual import START, VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_rooms import ask
from tests.web.test_teams import TEAMS

_TEAMS = "users:" + TEAMS.partition("users:")[2]
PATH = "/customer-messages"


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """In virtual time, with teams: 1001 is lead's, 1002 and 1003 are other's."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock()) as opened:
        kept = opened.office
        await site_file.apply_text(kept.store, cheap_passwords(), _TEAMS, "teams.yaml")
        await kept.site_changed()
        yield opened


async def customer(office: House, **known: Any) -> int:
    card = CustomerCard(
        **{"name": "张三", "phones": ("020 8888 6666", "138 0013 8000"), "email": "a@example.com"} | known
    )
    return int((await office.office.store.customers.create(card, "1001")).id)


async def test_a_message_goes_to_the_customers_own_address_and_waits_for_its_way(office: House) -> None:
    who = await customer(office)
    later = (START + timedelta(hours=1)).isoformat()
    body = {
        "channel": "sms",
        "customer": who,
        "text": "您好",
        "not_before": later,
        "kind": "customer",
        "record": str(who),
    }
    status, one = await ask(office, "1001", "POST", PATH, body)
    assert status == 201, one
    known = {name: one[name] for name in ("address", "state", "units", "segments", "owner", "team", "kind", "record")}
    assert known == {
        "address": "138 0013 8000",
        "state": "waiting",
        "units": 2,
        "segments": 1,
        "owner": "1001",
        "team": "one",
        "kind": "customer",
        "record": str(who),
    }
    mail = {"channel": "email", "customer": who, "subject": " 您好 ", "text": "信"}
    status, two = await ask(office, "1002", "POST", PATH, mail)
    assert (status, two["address"], two["subject"]) == (201, "a@example.com", "您好")
    [letter] = await office.office.store.outbox.due(START)
    assert (letter.message, letter.address, letter.text) == (two["id"], "a@example.com", "信")
    status, said = await ask(office, "boss", "GET", f"{PATH}?customer={who}")
    assert ([item["id"] for item in said["items"]], said["total"], said["sms"]) == ([two["id"], one["id"]], 2, False)
    assert [item["id"] for item in (await ask(office, "1001", "GET", PATH))[1]["items"]] == [one["id"]]
    assert (await ask(office, "1001", "GET", f"{PATH}/{two['id']}"))[0] == 404
    assert (await ask(office, "1001", "POST", f"{PATH}/{two['id']}/cancel"))[0] == 404
    entries, _ = await office.office.store.audit.search(what="customer_message.created")
    assert [entry.target for entry in entries] == [f"customer_message/{two['id']}", f"customer_message/{one['id']}"]
    assert "信" not in str(entries)


async def test_the_same_key_of_the_same_person_is_one_message(office: House) -> None:
    body = {"channel": "sms", "address": "13800138000", "text": "您好", "key": "once"}
    first, again = [(await ask(office, "1001", "POST", PATH, body))[1]["id"] for _ in range(2)]
    other = (await ask(office, "1002", "POST", PATH, body))[1]["id"]
    assert first == again != other


async def test_what_waits_is_cancelled_and_what_failed_is_tried_again(office: House) -> None:
    body = {"channel": "email", "address": "a@example.com", "subject": "s", "text": "t"}
    one = (await ask(office, "1001", "POST", PATH, body))[1]
    path = f"{PATH}/{one['id']}"
    assert (await ask(office, "1001", "POST", f"{path}/again"))[0] == 409
    status, said = await ask(office, "1001", "POST", f"{path}/cancel")
    assert (status, said["state"], said["cancelled_by"]) == (200, "cancelled", "1001")
    assert (await ask(office, "1001", "POST", f"{path}/cancel"))[0] == 409
    assert await office.office.store.outbox.due(START) == []
    two = (await ask(office, "1001", "POST", PATH, body))[1]
    [letter] = await office.office.store.outbox.due(START)
    await office.office.store.outbox.failed(letter, "550 no such mailbox")
    assert (await ask(office, "1001", "GET", f"{PATH}/{two['id']}"))[1]["why"] == "550 no such mailbox"
    assert (await ask(office, "1001", "POST", f"{PATH}/{two['id']}/again"))[1]["state"] == "waiting"
    assert await office.office.store.outbox.due(START) != []
    assert (await ask(office, "1003", "GET", "/letters"))[0] == 403
    assert (await ask(office, "lead", "GET", "/letters"))[1]["total"] == 1
    assert (await ask(office, "other", "GET", "/letters"))[1]["total"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "sms", "text": "x"}, "address"),
        ({"channel": "sms", "text": "x", "address": "020 8888 6666"}, "address"),
        ({"channel": "sms", "text": "x", "address": "110"}, "address"),
        ({"channel": "sms", "text": "x", "address": "a@example.com"}, "address"),
        ({"channel": "sms", "text": " ", "address": "13800138000"}, "text"),
        ({"channel": "sms", "text": "x" * 4001, "address": "13800138000"}, "text"),
        ({"channel": "email", "text": "x", "subject": "s", "address": "13800138000"}, "address"),
        ({"channel": "email", "text": "x", "subject": "s", "address": "a@b\r\nBcc: c@d"}, "address"),
        ({"channel": "email", "text": "x", "subject": "s", "address": "a@example.com, b@example.com"}, "address"),
        ({"channel": "email", "text": "x", "subject": "s", "address": "A <a@example.com>"}, "address"),
        ({"channel": "email", "text": "x", "subject": "", "address": "a@example.com"}, "subject"),
        ({"channel": "fax", "text": "x", "address": "13800138000"}, "channel"),
        ({"channel": "sms", "text": "x", "address": "13800138000", "state": "sent"}, "state"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_its_field(office: House, body: dict[str, Any], field: str) -> None:
    status, said = await ask(office, "1001", "POST", PATH, body)
    assert status == 422, said
    assert field in said["error"]["fields"]
    assert (await ask(office, "root", "GET", PATH))[1]["total"] == 0


async def test_a_record_that_one_may_not_see_is_nothing_to_write_about(office: House) -> None:
    _, one = await ask(office, "1002", "POST", "/consultations", {"category": "use"})
    body = {"channel": "sms", "address": "13800138000", "text": "x", "kind": "consultation", "record": str(one["id"])}
    assert (await ask(office, "1001", "POST", PATH, body))[0] == 404
    assert (await ask(office, "1002", "POST", PATH, body))[0] == 201


async def test_an_administrator_changes_the_texts_and_the_second_of_two_is_told(office: House) -> None:
    status, said = await ask(office, "1001", "GET", "/message-templates")
    assert (status, said["total"]) == (200, 36)
    first = said["items"][0]
    assert (first["template"], first["template"]["version"]) == (first["shipped"], 0)
    path = "/message-templates/appointment_booked/sms/zh-CN"
    body = {"version": 0, "text": "{service}：{date} {time}"}
    assert (await ask(office, "boss", "PUT", path, body))[0] == 403
    status, one = await ask(office, "root", "PUT", path, body)
    assert (status, one["version"], one["text"]) == (200, 1, "{service}：{date} {time}")
    status, said = await ask(office, "root", "PUT", path, body)
    assert (status, said["error"]["code"], said["error"]["now"]) == (409, "changed_meanwhile", one)
    for text in ("{password}", "{name.__class__}", "{{ name }}", "", "{"):
        status, said = await ask(office, "root", "PUT", path, {"version": 1, "text": text})
        assert (status, list(said["error"]["fields"])) == (422, ["text"])
    assert (await ask(office, "root", "PUT", "/message-templates/nothing/sms/en", body))[0] == 404
    assert (await ask(office, "root", "PUT", "/message-templates/follow_up/sms/fr", body))[0] == 404


async def test_who_wants_none_is_not_written_to_and_the_field_says_why(office: House) -> None:
    who = await customer(office, no_sms=True)
    for body in ({"customer": who}, {"address": "13800138000"}, {"customer": who, "address": "13900000000"}):
        status, said = await ask(office, "1001", "POST", PATH, {"channel": "sms", "text": "x"} | body)
        assert (status, said["error"]["fields"]) == (422, {"channel": "客户不接收短信"})
    body = {"channel": "email", "customer": who, "subject": "s", "text": "t", "purpose": "letter"}
    status, said = await ask(office, "1001", "POST", PATH, body)
    assert (status, said["purpose"]) == (201, "letter")
    await ask(office, "1001", "PUT", f"/customers/{who}", {"name": "张三", "no_email": True})
    status, said = await ask(office, "1001", "GET", f"{PATH}/{said['id']}")
    assert (said["state"], said["why"]) == ("cancelled", "the customer wants no e-mail")
    entries, _ = await office.office.store.audit.search(what="customer.changed")
    assert "no_email" in entries[0].details["fields"]


async def test_a_card_says_since_when_and_by_whom(office: House) -> None:
    made = (await ask(office, "1001", "POST", "/customers", {"name": "张三", "no_sms": True}))[1]
    assert (made["no_sms"], made["no_sms_by"], made["no_email"], made["no_email_at"]) == (True, "1001", False, None)
    unsaid = (await ask(office, "1002", "PUT", f"/customers/{made['id']}", {"name": "张三丰"}))[1]
    assert (unsaid["no_sms"], unsaid["no_sms_by"], unsaid["no_sms_at"]) == (True, "1001", made["no_sms_at"])
    lifted = (await ask(office, "1002", "PUT", f"/customers/{made['id']}", {"name": "张三丰", "no_sms": False}))[1]
    assert (lifted["no_sms"], lifted["no_sms_by"], lifted["no_sms_at"]) == (False, "", None)
    found = await ask(office, "1001", "POST", "/customers", {"name": "x", "no_sms": "perhaps"})
    assert list(found[1]["error"]["fields"]) == ["no_sms"]


async def test_a_letter_by_hand_begins_with_the_offices_text(office: House) -> None:
    who = await customer(office)
    path, asked = f"{PATH}/begin", {"customer": who, "purpose": "letter", "channel": "email"}
    status, begun = await ask(office, "1001", "POST", path, asked)
    assert (status, begun["address"], begun["refused"]) == (200, "a@example.com", False)
    assert begun["text"].startswith("张三，您好：")
    assert begun["text"].endswith("张三\n2026年8月3日\n"), "who writes, and the day"
    status, begun = await ask(office, "1001", "POST", path, asked | {"channel": "sms", "language": "en"})
    assert (begun["address"], begun["subject"], begun["text"]) == ("138 0013 8000", "", "Dear 张三,")
    change = {"version": 0, "subject": "{company}", "text": "{name}{{agent}}"}
    assert (await ask(office, "root", "PUT", "/message-templates/letter/email/zh-CN", change))[0] == 422
    change = {"version": 0, "subject": "{company}", "text": "{name}"}
    assert (await ask(office, "root", "PUT", "/message-templates/letter/email/zh-CN", change))[0] == 200
    odd = await customer(office, name="{agent}", company="a\nb", no_email=True)
    begun = (await ask(office, "1001", "POST", path, asked | {"customer": odd}))[1]
    assert (begun["text"], begun["subject"], begun["refused"]) == ("{agent}", "a b", True)
    assert (await ask(office, "1001", "POST", path, asked | {"customer": 99}))[0] == 404
    assert (await ask(office, "1001", "POST", path, asked | {"purpose": "proposal"}))[0] == 422


async def test_who_was_not_reached_in_a_follow_up_is_told_so(office: House) -> None:
    who = await customer(office)
    new = {"customer": who, "category": "after_use"}
    status, one = await ask(office, "1001", "POST", "/follow-ups", new)
    assert status == 201, one
    path, asked = f"{PATH}/begin", {"customer": who, "purpose": "follow_up", "channel": "sms"}
    status, begun = await ask(office, "1001", "POST", path, asked | {"record": str(one["id"])})
    assert (status, begun["text"]) == (
        200,
        f"我们于2026年8月3日致电回访，未能与您取得联系，方便时请与我们联系（单号{one['number']}）。",
    )
    status, said = await ask(office, "1001", "POST", path, asked)
    assert (status, list(said["error"]["fields"])) == (422, ["record"])
    assert (await ask(office, "1001", "POST", path, asked | {"record": "99"}))[0] == 404
    assert (await ask(office, "1002", "POST", path, asked | {"record": str(one["id"])}))[0] == 404, "somebody else's"
    about = {"kind": "follow_up", "record": str(one["id"]), "purpose": "follow_up", "channel": "sms", "customer": who}
    status, kept = await ask(office, "1001", "POST", PATH, about | {"text": begun["text"]})
    assert (status, kept["kind"], kept["record"], kept["purpose"]) == (201, "follow_up", str(one["id"]), "follow_up")


async def test_the_outbox_is_narrowed(office: House) -> None:
    body = {"channel": "sms", "address": "13800138000"}
    await ask(office, "1001", "POST", PATH, body | {"text": "甲", "purpose": "call_us"})
    await ask(office, "1002", "POST", PATH, body | {"text": "乙"})

    async def texts(query: str) -> list[str]:
        status, said = await ask(office, "boss", "GET", f"{PATH}?{query}")
        assert status == 200, said
        return [item["text"] for item in said["items"]]

    assert await texts("purpose=call_us") == ["甲"]
    assert await texts("purpose=none") == ["乙"]
    assert await texts("agent=1002") == ["乙"]
    assert await texts(f"since={(START + timedelta(hours=1)).isoformat().replace('+00:00', 'Z')}") == []
    assert await texts("text=%E7%94%B2") == ["甲"]
    assert (await ask(office, "boss", "GET", f"{PATH}?purpose=x"))[0] == 422
