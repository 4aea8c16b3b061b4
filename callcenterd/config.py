"""The configuration file: every key, what it is for, and its default.

`load` reads a file or, without one, gives the defaults. An unknown key or a bad value is refused with file and line.
The fields' descriptions are the manual of the keys: `settings()` lists them for the documents and their tests.
Relative paths are relative to the folder of the configuration file (without one: to the working folder).
"""

from __future__ import annotations

import email.utils
import ipaddress
import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from callcenterd import yamltext
from callcenterd.errors import FaultyFile
from callcenterd.model import numbers

Transport = Literal["udp", "tcp", "tls"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)
_ANYWHERE = "0.0.0.0"  # noqa: S104  # an office's phones, trunks and pages come from outside this machine
_ON_THE_WEB = ("ws", "wss")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen. host: an IP address, without brackets. port 0: the system gives one that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where and by what to listen for SIP. host and port as `Place`."""

    transport: Transport
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.transport}:{Place(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class PortRange:
    """first and last both belong to it."""

    first: int
    last: int

    def numbers(self) -> range:
        return range(self.first, self.last + 1)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def _place(value: object) -> Place:
    """ "0.0.0.0:8080" → Place. Raises ValueError."""
    if isinstance(value, Place):
        return value
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("an address and a port (0 to 65535) are wanted, as 0.0.0.0:8080")
    return Place(_address(host.removeprefix("[").removesuffix("]")), int(port))


def _place_or_none(value: object) -> Place | None:
    return None if value is None else _place(value)


def _socket(value: object) -> str | None:
    """A socket of this machine or an address. Raises ValueError."""
    if value is None or (isinstance(value, str) and re.fullmatch(r"/[!-~]{1,100}", value)):
        return value
    return str(_place(value))


def _listen(value: object) -> Listen:
    """ "udp:0.0.0.0:5060" → Listen. Raises ValueError."""
    if isinstance(value, Listen):
        return value
    transport, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    if transport in _ON_THE_WEB:
        raise ValueError(f"{transport}: needs no listener: SIP over WebSocket is at /sip of the web port")
    if transport not in TRANSPORTS:
        raise ValueError("a transport, an address and a port are wanted, as udp:0.0.0.0:5060 or tls:0.0.0.0:5061")
    place = _place(rest)  # says by itself what is wrong with address and port
    return Listen(transport, place.host, place.port)


def _each_once(value: tuple[Listen, ...]) -> tuple[Listen, ...]:
    for n, listen in enumerate(value):
        if listen.port and listen in value[:n]:
            raise ValueError(f"each place once is wanted: {listen} stands twice")
    return value


def _address(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise ValueError("an IP address is wanted (0.0.0.0 for all of this machine's)") from None


def _address_or_auto(value: object) -> object:
    """Sound goes by IPv4 only (`media.sockets`)."""
    if isinstance(value, str) and value != "auto":
        try:
            return str(ipaddress.IPv4Address(value))
        except ValueError:
            raise ValueError("auto or an IPv4 address is wanted") from None
    return value


def _network(value: object) -> object:
    if isinstance(value, Network):
        return value
    try:
        return ipaddress.ip_network(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("an IP address or a network is wanted, as 192.168.1.0/24") from None


def _ports(value: object) -> PortRange:
    """ "20000-39999" → PortRange. Raises ValueError."""
    if isinstance(value, PortRange):
        return value
    numbers = re.fullmatch(r"\s*([0-9]{1,5})\s*-\s*([0-9]{1,5})\s*", value) if isinstance(value, str) else None
    if numbers is None or not 1024 <= int(numbers[1]) < int(numbers[2]) <= 65535:
        raise ValueError("two ports from 1024 to 65535 are wanted, the lower first, as 20000-39999")
    return PortRange(int(numbers[1]), int(numbers[2]))


def _domain(value: object) -> object:
    if not isinstance(value, str):
        return value
    labels = value.split(".")
    if len(value) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("a domain name or an IPv4 address is wanted, as callcenter.local")
    return value.lower()


def _mail_host(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        if not all(_LABEL.fullmatch(label) for label in value.split(".")) or len(value) > 253:
            raise ValueError("the name or address of a mail server is wanted, as smtp.example.com") from None
        return value.lower()


def _sender(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value
    name, address = email.utils.parseaddr(value)
    if not value.isprintable() or not _ADDRESS.fullmatch(address) or len(value) > 300:
        raise ValueError("a mail address is wanted, as office@example.com or Office <office@example.com>")
    return value if name else address


def _business_host(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if colon and not re.fullmatch(r"[0-9]{1,5}", port):
        raise ValueError("a host is wanted, as crm.example.com or 10.0.0.5:8080")
    if not all(_LABEL.fullmatch(label) for label in (host if colon else value).split(".")):
        raise ValueError("a host is wanted, as crm.example.com or 10.0.0.5:8080")
    return value.lower()


def _business_database(value: object, info: ValidationInfo) -> object:
    """A path is in the configuration file's folder, unless it is absolute."""
    if (
        not isinstance(value, str)
        or not value.startswith(("sqlite:///", "postgresql://"))
        or "?" in value.split("@")[0]
    ):
        raise ValueError("postgresql://user@host/name or sqlite:///path is wanted")
    if not value.startswith("sqlite:///"):
        return value
    return f"sqlite:///{_folder(value.removeprefix('sqlite:///'), info).absolute()}"


def _region(value: object) -> object:
    if isinstance(value, str) and value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("a country's two capital letters are wanted (ISO 3166), as CN")
    return value


def _area(value: str, info: ValidationInfo) -> str:
    region = info.data.get("region", "CN")
    if value and not (value.isascii() and value.isdigit() and numbers.is_area(value, region)):
        raise ValueError(f"an area code of {region} as it is dialled is wanted, as 020")
    return value


def _timezone(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("the name of a time zone that this machine knows is wanted, as Asia/Shanghai") from None
    return value


def _database(value: object) -> object:
    if isinstance(value, str) and value and not value.startswith(("postgresql://", "sqlite:///")):
        raise ValueError('"", postgresql://user:password@host/name or sqlite:///path is wanted')
    return value


def _folder(value: object, info: ValidationInfo) -> Path:
    """Relative paths are in the configuration file's folder, which `load` gives as context."""
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise ValueError("the path of a folder is wanted, as ./var")
    return Path(info.context["folder"]) / value if info.context is not None else Path(value)


Folder = Annotated[Path, BeforeValidator(_folder)]


def _file(value: object, info: ValidationInfo) -> Path | None:
    if value is None:
        return None
    try:
        return _folder(value, info)
    except ValueError:
        raise ValueError("the path of a file is wanted, as ./tls/callcenter.pem") from None


File = Annotated[Path, BeforeValidator(_file)]


class _Keys(BaseModel):
    """A group of keys: frozen, nothing unknown in it, defaults checked as what is written is."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)


class Sip(_Keys):
    """Signalling: where phones and trunks reach the server."""

    listen: Annotated[
        tuple[Annotated[Listen, BeforeValidator(_listen)], ...],
        AfterValidator(_each_once),
        Field(
            min_length=1,
            max_length=16,
            description="Where SIP is listened for, each as transport:address:port. Transports: udp, tcp, tls.",
        ),
    ] = (Listen("udp", _ANYWHERE, 5060), Listen("tcp", _ANYWHERE, 5060))
    domain: Annotated[
        str,
        BeforeValidator(_domain),
        Field(description="The name behind the @ of this office's SIP addresses, and the realm of digest."),
    ] = "callcenter.local"
    certificate: Annotated[
        File | None,
        Field(description="Our certificate with its chain, a PEM file, for tls: listeners. A renewed one is taken up."),
    ] = None
    key: Annotated[
        File | None, Field(description="The key of the certificate, a PEM file; none: it is in the certificate's file.")
    ] = None
    ca: Annotated[
        File | None,
        Field(description="Who vouches for trunks reached by tls, a PEM file; none: the system's authorities."),
    ] = None
    never_banned: Annotated[
        tuple[Annotated[Network, BeforeValidator(_network)], ...],
        Field(
            max_length=256,
            description="Addresses and networks that are never banned for wrong passwords. Trunks never are.",
        ),
    ] = ()

    @model_validator(mode="after")
    def _a_certificate_for_tls(self) -> Sip:
        if self.certificate is None and any(listen.transport == "tls" for listen in self.listen):
            raise ValueError("a certificate is wanted (sip.certificate) where tls: is listened on")
        if self.key is not None and self.certificate is None:
            raise ValueError("a certificate is wanted (sip.certificate) where there is a key")
        return self


class Rtp(_Keys):
    """Sound: the addresses and ports of RTP."""

    address: Annotated[
        str,
        BeforeValidator(_address_or_auto),
        Field(description="The address told to the other side for sound. auto: the one that faces the other side."),
    ] = "auto"
    ports: Annotated[
        PortRange,
        BeforeValidator(_ports),
        Field(description="The UDP ports for sound, first-last. One call with two sides uses four of them."),
    ] = PortRange(20000, 39999)
    timeout_seconds: Annotated[
        float,
        Field(
            strict=True,
            ge=0,
            le=86_400,
            description=(
                "Seconds without any sound packet, of both sides, or of one whose phone or trunk is gone, after "
                "which a conversation ends; looked at each 30; 0: never."
            ),
        ),
    ] = 30
    hold_timeout_seconds: Annotated[
        float,
        Field(
            strict=True,
            ge=0,
            le=86_400,
            description=(
                "The same for who waits in a flow or queue, is parked or on hold; looked at each 30; 0: never."
            ),
        ),
    ] = 300


class Rooms(_Keys):
    """Places where calls wait or meet."""

    park_seconds: Annotated[
        float,
        Field(
            strict=True,
            ge=10,
            le=3600,
            description="Seconds after which a parked call rings at the phone that parked it.",
        ),
    ] = 90
    park_slots: Annotated[
        int, Field(strict=True, ge=1, le=200, description="Calls that can be parked at once: slots 1 to this number.")
    ] = 20
    conference_most: Annotated[
        int, Field(strict=True, ge=3, le=50, description="People who can speak with each other at once.")
    ] = 50


class IceServer(_Keys):
    """A STUN or TURN server, as a browser takes it."""

    urls: Annotated[str, Field(pattern=r"^(stuns?|turns?):[!-~]{1,200}$")]
    username: Annotated[str, Field(max_length=200)] = ""
    credential: Annotated[str, Field(max_length=200, repr=False)] = ""


class Webrtc(_Keys):
    """Pages as phones: a browser's sound comes by WebRTC, to the last free port of rtp.ports."""

    ice_servers: Annotated[
        tuple[IceServer, ...],
        Field(
            max_length=8,
            description=(
                "STUN and TURN servers that pages ask, each {urls, username, credential}: only for browsers whose "
                "network lets no UDP through to this server."
            ),
        ),
    ] = ()


class Overload(_Keys):
    """What is refused while the server has more to do than it can. Running calls are not touched."""

    strangers_ms: Annotated[
        float,
        Field(
            strict=True,
            ge=0,
            le=1000,
            description="Milliseconds that sound may be late before few requests of strangers are looked at; 0: never.",
        ),
    ] = 4
    new_calls_ms: Annotated[
        float,
        Field(
            strict=True,
            ge=0,
            le=1000,
            description=(
                "Milliseconds that sound may be late for a second before new calls are refused, emergency calls "
                "excepted; 0: never."
            ),
        ),
    ] = 10


class Web(_Keys):
    """The pages and the HTTP API."""

    listen: Annotated[
        Place,
        BeforeValidator(_place),
        Field(description="Where HTTP is listened for, as address:port; with web.tls_listen it only leads there."),
    ] = Place(_ANYWHERE, 8080)
    tls_listen: Annotated[
        Place | None,
        BeforeValidator(_place_or_none),
        Field(description="Where HTTPS is listened for, as 0.0.0.0:8443; none: the pages have no TLS of their own."),
    ] = None
    certificate: Annotated[
        File | None,
        Field(
            description=(
                "The certificate of the pages with its chain, a PEM file; a renewed one is taken up. None: we make "
                "one, of which browsers warn once."
            )
        ),
    ] = None
    key: Annotated[
        File | None, Field(description="The key of the certificate, a PEM file; none: it is in the certificate's file.")
    ] = None
    names: Annotated[
        tuple[Annotated[str, BeforeValidator(_domain)], ...],
        Field(
            max_length=100,
            description=(
                "Names by which browsers and programs reach the pages, as cc.example.com. This machine's own name, "
                "those in the certificate, addresses and names without a dot need not stand here; others are refused: "
                "421."
            ),
        ),
    ] = ()
    proxies: Annotated[
        tuple[Annotated[Network, BeforeValidator(_network)], ...],
        Field(
            max_length=32,
            description=(
                "Addresses and networks of proxies of ours, whose X-Forwarded-For, -Proto and -Host are believed; "
                "nobody else's are."
            ),
        ),
    ] = ()

    @model_validator(mode="after")
    def _a_place_for_tls(self) -> Web:
        if self.tls_listen is None and self.certificate is not None:
            raise ValueError("a place is wanted (web.tls_listen) where there is a certificate")
        if self.key is not None and self.certificate is None:
            raise ValueError("a certificate is wanted (web.certificate) where there is a key")
        if self.tls_listen is not None and self.tls_listen.port and self.tls_listen == self.listen:
            raise ValueError("two places are wanted for web.listen and web.tls_listen")
        return self


class Speech(_Keys):
    """Texts read aloud."""

    engine: Annotated[
        Literal["espeak-ng", "pyttsx3", "kokoro"],
        Field(
            description=(
                "What reads texts aloud. pyttsx3 and kokoro (a neural voice; 630 MB, slow on small machines) must be "
                "installed beside callcenterd."
            )
        ),
    ] = "espeak-ng"


class Recordings(_Keys):
    """Recordings: what becomes of them after the call, and how they are kept."""

    format: Annotated[
        Literal["opus", "mp3", "wav"],
        Field(
            description="What they become after the call: opus, mp3, or wav as they were written (five times larger)."
        ),
    ] = "opus"
    key_file: Annotated[
        File | None,
        Field(
            description=(
                "Seal them (AES-256) with the last key in this file, which `callcenterd recording-key` makes; none: "
                "they are plain."
            )
        ),
    ] = None
    keep_free_mb: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            le=100_000_000,
            description="Megabytes on their disk below which there is an alarm.",
        ),
    ] = 1000
    paused_tone: Annotated[
        bool, Field(strict=True, description="Where a recording is paused: a soft tone (true) or silence.")
    ] = False
    paused_minutes: Annotated[
        float,
        Field(
            strict=True, gt=0, le=1440, description="Minutes after which a pause is told as one that may be forgotten."
        ),
    ] = 3


class Mail(_Keys):
    """The mail server by which messages of callers go out as e-mail, to the addresses of their mailboxes."""

    host: Annotated[
        str,
        BeforeValidator(_mail_host),
        Field(description='The mail server (SMTP), a name or an address; "": no mail is sent.'),
    ] = ""
    port: Annotated[
        int, Field(strict=True, ge=1, le=65535, description="Its port: usually 587 for starttls, 465 for tls.")
    ] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"],
        Field(description="How the way there is sealed: starttls, tls from the beginning, or none (no user then)."),
    ] = "starttls"
    user: Annotated[
        str, Field(max_length=200, description='The account to sign in with; "": the server wants none.')
    ] = ""
    password_file: Annotated[
        File | None,
        Field(
            description=(
                "A file whose first line is the account's password; none: the variable CALLCENTERD_MAIL_PASSWORD "
                "has it."
            )
        ),
    ] = None
    sender: Annotated[
        str,
        BeforeValidator(_sender),
        Field(description="Who the letters are from, as office@example.com or Office <office@example.com>."),
    ] = ""
    ca: Annotated[
        File | None,
        Field(description="Who vouches for the mail server, a PEM file; none: the system's authorities."),
    ] = None
    timeout_seconds: Annotated[
        float, Field(strict=True, ge=1, le=300, description="Seconds that the server may take for one step.")
    ] = 30
    attachment_mb: Annotated[
        float,
        Field(strict=True, gt=0, le=50, description="Megabytes of sound in a letter at most; what is longer is cut."),
    ] = 5

    @model_validator(mode="after")
    def _whole(self) -> Mail:
        if self.host and not self.sender:
            raise ValueError("a sender is wanted (mail.sender) where there is a host")
        if self.user and self.security == "none":
            raise ValueError("starttls or tls is wanted (mail.security) where there is a user")
        return self


class Customers(_Keys):
    """Customers' cards."""

    bin_days: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            le=3650,
            description=(
                "Days after which a customer in the recycle bin, or one who was merged into another, is erased for "
                "good; 0: only by an administrator."
            ),
        ),
    ] = 90


class Attachments(_Keys):
    """Files that are attached to customers and records."""

    most_mb: Annotated[
        int, Field(strict=True, ge=1, le=2048, description="Megabytes (MiB) that one file may have.")
    ] = 50
    scan_command: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=500)], ...],
        Field(
            max_length=20,
            description=(
                "A command that is asked before a file is kept, with the file's path behind it, as [clamdscan, "
                "--fdpass, --no-summary]. It answers by its exit code: 0 keeps the file, 1 (a virus) refuses it, and "
                "every other, or none in time, refuses all; []: nobody is asked."
            ),
        ),
    ] = ()
    clamd: Annotated[
        str | None,
        BeforeValidator(_socket),
        Field(
            description=(
                "ClamAV's clamd, which is asked before a file is kept, as /run/clamav/clamd.ctl or 127.0.0.1:3310. It "
                "gets the octets (INSTREAM), and needs no right to read our files; none: it is not asked."
            )
        ),
    ] = None
    scan_seconds: Annotated[
        float, Field(strict=True, gt=0, le=600, description="Seconds that the command or clamd may take for one file.")
    ] = 60


class Business(_Keys):
    """Business systems that flows may ask (the nodes http and sql)."""

    hosts: Annotated[
        tuple[Annotated[str, AfterValidator(_business_host)], ...],
        Field(max_length=100, description="Hosts that may be asked, as crm.example.com or 10.0.0.5:8080; no others."),
    ] = ()
    networks: Annotated[
        tuple[Annotated[Network, BeforeValidator(_network)], ...],
        Field(max_length=100, description="Networks of our own in which such a host may be, as 10.0.0.0/8."),
    ] = ()
    secrets_file: Annotated[
        File | None,
        Field(description="A file of secrets that flows send by their names, a line each: name: value."),
    ] = None
    databases: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")],
            Annotated[str, Field(max_length=500), BeforeValidator(_business_database)],
        ],
        Field(
            max_length=20,
            repr=False,
            description=(
                "Databases that flows may ask, to read only: name: postgresql://user@host/name or sqlite:///path. A "
                "password is the secret database.NAME of secrets_file."
            ),
        ),
    ] = {}


class Log(_Keys):
    """What the server writes about its work, on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="The least that is written: debug (every message), info, warning or error."),
    ] = "info"
    format: Annotated[
        Literal["auto", "console", "json"],
        Field(description="console: for people; json: one JSON object a line; auto: console on a terminal, else json."),
    ] = "auto"


class Config(_Keys):
    """All of it. Made by `load`."""

    data: Annotated[
        Folder,
        Field(description="The folder of what the server keeps: database, recordings, voicemail, made prompts, files."),
    ] = Path("var")
    sip: Annotated[Sip, Field(description=Sip.__doc__)] = Sip()
    rtp: Annotated[Rtp, Field(description=Rtp.__doc__)] = Rtp()
    webrtc: Annotated[Webrtc, Field(description=Webrtc.__doc__)] = Webrtc()
    rooms: Annotated[Rooms, Field(description=Rooms.__doc__)] = Rooms()
    overload: Annotated[Overload, Field(description=Overload.__doc__)] = Overload()
    web: Annotated[Web, Field(description=Web.__doc__)] = Web()
    flows: Annotated[Folder, Field(description="The folder of the call flows, one YAML file each.")] = Path("flows")
    flow_minutes: Annotated[
        float,
        Field(
            strict=True,
            ge=1,
            le=1440,
            description=(
                "Minutes that a caller may spend in flows; waiting for people and speaking with them do not count. "
                "After that the flow's operator has the call, or it ends."
            ),
        ),
    ] = 60
    prompts: Annotated[
        Folder,
        Field(description="The folder of the office's own recorded prompts; a recorded one goes before a read one."),
    ] = Path("prompts")
    language: Annotated[
        Literal["zh-CN", "en"], Field(description="The language where nothing says another: prompts, pages, mails.")
    ] = "zh-CN"
    region: Annotated[
        str,
        BeforeValidator(_region),
        Field(description="The country (ISO 3166) whose national telephone numbers are meant when none is dialled."),
    ] = "CN"
    area_code: Annotated[
        str,
        AfterValidator(_area),
        Field(
            max_length=8,
            description=(
                "The office's area code as it is dialled, as 020: customers' numbers that were written without one, "
                'and callers who are shown without one, are of this area. "": none is.'
            ),
        ),
    ] = ""
    timezone: Annotated[
        str,
        BeforeValidator(_timezone),
        Field(
            description=(
                "The zone of the times shown and of business hours. Where the file does not name it, the one that "
                "the set-up page was told counts."
            )
        ),
    ] = "Asia/Shanghai"
    database: Annotated[
        str,
        BeforeValidator(_database),
        Field(
            repr=False,
            description='Where records are kept: "" for SQLite in the data folder, or postgresql://user:password@host/name.',
        ),
    ] = ""
    recordings: Annotated[Recordings, Field(description=Recordings.__doc__)] = Recordings()
    mail: Annotated[Mail, Field(description=Mail.__doc__)] = Mail()
    customers: Annotated[Customers, Field(description=Customers.__doc__)] = Customers()
    attachments: Annotated[Attachments, Field(description=Attachments.__doc__)] = Attachments()
    business: Annotated[Business, Field(description=Business.__doc__)] = Business()
    speech: Annotated[Speech, Field(description=Speech.__doc__)] = Speech()
    drain_seconds: Annotated[
        float,
        Field(
            strict=True,
            ge=0,
            le=86_400,
            description="Seconds that running calls get to end by themselves when the server is told to stop.",
        ),
    ] = 300
    log: Annotated[Log, Field(description=Log.__doc__)] = Log()

    @property
    def database_address(self) -> str | Path:
        """What `Store.open` takes: the URL that is given, or the path of the SQLite file."""
        return self.database or self.data / "callcenter.db"


def load(path: Path | None) -> Config:
    """Read a configuration file; None: the defaults. Raises FaultyFile with every fault in it."""
    if path is None:
        return Config.model_validate({}, context={"folder": Path.cwd()})
    document = yamltext.load(path)
    data = {} if document.data is None else document.data
    try:
        return Config.model_validate(data, context={"folder": path.resolve().parent})
    except ValidationError as error:
        raise FaultyFile(document.faults_of(error, model=Config)) from None


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the file for its manual. key: "sip.listen". default: as it would be written."""

    key: str
    default: object
    description: str


def settings(model: type[BaseModel] = Config, prefix: str = "") -> Iterator[Setting]:
    """Every key that can be written, in the order of the file."""
    for name, info in model.model_fields.items():
        if isinstance(info.default, BaseModel):
            yield from settings(type(info.default), f"{prefix}{name}.")
        else:
            yield Setting(f"{prefix}{name}", _written(info.default), info.description or "")


def _written(default: object) -> object:
    match default:
        case tuple():
            return [str(item) for item in default]
        case Place() | PortRange() | Path():
            return str(default)
        case _:
            return default
