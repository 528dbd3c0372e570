"""The operations on settings, as one part of the node."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import msgspec

from lanrage.app.caller import Caller
from lanrage.app.settings_desk import SettingsDesk


class SettingsNode:
    """Part of :class:`lanrage.app.node.NodeService` and :class:`lanrage.app.machine_room.MachineRoom`."""

    settings: SettingsDesk

    async def list_settings(self) -> dict[str, Any]:
        """See :meth:`INode.list_settings`."""
        return await _plain(self.settings.listing())

    async def show_setting(self, name: str) -> dict[str, Any]:
        """See :meth:`INode.show_setting`."""
        return await _plain(self.settings.show(name))

    async def change_settings(self, values: dict[str, str], caller: Caller | None = None) -> dict[str, Any]:
        """See :meth:`INode.change_settings`."""
        return await _plain(self.settings.set(values, _user(caller)))

    async def reset_settings(self, name: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :meth:`INode.reset_settings`."""
        return await _plain(self.settings.reset(name, _user(caller)))

    async def save_settings(self, set_name: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :meth:`INode.save_settings`."""
        return await _plain(self.settings.save(set_name, _user(caller)))

    async def activate_settings(self, set_name: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :meth:`INode.activate_settings`."""
        return await _plain(self.settings.activate(set_name, _user(caller)))

    async def delete_settings(self, set_name: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :meth:`INode.delete_settings`."""
        return await _plain(self.settings.delete(set_name, _user(caller)))

    async def list_sets(self) -> dict[str, Any]:
        """See :meth:`INode.list_sets`."""
        return await _plain(self.settings.sets())

    async def export_settings(self, set_name: str) -> dict[str, Any]:
        """See :meth:`INode.export_settings`."""
        return await _plain(self.settings.export(set_name))

    async def import_settings(self, toml: str, replace: bool, caller: Caller | None = None) -> dict[str, Any]:
        """See :meth:`INode.import_settings`."""
        return await _plain(self.settings.bring_in(toml, replace, _user(caller)))


def _user(caller: Caller | None) -> int | None:
    return caller.user if caller is not None else None


async def _plain(answer: Awaitable[msgspec.Struct]) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(await answer)
    return plain
