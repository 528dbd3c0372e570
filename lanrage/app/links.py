"""All links of one party: members become WireGuard peers with routes, offers go out, probes find their plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.peer_link import PeerLink
from lanrage.core.budget import ProbeBudget
from lanrage.core.candidates import Candidate, fit_to_probe, own_candidates
from lanrage.core.certificates import Member
from lanrage.core.identity import NodeKeys, PairKeys
from lanrage.core.links import Endpoint, LocalAddress, TunnelPeer
from lanrage.core.path_plan import PathPlan
from lanrage.errors import CryptoError, DecodeError, LanrageError
from lanrage.interfaces import IMachine, IProbePort, ITunnel
from lanrage.wire import probes, signals

STATUS_INTERVAL = 1.0
"""Seconds between reads of WireGuard's state."""
LOST_AFTER = 2.0
"""Seconds of failing reads until the device counts as gone: one alone may be a busy machine's."""
REFRESH_INTERVAL = 5.0
"""Seconds between looks at this machine's addresses."""


@attrs.define
class LinkCounters:
    """What the probe port refused, by reason."""

    probes_malformed: int = 0
    probes_unknown: int = 0
    probes_forged: int = 0
    probes_over_budget: int = 0
    probes_inside: int = 0
    probes_too_many: int = 0
    signals_refused: int = 0
    signals_over_budget: int = 0


class Links:
    """The links of one party.

    :param party_id: 32 hexadecimal digits.
    :param address: this node's party address.
    :param network: the party's subnet.
    :param send_signal: ``(identity, payload)``: through the control server, best effort.
    :param changed: called when the set of ready members may have changed.
    :param random: ``os.urandom``, or a test's own.
    """

    log = Logger()
    _blind_since: float | None = None
    _lost = False

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
    ) -> None:
        self.peers: dict[bytes, PeerLink] = {}
        self.counters = LinkCounters()
        self.reflexive: tuple[Endpoint, ...] = ()
        self.is_relay: Callable[[Endpoint], bool] = lambda endpoint: False
        self.on_lost: Callable[[str], None] = lambda why: None
        self.listen_port = 0
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
        self._budget = ProbeBudget()
        self._addresses: list[LocalAddress] = []
        self._by_tag: dict[bytes, PeerLink] = {}
        self._checks: list[IDelayedCall] = []
        self._checking: Deferred[None] | None = None
        self._check_again = False
        self._stopped = False
        self._loops = [LoopingCall(self._check), LoopingCall(self._refresh)]

    # --- life ---------------------------------------------------------------------------------------------------------

    async def start(self, listen_port: int) -> None:
        """Begin; the tunnel and the probe port are open on `listen_port`."""
        self.listen_port = listen_port
        self._addresses = await self._machine.local_addresses()
        for loop, interval in zip(self._loops, (STATUS_INTERVAL, REFRESH_INTERVAL), strict=True):
            loop.clock = self._clock
            loop.start(interval, now=False)

    async def stop(self) -> None:
        """Forget all members, with their routes."""
        self._stopped = True
        for loop in self._loops:
            if loop.running:
                loop.stop()
        for call in self._checks:
            if call.active():
                call.cancel()
        self._checks.clear()
        if self._checking is not None:
            await self._checking
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

    def revoke(self, identity: bytes) -> None:
        """Thrown out: from this moment nothing of it is carried, and no action that waits configures it any more."""
        link = self.peers.get(identity)
        if link is not None:
            link.revoke()
            self._changed()  # the LAN plane drops the member first

    def ready_addresses(self) -> set[IPv4Address]:
        """Party addresses of the members whose link is up."""
        return {link.member.certificate.ip for link in self.peers.values() if link.ready}

    async def look(self) -> None:
        """Read WireGuard's state now, so that what is shown is true."""
        try:
            await self._read_status()
        except LanrageError as error:
            self._blinded(error)
        else:
            self._blind_since = None

    # --- inputs -------------------------------------------------------------------------------------------------------

    def signalled(self, sender: bytes, payload: bytes) -> None:
        """A sealed signal from a member came by the control server."""
        link = self.peers.get(sender)
        if link is None:
            self.counters.signals_refused += 1
            return
        if not link.hears_signal():
            self.counters.signals_over_budget += 1
            return
        try:
            offer = signals.unseal(payload, link.keys.seal, sender=link.peer_key, receiver=self._keys.wireguard.public)
        except (CryptoError, DecodeError) as error:
            self.counters.signals_refused += 1
            if link.speaks():
                self.log.warn("a signal of {peer} was refused: {error}", peer=link.name, error=str(error))
            return
        fit = tuple(c for c in offer.values() if fit_to_probe(c.endpoint, self._addresses, (self._network,)))
        self.log.debug(
            "{peer} offers {offered} candidates, {fit} fit", peer=link.name, offered=len(offer.candidates), fit=len(fit)
        )
        link.offered(offer, fit)

    def probe_received(self, payload: bytes, source: Endpoint) -> None:
        """Bytes with the probes' magic came in at WireGuard's port.

        One that came through the tunnel itself is refused: a path to its source would lead WireGuard into itself.
        """
        if IPv4Address(source.host) in self._network:
            self.counters.probes_inside += 1
            return
        try:
            link = self._by_tag.get(probes.peek_tag(payload))
            if link is None:
                self.counters.probes_unknown += 1
                return
            probe = probes.decode(payload, link.keys.probe)
        except CryptoError:
            self.counters.probes_forged += 1
            return
        except DecodeError:
            self.counters.probes_malformed += 1
            return
        if not link.hears_probe(probe):
            self.counters.probes_too_many += 1
            return
        link.probed(probe, source, relayed=self.is_relay(source))

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

    # --- the links' outlet --------------------------------------------------------------------------------------------

    def candidates(self) -> tuple[Candidate, ...]:
        """This node's own candidates now."""
        return own_candidates(self._addresses, self.listen_port, self.reflexive)

    def send_probe(self, payload: bytes, to: Endpoint) -> None:
        """Send from WireGuard's port, within the budgets of the target."""
        now = self._clock.seconds()
        if self._budget.allow(to, now, relay=self.is_relay(to)):
            self._probe_port.send(payload, to)
        else:
            self.counters.probes_over_budget += 1

    def send_signal(self, identity: bytes, payload: bytes) -> None:
        """Pass a sealed signal on."""
        self._send_signal(identity, payload)

    def check_soon(self, delay: float) -> None:
        """Read WireGuard's state back after `delay` seconds."""
        self._checks = [call for call in self._checks if call.active()]
        if not self._stopped:
            self._checks.append(self._clock.callLater(delay, self._check))

    async def add_peer(self, member: Member) -> None:
        """Configure the peer without endpoint, and its route."""
        certificate = member.certificate
        peer = TunnelPeer(certificate.wireguard_key, (IPv4Network(f"{certificate.address}/32"),))
        await self._tunnel.set_peer(peer)
        await self._machine.add_member_route(certificate.ip, self._tunnel.name, self._address)

    # --- within -------------------------------------------------------------------------------------------------------

    def _add(self, member: Member) -> None:
        certificate = member.certificate
        mine = self._keys.wireguard
        try:
            keys = PairKeys.between(mine, certificate.wireguard_key, self._party_id)
        except LanrageError as error:
            self.log.error("no link to {peer}: {error}", peer=certificate.name, error=str(error))
            return
        plan = PathPlan(
            mine.public < certificate.wireguard_key,
            probes.sender_tag(self._party_id, mine.public),
            self._random(probes.SESSION_BYTES),
            self._random,
        )
        link = PeerLink(self._clock, self._tunnel, member, keys, plan, mine.public, self, self._random)
        self.peers[certificate.identity] = link
        self._by_tag[probes.sender_tag(self._party_id, certificate.wireguard_key)] = link
        link.start()

    async def _drop(self, link: PeerLink) -> None:
        certificate = link.member.certificate
        del self.peers[certificate.identity]
        self._by_tag.pop(probes.sender_tag(self._party_id, certificate.wireguard_key), None)
        self._changed()  # the LAN plane drops the member first
        await link.close()
        try:
            await self._tunnel.remove_peer(certificate.wireguard_key)
            await self._machine.remove_member_route(certificate.ip, self._tunnel.name)
        except LanrageError as error:
            # With the device went the peer and its route; the other links must be ended all the same.
            self.log.info("{peer} was gone from this machine: {error}", peer=link.name, error=str(error))

    def _check(self) -> None:
        """Read WireGuard's state; reads never overlap, and one asked for meanwhile follows."""
        if self._checking is not None:
            self._check_again = True
            return
        checking = Deferred.fromCoroutine(self.look())
        checking.addErrback(lambda failure: self.log.failure("WireGuard's state cannot be read", failure))
        self._checking = checking
        checking.addBoth(self._checked)

    def _checked(self, _result: object) -> None:
        self._checking = None
        if self._check_again:
            self._check_again = False
            self.check_soon(0)

    def _blinded(self, error: LanrageError) -> None:
        now = self._clock.seconds()
        if self._blind_since is None:
            self._blind_since = now
            self.log.warn("WireGuard's state cannot be read: {error}", error=str(error))
        elif now - self._blind_since >= LOST_AFTER and not self._lost and not self._stopped:
            self._lost = True
            self.on_lost(str(error))

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
        if self.ready_addresses() != before:
            self._changed()

    async def _refresh(self) -> None:
        try:
            addresses = await self._machine.local_addresses()
        except LanrageError as error:
            self.log.warn("the addresses of this machine cannot be read: {error}", error=str(error))
            return
        except Exception:  # the next look may succeed  # pylint: disable=broad-exception-caught
            self.log.failure("reading the addresses of this machine failed")
            return
        if addresses != self._addresses:
            self._addresses = addresses
            self.log.info("this machine's addresses changed")
            self.offer_to_all()
