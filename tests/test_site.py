"""The site file: what may stand in it, what applying it changes, and that it comes back the same."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from callcenterd import site as site_file
from callcenterd import yamltext
from callcenterd.clock import SystemClock
from callcenterd.errors import FaultyFile, NotFound, NotNow, Refused
from callcenterd.model.ids import AgentId, ExtensionNumber, FlowName, QueueName, TrunkName
from callcenterd.model.people import ROLES
from callcenterd.model.site import (
    Comfort,
    Extension,
    NumberRoute,
    OutboundRoute,
    QueueSettings,
    Secret,
    Site,
    Strategy,
    Trunk,
    UserAccount,
)
from callcenterd.model.site_edits import Editor
from callcenterd.store.database import Store
from callcenterd.worker.passwords import Passwords
from tests.kit.database import with_tables
from tests.kit.virtual import START

CONTRACT = """\
trunks:
  - {name: telecom, host: 203.0.113.5, port: 5060, username: "62960000", password: "…", register: true}
  - {name: gateway, host: 127.0.0.2, port: 6000, allow: ["127.0.0.2"]}      # by address, no registration
numbers:
  - {match: "02088886666", flow: main}
outbound:
  - {match: "0.", trunks: [telecom, gateway], strip: 0, prepend: ""}
users:
  - {login: "1001", name: 张三, role: agent, password: "…", extension: "1001"}
extensions:
  - {number: "1001", password: "…"}
  - {number: "1900", contact: "sip:door@127.0.0.3:6100"}
queues:
  - {name: sales, title: 销售, strategy: longest_idle, members: ["1001"], wrap_up: 10, ring: 20, service_level: 20,
     record: true}
"""
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$" + "x" * 43
BOSS = Editor("boss", START)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(with_tables(tmp_path / "site.db"), clock=SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(CHEAP)


def read(text: str, known: Site | None = None) -> site_file.SiteFile:
    return site_file.parse(yamltext.parse(text, "site.yaml"), known)


def refusals(text: str, known: Site | None = None) -> list[str]:
    with pytest.raises(FaultyFile) as caught:
        read(text, Site() if known is None else known)
    return [f"{fault.line}: {fault.reason}" for fault in caught.value.faults]


async def applied(store: Store, passwords: Passwords, text: str) -> site_file.Applied:
    return await site_file.apply_text(store, passwords, text, "site.yaml")


# ---- what may stand in it ---------------------------------------------------------------------------------------


def test_the_site_file_of_the_contract_becomes_a_site() -> None:
    site, changes = site_file.merge(Site(), read(CONTRACT, Site()).named, {("1001", "password"): HASH})
    assert site == Site(
        trunks=(
            Trunk(
                name=TrunkName("telecom"),
                host="203.0.113.5",
                username="62960000",
                password=Secret("…"),
                register=True,
            ),
            Trunk(name=TrunkName("gateway"), host="127.0.0.2", port=6000, allow=("127.0.0.2",)),
        ),
        numbers=(NumberRoute(match="02088886666", flow=FlowName("main")),),
        outbound=(OutboundRoute(match="0.", trunks=(TrunkName("telecom"), TrunkName("gateway"))),),
        users=(
            UserAccount(
                login="1001",
                name="张三",
                role="agent",
                password_hash=Secret(HASH),
                extension=ExtensionNumber("1001"),
            ),
        ),
        extensions=(
            Extension(number=ExtensionNumber("1001"), password=Secret("…")),
            Extension(number=ExtensionNumber("1900"), contact="sip:door@127.0.0.3:6100"),
        ),
        queues=(QueueSettings(name=QueueName("sales"), title="销售", members=(AgentId("1001"),)),),
    )
    assert len(changes) == 8
    assert all(change.endswith(": new") for change in changes)


NAME = "a name of up to 64 letters, digits, _ . - is wanted"
HOST = "an IP address or a host name is wanted"
NETWORK = "an IP address or a network (192.168.1.0/24) is wanted"
PATTERN = "a number as dialled, without spaces, or its beginning and a dot (9.), is wanted"
CONTACT = "an address as sip:door@192.168.1.20:5060 is wanted"
NEITHER = "needs a password (a phone that registers) or a contact (a device at a fixed address)"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("trunk: []", f"trunk: is no key here; there are {', '.join(site_file.SECTIONS)}"),
        ("trunks: {name: a}", "trunks: a list of at most 10000 is wanted"),
        ("trunks: [a]", 'trunks: a group of keys is wanted, not "a"'),
        ("trunks: [{host: a}]", "trunks.name: is missing"),
        ("trunks: [{name: a}]", "trunks.host: is missing: a new trunk needs it"),
        ("trunks: [{name: a b, host: c}]", f'trunks.name: {NAME}, not "a b"'),
        ("trunks: [{name: a, host: 1.2.3.400}]", f'trunks.host: {HOST}, not "1.2.3.400"'),
        ("trunks: [{name: a, host: -b}]", f'trunks.host: {HOST}, not "-b"'),
        ("trunks: [{name: a, host: b, port: 0}]", "trunks.port: at least 1 is wanted, not 0"),
        ("trunks: [{name: a, host: b, port: '5060'}]", 'trunks.port: a whole number is wanted, not "5060"'),
        ("trunks: [{name: a, host: b, allow: [c]}]", f'trunks.allow: {NETWORK}, not "c"'),
        (
            "trunks: [{name: a, host: b, allow: [10.0.0.1/8]}]",
            'trunks.allow: a network is written by its first address, as 10.0.0.0/8: that is wanted, not "10.0.0.1/8"',
        ),
        ("trunks: [{name: a, host: b, register: yes}]", 'trunks.register: true or false is wanted, not "yes"'),
        (
            "trunks: [{name: a, host: b, register: true}]",
            "trunks.register: a trunk that is registered with needs a username",
        ),
        ("numbers: [{match: 010 62, flow: a}]", f'numbers.match: {PATTERN}, not "010 62"'),
        ("numbers: [{match: '1.2', flow: a}]", f'numbers.match: {PATTERN}, not "1.2"'),
        ("numbers: [{match: 1}]", "numbers.flow: is missing: a new number needs it"),
        ("outbound: [{match: 0., trunks: [a]}]", "outbound.trunks: there is no trunk a"),
        ("outbound: [{match: 0., trunks: []}]", "outbound.trunks: a list of at least 1 is wanted"),
        ("outbound: [{match: 0., trunks: [a], strip: -1}]", "outbound.strip: at least 0 is wanted, not -1"),
        ("users: [{login: a, name: b, role: boss}]", f'users.role: one of {"{roles}"} is wanted, not "boss"'),
        ("users: [{login: a, name: b, role: agent, extension: 1}]", "users.extension: there is no extension 1"),
        (
            f"users: [{{login: a, name: b, role: agent, password: c, password_hash: {HASH!r}}}]",
            "users.password_hash: either password or password_hash is wanted, not both",
        ),
        (
            "users: [{login: a, name: b, role: agent, password_hash: geheim}]",
            "users.password_hash: an argon2 hash, as `export` writes it, is wanted",
        ),
        (
            "users: [{login: a, name: b, role: agent, password: ''}]",
            "users.password: a password of 1 to 256 characters in one line is wanted",
        ),
        ("users: [{login: 1.5, name: b, role: agent}]", "users.login: a text (in quotes) is wanted, not 1.5"),
        ("extensions: [{number: 1001}]", f"extensions.number: {NEITHER}"),
        ("extensions: [{number: 1, contact: 'door@1.2.3.4'}]", f'extensions.contact: {CONTACT}, not "door@1.2.3.4"'),
        ("queues: [{name: a, members: [b]}]", "queues.members: there is no user b"),
        ("queues: [{name: a, ring: 0}]", "queues.ring: at least 1 is wanted, not 0"),
        ("queues: [{name: a, wrap_up: 3601}]", "queues.wrap_up: at most 3600 is wanted, not 3601"),
        ("queues: [{name: a}, {name: a}]", "queues: queue a stands twice, first in line 3"),
        (
            'mailboxes: [{box: "fax:1"}]',
            'mailboxes.box: queue:, agent: or extension: and a name, as queue:sales, is wanted, not "fax:1"',
        ),
        ("mailboxes: [{box: sales}]", "mailboxes.box: there is no queue sales"),
        ('mailboxes: [{box: "agent:1001"}]', "mailboxes.box: there is no user 1001"),
        ('mailboxes: [{box: "extension:8001"}]', "mailboxes.box: there is no extension 8001"),
        (
            "mailboxes: [{box: sales, mail: [office]}]",
            'mailboxes.mail: a mail address as office@example.com is wanted, not "office"',
        ),
        ("mailboxes: [{box: sales, longest: 4}]", "mailboxes.longest: at least 5 is wanted, not 4"),
        ("mailboxes: [{box: sales, most: -1}]", "mailboxes.most: at least 0 is wanted, not -1"),
        (
            "mailboxes: [{box: a, shortest: 9, longest: 9}]\nqueues: [{name: a}]",
            "mailboxes.shortest: must be less than longest",
        ),
        ("queues: [{name: a, calendar: b}]", "queues.calendar: there is no calendar b"),
        (
            "calendars: [{name: a, zone: Mars/Base}]",
            "calendars.zone: the name of a time zone that this machine knows, as Asia/Shanghai, is wanted, not "
            '"Mars/Base"',
        ),
        (
            "calendars: [{name: a, hours: {monday: [9-12]}}]",
            'calendars.hours.monday: hours as 09:00-12:00 are wanted, not "9-12"',
        ),
        (
            "calendars: [{name: a, hours: {friday: ['09:00-12:00', '11:59-13:00']}}]",
            "calendars.hours: friday: hours that do not overlap are wanted",
        ),
        (
            "calendars: [{name: a, holidays: [{first: 2026-02-30}]}]",
            'calendars.holidays.first: a date that there is, as 2026-10-01, is wanted, not "2026-02-30"',
        ),
        (
            "calendars: [{name: a, holidays: [{first: 2026-02-03, last: 2026-02-02}]}]",
            "calendars.holidays: 2026-02-03: last must be at most a year after first, not before it",
        ),
        (
            "calendars: [{name: a, holidays: [{first: 2026-02-03, last: 2026-02-05}, {first: 2026-02-05}]}]",
            "calendars.holidays: 2026-02-05: lies in the holiday from 2026-02-03",
        ),
        (
            "calendars: [{name: a, make_up: [{date: 2026-02-03}, {date: 2026-02-03}]}]",
            "calendars.make_up: 2026-02-03: stands twice",
        ),
    ],
)
def test_a_fault_is_told_with_its_line_its_key_and_what_is_wanted(text: str, fault: str) -> None:
    roles = ", ".join(f"'{role}'" for role in ROLES[:-1]) + f" or '{ROLES[-1]}'"
    assert refusals(f"# office\n\n{text}\n") == [f"3: {fault.replace('{roles}', roles)}"]


def test_all_faults_are_told_at_once_and_a_faulty_thing_is_not_missed_by_others_too() -> None:
    text = "outbound:\n- {match: 0., trunks: [a, b]}\ntrunks:\n- {name: a, host: b, port: x}\n- {nam: c}\nmore:\n"
    assert refusals(text) == [
        "2: outbound.trunks: there is no trunk b",
        '4: trunks.port: a whole number is wanted, not "x"',
        "5: trunks.name: is missing",
        "5: trunks.nam: is no key here; name is meant?",
        f"6: more: is no key here; there are {', '.join(site_file.SECTIONS)}",
    ]


def test_what_the_store_has_need_not_stand_in_the_file() -> None:
    known = Site(
        users=(UserAccount(login="1001", name="张三", role="agent"),),
        queues=(QueueSettings(name=QueueName("sales"), ring=5),),
    )
    named = read("queues: [{name: sales, members: [1001]}]\nusers: [{login: 1001, language: en}]\n", known).named
    site, changes = site_file.merge(known, named, {})
    assert site.queues == (QueueSettings(name=QueueName("sales"), ring=5, members=(AgentId("1001"),)),)
    assert site.users == (UserAccount(login="1001", name="张三", role="agent", language="en"),)
    assert changes == ("user 1001: language", "queue sales: members")


def test_a_section_with_everything_commented_out_is_empty() -> None:
    assert read("trunks:\n# - {name: a}\nqueues:\n").named == ()
    assert read("").named == ()


@pytest.mark.parametrize(
    ("before", "named", "after"),
    [
        ("abc", "", "abc"),
        ("", "abc", "abc"),
        ("abc", "d", "abcd"),
        ("abc", "cb", "acb"),
        ("abc", "ca", "cba"),
        ("abc", "da", "dabc"),
        ("abc", "bdc", "abdc"),
        ("abc", "cda", "cbda"),
        ("ab", "xyb", "axyb"),
        ("ab", "bxy", "abxy"),
    ],
)
def test_what_a_file_names_comes_in_its_order_at_the_places_that_there_are(before: str, named: str, after: str) -> None:
    """Of outbound routes the first that fits is used. A second time changes nothing."""
    site = Site(outbound=tuple(OutboundRoute(match=f"{n}.", trunks=(TrunkName("t"),)) for n in before))
    file = read("outbound:\n" + "".join(f"- {{match: {n}., trunks: [t]}}\n" for n in named))
    for _ in range(2):
        site, _changes = site_file.merge(site, file.named, {})
        assert "".join(route.match[0] for route in site.outbound) == after


# ---- bringing it in -----------------------------------------------------------------------------------------------


async def test_a_second_apply_changes_nothing(store: Store, passwords: Passwords) -> None:
    first = await applied(store, passwords, CONTRACT)
    second = await applied(store, passwords, CONTRACT)
    assert (len(first.changes), first.revision) == (8, 1)
    assert second == site_file.Applied((), 1)


async def test_what_a_file_does_not_name_stays(store: Store, passwords: Passwords) -> None:
    await applied(store, passwords, CONTRACT)
    before = await store.site.load()
    done = await applied(store, passwords, "queues:\n- {name: sales, ring: 15}\n- {name: help}\n")
    assert done == site_file.Applied(("queue sales: ring", "queue help: new"), 2)
    sales = replace(before.queues[0], ring=15.0)
    assert await store.site.load() == replace(before, queues=(sales, QueueSettings(name=QueueName("help"))), revision=2)


async def test_a_user_keeps_the_password_when_the_file_gives_none(store: Store, passwords: Passwords) -> None:
    await applied(store, passwords, CONTRACT)
    old = (await store.site.load()).users[0].password_hash
    done = await applied(store, passwords, "users: [{login: '1001', name: 李四}]")
    user = (await store.site.load()).users[0]
    assert (done.changes, user.name, user.password_hash) == (("user 1001: name",), "李四", old)
    assert await passwords.verify(user.password_hash.reveal(), "…")


async def test_a_new_password_ends_the_sessions_that_the_old_one_opened(store: Store, passwords: Passwords) -> None:
    now = datetime(2026, 11, 25, 9, tzinfo=UTC)
    await applied(store, passwords, CONTRACT)
    token = await store.sessions.create("1001", now)
    await applied(store, passwords, CONTRACT)
    assert await store.sessions.find(token, now) == "1001"
    done = await applied(store, passwords, "users: [{login: '1001', password: another}]")
    assert done.changes == ("user 1001: password",)
    assert await store.sessions.find(token, now) is None


async def test_a_file_with_a_fault_changes_nothing(store: Store, passwords: Passwords) -> None:
    with pytest.raises(FaultyFile, match=r"site\.yaml:2:34: queues\.members: there is no user 7"):
        await applied(store, passwords, "trunks: [{name: a, host: b}]\nqueues: [{name: sales, members: [7]}]")
    assert await store.site.load() == Site()


async def test_apply_judges_what_parse_could_not_know(store: Store, passwords: Passwords) -> None:
    file = read("queues: [{name: sales, members: [7]}]")
    with pytest.raises(FaultyFile, match="there is no user 7"):
        await site_file.apply(store, passwords, file)


async def test_the_last_admin_stays_one(store: Store, passwords: Passwords) -> None:
    await applied(store, passwords, "users: [{login: boss, name: B, role: admin, password: secret}]")
    with pytest.raises(Refused, match="somebody must be able to sign in as admin"):
        await applied(store, passwords, "users: [{login: boss, role: agent}]")
    with pytest.raises(Refused):
        await site_file.remove(store, "users", "boss", BOSS)


async def test_one_thing_is_put_by_the_same_rules_and_its_faults_are_by_field(
    store: Store, passwords: Passwords
) -> None:
    await applied(store, passwords, CONTRACT)
    done = await site_file.put(store, passwords, "queues", {"name": "sales", "ring": 30, "members": ["1001"]}, BOSS)
    assert done == site_file.Applied(("queue sales: ring",), 2)
    with pytest.raises(Refused) as shapes:
        await site_file.put(store, passwords, "queues", {"name": "sales", "ring": 0, "colour": "red"}, BOSS)
    assert shapes.value.fields == {
        "ring": "at least 1 is wanted, not 0",
        "colour": "is no key here; comfort is meant?",
    }
    with pytest.raises(Refused) as references:
        await site_file.put(store, passwords, "users", {"login": "1001", "extension": "7"}, BOSS)
    assert references.value.fields == {"extension": "there is no extension 7"}


async def test_a_thing_is_removed_unless_another_names_it(store: Store, passwords: Passwords) -> None:
    await applied(store, passwords, CONTRACT)
    with pytest.raises(Refused, match="trunk gateway is named by outbound route 0"):
        await site_file.remove(store, "trunks", "gateway", BOSS)
    with pytest.raises(Refused, match="user 1001 is named by queue sales"):
        await site_file.remove(store, "users", "1001", BOSS)
    with pytest.raises(NotFound):
        await site_file.remove(store, "queues", "help", BOSS)
    assert (await site_file.remove(store, "queues", "sales", BOSS)).changes == ("queue sales: removed",)
    assert (await site_file.remove(store, "users", "1001", BOSS)).changes == ("user 1001: removed",)
    assert (await store.site.load()).users == ()


async def test_a_change_by_somebody_else_in_between_is_not_lost(store: Store, passwords: Passwords) -> None:
    """The other one saves while our password is being hashed; ours is then made anew from what there is."""
    others = iter(["users: [{login: boss, name: B, role: admin, password_hash: '" + HASH + "'}]"])

    class Interrupted(Passwords):
        async def hash(self, text: str) -> str:
            for other in others:
                await applied(store, passwords, other)
            return await super().hash(text)

    done = await applied(store, Interrupted(CHEAP), "users: [{login: '1', name: A, role: agent, password: x}]")
    assert done.revision == 2
    assert [user.login for user in (await store.site.load()).users] == ["boss", "1"]


async def test_somebody_who_changes_it_every_time_is_told_of(store: Store, passwords: Passwords) -> None:
    names = iter(range(100))

    class Interrupted(Passwords):
        async def hash(self, text: str) -> str:
            await applied(store, passwords, f"trunks: [{{name: t{next(names)}, host: h}}]")
            return await super().hash(text)

    with pytest.raises(NotNow, match="changed meanwhile"):
        await applied(store, Interrupted(CHEAP), "users: [{login: '1', name: A, role: agent, password: x}]")


# ---- writing it back ----------------------------------------------------------------------------------------------


async def test_export_gives_the_file_back_and_applying_that_changes_nothing(
    store: Store, passwords: Passwords, tmp_path: Path
) -> None:
    await applied(store, passwords, CONTRACT)
    text = await site_file.export(store)
    assert "password: …" not in text.split("users:")[1].split("extensions:")[0]
    assert await applied(store, passwords, text) == site_file.Applied((), 1)
    other = await Store.open(with_tables(tmp_path / "other.db"), clock=SystemClock())
    try:
        await applied(other, passwords, text)
        assert await other.site.load() == await store.site.load()
    finally:
        await other.close()


WORDS = st.from_regex(r"\w[\w.-]{0,8}", fullmatch=True)
FLOWS = st.from_regex(r"\w[\w-]{0,8}", fullmatch=True)
LABELS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Cf"]), max_size=12)
PROOFS = LABELS.filter(bool).map(Secret)
PATTERNS = st.from_regex(r"[0-9A-Za-z*#+_-]{1,10}\.?", fullmatch=True)
SECONDS = st.integers(1, 300).map(float) | st.floats(1, 300)
STRATEGIES: list[Strategy] = ["longest_idle", "ring_all", "random"]


def _unique(things: st.SearchStrategy[Any], key: str) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(things, max_size=4, unique_by=lambda thing: getattr(thing, key)).map(tuple)


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Any site that could have been applied."""
    trunks = draw(
        _unique(
            st.builds(
                Trunk,
                name=WORDS,
                host=st.sampled_from(["10.0.0.1", "2001:db8::1", "sip.example.com"]),
                port=st.integers(1, 65535),
                username=LABELS.filter(bool),
                password=st.just(Secret("")) | PROOFS,
                register=st.booleans(),
                allow=st.sampled_from([(), ("10.0.0.0/8",), ("2001:db8::2", "10.1.1.1")]),
            ),
            "name",
        )
    )
    extensions = draw(
        _unique(
            st.builds(
                Extension,
                number=st.from_regex(r"[0-9]{1,6}", fullmatch=True),
                password=PROOFS,
                auto_answer=st.booleans(),
                codecs=st.sampled_from([("PCMA",), ("opus", "G722"), ("PCMU", "PCMA", "G729")]),
                encryption=st.sampled_from(["off", "allowed", "required"]),
            )
            | st.builds(Extension, number=st.from_regex(r"[0-9]{1,6}", fullmatch=True), contact=st.just("sip:a@b:5")),
            "number",
        )
    )
    numbers = st.sampled_from([None, *(extension.number for extension in extensions)])
    users = draw(
        _unique(
            st.builds(
                UserAccount,
                login=WORDS,
                name=LABELS,
                role=st.sampled_from(ROLES),
                password_hash=st.sampled_from([Secret(""), Secret(HASH)]),
                extension=numbers,
                language=st.sampled_from(["zh-CN", "en"]),
            ),
            "login",
        )
    )
    logins = st.lists(st.sampled_from([user.login for user in users]), unique=True) if users else st.just([])
    names = st.lists(st.sampled_from([trunk.name for trunk in trunks]), min_size=1, unique=True) if trunks else None
    return Site(
        trunks=trunks,
        numbers=draw(_unique(st.builds(NumberRoute, match=PATTERNS, flow=FLOWS), "match")),
        outbound=draw(
            _unique(
                st.builds(
                    OutboundRoute,
                    match=PATTERNS,
                    trunks=names.map(tuple),
                    strip=st.integers(0, 20),
                    prepend=st.from_regex(r"[0-9*#+]{0,20}", fullmatch=True),
                ),
                "match",
            )
        )
        if names is not None
        else (),
        users=users,
        extensions=extensions,
        queues=draw(
            _unique(
                st.builds(
                    QueueSettings,
                    name=WORDS,
                    title=LABELS,
                    strategy=st.sampled_from(STRATEGIES),
                    members=logins.map(tuple),
                    wrap_up=SECONDS,
                    ring=SECONDS,
                    service_level=SECONDS,
                    max_wait=st.just(0.0) | SECONDS,
                    record=st.booleans(),
                    music=LABELS,
                ),
                "name",
            )
        ),
    )


@given(sites())
def test_applying_what_was_exported_changes_nothing_and_makes_the_same_site_anew(site: Site) -> None:
    text = site_file.written(site)
    assert site_file.merge(site, read(text, site).named, {}) == (site, ())
    assert site_file.merge(Site(), read(text, Site()).named, {})[0] == site


@given(sites(), st.randoms(use_true_random=False))
def test_a_second_time_changes_nothing_whatever_part_of_whatever_file_it_is(site: Site, chance: random.Random) -> None:
    lines = site_file.written(site).splitlines()
    kept = [line for line in lines if not line.startswith("  -") or chance.random() < 0.5]
    file = read("\n".join(kept))
    once, _ = site_file.merge(site, file.named, {})
    assert site_file.merge(once, file.named, {}) == (once, ())


def _values() -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    keys = st.sampled_from([*site_file.SECTIONS, "name", "login", "number", "match", "members", "trunks", "password"])
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )


@given(st.dictionaries(st.sampled_from([*site_file.SECTIONS, "x"]), _values(), max_size=4))
def test_no_file_does_more_than_be_taken_or_refused(data: dict[str, Any]) -> None:
    text = "\n".join(_lines(data))
    document = yamltext.parse(text, "f")
    try:
        site_file.parse(document, Site())
    except FaultyFile as fault:
        refused = fault
    else:
        return
    assert all(one.line >= 1 and one.reason for one in refused.faults)


def _lines(data: dict[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        yield f"{key}: {_flow_style(value)}"


def _flow_style(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_flow_style(part)}" for key, part in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow_style, value)) + "]"
        case _:
            return yamltext.written(value) if value not in (float("inf"), float("-inf")) else "0"


# ---- what ships ---------------------------------------------------------------------------------------------------


def test_the_example_is_a_site_file_and_names_every_key_that_a_thing_may_have() -> None:
    path = Path(__file__).parent.parent / "site.example.yaml"
    document = yamltext.load(path)
    assert len(site_file.parse(document, Site()).named) == 30
    for section, model in site_file.ENTRIES.items():
        keys = {info.alias or name for name, info in model.model_fields.items()} - {
            "password_hash",
            "pin_hash",
            "music",
        }
        assert keys == {key for thing in document.data[section] for key in thing}, section


def test_every_key_is_explained() -> None:
    for model in site_file.ENTRIES.values():
        assert all(info.description for info in model.model_fields.values())


def test_what_a_waiting_caller_hears_is_read_and_written_back() -> None:
    text = (
        "queues: [{name: sales, announce_position: once, announce_wait: every, announce_first: 5, announce_every: 0,"
        ' announce_most: 3, comfort: [{every: 30, say: "请稍候, 谢谢"}, {every: 90, play: offers}],'
        ' exits: {1: voicemail, "2": callback, "#": main/other, "0": help}, place_back: 0}]'
    )
    site, _ = site_file.merge(Site(), read(text, Site()).named, {})
    (queue,) = site.queues
    assert queue.comfort == (Comfort(every=30, say="请稍候, 谢谢"), Comfort(every=90, play="offers"))
    assert queue.exits == {"1": "voicemail", "2": "callback", "#": "main/other", "0": "help"}
    again, _ = site_file.merge(Site(), read(site_file.written(site), Site()).named, {})
    assert again == site


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("exits: {12: voicemail}", "12 is no key of a telephone; the keys are 0 to 9, * and #"),
        ("exits: {1: a b}", "voicemail, callback, a flow or a flow and its node (main/other) is wanted"),
        ("comfort: [{every: 30}]", "say (a text) or play (the name of a recording) is wanted"),
        ("comfort: [{every: 1, say: hello}]", "every is 5 to 3600 seconds"),
        ("announce_position: sometimes", "one of 'off', 'once' or 'every' is wanted"),
    ],
)
def test_what_nobody_could_hear_is_refused(keys: str, reason: str) -> None:
    (refused,) = refusals(f"queues:\n  - name: sales\n    {keys}\n")
    assert refused.startswith("3: ")
    assert reason in refused


async def test_what_a_waiting_caller_hears_is_kept(store: Store, passwords: Passwords) -> None:
    await applied(store, passwords, 'queues: [{name: s, comfort: [{every: 30, say: hi}], exits: {"1": voicemail}}]')
    (queue,) = (await store.site.load()).queues
    assert (queue.comfort, queue.exits) == ((Comfort(every=30, say="hi"),), {"1": "voicemail"})
    assert await applied(store, passwords, await site_file.export(store)) == site_file.Applied((), 1)


def test_a_calendar_is_read_and_written_back_whatever_its_days_are_called() -> None:
    text = (
        "calendars: [{name: office, title: \"上班, 'A' & #1\", zone: Asia/Tokyo,"
        " hours: {monday: ['09:00-12:00', '22:00-06:00']},"
        " holidays: [{first: 2026-10-01, last: 2026-10-07, name: '国庆: #1', hours: ['00:00-24:00']},"
        " {first: 2026-12-31}], make_up: [{date: 2026-10-10, like: friday, name: 'yes'}]}]"
    )
    site, changes = site_file.merge(Site(), read(text, Site()).named, {})
    assert changes == ("calendar office: new",)
    assert site.calendars[0].holidays[0].name == "国庆: #1"
    again = site_file.written(site)
    assert site_file.merge(site, read(again, site).named, {}) == (site, ())
    assert site_file.merge(Site(), read(again, Site()).named, {})[0] == site


USERS = (
    "users: [{login: b, name: B, role: supervisor}, {login: c, name: C, role: supervisor},"
    " {login: m, name: M, role: manager}, {login: x, name: X, role: agent}, {login: y, name: Y, role: agent}]\n"
)


@pytest.mark.parametrize(
    ("teams", "login", "overseen"),
    [
        pytest.param("", "b", None, id="no teams: a supervisor oversees all"),
        pytest.param("{name: t, members: [x], leaders: [b]}", "b", "b x", id="who leads, the team's members"),
        pytest.param("{name: t, members: [x], leaders: [b]}", "c", None, id="who leads none oversees all"),
        pytest.param(
            "{name: t, members: [x], leaders: [b]}, {name: u, members: [y, x], leaders: [c, b]}",
            "b",
            "b x y",
            id="of several teams, all members",
        ),
        pytest.param("{name: t, leaders: [b]}", "b", "b", id="a team of nobody"),
        pytest.param("{name: t, members: [x], leaders: [m]}", "m", None, id="a manager oversees all"),
        pytest.param("{name: t, members: [x, y]}", "x", "x", id="an agent oversees nobody else"),
        pytest.param("", "gone", "gone", id="neither does who is no user"),
    ],
)
def test_who_oversees_whom(teams: str, login: str, overseen: str | None) -> None:
    site, _ = site_file.merge(Site(), read(f"{USERS}teams: [{teams}]", Site()).named, {})
    found = site.overseen_by(login)
    assert (None if found is None else " ".join(sorted(found))) == overseen


@pytest.mark.parametrize(
    ("team", "reason"),
    [
        ("{name: t, members: [z]}", "teams.members: there is no user z"),
        ("{name: t, leaders: [z]}", "teams.leaders: there is no user z"),
        ("{name: t, leaders: [x]}", "teams.leaders: a supervisor is wanted: x is an agent"),
        ("{name: t, members: [x, x]}", "teams.members: each once is wanted: x stands twice"),
    ],
)
def test_a_team_of_people_who_are_not_there_is_refused(team: str, reason: str) -> None:
    (refused,) = refusals(f"{USERS}teams: [{team}]")
    assert refused.removeprefix("2: ").startswith(reason)


async def test_a_member_cannot_be_taken_away_under_a_team_and_a_team_always(store: Store, passwords: Passwords) -> None:
    await applied(store, passwords, f"{USERS}teams: [{{name: t, members: [x], leaders: [b]}}]")
    for login in ("x", "b"):
        with pytest.raises(Refused, match="is named by team t"):
            await site_file.remove(store, "users", login, BOSS)
    await site_file.remove(store, "teams", "t", BOSS)
    await site_file.remove(store, "users", "x", BOSS)
    assert (await store.site.load()).overseen_by("b") is None
