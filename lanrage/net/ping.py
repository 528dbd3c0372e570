"""Asks whether an IPv4 address answers echo requests, and how long that takes.

By a ping socket, which needs no right where ``net.ipv4.ping_group_range`` holds the process's group (icmp(7)), else by
a raw one, which needs CAP_NET_RAW.
"""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from lanrage.errors import MissingRight, Unreachable
from lanrage.net.raw_sockets import IP_PKTINFO
from lanrage.net.socket_reader import SocketReader
from lanrage.wire.echo import Echo, decode_reply, encode_request, without_head

TOKEN_BYTES = 16
"""Of each request, drawn at random: no other program's answer, and no forged one, counts for it."""
HEADS = 28
"""Bytes of the headers of IPv4 and ICMP around a payload."""
READ_BYTES = 2048
"""More than an answer to our request has."""

log = Logger()


@attrs.define(eq=False)
class _Asked:
    address: str
    since: float
    answer: Deferred[float]


class Pinger(SocketReader):
    """One socket for all requests, opened at the first and closed by :meth:`stop`.

    :param seconds: a clock that only moves forward.
    :param kinds: of sockets that are tried, in order.
    """

    prefix = "ping"

    def __init__(
        self,
        reactor: Any,
        seconds: Callable[[], float] | None = None,
        *,
        kinds: tuple[int, ...] = (socket.SOCK_DGRAM, socket.SOCK_RAW),
    ) -> None:
        super().__init__(reactor)
        self._time: IReactorTime = reactor
        self._seconds: Callable[[], float] = seconds or reactor.seconds
        self._kinds = kinds
        self._asked: dict[bytes, _Asked] = {}
        self._sequence = 0
        self._refused = ""

    def ask(self, address: str, timeout: float, source: str = "", size: int = 0) -> Deferred[float]:
        """Send one request.

        :param source: our address that it leaves from; empty: the system's choice.
        :param timeout: seconds until it is lost.
        :param size: bytes of the whole IPv4 packet, whose answer is as large; at least what the request takes.
        :return: the round trip in seconds.
        :raises MissingRight: by the Deferred: this process may open no such socket.
        :raises Unreachable: by the Deferred: no answer, or it could not be sent.
        """
        token = secrets.token_bytes(TOKEN_BYTES)

        def forget(result: Any) -> Any:
            self._asked.pop(token, None)
            return result

        answer: Deferred[float] = Deferred()
        self._asked[token] = _Asked(address, self._seconds(), answer)
        answer.addTimeout(timeout, self._time, onTimeoutCancel=_unanswered(address)).addBoth(forget)
        try:
            self._send(token.ljust(size - HEADS, b"\0"), address, source)
        except MissingRight as error:
            answer.errback(error)
        except OSError as error:
            answer.errback(Unreachable(f"{address} cannot be pinged: {error.strerror}"))
        return answer

    def stop(self) -> None:
        """Close; who waits is told that there is no answer."""
        for asked in list(self._asked.values()):
            asked.answer.errback(Unreachable("pinging ends"))
        self._unwatch()

    def _send(self, payload: bytes, address: str, source: str) -> None:
        if self._socket is None:
            self._watch(self._open())
        assert self._socket is not None
        self._sequence = (self._sequence + 1) & 0xFFFF
        request = encode_request(Echo(0, self._sequence, payload))
        info = struct.pack("=I4s4x", 0, socket.inet_aton(source or "0.0.0.0"))  # in_pktinfo of ip(7): no card, source
        self._socket.sendmsg([request], [(socket.IPPROTO_IP, IP_PKTINFO, info)] if source else [], 0, (address, 0))

    def _open(self) -> socket.socket:
        if self._refused:
            raise MissingRight(self._refused)
        for kind in self._kinds:
            try:
                opened = socket.socket(socket.AF_INET, kind | socket.SOCK_CLOEXEC, socket.IPPROTO_ICMP)
            except PermissionError:
                continue
            opened.setblocking(False)
            return opened
        self._refused = "this process may not ping: it takes CAP_NET_RAW, or its group in net.ipv4.ping_group_range"
        log.info("servers are not pinged: {why}", why=self._refused)
        raise MissingRight(self._refused)

    def _read_one(self, opened: socket.socket) -> None:
        packet, (source, _) = opened.recvfrom(READ_BYTES)
        raw = opened.type == socket.SOCK_RAW
        reply = decode_reply(without_head(packet) if raw else packet)
        asked = self._asked.get(reply.payload[:TOKEN_BYTES]) if reply is not None else None
        if asked is not None and asked.address == source and not asked.answer.called:
            asked.answer.callback(self._seconds() - asked.since)


def _unanswered(address: str) -> Callable[[Any, float], Any]:
    def told(_result: Any, timeout: float) -> Any:
        raise Unreachable(f"{address} did not answer a ping within {timeout:g} s")

    return told
