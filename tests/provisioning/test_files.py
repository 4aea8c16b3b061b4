"""The files that set up desk phones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model.devices import VENDORS, Device, Vendor
from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.site import Secret
from callcenterd.provisioning.files import FILE_NAMES, Lamp, Settings, is_wanted, media_type, normal_mac, written

MAC = "805ec01a2b3c"


def device(vendor: Vendor) -> Device:
    made = datetime(2026, 11, 26, tzinfo=UTC)
    return Device(id=1, mac=MAC, vendor=vendor, extension=ExtensionNumber("1001"), created_at=made, created_by="boss")


def settings(**other: Any) -> Settings:
    known: dict[str, Any] = {
        "number": "1001",
        "password": Secret("geheim"),
        "name": "张三",
        "host": "192.168.1.10",
        "port": 5060,
        "transport": "udp",
        "language": "zh-CN",
        "offset": 480,
        "zone": "Asia/Shanghai",
        "ntp": "192.168.1.10",
        "lamps": (Lamp("1002", "李四"), Lamp("1003", "王五")),
    }
    return Settings(**{**known, **other})


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_phone_is_told_its_account_the_time_the_language_and_its_colleagues(vendor: Vendor) -> None:
    text = written(device(vendor), settings())
    for value in ("1001", "geheim", "192.168.1.10", "5060", "张三", "1002", "李四", "王五"):
        assert value in text, value
    other = written(device(vendor), settings(language="en", transport="tls", port=5061, offset=330, lamps=()))
    assert "5061" in other
    assert "李四" not in other
    assert other != text


@pytest.mark.parametrize(
    ("vendor", "there"),
    [
        ("yealink", ["lang.gui = Chinese_S", "local_time.time_zone = +8\n", "sip_server.1.transport_type = 0"]),
        ("grandstream", ['"language.gui">zh<', ">OFC-8<", '"account.1.sip.transport">UDP<']),
        ("fanvil", ["<TimeZone>32</TimeZone>", "<Transport>0</Transport>", "<Value>1002@1/ba</Value>"]),
        ("snom", ['<utc_offset perm="">28800<', ";transport=udp<", ">blf sip:1002@192.168.1.10<"]),
    ],
)
def test_each_vendor_reads_it_in_its_own_words(vendor: Vendor, there: list[str]) -> None:
    text = written(device(vendor), settings())
    assert [part for part in there if part not in text] == []


@pytest.mark.parametrize(
    ("vendor", "plain", "sealed"),
    [
        ("yealink", "account.1.srtp_encryption = 0\n", "account.1.srtp_encryption = 2\n"),
        ("fanvil", "<MediaCrypto>0<", "<MediaCrypto>1<"),
        ("snom", '<user_srtp idx="1" perm="">off<', '<user_srtp idx="1" perm="">on<'),
        ("snom", '<user_savp idx="1" perm="">off<', '<user_savp idx="1" perm="">mandatory<'),
    ],
)
def test_a_phone_whose_sound_must_be_encrypted_is_told_so(vendor: Vendor, plain: str, sealed: str) -> None:
    assert plain in written(device(vendor), settings())
    assert sealed in written(device(vendor), settings(sealed=True))


def test_half_hours_and_the_far_west_are_told_right() -> None:
    india = settings(offset=330)
    assert "local_time.time_zone = +5:30\n" in written(device("yealink"), india)
    assert "OFC-5:30<" in written(device("grandstream"), india)
    assert "<TimeZone>22</TimeZone>" in written(device("fanvil"), india)
    assert "local_time.time_zone = -8\n" in written(device("yealink"), settings(offset=-480))


@pytest.mark.parametrize(
    ("vendor", "asked", "right"),
    [
        ("yealink", f"{MAC}.cfg", True),
        ("yealink", f"{MAC.upper()}.cfg", False),
        ("yealink", "y000000000000.cfg", False),
        ("yealink", "805ec01a2b3d.cfg", False),
        ("grandstream", f"cfg{MAC}.xml", True),
        ("grandstream", f"cfg{MAC}", True),
        ("fanvil", f"{MAC}.cfg", True),
        ("fanvil", f"{MAC}.xml", True),
        ("snom", f"snomD785-{MAC.upper()}.htm", True),
        ("snom", f"{MAC}.xml", True),
        ("snom", f"{MAC}.xml\n", False),
        ("snom", "../../etc/passwd", False),
    ],
)
def test_a_device_gets_only_its_own_file(vendor: Vendor, asked: str, right: bool) -> None:
    assert is_wanted(device(vendor), asked) is right


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_name_that_is_shown_is_one_that_is_answered(vendor: Vendor) -> None:
    assert is_wanted(device(vendor), FILE_NAMES[vendor].format(mac=MAC))
    assert media_type(vendor) in ("text/plain", "application/xml")


@pytest.mark.parametrize("text", [MAC, "80:5E:C0:1A:2B:3C", "80-5e-c0-1a-2b-3c", " 805e.c01a.2b3c "])
def test_a_mac_address_may_be_written_in_any_way(text: str) -> None:
    assert normal_mac(text) == MAC


@pytest.mark.parametrize("text", ["", "805ec01a2b3", "805ec01a2b3c0", "805ec01a2b3g", "８05ec01a2b3c"])
def test_what_is_no_mac_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="12 hexadecimal digits"):
        normal_mac(text)


HOSTILE = st.text(max_size=40).map(lambda text: text + '\r\naccount.1.x = 1"><x>&\x00')


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_name_or_password_adds_a_line_or_a_tag(name: str, password: str, label: str) -> None:
    told = settings(name=name, password=Secret(password), lamps=(Lamp("1002", label),))
    plain = written(device("yealink"), told)
    usual = written(device("yealink"), settings(lamps=(Lamp("1002", "李四"),)))
    assert plain.count("\n") == usual.count("\n")
    assert [line.partition(" = ")[0] for line in plain.split("\n")] == [
        line.partition(" = ")[0] for line in usual.split("\n")
    ]
    for vendor in ("grandstream", "fanvil", "snom"):
        made = ElementTree.fromstring(written(device(vendor), told))
        shape = ElementTree.fromstring(written(device(vendor), settings(lamps=(Lamp("1002", "李四"),))))
        assert [one.tag for one in made.iter()] == [one.tag for one in shape.iter()]


def test_a_password_does_not_print() -> None:
    assert "geheim" not in repr(settings())
