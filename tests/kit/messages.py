"""SIP messages for tests, as short to ask for as they are to say."""

from __future__ import annotations

from callcenterd.sip.message import Headers, Request, Response, reply_to


def request(
    method: str = "INVITE",
    *,
    uri: str = "sip:1001@callcenter.example",
    branch: str | None = "z9hG4bK-1",
    call_id: str = "a1b2@192.0.2.1",
    from_tag: str | None = "caller",
    to_tag: str | None = None,
    sequence: int = 1,
    cseq_method: str | None = None,
    sent_by: str = "192.0.2.1:5060",
    transport: str = "UDP",
    body: bytes = b"",
) -> Request:
    headers = Headers()
    headers.add("Via", f"SIP/2.0/{transport} {sent_by}" + ("" if branch is None else f";branch={branch}"))
    headers.add("Max-Forwards", "70")
    headers.add("From", "<sip:13800138000@192.0.2.1>" + ("" if from_tag is None else f";tag={from_tag}"))
    headers.add("To", f"<{uri}>" + ("" if to_tag is None else f";tag={to_tag}"))
    headers.add("Call-ID", call_id)
    headers.add("CSeq", f"{sequence} {cseq_method or method}")
    if body:
        headers.add("Content-Type", "application/sdp")
    return Request(method, uri, headers, body)


def answer(to: Request, status: int, *, tag: str = "callee") -> Response:
    return reply_to(to, status, to_tag=tag)


def lines(text: str, body: bytes = b"") -> bytes:
    """A message as it is written in a test, with the line ends of the wire; the empty line is added."""
    written = [line.strip() for line in text.strip().splitlines()]
    return "\r\n".join(written).encode(errors="surrogateescape") + b"\r\n\r\n" + body
