"""What each vendor's phones ask for, and what is in it.

The keys are those of the vendors' administrator guides. A file holds a password, so it is only handed out for the
token of its device. Values are written so that none can add a line or a tag.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from callcenterd.model.devices import Device, Vendor
from callcenterd.model.site import Secret

PhoneTransport = Literal["udp", "tcp", "tls"]
REGISTERED_FOR = 600
"""Seconds: a phone that was unplugged is missed after ten minutes."""
MOST_LAMPS = 16

_SEPARATORS = re.compile(r"[\s:.-]+")
_MAC = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Lamp:
    """A key that shows whether a colleague is free, and calls them."""

    number: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one phone is told.

    host, port, transport: where it finds us. offset: minutes of the office's time ahead of UTC; zone: its name.
    lamps: colleagues, at most MOST_LAMPS. language: "zh-CN" or "en".
    sealed: its sound must be encrypted (SRTP). Grandstream's word for that is not known to us: it is set by hand there.
    """

    number: str
    password: Secret
    name: str
    host: str
    port: int
    transport: PhoneTransport
    language: str
    offset: int
    zone: str
    ntp: str
    lamps: tuple[Lamp, ...] = ()
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class _Kind:
    """wanted: the name of the file, with {mac} and {MAC}; a pattern. media: its content type."""

    wanted: str
    media: str
    template: str


_KINDS: Mapping[Vendor, _Kind] = {
    "yealink": _Kind(r"{mac}\.cfg", "text/plain", "yealink.cfg"),
    "grandstream": _Kind(r"cfg{mac}(\.xml)?", "application/xml", "grandstream.xml"),
    "fanvil": _Kind(r"{mac}\.(cfg|xml)", "application/xml", "fanvil.xml"),
    "snom": _Kind(r"(snom[A-Za-z0-9]{0,12}-)?({mac}|{MAC})\.(htm|xml)", "application/xml", "snom.xml"),
}
FILE_NAMES: Mapping[Vendor, str] = {
    "yealink": "{mac}.cfg",
    "grandstream": "cfg{mac}.xml",
    "fanvil": "{mac}.cfg",
    "snom": "{mac}.xml",
}
"""As an administrator may look at it with a browser; the phone builds the name itself."""


def normal_mac(text: str) -> str:
    """Twelve hexadecimal digits in small letters, however they were written. Raises ValueError."""
    mac = _SEPARATORS.sub("", text).lower()
    if not _MAC.fullmatch(mac):
        raise ValueError("a MAC address of 12 hexadecimal digits is wanted")
    return mac


def is_wanted(device: Device, file: str) -> bool:
    """Is this the name under which that device asks for its settings?"""
    wanted = _KINDS[device.vendor].wanted.replace("{mac}", device.mac).replace("{MAC}", device.mac.upper())
    return re.fullmatch(wanted, file) is not None


def media_type(vendor: Vendor) -> str:
    return _KINDS[vendor].media


def written(device: Device, settings: Settings) -> str:
    """The file."""
    kind = _KINDS[device.vendor]
    environment = _XML if kind.template.endswith(".xml") else _PLAIN
    return environment.get_template(kind.template).render(
        mac=device.mac, phone=settings, password=settings.password.reveal(), registered_for=REGISTERED_FOR
    )


def _harmless(value: object) -> object:
    """A value of one line without control characters: in a plain file a line end would begin another key."""
    if not isinstance(value, str):
        return value
    return "".join(sign if sign.isprintable() else " " for sign in value)


def _environment(*, xml: bool) -> Environment:
    return Environment(
        loader=PackageLoader("callcenterd.provisioning"),
        autoescape=xml,  # noqa: S701  # a plain file is no mark-up; what would break it is a line end
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_harmless,
    )


_XML, _PLAIN = _environment(xml=True), _environment(xml=False)
