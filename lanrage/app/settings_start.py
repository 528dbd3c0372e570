"""What a role goes by at its start: command line, environment and stored settings brought together.

Called before the reactor runs: the options are read then, and the file with them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from lanrage.app.settings_options import Default
from lanrage.core.setting import NODE, Setting
from lanrage.core.settings_order import Given, read_environment, sound, unknown_variables
from lanrage.core.settings_schema import SETTINGS
from lanrage.store.settings import SettingsFile


@attrs.frozen
class Start:
    """How a role started.

    :param file: of its state folder.
    :param options: all of its options, as a role's configuration reads them.
    :param given: on command line and in the environment.
    :param words: what was wrong with the stored settings and the environment, for the log.
    :param table: the schema, by name.
    """

    role: str
    file: SettingsFile
    options: dict[str, str] = attrs.field(factory=dict, repr=False)
    given: Given = attrs.field(factory=Given, repr=False)
    words: tuple[str, ...] = ()
    table: Mapping[str, Setting] = attrs.field(default=SETTINGS, repr=False)

    @classmethod
    def plain(cls, folder: Path, role: str = NODE) -> Start:
        """Nothing but defaults is given, as where no command line is read."""
        rows = rows_of(SETTINGS, role)
        options = {row.option: row.default_in(role) for row in rows}
        return cls(role, SettingsFile(folder), {**options, "state-dir": str(folder)})

    @property
    def rows(self) -> tuple[Setting, ...]:
        """The role's settings."""
        return rows_of(self.table, self.role)

    def with_stored(self, stored: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """The options with which a start goes by other stored values, and a word for each that is of no use."""
        kept, words = sound(self.rows, stored)
        named = {row.option: self.given.value(row, self.role, kept).text for row in self.rows}
        return {**self.options, **named}, tuple(words)


def rows_of(table: Mapping[str, Setting], role: str) -> tuple[Setting, ...]:
    """The settings that a role reads."""
    return tuple(row for row in table.values() if role in row.roles)


def begin(
    role: str,
    options: Mapping[str, Any],
    folder: Path,
    environment: Mapping[str, str] = os.environ,
    table: Mapping[str, Setting] = SETTINGS,
) -> Start:
    """Bring the sources together. A damaged file is set aside, and the defaults count.

    :param options: as parsed; a :class:`Default` is what nobody gave.
    :param folder: the state folder.
    :raises BadInput: the environment breaks a rule; the field is the variable.
    :raises StoreError: the stored settings cannot be read: they are not silently left out.
    """
    rows = rows_of(table, role)
    line = {row.name: options[row.option] for row in rows if not isinstance(options[row.option], Default)}
    file = SettingsFile(folder)
    start = Start(role, file, dict(options), Given(line, read_environment(rows, environment)), table=table)
    resolved, words = start.with_stored(file.load().values)
    unknown = unknown_variables(table.values(), environment)
    return attrs.evolve(start, options=resolved, words=(*([file.trouble] if file.trouble else []), *words, *unknown))
