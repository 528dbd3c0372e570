"""Physical networks in memory: ports by which members look for each other, and cards that are bridged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

import attrs
from twisted.internet.defer import Deferred, fail, succeed

from lanrage.core.bridge_entries import Changes
from lanrage.core.links import LocalAddress
from lanrage.errors import LanrageError


@attrs.define(eq=False)
class MemorySwitch:
    """A network; what is said on it is kept."""

    ports: list[MemoryNeighbourPort] = attrs.field(factory=list)
    said: list[bytes] = attrs.field(factory=list)


@attrs.define(eq=False)
class MemoryNeighbourPort:
    """Broadcasts on one card of a network; see :class:`lanrage.net.neighbour_port.NeighbourPort`.

    :ivar fails: raised by :meth:`open`.
    :ivar linked: the cable is in.
    """

    switch: MemorySwitch
    index: int = 4
    fails: OSError | None = None
    linked: bool = True
    receive: Callable[[bytes, int, IPv4Address], None] | None = None

    def open(self, receive: Callable[[bytes, int, IPv4Address], None]) -> None:
        """Join."""
        if self.fails is not None:
            raise self.fails
        self.receive = receive
        self.switch.ports.append(self)

    def send(self, payload: bytes, index: int, source: IPv4Address) -> bool:
        """To all others, and to this one, too, as Linux does."""
        if index != self.index or not self.linked:
            return False
        self.switch.said.append(payload)
        for port in self.switch.ports:
            if port.receive is not None and port.linked:
                port.receive(payload, port.index, source)
        return True

    def close(self) -> None:
        """Leave."""
        self.receive = None
        if self in self.switch.ports:
            self.switch.ports.remove(self)


@attrs.define(eq=False)
class MemoryCardPort:
    """See :class:`lanrage.net.bridge_port.BridgePort`."""

    name: str
    mac: bytes = bytes.fromhex("020000000001")
    sent: list[bytes] = attrs.field(factory=list)
    receive: Callable[[bytes], None] | None = None
    lost: Callable[[str], None] = attrs.field(default=lambda why: None)

    def open(self, receive: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        """Begin."""
        self.receive, self.lost = receive, lost

    def send(self, frame: bytes) -> bool:
        """Keep it."""
        self.sent.append(frame)
        return True

    def close(self) -> None:
        """End."""
        self.receive = None


@attrs.define(eq=False)
class MemoryTable:
    """See :class:`lanrage.net.bridge_table.BridgeTable`.

    :ivar waits: while set, a change is not done before it fires.
    :ivar refuses: what each change fails with.
    :ivar closing: what :meth:`close` waits for.
    """

    here: LocalAddress
    party: IPv4Address
    standing: bool = False
    applied: list[Changes] = attrs.field(factory=list)
    waits: Deferred[None] | None = None
    refuses: LanrageError | None = None
    missing: LanrageError | None = None
    closing: Deferred[None] = attrs.field(factory=lambda: succeed(None))

    def open(self) -> Deferred[None]:
        """Stand."""
        if self.missing is not None:
            return fail(self.missing)
        self.standing = True
        return succeed(None)

    def apply(self, changes: Iterable[Changes]) -> Deferred[None]:
        """Keep them."""
        if self.refuses is not None:
            return fail(self.refuses)
        self.applied += changes
        return self.waits if self.waits is not None else succeed(None)

    def close(self) -> Deferred[None]:
        """Be gone."""
        self.standing = False
        return self.closing


@attrs.define(eq=False)
class MemoryMakers:
    """See :class:`lanrage.app.lan_bridge.Makers`.

    :ivar macs: what ARP tells.
    :ivar missing: what making a table fails with.
    """

    ports: list[MemoryCardPort] = attrs.field(factory=list)
    tables: list[MemoryTable] = attrs.field(factory=list)
    macs: dict[IPv4Address, bytes] = attrs.field(factory=dict)
    missing: LanrageError | None = None

    def port(self, name: str) -> MemoryCardPort:
        """A card."""
        self.ports.append(MemoryCardPort(name))
        return self.ports[-1]

    def table(self, here: LocalAddress, party: IPv4Address) -> MemoryTable:
        """A table."""
        self.tables.append(MemoryTable(here, party, missing=self.missing))
        return self.tables[-1]

    def port_free(self, port: int) -> bool:
        """All are."""
        return port > 0

    def find_mac(self, address: IPv4Address, device: str) -> Deferred[bytes | None]:
        """By the table of this test."""
        assert device
        return succeed(self.macs.get(address))
