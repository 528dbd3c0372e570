"""The operations ``settings.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from lanrage.app.settings_results import SetsListed, SettingsChanged, SettingsExported, SettingShown, SettingsListed
from lanrage.client.asking import Asker


class SettingsCalls:
    """The operations ``settings.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def list(self) -> SettingsListed:
        """Show all settings, and where the value of each comes from."""
        return await self._asker.ask("settings.list", {}, SettingsListed)

    async def show(self, *, name: str) -> SettingShown:
        """Show one setting: value, origin, default, rule."""
        args = {"name": name}
        return await self._asker.ask("settings.show", args, SettingShown)

    async def set(self, *, values: Mapping[str, str]) -> SettingsChanged:
        """Change settings of the active set; ? as a value shows what it may be."""
        args = {"values": dict(values)}
        return await self._asker.ask("settings.set", args, SettingsChanged)

    async def reset(self, *, name: str = "") -> SettingsChanged:
        """Let a setting, or all of them, have the default again."""
        args = {"name": name}
        return await self._asker.ask("settings.reset", args, SettingsChanged)

    async def save(self, *, set_name: str) -> SetsListed:
        """Keep the values of the active set under another name, too."""
        args = {"set_name": set_name}
        return await self._asker.ask("settings.save", args, SetsListed)

    async def activate(self, *, set_name: str) -> SettingsChanged:
        """Go by another stored set."""
        args = {"set_name": set_name}
        return await self._asker.ask("settings.activate", args, SettingsChanged)

    async def delete(self, *, set_name: str) -> SetsListed:
        """Delete a stored set that is not active."""
        args = {"set_name": set_name}
        return await self._asker.ask("settings.delete", args, SetsListed)

    async def sets(self) -> SetsListed:
        """Show the stored sets, and which one is active."""
        return await self._asker.ask("settings.sets", {}, SetsListed)

    async def export(self, *, set_name: str = "") -> SettingsExported:
        """Give a stored set as TOML, without its secrets."""
        args = {"set_name": set_name}
        return await self._asker.ask("settings.export", args, SettingsExported)

    async def import_(self, *, toml: str, replace: bool = False) -> SettingsChanged:
        """Change the active set by a TOML file: all of it, or nothing."""
        args = {"toml": toml, "replace": replace}
        return await self._asker.ask("settings.import", args, SettingsChanged)


class SettingsWatch:
    """The operations ``settings.*``, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(self) -> AsyncGenerator[SettingsListed, None]:
        """Show all settings, and where the value of each comes from."""
        return self._asker.follow("settings.list", {}, SettingsListed)

    def show(self, *, name: str) -> AsyncGenerator[SettingShown, None]:
        """Show one setting: value, origin, default, rule."""
        args = {"name": name}
        return self._asker.follow("settings.show", args, SettingShown)

    def sets(self) -> AsyncGenerator[SetsListed, None]:
        """Show the stored sets, and which one is active."""
        return self._asker.follow("settings.sets", {}, SetsListed)

    def export(self, *, set_name: str = "") -> AsyncGenerator[SettingsExported, None]:
        """Give a stored set as TOML, without its secrets."""
        args = {"set_name": set_name}
        return self._asker.follow("settings.export", args, SettingsExported)
