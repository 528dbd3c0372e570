"""Which value of a setting counts: command line, then environment, then the stored sets, then the default. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import attrs

from lanrage.core.setting import Origin, Setting
from lanrage.errors import BadInput

FIRST_SET = "main"
"""The set that is there, and active, from the beginning."""
SETS_LIMIT = 64
"""Stored sets: one for each game and place, and then some."""
_SET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_set_name(name: str) -> str:
    """The name of a stored set.

    :raises BadInput: field ``set``.
    """
    if not _SET_NAME.fullmatch(name):
        raise BadInput("set", "must be 1 to 64 letters, digits, dots, underscores and hyphens, the first one no sign")
    return name


@attrs.frozen
class Stored:
    """The stored sets.

    :param sets: by name; of each the changed values, as text by the setting's name.
    :param active: the set whose values count; one of `sets`.
    """

    sets: Mapping[str, Mapping[str, str]] = attrs.field(factory=lambda: {FIRST_SET: {}})
    active: str = FIRST_SET

    @property
    def values(self) -> Mapping[str, str]:
        """The changed values of the active set."""
        return self.sets[self.active]


@attrs.frozen
class Value:
    """What a setting is.

    :param text: as the command line has it.
    """

    text: str
    origin: Origin


@attrs.frozen
class Given:
    """What is said at the start beside the stored sets; both by setting's name."""

    line: Mapping[str, str] = attrs.field(factory=dict)
    environment: Mapping[str, str] = attrs.field(factory=dict)

    def value(self, row: Setting, role: str, stored: Mapping[str, str]) -> Value:
        """What the setting is in a role."""
        for origin, values in (
            (Origin.COMMAND_LINE, self.line),
            (Origin.ENVIRONMENT, self.environment),
            (Origin.STORED, stored),
        ):
            if row.name in values:
                return Value(values[row.name], origin)
        return Value(row.default_in(role), Origin.DEFAULT)


def read_environment(rows: Iterable[Setting], environment: Mapping[str, str]) -> dict[str, str]:
    """What the environment sets.

    :raises BadInput: the field is the variable.
    """
    found = {}
    for row in rows:
        text = environment.get(row.environment)
        if text is not None:
            check(row, text, row.environment)
            found[row.name] = text
    return found


def sound(rows: Iterable[Setting], stored: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The stored values that keep their rules, and a word for each that does not: it may be an older LANrage's.

    Values of settings that are not among the rows are left out without a word: another role reads them.
    """
    kept: dict[str, str] = {}
    words = []
    for row in rows:
        if row.name in stored:
            try:
                check(row, stored[row.name])
            except BadInput as error:
                words.append(f"the stored setting {error}; the default counts")
            else:
                kept[row.name] = stored[row.name]
    return kept, words


def check(row: Setting, text: str, field: str = "") -> None:
    """Whether a text keeps the setting's rule; a secret is not repeated in the error.

    :param field: for the error; the setting's name.
    :raises BadInput: it does not.
    """
    field = field or row.name
    try:
        row.rule.parse(text, field)
    except BadInput as error:
        if row.secret:
            raise BadInput(field, f"is not {row.rule.words}") from None
        raise BadInput(field, error.rule) from error
