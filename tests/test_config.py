"""The configuration file: contract's keys, defaults, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from callcenterd import config, yamltext
from callcenterd.config import Config, Listen, Place, PortRange
from callcenterd.errors import FaultyFile

EXAMPLE = Path(__file__).parent.parent / "callcenter.example.yaml"
CONTRACT = """\
data: ./var
sip:
  listen: ["udp:0.0.0.0:5060", "tcp:0.0.0.0:5060"]
  domain: callcenter.local
rtp: {address: auto, ports: "20000-39999"}
web: {listen: "0.0.0.0:8080"}
flows: ./flows
prompts: ./prompts
language: zh-CN
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "callcenter.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusals(folder: Path, text: str) -> list[str]:
    with pytest.raises(FaultyFile) as caught:
        config.load(written(folder, text))
    assert {fault.file for fault in caught.value.faults} == {str(folder / "callcenter.yaml")}
    return [f"{fault.line}: {fault.reason}" for fault in caught.value.faults]


def test_the_file_of_the_contract_says_what_the_defaults_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.load(written(tmp_path, CONTRACT)) == config.load(None)


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    loaded = config.load(written(tmp_path, ""))
    assert loaded.data == tmp_path / "var"
    assert loaded.sip.listen == (Listen("udp", "0.0.0.0", 5060), Listen("tcp", "0.0.0.0", 5060))
    assert loaded.web.listen == Place("0.0.0.0", 8080)
    assert loaded.rtp.ports == PortRange(20000, 39999)
    assert loaded.rtp.ports.numbers() == range(20000, 40000)
    assert (loaded.language, loaded.region, loaded.timezone) == ("zh-CN", "CN", "Asia/Shanghai")


def test_relative_paths_are_in_the_folder_of_the_file_and_absolute_ones_stay(tmp_path: Path) -> None:
    loaded = config.load(written(tmp_path, "data: kept\nflows: /srv/flows\n"))
    assert (loaded.data, loaded.flows, loaded.prompts) == (tmp_path / "kept", Path("/srv/flows"), tmp_path / "prompts")


def test_an_address_of_ip_version_6_stands_in_brackets(tmp_path: Path) -> None:
    loaded = config.load(written(tmp_path, "sip: {listen: ['udp:[::1]:0']}\nweb: {listen: '[::]:80'}\n"))
    assert loaded.sip.listen == (Listen("udp", "::1", 0),)
    assert (str(loaded.sip.listen[0]), str(loaded.web.listen)) == ("udp:[::1]:0", "[::]:80")


PLACE = "an address and a port (0 to 65535) are wanted, as 0.0.0.0:8080"
PORTS = "two ports from 1024 to 65535 are wanted, the lower first, as 20000-39999"
ON_THE_WEB = "needs no listener: SIP over WebSocket is at /sip of the web port"
CERTIFICATE = "a certificate is wanted (sip.certificate) where"
ADDRESS = "an IP address is wanted (0.0.0.0 for all of this machine's)"
ZONE = "the name of a time zone that this machine knows is wanted, as Asia/Shanghai"
TWICE = "each place once is wanted: udp:1.2.3.4:5 stands twice"
DOMAIN = "a domain name or an IPv4 address is wanted, as callcenter.local"
COUNTRY = "a country's two capital letters are wanted (ISO 3166), as CN"
LEVELS = "one of 'debug', 'info', 'warning' or 'error' is wanted"


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("sipp: {}", "sipp", "is no key here; sip is meant?"),
        ("sip: {domian: x}", "sip.domian", "is no key here; domain is meant?"),
        ("sip: {listen: []}", "sip.listen", "a list of at least 1 is wanted"),
        ("sip: {listen: udp}", "sip.listen", 'a list is wanted: [a, b], not "udp"'),
        ("sip: {listen: ['tls:0.0.0.0:5061']}", "sip", f"{CERTIFICATE} tls: is listened on, not a group of keys"),
        ("sip: {key: ./key.pem}", "sip", f"{CERTIFICATE} there is a key, not a group of keys"),
        ("sip: {certificate: 1}", "sip.certificate", "the path of a file is wanted, as ./tls/callcenter.pem, not 1"),
        ("sip: {listen: ['ws:0.0.0.0:80']}", "sip.listen", f'ws: {ON_THE_WEB}, not "ws:0.0.0.0:80"'),
        ("sip: {listen: ['udp:localhost:5060']}", "sip.listen", f'{ADDRESS}, not "udp:localhost:5060"'),
        ("sip: {listen: ['udp:0.0.0.0:65536']}", "sip.listen", f'{PLACE}, not "udp:0.0.0.0:65536"'),
        ("sip: {listen: ['udp:1.2.3.4:5', 'udp:1.2.3.4:5']}", "sip.listen", TWICE),
        ("sip: {domain: 'a b'}", "sip.domain", f'{DOMAIN}, not "a b"'),
        ("rtp: {address: '::1'}", "rtp.address", 'auto or an IPv4 address is wanted, not "::1"'),
        ("rtp: {ports: 20000}", "rtp.ports", f"{PORTS}, not 20000"),
        ("rtp: {ports: 30000-20000}", "rtp.ports", f'{PORTS}, not "30000-20000"'),
        ("web: {listen: 8080}", "web.listen", f"{PLACE}, not 8080"),
        ("data:", "data", "the path of a folder is wanted, as ./var, not nothing"),
        ("language: de", "language", "one of 'zh-CN' or 'en' is wanted, not \"de\""),
        ("region: cn", "region", f'{COUNTRY}, not "cn"'),
        ("timezone: Asia/Nowhere", "timezone", f'{ZONE}, not "Asia/Nowhere"'),
        (
            "speech: {engine: fest}",
            "speech.engine",
            "one of 'espeak-ng', 'pyttsx3' or 'kokoro' is wanted, not \"fest\"",
        ),
        ("drain_seconds: -1", "drain_seconds", "at least 0 is wanted, not -1"),
        ("drain_seconds: '5'", "drain_seconds", 'a number is wanted, not "5"'),
        ("log: {level: loud}", "log.level", f'{LEVELS}, not "loud"'),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_line_key_what_is_wanted_and_what_came(
    tmp_path: Path, text: str, key: str, reason: str
) -> None:
    assert refusals(tmp_path, f"# a comment\n\n{text}\n") == [f"3: {key}: {reason}"]


def test_a_file_that_is_no_group_of_keys_is_refused(tmp_path: Path) -> None:
    assert refusals(tmp_path, "- data\n") == ["1: a group of keys is wanted, not a list"]


def test_all_faults_of_a_file_are_told_at_once_in_their_order(tmp_path: Path) -> None:
    found = refusals(tmp_path, "language: de\nsip:\n  domain: ''\n  listen: ['udp:0.0.0.0']\nx: 1\n")
    assert [fault.split(":")[0] for fault in found] == ["1", "3", "4", "5"]


def test_a_database_address_is_not_repeated_since_it_holds_a_password(tmp_path: Path) -> None:
    assert refusals(tmp_path, "database: mysql://root:geheim@db/x") == [
        '1: database: "", postgresql://user:password@host/name or sqlite:///path is wanted'
    ]
    assert "geheim" not in repr(config.load(written(tmp_path, "database: postgresql://u:geheim@db/x")))


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        config.load(None).language = "en"


def test_every_setting_is_explained() -> None:
    for setting in config.settings():
        assert len(setting.description) > 20, setting.key
        assert setting.description.endswith("."), setting.key


def test_the_example_file_names_every_setting_with_its_default() -> None:
    """Its keys stand behind "# ", to be taken away where a key is to be another; what explains them behind "## "."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    data = yamltext.parse("\n".join(line[2:] for line in lines if line.startswith("# ")), "example").data
    explained = " ".join(" ".join(line[2:] for line in lines if line.startswith("## ")).split())
    for setting in config.settings():
        assert setting.description in explained, setting.key
        value = data
        for step in setting.key.split("."):
            value = value[step]
        assert value in (setting.default, f"./{setting.default}"), setting.key
    assert Config.model_validate(data) == Config.model_validate({})


KEYS = st.sampled_from(["data", "sip", "listen", "domain", "rtp", "ports", "address", "web", "log", "level", "flows"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4),
    )
)
def test_no_values_do_more_than_be_refused_each_with_a_reason(data: object) -> None:
    refused = None
    try:
        Config.model_validate(data, context={"folder": Path("/srv")})
    except ValidationError as error:
        refused = error
    if refused is not None:
        assert yamltext.parse("", "f").faults_of(refused, model=Config)


def test_databases_that_flows_may_ask_have_names_and_their_files_are_in_the_folder(tmp_path: Path) -> None:
    kept = ["business:", "  databases:", "    shop: sqlite:///shop.db", "    erp: postgresql://reader@db/erp"]
    loaded = config.load(written(tmp_path, "\n".join(kept)))
    assert loaded.business.databases == {"shop": f"sqlite:///{tmp_path}/shop.db", "erp": "postgresql://reader@db/erp"}
    assert "reader" not in repr(loaded)
    for wrong in ("a: mysql://x/y", "A-1: sqlite:///x", "a: 5"):
        (told,) = refusals(tmp_path, f"business:\n  databases:\n    {wrong}\n")
        assert told.startswith("3: business.databases.")
