"""card: whether a prepaid card and a PIN belong together; then who the caller is, and what stands on the card."""

from __future__ import annotations

from collections.abc import Iterable

from callcenterd.ivr import expression
from callcenterd.ivr.node import Exits, FlowCall, Node, NodeName, Template, Walk, node, present, templates
from callcenterd.ivr.nodes.lookup import customer_told
from callcenterd.model.cards import Account, amount_of


@node(
    "card",
    zh="核对预付费卡的卡号和密码，得到余额和积分。",
    en="Check a prepaid card and its PIN; gives balance and points.",
)
class CardNode(Node):
    """card, pin: what the caller has keyed; collect the PIN with `secret: true`. It sets `account` (card, balance,
    currency, points, valid_until, state) and `customer` as lookup does; the agent's page then shows this customer.

    next: they belong together. on_wrong: they do not, or there is no such card: a caller hears no difference, unless
    on_unknown is named. on_locked: too many wrong PINs, and no PIN is taken for a while (a number that is no card is
    locked in the same way); on_blocked: the PIN is right, but the card is blocked or has expired (account.state says
    which). Where on_unknown, on_locked or on_blocked is not named, on_wrong stands in for it.
    """

    card: Template
    pin: Template
    next: NodeName | None = None
    on_wrong: NodeName | None = None
    on_unknown: NodeName | None = None
    on_locked: NodeName | None = None
    on_blocked: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        checked = await call.check_card(walk.fill(self.card), walk.fill(self.pin))
        if checked.account is not None:
            self._told(checked.account, await call.custom_fields(), call, walk)
        match checked.answer:
            case "found":
                return self.next
            case "blocked":
                return self.on_blocked or self.on_wrong
            case "locked":
                return self.on_locked or self.on_wrong
            case "unknown":
                return self.on_unknown or self.on_wrong
            case "wrong":
                return self.on_wrong

    @staticmethod
    def _told(account: Account, fields: Iterable[str], call: FlowCall, walk: Walk) -> None:
        customer = account.customer
        walk.set("customer", customer_told(customer, fields))
        stands = {
            "card": account.card,
            "balance": amount_of(account.money, account.currency),
            "currency": account.currency,
            "points": account.points,
            "valid_until": "" if account.valid_until is None else account.valid_until.isoformat(),
            "state": account.state,
        }
        walk.set("account", stands)
        call.tell("customer", customer.name)

    def exits(self) -> Exits:
        return present(
            next=self.next,
            on_wrong=self.on_wrong,
            on_unknown=self.on_unknown,
            on_locked=self.on_locked,
            on_blocked=self.on_blocked,
        )

    def may_end(self) -> bool:
        return self.next is None or self.on_wrong is None

    def sets(self) -> Iterable[str]:
        return ("account", "customer")

    def wants_secret(self) -> Iterable[str]:
        return {name for _, text in templates(self.pin) for name in expression.names(text)}
