"""Prints read back: by their text, by their dots, and by what was not fetched for them."""

from __future__ import annotations

import base64
import re
import socket
from pathlib import Path

import pytest

from callcenterd.errors import Refused
from callcenterd.worker import printing
from callcenterd.worker.pool import Worker
from callcenterd.worker.printing import Paper, pdf
from tests.kit.pdf import inside, pages, picture

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ROWS = "".join(f"<tr><td>{n}</td><td>张三{n}</td></tr>" for n in range(200))
TABLE = f"<table><thead><tr><th>行</th><th>姓名</th></tr></thead><tbody>{ROWS}</tbody></table>"


async def test_each_page_has_its_head_its_place_and_the_heads_of_the_table(worker: Worker, tmp_path: Path) -> None:
    paper = Paper(
        language="zh-CN", title="业务咨询日志表", head="业务咨询日志表", head_right="2026-11-27", foot="“甲”\\乙"
    )
    octets = await worker.run(pdf, f"<h1>业务咨询</h1>{TABLE}", paper)
    assert octets.startswith(b"%PDF-")
    read = pages(octets)
    assert len(read) > 3
    for n, text in enumerate(read, 1):
        assert f"第 {n} 页，共 {len(read)} 页" in text
        assert "业务咨询日志表" in text
        assert "姓名" in text
        assert "“甲”\\乙" in text, "a foot is plain text, whatever stands in it"
    assert all(f"张三{n}" in "".join(read) for n in range(200))
    assert picture(octets, tmp_path / "zh.png") > 1000


async def test_english_pages_count_in_english(worker: Worker) -> None:
    octets = await worker.run(pdf, "<p>Sheet</p>", Paper(language="en", landscape=True))
    assert "Page 1 of 1" in pages(octets)[0]


def test_chinese_is_set_with_chinese_forms_and_with_one_font_throughout() -> None:
    """Without a language, or with another font in the margins, Japanese faces or a third font are embedded."""
    octets = pdf("<p>直接骨</p>", Paper(language="zh-CN", head="直接骨", foot="直接骨"))
    names = set(re.findall(rb"/BaseFont\s*/(?:[A-Z]{6}\+)?([\w-]+)", inside(octets)))
    assert names == {b"Noto-Sans-CJK-SC"}


@pytest.mark.parametrize(
    "text", ["</style><script>alert(1)</script>", 'a"; color: red } @page { size: A3', "\\\n\x00'", "👍"]
)
def test_what_stands_in_a_head_is_text_alone(text: str) -> None:
    octets = pdf("<p>x</p>", Paper(language="en", head=text, title=text))
    (read,) = pages(octets)
    assert "Page 1 of 1" in read
    assert "".join(sign for sign in text if sign.isprintable())[:20] in read.replace("\n", "")


def test_nothing_is_fetched_but_what_is_given(tmp_path: Path) -> None:
    """A server of ours hears whether it is asked; a file of ours is looked for in the PDF."""
    secret = tmp_path / "secret.css"
    secret.write_text("body::before { content: 'SECRET' }")
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.2)
        address = f"http://127.0.0.1:{door.getsockname()[1]}/x.png"
        body = (
            f'<img src="{address}"><img src="file://{secret}"><link rel="stylesheet" href="file://{secret}">'
            f'<link rel="attachment" href="file://{secret}"><img src="{secret}"><object data="{address}"></object>'
            f'<div style="background: url({address})">text</div><style>@import "{address}"; @import "file://{secret}";</style>'
            f'<svg><image href="{address}"/><use href="file://{secret}#x"/></svg>'
        )
        octets = pdf(body, Paper(language="en", files={"logo.png": PNG}))
        with pytest.raises(TimeoutError):
            door.accept()
    assert "text" in pages(octets)[0]
    assert "SECRET" not in pages(octets)[0]
    assert b"EmbeddedFile" not in inside(octets)
    assert b"/Image" not in inside(octets)


@pytest.mark.parametrize("address", ["given:logo.png", "data:image/png;base64," + base64.b64encode(PNG).decode()])
def test_given_pictures_are_printed(address: str) -> None:
    octets = pdf(f'<img src="{address}" style="width: 20mm">', Paper(language="en", files={"logo.png": PNG}))
    assert b"/Image" in octets


def test_a_document_without_end_is_refused() -> None:
    with pytest.raises(Refused):
        pdf("x" * (printing.MOST_SIGNS + 1), Paper(language="en"))
