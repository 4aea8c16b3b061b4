"""Do-not-disturb and forwarding of extensions, kept over a restart; `outbound` obeys them (TEL-05)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from callcenterd.errors import NotFound, Refused
from callcenterd.model import events
from callcenterd.model.forwarding import Forwarding
from callcenterd.model.ids import ExtensionNumber
from callcenterd.switchboard import outbound

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_NUMBERS = ("always", "busy", "no_answer")


class ForwardingDesk:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._rules: dict[ExtensionNumber, Forwarding] = {}
        board.outbound.rule_of = self.of

    async def restore(self) -> None:
        """After a start."""
        self._rules = {rule.extension: rule for rule in await self._board.store.forwarding.all()}

    def of(self, number: ExtensionNumber) -> Forwarding:
        return self._rules.get(number) or Forwarding(extension=number)

    async def set(self, rule: Forwarding, by: str) -> None:
        """by: who does it, a login, or the phone itself. It is kept when this returns. Raises NotFound for an extension
        that there is not, Refused for a number that leads nowhere or back, CannotStore."""
        board, number = self._board, rule.extension
        if not any(kept.number == number for kept in board.site.extensions):
            raise NotFound("extension", number)
        wrong = {name: why for name in _NUMBERS if (to := getattr(rule, name)) and (why := self._wrong(number, to))}
        if wrong:
            raise Refused("calls cannot be forwarded to that number", wrong)
        before = self.of(number)
        if rule == before:
            return
        await board.store.forwarding.keep(rule)
        self._rules[number] = rule
        now = board.clock.utc()
        details = {key: value for key, value in dataclasses.asdict(rule).items() if key != "extension"}
        board.bus.publish(events.ForwardingChanged(at=now, extension=number, by=by, **details))
        await board.store.audit.append(now, by, "forwarding.changed", f"extension/{number}", details)

    def _wrong(self, number: ExtensionNumber, to: str) -> str:
        """Whether it may be dialled by that extension is asked of each call: limits change."""
        if to == number:
            return "leads back to this extension"
        return "" if outbound.targets(self._board.site, to, None, self._board.region) else "leads nowhere"
