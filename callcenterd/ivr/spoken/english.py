"""English: values as words, as Americans say them.

A word is as much as is said in one breath and comes up in many values: twenty-six, three hundred, November.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**15, "quadrillion"), (10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_FIRST = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_DIGITS = dict(zip("0123456789", _ONES, strict=False)) | {"*": "star", "#": "pound", "+": "plus"}
_CURRENCY = {
    # one of it, several; one part, several
    "CNY": ("yuan", "yuan", "fen", "fen"),
    "HKD": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "USD": ("dollar", "dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "JPY": ("yen", "yen", "", ""),
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_UNITS = ((86400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes"), (1, "second", "seconds"))


def below_hundred(value: int) -> str:
    if value < 20:
        return _ONES[value]
    tens, ones = divmod(value, 10)
    return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")


def _below_thousand(value: int) -> list[str]:
    hundreds, rest = divmod(value, 100)
    words = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    return [*words, below_hundred(rest)] if rest else words


def whole(value: int) -> list[str]:
    """0 to 10**16 - 1."""
    if value == 0:
        return ["zero"]
    words: list[str] = []
    for scale, word in _SCALES:
        part, value = divmod(value, scale)
        if part:
            words += [*_below_thousand(part), word]
    return words + _below_thousand(value)


def number(value: Decimal) -> list[str]:
    before, _, after = f"{abs(value):f}".partition(".")
    after = after.rstrip("0")
    words = whole(int(before))
    if after:
        words += ["point", *(_ONES[int(digit)] for digit in after)]
    return ["minus", *words] if value < 0 and words != ["zero"] else words


def digits(text: str) -> list[str]:
    return [_DIGITS[digit] for digit in text]


def money(amount: Decimal, currency: str) -> list[str]:
    one, several, one_part, parts = _CURRENCY[currency]
    main, hundredths = divmod(int(abs(amount) * 100), 100)
    words = ["minus"] if amount < 0 else []
    if main or not hundredths:
        words += [*whole(main), one if main == 1 else several]
    if main and hundredths:
        words.append("and")
    if hundredths:
        words += [below_hundred(hundredths), one_part if hundredths == 1 else parts]
    return words


def ordinal_word(word: str) -> str:
    """The last word of a number as that of a place: twenty-one → twenty-first, three hundred → three hundredth."""
    head, dash, last = word.rpartition("-") if "-" in word else word.rpartition(" ")
    if last.endswith("y"):
        return f"{head}{dash}{last[:-1]}ieth"
    return f"{head}{dash}{_FIRST.get(last, f'{last}th')}"


def ordinal(place: int) -> list[str]:
    *words, last = whole(place)
    return [*words, ordinal_word(last)]


def date(value: datetime.date) -> list[str]:
    return [*day(value), *_year(value.year)]


def day(value: datetime.date) -> list[str]:
    return [_MONTHS[value.month - 1], ordinal_word(below_hundred(value.day))]


def _year(year: int) -> list[str]:
    """2026 in pairs; 2000 to 2009 and years before 1000 as a number; 1905 with an oh."""
    century, rest = divmod(year, 100)
    if year < 1000 or year % 1000 < 10:
        return whole(year)
    if rest == 0:
        return [below_hundred(century), "hundred"]
    return [below_hundred(century), *_minor(rest)]


def _minor(value: int) -> list[str]:
    return ["oh", _ONES[value]] if value < 10 else [below_hundred(value)]


def time(hours: int, minutes: int, seconds: int) -> list[str]:
    half = "a.m." if hours < 12 else "p.m."
    words = [below_hundred(hours % 12 or 12)]
    if minutes:
        words += _minor(minutes)
    words.append(half)
    if seconds:
        words += ["and", below_hundred(seconds), "second" if seconds == 1 else "seconds"]
    return words


def duration(seconds: int) -> list[str]:
    words: list[str] = []
    for unit, one, several in _UNITS:
        count, seconds = divmod(seconds, unit)
        if count:
            words += [*whole(count), one if count == 1 else several]
    return words or ["zero", "seconds"]


_BELOW_HUNDRED = tuple(below_hundred(value) for value in range(100))
_HUNDREDS = tuple(f"{one} hundred" for one in _ONES[1:10])
_SCALE_WORDS = tuple(word for _, word in _SCALES)
VOCABULARY = (
    *_BELOW_HUNDRED,
    *_HUNDREDS,
    *_SCALE_WORDS,
    *(ordinal_word(word) for word in (*_BELOW_HUNDRED[1:], *_HUNDREDS, *_SCALE_WORDS)),
    *("minus", "point", "and", "oh", "hundred"),
    *_DIGITS.values(),
    *(word for words in _CURRENCY.values() for word in words if word),
    *_MONTHS,
    *("a.m.", "p.m."),
    *(word for _, one, several in _UNITS for word in (one, several)),
)
