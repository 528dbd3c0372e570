"""A party as this machine takes part in it: tunnel, LAN card, probe port, links, LAN plane; all up or all down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Interface, IPv6Network
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.logger import Logger

from lanrage.app.bridge_ways import guard_bridges
from lanrage.app.game_session import SessionGames
from lanrage.app.guarding import Guarding
from lanrage.app.guest_session import GuestPlaces, SessionGuests
from lanrage.app.lan import LanPlane
from lanrage.app.links import Links
from lanrage.app.machinery import Devices, Machinery
from lanrage.app.nat_parts import join_nat_watch
from lanrage.app.nat_watch import NatWatch
from lanrage.app.party_channel import PartyChannel
from lanrage.app.party_ipv6 import choose_prefix
from lanrage.app.peer_link import PeerLink
from lanrage.app.port_mapping import PortMapping
from lanrage.app.punching import Punching
from lanrage.app.reflexive import ReflexiveWatch
from lanrage.app.relay_links import RelayLinks, by_udp
from lanrage.app.relay_tcp import RelayTcp
from lanrage.app.roaming import Roaming
from lanrage.app.signal_ways import SignalWays
from lanrage.app.surroundings import Surroundings
from lanrage.core.certificates import Member
from lanrage.core.identity import NodeKeys
from lanrage.core.links import TUNNEL_MTU, Endpoint
from lanrage.interfaces import ITunnel
from lanrage.log_context import carried, context
from lanrage.timing import timing_decorator
from lanrage.wire import probes
from lanrage.wire.control import Accepted


class PartySession:
    """One party, from :meth:`start` to :meth:`stop`.

    :ivar prefix: the party's IPv6 network; ``None`` where this machine goes without, and `without_ipv6` says why.
    :ivar on_lost: called with a sentence when a device of this session went away while it was in use.
    :ivar on_moved: called with this machine's addresses, and the seconds it slept, when its network changed.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        keys: NodeKeys,
        party_id: str,
        address: IPv4Interface,
        devices: Devices,
        around: Surroundings,
        machinery: Machinery,
    ) -> None:
        self._reactor = reactor
        self._keys = keys
        self._party_id = party_id
        self.address = address
        self.devices = devices
        self._around = around
        self._machinery = machinery
        self._lock = DeferredLock()
        self._members: tuple[Member, ...] = ()
        self.guarding: Guarding | None = None
        self.tunnel: ITunnel | None = None
        self.links: Links | None = None
        self.lan: LanPlane | None = None
        self.relays: RelayLinks | None = None
        self.relay_tcp: RelayTcp | None = None
        self.channel: PartyChannel | None = None
        self.reflexive: ReflexiveWatch | None = None
        self.nat: NatWatch | None = None
        self.punching: Punching | None = None
        self.mapping: PortMapping | None = None
        self.games: SessionGames | None = None
        self.guests: SessionGuests | None = None
        self.listen_port = 0
        self.prefix: IPv6Network | None = None
        self.without_ipv6 = ""
        self.on_lost: Callable[[str], None] = lambda why: None
        self.on_moved: Callable[[set[str], float], None] = lambda hosts, slept: None
        self._probe_port = machinery.probe_port()
        self._roaming = Roaming(reactor, machinery.network_events(), self._look, self._slept)

    @property
    def log_fields(self) -> dict[str, str]:
        """What each of its log lines bears."""
        return {"party_id": self._party_id}

    # --- life ---------------------------------------------------------------------------------------------------------

    @timing_decorator("party.start")
    async def start(self) -> None:
        """Bring all up; when a part fails, what stood before it is taken down again.

        :raises LanrageError: what is missing, and how to get it.
        """
        try:
            self.guarding = self._machinery.guarding()
            await self.guarding.start()
            self.tunnel = await self._machinery.tunnel()
            await self.tunnel.create(self._keys.wireguard.secret, self.devices.port, TUNNEL_MTU)
            self.listen_port = (await self.tunnel.status()).listen_port
            await self._choose_prefix(self.tunnel.name)
            nonce = int.from_bytes(self._around.random(8), "big")
            self.lan = self._machinery.lan_plane(self.address, nonce, self.prefix)
            self.lan.on_lost = self._lost
            guard_bridges(self.lan, self.guarding, self.devices.tunnel)
            self.lan.lets_in = self.guarding.lets_in
            await self.lan.startService()
            await self._start_links(self.tunnel)
        except BaseException:
            await self.stop()
            raise
        self.log.info(
            "the LAN card {card} has {address}, WireGuard ({kind}) listens on UDP {port}",
            card=self.devices.card,
            address=str(self.address),
            kind=self.tunnel.kind,
            port=self.listen_port,
        )

    async def _choose_prefix(self, tunnel: str) -> None:
        self.prefix, self.without_ipv6 = await choose_prefix(self._machinery.machine, self._party_id, tunnel)
        if self.prefix is None:
            self.log.info("the party goes without IPv6 here: {why}", why=self.without_ipv6)

    async def _start_links(self, tunnel: ITunnel) -> None:
        book = self._around.book
        self.links = links = Links(
            self._reactor,
            keys=self._keys,
            party_id=self._party_id,
            address=self.address.ip,
            network=self.address.network,
            tunnel=tunnel,
            probe_port=self._probe_port,
            machine=self._machinery.machine,
            send_signal=lambda identity, payload: ways.send(identity, payload),
            changed=self._changed,
            random=self._around.random,
            prefix=self.prefix,
        )
        self.channel = channel = PartyChannel(
            self._reactor,
            self._keys.wireguard.public,
            self._machinery.party_port(self.address),
            links,
            self._around.ledger,
            self._around.random,
        )
        ways = SignalWays(self._around.send_signal, channel, links)
        links.ways_around, links.remembered = ways.around, book.remembered
        self._join_lan(links)
        relays = self._join_relays(links)
        self._join_nat(links)
        channel.start()
        self._probe_port.open(self.listen_port, carried(self._received))
        await links.start(self.listen_port)
        self._join_games(links, channel, tunnel)
        self._roaming.start()
        relays.use(book.relays)
        self._start_punching(links)
        self.mapping = self._machinery.port_mapping(links, self._around.random)
        if self.mapping is not None:
            self.mapping.start()
        book.start(lambda: {identity: link.plan.paths.values() for identity, link in links.peers.items()})

    def _join_games(self, links: Links, channel: PartyChannel, tunnel: ITunnel) -> None:
        """Running games tune the links, and are told of by the channel; devices take part through members."""
        side, marks = self._around.games, self._machinery.game_marks()
        self.games = side.join(links, channel, tunnel, marks, self.listen_port) if side is not None else None
        if self.lan is not None and self.guarding is not None:
            around = (self._machinery.machine, links, self.lan, self.guarding)
            places = GuestPlaces(self._keys.identity.public, self.address.ip, tunnel, *around)
            self.guests = SessionGuests(self._reactor, self._around.ledger, places, self.look_at_guests)

    def _join_lan(self, links: Links) -> None:
        """What links and LAN plane know of each other."""
        lan, channel = self.lan, self.channel
        if lan is not None and channel is not None:
            links.carried = lambda address: lan.carried_bytes(address) + channel.carried.get(address, 0)
            lan.pair_key, lan.path_dead = links.probe_key, links.path_dead

    def _join_relays(self, links: Links) -> RelayLinks:
        """The ways through relays."""
        around, send = self._around, self._probe_port.send
        fetch = around.book.fetching(around.fetch_ticket)
        self.relays = relays = RelayLinks(self._reactor, self._keys, send, links, fetch, around.random, self._by_udp)
        relays.region, relays.weights = around.region, around.weights
        self.relay_tcp = RelayTcp(self._reactor, self._keys, links, relays, fetch, around.random, door=around.door)
        links.is_relay, links.on_moved, links.on_lost = self._is_relay, self._moved, self._lost
        return relays

    def _join_nat(self, links: Links) -> None:
        """What is known of the NAT, from WireGuard's own port."""
        around, send = self._around, self._probe_port.send
        self.reflexive = reflexive = ReflexiveWatch(self._reactor, send, links.set_reflexive, around.random)
        connected = around.connected
        spare = self._machinery.spare_port
        self.nat = join_nat_watch(self._reactor, links, reflexive, send, spare, connected, around.random)

    def _start_punching(self, links: Links) -> None:
        """Birthday probing, unless it is off."""
        kit, key, send = self._machinery.punch_kit(), self._keys.wireguard.public, self._probe_port.send
        if kit is not None:
            self.punching = Punching(self._reactor, links, self._party_id, key, send, kit, self._around.random)
            self.punching.start()

    async def stop(self) -> None:
        """Take all down, links first; nothing of this session is left on the machine."""
        before = (self.guests, self.games, self.mapping, self.reflexive)
        ways = (self.nat, self.relay_tcp, self.relays, self.punching)
        parts: list[Callable[[], Any]] = [self._roaming.stop, self._around.book.stop]
        parts += [part.stop for part in (*before, *ways) if part is not None]
        if self.links is not None:
            parts.append(self._stop_links)
        if self.channel is not None:
            parts.append(self.channel.stop)
        parts.append(self._probe_port.close)
        if self.lan is not None:
            parts.append(self.lan.stopService)
        if self.tunnel is not None:
            parts.append(self.tunnel.destroy)
        if self.guarding is not None:
            parts.append(self.guarding.stop)
        for part in parts:
            try:
                waiting = part()
                if waiting is not None:
                    await waiting
            except Exception:  # the other parts must go all the same  # pylint: disable=broad-exception-caught
                self.log.failure("a part of the party's session did not stop")
        self.links = self.relays = self.relay_tcp = self.reflexive = self.punching = None
        self.nat = self.channel = self.lan = self.tunnel = self.mapping = None
        self.guarding = self.games = self.guests = None

    def _stop_links(self) -> Deferred[None]:
        """After a change of members that is under way."""
        links = self.links
        return self._lock.run(links.stop) if links is not None else succeed(None)

    def use(self, info: Accepted) -> None:
        """The control server's reflectors and relays, from now on; the members are told where we are."""
        if self.links is None or self.relays is None or self.reflexive is None:
            return
        self.reflexive.use(info.reflectors)
        self.use_relays(info)
        self.links.offer_to_all()

    def use_relays(self, info: Accepted) -> None:
        """The control server's relays, from now on."""
        if self.relays is not None:
            self.relays.use(info.relays)
            if self.relay_tcp is not None:
                self.relay_tcp.use(info.relays)
            self._around.book.use_relays(info.relays)

    # --- inputs -------------------------------------------------------------------------------------------------------

    def set_members(self, members: Iterable[Member]) -> Deferred[None]:
        """Make the links equal to these verified members; the last call wins."""
        self._members = tuple(members)
        applying: Deferred[None] = self._lock.run(self._apply)
        applying.addErrback(lambda failure: self.log.failure("members were not taken over", failure))
        return applying

    def look_at_guests(self) -> Deferred[None]:
        """The guests are to be as the ledger and the clock say now."""
        return self.set_members(self._members)

    async def _apply(self) -> None:
        if self.links is not None:
            await self.links.set_members(self._members)
            if self.guests is not None:
                await self.guests.follow()
            self._follow_host()
            if self.relays is not None:
                self.relays.follow()

    def _received(self, payload: bytes, source: Endpoint, local: str) -> None:
        """A datagram of ours came in beside WireGuard: probe, relay control or STUN."""
        del local
        if self.links is None or self.relays is None or self.reflexive is None:
            return
        if payload.startswith(probes.MAGIC):
            self.links.probe_received(payload, source)
        elif not self.relays.received(payload, source):
            self.reflexive.received(payload, source)
            if self.nat is not None:
                self.nat.received(payload, source)

    # --- within -------------------------------------------------------------------------------------------------------

    def _look(self, ways: bool) -> None:
        """Something happened to this machine's network."""
        if self.lan is not None:
            self.lan.look()
        if self.links is not None:
            looking = Deferred.fromCoroutine(self.links.refresh(ways))
            looking.addErrback(lambda failure: self.log.failure("this machine's network was not looked at", failure))

    def _slept(self, seconds: float) -> None:
        """NATs have forgotten this machine, and nothing of what was measured before holds."""
        self._look(True)
        if self.links is not None:
            self.on_moved(self.links.hosts, seconds)

    def _moved(self) -> None:
        """The links look for their ways anew; so do relay and reflectors."""
        for part in (self.relays, self.relay_tcp, self.reflexive):
            if part is not None:
                part.moved()
        if self.mapping is not None:
            self.mapping.look()
        if self.links is not None:
            self.on_moved(self.links.hosts, 0.0)

    def _by_udp(self, link: PeerLink, port: Endpoint, usable: bool) -> None:
        by_udp(link, port, usable)
        if usable and self.relay_tcp is not None:
            self.relay_tcp.look()  # the relay holds one binding an identity: the one over TCP is gone

    def _is_relay(self, endpoint: Endpoint) -> bool:
        ways = (self.relays, self.relay_tcp)
        return any(way.is_relay(endpoint) for way in ways if way is not None)

    def _lost(self, why: str) -> None:
        self.on_lost(why)

    def _follow_host(self) -> None:
        """The LAN plane knows where the host is."""
        if self.lan is not None:
            known = {each.certificate.identity: each.certificate.ip for each in self._members}
            self.lan.host = known.get(self._around.host() or b"")

    def _changed(self) -> None:
        if self.lan is not None and self.links is not None:
            with context(**self.log_fields):  # whoever looked, a user's question included
                self.lan.set_members(self.links.ready_addresses())
        if self.channel is not None:
            self.channel.follow()
