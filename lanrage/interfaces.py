"""The seams: interfaces with two implementations or more, one contract test each (``tests/contracts.py``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from zope.interface import Attribute, Interface

from lanrage.core.links import Endpoint, TunnelPeer, TunnelStatus

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

    def status() -> Awaitable[TunnelStatus]:
        """The device and its peers now."""

    def destroy() -> Awaitable[None]:
        """Remove the device with its routes; a device that is gone is no error."""


class ILanCard(Interface):
    """The Ethernet card that games see (a TAP device), or its stand-in in memory."""

    name: str = Attribute("the device's name")

    def open(receive: Callable[[bytes], None]) -> None:
        """Make the card; `receive` is called with each Ethernet frame that this machine sends on it."""

    def write(frame: bytes) -> None:
        """Let this machine receive an Ethernet frame; a full queue drops it (counted by the caller's return)."""

    def close() -> None:
        """Remove the card."""


class IProbePort(Interface):
    """Sends and receives datagrams from WireGuard's own UDP port, beside WireGuard."""

    def open(port: int, receive: Callable[[bytes, Endpoint, str], None]) -> None:
        """Listen on `port`; `receive(payload, source, local_address)` is called for our own and for STUN datagrams."""

    def send(payload: bytes, to: Endpoint) -> None:
        """Send; what the kernel refuses (unreachable, no route) is silent, as loss would be."""

    def close() -> None:
        """Stop listening."""
