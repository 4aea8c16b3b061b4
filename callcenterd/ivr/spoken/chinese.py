"""Mandarin: values as words, by the rules of spoken Chinese.

Numbers go by groups of four digits (千 百 十 个) with 万 and 亿 between them. 零 stands once where places are empty
before a digit, never at the end. Two is 两 before 万 and 亿, before 千 and 百 where a number begins with them, and
where things are counted (两元, 两点, 两小时); else 二. Ten to nineteen begin a number as 十…, within one they are
一十…. Telephone and account numbers are read digit by digit, one as 幺.

A word is as much as is said in one breath and comes up in many values: 二十六, 三百, 万.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

NUMERALS = "零一二三四五六七八九"
_DIGITS = dict(zip("0123456789", "零幺二三四五六七八九", strict=True)) | {"*": "星号", "#": "井号", "+": "加"}
_CURRENCY = {
    # unit, and what a part of it is: (its word, how many of the hundred parts it is)
    "CNY": ("元", (("角", 10), ("分", 1))),
    "HKD": ("港元", (("港仙", 1),)),
    "USD": ("美元", (("美分", 1),)),
    "EUR": ("欧元", (("欧分", 1),)),
    "GBP": ("英镑", (("便士", 1),)),
    "JPY": ("日元", ()),
}
_DAY_PARTS = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))


def below_hundred(value: int, *, within: bool = False) -> str:
    """1 to 99 as one word. within: of a greater number."""
    tens, ones = divmod(value, 10)
    ten = "" if tens == 0 else "十" if tens == 1 and not within else f"{NUMERALS[tens]}十"
    return ten + (NUMERALS[ones] if ones else "")


def _group(value: int, *, first: bool) -> list[str]:
    """1 to 9999. first: the number begins here."""
    thousands, rest = divmod(value, 1000)
    hundreds, rest = divmod(rest, 100)
    words = []
    if thousands:
        words.append("两千" if thousands == 2 and first else f"{NUMERALS[thousands]}千")
    if hundreds:
        words.append("两百" if hundreds == 2 and first and not thousands else f"{NUMERALS[hundreds]}百")
    if rest:
        if (thousands and not hundreds) or (value >= 100 and rest < 10):
            words.append("零")
        words.append(below_hundred(rest, within=value >= 100 or not first))
    return words


def whole(value: int, *, counted: bool = False) -> list[str]:
    """0 to 10**16 - 1. counted: of things, so that two is 两."""
    if value == 0:
        return ["零"]
    if value == 2 and counted:
        return ["两"]
    return _whole(value, first=True)


def _whole(value: int, *, first: bool) -> list[str]:
    words: list[str] = []
    skipped = False
    for unit, word in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part, value = divmod(value, unit)
        if part == 0:
            skipped = True
            continue
        if words and (skipped or part < 1000):
            words.append("零")
        skipped = False
        if part == 2 and unit > 1:
            words.append("两")
        elif part >= 10**4:
            words += _whole(part, first=first and not words)
        else:
            words += _group(part, first=first and not words)
        words += [word] if word else []
    return words


def number(value: Decimal, *, counted: bool = False) -> list[str]:
    words = ["负"] if value < 0 else []
    text = f"{abs(value):f}"
    before, _, after = text.partition(".")
    after = after.rstrip("0")
    words += whole(int(before), counted=counted and not after)
    if after:
        words += ["点", *(NUMERALS[int(digit)] for digit in after)]
    return words if words != ["负", "零"] else ["零"]


def digits(text: str) -> list[str]:
    return [_DIGITS[digit] for digit in text]


def money(amount: Decimal, currency: str) -> list[str]:
    unit, parts = _CURRENCY[currency]
    words = ["负"] if amount < 0 else []
    main, hundredths = divmod(int(abs(amount) * 100), 100)
    if main or not hundredths:
        words += [*whole(main, counted=True), unit]
    empty = False
    for word, worth in parts:
        count, hundredths = divmod(hundredths, worth)
        if count == 0:
            empty = True
            continue
        if empty and main:
            words.append("零")
        words += [*whole(count, counted=True), word]
        empty = False
    return words


def date(value: datetime.date) -> list[str]:
    year = [NUMERALS[int(digit)] for digit in str(value.year)]
    return [*year, "年", *day(value)]


def day(value: datetime.date) -> list[str]:
    return [f"{below_hundred(value.month)}月", f"{below_hundred(value.day)}日"]


def time(hours: int, minutes: int, seconds: int) -> list[str]:
    part = next(word for until, word in _DAY_PARTS if hours < until)
    hour = hours - 12 if hours > 12 else hours
    words = [part, *whole(hour, counted=True), "点"]
    if minutes or seconds:
        words += [*_minor(minutes), "分"]
    if seconds:
        words += [*_minor(seconds), "秒"]
    return words


def _minor(value: int) -> list[str]:
    """Minutes and seconds of a time of day have two digits: 零五."""
    return ["零"] if value == 0 else ["零", below_hundred(value)] if value < 10 else [below_hundred(value)]


def duration(seconds: int) -> list[str]:
    words: list[str] = []
    for unit, word in ((86400, "天"), (3600, "小时"), (60, "分钟"), (1, "秒")):
        count, seconds = divmod(seconds, unit)
        if count:
            words += [*whole(count, counted=True), word]
    return words or ["零", "秒"]


def ordinal(place: int) -> list[str]:
    return ["第", *whole(place)]


VOCABULARY = (
    *NUMERALS,
    *(below_hundred(value) for value in range(10, 100)),
    *(below_hundred(value, within=True) for value in range(10, 20)),
    *(f"{numeral}{place}" for place in "百千" for numeral in (*NUMERALS[1:], "两")),
    *("两", "万", "亿", "负", "点", "第"),
    *_DIGITS.values(),
    *(word for unit, parts in _CURRENCY.values() for word in (unit, *(part for part, _ in parts))),
    *("年", *(f"{below_hundred(month)}月" for month in range(1, 13))),
    *(f"{below_hundred(day)}日" for day in range(1, 32)),
    *(word for _, word in _DAY_PARTS),
    *("天", "小时", "分钟", "分", "秒"),
)
