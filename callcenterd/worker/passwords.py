"""Passwords become argon2 hashes, and are compared with them: in threads (the hashing lets go of the
interpreter), two at a time, so that a flood of sign-ins takes no more than that from the calls.
"""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from callcenterd.errors import Refused

AT_ONCE = 2
MAX_LENGTH = 1024
"""Characters; more is no password, and hashing it is work for nothing."""


class Passwords:
    """hasher: what a hash costs (None: the library's recommendation, RFC 9106)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, text: str) -> str:
        """Raises Refused for an empty or an endless one."""
        if not 0 < len(text) <= MAX_LENGTH:
            raise Refused(f"a password has 1 to {MAX_LENGTH} characters", {"password": "length"})
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, text)

    async def verify(self, hashed: str, text: str) -> bool:
        """Is this the password? hashed "": there is no such user, or one who cannot sign in; costs the same time."""
        if len(text) > MAX_LENGTH:
            return False
        if self._nobody is None:
            self._nobody = await self.hash("nobody has this password")
        async with self._turn:
            fits = await asyncio.to_thread(self._fits, hashed or self._nobody, text)
        return fits and bool(hashed)

    def _fits(self, hashed: str, text: str) -> bool:
        try:
            return self._hasher.verify(hashed, text)
        except (VerificationError, InvalidHashError):
            return False
