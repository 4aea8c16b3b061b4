"""Telephone numbers: how they are compared, and which pattern fits a dialled one."""

from __future__ import annotations

import functools
import re

import phonenumbers

_NOT_DIALLED = re.compile(r"[\s\-().·]+")
MAX_LENGTH = 64


def tidy(number: str) -> str:
    """A number as dialled: without spaces, brackets and dashes. What is no number stays as it is."""
    return _NOT_DIALLED.sub("", number.strip())[:MAX_LENGTH]


@functools.lru_cache(maxsize=4096)  # asked three times in a call for each of its numbers, 0.1 ms each
def normalise(number: str, region: str) -> str:
    """One text for one line, however it was written: E.164 where the number is a possible one, else its digits.

    region: ISO 3166 country whose national numbers are meant ("CN"), or `home`. "010-6296 0000", "01062960000" and
    "+861062960000" are the same; at home in 010 "6296 0000" is too. Short numbers (extensions, 110) stay as dialled.
    Never raises.
    """
    dialled = tidy(number)
    if len(dialled) < 6 and not dialled.startswith("+"):  # inside numbers and emergency calls
        return dialled
    country, area = _country(region), region.partition("+")[2]
    if area and dialled.isascii() and dialled.isdigit() and (local := _local(dialled, country, area)):
        return local
    try:
        parsed = phonenumbers.parse(dialled, country)
    except phonenumbers.NumberParseException:
        return dialled
    if not phonenumbers.is_possible_number(parsed):
        return dialled
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def home(region: str, area: str) -> str:
    """A region in which numbers without an area code are of one area. area: as it is dialled ("020"); "": none."""
    return f"{region}+{area}" if area else region


def _country(region: str) -> str:
    """Of a region, or of `home`."""
    return region.partition("+")[0]


def is_area(area: str, region: str) -> bool:
    """Can a line of that country have it?"""
    trunk = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True)
    if trunk == "0" and not area.startswith(trunk):
        return False
    return any(_local(f"{first}{'0' * rest}", region, area) for first in "2468" for rest in (6, 7))


def _local(dialled: str, country: str, area: str) -> str:
    """A number that is none of the country as it stands, and is one behind that area code; "": it is not so."""
    try:
        whole, alone = phonenumbers.parse(area + dialled, country), phonenumbers.parse(dialled, country)
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_valid_number(alone) or not phonenumbers.is_valid_number(whole):
        return ""
    return phonenumbers.format_number(whole, phonenumbers.PhoneNumberFormat.E164)


def national(number: str, region: str) -> str:
    """As it is dialled within the country: "+861062960000" → "01062960000"; another country's with 00."""
    full = normalise(number, region)
    if not full.startswith("+"):
        return full
    country = _country(region)
    parsed = phonenumbers.parse(full, country)
    if parsed.country_code != phonenumbers.country_code_for_region(country):
        return f"00{full[1:]}"
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(sign for sign in written if sign.isdigit())


def is_foreign(number: str, region: str) -> bool:
    """Does it lead to another country? Whatever begins like such a number does, even if it is no possible one."""
    ours = f"+{phonenumbers.country_code_for_region(_country(region))}"
    full = normalise(number, region)
    return full.startswith(("+", "00")) and not full.startswith((ours, f"00{ours[1:]}"))


_EMERGENCY = frozenset({"110", "112", "119", "120", "122"})
"""China's, with the one that every mobile network knows; phonenumbers leaves 122 (traffic) out."""


def is_emergency(number: str, region: str) -> bool:
    """Nothing may keep anybody from dialling it: no limit, no overload."""
    return number in _EMERGENCY or phonenumbers.is_emergency_number(number, _country(region))


def is_premium(number: str, region: str) -> bool:
    """Is it a number whose calls pay somebody (声讯台)?"""
    try:
        parsed = phonenumbers.parse(tidy(number), _country(region))
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.PREMIUM_RATE


def is_mobile(number: str, region: str) -> bool:
    """Can it get an SMS? A valid number of a mobile network, or of a country where mobile numbers look like others."""
    try:
        parsed = phonenumbers.parse(tidy(number), _country(region))
    except phonenumbers.NumberParseException:
        return False
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return phonenumbers.number_type(parsed) in kinds


def matches(pattern: str, number: str) -> bool:
    """Does a dialled number fit? "9." is 9 and at least one more character; without a dot only the same number."""
    if pattern.endswith("."):
        return len(number) >= len(pattern) and number.startswith(pattern[:-1])
    return pattern == number


def card_number(text: str) -> str:
    """A prepaid card's number as it is kept and compared: without the spaces and hyphens that help the eye."""
    return text.replace(" ", "").replace("-", "")
