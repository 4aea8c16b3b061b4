"""A letter as it goes over the wire (RFC 5322), with a message's sound attached: made in the worker's process.

The sound is MP3, what every mail program plays by itself: the caller's side alone, 24 kbit/s, three minutes are half a
megabyte. What would be larger than the office allows is cut, and the letter says so.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import numpy as np

from callcenterd import sealed
from callcenterd.worker.finishing import RATE, Sound, pieces

BIT_RATE = 24_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """sender: as it stands in From. key: of the Message-ID. text_if_cut: instead of text where the sound is cut.
    text_alone: where there is no sound. file: the name of the attachment, without its ending."""

    sender: str
    address: str
    subject: str
    text: str
    text_if_cut: str
    text_alone: str
    file: str
    key: str
    domain: str
    at: datetime


def write(draft: Draft, sound: Path | None, key_file: Path | None, most_octets: int) -> bytes:
    """The letter's octets. sound None: there is none to attach. most_octets: of the sound.

    Raises CannotFinish, NoKey, OSError.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = draft.sender
    message["To"] = draft.address
    message["Subject"] = in_a_line(draft.subject)
    message["Date"] = format_datetime(draft.at)
    message["Message-ID"] = f"<{draft.key}@{draft.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: nobody's holiday note answers it
    if sound is None:
        message.set_content(draft.text_alone)
        return message.as_bytes()
    octets, cut = mp3(sound, key_file, most_octets)
    message.set_content(draft.text_if_cut if cut else draft.text)
    message.add_attachment(octets, maintype="audio", subtype="mpeg", filename=f"{draft.file}.mp3")
    return message.as_bytes()


def in_a_line(text: str) -> str:
    """A caller's name may hold anything; a header is one line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def mp3(path: Path, key_file: Path | None, most_octets: int) -> tuple[bytes, bool]:
    """The left side of a recording, and whether it was cut to have room."""
    import av  # noqa: PLC0415  # 30 MB, and only the worker's process needs it

    keys = None if key_file is None else sealed.read_keys(key_file)
    most, at, cut = most_octets * 8 // BIT_RATE * RATE, 0, False
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE)
        stream.layout = "mono"
        stream.bit_rate = BIT_RATE
        resampler = av.AudioResampler(format=stream.codec_context.format or "s16p", layout="mono", rate=RATE)
        for piece in pieces(path, keys):
            kept: Sound = piece[: most - at, 0]
            cut = len(kept) < len(piece)
            if len(kept):
                frame = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(kept).reshape(1, -1), format="s16", layout="mono"
                )
                frame.sample_rate, frame.pts = RATE, at
                at += len(kept)
                for part in resampler.resample(frame):
                    container.mux(stream.encode(part))
            if cut:
                break
        container.mux(stream.encode(None))
    return file.getvalue(), cut
