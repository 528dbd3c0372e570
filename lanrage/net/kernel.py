"""WireGuard in the kernel, by rtnetlink and generic netlink (docs/links.rst)."""

from __future__ import annotations

import errno
from base64 import b64decode, b64encode
from ipaddress import ip_network
from typing import Any

import attrs
from pyroute2 import IPRoute, WireGuard
from pyroute2.netlink.exceptions import NetlinkError
from twisted.internet.interfaces import IReactorThreads
from zope.interface import implementer

from lanrage.core.links import KEY_BYTES, Endpoint, PeerStatus, TunnelPeer, TunnelStatus
from lanrage.core.undo import UndoEntry
from lanrage.errors import LanrageError, MissingRight
from lanrage.interfaces import ITunnel, IUndoJournal
from lanrage.net.devices import (
    port_taken,
    raise_device,
    refusals_named,
    remove_device,
    remove_leftover,
    set_tunnel_mtu,
)
from lanrage.net.threads import in_thread
from lanrage.timing import timing_decorator

ABSENT = (errno.ENOENT, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT)
"""What a kernel without WireGuard answers: no such netlink family, no such kind of device."""


class NoKernelWireGuard(MissingRight):
    """This kernel has no WireGuard; the message says what to do."""


def kernel_has_wireguard() -> bool:
    """Whether the kernel answers for WireGuard (it loads its module for the question). Blocks; needs no right."""
    try:
        with WireGuard() as wireguard:
            wireguard.info("")
    except NetlinkError as error:
        return error.code not in ABSENT
    return True


@implementer(ITunnel)
class KernelTunnel:
    """One WireGuard device in the kernel.

    :param name: the device's name.
    :param journal: remembers the device, so that the next start after a crash removes it.
    """

    kind = "kernel"

    def __init__(self, reactor: IReactorThreads, name: str, journal: IUndoJournal | None = None) -> None:
        self.name = name
        self._reactor = reactor
        self._journal = journal

    @timing_decorator("interface.create")
    async def create(self, private_key: bytes, listen_port: int, mtu: int) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.create`."""
        await in_thread(self._reactor, self._create, private_key, listen_port, mtu)

    @timing_decorator("interface.add_peer")
    async def set_peer(self, peer: TunnelPeer) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.set_peer`."""
        fields = {
            **_key_field(peer.public_key),
            **_endpoint_fields(peer.endpoint),
            "persistent_keepalive": peer.keepalive,
            "replace_allowed_ips": True,
            "allowed_ips": [str(network) for network in peer.allowed],
        }
        await in_thread(self._reactor, self._change, fields)

    async def set_endpoint(self, public_key: bytes, endpoint: Endpoint) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.set_endpoint`."""
        await in_thread(self._reactor, self._move, public_key, endpoint)

    @timing_decorator("interface.remove_peer")
    async def remove_peer(self, public_key: bytes) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.remove_peer`."""
        await in_thread(self._reactor, self._change, {**_key_field(public_key), "remove": True})

    async def set_mtu(self, mtu: int) -> int:
        """See :meth:`lanrage.interfaces.ITunnel.set_mtu`."""
        return await in_thread(self._reactor, set_tunnel_mtu, self.name, mtu)

    async def status(self) -> TunnelStatus:
        """See :meth:`lanrage.interfaces.ITunnel.status`."""
        return await in_thread(self._reactor, self._status)

    async def destroy(self) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.destroy`."""
        await in_thread(self._reactor, self._destroy)

    def _create(self, private_key: bytes, listen_port: int, mtu: int) -> None:
        with refusals_named("making a WireGuard device"), IPRoute() as route:
            remove_leftover(route, self.name, "tunnel_device")
            if self._journal is not None:
                self._journal.note(UndoEntry("device", self.name))
            try:
                route.link("add", ifname=self.name, kind="wireguard")
                self._set_up(route, private_key, listen_port, mtu)
            except NetlinkError as error:
                self._forget()
                translated = _translated(error, listen_port)
                if translated is None:
                    raise
                raise translated from error

    def _set_up(self, route: IPRoute, private_key: bytes, listen_port: int, mtu: int) -> None:
        try:
            with WireGuard() as wireguard:
                wireguard.set(self.name, private_key=b64encode(private_key).decode(), listen_port=listen_port)
            raise_device(route, self.name, mtu)
        except BaseException:
            remove_device(self.name, marked=False)
            raise

    def _destroy(self) -> None:
        remove_device(self.name)
        self._forget()

    def _forget(self) -> None:
        if self._journal is not None:
            self._journal.forget(UndoEntry("device", self.name))

    def _change(self, fields: dict[str, Any]) -> None:
        with refusals_named(f"changing the WireGuard device {self.name}"), WireGuard() as wireguard:
            wireguard.set(self.name, peer=fields)

    def _move(self, public_key: bytes, endpoint: Endpoint) -> None:
        with refusals_named(f"changing the WireGuard device {self.name}"), WireGuard() as wireguard:
            if public_key not in read_device(wireguard, self.name).peers:
                raise LookupError(f"{self.name} has no peer {b64encode(public_key).decode()}")
            fields = {**_key_field(public_key), **_endpoint_fields(endpoint), "update_only": True}
            wireguard.set(self.name, peer=fields)

    def _status(self) -> TunnelStatus:
        with refusals_named(f"reading the WireGuard device {self.name}"), WireGuard() as wireguard:
            return read_device(wireguard, self.name)


def _translated(error: NetlinkError, port: int) -> LanrageError | None:
    """The sentence of what only making a device runs into; the rest is :func:`refusals_named`'s."""
    if error.code == errno.EADDRINUSE:
        return port_taken(port)
    if error.code in ABSENT:
        return NoKernelWireGuard(
            "this kernel has no WireGuard: load its module (modprobe wireguard), "
            "or install wireguard-go (apt-get install wireguard-go) and set wireguard to auto"
        )
    return None


def _key_field(public_key: bytes) -> dict[str, Any]:
    return {"public_key": b64encode(public_key).decode()}


def _endpoint_fields(endpoint: Endpoint | None) -> dict[str, Any]:
    return {} if endpoint is None else {"endpoint_addr": endpoint.host, "endpoint_port": endpoint.port}


def read_device(wireguard: WireGuard, name: str) -> TunnelStatus:
    """Gather a device from the messages of a dump; a peer with many networks goes on in the next message."""
    public_key, port = bytes(KEY_BYTES), 0
    peers: dict[bytes, PeerStatus] = {}
    for message in wireguard.info(name):
        key = message.get_attr("WGDEVICE_A_PUBLIC_KEY")
        public_key = b64decode(key) if key else public_key
        port = message.get_attr("WGDEVICE_A_LISTEN_PORT") or port
        for attributes in message.get_attr("WGDEVICE_A_PEERS") or ():
            peer = _peer_status(attributes, peers)
            peers[peer.public_key] = peer
    return TunnelStatus(public_key, port, peers)


def _peer_status(attributes: Any, known: dict[bytes, PeerStatus]) -> PeerStatus:
    public_key = b64decode(attributes.get_attr("WGPEER_A_PUBLIC_KEY"))
    networks = attributes.get_attr("WGPEER_A_ALLOWEDIPS") or ()
    allowed = tuple(ip_network(network["addr"]) for network in networks)
    before = known.get(public_key)
    if before is not None:
        return attrs.evolve(before, allowed=before.allowed + allowed)
    handshake = attributes.get_attr("WGPEER_A_LAST_HANDSHAKE_TIME")
    endpoint = attributes.get_attr("WGPEER_A_ENDPOINT")
    return PeerStatus(
        public_key=public_key,
        endpoint=Endpoint(endpoint["addr"], endpoint["port"]) if endpoint else None,
        allowed=allowed,
        latest_handshake=handshake["tv_sec"] + handshake["tv_nsec"] / 1e9 if handshake else 0.0,
        rx_bytes=attributes.get_attr("WGPEER_A_RX_BYTES") or 0,
        tx_bytes=attributes.get_attr("WGPEER_A_TX_BYTES") or 0,
        keepalive=attributes.get_attr("WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL") or 0,
    )
