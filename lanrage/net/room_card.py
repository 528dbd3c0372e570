"""A room's card as the LAN plane uses it: frames that the game sends to all, and frames that it hears.

Unicast stays in the kernel (:mod:`lanrage.wire.room_table`). What the game sends to all, or by IPX, is read from an
``AF_PACKET`` socket on this machine's end; what members sent is written to it. ARP is answered here.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

from twisted.internet.interfaces import IReactorFDSet, IReactorThreads
from twisted.logger import Logger

from lanrage.core.arp_answers import REQUEST, reply
from lanrage.core.exposure import OWN_PORTS
from lanrage.core.room import OUTER_MAC, RoomPlan
from lanrage.errors import DecodeError, MissingRight
from lanrage.interfaces import IUndoJournal
from lanrage.net import bpf
from lanrage.net.capture import ETH_P_ALL, ETH_P_IP
from lanrage.net.devices import NET_ADMIN_HINT
from lanrage.net.nft import Nft
from lanrage.net.room_device import plug, unplug
from lanrage.net.room_internet import Forwarding
from lanrage.net.socket_reader import SocketReader
from lanrage.net.threads import in_thread
from lanrage.wire.arp import is_arp, read_arp, write_arp
from lanrage.wire.room_table import ruleset

SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
"""<linux/if_packet.h>: what is written goes straight to the device, and no other capture of ours sees it."""

LARGEST = 2048
"""Bytes; more than any frame of a card with the tunnel's MTU."""

BUFFER = 1 << 19
"""Bytes; what games send in a second of a stalled reactor."""

log = Logger()


class FullReactor(IReactorFDSet, IReactorThreads):
    """The sides of the reactor that are used here."""


def room_filter() -> list[bpf.Instruction]:
    """Accept frames that the room sends, but IPv4 unicast, which the kernel carries."""
    return [
        (bpf.LOAD_WORD, 0, 0, bpf.PACKET_TYPE),
        (bpf.JUMP_EQUAL, 0, 1, socket.PACKET_OUTGOING),
        bpf.REFUSE,
        (bpf.LOAD_BYTE, 0, 0, 0),
        (bpf.JUMP_ANY_BIT, 3, 0, 1),
        (bpf.LOAD_HALF, 0, 0, 12),
        (bpf.JUMP_EQUAL, 0, 1, ETH_P_IP),
        bpf.REFUSE,
        bpf.ACCEPT,
    ]


class RoomCard(SocketReader):
    """One room's card, from :meth:`open` to :meth:`close`.

    :param device: the name of its end on this machine.
    :param tunnel: the WireGuard device.
    """

    prefix = "room"
    _reactor: FullReactor

    def __init__(self, reactor: FullReactor, device: str, tunnel: str, journal: IUndoJournal) -> None:
        super().__init__(reactor)
        self.device = device
        self._index = 0
        self._tunnel = tunnel
        self._journal = journal
        self._forwarding = Forwarding(journal)
        self._nft: Nft | None = None
        self._receive: Callable[[bytes], None] = lambda frame: None
        self._answers_for: Callable[[IPv4Address], bool] = lambda address: False

    @property
    def index(self) -> int:
        """The interface index of the end on this machine, 0 when closed."""
        return self._index

    async def open(
        self,
        plan: RoomPlan,
        namespace: int,
        receive: Callable[[bytes], None],
        members: Callable[[], Iterable[IPv4Address]],
        outward: str = "",
    ) -> None:
        """Plug the card into a room.

        :param namespace: a descriptor of the room's network namespace; not kept.
        :param receive: called with each frame that is for the party's LAN plane.
        :param members: the party addresses of the other members now.
        :param outward: the card of the default route; empty without internet.
        :raises LanrageError: with what is missing; nothing is left then.
        """
        self._receive = receive
        self._answers_for = lambda address: plan.answers_for(address, members())
        try:
            self._index = await in_thread(self._reactor, self._build, plan, namespace, outward)
            packets = _packets(self._index)
        except BaseException:
            await self.close()
            raise
        self._watch(packets)

    def write(self, frame: bytes) -> bool:
        """Let the room receive an Ethernet frame; false where it was not taken, as when the room has just ended."""
        if self._socket is None:
            return False
        try:
            self._socket.send(frame)
        except OSError:
            return False
        return True

    async def close(self) -> None:
        """Take all back; a card that is closed is no error."""
        self._unwatch()
        self._index = 0
        await in_thread(self._reactor, self._remove)

    def _build(self, plan: RoomPlan, namespace: int, outward: str) -> int:
        opened = self._forwarding.begin(outward) if plan.internet else ""
        index = plug(plan, self.device, namespace, self._journal)
        self._nft = Nft()
        self._nft.run(ruleset(plan, self.device, self._tunnel, OWN_PORTS, opened))
        return index

    def _remove(self) -> None:
        nft, self._nft = self._nft, None
        if nft is not None:
            nft.close()
        unplug(self.device, self._journal)
        self._forwarding.end()

    def _read_one(self, opened: socket.socket) -> None:
        frame = opened.recv(LARGEST)
        if is_arp(frame):
            self._answer(frame)
        else:
            self._take(frame)

    def _answer(self, frame: bytes) -> None:
        try:
            asked = read_arp(frame)
        except DecodeError:
            return
        if asked.operation == REQUEST and self._answers_for(asked.target):
            self.write(write_arp(reply(asked, OUTER_MAC)))

    def _take(self, frame: bytes) -> None:
        try:
            self._receive(frame)
        except Exception:  # pylint: disable=broad-exception-caught  # one frame never stops the room
            log.failure("a frame of {card} was not dealt with", card=self.device)


def _packets(index: int) -> socket.socket:
    """A socket on the end on this machine, for frames that come from the room."""
    try:
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    except PermissionError as error:
        raise MissingRight(f"hearing a room's broadcasts needs CAP_NET_RAW: {NET_ADMIN_HINT}") from error
    bpf.attach(packets, room_filter())
    packets.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    packets.bind((socket.if_indextoname(index), ETH_P_ALL))
    return packets
