"""A control server's door over real sockets: a browser's view of it, and a proxy in front of it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.threads import deferToThread
from twisted.protocols.portforward import ProxyFactory, ProxyServer
from twisted.protocols.tls import TLSMemoryBIOFactory

from lanrage.app.control import ControlService, ControlSettings
from lanrage.net.control_client import ControlClient, Dialling
from lanrage.net.tls_client import ServerCheck, system_roots
from lanrage.net.tls_server import TlsSource
from tests.app.control_node import ControlCase
from tests.fakes_control import node_keys

reactor: Any = _reactor
PATIENCE = 60.0
"""Seconds for the blocking client; a busy machine needs one."""


@attrs.frozen
class Seen:
    """What a stranger's program gets: the certificate (DER; empty = no TLS), the TLS version, the answer."""

    certificate: bytes
    version: str
    answer: bytes


def fetch(address: Any, path: str = "/healthz", *, tls: bool = True, trust: Path | None = None, name: str = "") -> Seen:
    """GET by Python's own ``ssl`` and ``socket``; blocks.

    :param address: ``(host, port)``, or the path of a UNIX socket.
    :param trust: PEM file of the CA that must vouch for `name`; without it any certificate will do.
    """
    inet = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    family = socket.AF_UNIX if isinstance(address, str) else inet
    with socket.socket(family) as plain:
        plain.settimeout(PATIENCE)
        plain.connect(address)
        certificate, version, wire = b"", "", plain
        if tls:
            context = ssl.create_default_context(cafile=trust) if trust else ssl._create_unverified_context()
            wire = context.wrap_socket(plain, server_hostname=name or None)
            certificate, version = wire.getpeercert(binary_form=True) or b"", wire.version() or ""
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = b""
        while data := wire.recv(65536):
            answer += data
        return Seen(certificate, version, answer)


def dial_tls(roots: Callable[[Any], None] = system_roots) -> Dialling:
    """Dial TLS on loopback, too."""

    def endpoint(clock: Any, host: str, port: int, check: ServerCheck) -> IStreamClientEndpoint:
        check.roots = roots
        return wrapClientTLS(check, HostnameEndpoint(clock, "127.0.0.1", port), clock)

    return Dialling(endpoint, lambda: 0.1)


class ForwardingServer(ProxyServer):
    """One connection of :class:`TlsProxy`: names the client in the first request, as nginx and Caddy do."""

    factory: TlsProxy
    named = False

    def dataReceived(self, data: bytes) -> None:
        """Pass bytes on."""
        if not self.named:
            self.named = True
            line, _, rest = data.partition(b"\r\n")
            data = line + b"\r\nX-Forwarded-For: " + self.factory.says.encode() + b"\r\n" + rest
        super().dataReceived(data)


class TlsProxy(ProxyFactory):
    """Ends TLS and speaks plain HTTP to the control server.

    :param says: whom it names as client.
    """

    protocol = ForwardingServer
    noisy = False

    def __init__(self, port: int, says: str) -> None:
        super().__init__("127.0.0.1", port)
        self.says = says

    def listen(self, context: Any) -> Any:
        """On a free port of loopback."""
        return reactor.listenTCP(
            0, TLSMemoryBIOFactory(TlsSource(context), False, self, reactor), interface="127.0.0.1"
        )


class DoorCase(ControlCase):
    """A server and those who come to its door."""

    async def open(self, listen: str = "tcp:0:interface=127.0.0.1", now: Any = None, **settings: Any) -> ControlService:
        """Start a server."""
        options = {"now": now} if now is not None else {}
        service = ControlService(reactor, ControlSettings(self.folder, listen, **settings), **options)
        self.services.append(service)
        service.startService()
        await service.started
        return service

    def fetch(self, service: ControlService, path: str = "/healthz", **how: Any) -> Deferred[Seen]:
        """GET from a server."""
        return deferToThread(fetch, ("127.0.0.1", service.address.port), path, **how)

    async def log_in(self, address: str, pin: bytes | None, dialling: Dialling | None = None) -> ControlClient:
        """A node that is logged in."""
        link = ControlClient(reactor, node_keys("node"), (address,), pin, dialling=dialling or dial_tls())
        self.services.append(link)
        link.startService()
        await link.when_connected()
        return link
