"""What nodes read aloud: a text, or a list of texts and values that become words by rule (`spoken`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from callcenterd import said
from callcenterd.ivr.expression import digit_by_digit
from callcenterd.ivr.node import Template, Walk, is_fixed
from callcenterd.ivr.spoken import values
from callcenterd.model.cards import Currency
from callcenterd.model.prompts import Prompt, Speech, Word


def _as_text(value: object) -> object:
    """A number may stand there without quotes."""
    return value if isinstance(value, bool) or not isinstance(value, int | float) else str(value)


Said = Annotated[Template, BeforeValidator(_as_text), Field(max_length=100)]


class Value(BaseModel):
    """Something that is read aloud by rule: one of the kinds, with a text that may be a variable.

    currency: of money.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    digits: Said | None = None
    number: Said | None = None
    money: Said | None = None
    date: Said | None = None
    time: Said | None = None
    duration: Said | None = None
    ordinal: Said | None = None
    currency: Currency | None = None

    @field_validator(*values.KINDS)
    @classmethod
    def _readable(cls, text: str | None, info: ValidationInfo) -> str | None:
        kind = cast("values.Kind", info.field_name)
        if text is not None and is_fixed(text):
            try:
                values.words(kind, text, "en")
            except values.Unreadable:
                raise ValueError(said.Said("value_of_kind", kind=said.Said(f"kind_{kind}"))) from None
        return text

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        named = [kind for kind in values.KINDS if getattr(self, kind) is not None]
        if len(named) != 1:
            raise ValueError(said.Said("one_kind_of", kinds=tuple(values.KINDS)))
        if self.currency is not None and self.money is None:
            raise ValueError(said.Said("currency"))
        return self

    @property
    def kind(self) -> values.Kind:
        return next(kind for kind in values.KINDS if getattr(self, kind) is not None)

    @property
    def text(self) -> str:
        return str(getattr(self, self.kind))


def _pieces(saying: object) -> object:
    return saying if isinstance(saying, list | tuple) else (saying,)


def _which(piece: object) -> str:
    return "<value>" if isinstance(piece, Mapping | Value) else "<text>"


Piece = Annotated[Annotated[Template, Tag("<text>")] | Annotated[Value, Tag("<value>")], Discriminator(_which)]
Saying = Annotated[tuple[Piece, ...], BeforeValidator(_pieces), Field(min_length=1, max_length=50)]
"""A text, or a list of texts and values that are heard one after the other."""


def as_words(value: Value, text: str, language: str) -> list[Word]:
    """text: the value's, filled. Raises values.Unreadable."""
    said = values.words(value.kind, text, language, currency=value.currency or "CNY")
    return [Word(word, language) for word in said]


def prompts(saying: Saying, walk: Walk) -> list[Prompt]:
    """What a caller hears. A variable that is no value of its kind is read as it is."""
    heard: list[Prompt] = []
    for piece in saying:
        if isinstance(piece, Value):
            text = walk.fill(piece.text)
            try:
                heard += as_words(piece, text, walk.language)
            except values.Unreadable:
                heard.append(Speech(digit_by_digit(text), walk.language))
        else:
            heard.append(walk.speech(piece))
    return heard


def fixed(saying: Saying, language: str) -> tuple[Prompt, ...]:
    """What of it can be made before anybody calls: the texts that all hear, and every word that a value may need."""
    made: list[Prompt] = []
    for piece in saying:
        if not isinstance(piece, Value):
            made += [Speech(piece, language)] if is_fixed(piece) else []
        elif is_fixed(piece.text):
            made += as_words(piece, piece.text, language)
        else:
            made += [Word(word, language) for word in values.vocabulary(language)]
    return tuple(dict.fromkeys(made))
