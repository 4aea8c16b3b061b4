"""What it means for the next try that a number was not reached: busy, switched off, no such number …

A trunk says it twice, where it says it well: by SIP's status, and by the cause of the telephone network behind it
(ITU-T Q.850, table 1). The cause is the better one: China's networks answer 480 for nearly everything. Where there is
only a spoken announcement (空号、关机), nothing is known but that nobody answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from callcenterd.calls.call import Refusal

NotReached = Literal["busy", "no_answer", "no_such_number", "switched_off", "refused", "failed"]

_BY_CAUSE: Mapping[int, NotReached] = {
    1: "no_such_number",  # unallocated number
    17: "busy",
    18: "no_answer",  # no user responding
    19: "no_answer",  # alerting, no answer
    20: "switched_off",  # subscriber absent
    21: "refused",
    22: "no_such_number",  # number changed
    27: "switched_off",  # destination out of order
    28: "no_such_number",  # invalid number format
}
_BY_STATUS: Mapping[int, NotReached] = {
    403: "refused",
    404: "no_such_number",
    408: "no_answer",
    410: "no_such_number",
    480: "no_answer",
    484: "no_such_number",
    486: "busy",
    487: "no_answer",
    600: "busy",
    603: "refused",
    604: "no_such_number",
    607: "refused",  # unwanted (RFC 8197)
}


def not_reached(refusal: Refusal | None) -> NotReached:
    """None: it rang until we gave up."""
    if refusal is None:
        return "no_answer"
    return _BY_CAUSE.get(refusal.cause) or _BY_STATUS.get(refusal.status, "failed")
