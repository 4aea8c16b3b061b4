"""Proposals over the API: templates and their preview, PDFs and their versions, rights, trail, hidden fields."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.model.fields import NewField
from tests.kit.pdf import pages, picture
from tests.kit.virtual import VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask
from tests.web.test_teams import TEAMS

_TEAMS = "users:" + TEAMS.partition("users:")[2]
PICTURES = os.environ.get("PICTURES")
"""A folder: pictures of the prints are left there, for an eye."""
NOW = datetime.fromisoformat("2026-11-27T10:00:00+08:00")
TEMPLATES = "/proposal-templates"
TEXT = """# {proposal.title}

编号 {proposal.number}，{date}

**{customer.name}**（{customer.company}）您好，关于您的{record.kind} {record.number}：{record.text}

| 项目 | 价格 |
| :--- | ---: |
| 规格 {customer.fields.size} | 300 |

{agent.name}，{agent.team}，{office.phone}，{customer.phone}
"""
HOSTILE = '<img src=x onerror="alert(1)"> # 一 **二** {office.name}'


@dataclass
class Desk:
    office: House
    customer: int
    template: int

    @property
    def path(self) -> str:
        return f"/customers/{self.customer}/proposals"

    async def make(self, login: str = "1001", **known: Any) -> tuple[int, Any]:
        body = {"template": self.template, "language": "zh-CN"} | known
        return await ask(self.office, login, "POST", self.path, body)

    async def file(self, attachment: int, login: str = "1001") -> bytes:
        path = f"/api/v1/attachments/{attachment}/file"
        answer = await self.office.client.get(path, headers=await self.office.as_(login))
        assert answer.status == 200
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        return await answer.read()


@pytest.fixture
async def desk(tmp_path: Path, database: Path) -> AsyncIterator[Desk]:
    """In virtual time, with teams: 1001 is lead's, 1002 and 1003 are other's."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock(NOW)) as opened:
        kept = opened.office
        await site_file.apply_text(kept.store, cheap_passwords(), _TEAMS, "teams.yaml")
        await kept.site_changed()
        kept.modules.attachments.start()
        await kept.store.fields.add(
            NewField(
                kind="customer",
                name="size",
                type="text",
                chinese="规格",
                english="Size",
                readers=("agent",),
                writers=("agent",),
            )
        )
        card = {
            "name": "张三",
            "company": HOSTILE,
            "phones": ["138 0013 8000"],
            "fields": {"size": "大号"},
        }
        status, customer = await ask(opened, "1001", "POST", "/customers", card)
        assert status == 201, customer
        head = {"version": 0, "name_zh": "晨光贸易有限公司", "address_zh": "天河路 1 号", "phone": "020-88886666"}
        status, said = await ask(opened, "root", "PUT", "/letterhead", head)
        assert (status, said["version"]) == (200, 1), said
        words = {"name_zh": "服务方案", "name_en": "Service plan", "text_zh": TEXT}
        status, template = await ask(opened, "root", "POST", TEMPLATES, words)
        assert status == 201, template
        yield Desk(opened, customer["id"], template["id"])
        await kept.modules.attachments.stop()


async def test_a_proposal_is_made_of_a_template_and_is_a_file_of_the_customer(desk: Desk) -> None:
    body = {"category": "use", "customer": desk.customer, "note": "想了解全年方案"}
    _, record = await ask(desk.office, "1001", "POST", "/consultations", body)
    status, one = await desk.make(title=" 全年 方案 ", kind="consultation", record=str(record["id"]))
    assert status == 201, one
    known = ("number", "version", "title", "language", "kind", "record", "customer", "template", "by")
    assert [one[name] for name in known] == [
        *("JY20261127-0001", 1, "全年 方案", "zh-CN", "consultation", str(record["id"])),
        *(desk.customer, desk.template, "1001"),
    ]
    octets = await desk.file(one["attachment"])
    assert hashlib.sha256(octets).hexdigest() == one["sha256"]
    [text] = pages(octets)
    for said in (
        *("全年 方案", "编号 JY20261127-0001，2026年11月27日", f"张三（{HOSTILE}）您好", "JY20261127-0001 v1"),
        *(f"关于您的业务咨询 {record['number']}：想了解全年方案", "规格 大号", "晨光贸易有限公司", "020-88886666"),
    ):
        assert said.replace(" ", "") in text.replace("\n", "").replace(" ", ""), said
    if PICTURES:
        picture(octets, Path(PICTURES) / "proposal.png")
    _, files = await ask(desk.office, "1001", "GET", f"/attachments?kind=customer&record={desk.customer}")
    assert [file["name"] for file in files["items"]] == ["全年 方案 JY20261127-0001 v1.pdf"]
    _, told = await ask(desk.office, "1001", "GET", f"/customers/{desk.customer}/timeline?kinds=proposal,file")
    assert [(entry["kind"], entry["text"], entry["details"]["version"]) for entry in told["items"]] == [
        ("proposal", "全年 方案", 1)
    ]
    entries, _ = await desk.office.office.store.audit.search(what="proposal.made")
    assert [(entry.who, entry.target) for entry in entries] == [("1001", f"customer/{desk.customer}")]
    assert entries[0].details["sha256"] == one["sha256"]
    assert "张三" not in str(entries)


async def test_the_next_version_keeps_the_number_and_the_second_of_two_is_told(desk: Desk) -> None:
    _, one = await desk.make()
    text = "# 另一份 {proposal.number} 第 {proposal.version} 版"
    status, two = await desk.make("1002", text=text, after=one["id"])
    assert (status, two["number"], two["version"], two["text"]) == (201, one["number"], 2, text)
    assert "第2版" in pages(await desk.file(two["attachment"]))[0].replace(" ", "")
    status, said = await desk.make(after=one["id"])
    assert (status, said["error"]["code"], said["error"]["now"]["id"]) == (409, "changed_meanwhile", two["id"])
    _, listed = await ask(desk.office, "1001", "GET", desk.path)
    assert ([item["id"] for item in listed["items"]], listed["total"]) == ([two["id"], one["id"]], 2)
    _, other = await desk.make()
    assert (other["number"], other["version"]) == ("JY20261127-0002", 1)
    _, somebody = await ask(desk.office, "1001", "POST", "/customers", {"name": "李四"})
    theirs = f"/customers/{somebody['id']}/proposals"
    body = {"template": desk.template, "language": "zh-CN", "after": one["id"]}
    assert (await ask(desk.office, "1001", "POST", theirs, body))[0] == 404
    assert (await ask(desk.office, "1001", "GET", theirs))[1]["total"] == 0


async def test_a_look_at_it_keeps_nothing_and_says_what_is_empty(desk: Desk) -> None:
    body = {"template": desk.template, "language": "zh-CN"}
    status, said = await ask(desk.office, "1001", "POST", f"{desk.path}/preview", body)
    assert (status, said["text"], said["title"]) == (200, TEXT, "服务方案")
    assert said["empty"] == ["record.kind", "record.number", "record.text"]
    assert "<h1>服务方案</h1>" in said["html"]
    assert (
        "<strong>张三</strong>（&lt;img src=x onerror=&quot;alert(1)&quot;&gt; # 一 **二** {office.name}）"
        in said["html"]
    )
    assert (await ask(desk.office, "1001", "GET", desk.path))[1]["total"] == 0


@pytest.mark.parametrize(
    ("known", "status", "field"),
    [
        ({"template": 99}, 404, ""),
        ({"language": "en"}, 422, "language"),
        ({"language": "fr"}, 422, "language"),
        ({"text": "  "}, 422, "text"),
        ({"text": "{customer.password}"}, 422, "text"),
        ({"text": "{customer.name.__class__}"}, 422, "text"),
        ({"text": "x" * 20_001}, 422, "text"),
        ({"title": "a\nb"}, 422, "title"),
        ({"title": "x" * 101}, 422, "title"),
        ({"kind": "consultation", "record": "99"}, 404, ""),
        ({"kind": "customer", "record": "1"}, 404, ""),
        ({"kind": "call", "record": "1"}, 404, ""),
        ({"after": 99}, 404, ""),
        ({"html": "<p>"}, 422, "html"),
    ],
)
async def test_what_cannot_be_made_is_refused_and_nothing_is_kept(
    desk: Desk, known: dict[str, Any], status: int, field: str
) -> None:
    answered, said = await desk.make(**known)
    assert answered == status, said
    assert not field or field in said["error"]["fields"]
    assert (await ask(desk.office, "root", "GET", desk.path))[1]["total"] == 0
    _, files = await ask(desk.office, "root", "GET", f"/attachments?kind=customer&record={desk.customer}")
    assert files["total"] == 0


async def test_a_record_of_somebody_else_and_one_that_one_may_not_see_is_nothing_to_propose_about(desk: Desk) -> None:
    _, record = await ask(desk.office, "1002", "POST", "/consultations", {"category": "use"})
    known = {"kind": "consultation", "record": str(record["id"])}
    assert (await desk.make("1001", **known))[0] == 404
    status, said = await desk.make("1002", **known)
    assert (status, list(said["error"]["fields"])) == (422, ["record"])
    body = {"category": "use", "customer": desk.customer}
    _, record = await ask(desk.office, "1002", "POST", "/consultations", body)
    await set_role(desk.office, "agent", take=["consultation.read"])
    assert (await desk.make("1002", kind="consultation", record=str(record["id"])))[0] == 404


async def test_an_administrator_keeps_the_templates_and_the_second_of_two_is_told(desk: Desk) -> None:
    words = {"name_zh": "方案", "name_en": "Plan", "text_zh": "", "text_en": "# {proposal.title}", "retired": True}
    path = f"{TEMPLATES}/{desk.template}"
    status, changed = await ask(desk.office, "root", "PUT", path, words | {"version": 1})
    assert (status, changed["version"], changed["retired"], changed["changed_by"]) == (200, 2, True, "root")
    status, said = await ask(desk.office, "root", "PUT", path, words | {"version": 1})
    assert (status, said["error"]["now"]["version"]) == (409, 2)
    status, listed = await ask(desk.office, "1001", "GET", TEMPLATES)
    assert (status, listed["total"], listed["items"][0]["text_en"]) == (200, 1, "# {proposal.title}")
    names = [one["name"] for one in listed["fields"]]
    assert {"customer.name", "customer.fields.size", "record.number", "office.phone", "agent.team", "date"} <= set(
        names
    )
    entries, _ = await desk.office.office.store.audit.search(what="proposal_template.changed")
    assert entries[0].details["fields"] == ["name_en", "name_zh", "retired", "text_en", "text_zh"]
    status, said = await ask(desk.office, "root", "PUT", "/letterhead", {"version": 0, "name_zh": "x"})
    assert (status, said["error"]["now"]["name_zh"]) == (409, "晨光贸易有限公司")


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"name_zh": " "}, "name_zh"),
        ({"name_en": "a\nb"}, "name_en"),
        ({"text_zh": " "}, "text_zh"),
        ({"text_zh": "{x}"}, "text_zh"),
        ({"text_en": "} {"}, "text_en"),
        ({"text_en": "x" * 20_001}, "text_en"),
        ({"id": 7}, "id"),
    ],
)
async def test_a_template_that_cannot_be_kept_is_refused_with_its_field(
    desk: Desk, words: dict[str, Any], field: str
) -> None:
    body = {"name_zh": "方案", "name_en": "Plan", "text_zh": "x"} | words
    status, said = await ask(desk.office, "root", "POST", TEMPLATES, body)
    assert (status, list(said["error"]["fields"])) == (422, [field])
    assert (await ask(desk.office, "root", "GET", TEMPLATES))[1]["total"] == 1


async def test_a_template_is_looked_at_with_examples_as_a_page_and_on_paper(desk: Desk) -> None:
    body = {"language": "en", "text": "# {proposal.title}\n\n{customer.name} {customer.fields.size}", "title": "Plan"}
    status, said = await ask(desk.office, "root", "POST", f"{TEMPLATES}/preview", body)
    assert status == 200, said
    assert "<h1>Plan</h1>" in said["html"]
    assert "Jane Smith Size (example)" in said["html"]
    headers = await desk.office.as_("root")
    answer = await desk.office.client.post(f"/api/v1{TEMPLATES}/print", json=body, headers=headers)
    assert (answer.status, answer.content_type) == (200, "application/pdf")
    [text] = pages(await answer.read())
    assert "Jane Smith" in text
    assert "JY20261127-0001" in text
    example = (await ask(desk.office, "root", "GET", TEMPLATES))[1]["example"]
    status, kept = await ask(desk.office, "root", "POST", TEMPLATES, example)
    assert (status, kept["text_en"]) == (201, example["text_en"])
    status, said = await ask(desk.office, "root", "POST", f"{TEMPLATES}/preview", body | {"text": "{nothing}"})
    assert (status, list(said["error"]["fields"])) == (422, ["text"])


async def test_who_may_do_what(desk: Desk) -> None:
    body = {"name_zh": "方案", "name_en": "Plan", "text_zh": "x"}
    for login in ("1001", "boss", "chief"):
        assert (await ask(desk.office, login, "POST", TEMPLATES, body))[0] == 403
        change = body | {"version": 1}
        assert (await ask(desk.office, login, "PUT", f"{TEMPLATES}/{desk.template}", change))[0] == 403
        assert (await ask(desk.office, login, "PUT", "/letterhead", {"version": 1}))[0] == 403
        assert (await ask(desk.office, login, "POST", f"{TEMPLATES}/preview", {"language": "en", "text": "x"}))[
            0
        ] == 403
        assert (await ask(desk.office, login, "POST", f"{TEMPLATES}/print", {"language": "en", "text": "x"}))[0] == 403
    await desk.make()
    await set_role(desk.office, "agent", take=["proposal.write"])
    assert (await desk.make())[0] == 403
    assert (await ask(desk.office, "1001", "GET", TEMPLATES))[0] == 403
    assert (await ask(desk.office, "1001", "GET", desk.path))[1]["total"] == 1
    await set_role(desk.office, "agent", take=["attachment"])
    assert (await ask(desk.office, "1001", "GET", desk.path))[0] == 403
    _, told = await ask(desk.office, "1001", "GET", f"/customers/{desk.customer}/timeline?kinds=proposal")
    assert told["items"] == []


async def test_what_is_hidden_from_who_makes_it_stands_hidden_in_it(desk: Desk) -> None:
    await set_role(desk.office, "agent", hidden=["phone", "address"])
    _, card = await ask(desk.office, "1001", "GET", f"/customers/{desk.customer}")
    shown = card["phones"][0]
    assert shown == "138****8000"
    status, one = await desk.make(text=f"{{customer.phone}} {shown}", title=f"T {shown}")
    assert status == 201, one
    octets = await desk.file(one["attachment"])
    text = pages(octets)[0].replace("\n", "")
    assert text.count(shown) >= 2
    assert "138 0013 8000" not in text
    assert "13800138000" not in text
    assert "138 0013 8000" not in str(await desk.office.office.store.proposals.get(one["id"]))
