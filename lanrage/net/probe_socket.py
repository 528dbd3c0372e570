"""The socket of the visibility probe: an ordinary one, as a game opens it (``docs/protocol-visibility.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import attrs
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from lanrage.core.exposure import PROBE_PORT
from lanrage.errors import Unreachable

log = Logger()

Hear = Callable[[bytes, str], None]
"""Called with each datagram and the address that it came from, where that sent it from the probe's port."""


class _Ears(DatagramProtocol):
    """Hands on what comes."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """For the reactor."""
        host, port = addr[:2]
        if port != PROBE_PORT:
            return
        try:
            self._hear(datagram, host)
        except Exception:  # pylint: disable=broad-except  # one datagram never stops the socket
            log.failure("a datagram of the visibility probe was not dealt with")


@attrs.define
class ProbeSocket:
    """Bound to no address and no device, with the right to broadcast."""

    reactor: Any
    _port: Any = None

    def open(self, hear: Hear) -> bool:
        """Open it.

        :return: false where another program has the port; then nothing can be probed here.
        """
        try:
            self._port = self.reactor.listenUDP(PROBE_PORT, _Ears(hear))
        except CannotListenError as error:
            log.warn("UDP port {port} is taken, so visibility is not probed: {error}", port=PROBE_PORT, error=error)
            return False
        self._port.setBroadcastAllowed(True)
        return True

    def send(self, payload: bytes, to: IPv4Address) -> None:
        """Send to all.

        :param to: the party's broadcast address.
        :raises Unreachable: when the kernel refuses it.
        """
        if self._port is None:
            raise Unreachable(f"UDP port {PROBE_PORT} is taken by another program on this machine")
        try:
            self._port.write(payload, (str(to), PROBE_PORT))
        except OSError as error:
            raise Unreachable(f"a broadcast to {to} cannot be sent: {error.strerror}") from error

    def close(self) -> object:
        """Close it; fires when it is closed."""
        port, self._port = self._port, None
        return None if port is None else port.stopListening()
