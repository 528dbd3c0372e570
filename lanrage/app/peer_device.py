"""One member's peer on the WireGuard device: configured, written, reset, with the keepalive that its NAT needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.core.certificates import Member
from lanrage.core.identity import fingerprint
from lanrage.core.links import Endpoint, TunnelPeer
from lanrage.core.path_actions import WriteEndpoint
from lanrage.errors import LanrageError
from lanrage.interfaces import ITunnel

KEEPALIVE = 25
"""Seconds; WireGuard's customary value, below the 30 s after which home routers forget a UDP flow. For peers of whose
NAT nothing better is known."""
CONFIGURE_RETRY = 2.0
"""Seconds until a peer that this machine did not take (a busy program, a route in the way) is configured again."""
CHECK_DELAYS = (0.01, 0.05, 0.2, 1.0)
"""Seconds after a write at which WireGuard's endpoint is read back."""


class DeviceOutlet(Protocol):
    """What the peer asks of its surroundings."""

    def check_soon(self, delay: float) -> None:
        """Read WireGuard's state back after `delay` seconds."""

    def add_peer(self, member: Member) -> Awaitable[None]:
        """Configure the peer without endpoint, and its routes."""

    def networks_of(self, member: Member) -> tuple[IPv4Network | IPv6Network, ...]:
        """What WireGuard takes from a member and sends to it."""


class PeerDevice:
    """Carries out what the path plan wants of WireGuard.

    :param again: called when the peer is to be configured once more.
    :param keepalive: seconds between keepalives to this peer now.
    :ivar resets: how often WireGuard forgot the peer's session; what it said before is of no use.
    :ivar alive: the peer had a handshake since.
    """

    log = Logger()

    def __init__(  # pylint: disable=too-many-arguments
        self,
        clock: IReactorTime,
        tunnel: ITunnel,
        member: Member,
        outlet: DeviceOutlet,
        *,
        again: Callable[[], None],
        keepalive: Callable[[], int],
    ) -> None:
        self.resets = 0
        self.alive = self.configured = False
        self._clock = clock
        self._tunnel = tunnel
        self._member = member
        self._outlet = outlet
        self._call_again = again
        self._keepalive = keepalive
        self._kept: int | None = None
        self._again: IDelayedCall | None = None
        self._closed = False

    def forget_session(self) -> None:
        """What WireGuard said of the peer until now is of no use."""
        self.resets += 1
        self.alive = self.configured = False
        self._kept = None

    def close(self) -> None:
        """Wait for nothing any more."""
        self._closed = True
        if self._again is not None and self._again.active():
            self._again.cancel()
        self._again = None

    def check_soon(self) -> None:
        """Read back what was written, a few times."""
        for delay in CHECK_DELAYS:
            self._outlet.check_soon(delay)

    async def configure(self) -> None:
        """Make the peer known to WireGuard, without endpoint, and its route; later, where that fails."""
        self._again = None
        try:
            await self._outlet.add_peer(self._member)
        except LanrageError as error:
            name = self._member.certificate.name
            peer_id = fingerprint(self._member.certificate.identity).hex()
            self.log.warn(
                "{peer} cannot be reached from this machine: {error}", peer=name, peer_id=peer_id, error=str(error)
            )
            self._configure_later()
        else:
            self.configured = True
            self.log.debug("{peer} is known to WireGuard", peer=self._member.certificate.name)
            self._kept = None if self._kept is None else 0  # WireGuard was told of none

    def _configure_later(self) -> None:
        """The peer may be missing now."""
        if not self._closed and self._again is None:
            self._again = self._clock.callLater(CONFIGURE_RETRY, self._call_again)

    async def write(self, action: WriteEndpoint) -> None:
        """Set the endpoint."""
        if action.fresh:
            self.forget_session()
        try:
            if action.fresh:
                await self._tunnel.remove_peer(self._member.certificate.wireguard_key)
            await self._set(action.endpoint)
        except LanrageError:
            self._configure_later()
            raise
        self.configured = self._again is None
        self.check_soon()

    async def reset(self) -> None:
        """Remove the peer and add it without endpoint: its keys are of no use."""
        self.forget_session()
        try:
            await self._tunnel.remove_peer(self._member.certificate.wireguard_key)
        except LanrageError:
            self._configure_later()
            raise
        await self.configure()

    @property
    def keepalive_due(self) -> bool:
        """Whether the keepalive of a peer in use is not what its NAT needs now."""
        return self.alive and self._kept not in (None, self._keepalive())

    async def write_keepalive(self) -> None:
        """Set the keepalive; the endpoint stays."""
        if self.keepalive_due:
            await self._set(None)

    async def _set(self, endpoint: Endpoint | None) -> None:
        key, kept = self._member.certificate.wireguard_key, self._keepalive()
        await self._tunnel.set_peer(TunnelPeer(key, self._outlet.networks_of(self._member), endpoint, kept))
        self._kept = kept
