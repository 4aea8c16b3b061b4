from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import ClientResponse

from callcenterd import site as site_file
from tests.web.house import PASSWORD, House

SECRETS = ("trunk-secret", "phone-secret-1", "phone-secret-2", PASSWORD, "argon2")


async def ask(office: House, method: str, path: str, body: Any = None, login: str = "root") -> ClientResponse:
    more: dict[str, Any] = {} if body is None else {"json": body}
    return await office.client.request(method, f"/api/v1{path}", headers=await office.as_(login), **more)


@pytest.mark.parametrize(
    ("section", "thing", "change", "key"),
    [
        ("trunks", {"name": "out", "host": "127.0.0.3", "port": 6100}, {"port": 6200}, "out"),
        ("numbers", {"match": "9.", "flow": "main"}, {"flow": "other"}, "9."),
        ("outbound", {"match": "+86.", "trunks": ["telecom"]}, {"strip": 3}, "%2B86."),
        ("users", {"login": "2001", "name": "新人", "role": "agent"}, {"name": "老人"}, "2001"),
        ("extensions", {"number": "2001", "password": "phone pass"}, {"contact": "sip:a@127.0.0.1:6000"}, "2001"),
        (
            "calendars",
            {"name": "office", "hours": {"monday": ["09:00-12:00", "13:00-18:00"]}},
            {"holidays": [{"first": "2026-10-01", "last": "2026-10-07", "name": "国庆节", "hours": []}]},
            "office",
        ),
        ("teams", {"name": "日班", "members": ["1001"], "leaders": ["boss"]}, {"title": "日", "members": []}, "日班"),
        ("queues", {"name": "夜班", "members": ["1001"]}, {"title": "夜", "members": []}, "夜班"),
    ],
)
async def test_a_thing_is_made_shown_changed_and_taken_away(
    office: House, section: str, thing: dict[str, Any], change: dict[str, Any], key: str
) -> None:
    revision = office.board.site.revision
    made = await ask(office, "POST", f"/{section}", thing)
    assert made.status == 201, await made.text()
    shown = await made.json()
    assert {name: shown[name] for name in thing if name in shown} == {
        name: value for name, value in thing.items() if name in shown
    }
    assert office.board.site.revision == revision + 1  # in force at once
    assert (await ask(office, "POST", f"/{section}", thing)).status == 409
    changed = await ask(office, "PUT", f"/{section}/{key}", change)
    assert changed.status == 200, await changed.text()
    assert {name: (await changed.json())[name] for name in change} == change
    listed = await (await ask(office, "GET", f"/{section}")).json()
    assert await changed.json() in listed["items"]
    assert listed["total"] == len(listed["items"])
    assert (await ask(office, "DELETE", f"/{section}/{key}")).status == 204
    assert (await ask(office, "DELETE", f"/{section}/{key}")).status == 404
    entries, _ = await office.office.store.audit.search(what="site.changed")
    assert len(entries) == 3


async def test_put_makes_what_there_is_not(office: House) -> None:
    answer = await ask(office, "PUT", "/queues/new", {"title": "新"})
    assert (answer.status, (await answer.json())["name"]) == (201, "new")


async def test_the_pattern_that_no_address_can_end_in_is_named_by_a_condition(office: House) -> None:
    assert (await ask(office, "POST", "/numbers", {"match": ".", "flow": "main"})).status == 201
    changed = await ask(office, "PUT", "/numbers?match=.", {"flow": "night"})
    assert await changed.json() == {"match": ".", "flow": "night"}
    assert (await ask(office, "DELETE", "/numbers")).status == 422
    assert (await ask(office, "DELETE", "/numbers?match=.")).status == 204


async def test_a_box_has_one_name_however_it_is_written(office: House) -> None:
    assert (await ask(office, "POST", "/mailboxes", {"box": "sales"})).status == 201
    assert (await ask(office, "POST", "/mailboxes", {"box": "queue:sales", "most": 9})).status == 409
    for written in ("sales", "queue:sales"):
        changed = await ask(office, "PUT", f"/mailboxes/{written}", {"box": "sales", "most": 7})
        said = await changed.json()
        assert (changed.status, said["box"], said["most"]) == (200, "queue:sales", 7)
    assert (await ask(office, "PUT", "/mailboxes/sales", {"box": "agent:1001"})).status == 422
    assert (await ask(office, "DELETE", "/mailboxes/sales")).status == 204
    assert (await ask(office, "DELETE", "/mailboxes/sales")).status == 404


async def test_a_thing_is_not_renamed(office: House) -> None:
    answer = await ask(office, "PUT", "/queues/sales", {"name": "selling"})
    assert answer.status == 422
    assert list((await answer.json())["error"]["fields"]) == ["name"]


async def test_nothing_that_is_answered_holds_a_secret(office: House) -> None:
    for section in ("trunks", "users", "extensions", "site"):
        text = await (await ask(office, "GET", f"/{section}")).text()
        for secret in SECRETS:
            assert secret not in text, section
    listed = await (await ask(office, "GET", "/users")).json()
    assert all(user["has_password"] for user in listed["items"])


async def test_a_password_is_set_and_the_old_sessions_of_that_user_end(office: House) -> None:
    gone = await office.as_("1002")
    assert (await ask(office, "PUT", "/users/1002", {"password": "short"})).status == 422
    assert (await ask(office, "PUT", "/users/1002", {"password": "another horse 9"})).status == 200
    assert (await office.client.get("/api/v1/session", headers=gone)).status == 401
    assert await office.token("1002", "another horse 9")


async def test_states_are_shown_with_trunks_and_phones(office: House) -> None:
    (trunk,) = (await (await ask(office, "GET", "/trunks")).json())["items"]
    assert (trunk["state"], trunk["why"]) == ("down", "408 Request Timeout")
    phones = (await (await ask(office, "GET", "/extensions")).json())["items"]
    assert [(phone["number"], phone["registered"]) for phone in phones] == [
        ("1001", True),
        ("1002", False),
        ("1900", False),
    ]


async def test_what_others_name_is_not_taken_away(office: House) -> None:
    for path in ("/trunks/telecom", "/extensions/1001", "/users/1001"):
        answer = await ask(office, "DELETE", path)
        assert answer.status == 422
        assert "还在使用" in (await answer.json())["error"]["message"]


async def test_nobody_locks_everybody_out(office: House) -> None:
    assert (await ask(office, "DELETE", "/users/root")).status == 409
    assert (await ask(office, "PUT", "/users/root", {"role": "agent"})).status == 422


@pytest.mark.parametrize("key", ["..", "%2e%2e%2f", "a%00b", "x" * 300, "%F0%9F%98%80", "'%20OR%201=1", "%3Cscript%3E"])
@pytest.mark.parametrize("section", ["trunks", "numbers", "users", "queues"])
async def test_no_name_is_more_than_a_name(office: House, section: str, key: str) -> None:
    assert (await ask(office, "DELETE", f"/{section}/{key}")).status in (404, 405)
    assert (await ask(office, "PUT", f"/{section}/{key}", {})).status in (404, 405, 422)


# ---- the site file ----------------------------------------------------------------------------------------------


async def apply(
    office: House, text: str | bytes, kind: str = "application/yaml", *, conditions: str = ""
) -> ClientResponse:
    headers = {**await office.as_("root"), "Content-Type": kind}
    return await office.client.post(f"/api/v1/site{conditions}", data=text, headers=headers)


async def test_a_site_file_is_brought_in_and_a_second_time_changes_nothing(office: House) -> None:
    text = "queues:\n  - {name: night, title: 夜班, members: ['1003']}\n"
    first = await (await apply(office, text)).json()
    assert first["changes"] == ["queue night: new"]
    assert "night" in office.board.queueing.queue_names()
    second = await (await apply(office, text)).json()
    assert second == {"changes": [], "revision": first["revision"], "kept": []}


async def test_what_is_read_can_be_applied_again_and_changes_nothing_although_no_password_is_in_it(
    office: House,
) -> None:
    answer = await ask(office, "GET", "/site")
    assert answer.content_type == "application/yaml"
    before = await site_file.export(office.office.store)
    applied = await apply(office, await answer.text())
    assert (await applied.json())["changes"] == []
    assert await site_file.export(office.office.store) == before


async def test_a_faulty_site_file_changes_nothing_and_says_each_line(office: House) -> None:
    revision = office.board.site.revision
    answer = await apply(office, "queues:\n  - {name: ok}\n  - {name: bad name}\nfoo: 1\n")
    assert answer.status == 422
    faults = (await answer.json())["error"]["faults"]
    assert [(fault["file"], fault["line"]) for fault in faults] == [("site.yaml", 3), ("site.yaml", 4)]
    assert office.board.site.revision == revision


@pytest.mark.parametrize(
    ("text", "kind", "status"),
    [
        (b"\xff\xfe", "application/yaml", 400),
        (b"a: [", "application/yaml", 422),
        (b"a: &a [*a]", "application/yaml", 422),
        (b"- 1", "text/yaml", 422),
        (b"{}", "application/json", 415),
        (b"{}", "text/plain", 415),
    ],
)
async def test_what_is_no_site_file(office: House, text: bytes, kind: str, status: int) -> None:
    assert (await apply(office, text, kind)).status == status


# ---- flows ------------------------------------------------------------------------------------------------------


async def test_flows_are_shown_and_read_again_and_a_broken_one_keeps_its_old_version(office: House) -> None:
    listed = await (await ask(office, "GET", "/flows")).json()
    assert [(flow["name"], flow["title"], flow["nodes"]) for flow in listed["items"]] == [("main", "总机", 1)]
    assert listed["faults"] == []
    (office.flows / "main.yaml").write_text("flow: main\nstart: nowhere\nnodes: {}\n", encoding="utf-8")
    again = await (await ask(office, "POST", "/flows/reload", {})).json()
    assert [flow["name"] for flow in again["items"]] == ["main"]
    assert again["faults"]
    assert set(again["faults"][0]) == {"file", "line", "column", "reason"}


async def test_every_list_is_what_its_description_says(office: House) -> None:
    description = await (await office.client.get("/api/v1/openapi.json")).json()
    for section in ("trunks", "numbers", "outbound", "users", "extensions", "queues"):
        answers = description["paths"][f"/api/v1/{section}"]["get"]["responses"]["200"]
        name = answers["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        item = description["components"]["schemas"][name]["properties"]["items"]["items"]["$ref"].rpartition("/")[2]
        described = set(description["components"]["schemas"][item]["properties"])
        listed = await (await ask(office, "GET", f"/{section}")).json()
        assert set(listed["items"][0]) == described, json.dumps(listed["items"][0])


async def test_a_page_says_what_it_believes_and_is_told_what_is_so_by_now(office: House) -> None:
    await ask(office, "POST", "/queues", {"name": "night", "ring": 20, "title": "夜班"})
    await apply(office, "queues: [{name: night, ring: 30}]")
    answer = await ask(
        office, "PUT", "/queues/night", {"ring": 40, "title": "夜", "was": {"ring": 20, "title": "夜班"}}
    )
    assert answer.status == 409
    error = (await answer.json())["error"]
    assert (error["code"], error["changed"], error["now"]["ring"]) == ("thing_changed", ["ring"], 30)
    listed = (await (await ask(office, "GET", "/queues")).json())["items"]
    assert next(one for one in listed if one["name"] == "night")["title"] == "夜班"
    saved = await ask(office, "PUT", "/queues/night", {"ring": 40, "was": {"ring": 30}})
    assert (saved.status, (await saved.json())["ring"]) == (200, 40)


@pytest.mark.parametrize(
    ("was", "status"),
    [
        pytest.param([], 422, id="no group of fields"),
        pytest.param({"ring": "long"}, 409, id="what it can never have been"),
        pytest.param({"colour": 1}, 409, id="a field that there is not"),
        pytest.param({"name": "other"}, 200, id="the key is that of the address"),
    ],
)
async def test_what_is_believed_is_judged_too(office: House, was: object, status: int) -> None:
    await ask(office, "POST", "/queues", {"name": "night", "ring": 20})
    assert (await ask(office, "PUT", "/queues/night", {"ring": 40, "was": was})).status == status


async def test_nobody_learns_a_secret_by_guessing_what_it_was(office: House) -> None:
    await ask(office, "POST", "/extensions", {"number": "8001", "password": "phone pass"})
    for guess in ("phone pass", "another"):
        answer = await ask(office, "PUT", "/extensions/8001", {"auto_answer": True, "was": {"password": guess}})
        assert answer.status == 200


async def test_a_file_that_does_not_know_a_change_of_a_page_is_told_what_stays(office: House) -> None:
    text = "queues: [{name: night, ring: 30}]"
    await apply(office, text)
    await ask(office, "PUT", "/queues/night", {"ring": 40})
    answer = await (await apply(office, text)).json()
    assert answer["changes"] == []
    assert [{**one, "at": None} for one in answer["kept"]] == [
        {"section": "queues", "key": "night", "fields": ["ring"], "by": "root", "at": None}
    ]
    other = text.replace("30", "35")
    assert (await apply(office, other)).status == 422
    done = await apply(office, other, conditions="?overwrite=true")
    assert (await done.json())["changes"] == ["queue night: ring"]


@pytest.mark.parametrize(
    ("section", "things"),
    [
        ("outbound", [{"match": match, "trunks": ["telecom"]} for match in ("7.", "8.", "order")]),
        ("breaks", [{"name": name} for name in ("吃饭", "培训", "order")]),
        ("dispositions", [{"code": code, "title": code} for code in ("71", "72", "73")]),
    ],
)
async def test_things_are_put_in_another_order_and_one_may_be_called_so(
    office: House, section: str, things: list[dict[str, Any]]
) -> None:
    for thing in things:
        assert (await ask(office, "POST", f"/{section}", thing)).status == 201
    key = next(iter(things[0]))
    before = [one[key] for one in (await (await ask(office, "GET", f"/{section}")).json())["items"]]
    assert (await ask(office, "POST", f"/{section}/order", {"keys": before[::-1]})).status == 204
    assert [one[key] for one in (await (await ask(office, "GET", f"/{section}")).json())["items"]] == before[::-1]
    missing = await ask(office, "POST", f"/{section}/order", {"keys": before[1:]})
    assert (missing.status, (await missing.json())["error"]["now"]) == (409, before[::-1])
    assert (await ask(office, "POST", f"/{section}/order", {"keys": before}, "1001")).status == 403
    named = things[-1][key]
    assert (await ask(office, "DELETE", f"/{section}/{named}")).status == 204
