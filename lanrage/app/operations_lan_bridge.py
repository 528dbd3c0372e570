"""Operations by which devices on real networks take part, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.bridge_results import BridgesShown
from lanrage.app.operation import Operation, Request

InterfaceText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=15,
        pattern=r"^[A-Za-z0-9_.=+-]+\Z",
        description="the name of a network card, as in ip link",
    ),
]
DeviceText = Annotated[
    str,
    Meta(
        max_length=15,
        pattern=r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?\Z",
        description="the IPv4 address of the only device that takes part, or empty for all that play",
    ),
]


class BridgeLan(Request, frozen=True):
    """Arguments of ``lan.bridge``."""

    interface: InterfaceText
    device: DeviceText = ""
    off: Annotated[bool, Meta(description="true or false: bridge the card no more")] = False


class IBridgeNode(Interface):
    """What a node does for devices on its networks; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def bridge_lan(*, interface: str, device: str, off: bool) -> Awaitable[dict[str, Any]]:
        """Bridge a card, or no more; the result is a :class:`BridgesShown`.

        :param device: an IPv4 address, or empty for all devices that play.
        """


LAN_BRIDGE = (
    Operation(
        "lan.bridge",
        BridgeLan,
        BridgesShown,
        "bridge_lan",
        "Let a device on this machine's LAN, such as a console, take part in the party, in place of this member.",
        "lanrage lan bridge eth0 --device 192.168.1.50",
    ),
)
