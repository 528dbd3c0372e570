"""A device on a real network takes part in the party, in place of this member (``docs/protocol-bridge.rst``).

The party knows no address but its members', so a device is shown to it as ports of this member, and the members are
shown to the device as ports of this machine's address on its network. Pure: this says which frame goes where, and what
the kernel must know before it does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import Enum
from ipaddress import IPv4Address, IPv4Network

import attrs

from lanrage.core.bridge_entries import Changes, Entry, Table
from lanrage.core.frame_rules import canonical, captured
from lanrage.core.lan_frames import Drop, Frame, PartyLan, Udp
from lanrage.core.payload_addresses import rewrite
from lanrage.core.port_book import PortBook, Socket

DEVICES_LIMIT = 16
"""Devices of one network that take part; more are a network, not a room."""

DEVICE_SECONDS = 600.0
"""A device that said nothing for so long is forgotten, unless it is the one that was named."""

RECENT_SECONDS = 10.0
"""A device goes on with the member that it was shown last for so long after that member's last announcement, whatever
others announce meanwhile. More than any game's period of announcement that matters in a lobby."""


LARGEST = 1472
"""Bytes of payload in one Ethernet frame; what is larger would need fragments, which no broadcast of a console does."""


class Refusal(Enum):
    """Why a device's frame is not carried; the value completes the counter's name ``bridge_...``."""

    RULES = "refused"  # what the rules of the plane refuse of this machine's own games, too
    STRANGER = "strangers"  # not the device that was named, or one too many
    LEFT = "left_to_another"  # a member on the same network carries for its devices
    PORTS = "no_port"  # its owner has too many ports


@attrs.frozen
class Segment:
    """The network of a bridged card.

    :param index: the card's interface index.
    :param address: this machine's there; `mac` the card's, 6 bytes.
    """

    index: int
    address: IPv4Address
    network: IPv4Network
    mac: bytes


@attrs.define
class _Device:
    mac: bytes
    heard: float
    recent: IPv4Address | None = None
    recent_at: float = 0.0


@attrs.frozen
class Step:
    """A frame, and what the kernel must know before it is sent."""

    frame: Frame
    changes: Changes = Changes()


@attrs.define
class Bridge:
    """One bridged card.

    :param segment: its network.
    :param named: the one device that takes part, and gets what nothing else here takes; ``None`` = all that play.
    :param free: whether nobody on this machine listens to a UDP port.
    :ivar own: this machine's addresses.
    :ivar members_here: the members' addresses on this network: they take part by themselves.
    """

    segment: Segment
    named: IPv4Address | None
    free: Callable[[int], bool]
    own: Collection[IPv4Address] = frozenset()
    members_here: Collection[IPv4Address] = frozenset()
    _devices: dict[IPv4Address, _Device] = attrs.field(factory=dict)
    _to_party: PortBook = attrs.field(init=False)
    _to_lan: PortBook = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._to_party, self._to_lan = PortBook(self.free), PortBook(self.free)

    # --- from a device ------------------------------------------------------------------------------------------------

    def device_said(self, frame: Frame, lan: PartyLan, now: float) -> Step | Refusal:
        """Judge a broadcast that came in by the card, and move it into the party."""
        content = frame.content
        source = content.source if isinstance(content, Udp) else None
        if not isinstance(content, Udp) or not isinstance(source, IPv4Address):
            return Refusal.STRANGER
        if not self._may_be_device(source, frame.source_mac):
            return Refusal.STRANGER
        judged = captured(frame, lan, (source,))
        if isinstance(judged, Drop):
            return Refusal.RULES
        changes = self.meet(source, frame.source_mac, lan, now)
        if changes is None:
            return Refusal.STRANGER
        owner = (source, content.source_port)
        port = self._to_party.find(owner, now)
        if port is None:
            port = self._to_party.give(owner, now)
            if port is None:
                return Refusal.PORTS
            changes += Changes(add=_shown(owner, lan.address, port))
        assert isinstance(judged.content, Udp)
        content, _ = rewrite(judged.content, (source,), lan.address)
        return Step(canonical(attrs.evolve(content, source_port=port)), changes)

    def meet(self, address: IPv4Address, mac: bytes, lan: PartyLan, now: float) -> Changes | None:
        """A device has this address and MAC.

        :return: what to change; ``None`` where it may not take part.
        """
        if not self._may_be_device(address, mac):
            return None
        known = self._devices.get(address)
        if known is not None:
            known.mac, known.heard = mac, now
            return Changes()
        if len(self._devices) >= DEVICES_LIMIT:
            return None
        self._devices[address] = _Device(mac, now)
        front = (Entry(Table.FRONT, (lan.address,), (address,)),) if address == self.named else ()
        return Changes(add=(Entry(Table.DEVICES, (address,)), *front))

    def _may_be_device(self, address: IPv4Address, mac: bytes) -> bool:
        if self.named is not None and address != self.named:
            return False
        network = self.segment.network
        whole = (network.network_address, network.broadcast_address, self.segment.address)
        if address not in network or address in whole or mac[0] & 1 or mac == self.segment.mac:
            return False
        return address not in self.own and address not in self.members_here

    # --- from a member ------------------------------------------------------------------------------------------------

    def member_said(self, content: Udp, origin: IPv4Address, lan: PartyLan, now: float) -> list[Step]:
        """What each device gets of a member's broadcast, which the rules let through.

        Each gets it alone, by its MAC: others on the network have ways of their own, or are not concerned.
        """
        if not self._devices or not isinstance(content.destination, IPv4Address) or len(content.payload) > LARGEST:
            return []
        owner, changes = (origin, content.source_port), Changes()
        port = self._to_lan.find(owner, now)
        if port is None:
            port = self._to_lan.give(owner, now)
            if port is None:
                return []
            changes = Changes(add=_announced(owner, self.segment.address, port))
        content, _ = rewrite(content, (origin,), self.segment.address)
        destination = content.destination
        if destination == lan.network.broadcast_address:
            destination = self.segment.network.broadcast_address
        shown = attrs.evolve(content, source=self.segment.address, source_port=port, destination=destination)
        steps = []
        for address, device in self._devices.items():
            changes += _recent(address, device, origin, now)
            steps.append(Step(Frame(device.mac, self.segment.mac, shown), changes))
            changes = Changes()
        return steps

    # --- in time ------------------------------------------------------------------------------------------------------

    def forget(self, lan: PartyLan, now: float) -> Changes:
        """Take back what is idle, and what belongs to members and devices that are gone."""
        gone = [address for address, device in self._devices.items() if self._is_gone(address, device, now)]
        remove = [entry for address in gone for entry in self._leave(address, lan)]
        for owner, port in self._to_party.take_back(now, lambda address: address in self._devices).items():
            remove += _shown(owner, lan.address, port)
        members = frozenset(lan.members.values())
        for owner, port in self._to_lan.take_back(now, lambda address: address in members).items():
            remove += _announced(owner, self.segment.address, port)
        for address, device in self._devices.items():
            if device.recent is not None and device.recent not in members:
                remove.append(Entry(Table.RECENT, (address,), (device.recent,)))
                device.recent = None
        return Changes(remove=tuple(remove))

    def devices(self) -> dict[IPv4Address, dict[int, int]]:
        """The devices that take part, each with its ports and those of the party address that stand for them."""
        shown: dict[IPv4Address, dict[int, int]] = {address: {} for address in self._devices}
        for (address, port), given in self._to_party.given().items():
            if address in shown:
                shown[address][port] = given
        return shown

    def _is_gone(self, address: IPv4Address, device: _Device, now: float) -> bool:
        if not self._may_be_device(address, device.mac):
            return True
        return address != self.named and now - device.heard > DEVICE_SECONDS

    def _leave(self, address: IPv4Address, lan: PartyLan) -> Iterable[Entry]:
        device = self._devices.pop(address)
        yield Entry(Table.DEVICES, (address,))
        if address == self.named:
            yield Entry(Table.FRONT, (lan.address,), (address,))
        if device.recent is not None:
            yield Entry(Table.RECENT, (address,), (device.recent,))


def _shown(owner: Socket, party: IPv4Address, port: int) -> tuple[Entry, ...]:
    """A device's port is reached at a port of the party address, and speaks from it."""
    return Entry(Table.AT_PARTY, (port,), owner), Entry(Table.AS_PARTY, owner, (party, port))


def _announced(owner: Socket, here: IPv4Address, port: int) -> tuple[Entry, ...]:
    """A member's port is reached at a port of this machine's address on the network, and speaks from it."""
    return Entry(Table.AT_LAN, (port,), owner), Entry(Table.AS_LAN, owner, (here, port))


def _recent(address: IPv4Address, device: _Device, origin: IPv4Address, now: float) -> Changes:
    """What becomes of the member that a device was shown last."""
    before = device.recent
    if before is not None and before != origin and now - device.recent_at < RECENT_SECONDS:
        return Changes()
    device.recent, device.recent_at = origin, now
    if before == origin:
        return Changes()
    remove = () if before is None else (Entry(Table.RECENT, (address,), (before,)),)
    return Changes(remove, (Entry(Table.RECENT, (address,), (origin,)),))


def may_be_named(address: IPv4Address, segment: Segment) -> bool:
    """Whether a device with this address can be on the network: neither this machine nor everybody."""
    network = segment.network
    return address in network and address not in (segment.address, network.network_address, network.broadcast_address)
