"""Stored settings as a TOML file, and back: one table for the first word of the names. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import tomli_w

from lanrage.core.setting import Setting
from lanrage.core.settings_order import check
from lanrage.core.settings_rules import Plain
from lanrage.core.settings_schema import SETTINGS, find
from lanrage.errors import BadInput

TOML_LIMIT = 65_536
"""Characters of a file: all settings at their longest."""


def write_toml(values: Mapping[str, str], table: Mapping[str, Setting] = SETTINGS) -> str:
    """The values that are no secret, in the order of the schema.

    :param values: texts that keep their rules, by name.
    """
    tables: dict[str, dict[str, Plain]] = {}
    for name, row in table.items():
        if name in values and not row.secret:
            first, _, rest = name.partition(".")
            tables.setdefault(first, {})[rest] = row.rule.plain(values[name])
    return tomli_w.dumps(tables)


def read_toml(text: str, role: str | None = None, table: Mapping[str, Setting] = SETTINGS) -> dict[str, str]:
    """The values of a file, as text by name.

    :param role: that must read them; ``None``: any.
    :raises BadInput: names the setting and the rule; field ``toml`` for what is no TOML.
    """
    if len(text) > TOML_LIMIT:
        raise BadInput("toml", f"more than {TOML_LIMIT} characters")
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput("toml", f"is no TOML: {error}") from error
    found: dict[str, str] = {}
    for first, inner in tables.items():
        if not isinstance(inner, dict):
            raise BadInput(first[:64], 'is no table; settings are written as [lan] and exposure = "games" below it')
        for rest, value in inner.items():
            row = find(f"{first}.{rest}", role, table)
            found[row.name] = _text(row, value)
    return found


def _text(row: Setting, value: object) -> str:
    try:
        text = row.rule.text(value, row.name)
    except BadInput:
        if row.secret:
            raise BadInput(row.name, f"is not {row.rule.words}") from None
        raise
    check(row, text)
    return text
