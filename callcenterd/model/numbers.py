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

    region: ISO 3166 country whose national numbers are meant ("CN"). "010-6296 0000", "01062960000" and
    "+861062960000" are the same. Short numbers (extensions, 110) stay as dialled. Never raises.
    """
    dialled = tidy(number)
    if len(dialled) < 6 and not dialled.startswith("+"):  # inside numbers and emergency calls
        return dialled
    try:
        parsed = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return dialled
    if not phonenumbers.is_possible_number(parsed):
        return dialled
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def matches(pattern: str, number: str) -> bool:
    """Does a dialled number fit? "9." is 9 and at least one more character; without a dot only the same number."""
    if pattern.endswith("."):
        return len(number) >= len(pattern) and number.startswith(pattern[:-1])
    return pattern == number
