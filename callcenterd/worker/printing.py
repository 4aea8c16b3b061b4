"""HTML becomes a PDF: in the worker's process, from what is given alone.

Pages have a running head, and a foot with the page of how many. The fonts are named for the page boxes too, and the
document says its language: else Chinese is set with Japanese forms of its characters, or with two fonts. Nothing is
fetched from anywhere: an address is one of the given files, or holds its own octets (data:).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from callcenterd.errors import Refused

Language = Literal["zh-CN", "en"]

MOST_SIGNS = 8 << 20
"""Of one document's HTML. 2,000 rows of a journal have 1 MB."""
GIVEN = "given:"
"""Begins the address of a given file: given:logo.png."""
FONTS = '"Noto Sans CJK SC", "DejaVu Sans", sans-serif'
"""The first for both languages: its Latin letters are narrow enough for tables; the second has what it lacks."""
_PAGES = {
    "zh-CN": '"第 " counter(page) " 页，共 " counter(pages) " 页"',
    "en": '"Page " counter(page) " of " counter(pages)',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What stands around the text. head, head_right, foot: a line each, plain text. files: octets of pictures by name,
    for addresses "given:NAME"."""

    language: Language
    title: str = ""
    head: str = ""
    head_right: str = ""
    foot: str = ""
    landscape: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict)


def pdf(body: str, paper: Paper, css: str = "") -> bytes:
    """The PDF's octets. body: HTML that goes into <body>; who makes it escapes what people typed. css: beside ours.

    Raises Refused for a document without end.
    """
    from weasyprint import CSS, HTML  # noqa: PLC0415  # a second to import, and only the worker's process needs it
    from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: PLC0415

    if len(body) > MOST_SIGNS:
        raise Refused("this document is too long to be printed", {"rows": "are too many"})
    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # an address that is not fetched is what is wanted

    class Given(URLFetcher):  # type: ignore[misc]  # no types there
        """Octets that are in the document or given with it."""

        def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
            if url.startswith("data:"):
                return super().fetch(url, headers)
            octets = paper.files.get(url.removeprefix(GIVEN)) if url.startswith(GIVEN) else None
            if octets is None:
                raise ValueError("nothing is fetched for a print")
            return URLFetcherResponse(url, octets)

    fetcher = Given(allowed_protocols=("data",))
    page = (
        f'<!DOCTYPE html><html lang="{paper.language}"><head><meta charset="utf-8">'
        f"<title>{_in_html(paper.title)}</title></head><body>{body}</body></html>"
    )
    ours = CSS(string=_css(paper) + css, url_fetcher=fetcher)
    octets: bytes = HTML(string=page, url_fetcher=fetcher).write_pdf(stylesheets=[ours], presentational_hints=True)
    return octets


def _in_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def quoted(text: str) -> str:
    """Any text as a string of CSS: every sign but letters and digits by its number (CSS Syntax §4.3.7)."""
    visible = (sign for sign in text if sign.isprintable())
    return '"' + "".join(sign if sign.isalnum() else f"\\{ord(sign):06x}" for sign in visible) + '"'


def _css(paper: Paper) -> str:
    fonts = FONTS
    return f"""
@page {{
  size: A4{" landscape" if paper.landscape else ""};
  margin: 20mm 15mm 18mm;
  font: 8pt {fonts};
  color: #555;
  @top-left {{ font: 8pt {fonts}; content: {quoted(paper.head)}; }}
  @top-right {{ font: 8pt {fonts}; content: {quoted(paper.head_right)}; }}
  @bottom-left {{ font: 8pt {fonts}; content: {quoted(paper.foot)}; }}
  @bottom-right {{ font: 8pt {fonts}; content: {_PAGES[paper.language]}; }}
}}
html, svg text {{ font-family: {fonts}; }}
body {{ margin: 0; font-size: 9.5pt; line-height: 1.4; color: #111; overflow-wrap: anywhere; }}
h1 {{ font-size: 15pt; margin: 0 0 3mm; }}
h2 {{ font-size: 11pt; margin: 5mm 0 2mm; break-after: avoid; }}
table {{ border-collapse: collapse; width: 100%; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
th, td {{ border: 0.3pt solid #999; padding: 1mm 1.6mm; text-align: left; vertical-align: top; }}
th {{ background: #f0f0f0; font-weight: 600; }}
.number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
.text {{ white-space: pre-wrap; }}
"""
