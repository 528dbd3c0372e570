"""What the kernel must know to pass a bridged device's own datagrams: entries of sets and maps
(``docs/protocol-bridge.rst``).

They become text in :mod:`lanrage.wire.bridge_ruleset`.
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address

import attrs


class Table(StrEnum):
    """The sets and maps, by their names in the kernel. Key and value of each are in its sentence."""

    DEVICES = "bridged"  # address of a device that takes part
    AT_PARTY = "at_party"  # UDP port of the party address: device . port
    AS_PARTY = "as_party"  # device . UDP port: party address . port
    AT_LAN = "at_lan"  # UDP port of this machine's address on the network: member . port
    AS_LAN = "as_lan"  # member . UDP port: this machine's address on the network . port
    RECENT = "recent"  # device: the member that it was shown last
    FRONT = "front"  # party address: the device that gets what nothing else here takes


Atom = IPv4Address | int


@attrs.frozen
class Entry:
    """One element.

    :param value: empty for a set's.
    """

    table: Table
    key: tuple[Atom, ...]
    value: tuple[Atom, ...] = ()


@attrs.frozen
class Changes:
    """Elements to take out first, then to put in."""

    remove: tuple[Entry, ...] = ()
    add: tuple[Entry, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.remove or self.add)

    def __add__(self, later: Changes) -> Changes:
        """Both; no element of the one is in the other."""
        return Changes(self.remove + later.remove, self.add + later.add)
