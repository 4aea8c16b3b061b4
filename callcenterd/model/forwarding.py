"""What becomes of calls to an extension that its phone shall not, or does not, take (TEL-05)."""

from __future__ import annotations

from dataclasses import dataclass

from callcenterd.model.ids import ExtensionNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """Of direct calls; those of queues follow the agent's state. always, busy, no_answer: numbers as the extension
    dials them; "": none. do_not_disturb: it is as if the phone were busy. ring: seconds until nobody has answered.

    What comes first: always, then do_not_disturb. A phone that cannot be reached has not answered.
    """

    extension: ExtensionNumber
    do_not_disturb: bool = False
    always: str = ""
    busy: str = ""
    no_answer: str = ""
    ring: float = 20.0

    @property
    def idle(self) -> bool:
        """Is a call to it just a call?"""
        return not (self.do_not_disturb or self.always or self.busy or self.no_answer)
