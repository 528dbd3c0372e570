"""A party as this machine takes part in it: tunnel, LAN card, probe port, links, LAN plane; all up or all down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Interface
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.logger import Logger

from lanrage.app.endpoint_book import EndpointBook
from lanrage.app.lan import LanPlane
from lanrage.app.links import Links
from lanrage.app.machinery import Devices, Machinery
from lanrage.app.party_channel import PartyChannel, PartyLedger
from lanrage.app.port_mapping import PortMapping
from lanrage.app.reflexive import ReflexiveWatch
from lanrage.app.relay_links import RelayLinks
from lanrage.app.signal_ways import SignalWays
from lanrage.core.certificates import Member
from lanrage.core.identity import NodeKeys
from lanrage.core.links import TUNNEL_MTU, Endpoint
from lanrage.interfaces import ITunnel
from lanrage.wire import probes
from lanrage.wire.control import Accepted
from lanrage.wire.relay import MAGIC as RELAY_MAGIC


@attrs.frozen
class Surroundings:
    """What a session needs of the control link.

    :param send_signal: ``(identity, payload)``, best effort; fires with whether the control server took it.
    :param fetch_ticket: a relay ticket for this node and the member of that identity.
    :param random: ``os.urandom``, or a test's own.
    :param book: what an earlier session knew of the members, and what this one keeps.
    :param ledger: the party's, whose heads are told inside the tunnel.
    """

    send_signal: Callable[[bytes, bytes], Deferred[bool]]
    fetch_ticket: Callable[[bytes], Deferred[bytes]]
    random: Callable[[int], bytes]
    book: EndpointBook
    ledger: PartyLedger | None = None


class PartySession:
    """One party, from :meth:`start` to :meth:`stop`.

    :ivar on_lost: called with a sentence when a device of this session went away while it was in use.
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
        self.tunnel: ITunnel | None = None
        self.links: Links | None = None
        self.lan: LanPlane | None = None
        self.relays: RelayLinks | None = None
        self.channel: PartyChannel | None = None
        self.reflexive: ReflexiveWatch | None = None
        self.mapping: PortMapping | None = None
        self.listen_port = 0
        self.on_lost: Callable[[str], None] = lambda why: None
        self._probe_port = machinery.probe_port()

    # --- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring all up; when a part fails, what stood before it is taken down again.

        :raises LanrageError: what is missing, and how to get it.
        """
        try:
            self.tunnel = await self._machinery.tunnel()
            await self.tunnel.create(self._keys.wireguard.secret, self.devices.port, TUNNEL_MTU)
            self.listen_port = (await self.tunnel.status()).listen_port
            self.lan = self._machinery.lan_plane(self.address, int.from_bytes(self._around.random(8), "big"))
            self.lan.on_lost = self._lost
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
        fetch = book.fetching(self._around.fetch_ticket)
        self.relays = RelayLinks(self._reactor, self._keys, self._probe_port.send, links, fetch, self._around.random)
        links.is_relay = self.relays.is_relay
        links.on_moved = self.relays.moved
        links.on_lost = self._lost
        self.reflexive = ReflexiveWatch(self._reactor, self._probe_port.send, links.set_reflexive, self._around.random)
        channel.start()
        self._probe_port.open(self.listen_port, self._received)
        await links.start(self.listen_port)
        self.relays.use(book.relays)
        self.mapping = self._machinery.port_mapping(links, self._around.random)
        if self.mapping is not None:
            self.mapping.start()
        book.start(lambda: {identity: link.plan.paths.values() for identity, link in links.peers.items()})

    async def stop(self) -> None:
        """Take all down, links first; nothing of this session is left on the machine."""
        parts: list[Callable[[], Any]] = [self._around.book.stop]
        if self.mapping is not None:
            parts.append(self.mapping.stop)
        if self.reflexive is not None:
            parts.append(self.reflexive.stop)
        if self.relays is not None:
            parts.append(self.relays.stop)
        if self.links is not None:
            parts.append(self._stop_links)
        if self.channel is not None:
            parts.append(self.channel.stop)
        parts.append(self._probe_port.close)
        if self.lan is not None:
            parts.append(self.lan.stopService)
        if self.tunnel is not None:
            parts.append(self.tunnel.destroy)
        for part in parts:
            try:
                waiting = part()
                if waiting is not None:
                    await waiting
            except Exception:  # the other parts must go all the same  # pylint: disable=broad-exception-caught
                self.log.failure("a part of the party's session did not stop")
        self.links = self.relays = self.reflexive = self.channel = self.lan = self.tunnel = self.mapping = None

    def _stop_links(self) -> Deferred[None]:
        """After a change of members that is under way."""
        links = self.links
        return self._lock.run(links.stop) if links is not None else succeed(None)

    def use(self, info: Accepted) -> None:
        """The control server's reflectors and relays, from now on; the members are told where we are."""
        if self.links is None or self.relays is None or self.reflexive is None:
            return
        self.reflexive.use(info.reflectors)
        self.relays.use(info.relays)
        self._around.book.use_relays(info.relays)
        self.links.offer_to_all()

    # --- inputs -------------------------------------------------------------------------------------------------------

    def set_members(self, members: Iterable[Member]) -> Deferred[None]:
        """Make the links equal to these verified members; the last call wins."""
        self._members = tuple(members)
        applying: Deferred[None] = self._lock.run(self._apply)
        applying.addErrback(lambda failure: self.log.failure("members were not taken over", failure))
        return applying

    async def _apply(self) -> None:
        if self.links is not None:
            await self.links.set_members(self._members)
            if self.relays is not None:
                self.relays.follow()

    def _received(self, payload: bytes, source: Endpoint, local: str) -> None:
        """A datagram of ours came in beside WireGuard: probe, relay control or STUN."""
        del local
        if self.links is None or self.relays is None or self.reflexive is None:
            return
        if payload.startswith(probes.MAGIC):
            self.links.probe_received(payload, source)
        elif payload.startswith(RELAY_MAGIC):
            self.relays.received(payload, source)
        else:
            self.reflexive.received(payload, source)

    # --- within -------------------------------------------------------------------------------------------------------

    def _lost(self, why: str) -> None:
        self.on_lost(why)

    def _changed(self) -> None:
        if self.lan is not None and self.links is not None:
            self.lan.set_members(self.links.ready_addresses())
        if self.channel is not None:
            self.channel.follow()
