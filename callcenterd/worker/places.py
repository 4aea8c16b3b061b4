"""Where a telephone number is from: its area, and of mobile ones who gave it out. Runs in the worker: the tables of the
library take three seconds and 100 MB to read, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import phonenumbers

from callcenterd.model.numbers import normalise

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Place:
    """area: "广东省广州市"; another country's name, if that is all that is known. carrier: of mobile numbers, who gave
    them out first. "": not known."""

    area: str = ""
    carrier: str = ""


def places(numbers: Sequence[str], region: str, language: Language) -> list[Place]:
    """Of each number, in their order. region: as of `normalise`."""
    from phonenumbers import carrier, geocoder  # noqa: PLC0415  # see above

    country = region.partition("+")[0]
    found = []
    for number in numbers:
        full = normalise(number, region)
        if not full.startswith("+"):
            found.append(Place())
            continue
        parsed = phonenumbers.parse(full, country)
        if not phonenumbers.is_valid_number(parsed):
            found.append(Place())
            continue
        area = geocoder.description_for_number(parsed, language)
        if phonenumbers.region_code_for_number(parsed) == country and area == geocoder.country_name_for_number(
            parsed, language
        ):
            area = ""  # that it is of one's own country is nothing to say
        found.append(Place(area=area, carrier=carrier.name_for_number(parsed, language)))
    return found
