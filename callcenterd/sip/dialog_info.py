"""What a lamp for a colleague's extension is told: the extension's dialogs as XML (RFC 4235), always the full state.

A plain function of words: who may see with whom an extension speaks is decided where it is known who watches.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from callcenterd.sip.headers import readable
from callcenterd.sip.uri import SipUri

CONTENT_TYPE = "application/dialog-info+xml"
LONGEST_NAME = 100

DialogState = Literal["early", "confirmed", "terminated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogSeen:
    """One call of the extension. id: the same for as long as it lives. initiator: the extension called.

    remote, remote_name: the other side; "" if who watches may not know it, or nobody does.
    """

    id: str
    state: DialogState
    initiator: bool
    remote: str = ""
    remote_name: str = ""


def document(number: str, domain: str, version: int, dialogs: Sequence[DialogSeen]) -> bytes:
    """RFC 4235 §4. version: one more with every document of the same subscription (§4.1.2).

    An extension that does nothing has one dialog that is over: there are phones that put a lamp out only for that.
    """
    entity = _quoted(str(SipUri.of(number, domain)))
    idle = DialogSeen(id=number, state="terminated", initiator=False)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{version}" state="full" entity="{entity}">',
        *(_dialog(dialog, entity, domain) for dialog in dialogs or (idle,)),
        "</dialog-info>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _dialog(dialog: DialogSeen, entity: str, domain: str) -> str:
    """§4.1: remote and local are left out of one that is over."""
    direction = "" if dialog.state == "terminated" else f' direction="{_direction(dialog)}"'
    sides = ""
    if dialog.state != "terminated":
        sides = f"<local><identity>{entity}</identity></local>"
        if dialog.remote:
            uri = _quoted(str(SipUri.of(readable(dialog.remote, LONGEST_NAME), domain)))
            display = f' display="{_quoted(dialog.remote_name)}"' if dialog.remote_name else ""
            sides += f'<remote><identity{display}>{uri}</identity><target uri="{uri}"/></remote>'
    return f'<dialog id="{_quoted(dialog.id)}"{direction}><state>{dialog.state}</state>{sides}</dialog>'


def _direction(dialog: DialogSeen) -> str:
    return "initiator" if dialog.initiator else "recipient"


def _quoted(text: str) -> str:
    """Fit for an attribute and for text: no mark-up, no control characters, which XML 1.0 has no way to write."""
    return html.escape(readable(text, LONGEST_NAME))
