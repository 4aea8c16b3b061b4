"""Start line, header lines, body: octets become a message and back (RFC 3261 §7, §18.3).

The lines are split once and kept as they came; a header is parsed when it is asked for, once. What `parse` gives has
a Via, From, To, Call-ID and CSeq that can be read, each as often as it may be; every other header can still turn out
malformed when it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from callcenterd.errors import LocalError
from callcenterd.sip import uri as uris
from callcenterd.sip.headers import Challenge, Credentials, CSeq, NameAddr, Via, seconds, split
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.uri import Uri

MAX_OCTETS = 65535
"""Of a whole message: a UDP datagram can hold no more, and no stream needs more."""

MAX_HEAD = 16384
"""Octets before the body."""

MAX_LINES = 200
"""Header lines of one message."""

_Value = TypeVar("_Value")


class Headers:
    """Header lines in their order, unknown ones too. Names are compared without regard to case, "v" is Via.

    A line that nobody changes is written as it came (a folded one in one line).
    """

    __slots__ = ("_keys", "_lines", "_read")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._keys: list[str] = []
        self._lines: list[str] = []
        self._read: dict[str, object] = {}
        for name, value in pairs:
            self.add(name, value)

    def get(self, name: str) -> str | None:
        """The first line of that name, the whole value, comma lists uncut; None if there is none."""
        return self._first(_key(name))

    def get_all(self, name: str) -> list[str]:
        """The value of each line of that name, comma lists uncut."""
        return self._all(_key(name))

    def values(self, name: str) -> list[str]:
        """All values of that name, comma lists cut, in their order (RFC 3261 §7.3.1). Raises MalformedMessage."""
        found = self._all(_key(name))
        return split(found[0], name) if len(found) == 1 else [value for line in found for value in split(line, name)]

    def has(self, name: str) -> bool:
        return _key(name) in self._keys

    def set(self, name: str, value: str) -> None:
        """Exactly one line of that name: where its first one stood, or at the end."""
        key, line = _key(name), _line(name, value)
        if key not in self._keys:
            self._insert(len(self._keys), key, line)
            return
        place = self._keys.index(key)
        self._lines[place] = line
        self._read.pop(key, None)
        for other in range(len(self._keys) - 1, place, -1):
            if self._keys[other] == key:
                del self._keys[other], self._lines[other]

    def add(self, name: str, value: str) -> None:
        """One more line, after all others."""
        self._insert(len(self._keys), _key(name), _line(name, value))

    def prepend(self, name: str, value: str) -> None:
        """One more line, before all others: a Via, a Route."""
        self._insert(0, _key(name), _line(name, value))

    def replace_first(self, name: str, value: str) -> None:
        """Another first value in place of the first one, which may stand in a comma list; one line if there is none.

        Raises MalformedMessage if the list cannot be cut.
        """
        key = _key(name)
        if key not in self._keys:
            self.add(name, value)
            return
        place = self._keys.index(key)
        rest = split(self._value(place), name)[1:]
        self._lines[place] = _line(name, ", ".join([value, *rest]))
        self._read.pop(key, None)

    def remove(self, name: str) -> None:
        """All lines of that name; none is fine."""
        key = _key(name)
        kept = [(found, line) for found, line in zip(self._keys, self._lines, strict=True) if found != key]
        self._keys = [found for found, _ in kept]
        self._lines = [line for _, line in kept]
        self._read.pop(key, None)

    def copy_from(self, other: Headers, *names: str) -> None:
        """All lines of these names as they stand there, after ours."""
        keys, lines, known = self._keys, self._lines, other._keys
        for name in names:
            key = _KEYS.get(name) or _key(name)
            self._read.pop(key, None)
            place = -1
            for _ in range(known.count(key)):  # nearly always none or one: that is not worth a look at each line
                place = known.index(key, place + 1)
                keys.append(key)
                lines.append(other._lines[place])

    def copy(self) -> Headers:
        copied = Headers()
        copied._keys, copied._lines, copied._read = list(self._keys), list(self._lines), dict(self._read)
        return copied

    def read(self, key: str, reader: Callable[[], _Value]) -> _Value:
        """What reader makes of the lines of that key (a long name in small letters), once until they change."""
        found = self._read.get(key)
        if found is None:
            found = self._read[key] = reader()
        return found  # type: ignore[return-value]  # a key has one reader: the property of that name

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """(name, value) of each line, as they came."""
        for place, line in enumerate(self._lines):
            yield line.partition(":")[0].rstrip(" \t"), self._value(place)

    def __len__(self) -> int:
        return len(self._lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._keys == other._keys and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"Headers({', '.join(self._keys)})"

    def _first(self, key: str) -> str | None:
        keys = self._keys
        return self._lines[keys.index(key)].partition(":")[2].strip(" \t") if key in keys else None

    def _all(self, key: str) -> list[str]:
        keys, lines = self._keys, self._lines
        many = keys.count(key)
        if many == 0:
            return []
        place = keys.index(key)
        found = [lines[place].partition(":")[2].strip(" \t")]
        for _ in range(many - 1):
            place = keys.index(key, place + 1)
            found.append(lines[place].partition(":")[2].strip(" \t"))
        return found

    def _value(self, place: int) -> str:
        return self._lines[place].partition(":")[2].strip(" \t")

    def _insert(self, place: int, key: str, line: str) -> None:
        self._keys.insert(place, key)
        self._lines.insert(place, line)
        self._read.pop(key, None)


class _Typed:
    """Headers as data; each property raises MalformedMessage if what stands there cannot be read."""

    __slots__ = ()
    headers: Headers

    @property
    def via(self) -> Via:
        """The first one: who sent it (a request), whom it is for (an answer)."""
        return self.headers.read("via", self._read_via)

    @property
    def vias(self) -> tuple[Via, ...]:
        return tuple([Via.parse(value) for value in self.headers.values("Via")])

    @property
    def from_(self) -> NameAddr:
        return self.headers.read("from", self._read_from)

    @property
    def to(self) -> NameAddr:
        return self.headers.read("to", self._read_to)

    @property
    def call_id(self) -> str:
        return self.headers.read("call-id", self._read_call_id)

    @property
    def cseq(self) -> CSeq:
        return self.headers.read("cseq", self._read_cseq)

    @property
    def contacts(self) -> tuple[NameAddr, ...]:
        """None of them for "*": see `contact_is_star`."""
        return () if self.contact_is_star else self._addresses("Contact", "contact")

    @property
    def contact_is_star(self) -> bool:
        """`Contact: *`, alone (RFC 3261 §10.2.2)."""
        return self.headers.get_all("Contact") == ["*"]

    @property
    def routes(self) -> tuple[NameAddr, ...]:
        return self._addresses("Route", "route")

    @property
    def record_routes(self) -> tuple[NameAddr, ...]:
        return self._addresses("Record-Route", "record-route")

    @property
    def asserted(self) -> tuple[NameAddr, ...]:
        """P-Asserted-Identity (RFC 3325 §9.1): to be believed only if the sender is."""
        return self._addresses("P-Asserted-Identity", "p-asserted-identity")

    @property
    def expires(self) -> int | None:
        """Seconds; None if there is none or it is no number (RFC 3261 §10.2.1.1 has the default apply then)."""
        return seconds(self.headers.get("Expires"))

    @property
    def min_expires(self) -> int | None:
        return seconds(self.headers.get("Min-Expires"))

    @property
    def max_forwards(self) -> int | None:
        """0 to 255; None if there is none."""
        text = self.headers.get("Max-Forwards")
        if text is None:
            return None
        number = seconds(text)
        if number is None or number > 255:
            raise MalformedMessage("Max-Forwards", text)
        return number

    @property
    def content_type(self) -> str | None:
        """Type and subtype in small letters, without parameters."""
        text = self.headers.get("Content-Type")
        return None if text is None else text.partition(";")[0].strip().lower()

    @property
    def require(self) -> tuple[str, ...]:
        return self._tokens("Require")

    @property
    def supported(self) -> tuple[str, ...]:
        return self._tokens("Supported")

    @property
    def allow(self) -> tuple[str, ...]:
        """Methods: these are compared with regard to case."""
        return self._words("Allow")

    @property
    def authorizations(self) -> tuple[Credentials, ...]:
        """Each Authorization line (a UAS's realm). A comma does not part two of them."""
        return tuple([Credentials.parse(line) for line in self.headers.get_all("Authorization")])

    @property
    def challenges(self) -> tuple[Challenge, ...]:
        """WWW-Authenticate (of a 401) and Proxy-Authenticate (of a 407), strongest wish of the other side first."""
        lines = [*self.headers.get_all("WWW-Authenticate"), *self.headers.get_all("Proxy-Authenticate")]
        return tuple([Challenge.parse(line) for line in lines])

    def _one(self, name: str) -> str:
        value = self.headers._first(_KEYS[name])
        if value is None:
            raise MalformedMessage(name, "there is none")
        return value

    def _read_via(self) -> Via:
        values = split(self._one("Via"), "Via")
        if not values:
            raise MalformedMessage("Via", "there is none")
        return Via.parse(values[0])

    def _read_from(self) -> NameAddr:
        return NameAddr.parse(self._one("From"), "From")

    def _read_to(self) -> NameAddr:
        return NameAddr.parse(self._one("To"), "To")

    def _read_cseq(self) -> CSeq:
        return CSeq.parse(self._one("CSeq"))

    def _read_call_id(self) -> str:
        text = self._one("Call-ID")
        if not _CALL_ID.fullmatch(text):
            raise MalformedMessage("Call-ID", text)
        return text

    def _addresses(self, name: str, key: str) -> tuple[NameAddr, ...]:
        return self.headers.read(
            key, lambda: tuple([NameAddr.parse(value, name) for value in self.headers.values(name)])
        )

    def _tokens(self, name: str) -> tuple[str, ...]:
        return tuple([word.lower() for word in self._words(name)])

    def _words(self, name: str) -> tuple[str, ...]:
        """Of a list of tokens. A token has no quotes: what is at fault in such a list is a token that nobody knows, and
        never a reason to fail later, when the call is answered."""
        cut = [word.strip(" \t") for line in self.headers.get_all(name) for word in line.split(",")]
        return tuple([word for word in cut if word])


@dataclass(slots=True)
class Request(_Typed):
    """uri: the Request-URI as it came; `target` is it parsed."""

    method: str
    uri: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    @property
    def target(self) -> Uri:
        """Where the request is to go. Raises MalformedMessage."""
        return self.headers.read(f"request-uri {self.uri}", lambda: uris.parse(self.uri, "Request-URI"))

    def stamp_source(self, host: str, port: int) -> None:
        """Write into the top Via where this came from, when it has just been received (RFC 3261 §18.2.1, RFC 3581)."""
        stamped = self.via.seen_from(host, port)
        if stamped is not self.via:
            self.headers.replace_first("Via", str(stamped))


@dataclass(slots=True)
class Response(_Typed):
    """reason: what came, or "" for the usual phrase of that status."""

    status: int
    reason: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""


Message = Request | Response


class Ping:
    """Two empty lines between messages of a stream: are we there? PONG says so (RFC 5626 §3.5.1)."""


PING: Final = Ping()
PONG: Final = b"\r\n"


def is_keepalive(datagram: bytes) -> bool:
    """A datagram that only holds a NAT binding open: nothing to parse, nothing to answer."""
    return not datagram.strip(b"\r\n\0 ")


def parse(octets: bytes) -> Message:
    """Read one datagram. What follows the length that it says is ignored (RFC 3261 §18.3).

    Raises MalformedMessage, and nothing else, whatever comes.
    """
    if len(octets) > MAX_OCTETS:
        raise MalformedMessage("message", f"{len(octets)} octets", status=513)
    head, blank, rest = octets.lstrip(b"\r\n").partition(b"\r\n\r\n")
    message = _read_head(head)
    try:
        if not blank:
            raise MalformedMessage("header", "no empty line ends it")
        length = _content_length(message.headers)
        if length is not None and length > len(rest):
            raise MalformedMessage("Content-Length", f"{length}, but {len(rest)} octets came")
        message.body = rest if length is None else rest[:length]
        _check(message)
    except MalformedMessage as fault:
        raise _answerable(fault, message)  # noqa: B904  # it is the same one
    return message


class StreamParser:
    """Cuts a stream into messages by Content-Length (RFC 3261 §18.3): several a segment, one in several segments.

    Holds at most one message of MAX_OCTETS. A message at fault is given as its fault; the stream goes on if its
    length could be read, else `broken` is set and nothing more is read: answer, then close.
    """

    def __init__(self) -> None:
        self.broken = False
        self._held = bytearray()
        self._looked = 0  # octets in which no end of a head was found: dripping costs no more than it sends
        self._head: Message | None = None
        self._fault: MalformedMessage | None = None
        self._length = 0

    @property
    def waiting(self) -> bool:
        """Has a message begun that is not complete? Its sender has a limited time. A line end begins none."""
        return self._head is not None or bool(self._held.strip(b"\r\n"))

    def feed(self, octets: bytes) -> list[Message | MalformedMessage | Ping]:
        """All that is complete now, in order. Never raises."""
        found: list[Message | MalformedMessage | Ping] = []
        self._held += octets
        while not self.broken and (item := self._next()) is not None:
            found.append(item)
        if self.broken:
            self._held.clear()
        return found

    def _next(self) -> Message | MalformedMessage | Ping | None:
        if self._head is None and (ping := self._begin()) is not None:
            return ping
        if self._head is None or len(self._held) < self._length:
            return None
        message, fault = self._head, self._fault
        message.body = bytes(self._held[: self._length])
        del self._held[: self._length]
        self._head = self._fault = None
        if fault is not None:
            return fault
        try:
            _check(message)
        except MalformedMessage as malformed:
            return _answerable(malformed, message)
        return message

    def _begin(self) -> MalformedMessage | Ping | None:
        """Take a head off the stream if it is there whole; then `_head` and `_length` are set."""
        held = self._held
        while self._looked == 0 and held[:1] == b"\r":
            if held[:4] == b"\r\n\r\n":
                # A run of them is one question: a segment full of them is not worth thousands of answers.
                del held[: _pings_at_start(held)]
                return PING
            if b"\r\n\r\n".startswith(held):
                return None  # half a ping, or the line end before a message: the next octets tell
            if held[:2] != b"\r\n":
                break
            del held[:2]
        end = held.find(b"\r\n\r\n", max(0, self._looked - 3))
        if end < 0 and len(held) <= MAX_HEAD:
            self._looked = len(held)
            return None
        if end < 0 or end > MAX_HEAD:
            return self._break(MalformedMessage("header", f"more than {MAX_HEAD} octets", status=513))
        head = bytes(held[:end])
        del held[: end + 4]
        self._looked = 0
        return self._open(head)

    def _open(self, head: bytes) -> MalformedMessage | None:
        try:
            message = _read_head(head)
        except MalformedMessage as fault:
            # The start line or a line is at fault, but if the length can be read the next message can be found. Not
            # after a lone CR or LF: whoever passed this on to us may see another length in it than we do.
            if fault.request is None or _has_lone_ends(head):
                return self._break(fault)
            message, self._fault = fault.request, fault
        try:
            length = _content_length(message.headers)
            if length is None:
                raise MalformedMessage("Content-Length", "a stream needs one")
            if length > MAX_OCTETS - len(head):
                raise MalformedMessage("Content-Length", str(length), status=413)
        except MalformedMessage as fault:
            return self._break(_answerable(fault, message))
        self._head, self._length = message, length
        return None

    def _break(self, fault: MalformedMessage) -> MalformedMessage:
        self.broken = True
        return fault


def encode(message: Message) -> bytes:
    """As octets, with the Content-Length of the body. Raises LocalError if a text of ours would break the lines."""
    if isinstance(message, Request):
        start = f"{message.method} {message.uri} SIP/2.0"
    else:
        start = f"SIP/2.0 {message.status} {message.reason or PHRASES.get(message.status, '')}"
    if "\n" in start or "\r" in start:
        raise LocalError(f"a start line has one line: {start[:60]!r}")
    headers = message.headers
    lines = headers._lines
    if "content-length" in headers._keys:
        lines = [line for line, key in zip(lines, headers._keys, strict=True) if key != "content-length"]
    head = "\r\n".join([start, *lines, f"Content-Length: {len(message.body)}\r\n\r\n"])
    try:
        return head.encode(errors="surrogateescape") + message.body
    except UnicodeEncodeError as wrong:
        raise LocalError(f"half a character cannot be sent: {head[wrong.start - 20 : wrong.end]!r}") from wrong


def reply_to(request: Request, status: int, reason: str | None = None, *, to_tag: str | None = None) -> Response:
    """An answer with what each must repeat (RFC 3261 §8.2.6): all Vias, From, To, Call-ID, CSeq; Timestamp in a 100.

    to_tag: set if the request's To had none and this is no 100. Record-Route is not copied: that is the dialog's.
    The request may be what is left of a malformed one; then what is missing there is missing here.
    """
    answer = Response(status, reason or PHRASES.get(status, ""))
    answer.headers.copy_from(request.headers, "Via", "From", "To", "Call-ID", "CSeq")
    if status == 100:
        answer.headers.copy_from(request.headers, "Timestamp")
    elif to_tag is not None:
        try:
            tagged = request.to.tag is not None
        except MalformedMessage:
            tagged = True  # what cannot be read is given back as it came
        if not tagged:
            answer.headers.set("To", f"{request.headers.get('To')};tag={to_tag}")
    return answer


PHRASES: Final = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    493: "Undecipherable",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}
"""RFC 3261 §21 and RFC 4028, 6665: the usual phrases."""

_COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
    "e": "content-encoding", "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported",
    "l": "content-length", "m": "contact", "n": "identity-info", "o": "event", "r": "refer-to", "s": "subject",
    "t": "to", "u": "allow-events", "v": "via", "x": "session-expires", "y": "identity",
}  # fmt: skip
_COMMON = (
    "Accept", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow", "Allow-Events", "Authorization",
    "Call-ID", "Call-Info", "Contact", "Content-Disposition", "Content-Length", "Content-Type", "CSeq", "Date",
    "Diversion", "Event", "Expires", "From", "History-Info", "In-Reply-To", "Max-Forwards", "Min-Expires", "Min-SE",
    "Organization", "P-Access-Network-Info", "P-Asserted-Identity", "P-Charging-Vector", "P-Early-Media",
    "P-Preferred-Identity", "Path", "Priority", "Privacy", "Proxy-Authenticate", "Proxy-Authorization",
    "Proxy-Require", "RAck", "Reason", "Record-Route", "Refer-To", "Referred-By", "Remote-Party-ID", "Replaces",
    "Require", "Retry-After", "Route", "RSeq", "Server", "Session-Expires", "Subject", "Supported", "Timestamp",
    "To", "Unsupported", "User-Agent", "Via", "Warning", "WWW-Authenticate",
)  # fmt: skip
_KEYS = {name: name.lower() for name in _COMMON} | {name.lower(): name.lower() for name in _COMMON} | _COMPACT
"""The spellings that nearly all messages use; `_key` reads every other one."""

_SINGLE = {
    name.lower(): name
    for name in (
        "From", "To", "Call-ID", "CSeq", "Content-Length", "Content-Type", "Max-Forwards", "Expires", "Timestamp",
    )
}  # fmt: skip
"""What may stand once at most. Two of them are two readings of one message (RFC 4475 §3.3.8, §3.3.9)."""

_NAME = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_CALL_ID = re.compile(r"[^\x00-\x20\x7f]+")
_REQUEST_URI = re.compile(r"[^\x00-\x20\x7f<>\"]+")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9])(?: ([^\r\n]*))?", re.IGNORECASE | re.ASCII)
_VERSION = re.compile(r"SIP/[0-9]+\.[0-9]+", re.IGNORECASE | re.ASCII)
_PINGS = re.compile(rb"(?:\r\n\r\n)++")
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")


def _key(name: str) -> str:
    """The long name in small letters. Any text is somebody's header."""
    return _KEYS.get(name) or _COMPACT.get(lower := name.lower(), lower)


def _line(name: str, value: str) -> str:
    if "\n" in value or "\r" in value or not _NAME.fullmatch(name):
        raise LocalError(f"a header has one line: {name[:60]!r}")
    return f"{name}: {value}"


def _answerable(fault: MalformedMessage, message: Message) -> MalformedMessage:
    """The fault with the request that it was found in, if that may be answered at all."""
    if isinstance(message, Request) and message.method != "ACK" and message.headers.has("Via"):
        fault.request = message
    return fault


def _read_head(head: bytes) -> Message:
    """Start line and header lines, without looking at any value. Raises MalformedMessage."""
    text = head.decode(errors="surrogateescape")
    start, _, rest = text.removesuffix("\r\n").partition("\r\n")
    headers = Headers()
    ends = head.count(b"\r\n")
    fault = _read_lines(rest, headers, lone_ends=_has_lone_ends(head, ends))
    message = _read_start(start, headers)
    if len(head) > MAX_HEAD or ends > MAX_LINES:
        fault = MalformedMessage("header", f"{len(head)} octets in {ends} lines", status=513)
    if fault is not None:
        raise _answerable(fault, message)
    return message


def _pings_at_start(held: bytearray) -> int:
    """Octets of the whole pings that a stream begins with."""
    run = _PINGS.match(held)
    return 0 if run is None else run.end()


def _has_lone_ends(head: bytes, ends: int | None = None) -> bool:
    """A CR or LF alone, which another reader would take for the end of a line: it would see other headers than we.

    ends: how often CR LF stands there, if that is known.
    """
    if ends is None:
        ends = head.count(b"\r\n")
    return head.count(b"\n") != ends or head.count(b"\r") != ends


def _read_lines(text: str, headers: Headers, *, lone_ends: bool) -> MalformedMessage | None:
    """Split into the headers; the first line that is none is the answer, the others are kept all the same."""
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\r\n", MAX_LINES + 1)[: MAX_LINES + 1] if text else []
    keys = [_KEYS.get(line.partition(":")[0]) for line in lines]
    fault = None
    if lone_ends or None in keys:
        for place, line in enumerate(lines):
            name, colon, _ = line.partition(":")
            name = name.rstrip(" \t")
            if colon and _NAME.fullmatch(name) and "\r" not in line and "\n" not in line:
                keys[place] = _key(name)
            else:
                keys[place] = None
                fault = fault or MalformedMessage("header line", line)
        if fault is not None:
            lines = [line for line, key in zip(lines, keys, strict=True) if key is not None]
    headers._lines = lines
    headers._keys = [key for key in keys if key is not None]
    return fault


def _read_start(line: str, headers: Headers) -> Message:
    status = _STATUS_LINE.fullmatch(line)
    if status is not None:
        return Response(int(status[1]), status[2] or "", headers)
    if line[:4].upper() == "SIP/":
        raise MalformedMessage("start line", line)
    method, _, rest = line.partition(" ")
    uri, _, version = rest.partition(" ")
    request = Request(method, uri, headers)
    if not _NAME.fullmatch(method) or not _REQUEST_URI.fullmatch(uri):
        raise _answerable(MalformedMessage("start line", line), request)
    if version != "SIP/2.0" and version.upper() != "SIP/2.0":
        known = _VERSION.fullmatch(version) is not None
        raise _answerable(MalformedMessage("start line", line, status=505 if known else 400), request)
    return request


def _content_length(headers: Headers) -> int | None:
    """None if there is none. Raises MalformedMessage for two, a negative one, no number."""
    found = headers.get_all("Content-Length")
    if not found:
        return None
    if len(found) > 1 or not (found[0].isascii() and found[0].isdigit() and len(found[0]) < 10):
        raise MalformedMessage("Content-Length", ", ".join(found))
    return int(found[0])


def _check(message: Message) -> None:
    """What every message needs can be read (RFC 3261 §8.1.1). Raises MalformedMessage."""
    single = [key for key in message.headers._keys if key in _SINGLE]
    if len(single) != len(set(single)):
        twice = next(key for key in single if single.count(key) > 1)
        raise MalformedMessage(_SINGLE[twice], "more than one")
    _ = message.via, message.from_, message.to, message.call_id
    cseq = message.cseq
    if isinstance(message, Request):
        if cseq.method != message.method:
            raise MalformedMessage("CSeq", f"{cseq} in a {message.method}")
        _ = message.max_forwards
        target = message.target
        if isinstance(target, uris.SipUri) and target.headers:
            raise MalformedMessage("Request-URI", message.uri)
