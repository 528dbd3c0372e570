"""The STUN reflector as a service (``docs/protocol-stun.rst``)."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from lanrage.errors import BadInput
from lanrage.net.listening import why_not
from lanrage.net.stun_server import StunReflector

log = Logger()


class ReflectorService(Service):
    """Listens on a UDP port while it runs.

    :param port: UDP port, 0 = any.
    :param host: address to listen on; empty = all.
    """

    def __init__(self, reactor: Any, port: int, host: str = "") -> None:
        self._reactor = reactor
        self._port = port
        self._host = host
        self._listening: IListeningPort | None = None
        self.reflector = StunReflector(reactor.seconds)

    def startService(self) -> None:
        """Listen.

        :raises BadInput: field ``stun-port``, when the port cannot be had, with the system's reason.
        """
        try:
            self._listening = self._reactor.listenUDP(self._port, self.reflector, self._host)
        except CannotListenError as error:
            raise BadInput("stun-port", why_not(self._port, error)) from error
        super().startService()  # type: ignore[no-untyped-call]
        log.info("reflector listens on UDP {port}", port=self.port)

    @property
    def port(self) -> int:
        """The UDP port it listens on."""
        assert self._listening is not None
        host: Any = self._listening.getHost()
        return int(host.port)

    def stopService(self) -> Deferred[Any]:
        """Close the port."""
        super().stopService()  # type: ignore[no-untyped-call]
        listening, self._listening = self._listening, None
        return maybeDeferred(listening.stopListening) if listening is not None else maybeDeferred(lambda: None)
