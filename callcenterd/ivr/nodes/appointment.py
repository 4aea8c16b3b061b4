"""appointment: the caller names an appointment by its code; then it can be moved (`book`) or cancelled (`cancel`)."""

from __future__ import annotations

from collections.abc import Iterable

from callcenterd.ivr import expression
from callcenterd.ivr.node import Exits, FlowCall, Node, NodeName, Template, Walk, node, present, templates
from callcenterd.ivr.nodes.book import ShortText, told_of


@node("appointment", zh="按电话号码和预约码查预约。", en="Find an appointment by the caller's number and its code.")
class FindAppointment(Node):
    """appointment: the code that the caller has keyed; collect it with `secret: true`. phone: the number for which it
    was booked; without it the calling one. It sets `appointment` (number, service, title, date, time); in this call it
    may be moved and cancelled from then on. next: found, and still to come. on_wrong: there is none with that
    number and code. on_locked: five codes were wrong, and none is taken of this number for half an hour; without it,
    on_wrong.
    """

    appointment: Template
    phone: ShortText | None = None
    next: NodeName | None = None
    on_wrong: NodeName | None = None
    on_locked: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        phone = call.caller if self.phone is None else walk.fill(self.phone)
        found = await call.find_appointment(phone, walk.fill(self.appointment))
        if found.told is not None:
            walk.set("appointment", told_of(found.told, walk.language))
            call.tell("appointment", f"{found.told.number} {found.told.begin:%Y-%m-%d %H:%M}")
            return self.next
        return (self.on_locked if found.answer == "locked" else None) or self.on_wrong

    def exits(self) -> Exits:
        return present(next=self.next, on_wrong=self.on_wrong, on_locked=self.on_locked)

    def may_end(self) -> bool:
        return self.next is None or self.on_wrong is None

    def sets(self) -> Iterable[str]:
        return ("appointment",)

    def shows(self) -> Iterable[str]:
        return ("appointment",)

    def wants_secret(self) -> Iterable[str]:
        return {name for _, text in templates(self.appointment) for name in expression.names(text)}
