"""A customer's card: what is refused and why, what is told, and what the trail says."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.bus import Bus
from callcenterd.crm.customer import MOST_PHONES, CardFields, Customers
from callcenterd.errors import NotFound, Refused
from callcenterd.model.customers import CustomerCard
from callcenterd.model.events import CustomerSaved
from callcenterd.model.ids import CustomerId
from callcenterd.store.customers import CustomerChanged
from callcenterd.store.database import Store
from tests.kit.virtual import START, VirtualClock

FULL: dict[str, Any] = {
    "name": "张三",
    "phones": ["010-6296 0000", "13800138000"],
    "card": "88001234",
    "sex": "male",
    "company": "广州电信",
    "address": "天河路 1 号",
    "email": "san@example.com",
    "level": "gold",
    "note": "只在\n上午回电",
    "identity": "dealer",
    "background": "2019 年起合作\n每季度订货",
    "channels": ["friend", "bus"],
    "gifts_by_mail": False,
}


class Office:
    def __init__(self, store: Store, clock: VirtualClock) -> None:
        bus = Bus()
        self.told: list[CustomerSaved] = []
        bus.listen(CustomerSaved, self.told.append)
        self.customers = Customers(store, bus, clock)


@pytest.fixture
def office(store: Store, clock: VirtualClock) -> Office:
    return Office(store, clock)


async def test_a_new_card_is_kept_told_and_in_the_trail(office: Office, store: Store) -> None:
    created = await office.customers.create(FULL, by="1001")
    assert created.phones == ("010-6296 0000", "13800138000")
    assert await office.customers.get(created.id) == created
    assert await office.customers.by_phone("+861062960000") == [created]
    assert await office.customers.search("zhangsan") == ([created], 1)
    assert office.told == [CustomerSaved(at=START, customer=created.id, by="1001")]
    [entry], _ = await store.audit.search()
    assert (entry.who, entry.what, entry.target) == ("1001", "customer.created", f"customer/{created.id}")
    assert entry.details == {"fields": sorted(FULL)}


async def test_a_changed_card_is_told_and_the_trail_names_what_changed_but_not_what_it_says(
    office: Office, store: Store
) -> None:
    created = await office.customers.create(FULL, by="1001")
    changed = await office.customers.change(created.id, {**FULL, "level": "", "company": "移动"}, by="1002")
    assert (changed.level, changed.company, changed.name) == ("", "移动", "张三")
    assert [fact.by for fact in office.told] == ["1001", "1002"]
    entries, _ = await store.audit.search(what="customer.changed")
    assert [entry.details for entry in entries] == [{"fields": ["company", "level"]}]


async def test_an_unknown_customer_is_not_found_and_nothing_is_told(office: Office, store: Store) -> None:
    with pytest.raises(NotFound):
        await office.customers.change(CustomerId(4711), FULL, by="1001")
    assert office.told == []
    assert await store.audit.search() == ([], 0)


async def test_a_refused_card_leaves_nothing_behind(office: Office, store: Store) -> None:
    with pytest.raises(Refused):
        await office.customers.create({"name": " "}, by="1001")
    assert office.told == []
    assert await office.customers.search() == ([], 0)
    assert await store.audit.search() == ([], 0)


async def test_a_card_may_be_given_in_any_form_that_it_has(office: Office) -> None:
    fields = CardFields.read(FULL)
    cards = [await office.customers.create(form, by="1001") for form in (FULL, fields, fields.card_of())]
    assert len({(card.name, card.phones, card.note) for card in cards}) == 1
    again = await office.customers.change(cards[0].id, cards[0], by="1001")  # a customer is a card too
    assert again.name == "张三"


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("level", "platinum", "platinum cannot be chosen here"),
        ("sex", "m", "m cannot be chosen here"),
        ("identity", "gold", "gold cannot be chosen here"),
        ("channels", ["web", "pigeon"], "pigeon cannot be chosen here"),
        ("tags", ["new"], "new cannot be chosen here"),
        ("owner", "9999", "there is no user 9999"),
        ("team", "nowhere", "there is no team nowhere"),
    ],
)
async def test_what_is_not_offered_cannot_be_chosen(
    office: Office, store: Store, field: str, value: object, why: str
) -> None:
    with pytest.raises(Refused) as refused:
        await office.customers.create({**FULL, field: value}, by="1001")
    assert refused.value.fields == {field: why}
    assert await store.audit.search() == ([], 0)


async def test_a_value_that_is_retired_stays_where_it_is_and_is_not_chosen_anew(office: Office, store: Store) -> None:
    created = await office.customers.create(FULL, by="1001")
    left = [value for value in (await store.dictionaries.all())[0].values if value.code != "gold"]
    levels = await store.dictionaries.put("level", left)
    assert [(value.code, value.retired) for value in levels.values][-1] == ("gold", True)
    kept = await office.customers.change(created.id, {**FULL, "note": ""}, by="1001")
    assert (kept.level, kept.note) == ("gold", "")
    with pytest.raises(Refused):
        await office.customers.create(FULL, by="1001")


async def test_of_two_who_change_a_card_the_second_is_told_and_loses_nothing(office: Office, store: Store) -> None:
    read = await office.customers.create(FULL, by="1001")
    first = await office.customers.change(read.id, {**FULL, "company": "移动"}, by="1001", version=read.version)
    assert (read.version, first.version) == (1, 2)
    with pytest.raises(CustomerChanged) as changed:
        await office.customers.change(read.id, {**FULL, "note": "晚上"}, by="1002", version=read.version)
    assert changed.value.now == first == await office.customers.get(read.id)
    again = {**FULL, "company": "移动", "note": "晚上"}
    second = await office.customers.change(read.id, again, by="1002", version=first.version)
    assert (second.company, second.note, second.version) == ("移动", "晚上", 3)
    assert [fact.by for fact in office.told] == ["1001", "1001", "1002"]


async def test_of_many_changes_of_one_version_at_once_one_is_kept(office: Office) -> None:
    read = await office.customers.create(FULL, by="1001")
    tries = [
        office.customers.change(read.id, {**FULL, "note": str(n)}, by="1001", version=read.version) for n in range(20)
    ]
    ends = await asyncio.gather(*tries, return_exceptions=True)
    [kept] = [end for end in ends if not isinstance(end, BaseException)]
    assert sum(isinstance(end, CustomerChanged) for end in ends) == 19
    assert await office.customers.get(read.id) == kept


REFUSED: list[Any] = [
    pytest.param({}, {"name"}, id="nobody"),
    pytest.param({"name": " ", "phones": ["", " "]}, {"name"}, id="spaces are nobody"),
    pytest.param({"name": "x" * 101}, {"name"}, id="a name too long"),
    pytest.param({"name": "张\n三"}, {"name"}, id="a line break in a name"),
    pytest.param({"name": "张\0三"}, {"name"}, id="a NUL"),
    pytest.param({"name": "\ud800"}, {"name"}, id="half a character"),
    pytest.param({"name": 5}, {"name"}, id="a number for a name"),
    pytest.param({"name": None}, {"name"}, id="nothing for a name"),
    pytest.param({"name": "x", "phones": "13800138000"}, {"phones"}, id="one number for a list"),
    pytest.param({"phones": ["abc"]}, {"phones"}, id="letters for a number"),
    pytest.param({"phones": ["+"]}, {"phones"}, id="no digit in a number"),
    pytest.param({"phones": ["()--"]}, {"phones"}, id="only marks in a number"),
    pytest.param({"phones": ["1" * 41]}, {"phones"}, id="a number too long"),
    pytest.param({"phones": [f"1380013{n:04}" for n in range(MOST_PHONES + 1)]}, {"phones"}, id="too many numbers"),
    pytest.param({"name": "x", "sex": "m" * 41}, {"sex"}, id="a code too long"),
    pytest.param({"name": "x", "channels": "web"}, {"channels"}, id="one channel for a list"),
    pytest.param({"name": "x", "tags": [f"t{n}" for n in range(51)]}, {"tags"}, id="too many tags"),
    pytest.param({"name": "x", "gifts_by_mail": "perhaps"}, {"gifts_by_mail"}, id="perhaps is neither yes nor no"),
    pytest.param({"name": "x", "email": "a.example.com"}, {"email"}, id="an address without @"),
    pytest.param({"name": "x", "email": "a@b@c"}, {"email"}, id="an address with two"),
    pytest.param({"name": "x", "note": "\x1b[31m"}, {"note"}, id="a control character in a note"),
    pytest.param({"name": "x", "note": "x" * 4001}, {"note"}, id="a note too long"),
    pytest.param({"name": "x", "id": 7}, {"id"}, id="a field that is not the page's to write"),
    pytest.param({"email": "x", "level": 1, "sex": "z\ny"}, {"email", "level", "sex"}, id="all faults at once"),
]


@pytest.mark.parametrize(("given_fields", "fields"), REFUSED)
def test_a_card_is_refused_with_a_reason_for_each_field(given_fields: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises(Refused) as refused:
        CardFields.read(given_fields)
    assert set(refused.value.fields) == fields
    assert all(refused.value.fields.values())


@pytest.mark.parametrize(
    ("phones", "kept"),
    [
        pytest.param([" 13800138000 "], ("13800138000",), id="spaces around it"),
        pytest.param(["", "110", ""], ("110",), id="empty lines of the form"),
        pytest.param(["138 0013 8000", "110", "13800138000"], ("138 0013 8000", "110"), id="the same twice"),
        pytest.param(["+86 (10) 6296-0000", "010.62960000#12"], ("+86 (10) 6296-0000", "010.62960000#12"), id="marks"),
    ],
)
def test_numbers_are_kept_as_people_write_them(phones: list[str], kept: tuple[str, ...]) -> None:
    assert CardFields.read({"phones": phones}).phones == kept


def test_a_number_alone_is_somebody() -> None:
    assert CardFields.read({"phones": ["110"]}).card_of() == CustomerCard(phones=("110",))


ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), st.lists, max_leaves=5)


@given(st.dictionaries(st.sampled_from([*CardFields.model_fields, "id", ""]), ANYTHING))
def test_no_fields_do_more_than_be_refused(fields: dict[str, Any]) -> None:
    with contextlib.suppress(Refused):
        card = CardFields.read(fields)
        assert card.name or card.phones
