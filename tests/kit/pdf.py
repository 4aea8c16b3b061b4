"""A PDF as a reader sees it: its text page by page, and a picture of a page. By PDFium, as in Chromium."""

from __future__ import annotations

import contextlib
import re
import zlib
from pathlib import Path

import pypdfium2


def pages(octets: bytes) -> list[str]:
    """The text of each page."""
    document = pypdfium2.PdfDocument(octets)
    try:
        return [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]
    finally:
        document.close()


def picture(octets: bytes, path: Path, page: int = 0) -> int:
    """A page as a PNG, for an eye. Answers how many of its dots are dark: an empty page has none."""
    document = pypdfium2.PdfDocument(octets)
    try:
        image = document[page].render(scale=1.5).to_pil().convert("L")
        image.save(path)
        return sum(image.histogram()[:128])
    finally:
        document.close()


def inside(octets: bytes) -> bytes:
    """Everything in it with its streams unpacked, to be searched."""
    found = [octets]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", octets, re.DOTALL):
        with contextlib.suppress(zlib.error):  # a picture, or a font, in a form of its own
            found.append(zlib.decompress(packed))
    return b"\n".join(found)
