"""Values as they are said, in both languages: tables that a speaker can read, and numbers read back by another rule."""
# ruff: noqa: E501  # a table is read line by line

from __future__ import annotations

import contextlib
import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.ivr.spoken import values
from callcenterd.ivr.spoken.values import Kind, Unreadable, vocabulary, words
from callcenterd.model.cards import CURRENCIES, Currency

NUMBERS = [
    ("0", "零", "zero"),
    ("1", "一", "one"),
    ("2", "二", "two"),
    ("9", "九", "nine"),
    ("10", "十", "ten"),
    ("11", "十一", "eleven"),
    ("12", "十二", "twelve"),
    ("19", "十九", "nineteen"),
    ("20", "二十", "twenty"),
    ("22", "二十二", "twenty-two"),
    ("55", "五十五", "fifty-five"),
    ("99", "九十九", "ninety-nine"),
    ("100", "一百", "one hundred"),
    ("101", "一百零一", "one hundred one"),
    ("102", "一百零二", "one hundred two"),
    ("110", "一百一十", "one hundred ten"),
    ("111", "一百一十一", "one hundred eleven"),
    ("200", "两百", "two hundred"),
    ("202", "两百零二", "two hundred two"),
    ("222", "两百二十二", "two hundred twenty-two"),
    ("999", "九百九十九", "nine hundred ninety-nine"),
    ("1000", "一千", "one thousand"),
    ("1001", "一千零一", "one thousand one"),
    ("1010", "一千零一十", "one thousand ten"),
    ("1012", "一千零一十二", "one thousand twelve"),
    ("1100", "一千一百", "one thousand one hundred"),
    ("1101", "一千一百零一", "one thousand one hundred one"),
    ("1234", "一千二百三十四", "one thousand two hundred thirty-four"),
    ("2000", "两千", "two thousand"),
    ("2002", "两千零二", "two thousand two"),
    ("2200", "两千二百", "two thousand two hundred"),
    ("2222", "两千二百二十二", "two thousand two hundred twenty-two"),
    ("9999", "九千九百九十九", "nine thousand nine hundred ninety-nine"),
    ("10000", "一万", "ten thousand"),
    ("10001", "一万零一", "ten thousand one"),
    ("10010", "一万零一十", "ten thousand ten"),
    ("10100", "一万零一百", "ten thousand one hundred"),
    ("11000", "一万一千", "eleven thousand"),
    ("12000", "一万二千", "twelve thousand"),
    ("20000", "两万", "twenty thousand"),
    ("22000", "两万二千", "twenty-two thousand"),
    ("20202", "两万零二百零二", "twenty thousand two hundred two"),
    ("100000", "十万", "one hundred thousand"),
    ("110000", "十一万", "one hundred ten thousand"),
    ("120500", "十二万零五百", "one hundred twenty thousand five hundred"),
    ("200300", "二十万零三百", "two hundred thousand three hundred"),
    ("1000000", "一百万", "one million"),
    ("1000001", "一百万零一", "one million one"),
    ("2000000", "两百万", "two million"),
    ("3050607", "三百零五万零六百零七", "three million fifty thousand six hundred seven"),
    ("10000000", "一千万", "ten million"),
    ("10003000", "一千万三千", "ten million three thousand"),
    ("20000000", "两千万", "twenty million"),
    ("22222222", "两千二百二十二万二千二百二十二", "twenty-two million two hundred twenty-two thousand two hundred twenty-two"),
    ("100000000", "一亿", "one hundred million"),
    ("100000001", "一亿零一", "one hundred million one"),
    ("100003000", "一亿零三千", "one hundred million three thousand"),
    ("100030000", "一亿零三万", "one hundred million thirty thousand"),
    ("130000000", "一亿三千万", "one hundred thirty million"),
    ("200000000", "两亿", "two hundred million"),
    ("200020002", "两亿零两万零二", "two hundred million twenty thousand two"),
    ("1000000000", "十亿", "one billion"),
    ("1205000000", "十二亿零五百万", "one billion two hundred five million"),
    ("1000000000000", "一万亿", "one trillion"),
    ("1000500000000", "一万零五亿", "one trillion five hundred million"),
    ("1000000000000000", "一千万亿", "one quadrillion"),
    ("-1", "负一", "minus one"),
    ("-2000", "负两千", "minus two thousand"),
    ("-0", "零", "zero"),
    ("+5", "五", "five"),
    ("0.5", "零点五", "zero point five"),
    ("3.14", "三点一四", "three point one four"),
    ("-3.1400", "负三点一四", "minus three point one four"),
    ("2.0", "二", "two"),
    ("100.01", "一百点零一", "one hundred point zero one"),
    ("1,234,567", "一百二十三万四千五百六十七", "one million two hundred thirty-four thousand five hundred sixty-seven"),
]  # fmt: skip
MONEY = [
    ("0", "零元", "zero dollars"),
    ("1", "一元", "one dollar"),
    ("2", "两元", "two dollars"),
    ("12", "十二元", "twelve dollars"),
    ("200", "两百元", "two hundred dollars"),
    ("1002", "一千零二元", "one thousand two dollars"),
    ("0.01", "一分", "one cent"),
    ("0.02", "两分", "two cents"),
    ("0.5", "五角", "fifty cents"),
    ("0.55", "五角五分", "fifty-five cents"),
    ("2.20", "两元两角", "two dollars and twenty cents"),
    ("2.22", "两元两角两分", "two dollars and twenty-two cents"),
    ("12.05", "十二元零五分", "twelve dollars and five cents"),
    ("12.50", "十二元五角", "twelve dollars and fifty cents"),
    ("12.35", "十二元三角五分", "twelve dollars and thirty-five cents"),
    ("100.01", "一百元零一分", "one hundred dollars and one cent"),
    ("12.345", "十二元三角五分", "twelve dollars and thirty-five cents"),
    ("12.344", "十二元三角四分", "twelve dollars and thirty-four cents"),
    ("-7.7", "负七元七角", "minus seven dollars and seventy cents"),
    ("12345.67", "一万二千三百四十五元六角七分", "twelve thousand three hundred forty-five dollars and sixty-seven cents"),
]  # fmt: skip
DATES = [
    ("2026-11-26", "二零二六年十一月二十六日", "November twenty-sixth twenty twenty-six"),
    ("2000-01-01", "二零零零年一月一日", "January first two thousand"),
    ("2008-08-08", "二零零八年八月八日", "August eighth two thousand eight"),
    ("2010-02-28", "二零一零年二月二十八日", "February twenty-eighth twenty ten"),
    ("1905-03-02", "一九零五年三月二日", "March second nineteen oh five"),
    ("1900-10-10", "一九零零年十月十日", "October tenth nineteen hundred"),
    ("1999-12-31", "一九九九年十二月三十一日", "December thirty-first nineteen ninety-nine"),
    ("2024-02-29T10:00:00", "二零二四年二月二十九日", "February twenty-ninth twenty twenty-four"),
]
TIMES = [
    ("0:00", "凌晨零点", "twelve a.m."),
    ("00:30", "凌晨零点三十分", "twelve thirty a.m."),
    ("02:05", "凌晨两点零五分", "two oh five a.m."),
    ("06:00", "上午六点", "six a.m."),
    ("9:10", "上午九点十分", "nine ten a.m."),
    ("12:00", "中午十二点", "twelve p.m."),
    ("14:05", "下午两点零五分", "two oh five p.m."),
    ("17:59", "下午五点五十九分", "five fifty-nine p.m."),
    ("18:00", "晚上六点", "six p.m."),
    ("23:59:01", "晚上十一点五十九分零一秒", "eleven fifty-nine p.m. and one second"),
    ("10:00:30", "上午十点零分三十秒", "ten a.m. and thirty seconds"),
]
DURATIONS = [
    ("0", "零秒", "zero seconds"),
    ("1", "一秒", "one second"),
    ("2", "两秒", "two seconds"),
    ("59.6", "一分钟", "one minute"),
    ("90", "一分钟三十秒", "one minute thirty seconds"),
    ("120", "两分钟", "two minutes"),
    ("3600", "一小时", "one hour"),
    ("3725", "一小时两分钟五秒", "one hour two minutes five seconds"),
    ("7200", "两小时", "two hours"),
    ("93784", "一天两小时三分钟四秒", "one day two hours three minutes four seconds"),
]
ORDINALS = [
    ("1", "第一", "first"),
    ("2", "第二", "second"),
    ("3", "第三", "third"),
    ("5", "第五", "fifth"),
    ("8", "第八", "eighth"),
    ("10", "第十", "tenth"),
    ("12", "第十二", "twelfth"),
    ("20", "第二十", "twentieth"),
    ("21", "第二十一", "twenty-first"),
    ("100", "第一百", "one hundredth"),
    ("101", "第一百零一", "one hundred first"),
    ("300", "第三百", "three hundredth"),
    ("1000", "第一千", "one thousandth"),
    ("1000000", "第一百万", "one millionth"),
]
DIGITS = [
    ("110", "幺幺零", "one one zero"),
    ("13800138000", "幺三八零零幺三八零零零", "one three eight zero zero one three eight zero zero zero"),
    ("+86 (20) 8888-6666", "加八六二零八八八八六六六六", "plus eight six two zero eight eight eight eight six six six six"),
    ("*9#", "星号九井号", "star nine pound"),
]  # fmt: skip
TABLES: list[tuple[Kind, list[tuple[str, str, str]]]] = [
    ("number", NUMBERS),
    ("date", DATES),
    ("time", TIMES),
    ("duration", DURATIONS),
    ("ordinal", ORDINALS),
    ("digits", DIGITS),
]
ALL = [(kind, *case) for kind, table in TABLES for case in table]


@pytest.mark.parametrize(("kind", "text", "chinese", "english"), ALL)
def test_values_are_said_as_people_say_them(kind: Kind, text: str, chinese: str, english: str) -> None:
    assert "".join(words(kind, text, "zh-CN")) == chinese
    assert " ".join(words(kind, text, "en")) == english


@pytest.mark.parametrize(("text", "yuan", "dollars"), MONEY)
def test_sums_are_said_as_people_say_them(text: str, yuan: str, dollars: str) -> None:
    assert "".join(words("money", text, "zh-CN")) == yuan
    assert " ".join(words("money", text, "en", currency="USD")) == dollars


@pytest.mark.parametrize(
    ("currency", "text", "chinese", "english"),
    [
        ("CNY", "12.35", "十二元三角五分", "twelve yuan and thirty-five fen"),
        ("USD", "2.50", "两美元五十美分", "two dollars and fifty cents"),
        ("EUR", "1.01", "一欧元一欧分", "one euro and one cent"),
        ("GBP", "1.01", "一英镑一便士", "one pound and one penny"),
        ("GBP", "3.02", "三英镑两便士", "three pounds and two pence"),
        ("HKD", "100", "一百港元", "one hundred Hong Kong dollars"),
        ("JPY", "1250.4", "一千二百五十日元", "one thousand two hundred fifty yen"),
    ],
)
def test_currencies_have_their_own_words(currency: Currency, text: str, chinese: str, english: str) -> None:
    assert "".join(words("money", text, "zh-CN", currency=currency)) == chinese
    assert " ".join(words("money", text, "en", currency=currency)) == english


def test_there_are_more_than_a_hundred_cases_in_each_language() -> None:
    assert len(ALL) + len(MONEY) > 100


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("digits", "12a"),
        ("digits", ""),
        ("digits", "1" * 33),
        ("number", "anonymous"),
        ("number", ""),
        ("number", "1,23"),
        ("number", "1e5"),
        ("number", "١٢"),
        ("number", "10000000000000000"),
        ("number", "1.2.3"),
        ("money", "12 yuan"),
        ("date", "2026-13-01"),
        ("date", "26.11.2026"),
        ("date", ""),
        ("time", "24:00"),
        ("time", "12"),
        ("time", "12:60"),
        ("duration", "-1"),
        ("ordinal", "0"),
        ("ordinal", "1.5"),
        ("ordinal", "-3"),
    ],
)
def test_what_is_no_value_is_refused(kind: Kind, text: str) -> None:
    for language in ("zh-CN", "en"):
        with pytest.raises(Unreadable):
            words(kind, text, language)


# ---- read back by another rule -----------------------------------------------------------------------------------

_CHINESE = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}


def heard_in_chinese(text: str) -> Decimal:
    """What a listener understands: digits times their places, sections times 万 and 亿, decimals behind 点."""
    sign = -1 if text.startswith("负") else 1
    before, _, after = text.removeprefix("负").partition("点")
    total = below_yi = section = digit = 0
    for character in before:
        if character in _CHINESE:
            digit = _CHINESE[character]
        elif character in _PLACES:
            section += (digit or 1) * _PLACES[character]
            digit = 0
        elif character == "万":
            below_yi += (section + digit) * 10**4
            section = digit = 0
        else:
            assert character == "亿"
            total += (below_yi + section + digit) * 10**8
            below_yi = section = digit = 0
    whole = total + below_yi + section + digit
    return sign * (Decimal(whole) + Decimal("0." + "".join(str(_CHINESE[one]) for one in after) if after else 0))


_ENGLISH = {word: value for value, word in enumerate(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
)} | {word: 10 * (tens + 2) for tens, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])}  # fmt: skip
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "quadrillion": 10**15}


def heard_in_english(text: str) -> Decimal:
    before, _, after = text.removeprefix("minus ").partition(" point ")
    total = section = 0
    for word in before.replace("-", " ").split():
        if word == "hundred":
            section *= 100
        elif word in _SCALES:
            total, section = total + section * _SCALES[word], 0
        else:
            section += _ENGLISH[word]
    digits = "".join(str(_ENGLISH[word]) for word in after.split())
    value = Decimal(total + section) + Decimal(f"0.{digits}" if digits else 0)
    return -value if text.startswith("minus ") else value


NUMBERS_OF_ALL_SIZES = st.one_of(
    st.integers(-(10**15), 10**15),
    st.integers(0, 15).flatmap(lambda n: st.integers(-(10**n), 10**n)),
    st.lists(st.sampled_from("0000012"), min_size=1, max_size=15).map(lambda digits: int("".join(digits))),
)


@given(NUMBERS_OF_ALL_SIZES)
@example(100003000)
@example(10**15)
def test_every_whole_number_reads_back(value: int) -> None:
    assert heard_in_chinese("".join(words("number", str(value), "zh-CN"))) == value
    assert heard_in_english(" ".join(words("number", str(value), "en"))) == value


@given(NUMBERS_OF_ALL_SIZES, st.integers(1, 10**6 - 1))
def test_decimals_read_back(value: int, millionths: int) -> None:
    text = f"{value}.{millionths:06d}"
    assert heard_in_chinese("".join(words("number", text, "zh-CN"))) == Decimal(text)
    assert heard_in_english(" ".join(words("number", text, "en"))) == Decimal(text)


@given(st.integers(-(10**14), 10**14))
def test_every_sum_reads_back_to_the_last_fen(fen: int) -> None:
    amount = Decimal(fen) / 100
    text = "".join(words("money", f"{amount:f}", "zh-CN"))
    parts = re.fullmatch(r"(负?)(?:(.+)元)?零?(?:(.)角)?零?(?:(.)分)?", text)
    assert parts is not None, text
    sign, yuan, jiao, coins = parts.groups()
    heard = Decimal(heard_in_chinese(yuan) if yuan else 0)
    heard += Decimal(_CHINESE[jiao] if jiao else 0) / 10 + Decimal(_CHINESE[coins] if coins else 0) / 100
    assert (-heard if sign else heard) == amount


@given(NUMBERS_OF_ALL_SIZES)
def test_in_chinese_zero_stands_alone_never_twice_and_never_last(value: int) -> None:
    text = "".join(words("number", str(value), "zh-CN"))
    assert "零零" not in text
    assert value == 0 or not text.endswith("零")


@given(st.sampled_from(values.KINDS), st.text(max_size=40) | st.from_regex(r"[-+]?[0-9,.:-]{1,20}"), st.sampled_from(["zh-CN", "en", "fr"]))  # fmt: skip
def test_every_text_is_refused_or_made_of_known_words(kind: Kind, text: str, language: str) -> None:
    with contextlib.suppress(Unreadable):
        said = words(kind, text, language)
        assert said
        assert set(said) <= set(vocabulary(language))


@given(st.integers(1, 10**15), st.dates(), st.times(), st.sampled_from(CURRENCIES))
def test_the_vocabulary_is_enough_for_every_value(number: int, date: object, time: object, money: Currency) -> None:
    for language in ("zh-CN", "en"):
        known = set(vocabulary(language))
        amount = f"{number // 100}.{number % 100:02d}"
        for kind, text in (
            ("ordinal", str(number)),
            ("duration", str(number)),
            ("date", str(date)),
            ("time", str(time)[:8]),
            ("money", amount),
        ):
            assert set(words(kind, text, language, currency=money)) <= known  # type: ignore[arg-type]


def test_the_vocabularies_are_small() -> None:
    assert len(vocabulary("zh-CN")) < 250
    assert len(vocabulary("en")) < 300
