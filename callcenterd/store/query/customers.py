"""Customers, to be asked for."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from callcenterd.store.query.kinds import Condition, Field, Kind, QuerySight, Side, Way, plain
from callcenterd.store.schema import calls, customer_choices, customers, phones
from callcenterd.store.search import Words, of_customers
from callcenterd.store.seen import records_seen
from callcenterd.store.tables.duties import duties

BY_CALLS = (
    Way(owner=calls.c.customer_id, related=calls.c.id, source=calls),
    *(
        Way(owner=phones.c.customer_id, related=calls.c.id, source=sa.join(phones, calls, line == phones.c.number))
        for line in (calls.c.caller_line, calls.c.called_line)
    ),
)
"""A call is a customer's if somebody has said so, or if it was from or to one of their numbers."""


def _chosen(name: str, dictionary: str) -> Field:
    side = Side(
        owner=customer_choices.c.customer_id,
        only=(customer_choices.c.dictionary == dictionary,),
        order=customer_choices.c.position,
    )
    return Field(
        name=name, type="choice", column=customer_choices.c.code, side=side, several=True, dictionary=dictionary
    )


def customers_seen(sight: QuerySight) -> Condition | None:
    own, here = sight.records.get("customer"), customers.c.removed_at.is_(None)
    return here if own is None else here & records_seen(own, customers)  # nobody finds who lies in the recycle bin


def kind(region: str) -> Kind:
    c = customers.c

    def find(words: Sequence[str], sqlite: bool) -> list[Words]:
        return of_customers(words, region, sqlite=sqlite)

    return Kind(
        name="customer",
        key=c.id,
        fields=(
            plain("anything", "any_text", c.words, find=find),
            plain("name", "text", c.name),
            Field(
                name="phones",
                type="phone",
                column=phones.c.digits,
                line=phones.c.number,
                shown=phones.c.written,
                side=Side(owner=phones.c.customer_id, order=phones.c.position),
                several=True,
            ),
            plain("card", "text", c.card),
            plain("sex", "choice", c.sex, dictionary="sex"),
            plain("company", "text", c.company),
            plain("address", "text", c.address),
            plain("email", "text", c.email),
            plain("level", "choice", c.level, dictionary="level"),
            plain("identity", "choice", c.identity, dictionary="identity"),
            plain("background", "text", c.background),
            _chosen("channels", "channel"),
            _chosen("tags", "tag"),
            plain("gifts_by_mail", "yes_no", c.gifts_by_mail),
            plain("no_sms", "yes_no", c.no_sms),
            plain("no_email", "yes_no", c.no_email),
            plain("note", "text", c.note),
            plain("owner", "user", c.owner),
            plain("team", "text", c.team),
            plain("created_at", "moment", c.created_at),
            plain("created_by", "user", c.created_by),
            plain("changed_at", "moment", c.changed_at),
            plain("changed_by", "user", c.changed_by),
            plain("number", "number", c.id),
        ),
        related={
            "call": BY_CALLS,
            "duty": (Way(owner=duties.c.customer_id, related=duties.c.id, source=duties),),
        },
        custom="customer",
        seen=customers_seen,
        columns=("name", "phones", "level", "company", "owner", "created_at"),
    )
