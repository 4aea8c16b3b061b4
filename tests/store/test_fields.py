"""Custom fields: any value of any of them reads back, nobody sees or writes more than their role, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.attachments import NewAttachment
from callcenterd.model.customers import Customer, CustomerCard
from callcenterd.model.dictionaries import DictionaryValue
from callcenterd.model.fields import (
    FIELD_TYPES,
    MOST_FIELDS,
    MOST_NUMBER,
    MOST_PLACES,
    MOST_TEXT,
    CustomField,
    FieldChoice,
    FieldId,
    FieldIsAnother,
    FieldTerms,
    FieldType,
    FieldValue,
    NewField,
)
from callcenterd.model.ids import CustomerId
from callcenterd.model.people import ROLES, Role
from callcenterd.model.site import Site, UserAccount
from callcenterd.store.database import Store
from callcenterd.store.tables.fields import custom_values
from tests.kit.virtual import START

ALL: tuple[Role, ...] = ("agent", "supervisor", "manager")
RED, BLUE, GREEN = (FieldChoice(code=code, chinese=code, english=code) for code in ("red", "blue", "green"))
ZHANG = CustomerCard(name="张三")


def a_field(name: str, type: FieldType = "text", **more: Any) -> NewField:  # noqa: A002
    known = {"chinese": name, "english": name, "readers": ALL, "writers": ALL, **more}
    return NewField(kind="customer", name=name, type=type, **known)


def terms_of(field: CustomField, **changed: Any) -> FieldTerms:
    names = ("chinese", "english", "required", "readers", "writers", "choices", "retired")
    return FieldTerms(**{name: getattr(field, name) for name in names} | changed)


async def kept(store: Store, given: dict[str, Any], role: Role | None = "agent") -> Customer:
    return await store.customers.create(replace(ZHANG, fields=given), "1001", role)


async def refused(store: Store, given: dict[str, Any], role: Role | None = "agent") -> dict[str, str]:
    """And nothing is kept: no card either."""
    _, before = await store.customers.search()
    with pytest.raises(Refused) as fault:
        await kept(store, given, role)
    assert (await store.customers.search())[1] == before
    return fault.value.fields


# ---- any definitions, any values --------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=MOST_TEXT).map(str.strip)
CODES = ("red", "blue", "green")


@st.composite
def fields_and_values(draw: st.DrawFn) -> list[tuple[NewField, FieldValue | None]]:
    found: list[tuple[NewField, FieldValue | None]] = []
    for n, type_ in enumerate(draw(st.lists(st.sampled_from(FIELD_TYPES), max_size=12))):
        more: dict[str, Any] = {"readers": (), "writers": ()}
        value: Any
        match type_:
            case "text":
                value = draw(TEXT)
            case "long_text":
                value = draw(st.lists(TEXT, max_size=4).map("\n".join)).strip()
            case "number":
                more["places"] = places = draw(st.integers(0, MOST_PLACES))
                value = draw(st.integers(-MOST_NUMBER * 10**places, MOST_NUMBER * 10**places)) / 10**places
            case "date":
                value = draw(st.dates())
            case "choice":
                more["choices"] = (RED, BLUE, GREEN)
                value = draw(st.sampled_from(CODES))
            case "multi_choice":
                more["choices"] = (RED, BLUE, GREEN)
                value = tuple(draw(st.lists(st.sampled_from(CODES), unique=True)))
            case "yes_no":
                value = draw(st.booleans())
            case "file":
                value = None  # none hangs on a record that is only being made: the test of files below
            case "reference":
                more["target"] = draw(st.sampled_from(["user", "customer"]))
                value = "7" if more["target"] == "user" else 1
        found.append((a_field(f"f{n}", type_, **more), draw(st.none()) if draw(st.integers(0, 5)) == 0 else value))
    return found


async def reads_back(store: Store, known: list[tuple[NewField, FieldValue | None]]) -> None:
    defined = [await store.fields.add(field) for field, _ in known]
    given_ = {field.name: value for field, value in known}
    wanted = {name: value for name, value in given_.items() if value not in (None, "", ())}
    made = await kept(store, given_, "admin")
    assert list(made.fields.items()) == list(wanted.items())
    assert (await store.customers.get(made.id, "admin")).fields == wanted
    assert (await store.customers.search(role="admin"))[0][0].fields == wanted
    for role in (*ALL, None):
        assert (await store.customers.get(made.id, role)).fields == {}
    # Written as it was read, nothing is another; every second one emptied, the rest stay.
    again = await store.customers.change(made.id, replace(ZHANG, fields=made.fields), "1001", role="admin")
    assert again.fields == wanted
    emptied = list(wanted)[::2]
    less = await store.customers.change(made.id, replace(ZHANG, fields=dict.fromkeys(emptied)), "1001", role="admin")
    rest = {name: value for name, value in wanted.items() if name not in emptied}
    assert less.fields == rest
    # A field with a value is retired, one without is gone.
    left = [one for field in defined if (one := await store.fields.remove(field.id)) is not None]
    assert {field.name for field in left} == set(rest)
    assert all(field.retired for field in left)
    assert (await store.customers.get(made.id, "admin")).fields == rest
    await forget(store, made.id)
    assert [await store.fields.remove(field.id) for field in left] == [None] * len(left)
    assert await store.fields.all() == []


async def forget(store: Store, customer: CustomerId) -> None:
    async def work(connection: AsyncConnection) -> None:
        await store.fields.forget(connection, "customer", [customer])

    await store._database.write(work)


async def test_whatever_an_office_defines_and_writes_reads_back(store: Store) -> None:
    await store.site.save(Site(users=(UserAccount(login="7", name="李四", role="agent"),)))
    await store.customers.create(ZHANG, "1001")
    loop = asyncio.get_running_loop()

    @settings(max_examples=60, deadline=None)
    @given(fields_and_values())
    def every(known: list[tuple[NewField, FieldValue | None]]) -> None:
        asyncio.run_coroutine_threadsafe(reads_back(store, known), loop).result()

    await asyncio.to_thread(every)


# ---- what a field cannot hold -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        (a_field("a"), 5, "must be a text"),
        (a_field("a"), "x" * 201, "at most 200 characters"),
        (a_field("a"), "x\ny", "has characters that cannot be seen"),
        (a_field("a"), "x\0y", "has characters that cannot be seen"),
        (a_field("a", "long_text"), "x\x7f", "has characters that cannot be seen"),
        (a_field("a", "long_text"), "x\ud800", "has characters that cannot be seen"),
        (a_field("a", "long_text"), "x" * 4001, "at most 4000 characters"),
        (a_field("a", "number"), "5", "must be a number"),
        (a_field("a", "number"), True, "must be a number"),
        (a_field("a", "number"), float("nan"), "must be a number"),
        (a_field("a", "number"), float("inf"), "must be from -100000000000 to 100000000000"),
        (a_field("a", "number"), 10**400, "must be from -100000000000 to 100000000000"),
        (a_field("a", "number"), 2.5, "at most 0 digits after the point"),
        (a_field("a", "number", places=2), 2.505, "at most 2 digits after the point"),
        (a_field("a", "date"), "2026-02-30", "must be a date, as 2026-11-27"),
        (a_field("a", "date"), "20261127", "must be a date, as 2026-11-27"),
        (a_field("a", "date"), "2026-W48-5", "must be a date, as 2026-11-27"),
        (a_field("a", "date"), 20261127, "must be a date, as 2026-11-27"),
        (a_field("a", "choice", choices=(RED, replace(BLUE, retired=True))), "blue", "blue cannot be chosen here"),
        (a_field("a", "choice", choices=(RED,)), ["red"], "must be the code of a choice"),
        (a_field("a", "choice", dictionary="level"), "red", "red cannot be chosen here"),
        (a_field("a", "multi_choice", choices=(RED,)), "red", "must be a list of codes"),
        (a_field("a", "multi_choice", choices=(RED,)), ["red", "blue"], "blue cannot be chosen here"),
        (a_field("a", "multi_choice", choices=(RED,)), ["red"] * 51, "at most 50 can be chosen"),
        (a_field("a", "yes_no"), 1, "must be yes or no"),
        (a_field("a", "reference", target="customer"), 4711, "there is no customer 4711"),
        (a_field("a", "reference", target="customer"), "1", "must be the number of a record"),
        (a_field("a", "reference", target="customer"), 2**63, "must be the number of a record"),
        (a_field("a", "reference", target="user"), "ghost", "there is no user ghost"),
        (a_field("a", "file"), 1, "no file 1 hangs on this record"),
        (a_field("a", "file"), "x.pdf", "must be the number of a file"),
        (a_field("b"), "x", "is no field of this record"),
    ],
)
async def test_what_a_field_cannot_hold_is_refused_by_its_name(
    store: Store, field: NewField, value: Any, why: str
) -> None:
    await store.fields.add(field)
    assert await refused(store, {"a": value}) == {"fields.a": why}


async def test_what_is_required_is_there_from_the_first_save_on(store: Store) -> None:
    needed = await store.fields.add(a_field("needed", required=True))
    assert await refused(store, {}) == {"fields.needed": "is missing"}
    assert await refused(store, {"needed": " "}) == {"fields.needed": "is missing"}
    made = await kept(store, {"needed": "x"})
    with pytest.raises(Refused):
        await store.customers.change(made.id, replace(ZHANG, fields={"needed": None}), "1001", role="agent")
    await store.customers.change(made.id, ZHANG, "1001", role="agent")
    assert (await store.customers.get(made.id, "agent")).fields == {"needed": "x"}
    older = await store.customers.create(ZHANG, "system")
    with pytest.raises(Refused):  # a form that shows it and leaves it empty
        await store.customers.change(older.id, replace(ZHANG, fields={"needed": None}), "1001", role="agent")
    # A caller who is written down by the system itself has no form to fill in; nor has who may not write it.
    assert (await store.customers.create(ZHANG, "system")).fields == {}
    await store.fields.change(needed.id, terms_of(needed, writers=("manager",)), None)
    assert (await kept(store, {})).fields == {}
    await store.fields.change(needed.id, terms_of(needed, retired=True), None)
    assert (await kept(store, {}, "manager")).fields == {}


# ---- who may ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [*ROLES, None])
async def test_each_role_sees_and_writes_its_own_fields_only(store: Store, role: Role | None) -> None:
    for reader in (*ALL, None):
        for writer in (*ALL, None):
            named = f"{reader}_{writer}".lower()
            await store.fields.add(
                a_field(named, readers=(reader,) if reader else (), writers=(writer,) if writer else ())
            )
    fields = await store.fields.all()
    assert len(fields) == 16
    made = await kept(store, {field.name: "old" for field in fields}, "admin")
    seen = {field.name for field in fields if role == "admin" or (role and field.name.startswith(role))}
    writes = {name for name in seen if role == "admin" or name.endswith(f"_{role}")}
    assert (await store.customers.get(made.id, role)).fields == dict.fromkeys(seen, "old")
    for field in fields:
        card = replace(ZHANG, fields={field.name: "new"})
        if field.name in writes:
            await store.customers.change(made.id, card, "x", role=role)
            continue
        with pytest.raises(Refused) as fault:
            await store.customers.change(made.id, card, "x", role=role)
        why = "you may not change this field" if field.name in seen else "is no field of this record"
        assert fault.value.fields == {f"fields.{field.name}": why}
        if field.name in seen:  # what stands there may be sent back
            await store.customers.change(made.id, replace(ZHANG, fields={field.name: "old"}), "x", role=role)
    now = (await store.customers.get(made.id, "admin")).fields
    assert now == {field.name: "new" if field.name in writes else "old" for field in fields}


async def test_a_save_by_who_does_not_see_a_field_leaves_it(store: Store) -> None:
    await store.fields.add(a_field("secret", readers=("manager",), writers=("manager",)))
    await store.fields.add(a_field("open"))
    made = await kept(store, {"secret": "x", "open": "y"}, "manager")
    changed = await store.customers.change(made.id, replace(ZHANG, fields={"open": "z"}), "1001", 1, "agent")
    assert changed.fields == {"open": "z"}
    assert (await store.customers.get(made.id, "manager")).fields == {"secret": "x", "open": "z"}
    assert (await store.customers.by_card("")) == []


# ---- definitions ------------------------------------------------------------------------------------------------


async def test_a_name_is_one_fields_of_a_kind(store: Store) -> None:
    first = await store.fields.add(a_field("a"))
    with pytest.raises(Refused) as fault:
        await store.fields.add(a_field("a", "number"))
    assert fault.value.fields == {"name": "there is one of that name already"}
    other = await store.fields.add(replace(a_field("a"), kind="complaint"))
    assert [field.id for field in await store.fields.all("customer")] == [first.id]
    assert [field.id for field in await store.fields.all()] == [other.id, first.id]


async def test_there_are_so_many_and_no_more(store: Store) -> None:
    for n in range(MOST_FIELDS):
        await store.fields.add(a_field(f"f{n}"))
    with pytest.raises(NotNow):
        await store.fields.add(a_field("more"))
    assert await refused(store, {f"x{n}": "" for n in range(MOST_FIELDS + 1)}) == {
        "fields": "at most 100 fields are kept"
    }


async def test_fields_have_an_order(store: Store) -> None:
    a, b, c = [await store.fields.add(a_field(name)) for name in "abc"]
    ordered = await store.fields.order("customer", [c.id, FieldId(4711), a.id, c.id])
    assert [(field.name, field.position) for field in ordered] == [("c", 0), ("a", 1), ("b", 2)]
    made = await kept(store, {"a": "1", "b": "2", "c": "3"})
    assert list(made.fields) == ["c", "a", "b"]
    await store.fields.remove(b.id)
    assert (await store.fields.add(a_field("d"))).position == 3


async def test_the_second_of_two_who_change_a_field_is_told(store: Store) -> None:
    field = await store.fields.add(a_field("a"))
    changed = await store.fields.change(field.id, terms_of(field, chinese="甲"), field.version)
    with pytest.raises(FieldIsAnother) as fault:
        await store.fields.change(field.id, terms_of(field, chinese="乙"), field.version)
    assert fault.value.now == changed == await store.fields.get(field.id)
    for asked in (store.fields.get(FieldId(9)), store.fields.remove(FieldId(9)),
                  store.fields.change(FieldId(9), terms_of(field), None)):  # fmt: skip
        with pytest.raises(NotFound):
            await asked


async def test_a_choice_that_a_record_has_is_retired_and_may_stay(store: Store) -> None:
    field = await store.fields.add(a_field("colour", "multi_choice", choices=(RED, BLUE, GREEN)))
    made = await kept(store, {"colour": ["blue", "red"]})
    changed = await store.fields.change(field.id, terms_of(field, choices=(GREEN,)), None)
    assert changed.choices == (GREEN, replace(RED, retired=True), replace(BLUE, retired=True))
    more = replace(ZHANG, fields={"colour": ("blue", "green")})
    assert (await store.customers.change(made.id, more, "x", role="agent")).fields == {"colour": ("blue", "green")}
    assert await refused(store, {"colour": ["blue"]}) == {"fields.colour": "blue cannot be chosen here"}


async def test_a_dictionarys_value_that_only_a_custom_field_has_is_retired(store: Store) -> None:
    await store.fields.add(a_field("heard_of_us", "choice", dictionary="tag"))
    value = DictionaryValue(code="fair", chinese="展会", english="A fair")
    await store.dictionaries.put("tag", [value])
    await kept(store, {"heard_of_us": "fair"})
    assert (await store.dictionaries.put("tag", [])).values == (replace(value, retired=True),)
    assert await refused(store, {"heard_of_us": "fair"}) == {"fields.heard_of_us": "fair cannot be chosen here"}


async def test_a_file_is_one_of_the_records_own_and_gone_with_it(store: Store) -> None:
    await store.fields.add(a_field("contract", "file", required=True))
    made, other = await kept(store, {}), await kept(store, {})  # nothing hangs on a record that is only being made
    new = NewAttachment(
        kind="customer", record=str(made.id), name="x.pdf", octets=1, type="application/pdf", sha256="0"
    )
    file = await store.attachments.add(new, "1001", START)
    named = replace(ZHANG, fields={"contract": file.id})
    assert (await store.customers.change(made.id, named, "1001", role="agent")).fields == {"contract": file.id}
    with pytest.raises(Refused) as fault:
        await store.customers.change(other.id, named, "1001", role="agent")
    assert fault.value.fields == {"fields.contract": f"no file {file.id} hangs on this record"}
    await store.attachments.remove(file.id)
    assert (await store.customers.get(made.id, "agent")).fields == {}


async def test_a_retired_field_is_read_and_not_written(store: Store) -> None:
    field = await store.fields.add(a_field("a"))
    made = await kept(store, {"a": "x"})
    assert await store.fields.remove(field.id) == replace(field, retired=True, version=2)
    assert (await store.customers.get(made.id, "agent")).fields == {"a": "x"}
    assert await refused(store, {"a": "y"}, "admin") == {"fields.a": "you may not change this field"}


async def test_dates_and_their_records_sort_in_the_database(store: Store) -> None:
    """The same days in both databases, from the first to the last that there is."""
    await store.fields.add(a_field("day", "date"))
    days = [date.min, date(999, 12, 31), date(1970, 1, 1), date(2026, 11, 27), date.max]
    made = [await kept(store, {"day": day.isoformat()}) for day in days]
    query = sa.select(custom_values.c.record_id).order_by(custom_values.c.day)
    assert [row.record_id for row in await store._database.rows(query)] == [customer.id for customer in made]
