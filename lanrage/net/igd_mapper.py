"""Ports mapped by UPnP IGD (:mod:`lanrage.wire.igd`)."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from lanrage.core.links import Endpoint
from lanrage.core.mapping import LIFETIME_S, PERMANENT, Gateway, Grant, Lease, Method, NotMapped, Wish
from lanrage.errors import DecodeError
from lanrage.interfaces import IPortMapper
from lanrage.net.soap import GatewayHttp
from lanrage.net.ssdp_search import search
from lanrage.wire import igd
from lanrage.wire.igd import Call, Service, UpnpError

log = Logger()

NO_SUCH_ENTRY, CONFLICT, PERMANENT_ONLY = 714, 718, 725
"""UPnP errors, WANIPConnection:1 section 2.4."""
OTHER_PORTS = 3
"""Ports outside that are tried where the wanted one is somebody else's."""
FIRST_OTHER, OTHER_COUNT = 20000, 40000
"""Those are from this range."""


@implementer(IPortMapper)
class IgdMapper:
    """One gateway; it is searched at the first call, and again after a failure: its HTTP port changes at a restart."""

    method = Method.IGD

    def __init__(self, reactor: Any, gateway: Gateway) -> None:
        self._reactor = reactor
        self._gateway = gateway
        self._http = GatewayHttp(reactor, gateway)
        self._service: Service | None = None
        self._mapped: dict[Wish, int] = {}

    async def map(self, wish: Wish, external: int, nonce: bytes) -> Grant:
        """See :meth:`lanrage.interfaces.IPortMapper.map`; the nonce serves to choose another port."""
        address = await self._external()
        before = self._mapped.get(wish)
        lost = before is not None and not await self._is_ours(wish, before, self._gateway.source)
        others = [] if wish.exact else _others(nonce)
        for port in (external, *others):
            lifetime = await self._add(wish, port)
            if lifetime is not None:
                self._mapped[wish] = port
                return Grant(Endpoint(str(address), port), lifetime, lost)
        raise NotMapped(f"the router has another use for {wish}")

    async def unmap(self, lease: Lease) -> None:
        """See :meth:`lanrage.interfaces.IPortMapper.unmap`."""
        self._mapped.pop(lease.wish, None)
        for port in (lease.external,) if lease.external else (lease.wish.port, *_others(lease.nonce)):
            if await self._is_ours(lease.wish, port, lease.source):
                await self._call("DeletePortMapping", *_key(lease.wish, port))

    async def _external(self) -> IPv4Address:
        text = (await self._call("GetExternalIPAddress")).get("NewExternalIPAddress", "")
        try:
            address = IPv4Address(text)
        except AddressValueError as error:
            raise NotMapped("the router knows no outside address: is it connected?") from error
        if not int(address):
            raise NotMapped("the router knows no outside address: is it connected?")
        return address

    async def _add(self, wish: Wish, port: int) -> int | None:
        """The mapping's life in seconds; ``None`` where the port is somebody else's."""
        for lifetime in (LIFETIME_S, PERMANENT):
            try:
                await self._call(
                    "AddPortMapping",
                    *_key(wish, port),
                    ("NewInternalPort", str(wish.port)),
                    ("NewInternalClient", str(self._gateway.source)),
                    ("NewEnabled", "1"),
                    ("NewPortMappingDescription", f"LANrage {wish}"),
                    ("NewLeaseDuration", str(lifetime)),
                )
            except _Fault as error:
                if error.number == CONFLICT:
                    return None
                if error.number != PERMANENT_ONLY or lifetime == PERMANENT:
                    raise
            else:
                return lifetime
        return None

    async def _is_ours(self, wish: Wish, port: int, source: IPv4Address) -> bool:
        """Whether the gateway's mapping of this port outside leads to this machine's port."""
        try:
            entry = await self._call("GetSpecificPortMappingEntry", *_key(wish, port))
        except _Fault:
            return False
        client, internal = entry.get("NewInternalClient"), entry.get("NewInternalPort")
        return (client, internal) == (str(source), str(wish.port))

    async def _call(self, action: str, *arguments: tuple[str, str]) -> dict[str, str]:
        service = self._service or await self._find()
        call = Call(action, arguments)
        try:
            answer = await self._http.post(
                service.url, igd.action_header(service, call), igd.encode_call(service, call)
            )
            return igd.decode_answer(answer, action)
        except UpnpError as error:
            raise _Fault(str(error), error.number) from error
        except DecodeError as error:
            raise NotMapped(str(error)) from error
        except NotMapped as error:
            if error.absent:
                self._service = None
            raise

    async def _find(self) -> Service:
        location = await search(self._reactor, self._gateway)
        try:
            description = await self._http.get(location)
            self._service = service = igd.decode_description(description, location, self._gateway.address)
        except DecodeError as error:
            raise NotMapped(str(error), absent=True) from error
        log.info("the gateway {gateway} has {kind}", gateway=self._gateway.address, kind=service.kind)
        return service


class _Fault(NotMapped):
    """The gateway refused a call by a number."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


def _key(wish: Wish, port: int) -> tuple[tuple[str, str], ...]:
    """The arguments that name a mapping."""
    return (
        ("NewRemoteHost", ""),
        ("NewExternalPort", str(port)),
        ("NewProtocol", wish.transport.upper()),
    )


def _others(nonce: bytes) -> list[int]:
    """The same other ports for the same mapping, so that a crash can be cleaned up after."""
    pieces = (int.from_bytes(nonce[at : at + 4], "big") for at in range(0, 4 * OTHER_PORTS, 4))
    return [FIRST_OTHER + piece % OTHER_COUNT for piece in pieces]
