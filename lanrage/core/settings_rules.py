"""The kinds of settings: what text a setting may have, what it means, and how it stands in a TOML file. Pure."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

import attrs

from lanrage.core.settings_texts import parse_number, parse_port
from lanrage.errors import BadInput

TEXT_LIMIT = 2048
"""Characters of a setting: a list of twenty relays' keys; a command line holds no more that one could read."""

Plain = str | int | float | bool
"""What a value is in a TOML file."""


class Rule(Protocol):
    """What a setting may be."""

    @property
    def words(self) -> str:
        """What the text is, as a clause."""

    @property
    def unit(self) -> str:
        """Of a number; empty without one."""

    def parse(self, text: str, field: str) -> Any:
        """What the text means.

        :raises BadInput: names `field` and the rule.
        """

    def plain(self, text: str) -> Plain:
        """A text that keeps the rule, for TOML."""

    def text(self, value: object, field: str) -> str:
        """The other way; the text keeps the rule.

        :raises BadInput: another type, or it breaks the rule.
        """


def _choice(text: str, field: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise BadInput(field, f"{text!r} is none of {', '.join(words)}")
    return text


def _string(rule: Rule, value: object, field: str) -> str:
    if not isinstance(value, str):
        raise BadInput(field, f"{value!r} is no text; it must be {rule.words}")
    rule.parse(value, field)
    return value


@attrs.frozen
class OneWord:
    """One of some words; it means itself."""

    choices: tuple[str, ...]
    unit: str = ""

    @property
    def words(self) -> str:
        """See :class:`Rule`."""
        return f"one of {', '.join(self.choices)}"

    def parse(self, text: str, field: str) -> str:
        """See :class:`Rule`."""
        return _choice(text, field, self.choices)

    def plain(self, text: str) -> Plain:
        """See :class:`Rule`."""
        return text

    def text(self, value: object, field: str) -> str:
        """See :class:`Rule`."""
        return _string(self, value, field)


@attrs.frozen
class OneOf:
    """The value of a member of an enumeration."""

    kind: type[Enum]
    unit: str = ""

    @property
    def words(self) -> str:
        """See :class:`Rule`."""
        return f"one of {', '.join(each.value for each in self.kind)}"

    def parse(self, text: str, field: str) -> Any:
        """See :class:`Rule`."""
        return self.kind(_choice(text, field, tuple(each.value for each in self.kind)))

    def plain(self, text: str) -> Plain:
        """See :class:`Rule`."""
        return text

    def text(self, value: object, field: str) -> str:
        """See :class:`Rule`."""
        return _string(self, value, field)


@attrs.frozen
class OnOff:
    """``on`` or ``off``; in TOML ``true`` or ``false``."""

    words: str = "on or off"
    unit: str = ""

    def parse(self, text: str, field: str) -> bool:
        """See :class:`Rule`."""
        if text not in ("on", "off"):
            raise BadInput(field, f"{text!r} is none of on, off")
        return text == "on"

    def plain(self, text: str) -> Plain:
        """See :class:`Rule`."""
        return text == "on"

    def text(self, value: object, field: str) -> str:
        """See :class:`Rule`."""
        if not isinstance(value, bool):
            raise BadInput(field, f"{value!r} is neither true nor false")
        return "on" if value else "off"


@attrs.frozen
class Number:
    """A number within bounds."""

    low: float
    high: float
    unit: str

    @property
    def words(self) -> str:
        """See :class:`Rule`."""
        return f"a number of {self.unit} from {self.low:g} to {self.high:g}"

    def parse(self, text: str, field: str) -> float:
        """See :class:`Rule`."""
        return parse_number(text, field, self.low, self.high)

    def plain(self, text: str) -> Plain:
        """See :class:`Rule`."""
        number = float(text)
        return int(number) if number.is_integer() else number

    def text(self, value: object, field: str) -> str:
        """See :class:`Rule`."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadInput(field, f"{value!r} is no number; it must be {self.words}")
        text = repr(value)
        self.parse(text, field)
        return text


@attrs.frozen
class Whole:
    """A whole number within bounds; it may mean something else, such as seconds where it is milliseconds.

    :param scale: what it is multiplied by; ``None`` leaves it the whole number that it is.
    """

    low: int
    high: int
    unit: str = ""
    scale: float | None = None

    @property
    def words(self) -> str:
        """See :class:`Rule`."""
        return f"a whole number{f' of {self.unit}' if self.unit else ''} from {self.low} to {self.high}"

    def parse(self, text: str, field: str) -> float:
        """See :class:`Rule`."""
        digits = len(str(self.high))
        if not text.isascii() or not text.isdigit() or len(text) > digits or not self.low <= int(text) <= self.high:
            raise BadInput(field, f"{text!r} is not {self.words}")
        return int(text) if self.scale is None else int(text) * self.scale

    def plain(self, text: str) -> Plain:
        """See :class:`Rule`."""
        return int(text)

    def text(self, value: object, field: str) -> str:
        """See :class:`Rule`."""
        return _whole(self, value, field)


@attrs.frozen
class Port:
    """A port number.

    :param zero: 0 is allowed: any port.
    """

    zero: bool = False
    unit: str = ""

    @property
    def words(self) -> str:
        """See :class:`Rule`."""
        return f"a port from {0 if self.zero else 1} to 65535"

    def parse(self, text: str, field: str) -> int:
        """See :class:`Rule`."""
        return parse_port(text, field, zero=self.zero)

    def plain(self, text: str) -> Plain:
        """See :class:`Rule`."""
        return int(text)

    def text(self, value: object, field: str) -> str:
        """See :class:`Rule`."""
        return _whole(self, value, field)


def _whole(rule: Rule, value: object, field: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(field, f"{value!r} is no whole number; it must be {rule.words}")
    text = str(value)
    rule.parse(text, field)
    return text


@attrs.frozen
class Text:
    """A text of a form of its own.

    :param words: what it is, as a clause.
    :param reads: gives what it means (:mod:`lanrage.core.settings_texts`).
    """

    words: str
    reads: Callable[[str, str], Any]
    unit: str = ""

    def parse(self, text: str, field: str) -> Any:
        """See :class:`Rule`."""
        if len(text) > TEXT_LIMIT or not text.isprintable():
            raise BadInput(field, f"is not at most {TEXT_LIMIT} characters without control characters")
        return self.reads(text, field)

    def plain(self, text: str) -> Plain:
        """See :class:`Rule`."""
        return text

    def text(self, value: object, field: str) -> str:
        """See :class:`Rule`."""
        return _string(self, value, field)


def choices(rule: Rule) -> list[str]:
    """All texts that a rule allows, in its order; none where they cannot be counted."""
    if isinstance(rule, OneWord):
        return list(rule.choices)
    if isinstance(rule, OneOf):
        return [each.value for each in rule.kind]
    return ["on", "off"] if isinstance(rule, OnOff) else []
