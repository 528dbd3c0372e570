"""The schema as options of ``twistd lanrage``, and how a role's configuration reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lanrage.core.setting import ALL, Setting
from lanrage.core.settings_schema import SETTINGS


class Default(str):
    """A default: what nobody gave on the command line, told from the same text that somebody gave."""

    __slots__ = ()


def parameters(rows: Iterable[Setting], role: str = ALL) -> list[list[Any]]:
    """Rows of :class:`twisted.python.usage.Options`: option, no short form, default, help."""
    return [[row.option, None, Default(row.default_in(role)), row.help] for row in rows]


def read(options: Mapping[str, str], name: str) -> Any:
    """What an option means.

    :param name: of the setting.
    :raises BadInput: names the option and the rule.
    """
    row = SETTINGS[name]
    return row.rule.parse(text_of(options, name), row.option)


def text_of(options: Mapping[str, str], name: str) -> str:
    """An option's text; the default where a role has no such option."""
    row = SETTINGS[name]
    return options.get(row.option) or ("" if row.option in options else row.default)
