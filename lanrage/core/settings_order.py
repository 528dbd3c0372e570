"""Which value of a setting counts: command line, then environment, then the stored sets, then the default. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import attrs

from lanrage.core.setting import ENVIRONMENT, Origin, Setting
from lanrage.errors import BadInput

FIRST_SET = "main"
"""The set that is there, and active, from the beginning."""
SETS_LIMIT = 64
"""Stored sets: one for each game and place, and then some."""
OTHER_VARIABLES = frozenset(
    f"{ENVIRONMENT}{name}"
    for name in (
        "CONTROL_OPTIONS",
        "LAB_DIR",
        "LAB_KEEP_LOGS",
        "NODE_OPTIONS",
        "RELAY_OPTIONS",
        "SERVER",
        "SOCKET",
        "TOKEN",
    )
)
"""What the command line, the laboratory and the units of systemd read, beside the settings."""
TESTS_VARIABLES = (f"{ENVIRONMENT}KERNEL_", f"{ENVIRONMENT}TEST_")
"""What those of our own tests begin with."""
UNKNOWN_SHOWN = 10
"""Unknown variables that are told at a start."""
ALIKE = 0.8
"""Of difflib's ratio, from which on a name is taken for another one misspelt: two wrong letters in twenty."""
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


def unknown_variables(rows: Iterable[Setting], environment: Iterable[str]) -> list[str]:
    """A word for each variable that looks as if it set something, and does not; its value may be secret.

    :param rows: all settings, those of other roles too, whose variables may be set for all roles at once.
    :param environment: names.
    """
    known = {row.environment for row in rows} | OTHER_VARIABLES
    words = []
    for name in sorted(environment):
        if not name.startswith(ENVIRONMENT) or name in known or name.startswith(TESTS_VARIABLES):
            continue
        near = get_close_matches(name.upper(), sorted(known), 1, ALIKE)
        hint = f"{near[0]} is meant, perhaps" if near else "lanrage settings list names all"
        words.append(f"the environment variable {name[:64]!r} sets nothing: there is no such setting; {hint}")
    return words[:UNKNOWN_SHOWN]


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
