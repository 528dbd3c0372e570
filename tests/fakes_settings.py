"""The part of a fake node that has settings: those of a state folder that a test names."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from lanrage.app.caller import Caller
from lanrage.app.settings_book import SettingsBook
from lanrage.errors import Refused


@attrs.define(slots=False)
class FakeSettings:
    """Notes each call and answers as the real one does.

    :ivar book: shows and changes them; ``None``: this node has none.
    """

    book: SettingsBook | None = attrs.field(default=None, kw_only=True)

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    def _ask(self, method: str, *args: Any) -> dict[str, Any]:
        self._enter(f"settings_{method}", *args)
        if self.book is None:
            raise Refused("no_settings", "this node has none")
        plain: dict[str, Any] = msgspec.to_builtins(getattr(self.book, method)(*args))
        return plain

    async def list_settings(self) -> dict[str, Any]:
        """See :class:`ISettingsNode`."""
        return self._ask("listing")

    async def show_setting(self, name: str) -> dict[str, Any]:
        """See :class:`ISettingsNode`."""
        return self._ask("show", name)

    async def change_settings(self, values: dict[str, str], caller: Caller | None = None) -> dict[str, Any]:
        """See :class:`ISettingsNode`."""
        return self._ask("set", values)

    async def reset_settings(self, name: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :class:`ISettingsNode`."""
        return self._ask("reset", name)

    async def save_settings(self, set_name: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :class:`ISettingsNode`."""
        return self._ask("save", set_name)

    async def activate_settings(self, set_name: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :class:`ISettingsNode`."""
        return self._ask("activate", set_name)

    async def delete_settings(self, set_name: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :class:`ISettingsNode`."""
        return self._ask("delete", set_name)

    async def list_sets(self) -> dict[str, Any]:
        """See :class:`ISettingsNode`."""
        return self._ask("sets")

    async def export_settings(self, set_name: str) -> dict[str, Any]:
        """See :class:`ISettingsNode`."""
        return self._ask("export", set_name)

    async def import_settings(self, toml: str, replace: bool, caller: Caller | None = None) -> dict[str, Any]:
        """See :class:`ISettingsNode`."""
        return self._ask("bring_in", toml, replace)
