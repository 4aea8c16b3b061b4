from __future__ import annotations

import asyncio
import threading
from typing import Literal

import pytest
from argon2 import PasswordHasher

from callcenterd.errors import Refused
from callcenterd.worker.passwords import AT_ONCE, MAX_LENGTH, Passwords

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class CountingHasher(PasswordHasher):
    """How many hash at the same moment, and how often a hash was compared."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=2048, parallelism=1)
        self.now = self.most = self.compared = 0
        self._turn = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        with self._turn:
            self.now += 1
            self.compared += 1
            self.most = max(self.most, self.now)
        try:
            return super().verify(hash, password)
        finally:
            with self._turn:
                self.now -= 1


async def test_a_password_fits_its_hash_and_no_other() -> None:
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash("correct 马 battery")
    assert hashed.startswith("$argon2id$")
    assert await passwords.verify(hashed, "correct 马 battery")
    assert not await passwords.verify(hashed, "correct 马 batter")
    assert not await passwords.verify(hashed, "")


async def test_the_same_password_is_hashed_differently_each_time() -> None:
    passwords = Passwords(CHEAP)
    assert await passwords.hash("same") != await passwords.hash("same")


async def test_an_unknown_user_never_fits_and_costs_a_comparison_all_the_same() -> None:
    hasher = CountingHasher()
    passwords = Passwords(hasher)
    assert not await passwords.verify("", "nobody has this password")
    assert not await passwords.verify("", "")
    assert hasher.compared == 2


async def test_what_is_no_hash_fits_nothing() -> None:
    assert not await Passwords(CHEAP).verify("not a hash", "x")


async def test_a_flood_of_sign_ins_is_compared_two_at_a_time() -> None:
    hasher = CountingHasher()
    passwords = Passwords(hasher)
    hashed = await passwords.hash("x")
    assert all(await asyncio.gather(*(passwords.verify(hashed, "x") for _ in range(12))))
    assert hasher.most <= AT_ONCE


async def test_an_endless_password_is_refused_without_hashing_it() -> None:
    hasher = CountingHasher()
    passwords = Passwords(hasher)
    with pytest.raises(Refused):
        await passwords.hash("x" * (MAX_LENGTH + 1))
    with pytest.raises(Refused):
        await passwords.hash("")
    assert not await passwords.verify("", "x" * (MAX_LENGTH + 1))
    assert hasher.compared == 0
