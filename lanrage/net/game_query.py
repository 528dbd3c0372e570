"""Asks game servers by their own protocols (``docs/game-formats.rst``): one socket, one question, one answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import CannotListenError

from lanrage.core.game_server import ServerFacts
from lanrage.errors import BadInput, Refused, Unanswered
from lanrage.net.game_query_far import FarQueries
from lanrage.net.game_query_tcp import StreamQuestion
from lanrage.net.game_query_udp import DatagramQuestion
from lanrage.wire.games import QUERIES, Query

TIMEOUT_S = 2.0
QUESTIONS_MOST = 64
"""Open at once: a list of a large party, refreshed; each holds a socket."""


@attrs.frozen
class Answer:
    """What a server answered.

    :param rtt: seconds from the last question to its answer; a question that was put again counts from then.
    """

    facts: ServerFacts
    rtt: float


def draw_token() -> int:
    """31 random bits, never 0."""
    return secrets.randbits(31) or 1


class QueryClient:
    """Asks; nothing of a question is left when it is answered, has failed, or was cancelled.

    :param draw: gives a question's token.
    :param far: asks what this program has no codec of its own for; None: nobody does.
    """

    def __init__(self, reactor: Any, draw: Callable[[], int] = draw_token, far: FarQueries | None = None) -> None:
        self._reactor = reactor
        self._draw = draw
        self._far = far if far is not None else FarQueries(reactor)
        self._open: set[Deferred[Answer]] = set()

    def known(self, query: str) -> bool:
        """There is such a protocol here (of the far ones: its library may still be missing)."""
        return query in QUERIES or self._far.known(query)

    def ask(
        self, query: str, host: str, port: int, source: str | None = None, timeout: float = TIMEOUT_S
    ) -> Deferred[Answer]:
        """Ask a server; the answer must come from the address that was asked.

        :param query: a name in :data:`lanrage.wire.games.QUERIES`, or one that the library `opengsq` knows.
        :param host: IPv4 or IPv6 address.
        :param source: our address that the question leaves from.
        :param timeout: seconds.
        :returns: fires with the answer; fails with :class:`Unanswered`, :class:`BadInput` for what cannot be asked,
            :class:`Refused` (``busy``) with too many questions, :class:`MissingRight` without a library.
        """
        try:
            self._check(query, host, port, timeout)
            asked = self._start(query, host, port, source, timeout)
        except Exception as error:  # pylint: disable=broad-exception-caught  # it is told, not swallowed
            return fail(error)
        self._open.add(asked)
        return asked.addBoth(self._done, asked)

    def stop(self) -> None:
        """Give up all questions; their Deferreds fail with ``CancelledError``."""
        for asked in list(self._open):
            asked.cancel()

    def _check(self, query: str, host: str, port: int, timeout: float) -> None:
        if not self.known(query):
            raise BadInput("query", f"there is no protocol {query[:40]!r}")
        try:
            ip_address(host)
        except ValueError as error:
            raise BadInput("host", "must be an IP address") from error
        if not 0 < port < 65_536:
            raise BadInput("port", "must be from 1 to 65535")
        if not 0 < timeout <= 60:
            raise BadInput("timeout", "must be more than 0 and at most 60 seconds")
        if len(self._open) >= QUESTIONS_MOST:
            raise Refused("busy", f"{QUESTIONS_MOST} servers are being asked already")

    def _start(self, query: str, host: str, port: int, source: str | None, timeout: float) -> Deferred[Answer]:
        known = QUERIES.get(query)
        try:
            if known is None:
                return self._far.ask(query, host, port, timeout).addCallback(_answer)
            question = self._question(known, host, port, source)
            question.start(timeout)
        except (OSError, CannotListenError) as error:
            raise Unanswered(f"{host}: the question cannot be asked here: {error}") from error
        return question.answer.addCallback(_answer)

    def _question(self, query: Query, host: str, port: int, source: str | None) -> StreamQuestion | DatagramQuestion:
        kind = StreamQuestion if query.tcp else DatagramQuestion
        return kind(self._reactor, query, (host, port), source or "", self._draw())

    def _done(self, result: Any, asked: Deferred[Answer]) -> Any:
        self._open.discard(asked)
        return result


def _answer(told: tuple[ServerFacts, float]) -> Answer:
    return Answer(*told)
