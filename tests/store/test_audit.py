"""The audit trail (ADM-03): only ever added to, whoever tries; what stood in a record goes only once it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from callcenterd.model.consultations import ConsultationFields
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import CustomerId
from callcenterd.model.people import AuditEntry
from callcenterd.store.database import Store
from tests.kit.virtual import START
from tests.store.test_duties import tried

TAMPERING = [
    "UPDATE audit SET who = 'nobody'",
    "UPDATE audit SET details = '{}'",
    "UPDATE audit SET at = (SELECT max(at) FROM audit) WHERE id = 1",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE id = 1",
    "UPDATE audit_values SET changes = '{}'",
    "UPDATE audit_values SET target = 'customer/99' WHERE audit_id = 1",
    "DELETE FROM audit_values",
    "DELETE FROM audit_values WHERE audit_id = 1",
]
ONLY_SQLITE = [
    "UPDATE OR REPLACE audit SET id = 2 WHERE id = 1",
    "REPLACE INTO audit SELECT id, at, 'nobody', what, target, details FROM audit WHERE id = 1",
    "REPLACE INTO audit_values SELECT audit_id, target, at, '{}' FROM audit_values WHERE audit_id = 1",
]
ONLY_POSTGRESQL = [
    "INSERT INTO audit SELECT * FROM audit ON CONFLICT (id) DO UPDATE SET who = 'nobody'",
    "TRUNCATE audit CASCADE",
    "TRUNCATE audit_values",
]


async def told(store: Store) -> list[AuditEntry]:
    return (await store.audit.search())[0]


async def test_nobody_changes_or_removes_anything_of_the_trail(store: Store, address: str | Path) -> None:
    for n in range(2):
        changes = {"name": [None, f"n{n}"]}
        await store.audit.append(START, "1001", "customer.created", f"customer/{n}", {"fields": ["name"]}, changes)
    before = await told(store)
    for statement in TAMPERING + (ONLY_SQLITE if isinstance(address, Path) else ONLY_POSTGRESQL):
        assert await tried(address, statement), statement
        assert await told(store) == before, statement
    assert await tried(address, "UPDATE customers SET note = ''") == "", "the shell works"


async def test_values_of_somebody_who_is_erased_go_and_the_trail_says_so(store: Store, address: str | Path) -> None:
    customers = [await store.customers.create(CustomerCard(name=name), by="1001") for name in ("n1", "n2")]
    for one in customers:
        asked = ConsultationFields(category="use", customer=CustomerId(one.id), name=one.name)
        await store.consultations.add(
            asked, at=START, owner="1001", team="", by="1001", now=START, day=START.date(), role=None
        )
    for kind in ("customer", "consultation"):
        for one in customers:
            await store.audit.append(START, "1001", f"{kind}.created", f"{kind}/{one.id}", {}, {"name": [None, "n"]})
    gone = customers[0]
    await store.bin.remove(gone.id, gone.version, "root", "x")
    await store.bin.erase(gone.id, "root")
    left = {one.target for one in await told(store) if one.changes}
    assert left == {"customer/2", "consultation/2"}
    said = {one.target: (one.who, one.what, one.details) for one in (await told(store))[:2]}
    assert said == {
        "customer/1": ("root", "customer.values_erased", {"changes": 1}),
        "consultation/1": ("root", "consultation.values_erased", {"changes": 1}),
    }
    assert len(await told(store)) == 6
    # What is written of it later does not go by what was said before.
    await store.audit.append(START, "1001", "customer.changed", "customer/1", {}, {"name": [None, "n"]})
    assert await tried(address, "DELETE FROM audit_values WHERE target = 'customer/1'")


@pytest.mark.parametrize(("target", "found"), [("customer", 2), ("customer/1", 1), ("custom", 0), ("customer/", 0)])
async def test_what_it_was_done_to(store: Store, target: str, found: int) -> None:
    for named in ("customer/1", "customer/12", "customers"):
        await store.audit.append(START, "1001", "x", named)
    assert (await store.audit.search(target=target))[1] == found
