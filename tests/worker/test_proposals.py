"""A proposal's text as HTML: formatting of a few kinds and nothing else, whatever stands in it or in its fields."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model.proposals import named, unknown_fields
from callcenterd.worker.proposals import ProposalPaper, proposal_page, proposal_pdf
from tests.kit.pdf import inside, pages

ELEMENTS = frozenset(
    {
        "article",
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "strong",
        "em",
        "s",
        "ul",
        "ol",
        "li",
        "hr",
        "br",
        "blockquote",
    }
    | {"table", "thead", "tbody", "tr", "th", "td"}
)


class Seen(HTMLParser):
    """Which elements and attributes there are, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= set(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def page(text: str, **values: str) -> str:
    return proposal_page(text, {name.replace("__", "."): value for name, value in values.items()})


def test_headings_lists_tables_and_emphasis_are_set_and_tables_have_classes_for_their_sides() -> None:
    html = page("# 方案\n\n**重要**：\n\n1. 一\n2. 二\n\n|项目|价格|\n|:-|-:|\n|清洗|300|\n\n---\n\n> 说明\n第二行")
    assert "<h1>方案</h1>" in html
    assert "<strong>重要</strong>" in html
    assert '<th class="right">价格</th>' in html
    assert "<th>项目</th>" in html
    assert "<p>说明<br>\n第二行</p>" in html
    assert "style" not in html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("尊敬的**{customer.name}**：您好", "<p>尊敬的<strong>张三</strong>：您好</p>"),
        ("**注意：**请看", "<p><strong>注意：</strong>请看</p>"),
        ("请看**《说明》**第一条", "<p>请看<strong>《说明》</strong>第一条</p>"),
        ("“**甲**”和*（乙）*丙", "<p>“<strong>甲</strong>”和<em>（乙）</em>丙</p>"),
        ("a **b** c*d*e", "<p>a <strong>b</strong> c<em>d</em>e</p>"),
    ],
)
def test_emphasis_stands_in_chinese_without_blanks_around_it(text: str, html: str) -> None:
    assert html in page(text, customer__name="张三")


def test_signs_without_a_meaning_are_left_out_of_a_text_and_kept_in_a_field() -> None:
    assert "<p>ab \ue000\uf000</p>" in page("a\ue000\uf001b {customer.name}", customer__name="\ue000\uf000")


HOSTILE = (
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](http://127.0.0.9/x.png)",
    '"><img src=x onerror=alert(1)>',
    "http://127.0.0.9/",
    "&lt;b&gt;",
    "{office.name}",
    "# no heading",
    "| a | b |",
    "**not bold** _nor this_ ~~nor that~~",
    "- no list\n- at all",
    "\\*",
    "`x`",
    "<!-- -->",
    "]]>",
)


@pytest.mark.parametrize("value", HOSTILE)
def test_what_a_customer_is_called_is_text_wherever_it_stands(value: str) -> None:
    text = "# {customer.name}\n\n{customer.name} **{customer.name}**\n\n|{customer.name}|\n|-|\n|{customer.name}|\n"
    seen = Seen(page(text, customer__name=value, office__name="本店"))
    assert seen.elements <= {"article", "h1", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "br"}
    assert seen.attributes == {("class", "proposal")}
    assert seen.text.count(value) == 5
    assert "本店" not in seen.text


@pytest.mark.parametrize("value", [one for one in HOSTILE if "<" in one or "(" in one or one.startswith("http")])
def test_a_text_itself_is_no_program_and_leads_nowhere(value: str) -> None:
    seen = Seen(page(f"您好\n\n{value}\n\n- {value}"))
    assert seen.elements <= ELEMENTS
    assert {name for name, _ in seen.attributes} <= {"class"}


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_is_of_these_elements_only(text: str, value: str) -> None:
    seen = Seen(proposal_page(text + "{customer.name}", {"customer.name": value}))
    assert seen.elements <= ELEMENTS
    assert {name for name, _ in seen.attributes} <= {"class", "start"}


def test_lines_of_a_field_stay_lines_and_what_nobody_sees_is_left_out() -> None:
    assert "一<br />\n二" in page("{record.text}", record__text="一\r\n二\0\x07").replace("<br>", "<br />")


def test_a_field_is_a_name_in_braces_and_nothing_else() -> None:
    assert named("{customer.name}，{date}{customer.name}") == ["customer.name", "date"]
    assert unknown_fields("{customer.name} {customer.fields.size} {date}", frozenset({"size"})) == []
    for wrong in (
        "{customer.age}",
        "{customer.fields.size}",
        "{",
        "}",
        "{customer.name!r}",
        "{0}",
        "{customer.__class__}",
    ):
        assert unknown_fields(wrong, frozenset()), wrong


def test_the_print_is_chinese_on_the_office_s_paper_and_fetches_nothing() -> None:
    octets = proposal_pdf(
        ProposalPaper(
            language="zh-CN",
            title="全年方案",
            text="# {proposal.title}\n\n{customer.name}，您好：![x](http://127.0.0.9/x.png)\n\n" + "条款。\n\n" * 80,
            values={"proposal.title": "全年方案", "customer.name": "龘靐<b>张三</b>"},
            head="晨光贸易有限公司",
            head_right="JY20261127-0001 v1",
            foot='广州市天河路 1 号 "',
        )
    )
    first, *rest = pages(octets)
    assert rest
    for said in ("全年方案", "龘靐<b>张三</b>，您好", "晨光贸易有限公司", "JY20261127-0001 v1", "天河路", "第 1 页"):
        assert said in first
    assert b"/URI" not in inside(octets)
    assert not re.search(rb"/JavaScript|/JS\b", inside(octets))
