"""The operations on stored settings. All calls block: in a thread, or in a program that has nothing else to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lanrage.app.settings_results import (
    SetShown,
    SetsListed,
    SettingChanged,
    SettingsChanged,
    SettingsExported,
    SettingShown,
    SettingsListed,
)
from lanrage.app.settings_start import Start
from lanrage.core.setting import Setting
from lanrage.core.settings_order import Stored, check, sound
from lanrage.core.settings_rules import choices
from lanrage.core.settings_schema import find
from lanrage.core.settings_toml import read_toml, write_toml
from lanrage.errors import BadInput, LanrageError, MissingRight

TryOut = Callable[[dict[str, str]], object]
"""Reads a role's options as a start does; raises what is wrong with them."""


class SettingsBook:
    """Shows and changes what is stored for a role.

    :param start: how it started, or would.
    :param trials: what the next start would say; each tries options of its own.
    :param runs: the role runs, and what is live takes effect at once; else all waits for the next start.
    :param barred: names of settings that whoever asks may not change: :class:`MissingRight` names the first of them.
    """

    def __init__(self, start: Start, *trials: TryOut, runs: bool = True, barred: frozenset[str] = frozenset()) -> None:
        self._start, self._file, self._trials, self._runs, self._barred = start, start.file, trials, runs, barred

    def listing(self) -> SettingsListed:
        """All settings of the role."""
        stored = self._file.load()
        return SettingsListed(self._start.role, stored.active, [self._shown(row, stored) for row in self._start.rows])

    def show(self, name: str) -> SettingShown:
        """One setting.

        :raises BadInput: no such setting.
        """
        return self._shown(self._find(name), self._file.load())

    def set(self, values: Mapping[str, str]) -> SettingsChanged:
        """Change the active set.

        :raises BadInput: the field is the setting, or the option of another one that does not go with it.
        """
        for name, text in values.items():
            check(self._find(name), text)
        return self._told(*self._file.change(values, self._check))

    def reset(self, name: str) -> SettingsChanged:
        """Take a value out of the active set.

        :param name: empty: all that this role reads.
        :raises BadInput: no such setting.
        """
        names = [self._find(name).name] if name else [row.name for row in self._start.rows]
        return self._told(*self._file.change(dict.fromkeys(names), self._check))

    def save(self, name: str) -> SetsListed:
        """Keep the active set's values under another name, too.

        :raises BadInput: field ``set``.
        :raises MissingRight: it would replace a set that has other values of what whoever asks may not change.
        """
        return _sets(self._file.save(name, partial(self._check_set, name))[1])

    def activate(self, name: str) -> SettingsChanged:
        """Let another set count.

        :raises BadInput: field ``set``, or what would be wrong then.
        """
        return self._told(*self._file.activate(name, self._check))

    def delete(self, name: str) -> SetsListed:
        """Delete a set.

        :raises BadInput: field ``set``.
        :raises MissingRight: it has values of what whoever asks may not change.
        """
        return _sets(self._file.delete(name, partial(self._check_set, name))[1])

    def sets(self) -> SetsListed:
        """All sets."""
        return _sets(self._file.load())

    def export(self, name: str) -> SettingsExported:
        """A set as TOML.

        :param name: empty: the active one.
        :raises BadInput: field ``set``.
        """
        stored = self._file.load()
        if name and name not in stored.sets:
            raise BadInput("set", f"{name!r} is no stored set; there are {', '.join(sorted(stored.sets))}")
        values, _ = sound(self._start.rows, stored.sets[name or stored.active])
        hidden = [row.name for row in self._start.rows if row.secret and row.name in values]
        return SettingsExported(name or stored.active, write_toml(values, self._start.table), hidden)

    def bring_in(self, toml: str, replace: bool) -> SettingsChanged:
        """Change the active set by a TOML file: all of it, or nothing.

        :param replace: what the file does not name is reset; secrets stay, since no file has them.
        :raises BadInput: names the setting and the rule.
        """
        values: dict[str, str | None] = {}
        if replace:
            values = {row.name: None for row in self._start.rows if not row.secret}
        values |= read_toml(toml, self._start.role, self._start.table)
        return self._told(*self._file.change(values, self._check))

    # --- within -------------------------------------------------------------------------------------------------------

    def _find(self, name: str) -> Setting:
        return find(name, self._start.role, self._start.table)

    def _check(self, before: Stored, after: Stored) -> None:
        """Refuse what the next start would refuse, trial by trial, unless it would refuse what is stored now, too: else
        nobody could mend it step by step."""
        self._keep_barred(before.values, after.values)
        for try_out in self._trials:
            try:
                try_out(self._start.with_stored(after.values)[0])
            except LanrageError:
                try:
                    try_out(self._start.with_stored(before.values)[0])
                except LanrageError:
                    continue
                raise

    def _check_set(self, set_name: str, before: Stored, after: Stored) -> None:
        """A new set may be a copy of the active one, whatever that holds: it does not count before it is activated."""
        if set_name in before.sets:
            self._keep_barred(before.sets[set_name], after.sets.get(set_name, {}))

    def _keep_barred(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        for name in sorted(self._barred):
            if before.get(name) != after.get(name):
                raise MissingRight(f"{name} is changed by root and by the user of this process alone: use sudo")

    def _told(self, before: Stored, after: Stored) -> SettingsChanged:
        old, _ = sound(self._start.rows, before.values)
        new, _ = sound(self._start.rows, after.values)
        changed = [self._changed(row, new) for row in self._start.rows if old.get(row.name) != new.get(row.name)]
        return SettingsChanged(after.active, changed)

    def _changed(self, row: Setting, stored: Mapping[str, str]) -> SettingChanged:
        value = self._start.given.value(row, self._start.role, stored)
        return SettingChanged(row.name, row.shown(value.text), value.origin.value, not (row.live and self._runs))

    def _shown(self, row: Setting, stored: Stored) -> SettingShown:
        kept, _ = sound([row], stored.values)
        value = self._start.given.value(row, self._start.role, kept)
        facts: dict[str, Any] = {
            "name": row.name,
            "value": row.shown(value.text),
            "origin": value.origin.value,
            "stored": row.name in stored.values,
            "default": row.default_in(self._start.role),
            "rule": row.rule.words,
            "unit": row.rule.unit,
            "help": row.help,
            "restart": not row.live,
            "secret": row.secret,
            "option": f"--{row.option}",
            "environment": row.environment,
            "choices": choices(row.rule),
        }
        return SettingShown(**facts)


def _sets(stored: Stored) -> SetsListed:
    return SetsListed([SetShown(name, name == stored.active, len(stored.sets[name])) for name in sorted(stored.sets)])
