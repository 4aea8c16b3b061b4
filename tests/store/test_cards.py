"""Cards' PINs and accounts: what nobody may do to a posting, what many at once cannot, and what a crash leaves."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy.ext.asyncio import create_async_engine

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.cards import MOST_AMOUNT, WRONG_PINS, CardId, Ledger, NewCard, NewPosting, PostingId, PostingKind
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import CustomerId
from callcenterd.model.site import Secret
from callcenterd.store.cards import LOCKED, MOST_LOCKED, REMEMBERED
from callcenterd.store.database import Store
from callcenterd.store.engine import address_of
from tests.kit.database import with_tables
from tests.kit.virtual import START, VirtualClock

TODAY = date(2026, 8, 3)
NUMBER = "88001234"


async def a_card(store: Store, number: str = NUMBER, **terms: Any) -> CardId:
    customer = await store.customers.create(CustomerCard(name="张三"), "root")
    return await store.cards.add(customer.id, NewCard(number=number, **terms), Secret("hash"), START, "root")


def posted(amount: int, kind: PostingKind = "recharge", ledger: Ledger = "money", **more: Any) -> NewPosting:
    return NewPosting(ledger=ledger, kind=kind, amount=amount, **more)


async def post(store: Store, card: CardId, posting: NewPosting, today: date = TODAY) -> int:
    """The balance after it."""
    kept, _ = await store.cards.post(card, posting, START, "2001", today)
    return kept.balance


# ---- cards ------------------------------------------------------------------------------------------------------


async def test_a_card_is_kept_with_what_stands_on_it(store: Store) -> None:
    card = await a_card(store, valid_until=TODAY, overdraft=500)
    await post(store, card, posted(120205))
    await post(store, card, posted(300, ledger="points"))
    kept = await store.cards.get(card)
    assert (kept.money, kept.points, kept.has_pin, kept.overdraft) == (120205, 300, True, 500)
    assert [one.id for one in await store.cards.of_customer(kept.customer)] == [card]
    assert [kept.state(day) for day in (TODAY, TODAY + timedelta(days=1))] == ["active", "expired"]
    await store.cards.change(card, blocked=True)
    assert (await store.cards.get(card)).state(TODAY) == "blocked"


async def test_a_number_is_one_cards_and_its_customer_is_there(store: Store) -> None:
    card = await a_card(store)
    customer = (await store.cards.get(card)).customer
    with pytest.raises(Refused):
        await store.cards.add(customer, NewCard(number=NUMBER), Secret(""), START, "root")
    with pytest.raises(NotFound):
        await store.cards.add(CustomerId(999), NewCard(number="1234"), Secret(""), START, "root")
    for asked in (store.cards.get(CardId(999)), store.cards.change(CardId(999), blocked=True)):
        with pytest.raises(NotFound):
            await asked


async def test_a_customer_is_found_by_a_prepaid_cards_number(store: Store) -> None:
    customer = (await store.cards.get(await a_card(store))).customer
    assert [found.id for found in await store.customers.by_card(NUMBER)] == [customer]
    found, total = await store.customers.search("80012")
    assert ([one.id for one in found], total) == ([customer], 1)


# ---- tries of PINs ----------------------------------------------------------------------------------------------


async def test_so_many_wrong_pins_lock_and_each_time_for_longer(store: Store) -> None:
    card, now, lengths = await a_card(store), START, []
    for _ in range(8):
        tries = [await store.cards.begin_try(NUMBER, now) for _ in range(WRONG_PINS)]
        assert [(one.allowed, one.locks) for one in tries] == [
            (True, n == WRONG_PINS) for n in range(1, WRONG_PINS + 1)
        ]
        assert not (await store.cards.begin_try(NUMBER, now)).allowed
        until = (await store.cards.get(card)).locked_until
        assert until is not None
        lengths.append(until - now)
        assert not (await store.cards.begin_try(NUMBER, until - timedelta(seconds=1))).allowed
        now = until
    assert lengths == [min(LOCKED * 2**n, MOST_LOCKED) for n in range(8)]
    await store.cards.forget_tries(NUMBER)
    kept = await store.cards.get(card)
    assert (kept.failed, kept.locked_until) == (0, None)


async def test_the_right_pin_or_a_new_one_begins_the_count_anew(store: Store) -> None:
    card = await a_card(store)
    for forget in (store.cards.forget_tries(NUMBER), store.cards.change(card, pin_hash=Secret("other"))):
        for _ in range(WRONG_PINS - 1):
            await store.cards.begin_try(NUMBER, START)
        assert (await store.cards.get(card)).failed == WRONG_PINS - 1
        await forget
        assert (await store.cards.get(card)).failed == 0


async def test_a_number_that_is_no_card_is_locked_just_as_one_that_is(store: Store) -> None:
    await a_card(store)
    stories = []
    for number in (NUMBER, "99999999"):
        tries = [await store.cards.begin_try(number, START) for _ in range(WRONG_PINS + 2)]
        stories.append([(one.allowed, one.locks) for one in tries])
    assert stories[0] == stories[1]


async def test_a_thousand_tries_at_once_are_no_more_than_may_be(store: Store) -> None:
    await a_card(store)
    tries = await asyncio.gather(*(store.cards.begin_try(NUMBER, START) for _ in range(1000)))
    assert sum(one.allowed for one in tries) == WRONG_PINS


async def test_what_was_tried_long_ago_is_forgotten(store: Store, address: str | Path) -> None:
    for number in ("1111", "2222"):
        await store.cards.begin_try(number, START)
    await store.cards.begin_try("3333", START + REMEMBERED + timedelta(seconds=1))
    assert await ask(address, "SELECT number FROM card_tries") == [("3333",)]


# ---- postings ---------------------------------------------------------------------------------------------------


async def ask(address: str | Path, *statements: str) -> list[tuple[Any, ...]]:
    """By hand, as somebody with a shell would. Answers the rows of the last."""
    engine = create_async_engine(address_of(address))
    try:
        async with engine.begin() as connection:
            for statement in statements:
                found = await connection.execute(sa.text(statement))
            return [tuple(row) for row in found.all()] if found.returns_rows else []
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE postings SET amount = 1000000 WHERE id = 1",
        "UPDATE postings SET reason = 'x'",
        "DELETE FROM postings WHERE id = 1",
        "DELETE FROM postings",
        "INSERT {replace} INTO postings (id, card_id, ledger, kind, amount, at, by) VALUES"
        " (1, 1, 'money', 'recharge', 9, '2026-08-03T00:00:00+00:00', 'me') {conflict}",
        "INSERT {replace} INTO postings (card_id, ledger, kind, amount, at, by, key) VALUES"
        " (1, 'money', 'recharge', 9, '2026-08-03T00:00:00+00:00', 'me', 'k') {conflict}",
    ],
)
async def test_no_statement_changes_or_removes_a_posting(store: Store, address: str | Path, statement: str) -> None:
    card = await a_card(store)
    await post(store, card, posted(100, key="k"))
    sqlite = isinstance(address, Path)
    conflict = (
        ""
        if sqlite
        else "ON CONFLICT (id) DO UPDATE SET amount = 9"
        if "(id" in statement
        else ("ON CONFLICT (card_id, key) DO UPDATE SET amount = 9")
    )
    with pytest.raises(sa.exc.DBAPIError):
        await ask(address, statement.format(replace="OR REPLACE" if sqlite else "", conflict=conflict))
    assert (await store.cards.get(card)).money == 100
    assert [one.amount for one in (await store.cards.postings(card))[0]] == [100]


async def test_postings_are_listed_newest_first_with_the_balance_after_each(store: Store) -> None:
    card = await a_card(store)
    for amount in (1000, -300, 50):
        await post(store, card, posted(amount, "recharge" if amount > 0 else "consumption"))
        await post(store, card, posted(amount * 2, ledger="points"))
    page, total = await store.cards.postings(card, "money", limit=2)
    assert ([(one.amount, one.balance) for one in page], total) == ([(50, 750), (-300, 700)], 3)
    assert [one.balance for one in (await store.cards.postings(card))[0]] == [1500, 750, 1400, 700, 2000, 1000]
    page, total = await store.cards.postings(card, "points", limit=2, offset=2)
    assert ([(one.amount, one.balance) for one in page], total) == ([(2000, 2000)], 3)


async def test_the_same_key_posts_once_and_says_what_stands(store: Store) -> None:
    card = await a_card(store)
    once = posted(500, key="order-1", reference="R1")
    answers = await asyncio.gather(*(store.cards.post(card, once, START, "2001", TODAY) for _ in range(20)))
    assert len({kept.id for kept, _ in answers}) == 1
    assert sum(new for _, new in answers) == 1
    assert (await store.cards.get(card)).money == 500
    with pytest.raises(NotNow, match="another posting"):
        await post(store, card, replace(once, amount=501))
    other = await a_card(store, "555566")
    assert await post(store, other, once) == 500, "a key is its card's"


async def test_money_is_not_spent_twice_however_many_ask_at_once(store: Store) -> None:
    card = await a_card(store, overdraft=50)
    await post(store, card, posted(1000))
    asked = (post(store, card, posted(-100, "consumption")) for _ in range(40))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, NotNow) for one in answers) == 30
    assert (await store.cards.get(card)).money == 0
    assert await post(store, card, posted(-50, "consumption")) == -50
    with pytest.raises(NotNow, match="not enough"):
        await post(store, card, posted(-1, "consumption"))
    with pytest.raises(NotNow, match="not enough"):
        await post(store, card, posted(-1, ledger="points"))
    assert await post(store, card, posted(20)) == -30, "more may always come, also where it is not enough yet"


async def test_a_card_that_is_blocked_or_expired_pays_nothing_but_takes(store: Store) -> None:
    card = await a_card(store, valid_until=TODAY)
    await post(store, card, posted(100))
    with pytest.raises(NotNow, match="expired"):
        await post(store, card, posted(-1, "consumption"), TODAY + timedelta(days=1))
    await store.cards.change(card, blocked=True)
    with pytest.raises(NotNow, match="blocked"):
        await post(store, card, posted(-1, "consumption"))
    assert await post(store, card, posted(1)) == 101


async def test_a_posting_is_undone_once_by_its_opposite(store: Store) -> None:
    card, other = await a_card(store), await a_card(store, "5555")
    await post(store, card, posted(700))
    [wrong], _ = await store.cards.postings(card)
    undoing = posted(-700, "correction", reverses=wrong.id)
    with pytest.raises(Refused):
        await post(store, card, replace(undoing, amount=-600))
    for gone in (replace(undoing, reverses=PostingId(999)), replace(undoing, ledger="points")):
        with pytest.raises(NotFound):
            await post(store, card, gone)
    with pytest.raises(NotFound):
        await post(store, other, undoing)
    assert await post(store, card, undoing) == 0
    await post(store, card, posted(700))
    with pytest.raises(NotNow, match="undone before"):
        await post(store, card, undoing)
    assert [one.reversed for one in (await store.cards.postings(card))[0]] == [False, False, True]


async def test_no_balance_is_larger_than_a_page_can_add_up(store: Store) -> None:
    card = await a_card(store)
    await post(store, card, posted(MOST_AMOUNT))
    with pytest.raises(Refused):
        await post(store, card, posted(1))


# ---- in any order -----------------------------------------------------------------------------------------------


class Accounts(RuleBasedStateMachine):
    """Whatever is posted in whatever order: a plain list of numbers says the same as the tables."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.store = self.run(Store.open(with_tables(Path(self.folder.name) / "db"), clock=VirtualClock()))
        self.cards = [self.run(a_card(self.store, f"1000{n}", overdraft=n * 100)) for n in range(2)]
        self.expected: dict[tuple[int, Ledger], list[int]] = {}
        self.keys: dict[tuple[int, str], NewPosting] = {}
        self.undone: set[int] = set()
        self.ids: dict[int, tuple[int, NewPosting]] = {}

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @rule(
        which=st.integers(0, 1),
        ledger=st.sampled_from(["money", "points"]),
        amount=st.integers(-300, 300).filter(bool),
        key=st.sampled_from(["", "a", "b", "c"]),
        times=st.integers(1, 3),
    )
    def somebody_posts(self, which: int, ledger: Ledger, amount: int, key: str, times: int) -> None:
        self._post(which, NewPosting(ledger=ledger, kind="correction", amount=amount, key=key), times)

    @rule(data=st.data())
    def somebody_undoes(self, data: st.DataObject) -> None:
        if not self.ids:
            return
        number = data.draw(st.sampled_from(sorted(self.ids)))
        which, before = self.ids[number]
        undoing = NewPosting(ledger=before.ledger, kind="correction", amount=-before.amount, reverses=PostingId(number))
        if number in self.undone:
            with pytest.raises(NotNow):
                self.run(self.store.cards.post(self.cards[which], undoing, START, "2001", TODAY))
        elif self._post(which, undoing, 1):
            self.undone.add(number)

    def _post(self, which: int, posting: NewPosting, times: int) -> bool:
        """times: at once. Answers whether anything was posted."""
        held = self.expected.setdefault((which, posting.ledger), [])
        least = -which * 100 if posting.ledger == "money" else 0
        wanted = 1 if posting.key else times
        earlier = self.keys.get((which, posting.key)) if posting.key else None
        if earlier is not None:
            wanted = 0
        else:
            balance, possible = sum(held), 0
            while possible < wanted and (posting.amount > 0 or balance + posting.amount >= least):
                balance, possible = balance + posting.amount, possible + 1
            wanted = possible
        asked = [self.store.cards.post(self.cards[which], posting, START, "2001", TODAY) for _ in range(times)]

        async def at_once() -> list[Any]:
            return await asyncio.gather(*asked, return_exceptions=True)

        answers = self.run(at_once())
        new = [kept for kept, is_new in (one for one in answers if isinstance(one, tuple)) if is_new]
        assert all(isinstance(one, tuple | NotNow) for one in answers), answers
        assert len(new) == wanted
        for kept in new:
            held.append(posting.amount)
            self.ids[kept.id] = (which, posting)
            if posting.key:
                self.keys[which, posting.key] = posting
        if earlier is not None:
            assert all(isinstance(one, tuple) for one in answers) == (earlier == posting)
        return bool(new)

    @invariant()
    def the_sums_are_equal_and_nothing_is_lost(self) -> None:
        for which, card in enumerate(self.cards):
            kept = self.run(self.store.cards.get(card))
            held: tuple[tuple[Ledger, int], ...] = (("money", kept.money), ("points", kept.points))
            for ledger, balance in held:
                amounts = self.expected.get((which, ledger), [])
                listed, total = self.run(self.store.cards.postings(card, ledger, 500))
                assert balance == sum(amounts)
                assert [one.amount for one in reversed(listed)] == amounts
                assert total == len(amounts)
                assert not listed or listed[0].balance == balance
                assert balance >= (-which * 100 if ledger == "money" else 0)

    def teardown(self) -> None:
        self.run(self.store.close())
        self.loop.close()
        self.folder.cleanup()


TestAccounts = Accounts.TestCase
TestAccounts.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)


# ---- kill -9 ----------------------------------------------------------------------------------------------------

WRITER = """
import asyncio, sys
from datetime import date
from pathlib import Path
from callcenterd.model.cards import CardId, NewPosting
from callcenterd.store.database import Store
from tests.kit.virtual import START, VirtualClock

async def one(store, key):
    posting = NewPosting(ledger="money", kind="recharge", amount=7, key=key)
    kept, _ = await store.cards.post(CardId(1), posting, START, "2001", date(2026, 8, 3))
    print(key, flush=True)

async def main(address, round):
    store = await Store.open(address if "://" in address else Path(address), clock=VirtualClock())
    number = 0
    while True:
        await asyncio.gather(*(one(store, f"{round}-{number + n}") for n in range(5)))
        number += 5

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


async def test_acknowledged_postings_outlive_kill_9_and_none_is_there_half(
    store: Store, address: str | Path, clock: VirtualClock
) -> None:
    card = await a_card(store)
    await store.close()
    acknowledged: list[str] = []
    for number in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(address), str(number)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            told = [child.stdout.readline() for _ in range(25 + 20 * number)]
            child.send_signal(signal.SIGKILL)
            told += child.stdout.readlines()
        assert child.returncode == -signal.SIGKILL, "the writer ended by itself"
        acknowledged += [line.strip() for line in told if line.endswith("\n")]
    again = await Store.open(address, clock=clock)
    try:
        kept, total = await again.cards.postings(card, limit=500)
        assert len(acknowledged) >= 75
        assert set(acknowledged) <= {one.key for one in kept}
        assert (await again.cards.get(card)).money == 7 * total
        # Who was not told asks again with the same keys: nothing is posted twice.
        for key in acknowledged:
            _, new = await again.cards.post(card, posted(7, key=key), START, "2001", TODAY)
            assert not new
    finally:
        await again.close()
