"""All settings, with their defaults, rules and words: the one source of options, stored settings and their page.

A new setting is a new row here, a reader (:func:`lanrage.app.settings_options.read`) and a row in the table of
``tests/app/test_settings_readers.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from lanrage.core.setting import Setting
from lanrage.core.settings_desktop import DESKTOP_SETTINGS
from lanrage.core.settings_detection import DETECTION_SETTINGS
from lanrage.core.settings_games import GAMES_SETTINGS
from lanrage.core.settings_machine_room import LOG_SETTINGS, METERING_SETTINGS
from lanrage.core.settings_node import LAN_SETTINGS, MAPPING, NODE_SETTINGS
from lanrage.core.settings_notify import DISCORD_SETTINGS, NOTIFY_SETTINGS
from lanrage.core.settings_server import CONTROL_SETTINGS, RELAY_PORTS_SETTING, RELAY_SETTINGS, STOPPING_SETTINGS
from lanrage.core.settings_web import WEB_SETTINGS
from lanrage.errors import BadInput

SCHEMA: tuple[Setting, ...] = (
    *NODE_SETTINGS,
    *LAN_SETTINGS,
    *GAMES_SETTINGS,
    *WEB_SETTINGS,
    *DISCORD_SETTINGS,
    *DESKTOP_SETTINGS,
    MAPPING,
    *DETECTION_SETTINGS,
    *CONTROL_SETTINGS,
    RELAY_PORTS_SETTING,
    *RELAY_SETTINGS,
    *STOPPING_SETTINGS,
    *METERING_SETTINGS,
    *NOTIFY_SETTINGS,
    *LOG_SETTINGS,
)
"""All settings, in the order in which they are shown."""

SETTINGS: dict[str, Setting] = {row.name: row for row in SCHEMA}
"""By name."""

KNOWN_SHOWN = 5
"""Names that an error about an unknown one gives."""


def of_role(role: str) -> tuple[Setting, ...]:
    """The settings that a role reads."""
    return tuple(row for row in SCHEMA if role in row.roles)


def find(name: str, role: str | None = None, table: Mapping[str, Setting] | None = None) -> Setting:
    """The setting of this name.

    :param role: that must read it; ``None``: any.
    :param table: :data:`SETTINGS`, or a test's own.
    :raises BadInput: the field is the name: there is none, or the role has no such setting.
    """
    table = SETTINGS if table is None else table
    row = table.get(name)
    if row is None:
        word = name.partition(".")[0]
        near = [each for each in table if each.partition(".")[0] == word][:KNOWN_SHOWN]
        hint = f"; there are {', '.join(near)}" if near else "; lanrage settings list names all"
        raise BadInput(name[:64] or "name", f"is no setting{hint}")
    if role is not None and role not in row.roles:
        raise BadInput(name, f"is a setting of {' and '.join(row.roles)}, and this is {role}")
    return row
