"""What may stand in `{{ … }}` and in conditions: Jinja's expressions over plain data, and nothing else.

A flow file is written by an office, but a template is a program, so that what one can do is closed: it names
variables, compares, counts and joins. There are no statements, calls, loops or attributes of objects; filters and
tests are a short list; numbers and texts have a bound. So each takes next to no time, whatever a caller keyed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.environment import Template as Compiled
from jinja2.environment import TemplateExpression
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from callcenterd.errors import LocalError
from callcenterd.said import Said

Plain = str | int | float | bool | None | list[Any] | dict[str, Any]
"""What a variable can be; lists and dicts hold only the same."""

MAX_SOURCE = 1000
MAX_RESULT = 4000
MAX_NUMBER = 10**15
MAX_DEPTH = 40
FILTERS = ("abs", "default", "first", "float", "int", "last", "length", "lower", "round", "string", "trim", "upper")
TESTS = ("defined", "even", "in", "none", "number", "odd", "string", "undefined")

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg,
    nodes.Pos, nodes.CondExpr, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.Concat, nodes.List,
    nodes.Tuple, nodes.Keyword,
)  # fmt: skip
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


class CannotFill(LocalError):
    """A template or condition came to nothing: a variable that is not there, a sum of texts, too long a result."""


class _Closed(ImmutableSandboxedEnvironment):
    """Plain data only: an item of a dict or list, never an attribute; arithmetic on numbers only."""

    intercepted_binops = frozenset(_ARITHMETIC)

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, dict) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, list) and type(argument) is int and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002  # Jinja's
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _bounded(left + right)
        if not (_is_number(left) and _is_number(right)):
            raise CannotFill(f"{operator} is for numbers (~ joins texts)")
        try:
            result = _ARITHMETIC[operator](left, right)
        except ArithmeticError as why:
            raise CannotFill(str(why)) from None
        return _bounded(result)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_RESULT:
        raise CannotFill(Said("long_result", most=MAX_RESULT))
    if _is_number(value) and not abs(value) <= MAX_NUMBER:
        raise CannotFill(Said("large_number"))
    return value


def _shown(value: Any) -> Any:
    """How a value stands in a text: None is nothing, a whole number has no point."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value


def digit_by_digit(value: str) -> str:
    """ "1380" as "1 3 8 0": a telephone number is no quantity. What is no number stays as it is."""
    return " ".join(value) if value.isascii() and value.lstrip("+").isdigit() else value


def _spoken(value: Any) -> Any:
    return digit_by_digit(value) if isinstance(value, str) else _shown(value)


def _quoted(value: Any) -> Any:
    return quote(str(_shown(value)), safe="")


def _environment(finalize: Callable[[Any], Any]) -> _Closed:
    made = _Closed(undefined=StrictUndefined, finalize=finalize, keep_trailing_newline=True, cache_size=0)
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in FILTERS}
    made.tests = {name: made.tests[name] for name in (*TESTS, "eq", "ne", "lt", "le", "gt", "ge") if name in made.tests}
    return made


_TEXTS, _SPOKEN, _QUOTED = _environment(_shown), _environment(_spoken), _environment(_quoted)
Way = Literal["text", "spoken", "url"]
_BY_WAY: Mapping[Way, _Closed] = {"text": _TEXTS, "spoken": _SPOKEN, "url": _QUOTED}


class TemplateText(str):
    """A text in which `{{ … }}` may stand; checked. A type of its own so that the checker finds it in a node."""

    __slots__ = ()


class ConditionText(str):
    """An expression without braces; checked."""

    __slots__ = ()


def template(text: str) -> TemplateText:
    """Raises ValueError: what cannot stand in a text, and where."""
    if "{" in text:
        _names(text, condition=False)
    return TemplateText(text)


def condition(text: str) -> ConditionText:
    """Raises ValueError, as `template`."""
    _names(text, condition=True)
    return ConditionText(text)


def names(text: TemplateText | ConditionText) -> frozenset[str]:
    """The variables that it needs; those that it asks with `default` or `is defined` are none."""
    if isinstance(text, TemplateText) and "{" not in text:
        return frozenset()
    return _names(str(text), condition=isinstance(text, ConditionText))


@lru_cache(maxsize=4096)
def _names(text: str, *, condition: bool) -> frozenset[str]:
    if len(text) > MAX_SOURCE:
        raise ValueError(Said("long_source", most=MAX_SOURCE))
    if condition and not text.strip():
        raise ValueError(Said("a_condition"))
    try:
        tree = _parsed(text, condition=condition)
    except TemplateSyntaxError as why:
        offset = _stopped_at(text, condition=condition)
        why_said = Said("not_understood", why=why.message or "", where=_where(text, why.lineno), offset=offset)
        raise ValueError(why_said) from None
    except RecursionError:
        raise ValueError(Said("too_deep")) from None
    _closed(tree, 0, lambda name: place(text, name, condition=condition))
    excused = _excused(tree)
    return frozenset(meta.find_undeclared_variables(tree) - excused)


def _parsed(text: str, *, condition: bool) -> nodes.Template:
    if not condition:
        return _TEXTS.parse(text)
    parser = Parser(_TEXTS, text, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError(f"{parser.stream.current} is too much", parser.stream.current.lineno)
    made = nodes.Template([nodes.Output([expression], lineno=1)], lineno=1)
    made.set_environment(_TEXTS)
    return made


def _where(text: str, line: int) -> str:
    return Said("in_line", line=line) if "\n" in text else ""


Token = tuple[int, str, str]
"""Where it begins in the text, its kind, and what it is."""
_IGNORED = ("whitespace", "comment", "comment_begin", "comment_end", "raw_begin", "raw_end", "linecomment")


def _tokens(text: str, *, condition: bool) -> Iterator[Token]:
    """As the parser gets them. Raises TemplateSyntaxError where a text holds what is none."""
    offset = 0
    for _, kind, value in _TEXTS.lexer.tokeniter(text, None, None, "variable" if condition else None):
        offset = found if (found := text.find(value, offset)) >= 0 else offset  # some lexers leave out blanks
        if kind not in _IGNORED:
            yield offset, kind, value
        offset += len(value)


def _stopped_at(text: str, *, condition: bool) -> int | None:
    """Where a text cannot be understood any more; it is known that it cannot."""
    tokens: list[Token] = []
    try:
        tokens.extend(_tokens(text, condition=condition))
    except TemplateSyntaxError:
        end = tokens[-1][0] + len(tokens[-1][2]) if tokens else 0
        return end + len(text[end:]) - len(text[end:].lstrip())
    parser = Parser(_TEXTS, text, state="variable" if condition else None)
    try:
        if condition:
            parser.parse_expression()
        else:
            parser.parse()
    except TemplateSyntaxError:
        pass  # how far it came is what is wanted
    left = sum(1 for _ in parser.stream)
    return tokens[len(tokens) - left][0] if 0 < left <= len(tokens) else len(text.rstrip())


def place(text: str, name: str, *, condition: bool) -> int | None:
    """Where a name stands first in a template or condition that can be understood."""
    return next((at for at, kind, value in _tokens(text, condition=condition) if (kind, value) == ("name", name)), None)


def _closed(node: nodes.Node, depth: int, at: Callable[[str], int | None]) -> None:
    """Raises ValueError for the first thing in it that does not belong to the language. at: where a name stands."""
    kind = type(node).__name__.lower()
    if depth > MAX_DEPTH:
        raise ValueError(Said("too_deep"))
    if not isinstance(node, _ALLOWED):
        raise ValueError(Said("not_here", kind=kind, filters=FILTERS))
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise ValueError(Said("no_filter", name=node.name, filters=FILTERS, offset=at(node.name)))
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        raise ValueError(Said("no_test", name=node.name, tests=TESTS, offset=at(node.name)))
    if isinstance(node, nodes.Filter | nodes.Test) and (node.dyn_args or node.dyn_kwargs):
        raise ValueError(Said("stars"))
    names_of = [node.attr] if isinstance(node, nodes.Getattr) else [node.name] if isinstance(node, nodes.Name) else []
    for name in names_of:
        if name.startswith("_"):
            raise ValueError(Said("underscore", offset=at(name)))
    if isinstance(node, nodes.Const):
        try:
            _bounded(node.value)
        except CannotFill as why:
            raise ValueError(why.args[0]) from None
    for child in node.iter_child_nodes():
        _closed(child, depth + 1, at)


def _excused(tree: nodes.Template) -> set[str]:
    asked = [one.node for one in tree.find_all(nodes.Filter) if one.name == "default"]
    asked += [one.node for one in tree.find_all(nodes.Test) if one.name in {"defined", "undefined"}]
    return {one.name for one in asked if isinstance(one, nodes.Name)}


# ---- filled ---------------------------------------------------------------------------------------------


def fill(text: str, variables: Mapping[str, Plain], way: Way = "text") -> str:
    """way: "spoken": texts that are numbers are written digit by digit; "url": values cannot leave their place in an
    address. Raises CannotFill."""
    if "{" not in text:
        return text
    try:
        return str(_bounded(_compiled(text, way).render(variables)))
    except UndefinedError as why:
        raise CannotFill(str(why.message)) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError) as why:
        raise CannotFill(f"{text[:80]}: {why}") from None


def value(text: str, variables: Mapping[str, Plain]) -> Plain:
    """What an expression (without braces) comes to. Raises CannotFill."""
    try:
        found = _expression(text)(**variables)
        if isinstance(found, StrictUndefined):
            raise CannotFill(found._undefined_message)
    except UndefinedError as why:
        raise CannotFill(str(why.message)) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError) as why:
        raise CannotFill(f"{text[:80]}: {why}") from None
    return plain(found)


def plain(found: Any) -> Plain:
    """As a variable is kept: a tuple as a list. Raises CannotFill for what is no plain data, or too large."""
    if found is None or isinstance(found, bool):
        return found
    if isinstance(found, str):
        return str(_bounded(found))
    if _is_number(found):
        return _bounded(found)  # type: ignore[no-any-return]
    if isinstance(found, list | tuple) and len(found) <= MAX_ITEMS:
        return [plain(one) for one in found]
    if isinstance(found, dict) and len(found) <= MAX_ITEMS and all(isinstance(key, str) for key in found):
        return {key: plain(one) for key, one in found.items()}
    raise CannotFill(f"{type(found).__name__} is no value, or it is too large")


MAX_ITEMS = 200


def is_true(text: str, variables: Mapping[str, Plain]) -> bool:
    """Raises CannotFill."""
    return bool(value(text, variables))


@lru_cache(maxsize=4096)
def _compiled(text: str, way: Way) -> Compiled:
    return _BY_WAY[way].from_string(text)


@lru_cache(maxsize=4096)
def _expression(text: str) -> TemplateExpression:
    return _TEXTS.compile_expression(text, undefined_to_none=False)
