"""The operations on settings, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.caller import Caller
from lanrage.app.operation import Nothing, Operation, Request
from lanrage.app.settings_results import (
    SetsListed,
    SettingsChanged,
    SettingsExported,
    SettingShown,
    SettingsListed,
)
from lanrage.core.settings_rules import TEXT_LIMIT
from lanrage.core.settings_toml import TOML_LIMIT

NAME_LIMIT = 64
VALUES_LIMIT = 64
"""Settings of one change."""

SettingName = Annotated[str, Meta(min_length=1, max_length=NAME_LIMIT, description="a setting's name")]
NameOrAll = Annotated[str, Meta(max_length=NAME_LIMIT, description="a setting's name, or empty for all")]
SetName = Annotated[str, Meta(min_length=1, max_length=NAME_LIMIT, description="the name of a stored set")]
SetOrActive = Annotated[str, Meta(max_length=NAME_LIMIT, description="the name of a set; empty for the active one")]
Texts = Annotated[
    dict[SettingName, Annotated[str, Meta(max_length=TEXT_LIMIT)]],
    Meta(min_length=1, max_length=VALUES_LIMIT, description="values by setting's name, as the command line has them"),
]
Toml = Annotated[str, Meta(max_length=TOML_LIMIT, description="a TOML file's text")]


class ShowSetting(Request, frozen=True):
    """Arguments of ``settings.show``."""

    name: SettingName


class ChangeSettings(Request, frozen=True):
    """Arguments of ``settings.set``."""

    values: Texts


class ResetSettings(Request, frozen=True):
    """Arguments of ``settings.reset``."""

    name: NameOrAll = ""


class NameSet(Request, frozen=True):
    """Arguments of the operations on one set."""

    set_name: SetName


class ExportSettings(Request, frozen=True):
    """Arguments of ``settings.export``."""

    set_name: SetOrActive = ""


class ImportSettings(Request, frozen=True):
    """Arguments of ``settings.import``."""

    toml: Toml
    replace: Annotated[bool, Meta(description="true or false: reset what the file does not name")] = False


class ISettingsNode(Interface):
    """What a node offers of its settings; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def list_settings() -> Awaitable[dict[str, Any]]:
        """All settings; the result is a :class:`SettingsListed`."""

    def show_setting(name: str) -> Awaitable[dict[str, Any]]:
        """One; the result is a :class:`SettingShown`."""

    def change_settings(values: dict[str, str], caller: Caller | None = None) -> Awaitable[dict[str, Any]]:
        """Change some; the result is a :class:`SettingsChanged`."""

    def reset_settings(name: str, caller: Caller | None = None) -> Awaitable[dict[str, Any]]:
        """Back to the default; the result is a :class:`SettingsChanged`."""

    def save_settings(set_name: str, caller: Caller | None = None) -> Awaitable[dict[str, Any]]:
        """Keep the active set under another name; the result is a :class:`SetsListed`."""

    def activate_settings(set_name: str, caller: Caller | None = None) -> Awaitable[dict[str, Any]]:
        """Go by another set; the result is a :class:`SettingsChanged`."""

    def delete_settings(set_name: str, caller: Caller | None = None) -> Awaitable[dict[str, Any]]:
        """Delete a set; the result is a :class:`SetsListed`."""

    def list_sets() -> Awaitable[dict[str, Any]]:
        """All sets; the result is a :class:`SetsListed`."""

    def export_settings(set_name: str) -> Awaitable[dict[str, Any]]:
        """A set as TOML; the result is a :class:`SettingsExported`."""

    def import_settings(toml: str, replace: bool, caller: Caller | None = None) -> Awaitable[dict[str, Any]]:
        """Change the active set by TOML; the result is a :class:`SettingsChanged`."""


SETTINGS_OPERATIONS = (
    Operation(
        "settings.list",
        Nothing,
        SettingsListed,
        "list_settings",
        "Show all settings, and where the value of each comes from.",
        "lanrage settings list",
        reads=True,
    ),
    Operation(
        "settings.show",
        ShowSetting,
        SettingShown,
        "show_setting",
        "Show one setting: value, origin, default, rule.",
        "lanrage settings show lan.exposure",
        reads=True,
    ),
    Operation(
        "settings.set",
        ChangeSettings,
        SettingsChanged,
        "change_settings",
        "Change settings of the active set; ? as a value shows what it may be.",
        "lanrage settings set lan.exposure games",
        asked=True,
    ),
    Operation(
        "settings.reset",
        ResetSettings,
        SettingsChanged,
        "reset_settings",
        "Let a setting, or all of them, have the default again.",
        "lanrage settings reset lan.exposure",
        asked=True,
    ),
    Operation(
        "settings.save",
        NameSet,
        SetsListed,
        "save_settings",
        "Keep the values of the active set under another name, too.",
        "lanrage settings save lan-party",
        asked=True,
    ),
    Operation(
        "settings.activate",
        NameSet,
        SettingsChanged,
        "activate_settings",
        "Go by another stored set.",
        "lanrage settings activate lan-party",
        asked=True,
    ),
    Operation(
        "settings.delete",
        NameSet,
        SetsListed,
        "delete_settings",
        "Delete a stored set that is not active.",
        "lanrage settings delete lan-party",
        asked=True,
    ),
    Operation(
        "settings.sets",
        Nothing,
        SetsListed,
        "list_sets",
        "Show the stored sets, and which one is active.",
        "lanrage settings sets",
        reads=True,
    ),
    Operation(
        "settings.export",
        ExportSettings,
        SettingsExported,
        "export_settings",
        "Give a stored set as TOML, without its secrets.",
        "lanrage settings export --file mine.toml",
        reads=True,
    ),
    Operation(
        "settings.import",
        ImportSettings,
        SettingsChanged,
        "import_settings",
        "Change the active set by a TOML file: all of it, or nothing.",
        "lanrage settings import mine.toml",
        asked=True,
    ),
)
