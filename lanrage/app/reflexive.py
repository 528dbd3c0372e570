"""How STUN reflectors see WireGuard's own port: asked from that very port, so that the NAT's mapping is the same."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.core.code import check_address
from lanrage.core.links import Endpoint
from lanrage.core.nat_probe import first_ports
from lanrage.core.stun_questions import SENDS, TRANSACTION_BYTES
from lanrage.errors import BadInput, DecodeError
from lanrage.net.threads import in_thread
from lanrage.wire.stun import Kind, Message, decode, encode

RETRIES = SENDS
"""Seconds after the start of a round at which the request goes out until answered."""
ROUND_INTERVAL = 25.0
"""Seconds between rounds: keeps the mapping open and notices a new one."""
RESOLVE_RETRY = 20.0
"""Seconds until names without an address are looked up again: a network that comes up late is common."""


@attrs.define
class _Question:
    reflector: Endpoint
    transaction: bytes = b""


class ReflexiveWatch:
    """Asks each reflector in turn, again and again, and tells of changes.

    :param send: from WireGuard's port.
    :param changed: called with the endpoints seen, in the reflectors' order, when they changed.
    :ivar found: called with the addresses of all reflectors, whenever they are asked anew. Of each host only the first
        port is asked here.
    :ivar noticed: called with the first endpoint seen, and the reflector that sees it, after `changed`.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        send: Callable[[bytes, Endpoint], None],
        changed: Callable[[tuple[Endpoint, ...]], None],
        random: Callable[[int], bytes],
    ) -> None:
        self._reactor = reactor
        self._send = send
        self._changed = changed
        self._random = random
        self._questions: list[_Question] = []
        self._seen: dict[Endpoint, Endpoint] = {}
        self._calls: list[IDelayedCall] = []
        self._resolving: Deferred[Any] | None = None
        self._told: tuple[Endpoint, ...] = ()
        self.found: Callable[[tuple[Endpoint, ...]], None] = lambda reflectors: None
        self.noticed: Callable[[Endpoint, Endpoint], None] = lambda seen, by: None

    @property
    def seen(self) -> tuple[Endpoint, ...]:
        """What the reflectors saw last, without repetition."""
        return self._told

    def use(self, reflectors: tuple[str, ...]) -> None:
        """Ask these reflectors (``host:port``) from now on, beginning at once."""
        self._cancel()
        fit = tuple(text for text in reflectors if self._fits(text))
        if all(_literal(text) for text in fit):
            self._begin([Endpoint.parse(text) for text in fit])
            return
        self._resolving = resolving = in_thread(self._reactor, _resolve, fit)
        resolving.addCallback(self._resolved, fit).addErrback(self._unresolved)

    def received(self, payload: bytes, source: Endpoint) -> None:
        """STUN came in at WireGuard's port."""
        question = next((q for q in self._questions if q.reflector == source), None)
        if question is None:
            return
        try:
            message = decode(payload)
        except DecodeError:
            return
        if message.kind is Kind.SUCCESS and message.mapped and message.transaction == question.transaction:
            self._seen[source] = message.mapped
            question.transaction = b""
            self._tell()

    def moved(self) -> None:
        """This machine's network changed: ask at once."""
        if self._questions and self._resolving is None:
            self._cancel()
            self._round()

    def stop(self) -> None:
        """Ask no more."""
        self._cancel()
        self._questions = []

    def _fits(self, text: str) -> bool:
        try:
            check_address(text, "reflector")
        except BadInput as error:
            self.log.warn("the control server names a reflector that cannot be: {error}", error=str(error))
            return False
        return True

    def _resolved(self, found: list[Endpoint], reflectors: tuple[str, ...]) -> None:
        self._begin(found)
        if len(found) < len(reflectors):
            self.log.warn("{count} reflectors have no address", count=len(reflectors) - len(found))
            self._calls.append(self._reactor.callLater(RESOLVE_RETRY, self.use, reflectors))

    def _unresolved(self, failure: Any) -> None:
        if not failure.check(CancelledError):
            self.log.failure("reflectors cannot be asked", failure)

    def _begin(self, reflectors: list[Endpoint]) -> None:
        self._resolving = None
        self._questions = [_Question(endpoint) for endpoint in first_ports(reflectors)]
        self._seen = {key: value for key, value in self._seen.items() if key in reflectors}
        self._round()
        self.found(tuple(dict.fromkeys(reflectors)))

    def _round(self) -> None:
        for question in self._questions:
            question.transaction = self._random(TRANSACTION_BYTES)
        self._calls = [self._reactor.callLater(delay, self._ask) for delay in RETRIES]
        self._calls.append(self._reactor.callLater(ROUND_INTERVAL, self._round))

    def _ask(self) -> None:
        for question in self._questions:
            if question.transaction:
                self._send(encode(Message(Kind.REQUEST, question.transaction)), question.reflector)

    def _tell(self) -> None:
        seen = tuple(dict.fromkeys(self._seen[q.reflector] for q in self._questions if q.reflector in self._seen))
        if seen != self._told:
            self._told = seen
            self.log.info("seen from outside as {seen}", seen=", ".join(map(str, seen)))
            self._changed(seen)
            first = next((q.reflector for q in self._questions if q.reflector in self._seen), None)
            if first is not None:
                self.noticed(self._seen[first], first)

    def _cancel(self) -> None:
        if self._resolving is not None:
            self._resolving.cancel()
            self._resolving = None
        for call in self._calls:
            if call.active():
                call.cancel()
        self._calls = []


def _literal(text: str) -> bool:
    try:
        ip_address(text.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
    return True


def _resolve(reflectors: tuple[str, ...]) -> list[Endpoint]:
    """Blocks; the names that do not resolve are left out."""
    found = []
    for text in reflectors:
        host, _, port = text.rpartition(":")
        try:
            for entry in socket.getaddrinfo(host.strip("[]"), int(port), socket.AF_INET, socket.SOCK_DGRAM)[:1]:
                found.append(Endpoint(str(entry[4][0]), int(port)))
        except (OSError, UnicodeError):  # no such name, or one that is none
            continue
    return found
