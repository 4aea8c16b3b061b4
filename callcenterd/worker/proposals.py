"""A proposal's text becomes HTML and a PDF: in the worker's process.

The text is Markdown of a few kinds (CommonMark by markdown-it): no HTML, no links, no pictures, no code. Fields are put
in when the formatting is known already, so that what a customer is called is never anything but text.

CommonMark asks what stands beside ** whether it is a word or a mark, as is right where words have blanks between them:
尊敬的**{customer.name}**： would not be bold. So fields, and the marks of Chinese, are letters while it reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from callcenterd.model.proposals import fill, named
from callcenterd.worker.printing import Language, Paper, pdf
from callcenterd.worker.sheets import clean

_ALLOWED = ("heading", "emphasis", "strikethrough", "list", "hr", "table", "blockquote", "newline", "escape")
_MARKDOWN = MarkdownIt("zero", {"html": False, "breaks": True}).enable(_ALLOWED)
_MOST_FIELDS = 0x1000
_PRIVATE = re.compile("[\ue000-\uf8ff]")
"""Signs without a meaning of their own (Unicode §23.5): here the fields of a text, and the marks of Chinese."""
_MARKS = {chr(0xF000 + n): mark for n, mark in enumerate("，。、；：？！“”‘’（）《》〈〉【】「」『』〔〕…—·～￥％")}
_AWAY = str.maketrans({mark: sign for sign, mark in _MARKS.items()})
_SIDES = {"text-align:right": "right", "text-align:center": "center"}
CSS = """
.proposal { font-size: 10.5pt; line-height: 1.6; }
.proposal h1 { font-size: 17pt; margin: 4mm 0 6mm; text-align: center; }
.proposal h2 { font-size: 13pt; margin: 7mm 0 2mm; }
.proposal h3, .proposal h4, .proposal h5, .proposal h6 { font-size: 11pt; margin: 5mm 0 2mm; break-after: avoid; }
.proposal p { margin: 0 0 3mm; }
.proposal table { margin: 2mm 0 4mm; }
.proposal .right { text-align: right; }
.proposal .center { text-align: center; }
.proposal hr { border: 0; border-top: 0.4pt solid #999; margin: 5mm 0; }
.proposal blockquote { margin: 2mm 0 4mm; padding-left: 4mm; border-left: 1.2pt solid #bbb; color: #333; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalPaper:
    """values: what the text's fields hold. head, head_right, foot: around each page."""

    language: Language
    title: str
    text: str
    values: Mapping[str, str]
    head: str = ""
    head_right: str = ""
    foot: str = ""


def proposal_page(text: str, values: Mapping[str, str]) -> str:
    """What goes into <body>: elements of a fixed few kinds, and escaped text."""
    written = _PRIVATE.sub("", clean(text))
    signs = {name: chr(0xE000 + n) for n, name in enumerate(named(written)[:_MOST_FIELDS])}
    stands = _MARKS | {sign: _lines(values.get(name, "")) for name, sign in signs.items()}
    tokens = _MARKDOWN.parse(fill(written, signs).translate(_AWAY))
    for token in tokens:
        if side := _SIDES.get(str(token.attrs.pop("style", ""))):
            token.attrs["class"] = side  # as a class: a page of ours allows no styles within
        if token.children is not None:
            token.children = [each for child in token.children for each in _filled(child, stands)]
    inner: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return f'<article class="proposal">{inner}</article>'


def _lines(value: str) -> str:
    return clean(value).replace("\r\n", "\n").replace("\r", "\n")


def _filled(token: Token, stands: Mapping[str, str]) -> Iterator[Token]:
    """A text with what its signs stand for: each line a text of its own, with a break between."""
    if token.type != "text":
        yield token
        return
    whole = _PRIVATE.sub(lambda found: stands.get(found[0], ""), token.content)
    for n, line in enumerate(whole.split("\n")):
        if n:
            yield Token("hardbreak", "br", 0)
        yield Token("text", "", 0, content=line)


def proposal_pdf(paper: ProposalPaper) -> bytes:
    around = Paper(
        language=paper.language, title=paper.title, head=paper.head, head_right=paper.head_right, foot=paper.foot
    )
    return pdf(proposal_page(paper.text, paper.values), around, CSS)
