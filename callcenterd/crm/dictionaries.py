"""Lists of values that an administrator keeps: what may stand in them, and who changed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from callcenterd.clock import Clock
from callcenterd.crm.customer import one_line
from callcenterd.errors import NotFound
from callcenterd.model.dictionaries import DICTIONARIES, Dictionary, DictionaryValue
from callcenterd.store.database import Store

MOST_VALUES = 500


def _something(text: str) -> str:
    if not text:
        raise PydanticCustomError("empty_name", "a value needs a name in both languages")
    return text


Name = Annotated[str, Field(max_length=60), AfterValidator(one_line), AfterValidator(_something)]


class ValueFields(BaseModel):
    """One value as an administrator fills it in."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    code: str = Field(pattern=r"^[a-z0-9_]{1,40}$", description="What records keep; it does not change")
    chinese: Name
    english: Name
    retired: bool = Field(False, description="Stands on old records, and is not offered for new ones")


class DictionaryFields(BaseModel):
    """A whole list, in the order in which its values are offered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    values: tuple[ValueFields, ...] = Field(max_length=MOST_VALUES)

    @model_validator(mode="after")
    def _once(self) -> Self:
        codes = [value.code for value in self.values]
        if len(set(codes)) < len(codes):
            raise PydanticCustomError("code_twice", "a code stands in the list twice")
        return self


class Dictionaries:
    """Every way to the lists that is not SQL."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def all(self) -> Sequence[Dictionary]:
        return await self._store.dictionaries.all()

    async def put(self, name: str, fields: DictionaryFields, by: str) -> Dictionary:
        """The whole list anew. What is left out is gone, or retired if a record uses it. Raises NotFound."""
        if name not in DICTIONARIES:
            raise NotFound("dictionary", name[:40])
        before = next(known for known in await self._store.dictionaries.all() if known.name == name)
        values = [DictionaryValue(**value.model_dump()) for value in fields.values]
        after = await self._store.dictionaries.put(name, values)
        details = {"before": _rows(before), "after": _rows(after)}
        await self._store.audit.append(self._clock.utc(), by, "dictionary.changed", f"dictionary/{name}", details)
        return after


def _rows(dictionary: Dictionary) -> list[dict[str, object]]:
    return [asdict(value) for value in dictionary.values]
