"""Members on one physical network find each other, and leave its broadcasts to it (``docs/protocol-lan.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from typing import Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.lan import OwnAddresses
from lanrage.app.lan_flow import LAN_CARD
from lanrage.app.lan_stages import Plane
from lanrage.app.roaming import Events
from lanrage.core.budget import Budget
from lanrage.core.lan_frames import Drop, PartyLan
from lanrage.core.links import LocalAddress
from lanrage.core.network_changes import Happening
from lanrage.core.same_lan import NO_NONCE, Heard, Neighbour, SameLan, Says
from lanrage.errors import DecodeError, LanrageError
from lanrage.wire import same_lan
from lanrage.wire.frames import Kind
from lanrage.wire.same_lan import NeighbourProbe, Sender

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

LOOK_SECONDS = 5.0
"""How soon a change is seen of which the kernel did not tell."""

APART = b"\x01"
"""The message of that kind; others are for versions to come."""

HEARD_RATE, HEARD_BURST = 5.0, 20.0
"""Probes a second, and at once, of one host that are looked into on one card: a member sends one a second at most."""

CARD_RATE, CARD_BURST = 200.0, 400.0
"""Likewise of all hosts on one card: many parties' at the same moment. One costs up to three hashes for each member."""


class Port(Protocol):
    """Broadcasts on real cards: :class:`lanrage.net.neighbour_port.NeighbourPort`."""

    def open(self, receive: Callable[[bytes, int, IPv4Address], None]) -> None: ...

    def send(self, payload: bytes, index: int, source: IPv4Address) -> bool: ...

    def close(self) -> None: ...


class LanNeighbours:
    """A part of the LAN plane (:class:`lanrage.app.lan_stages.LanPart`).

    :param plane: its stage :attr:`~lanrage.app.lan_stages.Outgoing.left_to_lan` is taken.
    :param port: opened and closed here; where that fails, the party carries all.
    :param events: tells of changes of this machine's network; opened and closed here.
    :param own_addresses: of this machine's real cards.
    :param random: ``os.urandom``, or a test's own.
    :ivar deaf: whether this machine's games do not hear its networks, as one in a namespace of its own; :meth:`changed`
        is called when that changes.
    :ivar bridging: whether this machine lets devices take part that are on the network of this card.
    """

    log = Logger()

    def __init__(  # pylint: disable=too-many-arguments,too-many-positional-arguments
        self,
        clock: IReactorTime,
        plane: Plane,
        port: Port,
        events: Events,
        own_addresses: OwnAddresses,
        random: Callable[[int], bytes],
    ) -> None:
        self._clock, self._plane, self._port, self._events = clock, plane, port, events
        self._own_addresses, self._random = own_addresses, random
        self._state = SameLan(random)
        self._hosts: dict[int, LocalAddress] = {}
        self._of_host: Budget[tuple[int, IPv4Address]] = Budget(HEARD_RATE, HEARD_BURST)
        self._of_card: Budget[int] = Budget(CARD_RATE, CARD_BURST)
        self._looking: LoopingCall | None = None
        self._running: Deferred[None] | None = None
        self._again = False
        self._due: IDelayedCall | None = None
        self._left = self._sent = self._refused = 0
        self.bridging: Callable[[int], bool] = lambda index: False
        self.deaf: Callable[[], bool] = lambda: False
        plane.outgoing.left_to_lan = self.left_to_lan
        plane.incoming.takers[Kind.APART] = self._apart

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Look for the others, from now on."""
        try:
            self._port.open(self._heard)
        except OSError as error:
            self.log.warn("members on this network are not looked for: {error}", error=str(error))
            return
        try:
            self._events.open(self._happened)
        except OSError as error:
            self.log.warn("changes of the network are noticed late: {error}", error=str(error))
        self._looking = LoopingCall(self.look)
        self._looking.clock = self._clock
        self._looking.start(LOOK_SECONDS).addErrback(lambda failure: self.log.failure("looking ended", failure))

    def stop(self) -> Deferred[None] | None:
        """Look no more; all members are far away."""
        self._port.close()
        self._events.close()
        if self._looking is not None:
            self._looking.stop()
            self._looking = None
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None
        self._use({})
        if self._running is not None:
            self._running.cancel()
        return None

    def set_members(self, lan: PartyLan) -> None:
        """These are the other members now."""
        self._state.set_members(lan.members.values(), self._clock.seconds())
        self._plan()

    def counters(self) -> dict[str, int]:
        """Counts by name, and how many members are on this machine's networks now."""
        return {
            "lan_neighbours": len(self._state.all_near(self._clock.seconds())),
            "left_to_lan_packets": self._left,
            "neighbour_probes_sent": self._sent,
            "neighbour_probes_refused": self._refused,
        }

    # --- what the plane and its parts ask -----------------------------------------------------------------------------

    def left_to_lan(self, member: IPv4Address, card: int) -> bool:
        """Whether a frame that was sent on this real card reaches the member by the physical network."""
        if card == LAN_CARD:
            return False
        left = self._state.hears(member, card, self._clock.seconds())
        self._left += left
        return left

    def near(self, index: int) -> dict[IPv4Address, Neighbour]:
        """The members on the network of this card."""
        return self._state.near(index, self._clock.seconds())

    def changed(self) -> None:
        """What this machine says of itself changed: its neighbours are told at once."""
        self._state.renew(self._clock.seconds())
        self._plan()

    # --- this machine's cards -----------------------------------------------------------------------------------------

    def _happened(self, happening: Happening) -> None:
        """A card or an address came or went."""
        del happening
        self.look()

    def look(self) -> None:
        """Look which cards there are, one look at a time."""
        if self._running is not None:
            self._again = True
            return
        self._running = Deferred.fromCoroutine(self._look())
        self._running.addErrback(self._failed).addBoth(self._looked)

    async def _look(self) -> None:
        known = await self._own_addresses()
        hosts: dict[int, LocalAddress] = {}
        for each in known:
            if each.broadcast and each.carrier and each.network.prefixlen < 31:
                hosts.setdefault(each.index, each)
        self._use(hosts)
        self._plan()

    def _use(self, hosts: dict[int, LocalAddress]) -> None:
        """These are the cards now, by interface index; neighbours on those that went are told by the tunnel.

        They hear nothing of this machine on their network any more, and would wait for its probes in vain.
        """
        now = self._clock.seconds()
        before = self._state.all_near(now)
        self._state.set_cards([index for index, each in hosts.items() if self._hosts.get(index) == each], now)
        self._plane.say(Kind.APART, APART, before - self._state.all_near(now))
        self._hosts = hosts
        self._state.set_cards(hosts.keys(), now)

    def _apart(self, message: bytes, origin: IPv4Address, now: float) -> Drop | None:
        """A member says that it went."""
        if message != APART:
            return Drop.HEADER
        self._state.apart(origin, now)
        self._plan()
        return None

    def _failed(self, failure: Failure) -> None:
        if failure.check(OSError, LanrageError):
            self.log.warn("this machine's addresses cannot be read: {error}", error=str(failure.value))
        elif not failure.check(CancelledError):
            self.log.failure("the look at this machine's cards failed", failure)

    def _looked(self, _: object) -> None:
        self._running = None
        if self._again and self._looking is not None:
            self._again = False
            self.look()

    # --- probes -------------------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Wake up when the next probe is due."""
        if self._due is not None and self._due.active():
            self._due.cancel()
        due = self._state.next_due() if self._looking is not None else None
        if due is not None:
            self._due = self._clock.callLater(max(0.0, due - self._clock.seconds()), self._probe)

    def _probe(self) -> None:
        now = self._clock.seconds()
        for index in self._state.due(now):
            host = self._hosts[index].address
            nonce, echoes = self._state.probe(index, now)
            proofs = [(key, echo) for member, echo in echoes if (key := self._plane.pair_key(member)) is not None]
            if proofs:
                sender = Sender(self._plane.lan.address, host)
                payload = same_lan.encode(nonce, self._says(index), sender, proofs, self._random)
                self._sent += self._port.send(payload, index, host)
        self._plan()

    def _says(self, index: int) -> Says:
        says = Says.BRIDGES if self.bridging(index) else Says.NOTHING
        return says | Says.DEAF if self.deaf() else says

    def _heard(self, data: bytes, index: int, source: IPv4Address) -> None:
        now, here = self._clock.seconds(), self._hosts.get(index)
        if here is None or source not in here.network or source == here.address:
            return
        try:
            probe = same_lan.decode(data)
        except DecodeError:
            self._refused += 1
            return
        within = self._of_host.allow((index, source), now) and self._of_card.allow(index, now)
        found = next(self._senders(probe, index, source), None) if within else None
        if found is None:
            self._refused += 1  # too many, of another party, forged, or of a member that is not ready
            return
        member, echo = found
        heard = Heard(probe.nonce, source, probe.says, None if echo == NO_NONCE else echo)
        self._state.heard(index, member, heard, now)
        self._plan()

    def _senders(self, probe: NeighbourProbe, index: int, source: IPv4Address) -> Iterator[tuple[IPv4Address, bytes]]:
        """The member that made a probe, and which nonce it echoes."""
        echoes = [*self._state.own_nonces(index), NO_NONCE]
        for member in self._plane.lan.members.values():
            key = self._plane.pair_key(member)
            echo = None if key is None else probe.proves(key, Sender(member, source), echoes)
            if echo is not None:
                yield member, echo
