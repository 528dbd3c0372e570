"""The two directions of the LAN plane: from this machine's cards to the members, and back (``docs/protocol-lan.rst``).

Both work on bytes that come and go by callables, so the whole pipeline runs in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from ipaddress import IPv4Address

import attrs
from twisted.logger import Logger

from lanrage.app.lan_stages import Incoming, Outgoing, Travelled, tell_all
from lanrage.core import frame_rules
from lanrage.core.broadcast_dedup import BroadcastDeduplicator
from lanrage.core.budget import Budget
from lanrage.core.dedup import FrameLedger
from lanrage.core.ip_fragments import IpFragments
from lanrage.core.lan_counters import LanCounters
from lanrage.core.lan_frames import Address, Drop, Frame, PartyLan, Udp
from lanrage.core.lan_limits import ARRIVALS_BURST, ARRIVALS_RATE
from lanrage.core.links import TUNNEL_MTU
from lanrage.core.payload_addresses import Repeated, rewrite
from lanrage.core.reassembly import Reassembly
from lanrage.errors import DecodeError
from lanrage.timing import timing_decorator
from lanrage.wire.fragments import read_fragment, write_joined
from lanrage.wire.frames import HOPS, RELAYED_HOPS, Kind, Part, decode_part, encode_part, largest, split, tunnel_bytes
from lanrage.wire.packets import IPV4_BYTES, MAX_FRAME_BYTES, MAX_PACKET_BYTES, read_frame, write_frame

LAN_CARD = 0
"""Stands for the LAN card where real cards have their interface index; indices start at 1."""

log = Logger()


@attrs.define
class Outflow:
    """Frames that this machine sends, to the members.

    :param lan: the party as this member sees it.
    :param nonce: boot nonce, 64 bit.
    :param send: gives a datagram to one member by address, returns 0 or an error number.
    :param counters: shared with :class:`Inflow`.
    :param mtu: of the tunnel.
    """

    lan: PartyLan
    nonce: int
    send: Callable[[bytes, str], int]
    counters: LanCounters
    mtu: int = TUNNEL_MTU
    stages: Outgoing = attrs.field(factory=Outgoing)
    own: Collection[Address] = frozenset()
    """Addresses of this machine's real cards."""

    dedup: BroadcastDeduplicator = attrs.field(factory=BroadcastDeduplicator)
    _fragments: IpFragments = attrs.field(factory=lambda: IpFragments(MAX_PACKET_BYTES - IPV4_BYTES))
    _sequence: int = 0

    def from_card(self, frame: bytes, now: float) -> None:
        """Take a frame that this machine sent on the LAN card."""
        read = self._read(frame, LAN_CARD, now)
        if read is not None:
            judged = read if isinstance(read, Drop) else frame_rules.outbound(read, self.lan)
            self._show(read, judged, LAN_CARD, now)

    def from_room(self, index: int, frame: bytes, now: float) -> None:
        """Take a frame that a game in a room sent; its checksums may be unfinished.

        :param index: the interface index of the room's card.
        """
        read = self._read(frame, index, now)
        if read is not None:
            self._carry(read if isinstance(read, Drop) else frame_rules.outbound(read, self.lan), index, now)

    def from_capture(self, index: int, frame: bytes, now: float) -> None:
        """Take a frame that this machine sent on a real card.

        :param index: the card's interface index.
        """
        read = self._read(frame, index, now)
        if read is not None:
            judged = read if isinstance(read, Drop) else frame_rules.captured(read, self.lan, self.own)
            self._show(read, judged, index, now)

    def _read(self, frame: bytes, card: int, now: float) -> Frame | Drop | None:
        """A frame, or what its fragments make together; ``None`` while others are missing."""
        finished = card == LAN_CARD
        read = read_frame(frame, finished)
        if read is not Drop.IP_FRAGMENT:
            return read
        fragment = read_fragment(frame, card)
        if isinstance(fragment, Drop):
            return fragment
        lost = self._fragments.lost
        joined = self._fragments.add(fragment, now)
        self.counters.drop(Drop.IP_FRAGMENT, self._fragments.lost - lost)
        return write_joined(*joined, finished) if isinstance(joined, tuple) else joined

    def _show(self, read: Frame | Drop, judged: Frame | Drop, card: int, now: float) -> None:
        waiting = None
        if isinstance(read, Frame) and isinstance(judged, Frame) and isinstance(read.content, Udp):
            waiting = self.stages.look(read.content, card, now)
        if waiting is None:
            self._carry(judged, card, now)
        else:
            waiting.addCallback(lambda _: self._carry(judged, card, now))
            waiting.addErrback(lambda failure: log.failure("a frame was not carried", failure))

    def from_device(self, frame: Frame, index: int, now: float) -> None:
        """Take a frame that a device on a real network sent, moved into the party as this member's own.

        :param index: of the real card on which it came in.
        """
        self._carry(frame, index, now)

    def _carry(self, frame: Frame | Drop, card: int, now: float) -> None:
        if isinstance(frame, Drop):
            self.counters.drop(frame)
            return
        frame = self._readdressed(frame)
        data = write_frame(frame)
        if len(data) > largest(self.mtu):
            self.counters.drop(Drop.TOO_LONG)
            return
        if self.dedup.is_copy(data, card, now):
            self.counters.deduplicated += 1
            return
        reason = self.stages.limit(frame, now)
        if reason is not None:
            self.counters.drop(reason)
            return
        tell_all(self.stages.sending, frame, now)
        members = self._targets(frame)
        far = [member for member in members if not self.stages.left_to_lan(member, card)]
        leased = self.stages.leased(frame, data, now) if len(far) == len(members) else ()
        self.counters.leased += len(leased)
        targets = [member for member in far if member not in leased and self._wanted(member, frame, now)]
        if targets:
            self._carry_to(frame, data, targets, now, some_near=len(far) < len(members))

    def _carry_to(self, frame: Frame, data: bytes, targets: list[IPv4Address], now: float, some_near: bool) -> None:
        """Hand it to the tunnel.

        :param some_near: other members hear it by a real network; who passes frames on would bring it to those, too.
        """
        directly, around = (targets, ()) if some_near else self.stages.around(targets, now)
        self._sequence += 1
        taken = self._give_frame(data, RELAYED_HOPS, around)
        if len(taken) < len(around):
            directly = targets  # who has it by two ways takes it once
        taken += self._give_frame(data, HOPS, directly)
        self.counters.forwarded += len(taken)
        tell_all(self.stages.carried, frame, taken)

    def _give_frame(self, data: bytes, hops: int, members: Collection[IPv4Address]) -> list[IPv4Address]:
        if not members:
            return []
        return self._give(split(data, self.lan.address, self.nonce, self._sequence, self.mtu, hops=hops), members)

    def _readdressed(self, frame: Frame) -> Frame:
        """The frame with this machine's own address inside its payload put right, where the format is known."""
        if not self.own or not isinstance(frame.content, Udp):
            return frame
        content, repeated = rewrite(frame.content, self.own, self.lan.address)
        self.counters.repeated[repeated] += 1
        return frame if repeated is not Repeated.REWRITTEN else attrs.evolve(frame, content=content)

    def say(self, kind: Kind, message: bytes, to: Collection[IPv4Address]) -> None:
        """Send a message of another kind to these members."""
        if to:
            self._sequence += 1
            self._give(split(message, self.lan.address, self.nonce, self._sequence, self.mtu, kind), to)

    def pass_on(self, frame: Travelled, to: Collection[IPv4Address]) -> int:
        """Send another member's frame, as its own, to these members with one hop.

        :return: for how many the kernel took it.
        """
        return len(self._give(split(frame.data, frame.origin, frame.nonce, frame.sequence, self.mtu), to))

    def _targets(self, frame: Frame) -> Collection[IPv4Address]:
        if frame.destination_mac[0] & 1:
            return self.lan.members.values()
        return [self.lan.members[frame.destination_mac]]

    def _wanted(self, member: IPv4Address, frame: Frame, now: float) -> bool:
        if self.stages.wanted(member, frame, now):
            return True
        self.counters.unwanted += 1
        return False

    def _give(self, cut: Iterable[Part], members: Collection[IPv4Address]) -> list[IPv4Address]:
        """Send the parts to each member; those for whom the kernel took all."""
        parts = [encode_part(part) for part in cut]
        return [member for member in members if self._send(parts, str(member))]

    def _send(self, parts: list[bytes], member: str) -> bool:
        for part in parts:
            error = self.send(part, member)
            if error:
                self.counters.refused_send(error)
                return False
            self.counters.carried[member] += tunnel_bytes(len(part))
        return True


@attrs.define
class Inflow:
    """Datagrams of members, to this machine.

    :param lan: the party as this member sees it.
    :param write: gives a frame to the LAN card; false where it was not taken.
    :param write_group: gives a datagram to the sockets that the LAN card does not reach (:mod:`lanrage.net.multicast`).
    :param counters: shared with :class:`Outflow`.
    """

    lan: PartyLan
    write: Callable[[bytes], bool]
    write_group: Callable[[Udp], None]
    counters: LanCounters
    stages: Incoming = attrs.field(factory=Incoming)
    _members: dict[str, IPv4Address] = attrs.field(factory=dict)
    _ledger: FrameLedger = attrs.field(factory=FrameLedger)
    _arrivals: Budget[IPv4Address] = attrs.field(factory=lambda: Budget(ARRIVALS_RATE, ARRIVALS_BURST))
    _parts: Reassembly = attrs.field(factory=lambda: Reassembly(MAX_FRAME_BYTES))

    def set_lan(self, lan: PartyLan) -> None:
        """The party changed: who is not in it any more is a stranger from now on, and what it began is forgotten."""
        self.lan = lan
        self._members = {str(address): address for address in lan.members.values()}
        origins = [*lan.members.values(), *lan.guests]
        self._ledger.keep_only(origins)
        self._parts.keep_only(origins)

    def arrived(self, data: bytes, source: str, now: float) -> None:
        """Take a datagram of the carrier.

        :param source: the address that it came from, which WireGuard's allowed networks prove.
        """
        sender = self._members.get(source)
        if sender is None:
            self.counters.drop(Drop.STRANGER)
            return
        if not self._arrivals.allow(sender, now):
            self.counters.drop(Drop.FLOOD)
            return
        self.counters.carried[source] += tunnel_bytes(len(data))
        try:
            part = decode_part(data)
        except DecodeError:
            self.counters.drop(Drop.HEADER)
            return
        origin = self._origin(part, sender)
        if origin is None:
            self.counters.drop(Drop.ORIGIN)
        elif self._ledger.seen(origin, part.nonce, part.sequence):
            self.counters.deduplicated += 1
        else:
            self._join(part, origin, now)

    def _origin(self, part: Part, sender: IPv4Address) -> IPv4Address | None:
        """Whose this is; ``None`` where the sender may not say so.

        A member passes on frames alone, of its guests or of current members, and only with the last hop.
        """
        if part.origin == sender:
            return sender
        last = part.kind is Kind.FRAME and part.hops == HOPS
        if self.lan.guests.get(part.origin) == sender:
            return part.origin if last else None
        origin = self._members.get(str(part.origin))
        return origin if origin is not None and last and self.stages.relays(origin, sender) else None

    def _join(self, part: Part, origin: IPv4Address, now: float) -> None:
        lost = self._parts.lost
        key = (part.nonce, part.sequence)
        whole = self._parts.add(origin, key, part.part, part.parts, part.body, now)
        self.counters.drop(Drop.PARTS, self._parts.lost - lost)
        if whole is not None:
            self._ledger.accept(origin, part.nonce, part.sequence)
            self._take(part, whole, origin, now)

    def _take(self, part: Part, whole: bytes, origin: IPv4Address, now: float) -> None:
        if part.kind is Kind.FRAME:
            self._count(self._refuse(whole, origin, now, part))
            return
        taker = self.stages.takers.get(part.kind)
        refusal = Drop.HEADER if taker is None else taker(whole, origin, now)
        self._count(refusal)

    def inject(self, data: bytes, origin: IPv4Address, now: float) -> bool:
        """Let this machine receive a frame as if this member were on its network; what is no such frame is counted.

        :param origin: party address of the member that the frame is from.
        """
        return self._count(self._refuse(data, origin, now))

    def _count(self, refusal: Drop | None) -> bool:
        if refusal is not None:
            self.counters.drop(refusal)
        return refusal is None

    @timing_decorator("broadcast.inject")
    def _refuse(self, data: bytes, origin: IPv4Address, now: float, part: Part | None = None) -> Drop | None:
        """Judge a frame and write it; why it was not written.

        :param part: of the frame, where a member sent it just now; this machine may have repeated it already.
        """
        frame = read_frame(data)
        if isinstance(frame, Drop):
            return frame
        refusal = frame_rules.inbound(frame, origin, self.lan)
        if refusal is None and write_frame(frame) != data:
            refusal = Drop.NOT_CANONICAL
        refusal = refusal or self.stages.admit(frame, origin, now)
        if refusal is not None:
            return refusal
        if part is not None and self._repeated(frame, data, part, now):
            return None
        tell_all([self.stages.shown], frame, origin, now)
        return self._let_in(frame, data, origin)

    def _repeated(self, frame: Frame, data: bytes, part: Part, now: float) -> bool:
        """Tell of a frame that a member sent just now, and whether this machine had repeated it already."""
        travelled = Travelled(part.origin, part.nonce, part.sequence, part.hops, data)
        tell_all(self.stages.came, frame, travelled)
        if not self.stages.repeated(frame, part.origin, now):
            return False
        self.counters.deduplicated += 1
        return True

    def _let_in(self, frame: Frame, data: bytes, origin: IPv4Address) -> Drop | None:
        taken = self.write(data)
        if isinstance(frame.content, Udp) and frame.content.destination.is_multicast:
            self.write_group(frame.content)
        if not taken:
            return Drop.QUEUE_FULL
        self.counters.injected += 1
        tell_all(self.stages.written, frame, origin)
        return None
