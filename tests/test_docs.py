"""The documents say what is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from callcenterd import cli, config, site
from callcenterd.ivr.node import kinds
from callcenterd.model.events import EVENT_NAMES
from callcenterd.web import rights
from callcenterd.web.reference import every_route
from tools import manual, walk

ROOT = Path(__file__).resolve().parent.parent
READMES = {"en": ROOT / "README.md", "zh-CN": ROOT / "README.zh-CN.md"}
GUIDES = ("agent", "supervisor", "administrator")
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)]*))?\)")
_LABEL = {"en": re.compile(r"(?<![*\w])\*([^*\n]+)\*(?!\*)"), "zh-CN": re.compile("“([^”\n]+)”")}


def guide(name: str, language: str) -> Path:
    return ROOT / "docs/guide" / f"{name}.{language}.md"


def pages() -> list[Path]:
    return [*READMES.values(), ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def for_people() -> list[Path]:
    return [*READMES.values(), *(guide(name, language) for name in GUIDES for language in READMES)]


def prose(text: str) -> str:
    """Without the blocks of code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def block_lines(text: str) -> Iterator[str]:
    """The lines of the blocks of code, without remarks; a line that goes on is one."""
    for block in re.findall(r"^ *```\n(.*?)^ *```", text, flags=re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            yield line.split(" # ", maxsplit=1)[0].strip()


def anchors(text: str) -> set[str]:
    """What a heading is called in an address."""
    headings = re.findall(r"^#+ (.+)$", prose(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# ---- links ------------------------------------------------------------------------------------------------------


def test_every_link_of_the_walk_leads_to_what_it_names() -> None:
    assert list(walk.faults(walk.PAGE.read_text("utf-8"))) == []


def test_every_link_between_documents_leads_somewhere() -> None:
    gone = []
    for page in pages():
        for target, heading in _LINK.findall(page.read_text("utf-8")):
            there = (page.parent / target) if target else page
            if "://" in target:
                continue
            if not there.exists() or (
                heading and there.suffix == ".md" and heading not in anchors(there.read_text("utf-8"))
            ):
                gone.append(f"{page.relative_to(ROOT)}: {target}#{heading}")
    assert gone == []


def test_every_document_that_the_code_names_is_there() -> None:
    sources = [path for room in ("callcenterd", "bench", "tools") for path in (ROOT / room).rglob("*.py")]
    named = {name for path in sources for name in re.findall(r"docs/[\w/.-]+\.md", path.read_text("utf-8"))}
    assert named
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []


def test_every_file_and_test_that_the_page_on_security_names_is_there() -> None:
    page = (ROOT / "docs/security.md").read_text("utf-8")
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    files = re.findall(r"`((?:callcenterd|tests|tools|webapp)/[\w/.-]+)`", page)
    assert len(tests) == page.count("::test_") > 100
    assert len(files) > 20
    gone = [name for name in files if not (ROOT / name).exists()]
    gone += [f"{name}::{test}" for name, test in tests if not re.search(rf"^(async )?def {test}\(", _text(name), re.M)]
    assert gone == []


def _text(name: str) -> str:
    return (ROOT / name).read_text("utf-8") if (ROOT / name).is_file() else ""


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs/images").iterdir())
    assert pictures
    assert {picture.name: picture.stat().st_size for picture in pictures if picture.stat().st_size > 200_000} == {}
    assert sum(picture.stat().st_size for picture in pictures) < 4_500_000


def test_every_picture_is_there_in_both_languages_and_shown_where_its_language_is_read() -> None:
    names = {picture.name for picture in (ROOT / "docs/images").iterdir()}
    shown: set[str] = set()
    wrong: list[str] = []
    for page in [ROOT / "README.md", ROOT / "README.zh-CN.md", *(ROOT / "docs/guide").glob("*.md")]:
        language = "zh-CN" if page.name.endswith(".zh-CN.md") else "en"
        for name in re.findall(r"!\[[^\]]+\]\((?:\.\.|docs)/images/([^)]+)\)", page.read_text("utf-8")):
            shown.add(name)
            if name not in names or not name.endswith(f".{language}.webp"):
                wrong.append(f"{page.name}: {name}")
    assert (wrong, names - shown) == ([], set())
    assert {name.replace(".zh-CN.", ".en.") for name in names} == {name for name in names if ".en." in name}


def test_every_decision_has_its_number_once() -> None:
    numbers = [page.name[:4] for page in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]


# ---- references: drawn from the code, and complete ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "drawn"),
    [("configuration", manual.configuration), ("site", manual.site_page)],
    ids=["configuration", "site"],
)
def test_the_pages_of_keys_are_current(name: str, drawn: manual.Drawn) -> None:
    """If this fails: python -m tools.manual."""
    assert (ROOT / f"docs/{name}.md").read_text("utf-8") == drawn()


def test_every_setting_is_in_the_documents_and_in_the_example() -> None:
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    example = (ROOT / "callcenter.example.yaml").read_text("utf-8")
    for setting in config.settings():
        assert f"| `{setting.key}` |" in page
        assert re.search(rf"^# +{setting.key.rpartition('.')[2]}:", example, flags=re.MULTILINE), setting.key
    assert manual.SETTINGS.keys() == {setting.key for setting in config.settings()}


def test_every_key_of_the_site_file_is_in_the_documents() -> None:
    parts = (ROOT / "docs/site.md").read_text("utf-8").split("\n## ")[1:]
    assert [part.split(" ", maxsplit=1)[0] for part in parts] == list(site.SECTIONS)
    for part, (section, entry) in zip(parts, site.ENTRIES.items(), strict=True):
        keys = [field.alias or name for name, field in entry.model_fields.items()]
        assert list(manual.KEYS[section]) == keys
        assert all(f"| `{key}` |" in part for key in keys)


def test_every_node_kind_event_type_right_and_route_is_in_the_documents() -> None:
    flows = (ROOT / "docs/flows.md").read_text("utf-8")
    api = (ROOT / "docs/api.md").read_text("utf-8")
    assert [kind for kind in kinds() if f"\n## {kind}\n" not in flows] == []
    assert [name for name in EVENT_NAMES.values() if f"| `{name}` |" not in api] == []
    assert [name for name in rights.RIGHTS if f"| `{name}` |" not in api] == []
    assert [route for route in every_route() if f"### `{route.method} {route.path}" not in api] == []


# ---- what people are told to do -------------------------------------------------------------------------------


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))


def asked_of_make(texts: Iterable[str]) -> set[str]:
    return {name for text in texts for name in re.findall(r"(?:^|`)make ([a-z-]+)", text, flags=re.MULTILINE)}


def test_every_make_target_that_is_named_is_there() -> None:
    named = asked_of_make(page.read_text("utf-8") for page in for_people())
    assert {"run", "test"} <= named <= targets()


@pytest.mark.parametrize("language", READMES)
def test_the_readme_begins_with_the_two_commands(language: str) -> None:
    commands = list(block_lines(READMES[language].read_text("utf-8")))
    assert commands[:2] == ["make run", "make test"]


def commands() -> list[str]:
    """Each line of a block that runs our program, from the program on."""
    found = {
        line.partition(".venv/bin/")[2].split(" && ")[0].split(" > ")[0]
        for page in for_people()
        for line in block_lines(page.read_text("utf-8"))
        if line.startswith(".venv/bin/callcenterd")
    }
    return sorted(found)


@pytest.mark.parametrize("command", commands())
def test_every_command_line_is_understood(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` is answered only after the words before it were understood; options are looked up in it."""
    _, name, *rest = shlex.split(command)
    assert cli.call([name, "--help"]) == 0
    known = capsys.readouterr().out
    assert [word for word in rest if word.startswith("-") and word not in known] == []


@pytest.mark.parametrize("language", READMES)
def test_every_command_of_the_program_is_in_the_readme(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    cli.call(["--help"])
    there = re.findall(r"^│ ([a-z]+) ", capsys.readouterr().out, flags=re.MULTILINE)
    assert there
    text = READMES[language].read_text("utf-8")
    assert [name for name in there if f"`{name}`" not in text] == []


def test_every_figure_that_is_named_is_measured() -> None:
    sources = "".join(
        (ROOT / f"callcenterd/{name}").read_text("utf-8")
        for name in ("web/health.py", "switchboard/board.py", "sip/endpoint.py", "daemon.py")
    )
    for language in READMES:
        for figure in re.findall(r"callcenterd_(\w+)", guide("administrator", language).read_text("utf-8")):
            plain = figure.removesuffix("_total")
            assert any(
                f'"{start}{name}"' in sources
                for start in ("callcenterd_", "")
                for name in (figure, plain, plain.removeprefix("sip_"))
            ), figure


@pytest.mark.parametrize(("language", "heading"), [("en", "## The log"), ("zh-CN", "## 日志")])
def test_every_line_of_the_log_that_is_named_is_written(language: str, heading: str) -> None:
    part = guide("administrator", language).read_text("utf-8").partition(heading)[2].partition("\n## ")[0]
    rows = [row.split(" | ")[0] for row in part.splitlines() if row.startswith("| `")]
    named = [name for row in rows for name in re.findall("`([^`]+)`", row)]
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "callcenterd").rglob("*.py"))
    assert len(named) > 10
    assert [name for name in named if f'"{name}"' not in sources] == []


# ---- both languages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_has_the_same_parts_in_both_languages(name: str) -> None:
    def shape(language: str) -> list[object]:
        text = guide(name, language).read_text("utf-8")
        headings = [len(found) for found in re.findall(r"^(#+) ", prose(text), flags=re.MULTILINE)]
        tables = [block.count("\n") for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)]
        return [headings, tables, text.count("```")]

    assert shape("en") == shape("zh-CN")


@pytest.mark.parametrize("page", for_people(), ids=lambda page: page.name)
def test_every_label_that_is_named_stands_on_a_page(page: Path) -> None:
    """In English in slanted letters, in Chinese in quotation marks."""
    language = "zh-CN" if "zh-CN" in page.name else "en"
    locales = ROOT / "webapp/src/locales"
    files = [locales / f"{language}.ts", *(locales / language.split("-", maxsplit=1)[0]).glob("*.ts")]
    texts = "\n".join(file.read_text("utf-8") for file in files)
    labels = {re.sub(r"\s+", " ", label) for label in _LABEL[language].findall(prose(page.read_text("utf-8")))}
    labels -= {"slanted letters"}
    assert labels
    assert sorted(label for label in labels if f"'{label}'" not in texts) == []
