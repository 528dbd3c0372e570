"""All links of one party: members become WireGuard peers with routes, offers go out, probes find their plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from types import MappingProxyType

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from lanrage.app.address_watch import AddressWatch
from lanrage.app.link_counters import LinkCounters
from lanrage.app.link_hooks import LinkHooks
from lanrage.app.offer_ear import OfferEar
from lanrage.app.peer_link import PeerLink
from lanrage.app.probe_ear import ProbeEar
from lanrage.app.status_watch import StatusWatch
from lanrage.core.budget import ProbeBudget
from lanrage.core.candidates import Candidate, fit_to_probe, own_candidates
from lanrage.core.certificates import Member
from lanrage.core.cut_off import CutOff
from lanrage.core.identity import NodeKeys, PairKeys, fingerprint
from lanrage.core.links import Endpoint, TunnelPeer
from lanrage.core.party_prefix import member_address, member_networks
from lanrage.core.path_plan import PathPlan
from lanrage.core.witnesses import Witnesses, observed
from lanrage.errors import LanrageError
from lanrage.interfaces import IMachine, IProbePort, ITunnel
from lanrage.wire import knocks, probes
from lanrage.wire.signals import Punch


class Links(LinkHooks):
    """The links of one party.

    :param party_id: 32 hexadecimal digits.
    :param address: this node's party address.
    :param network: the party's subnet.
    :param send_signal: ``(identity, payload)``: a new offer, by every way there is, best effort.
    :param changed: called when the set of ready members may have changed.
    :param random: ``os.urandom``, or a test's own.
    :param prefix: the party's IPv6 network; ``None`` where this machine goes without.
    """

    log = Logger()
    listen_port = 0
    reflexive: tuple[Endpoint, ...] = ()
    mapped: tuple[Endpoint, ...] = ()
    _guests: Mapping[bytes, tuple[IPv4Address, ...]] = MappingProxyType({})

    def __init__(  # pylint: disable=too-many-arguments
        self,
        clock: IReactorTime,
        *,
        keys: NodeKeys,
        party_id: str,
        address: IPv4Address,
        network: IPv4Network,
        tunnel: ITunnel,
        probe_port: IProbePort,
        machine: IMachine,
        send_signal: Callable[[bytes, bytes], None],
        changed: Callable[[], None],
        random: Callable[[int], bytes],
        prefix: IPv6Network | None = None,
    ) -> None:
        super().__init__()
        self.peers: dict[bytes, PeerLink] = {}
        self.counters, self.cut_off = LinkCounters(), CutOff()
        self._by_tag: dict[bytes, PeerLink] = {}
        self._clock = clock
        self._keys = keys
        self._party_id = party_id
        self._address = address
        self._network = network
        self._tunnel = tunnel
        self._probe_port = probe_port
        self._machine = machine
        self._send_signal = send_signal
        self._changed = changed
        self._random = random
        self._prefix = prefix
        self._tag = probes.sender_tag(party_id, keys.wireguard.public)
        self._budget, self._witnesses = ProbeBudget(), Witnesses()
        self._here = AddressWatch(clock, machine, self._moved)
        self._watch = StatusWatch(clock, self._read_status, self._lost)
        self._ear = OfferEar(
            keys.wireguard.public, self.counters, self._fits, self._by_tag, self._is_relay, clock.seconds
        )
        self._probe_ear = ProbeEar(network, self.counters, self._by_tag, self._is_relay, self._ear.knocked)

    @property
    def log_fields(self) -> dict[str, str]:
        """What each of its log lines bears."""
        return {"party_id": self._party_id}

    # --- life ---------------------------------------------------------------------------------------------------------

    async def start(self, listen_port: int) -> None:
        """Begin; the tunnel and the probe port are open on `listen_port`."""
        self.listen_port = listen_port
        await self._here.start()
        self._watch.start()

    async def stop(self) -> None:
        """Forget all members, with their routes."""
        self._here.stop()
        await self._watch.stop()
        await self.set_members(())

    async def set_members(self, members: Iterable[Member]) -> None:
        """Make the set of peers equal to these verified members (this node itself left out)."""
        wanted = {m.certificate.identity: m for m in members if m.certificate.identity != self._keys.identity.public}
        for identity, link in list(self.peers.items()):
            if wanted.get(identity) != link.member:
                await self._drop(link)
        for identity, member in wanted.items():
            if identity not in self.peers:
                self._add(member)
        self._changed()

    async def set_guests(self, guests: Mapping[bytes, tuple[IPv4Address, ...]]) -> None:
        """Reach these guests through the members (by identity) that serve them, and no others."""
        before, self._guests = self._guests, guests
        for identity, link in self.peers.items():
            if before.get(identity, ()) != guests.get(identity, ()):
                link.reconfigure()  # first: no failure below keeps an address with a peer that has it no more
        for guest in {each for some in before.values() for each in some} - {
            e for some in guests.values() for e in some
        }:
            await self._machine.remove_member_route(guest, self._tunnel.name)

    def revoke(self, identity: bytes) -> None:
        """Thrown out: from this moment nothing of it is carried, and no action that waits configures it any more."""
        link = self.peers.get(identity)
        if link is not None:
            link.revoke()
            self._changed()  # the LAN plane drops the member first

    @property
    def hosts(self) -> set[str]:
        """This machine's addresses."""
        return self._here.hosts

    def ready_addresses(self) -> set[IPv4Address]:
        """Party addresses of the members whose link is up."""
        return {link.member.certificate.ip for link in self.peers.values() if link.ready}

    def probe_key(self, address: IPv4Address) -> bytes | None:
        """The key of probes that this node shares with the member of a party address."""
        found = (link for link in self.peers.values() if link.member.certificate.ip == address)
        return next((link.keys.probe for link in found), None)

    def path_dead(self, address: IPv4Address) -> bool:
        """Whether no path to the member at this party address is open; false while it is not known yet."""
        found = [link.plan for link in self.peers.values() if link.member.certificate.ip == address]
        return any(plan.active is not None and not plan.reached for plan in found)

    async def look(self) -> None:
        """Read WireGuard's state now, so that what is shown is true."""
        await self._watch.look()

    # --- inputs -------------------------------------------------------------------------------------------------------

    def signalled(self, sender: bytes, payload: bytes) -> None:
        """A sealed signal from a member came by the control server, the tunnel or another member."""
        self._ear.hear(self.peers.get(sender), payload, None)

    def hear_punches(self, ear: Callable[[PeerLink, Punch], None]) -> None:
        """Call `ear` with what members say of birthday probing."""
        self._ear.punched = ear

    def probe_received(self, payload: bytes, source: Endpoint) -> None:
        """Bytes with the probes' magic came in at WireGuard's port."""
        self._probe_ear.hear(payload, source)

    def online(self, identity: bytes) -> None:
        """A member's channel came up: tell it where we are."""
        link = self.peers.get(identity)
        if link is not None:
            link.offer()

    def offer_to_all(self) -> None:
        """Our candidates changed, or the channel is back."""
        for link in self.peers.values():
            link.offer()

    def set_reflexive(self, endpoints: tuple[Endpoint, ...]) -> None:
        """How reflectors see WireGuard's port."""
        if endpoints != self.reflexive:
            self.reflexive = endpoints
            self.offer_to_all()

    def set_mapped(self, endpoints: tuple[Endpoint, ...]) -> None:
        """Where a router maps WireGuard's port."""
        if endpoints != self.mapped:
            self.mapped = endpoints
            self.offer_to_all()

    # --- the links' outlet --------------------------------------------------------------------------------------------

    def candidates(self) -> tuple[Candidate, ...]:
        """This node's own candidates now."""
        seen = (*self.reflexive, *self._witnesses.seen)
        return own_candidates(self._here.addresses, self.listen_port, seen, self.mapped, self._here.six)

    def send_probe(self, payload: bytes, to: Endpoint, member: bytes | None = None) -> bool:
        """Send from WireGuard's port, within the budgets of the target; false when it is over them.

        :param member: who answers there, so that it is no victim.
        """
        if not self._budget.allow(to, self._clock.seconds(), relay=self.is_relay(to), member=member):
            self.counters.probes_over_budget += 1
            return False
        self._probe_port.send(payload, to)
        return True

    def send_signal(self, identity: bytes, payload: bytes) -> None:
        """Pass a sealed signal on."""
        self._send_signal(identity, payload)

    def send_around(self, identity: bytes, payload: bytes) -> None:
        """Pass a sealed signal on without the control server."""
        self.ways_around(identity, payload)

    def knock(self, payload: bytes, to: Endpoint) -> None:
        """Send a sealed signal straight to an address of a member, where a member can be."""
        if self.is_relay(to) or self._fits(to):
            self.send_probe(knocks.encode(self._tag, payload), to)

    def check_soon(self, delay: float) -> None:
        """Read WireGuard's state back after `delay` seconds."""
        self._watch.check_soon(delay)

    def lan_bytes(self, link: PeerLink) -> int:
        """See :class:`Outlet`."""
        return self.carried(link.member.certificate.ip)

    def keepalive_for(self, link: PeerLink) -> int:
        """Seconds between WireGuard's keepalives to this peer."""
        return self.keepalive(link)

    def networks_of(self, member: Member) -> tuple[IPv4Network | IPv6Network, ...]:
        """What WireGuard takes from a member and sends to it."""
        guests = self._guests.get(member.certificate.identity, ())
        return (*member_networks(member.certificate.ip, self._prefix), *map(IPv4Network, guests))

    async def add_peer(self, member: Member) -> None:
        """Configure the peer without endpoint, and its routes."""
        address = member.certificate.ip
        who = {"peer_id": fingerprint(member.certificate.identity).hex()}
        self.log.debug("{address} becomes a peer of {device}", address=str(address), device=self._tunnel.name, **who)
        await self._tunnel.set_peer(TunnelPeer(member.certificate.wireguard_key, self.networks_of(member)))
        await self._machine.add_member_route(address, self._tunnel.name, self._address)
        for guest in self._guests.get(member.certificate.identity, ()):
            await self._machine.add_member_route(guest, self._tunnel.name, self._address)
        if self._prefix is not None:
            source = member_address(self._prefix, self._address)
            await self._machine.add_member_route(member_address(self._prefix, address), self._tunnel.name, source)

    # --- within -------------------------------------------------------------------------------------------------------

    def _lost(self, why: str) -> None:
        self.on_lost(why)

    def _is_relay(self, source: Endpoint) -> bool:
        return self.is_relay(source)

    def _fits(self, endpoint: Endpoint) -> bool:
        return fit_to_probe(endpoint, self._here.addresses, (self._network,), self._here.six)

    def _add(self, member: Member) -> None:
        certificate = member.certificate
        mine = self._keys.wireguard
        try:
            keys = PairKeys.between(mine, certificate.wireguard_key, self._party_id)
        except LanrageError as error:
            self.log.error(
                "no link to {peer}: {error}",
                peer=certificate.name,
                peer_id=fingerprint(certificate.identity).hex(),
                error=str(error),
            )
            return
        plan = PathPlan(
            mine.public < certificate.wireguard_key,
            self._tag,
            self._random(probes.SESSION_BYTES),
            self._random,
        )
        known = self.remembered(certificate.identity)
        link = PeerLink(
            self._clock, self._tunnel, member, keys, plan, mine.public, self, self._random, remembered=known
        )
        self.peers[certificate.identity] = link
        self._by_tag[probes.sender_tag(self._party_id, certificate.wireguard_key)] = link
        link.start()

    async def _drop(self, link: PeerLink) -> None:
        certificate = link.member.certificate
        del self.peers[certificate.identity]
        self._by_tag.pop(probes.sender_tag(self._party_id, certificate.wireguard_key), None)
        self._changed()  # the LAN plane drops the member first
        await link.close()
        device, who = self._tunnel.name, {"peer": link.name, "peer_id": link.peer_id}
        self.log.debug("{peer} is no peer of {device} any more", device=device, **who)
        try:
            await self._tunnel.remove_peer(certificate.wireguard_key)
            for network in self.networks_of(link.member):
                await self._machine.remove_member_route(network.network_address, self._tunnel.name)
        except LanrageError as error:
            # With the device went the peer and its route; the other links must be ended all the same.
            self.log.info(
                "{peer} was gone from this machine: {error}", peer=link.name, peer_id=link.peer_id, error=str(error)
            )

    async def _read_status(self) -> None:
        resets = {link.peer_key: link.resets for link in self.peers.values()}
        before = self.ready_addresses()
        status = await self._tunnel.status()
        for link in list(self.peers.values()):
            peer = status.peers.get(link.peer_key)
            if link.peer_key not in resets:
                continue
            if peer is None:
                link.missing(resets[link.peer_key])
            else:
                link.saw(peer, resets[link.peer_key])
        reached = {identity: link.plan.reached for identity, link in self.peers.items()}
        cut_off = self.cut_off.look(reached, self._clock.seconds())
        if cut_off or self.ready_addresses() != before:
            self._changed()
        hosts = self.hosts | {endpoint.host for endpoint in (*self.reflexive, *self.mapped)}
        if self._witnesses.look([observed(link.plan.paths.values()) for link in self.peers.values()], hosts):
            self.offer_to_all()

    async def refresh(self, ways: bool = False) -> None:
        """Look at this machine's addresses.

        :param ways: the ways to the members may be others although the addresses are the same.
        """
        await self._here.look(ways)

    def _moved(self) -> None:
        self.on_moved()
        for link in self.peers.values():
            link.moved()
