"""The STUN reflector as a service (``docs/protocol-stun.rst``)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from lanrage.core.links import Endpoint
from lanrage.errors import BadInput
from lanrage.net.listening import why_not
from lanrage.net.shared_port import check_free, listen_shared
from lanrage.net.stun_server import StunReflector, join

log = Logger()

ALTERNATE = "stun-alternate"
"""The option that names the second address and port."""
NO_ALTERNATE = "none"


@attrs.frozen
class Alternate:
    """The second address and port of a reflector, by which nodes tell what their NAT is (RFC 5780).

    :param port: the second UDP port, of both addresses.
    :param host: the second address of this machine; empty = it has but one.
    :param needed: the user asked for it: it is an error when it cannot be had.
    """

    port: int
    host: str = ""
    needed: bool = True

    @classmethod
    def parse(cls, text: str, port: int) -> Alternate | None:
        """Read ``HOST[:PORT]``, ``:PORT``, ``none`` or nothing; the second port is the one after the first.

        :param port: the first port.
        :raises BadInput: field ``stun-alternate``.
        """
        if text == NO_ALTERNATE:
            return None
        default = port + 1 if port < 65535 else port - 1
        if not text:
            return cls(default, needed=False)
        host, colon, second = text.rpartition(":")
        if not colon or text.endswith("]") or _is_address(text):
            host, second = text, str(default)
        host = host.strip("[]")
        if host and not _is_address(host):
            raise BadInput(ALTERNATE, f"{host!r} is no address of this machine")
        if not second.isascii() or not second.isdigit() or not 1 <= int(second[:6]) <= 65535 or int(second) == port:
            raise BadInput(ALTERNATE, f"{second!r} is not a port from 1 to 65535 other than --stun-port")
        return cls(int(second), host)


class ReflectorService(Service):
    """Listens while it runs: on one UDP port, on two, or on two of two addresses.

    Requests to whatever address of the machine are answered. Those to its two addresses have sockets of their own.

    :param port: UDP port, 0 = any.
    :param host: address to listen on; empty = all. With an alternate address it is the first of the two.
    """

    def __init__(self, reactor: Any, port: int, host: str = "", alternate: Alternate | None = None) -> None:
        self._reactor = reactor
        self._port = port
        self._host = host
        self._alternate = alternate
        self._listening: list[IListeningPort] = []
        self.reflector = StunReflector(reactor.seconds)

    def startService(self) -> None:
        """Listen.

        :raises BadInput: field ``stun-port`` or ``stun-alternate``: the port cannot be had, with the system's reason.
        """
        try:
            self._open()
        except BaseException:
            self._close()
            raise
        super().startService()  # type: ignore[no-untyped-call]
        log.info("reflector listens on UDP {port}, {sockets} sockets", port=self.port, sockets=len(self._listening))

    def _open(self) -> None:
        alternate = self._alternate
        if alternate is not None and alternate.host:
            self._open_two(alternate)
            return
        self._listen("stun-port", self._host, self._port, self.reflector)
        if alternate is not None:
            second = StunReflector(self._reactor.seconds, beside=self.reflector)
            try:
                self._listen(ALTERNATE, self._host, alternate.port, second)
            except BadInput as error:
                if alternate.needed:
                    raise
                log.warn("the reflector has one port only, so nodes learn less of their NAT: {error}", error=str(error))
            else:
                join({(0, 0): self.reflector, (0, 1): second})

    def _open_two(self, alternate: Alternate) -> None:
        """Six sockets: two ports of each address, and of all others together."""
        if alternate.host == self._host:
            raise BadInput(ALTERNATE, f"{alternate.host} is the first address of this server already")
        ports = (self._port, alternate.port)
        anywhere = {(0, 0): self.reflector, (0, 1): StunReflector(self._reactor.seconds, beside=self.reflector)}
        for number, host in ((0, self._host), (1, alternate.host)):
            for which in (0, 1):
                self._check(host, ports[which], number or which)
        certain = {
            (number, which): StunReflector(self._reactor.seconds, Endpoint(host, ports[which]), self.reflector)
            for number, host in ((0, self._host), (1, alternate.host))
            for which in (0, 1)
        }
        join(anywhere)
        join(certain)
        for (number, which), face in certain.items():
            self._share((self._host, alternate.host)[number], ports[which], face)
        for (_, which), face in anywhere.items():
            self._share("", ports[which], face)

    def _check(self, host: str, port: int, second: int) -> None:
        try:
            check_free(host, port)
        except CannotListenError as error:
            raise BadInput(ALTERNATE if second else "stun-port", why_not(port, error)) from error

    def _share(self, host: str, port: int, protocol: StunReflector) -> None:
        try:
            self._listening.append(listen_shared(self._reactor, host, port, protocol))
        except CannotListenError as error:
            raise BadInput(ALTERNATE, why_not(port, error)) from error

    def _listen(self, field: str, host: str, port: int, protocol: StunReflector) -> None:
        try:
            self._listening.append(self._reactor.listenUDP(port, protocol, host))
        except CannotListenError as error:
            raise BadInput(field, why_not(port, error)) from error

    @property
    def port(self) -> int:
        """The first UDP port it listens on."""
        host: Any = self._listening[0].getHost()
        return int(host.port)

    def stopService(self) -> Deferred[Any]:
        """Close the ports."""
        super().stopService()  # type: ignore[no-untyped-call]
        return self._close()

    def _close(self) -> Deferred[Any]:
        listening, self._listening = self._listening, []
        return gatherResults([maybeDeferred(port.stopListening) for port in listening])


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
