"""A question by UDP: an own socket, sent again once, heard from the asked server alone."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from twisted.internet.protocol import DatagramProtocol
from twisted.python.failure import Failure

from lanrage.net.game_question import Question
from lanrage.wire.games.formats import DATAGRAM_BYTES

LOOKED_MOST = 32
"""Datagrams that are looked at for one question: some servers send their players after it."""
AGAIN = 0.5
"""The question goes out again after this part of the time."""


class _Ear(DatagramProtocol):
    """Hands over what comes from the asked server."""

    def __init__(self, question: DatagramQuestion) -> None:
        self._question = question

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """See :class:`twisted.internet.protocol.DatagramProtocol`."""
        self._question.heard(datagram, addr[0], addr[1])

    def stopProtocol(self) -> None:
        """The socket is gone: by our own doing, or because of an ICMP message."""
        self._question.refused()

    def connectionRefused(self) -> None:
        """The server's machine says that nothing listens there."""
        self._question.refused()


class DatagramQuestion(Question):
    """See :class:`lanrage.net.game_question.Question`."""

    _port: Any = None
    _looked = 0
    _last: tuple[bytes, ...] = ()

    def _open(self, timeout: float) -> None:
        group = self._query.group
        if group is not None:
            self._port = self._reactor.listenMulticast(
                group.port, _Ear(self), maxPacketSize=DATAGRAM_BYTES + 1, listenMultiple=True
            )
            self._port.joinGroup(group.address, self._source).addErrback(self._no_group)
        else:
            interface = self._source or ("::" if ip_address(self._target[0]).version == 6 else "")
            self._port = self._reactor.listenUDP(0, _Ear(self), interface, DATAGRAM_BYTES + 1)
            self._port.connect(*self._target)
        self._last = self._query.opening(self._token)
        self._sent_at = self._reactor.seconds()
        self._send_last()
        self._later(timeout * AGAIN, self._send_again)

    def heard(self, datagram: bytes, host: str, port: int) -> None:
        """A datagram came in."""
        self._looked += 1
        expected = host == self._target[0] and (port == self._target[1] or self._query.group is not None)
        if expected and self._looked <= LOOKED_MOST and not self._over:
            self._heard(datagram)

    def refused(self) -> None:
        """The machine says that nothing listens there; after the end, nothing."""
        self._fail("is there, but nothing listens at this port")

    def _send(self, payload: bytes) -> None:
        self._last = (payload,)
        self._send_last()

    def _send_again(self) -> None:
        """The answer to the first is held for lost: the time counts anew."""
        self._sent_at = self._reactor.seconds()
        self._send_last()

    def _send_last(self) -> None:
        """The last step, for the first time or again; what cannot be sent counts as lost."""
        for payload in self._last if self._port is not None else ():
            try:
                self._port.write(payload, self._target if self._query.group is not None else None)
            except OSError:
                return

    def _no_group(self, failure: Failure) -> None:
        self._fail(f"answers to a group that cannot be joined: {failure.getErrorMessage()}")

    def _close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.stopListening()
