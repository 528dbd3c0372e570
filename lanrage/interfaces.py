"""The seams: interfaces with two implementations or more, one contract test each (``tests/contracts.py``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from zope.interface import Attribute, Interface

from lanrage.core.links import Endpoint, LocalAddress, TunnelPeer, TunnelStatus
from lanrage.core.mapping import Gateway, Grant, Lease, Method, Wish
from lanrage.core.undo import UndoEntry

# Interface methods have no self and no body.
# pylint: disable=no-self-argument,no-method-argument,inherit-non-class


class ITunnel(Interface):
    """One WireGuard device: in the kernel, in userspace, or in memory for tests."""

    name: str = Attribute("the device's name, at most 15 characters, unique on the machine")
    kind: str = Attribute("``kernel``, ``userspace`` or ``memory``")

    def create(private_key: bytes, listen_port: int, mtu: int) -> Awaitable[None]:
        """Make the device and set it up; a device of ours left by a crash under this name is replaced.

        :param private_key: X25519 private key, 32 bytes.
        :param listen_port: UDP port, 0 = any.
        :param mtu: bytes.
        :raises MissingRight: without CAP_NET_ADMIN, or where neither the module nor the program is there.
        :raises BadInput: when the port is taken.
        """

    def set_peer(peer: TunnelPeer) -> Awaitable[None]:
        """Add the peer, or replace its allowed networks, keepalive and (where given) endpoint."""

    def set_endpoint(public_key: bytes, endpoint: Endpoint) -> Awaitable[None]:
        """Move a known peer; an unknown one is not created (:class:`LookupError`)."""

    def remove_peer(public_key: bytes) -> Awaitable[None]:
        """Forget a peer; an unknown one is no error."""

    def set_mtu(mtu: int) -> Awaitable[int]:
        """Let the device take IP packets of so many bytes, from now on, as far as this machine's own cards carry them.

        :param mtu: at least 1280, which IPv6 needs (:class:`BadInput`).
        :return: what it is now.
        """

    def status() -> Awaitable[TunnelStatus]:
        """The device and its peers now."""

    def destroy() -> Awaitable[None]:
        """Remove the device with its routes; a device that is gone is no error."""


class ILanCard(Interface):
    """The Ethernet card that games see (a TAP device), or its stand-in in memory."""

    name: str = Attribute("the device's name")

    def open(
        address: IPv4Interface, receive: Callable[[bytes], None], lost: Callable[[], None] | None = None
    ) -> Awaitable[None]:
        """Make the card, give it the party address and its MAC, and bring it up.

        :param address: the party address with its network, for example ``10.66.0.1/24``.
        :param receive: called with each Ethernet frame that this machine sends on the card.
        :param lost: called when somebody else removed the card while it was open.
        :raises MissingRight: without CAP_NET_ADMIN or ``/dev/net/tun``.
        :raises BadInput: when a device of this name belongs to somebody else.
        """

    def write(frame: bytes) -> bool:
        """Let this machine receive an Ethernet frame; false where the card took it not (full, closed or down)."""

    def close() -> Awaitable[None]:
        """Remove the card; one that is closed is no error."""


class IProbePort(Interface):
    """Sends and receives datagrams from WireGuard's own UDP port, beside WireGuard."""

    def open(port: int, receive: Callable[[bytes, Endpoint, str], None]) -> None:
        """Listen on `port`; `receive(payload, source, local_address)` is called for our own and for STUN datagrams.

        :param port: WireGuard's own listen port, 1 to 65535.
        :raises MissingRight: without CAP_NET_RAW.
        """

    def send(payload: bytes, to: Endpoint) -> None:
        """Send; what the kernel refuses (unreachable, no route) is silent, as loss would be."""

    def close() -> None:
        """Stop listening."""


class IMachine(Interface):
    """What LANrage reads and changes of this machine's network, besides its own two devices."""

    def local_addresses() -> Awaitable[list[LocalAddress]]:
        """Every IPv4 address of the devices that are up, loopback and our own devices left out."""

    def ipv6_addresses() -> Awaitable[list[IPv6Interface]]:
        """Likewise of IPv6, those that others can use: link-local, tentative and deprecated ones left out."""

    def networks() -> Awaitable[list[IPv4Network]]:
        """The networks that this machine has routes to (the default route and our own devices left out)."""

    def networks6() -> Awaitable[list[IPv6Network] | None]:
        """Likewise of IPv6; ``None`` where the machine goes without IPv6."""

    def enable_ipv6(device: str) -> Awaitable[None]:
        """Let one of our devices carry IPv6, without addresses of the kernel's own making.

        :raises MissingRight: when its settings may not be written.
        """

    def has_default_route() -> Awaitable[bool]:
        """Whether an IPv4 default route is there; without one, unbound broadcasts fail with ENETUNREACH."""

    def default_gateway() -> Awaitable[Gateway | None]:
        """The router of the best IPv4 default route; ``None`` where there is none, or it leads over no router."""

    def add_member_route(
        member: IPv4Address | IPv6Address, device: str, source: IPv4Address | IPv6Address
    ) -> Awaitable[None]:
        """Send what is for `member` into `device`, with `source` as its address; one of ours is replaced.

        :raises Refused: ``subnet_clash`` when a route of somebody else to that very address exists.
        """

    def remove_member_route(member: IPv4Address | IPv6Address, device: str) -> Awaitable[None]:
        """Take the member's route away; one that is gone is no error."""


class IUndoJournal(Interface):
    """Remembers, before each change to the machine, how to take it back (:mod:`lanrage.store.undo`)."""

    def entries() -> list[UndoEntry]:
        """What is not taken back yet, oldest first. Called from any thread."""

    def note(entry: UndoEntry) -> None:
        """Remember a change before it is made; on return it is on disk. Called from any thread.

        :raises StoreError: when it cannot be written; the change must not be made then.
        """

    def forget(entry: UndoEntry) -> None:
        """The change was taken back; an unknown entry is no error. Called from any thread."""


class IPortMapper(Interface):
    """One protocol by which one gateway maps ports (:mod:`lanrage.core.mapping`). One call at a time."""

    method: Method = Attribute("which protocol")

    def map(wish: Wish, external: int, nonce: bytes) -> Awaitable[Grant]:
        """Map a port, or renew its mapping.

        :param external: the port outside to ask for; the gateway may give another, unless the wish is exact.
        :param nonce: of the mapping's owner, 12 bytes, the same at every call for one port.
        :raises NotMapped: with the reason; ``absent`` where no gateway answers by this protocol.
        """

    def unmap(lease: Lease) -> Awaitable[None]:
        """Remove a mapping of ours; one that is gone, or somebody else's, is no error.

        :raises NotMapped: when the gateway does not answer, or refuses.
        """
