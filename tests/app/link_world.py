"""Players of one party joined in memory, over :mod:`tests.fakes_underlay`: links, relay ports, reflexive addresses."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from lanrage.app.links import Links
from lanrage.app.party_channel import PartyChannel
from lanrage.app.reflexive import ReflexiveWatch
from lanrage.app.relay_links import RelayLinks
from lanrage.app.roaming import Roaming
from lanrage.app.signal_ways import SignalWays
from lanrage.core.certificates import Member
from lanrage.core.identity import NodeKeys, SigningKey
from lanrage.core.links import Endpoint, LocalAddress
from lanrage.core.network_changes import Happening
from lanrage.core.tickets import Ticket, issue, pair_of
from lanrage.wire import probes
from lanrage.wire.control import RelayInfo
from tests.fakes_control import NOW, PartyKit, SeededRandom, node_keys, seeded
from tests.fakes_links import MemoryEvents, MemoryMachine
from tests.fakes_memory_ledger import MemoryLedger
from tests.fakes_underlay import Host, InsidePort, Underlay, UnderlayPort, UnderlayTunnel

PORT = 51820
SECRET = b"s" * 16
SERVER = SigningKey(seeded("the server of the link world"))
RELAY = RelayInfo("203.0.113.250", 7800, 7803)
REFLECTOR = Endpoint("203.0.113.251", 3478)


@attrs.define(eq=False)
class LinkWorld:
    """The party and what lies between its members.

    :ivar signal_delay: seconds through the control server.
    :ivar signals: (from, to) of each signal through the control server.
    :ivar control: the control server is there.
    """

    clock: Clock = attrs.field(factory=Clock)
    kit: PartyKit = attrs.field(factory=PartyKit.make)
    underlay: Underlay = attrs.field(init=False)
    players: dict[str, Player] = attrs.field(factory=dict)
    signal_delay: float = 0.03
    signals: list[tuple[str, str]] = attrs.field(factory=list)
    control: bool = True

    def __attrs_post_init__(self) -> None:
        self.underlay = Underlay(self.clock)
        self.underlay.reflector(REFLECTOR)
        self.underlay.relay(RELAY.host, RELAY.first, RELAY.last, SERVER.public, lambda: NOW + self.clock.seconds())

    def player(self, name: str, number: int, outer: str = "", *, symmetric: bool = False) -> Player:
        """Another player: open to all, or behind a router with this outer address."""
        inner = f"192.168.{number}.2" if outer else f"198.51.100.{number}"
        player = Player(self, name, number, self.underlay.host(inner, outer, symmetric=symmetric))
        self.players[name] = player
        return player

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.clock.seconds() + seconds
        while True:
            calls = [call.getTime() for call in self.clock.getDelayedCalls()]
            moment = min([*calls, end])
            self.clock.advance(max(0.0, moment - self.clock.seconds()))
            if moment >= end:
                return

    def meet(self, *names: str) -> None:
        """These players are the party's members from now on, in the eyes of each of them."""
        members = [self.players[name].member for name in names]
        for name in names:
            self.players[name].follow(members)

    def signal(self, sender: Player, identity: bytes, payload: bytes) -> Deferred[bool]:
        """Through the control server."""
        for player in self.players.values():
            if self.control and player.keys.identity.public == identity:
                self.signals.append((sender.name, player.name))
                self.underlay.later(self.signal_delay, self._signalled(player, sender, payload))
        return succeed(self.control)

    @staticmethod
    def _signalled(player: Player, sender: Player, payload: bytes) -> Callable[[], None]:
        return lambda: player.links.signalled(sender.keys.identity.public, payload)


class Player:
    """One member's links with everything that they need.

    :ivar ready: what the LAN plane was told, each time, with the peers of WireGuard at that moment.
    :ivar stopped: fires when all is down; there once it was told to stop.
    """

    stopped: Deferred[None]

    def __init__(self, world: LinkWorld, name: str, number: int, host: Host) -> None:
        self.world, self.name, self.host = world, name, host
        self.keys: NodeKeys = node_keys(name)
        self.address = IPv4Address(f"10.66.0.{number}")
        local = LocalAddress("eth0", 2, IPv4Address(host.inner), IPv4Network(f"{host.inner}/24", strict=False), True)
        self.machine = MemoryMachine([local])
        self.ready: list[tuple[set[IPv4Address], set[bytes], set[IPv4Address]]] = []
        self.events = MemoryEvents()
        self.tunnel = UnderlayTunnel(world.underlay, host)
        self.ledger = MemoryLedger()
        self.remembered: dict[bytes, tuple[Endpoint, ...]] = {}
        self.start()

    def start(self) -> None:
        """Begin, with a session of its own."""
        world, clock = self.world, self.world.clock
        random = SeededRandom(f"{self.name} {clock.seconds()}")
        port = UnderlayPort(world.underlay, self.host)
        self.links = Links(
            clock,
            keys=self.keys,
            party_id=world.kit.party_id,
            address=self.address,
            network=world.kit.charter.network,
            tunnel=self.tunnel,
            probe_port=port,
            machine=self.machine,
            send_signal=lambda identity, payload: ways.send(identity, payload),
            changed=self._changed,
            random=random,
        )
        self.channel = PartyChannel(
            clock, self.keys.wireguard.public, InsidePort(self.host), self.links, self.ledger, random
        )
        ways = SignalWays(lambda identity, payload: world.signal(self, identity, payload), self.channel, self.links)
        self.links.ways_around = ways.around
        self.links.remembered = lambda identity: self.remembered.get(identity, ())
        self.channel.start()
        self.relays = RelayLinks(clock, self.keys, port.send, self.links, self._ticket, random)
        self.links.is_relay = self.relays.is_relay
        self.links.on_moved = self.relays.moved
        self.reflexive = ReflexiveWatch(clock, port.send, self.links.set_reflexive, random)
        Deferred.fromCoroutine(self.tunnel.create(self.keys.wireguard.secret, PORT, 1280))
        port.open(PORT, self._received)
        self.running = Deferred.fromCoroutine(self.links.start(PORT))
        self.roaming = Roaming(clock, self.events, self._look, lambda _slept: self._look(True))
        self.roaming.start()

    def stop(self) -> None:
        """Take all down."""
        self.roaming.stop()
        self.reflexive.stop()
        self.relays.stop()
        self.channel.stop()
        self.stopped = Deferred.fromCoroutine(self.links.stop())

    @property
    def member(self) -> Member:
        """This player's verified membership."""
        kit = self.world.kit
        blob = kit.certificate(self.keys, self.name, str(self.address), secret=SECRET)
        return Member.verify(kit.charter, blob, kit.invitation(SECRET))

    def move(self, inner: str, outer: str = "") -> None:
        """The machine is in another network from now on."""
        host, world = self.host, self.world.underlay.world
        device = world.devices.pop((host.inner, self.tunnel.name))
        host.inner, host.outer = inner, outer or inner
        host.forget()
        self.tunnel.host = inner
        world.devices[inner, self.tunnel.name] = device
        network = IPv4Network(f"{inner}/24", strict=False)
        self.machine.addresses[:] = [LocalAddress("eth0", 2, IPv4Address(inner), network, True)]
        self.events.tell(Happening.ADDRESS)

    def _look(self, ways: bool) -> None:
        Deferred.fromCoroutine(self.links.refresh(ways))

    def follow(self, members: list[Member]) -> None:
        """The replica says that these are the members."""
        following = Deferred.fromCoroutine(self.links.set_members(members))
        following.addCallback(lambda _: self.relays.follow())

    def use(self, *relays: RelayInfo) -> None:
        """The control link came up; without relays named, there is the usual one."""
        self.reflexive.use((str(REFLECTOR),))
        self.relays.use(relays or (RELAY,))

    def path(self, other: Player) -> str:
        """``direct``, ``relay`` or ``none``, as WireGuard has it."""
        link = self.links.peers[other.keys.identity.public]
        seen = self.tunnel.peers[other.keys.wireguard.public]
        if not link.ready or link.plan.active is None or link.plan.active != seen.endpoint:
            return "none"
        return "relay" if self.relays.is_relay(link.plan.active) else "direct"

    def _changed(self) -> None:
        self.channel.follow()
        self.ready.append(
            (
                self.links.ready_addresses(),
                set(self.tunnel.peers),
                {each for each in self.machine.routes if isinstance(each, IPv4Address)},
            )
        )

    def _ticket(self, identity: bytes) -> Deferred[bytes]:
        other = next(p for p in self.world.players.values() if p.keys.identity.public == identity)
        pair = pair_of(self.keys.wireguard.public, other.keys.wireguard.public)
        party = bytes.fromhex(self.world.kit.party_id)
        until = int(NOW + self.world.clock.seconds()) + 3600
        return succeed(issue(Ticket(party, self.keys.identity.public, pair, until), SERVER))

    def _received(self, payload: bytes, source: Endpoint, local: str) -> None:
        if payload.startswith(probes.MAGIC):
            self.links.probe_received(payload, source)
        elif not self.relays.received(payload, source):
            self.reflexive.received(payload, source)
