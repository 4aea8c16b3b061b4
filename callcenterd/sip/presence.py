"""Whether somebody can be reached, as PIDF (RFC 3856, RFC 3863) with the word that phones show (RFC 4480, RFC 4479)."""

from __future__ import annotations

import html
from typing import Literal

from callcenterd.sip.headers import readable
from callcenterd.sip.uri import SipUri

CONTENT_TYPE = "application/pidf+xml"

Word = Literal["available", "busy", "offline"]

_ACTIVITY = {"available": "", "busy": "<rpid:activities><rpid:busy/></rpid:activities>", "offline": ""}


def document(number: str, domain: str, word: Word) -> bytes:
    """basic is open for who is there, busy or not: they can be reached, if later."""
    entity = html.escape(readable(str(SipUri.of(number, domain))))
    namespaces = (
        'xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" '
        'xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"'
    )
    lines = (
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<presence {namespaces} entity="{entity}">',
        f'<tuple id="phone"><status><basic>{"closed" if word == "offline" else "open"}</basic></status>'
        f"<contact>{entity}</contact><note>{word}</note></tuple>",
        f'<dm:person id="person">{_ACTIVITY[word]}<dm:note>{word}</dm:note></dm:person>',
        "</presence>",
    )
    return ("\n".join(lines) + "\n").encode()
