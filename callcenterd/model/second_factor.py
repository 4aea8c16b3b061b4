"""What somebody proves themselves by beside the password: codes of a device (TOTP, RFC 6238)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callcenterd.model.site import NO_SECRET, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """key: of the device, Base32. since: when it was proven; None: it is not in force. recovery: codes that are left.

    next_key: of a device that was shown its key, and has not proven it yet.
    """

    login: str
    key: Secret = NO_SECRET
    next_key: Secret = NO_SECRET
    since: datetime | None = None
    recovery: int = 0
