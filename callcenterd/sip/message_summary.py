"""What a message lamp is told (RFC 3842 §5): are there messages, and how many new and old ones."""

from __future__ import annotations

from callcenterd.sip.uri import SipUri

CONTENT_TYPE = "application/simple-message-summary"


def document(number: str, domain: str, *, new: int, old: int) -> bytes:
    """new: nobody has seen to it yet; old: somebody has."""
    lines = (
        f"Messages-Waiting: {'yes' if new else 'no'}",
        f"Message-Account: {SipUri.of(number, domain)}",
        f"Voice-Message: {new}/{old} (0/0)",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()
