"""Files that are attached to records (CRM-04), and the kinds of records that there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

RecordKind = Literal["customer", "consultation", "complaint", "follow_up", "appointment", "call"]
RECORD_KINDS: tuple[RecordKind, ...] = get_args(RecordKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttachment:
    """record: the record's id, as a text. name: as it was given, without what no file system likes; never a path.

    type: what the file's own octets say that it is; never what its name says. sha256: in hex, where its octets are.
    """

    kind: RecordKind
    record: str
    name: str
    octets: int
    type: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment(NewAttachment):
    id: int
    at: datetime
    by: str
