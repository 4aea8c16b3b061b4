"""What a page changed is never lost to a site file that does not know it, nor the reverse."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from callcenterd import site as site_file
from callcenterd import yamltext
from callcenterd.clock import SystemClock
from callcenterd.errors import FaultyFile
from callcenterd.model.site import Secret, UserAccount
from callcenterd.model.site_edits import Editor
from callcenterd.said import Said
from callcenterd.store.database import Store
from callcenterd.store.site import MOST_EDITS
from callcenterd.worker.passwords import Passwords
from tests.kit.database import with_tables
from tests.kit.virtual import START
from tests.test_site import CHEAP

BOSS = Editor("boss", START)
ROOT = Editor("root", START + timedelta(hours=1))
FILE = """\
trunks:
  - {name: telecom, host: 203.0.113.5, password: first}
users:
  - {login: root, name: 管理员, role: admin, password: rootroot1}
  - {login: "1001", name: 张三, role: agent, password: zhangsan1}
extensions:
  - {number: "8001", password: phone-1}
queues:
  - {name: sales, title: 销售, members: ["1001"], ring: 20}
"""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(with_tables(tmp_path / "callcenterd.db"), clock=SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(CHEAP)


class Office:
    """A store, and whoever changes it: by pages and by files."""

    def __init__(self, store: Store, passwords: Passwords) -> None:
        self.store, self._passwords = store, passwords

    async def file(self, text: str, *, overwrite: bool = False) -> site_file.Applied:
        return await site_file.apply_text(self.store, self._passwords, text, "site.yaml", overwrite=overwrite)

    async def refused(self, text: str) -> list[str]:
        """The faults for which a file is refused; nothing is another by it."""
        before, edits = await self.store.site.load(), await self.store.site.edits()
        with pytest.raises(FaultyFile) as caught:
            await self.file(text)
        assert await self.store.site.load() == before
        assert await self.store.site.edits() == edits
        return [str(fault) for fault in caught.value.faults]

    async def page(self, section: site_file.Section, editor: Editor = BOSS, **fields: object) -> site_file.Applied:
        return await site_file.put(self.store, self._passwords, section, fields, editor)

    async def queue(self, field: str) -> object:
        return getattr((await self.store.site.load()).queues[0], field)

    async def user(self, login: str) -> UserAccount:
        user = await self.store.site.user(login)
        assert user is not None
        return user

    async def knows(self, login: str, password: str) -> bool:
        return await self._passwords.verify((await self.user(login)).password_hash.reveal(), password)


@pytest.fixture
async def office(store: Store, passwords: Passwords) -> Office:
    made = Office(store, passwords)
    await made.file(FILE)
    return made


# ---- an older file undoes nothing ---------------------------------------------------------------------------------


async def test_what_a_page_changed_stays_when_the_file_is_applied_once_more(office: Office) -> None:
    await office.page("queues", name="sales", ring=45, title="销售部")
    done = await office.file(FILE)
    assert done.changes == ()
    assert [str(one) for one in done.kept] == [
        f"queue sales: title, ring stays as set on a page by boss ({START.isoformat(timespec='minutes')})"
    ]
    assert (await office.queue("ring"), await office.queue("title")) == (45, "销售部")
    assert (await office.file(FILE)).kept == done.kept  # and so for ever, not the first time only


async def test_the_rest_of_an_edited_file_comes_in_all_the_same(office: Office) -> None:
    await office.page("queues", name="sales", ring=45)
    done = await office.file(FILE.replace("ring: 20", "ring: 20, wrap_up: 15") + "  - {name: night}\n")
    assert done.changes == ("queue sales: wrap_up", "queue night: new")
    assert [(one.key, one.fields) for one in done.kept] == [("sales", ("ring",))]
    assert (await office.queue("ring"), await office.queue("wrap_up")) == (45, 15)


async def test_what_both_changed_to_different_ends_is_refused_with_its_place(office: Office) -> None:
    await office.page("queues", name="sales", ring=45)
    faults = await office.refused(FILE.replace("ring: 20", "ring: 30"))
    at = START.isoformat(timespec="minutes")
    assert faults == [
        f"site.yaml:9:55: queues.ring: boss set it to 45 on a page ({at}), which this file does not know; export and "
        "change that, or let the file overwrite what pages changed"
    ]
    done = await office.file(FILE.replace("ring: 20", "ring: 30"), overwrite=True)
    assert done.changes == ("queue sales: ring",)
    assert await office.queue("ring") == 30
    assert (await office.file(FILE)).changes == ("queue sales: ring",)  # the file has its say again


async def test_the_fault_is_told_in_chinese(office: Office) -> None:
    await office.page("queues", name="sales", members=[])
    with pytest.raises(FaultyFile) as caught:
        await office.file(FILE.replace('["1001"]', '["root"]'))
    (fault,) = caught.value.faults
    assert isinstance(fault.reason, Said)
    assert fault.reason.told("zh-CN").startswith("queues.members：boss 已在页面上改为 一个列表（")


async def test_both_to_the_same_end_is_agreement_and_the_file_leads_again(office: Office) -> None:
    await office.page("queues", name="sales", ring=45)
    agreed = FILE.replace("ring: 20", "ring: 45")
    assert await office.file(agreed) == site_file.Applied((), 2)
    assert await office.store.site.edits() == ()
    assert (await office.file(FILE.replace("ring: 20", "ring: 30"))).changes == ("queue sales: ring",)


async def test_a_change_that_was_taken_back_on_the_page_leaves_the_file_its_say(office: Office) -> None:
    await office.page("queues", name="sales", ring=45)
    await office.page("queues", name="sales", ring=20)
    assert (await office.file(FILE.replace("ring: 20", "ring: 30"))).changes == ("queue sales: ring",)


async def test_what_a_page_took_away_does_not_come_back(office: Office) -> None:
    await office.page("queues", name="sales", members=[])
    await site_file.remove(office.store, "users", "1001", ROOT)
    done = await office.file(FILE)
    assert done.changes == ()
    assert [str(one)[:50] for one in done.kept] == [
        "user 1001: stays away, as removed on a page by roo",
        "queue sales: members stays as set on a page by bos",
    ]
    (fault,) = await office.refused(FILE.replace("zhangsan1", "another-1"))
    assert fault.startswith("site.yaml:5:13: users.login: root removed it on a page (")
    back = await office.file(FILE, overwrite=True)
    assert back.changes == ("user 1001: new", "queue sales: members")
    assert await office.knows("1001", "zhangsan1")


async def test_what_a_page_made_has_nothing_to_undo(office: Office) -> None:
    """A file that names it for the first time cannot be older."""
    await office.page("queues", name="night", ring=45)
    done = await office.file("queues: [{name: night, ring: 30}]")
    assert (done.changes, done.kept) == (("queue night: ring",), ())
    assert await office.store.site.edits() == ()


async def test_the_first_administrator_is_the_house_s_own_until_a_file_names_them(
    store: Store, passwords: Passwords
) -> None:
    office = Office(store, passwords)
    house = Editor("callcenterd", START)
    await office.page("users", house, login="admin", name="管理员", role="admin", password="once-only")
    await store.site.set_password_hash("admin", Secret(CHEAP.hash("my-own-1")), START)
    done = await office.file("users: [{login: admin, name: 张, role: admin, password: of-the-file}]")
    assert done.changes == ("user admin: name, password",)
    assert await office.knows("admin", "of-the-file")


async def test_a_new_office_is_exported_without_a_revision(store: Store, passwords: Passwords) -> None:
    await Office(store, passwords).page("queues", name="night", ring=45)
    assert "revision" not in await site_file.export(store)


# ---- passwords ------------------------------------------------------------------------------------------------


async def test_a_password_that_a_user_chose_outlives_the_file_with_the_first_one(office: Office) -> None:
    hashed = Secret(CHEAP.hash("my-own-1"))
    await office.store.site.set_password_hash("1001", hashed, START)
    done = await office.file(FILE)
    assert done.changes == ()
    assert [(one.section, one.key, one.fields, one.editor.by) for one in done.kept] == [
        ("users", "1001", ("password",), "1001")
    ]
    assert await office.knows("1001", "my-own-1")
    (fault,) = await office.refused(FILE.replace("zhangsan1", "another-1"))
    assert "1001 changed it on a page" in fault
    assert "argon2" not in fault
    await office.file(FILE.replace("zhangsan1", "another-1"), overwrite=True)
    assert await office.knows("1001", "another-1")


async def test_a_pin_too(office: Office) -> None:
    with_pin = FILE.replace("password: zhangsan1", 'password: zhangsan1, pin: "2468"')
    await office.file(with_pin)
    await office.store.site.set_pin_hash("1001", Secret(CHEAP.hash("1357")), START)
    assert [one.fields for one in (await office.file(with_pin)).kept] == [("pin",)]
    assert CHEAP.verify((await office.user("1001")).pin_hash.reveal(), "1357")


async def test_secrets_of_phones_and_trunks_too_and_no_word_of_them_is_said(office: Office) -> None:
    await office.page("trunks", name="telecom", password="second")
    await office.page("extensions", number="8001", password="phone-2")
    done = await office.file(FILE)
    assert [(one.key, one.fields) for one in done.kept] == [("telecom", ("password",)), ("8001", ("password",))]
    faults = await office.refused(FILE.replace("first", "third").replace("phone-1", "phone-3"))
    assert len(faults) == 2
    assert not any(secret in str(faults) for secret in ("second", "phone-2", "third", "phone-3"))


# ---- files that were exported ------------------------------------------------------------------------------------


async def test_an_exported_file_knows_what_pages_changed_until_then(office: Office) -> None:
    assert "revision" not in await site_file.export(office.store)  # nothing that a file would not know
    await office.page("queues", name="sales", ring=45)
    exported = await site_file.export(office.store)
    assert exported.startswith("revision: 2\n")
    assert await office.file(exported) == site_file.Applied((), 2)
    assert (await office.file(exported.replace("ring: 45", "ring: 50"))).changes == ("queue sales: ring",)


async def test_and_not_what_they_changed_after(office: Office) -> None:
    await office.page("queues", name="sales", wrap_up=12)
    exported = await site_file.export(office.store)
    await office.page("queues", name="sales", ring=45)
    await office.page("queues", name="sales", ring=46)
    done = await office.file(exported.replace("wrap_up: 12", "wrap_up: 13"))
    assert done.changes == ("queue sales: wrap_up",)
    assert [(one.fields, one.editor) for one in done.kept] == [(("ring",), BOSS)]
    (fault,) = await office.refused(exported.replace("ring: 20", "ring: 30"))
    assert "boss set it to 46 on a page" in fault


async def test_a_revision_of_another_office_says_nothing_here(office: Office) -> None:
    await office.page("queues", name="sales", ring=45)
    assert [one.fields for one in (await office.file(f"revision: 900\n{FILE}")).kept] == [("ring",)]


@pytest.mark.parametrize("written", ["-1", "true", "1.5", "[1]", "x"])
def test_a_revision_is_a_number(written: str) -> None:
    with pytest.raises(FaultyFile, match=r"site\.yaml:1:1[0-9]?: revision: a whole number is wanted"):
        site_file.parse(yamltext.parse(f"revision: {written}\n", "site.yaml"))


# ---- pages --------------------------------------------------------------------------------------------------------


async def test_a_page_that_does_not_know_what_a_file_changed_is_told(office: Office, passwords: Passwords) -> None:
    await office.file(FILE.replace("ring: 20", "ring: 30"))
    fields = {"name": "sales", "ring": 45, "title": "销售部"}
    was: dict[str, object] = {"ring": 20, "title": "销售"}
    with pytest.raises(site_file.ThingIsAnother) as caught:
        await site_file.put(office.store, passwords, "queues", fields, BOSS, was=was)
    assert caught.value.fields == ("ring",)
    assert (await office.queue("ring"), await office.queue("title")) == (30, "销售")
    await site_file.put(office.store, passwords, "queues", fields, BOSS, was={"ring": 30, "title": "销售"})
    assert (await office.queue("ring"), await office.queue("title")) == (45, "销售部")


# ---- as a whole ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_of_pages_and_files_loses_no_word(office: Office, seed: int) -> None:
    """A model of two fields: what the file said last, what is in force; whoever changes against the other is told."""
    chance = random.Random(seed)
    filed = {"ring": 20, "wrap_up": 5}
    await office.file(f"queues: [{{name: sales, ring: {filed['ring']}, wrap_up: {filed['wrap_up']}}}]")
    now = dict(filed)
    for _ in range(25):
        if chance.random() < 0.5:
            field = chance.choice(("ring", "wrap_up"))
            now[field] = chance.randint(20, 23)
            await office.page("queues", BOSS, name="sales", **{field: now[field]})
        else:
            file = {field: chance.choice((filed[field], now[field], chance.randint(20, 23))) for field in filed}
            text = f"queues: [{{name: sales, ring: {file['ring']}, wrap_up: {file['wrap_up']}}}]"
            both = [f for f in filed if file[f] != now[f] and now[f] != filed[f] and file[f] != filed[f]]
            if both:
                assert len(await office.refused(text)) == len(both)
            else:
                done = await office.file(text)
                stays = {f for f in filed if now[f] != filed[f] == file[f]}
                assert {f for one in done.kept for f in one.fields} == stays
                now.update({f: v for f, v in file.items() if f not in stays})
                filed.update({f: v for f, v in file.items() if f not in stays})
        assert {field: await office.queue(field) for field in filed} == now


async def test_of_a_thing_that_a_program_changes_all_day_the_first_state_is_kept(office: Office) -> None:
    for n in range(MOST_EDITS + 30):
        await office.page("queues", name="sales", ring=30 + n % 100)
    edits = await office.store.site.edits()
    assert len(edits) == MOST_EDITS
    assert edits[0].was.ring == 20
    assert (await office.file(FILE)).changes == ()


async def test_changes_at_once_by_pages_and_files_lose_nothing(office: Office) -> None:
    await asyncio.gather(
        office.page("queues", name="sales", ring=45),
        office.file(FILE),
        office.page("queues", ROOT, name="sales", wrap_up=33),
        office.file(FILE),
    )
    await office.file(FILE)
    assert (await office.queue("ring"), await office.queue("wrap_up")) == (45, 33)


# ---- order ----------------------------------------------------------------------------------------------------------

RULES = """\
trunks: [{name: telecom, host: 203.0.113.5}]
outbound:
  - {match: "0.", trunks: [telecom]}
  - {match: "1.", trunks: [telecom]}
  - {match: ".", trunks: [telecom]}
"""


async def rules(office: Office) -> list[str]:
    return [rule.match for rule in (await office.store.site.load()).outbound]


async def test_the_order_of_a_page_outlives_the_older_file_and_a_new_rule_finds_its_place(office: Office) -> None:
    await office.file(RULES)
    done = await site_file.reorder(office.store, "outbound", ["1.", "0.", "."], BOSS)
    assert done.changes == ("outbound: order",)
    new = RULES.replace('  - {match: "."', '  - {match: "2.", trunks: [telecom]}\n  - {match: "."')
    done = await office.file(new)
    assert done.changes == ("outbound route 2.: new",)
    assert [str(one)[:44] for one in done.kept] == ["outbound: the order stays as set on a page b"]
    assert await rules(office) == ["1.", "0.", "2.", "."]


async def test_an_order_that_both_changed_is_refused_and_one_that_agrees_is_not(office: Office) -> None:
    await office.file(RULES)
    await site_file.reorder(office.store, "outbound", ["1.", "0.", "."], BOSS)
    trunks, head, zero, one, rest = RULES.splitlines(keepends=True)
    (fault,) = await office.refused("".join([trunks, head, rest, zero, one]))
    assert fault.startswith('site.yaml:3:13: outbound.match: boss set it to "1., 0., ." on a page (')
    assert await office.file("".join([trunks, head, one, zero, rest])) == site_file.Applied((), 3)
    assert (await office.file(RULES)).changes == ("outbound: order",)  # the file leads again
    assert await rules(office) == ["0.", "1.", "."]


async def test_an_order_is_of_all_that_there_are(office: Office) -> None:
    await office.file(RULES)
    for keys in (["1.", "0."], ["1.", "0.", ".", "9."], ["1.", "1.", "0.", "."]):
        with pytest.raises(site_file.ThingIsAnother):
            await site_file.reorder(office.store, "outbound", keys, BOSS)
    assert await rules(office) == ["0.", "1.", "."]
