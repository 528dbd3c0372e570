"""The shapes of what the node tells of bridged cards (``docs/api.rst``)."""

from __future__ import annotations

import msgspec


class BridgedPort(msgspec.Struct, frozen=True):
    """A UDP port of a device, and the port of this member that stands for it in the party."""

    port: int
    party_port: int


class BridgedDevice(msgspec.Struct, frozen=True):
    """A device that takes part."""

    address: str
    ports: list[BridgedPort]


class BridgeShown(msgspec.Struct, frozen=True):
    """One bridged card.

    :param device: the only one that takes part; null = all that play.
    :param address: this machine's on the card; null while the bridge does not stand, and then `trouble` says why.
    :param yields: a member on the same network bridges it, so this node does not for now.
    """

    interface: str
    device: str | None
    address: str | None
    trouble: str
    yields: bool
    devices: list[BridgedDevice]


class BridgesShown(msgspec.Struct, frozen=True):
    """All bridges of this node."""

    bridges: list[BridgeShown]
