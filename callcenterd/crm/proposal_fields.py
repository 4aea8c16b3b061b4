"""What the fields of a proposal's text hold: in one language, and no more than who makes it may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from babel.dates import format_date

from callcenterd.model.customers import Customer
from callcenterd.model.dictionaries import Dictionary
from callcenterd.model.fields import CustomField, FieldValue
from callcenterd.model.proposals import CUSTOM, EXAMPLES, Letterhead, ProposalLanguage, RecordSaid
from callcenterd.model.query_words import KINDS
from callcenterd.model.site import Site

_LOCALES: Mapping[ProposalLanguage, str] = {"zh-CN": "zh_CN", "en": "en"}
_YES_NO = (("否", "No"), ("是", "Yes"))
_EXAMPLE = ("（示例）", " (example)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """fields: custom ones of customers. hide: a value and its field → what of it who makes the proposal may see."""

    language: ProposalLanguage
    zone: tzinfo
    dictionaries: Sequence[Dictionary]
    fields: Sequence[CustomField]
    site: Site
    letterhead: Letterhead
    hide: Callable[[str, str], str]

    def customer(self, customer: Customer) -> dict[str, str]:
        """As who makes it may see it: a custom field that is not on it is empty."""
        own = {name: getattr(customer, name) for name in ("name", "company", "email", "address", "card")}
        own["phone"] = customer.phones[0] if customer.phones else ""
        found = {f"customer.{name}": self.hide(value, name) for name, value in own.items()}
        found["customer.sex"] = self._word("sex", customer.sex)
        found["customer.level"] = self._word("level", customer.level)
        for field in self.fields:
            value = customer.fields.get(field.name)
            if value is not None:
                found[CUSTOM + field.name] = self.hide(self._said(field, value), field.name)
        return found

    def record(self, record: RecordSaid | None) -> dict[str, str]:
        if record is None:
            return {}
        return {
            "record.kind": self._say(KINDS[record.kind]) if record.kind in KINDS else record.kind,
            "record.number": record.number,
            "record.date": self._day(record.at.astimezone(self.zone).date()),
            "record.text": self.hide(record.text, "text"),
        }

    def office(self, now: datetime) -> dict[str, str]:
        return of_office(self.language, self.letterhead, now.astimezone(self.zone).date())

    def agent(self, login: str) -> dict[str, str]:
        user = next((one for one in self.site.users if one.login == login), None)
        team = self.site.team_of(login)
        titles: dict[str, str] = {one.name: one.title or one.name for one in self.site.teams}
        return {
            "agent.login": login,
            "agent.name": "" if user is None else user.name,
            "agent.extension": "" if user is None else user.extension or "",
            "agent.team": titles.get(team, team),
        }

    def _said(self, field: CustomField, value: FieldValue) -> str:
        names = {choice.code: (choice.chinese, choice.english) for choice in field.choices}

        def choice(code: str) -> str:
            return self._word(field.dictionary, code) if field.dictionary else self._say(names.get(code, (code, code)))

        match value:
            case bool():
                return self._say(_YES_NO[value])
            case tuple():
                return ("、" if self.language == "zh-CN" else ", ").join(choice(code) for code in value)
            case date():
                return self._day(value)
            case str() if field.type == "choice":
                return choice(value)
            case str() if field.type == "reference":
                return next((user.name for user in self.site.users if user.login == value), value)
            case _:
                return str(value)

    def _word(self, dictionary: str, code: str) -> str:
        """A code that is not known is shown as it is."""
        values = next((one.values for one in self.dictionaries if one.name == dictionary), ())
        known = next((value for value in values if value.code == code), None)
        return code if known is None else self._say((known.chinese, known.english))

    def _say(self, both: tuple[str, str]) -> str:
        return _of(both, self.language)

    def _day(self, day: date) -> str:
        return _day(day, self.language)


def of_office(language: ProposalLanguage, letterhead: Letterhead, today: date) -> dict[str, str]:
    return {
        "office.name": letterhead.name(language),
        "office.address": letterhead.address(language),
        "office.phone": letterhead.phone,
        "office.email": letterhead.email,
        "date": _day(today, language),
    }


def examples(
    language: ProposalLanguage, letterhead: Letterhead, today: date, custom: Mapping[str, tuple[str, str]]
) -> dict[str, str]:
    """What a preview of a template shows in its fields. custom: by the field's name, what it is called."""
    found = {name: _of(both, language) for name, both in EXAMPLES.items()}
    for name, both in custom.items():
        found[name] = f"{_of(both, language)}{_of(_EXAMPLE, language)}"
    return found | of_office(language, letterhead, today)


def _of(both: tuple[str, str], language: ProposalLanguage) -> str:
    return both[0] if language == "zh-CN" else both[1]


def _day(day: date, language: ProposalLanguage) -> str:
    return format_date(day, format="long", locale=_LOCALES[language])
