"""The second factor of a sign-in: codes of a device that everybody knows how to make (TOTP, RFC 6238), each good once.

Six digits, of half a minute each (what every such app takes); the one before and the one after count as well, since
clocks differ. In place of a code a recovery code may be said; those are of 120 random bits and kept as hashes only.
Guesses at a code are counted like guesses at a password, by who asks here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random

import pyotp
import segno

from callcenterd.clock import Clock
from callcenterd.model.people import Role
from callcenterd.model.second_factor import SecondFactor
from callcenterd.model.site import Secret, UserAccount
from callcenterd.store.second_factors import SecondFactors

STEP = 30
"""Seconds for which a code is the present one."""
BESIDE = 1
"""Steps that a device's clock may be ahead or behind."""
KEY_OCTETS = 20
"""RFC 4226 §4 asks for 128 bits and recommends 160."""
RECOVERY_CODES = 8
RECOVERY_OCTETS = 15
ISSUER = "callcenterd"


def new_key(chance: random.Random) -> Secret:
    return Secret(base64.b32encode(chance.randbytes(KEY_OCTETS)).decode())


def address_of(key: Secret, login: str) -> str:
    """What a device reads from the picture (otpauth:)."""
    return pyotp.TOTP(key.reveal(), interval=STEP).provisioning_uri(name=login, issuer_name=ISSUER)


def picture_of(address: str) -> str:
    """A QR code, SVG in a data: address. Made here: no one else sees the key."""
    return segno.make(address, error="m").svg_data_uri(scale=5, border=2)


def step_of(key: Secret, code: str, now: float) -> int | None:
    """Of which step around now it is the code; None: of none. now: seconds of UTC."""
    made, present = pyotp.TOTP(key.reveal(), interval=STEP), int(now) // STEP
    if not (len(code) == made.digits and code.isascii() and code.isdigit()):
        return None
    steps = range(max(0, present - BESIDE), present + BESIDE + 1)
    fits = [step for step in steps if hmac.compare_digest(made.generate_otp(step), code)]
    return fits[0] if fits else None


def new_recovery(chance: random.Random) -> list[str]:
    """As people write them down: "abcd-efgh-…"."""
    made = (base64.b32encode(chance.randbytes(RECOVERY_OCTETS)).decode().lower() for _ in range(RECOVERY_CODES))
    return ["-".join(one[n : n + 4] for n in range(0, len(one), 4)) for one in made]


def hashed(recovery: str) -> str:
    """As it is kept, however it was typed."""
    plain = "".join(sign for sign in recovery.lower() if sign.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


class Factors:
    """Who has a second factor, who must have one, and whether a code is theirs."""

    def __init__(self, store: SecondFactors, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: tuple[frozenset[str], frozenset[str]] | None = None
        self._changes = 0

    def forget(self) -> None:
        """It may be another: ask the store again."""
        self._known = None
        self._changes += 1

    async def _now(self) -> tuple[frozenset[str], frozenset[str]]:
        """Logins that have one, and roles that must. From memory: every request asks."""
        if self._known is not None:
            return self._known
        changes = self._changes
        found = (await self._store.logins(), await self._store.roles())
        if changes == self._changes:
            self._known = found
        return found

    async def has(self, login: str) -> bool:
        return login in (await self._now())[0]

    async def logins(self) -> frozenset[str]:
        return (await self._now())[0]

    async def roles(self) -> frozenset[str]:
        return (await self._now())[1]

    async def set_roles(self, roles: frozenset[Role]) -> None:
        await self._store.set_roles(roles)
        self.forget()

    async def lacks(self, account: UserAccount) -> bool:
        """They must have one, and have none."""
        logins, roles = await self._now()
        return account.role in roles and account.login not in logins

    async def of(self, login: str) -> SecondFactor:
        return await self._store.of(login)

    async def fits(self, login: str, code: str) -> bool:
        """Is it the code of their device, or one of their recovery codes; it is good no more after this."""
        factor = await self._store.of(login)
        if factor.since is None:
            return False
        code = "".join(code.split())
        step = step_of(factor.key, code, self._clock.utc().timestamp())
        if step is not None:
            return await self._store.use(login, step)
        return len(code) > 6 and await self._store.use_recovery(login, hashed(code))

    async def begin(self, login: str, key: Secret) -> None:
        await self._store.begin(login, key)

    async def prove(self, login: str, code: str, recovery: list[str]) -> bool:
        """Is it the code of the key that was shown last; that is in force then."""
        factor, now = await self._store.of(login), self._clock.utc()
        key = factor.next_key
        step = step_of(key, "".join(code.split()), now.timestamp()) if key.reveal() else None
        if step is None:
            return False
        proven = await self._store.prove(login, key, step, [hashed(one) for one in recovery], now)
        self.forget()
        return proven

    async def remove(self, login: str) -> bool:
        """False: there was none."""
        removed = await self._store.remove(login)
        self.forget()
        return removed
