"""What single values of a site file may be: names, numbers as dialled, addresses, hours."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from callcenterd.model import calendar
from callcenterd.model.calendar import Holiday, MakeUpDay, Weekday
from callcenterd.model.site import (
    Codec,
)
from callcenterd.model.voicemail import Box

EXIT = re.compile(r"\w[\w-]{0,63}(?:/\w[\w-]{0,63})?")
_NIGHT = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d")
SHORTEST_PAUSE = 10
"""Seconds between two OPTIONS: an answer may take that long."""
MAX_THINGS = 10_000
"""Of one section in one file."""


def texted(value: object) -> object:
    """`login: 1001` means the text; yamltext makes a number only of what reads back as it was written."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def shaped(pattern: str, wanted: str) -> AfterValidator:
    """A text that must be of one shape. Raises ValueError with what is wanted."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{wanted} is wanted")
        return text

    return AfterValidator(check)


WrittenText = Annotated[str, BeforeValidator(texted)]
_HOST = r"(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)*(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.?"
_PRINTABLE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
Name = Annotated[WrittenText, shaped(r"\w[\w.-]{0,63}", "a name of up to 64 letters, digits, _ . -")]
FlowName = Annotated[WrittenText, shaped(r"\w[\w-]{0,63}", "a flow's name: up to 64 letters, digits, _ -,")]
Login = Annotated[WrittenText, shaped(r"\w[\w.@-]{0,63}", "a login of up to 64 letters, digits, _ . @ -")]
Label = Annotated[WrittenText, shaped(_PRINTABLE + "{0,100}", "a text of up to 100 characters in one line")]
Proof = Annotated[WrittenText, shaped(_PRINTABLE + "{1,256}", "a password of 1 to 256 characters in one line")]
Pin = Annotated[WrittenText, shaped(r"[0-9]{4,12}", "a PIN of 4 to 12 digits, in quotes,")]
Hash = Annotated[WrittenText, shaped(r"\$argon2id?\$[\x21-\x7e]{20,400}", "an argon2 hash, as `export` writes it,")]
Phone = Annotated[
    WrittenText, shaped(r"[0-9A-Za-z*#+_-]{1,32}", "an extension's number of up to 32 digits (letters, * # + _ -)")
]
Pattern = Annotated[
    WrittenText,
    shaped(r"[0-9A-Za-z*#+_-]{1,63}\.?|\.", "a number as dialled, without spaces, or its beginning and a dot (9.),"),
]
Prefix = Annotated[WrittenText, shaped(r"[0-9*#+]{0,20}", "up to 20 digits (* # +)")]
ShownNumber = Annotated[WrittenText, shaped(r"\+?[0-9]{0,20}", "a number of up to 20 digits")]
Contact = Annotated[
    WrittenText,
    shaped(
        rf"|sip:(?:[^\s@<>\"]{{1,64}}@)?(?:{_HOST}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?(?:;transport=(?:udp|tcp|tls))?",
        "an address as sip:door@192.168.1.20:5060",
    ),
]
MailAddress = Annotated[
    WrittenText,
    shaped(r"(?=.{3,254}$)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@" + _HOST, "a mail address as office@example.com"),
]
PromptName = Annotated[
    WrittenText, shaped(r"|(?=.{1,64}$)\w[\w-]*(?:/\w[\w-]*)*", "a prompt's name: letters, digits, _ and -, no ending,")
]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Flag = Annotated[bool, Field(strict=True)]


def host_name(text: str) -> str:
    if re.fullmatch(r"[0-9.]+|.*:.*", text):  # all digits and dots, or colons: meant as an address
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            raise ValueError("an IP address or a host name is wanted") from None
    if len(text) > 253 or not re.fullmatch(_HOST, text):
        raise ValueError("an IP address or a host name is wanted")
    return text


def network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text)) if "/" in text else str(ipaddress.ip_address(text))
    except ValueError as fault:
        if "host bits" in str(fault):
            meant = ipaddress.ip_network(text, strict=False)
            raise ValueError(f"a network is written by its first address, as {meant}: that is wanted") from None
        raise ValueError("an IP address or a network (192.168.1.0/24) is wanted") from None


def each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    for n, value in enumerate(values):
        if value in values[:n]:
            raise ValueError(f"each once is wanted: {value} stands twice")
    return values


def spoken_codecs(codecs: tuple[Codec, ...]) -> tuple[Codec, ...]:
    if set(codecs) == {"G729"}:
        raise ValueError("a codec besides G729, which is understood but never sent, is wanted")
    return codecs


def box_name(text: str) -> str:
    try:
        return str(Box.parse(text))
    except ValueError:
        raise ValueError("queue:, agent: or extension: and a name, as queue:sales, is wanted") from None


def night_hours(text: str) -> str:
    if text and not _NIGHT.fullmatch(text):
        raise ValueError("hours as 22:00-07:00, or nothing, are wanted")
    return text


def options_pause(value: int) -> int:
    if 0 < value < SHORTEST_PAUSE:
        raise ValueError(f"0 or at least {SHORTEST_PAUSE} is wanted")
    return value


def zone_name(name: str) -> str:
    if name:
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("the name of a time zone that this machine knows, as Asia/Shanghai, is wanted") from None
    return name


def _day(text: str) -> str:
    calendar.day_of(text)
    return text


def _span(text: str) -> str:
    calendar.span_of(text)
    return text


Day = Annotated[WrittenText, AfterValidator(_day)]
Spans = Annotated[
    tuple[Annotated[WrittenText, AfterValidator(_span)], ...],
    AfterValidator(each_once),
    Field(max_length=calendar.MOST_SPANS),
]


class HolidayEntry(BaseModel):
    """A day, or days, off."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    first: Day
    last: Day | Literal[""] = ""
    name: Label = ""
    hours: Spans = ()

    def thing(self) -> Holiday:
        return Holiday(first=self.first, last=self.last, name=self.name, hours=self.hours)


class MakeUpEntry(BaseModel):
    """A day that is worked although it would be free."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    date: Day
    like: Weekday = "monday"
    name: Label = ""

    def thing(self) -> MakeUpDay:
        return MakeUpDay(date=self.date, like=self.like, name=self.name)


Skill = Annotated[int, Field(strict=True, ge=1, le=10)]
Points = Annotated[int, Field(strict=True, ge=-100, le=100)]
Skills = Annotated[dict[Name, Skill], Field(max_length=50)]
