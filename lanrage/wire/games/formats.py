"""What a game's LAN announcement and its live query are to the rest (sockets: ``lanrage.net.game_query``)."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError

DATAGRAM_BYTES = 16_384
"""No game's announcement or answer comes near; what is larger is refused unread."""


@attrs.frozen
class Reply:
    """What must be sent to the server before it tells more."""

    payload: bytes


@attrs.frozen
class Group:
    """Where a game's servers send their answers, if not to the asker.

    :param address: the multicast group, dotted.
    """

    address: str
    port: int


@attrs.frozen
class Format:
    """How one game describes a server.

    :param name: unique; also in :attr:`ServerFacts.format`.
    :param announced_at: UDP ports to which hosts send it unasked, or by broadcast; empty: only who asks gets it.
    :param reader: payload and source port to facts, ``None`` for something else.
    """

    name: str
    announced_at: tuple[int, ...]
    reader: Callable[[bytes, int], ServerFacts | None]

    def read(self, payload: bytes, source_port: int) -> ServerFacts | None:
        """A server's facts, or None for a payload that is not of this format.

        :param source_port: where the datagram came from.
        :raises DecodeError: for one that is, and is broken.
        """
        if len(payload) > DATAGRAM_BYTES:
            raise DecodeError(f"{self.name}: more than {DATAGRAM_BYTES} bytes")
        return self.reader(payload, source_port)


@attrs.frozen
class Query:
    """How a server is asked: from any port. One that answers its game's own port alone has no query, as the question
    would hold the port that the game here wants to have.

    :param name: as the profiles call it.
    :param ports: where its servers listen by default, the usual one first.
    :param opener: token to the first datagrams (bytes of the stream with `tcp`), all sent at once.
    :param reader: an answer (all of the stream up to now with `tcp`) and the token to facts, a reply to send, or None
        for what is no answer (with `tcp`: not yet).
    :param tcp: over a TCP connection.
    :param group: the answer goes there instead of to the asker.
    :param farewell: the answer to what is sent after it, so that the server keeps nothing of the question.
    """

    name: str
    ports: tuple[int, ...]
    opener: Callable[[int], tuple[bytes, ...]]
    reader: Callable[[bytes, int], ServerFacts | Reply | None]
    tcp: bool = False
    group: Group | None = None
    farewell: Callable[[bytes], bytes] | None = None

    def opening(self, token: int) -> tuple[bytes, ...]:
        """What is sent first.

        :param token: 31 random bits; what a stranger does not know, he cannot answer.
        """
        return self.opener(token)

    def read(self, datagram: bytes, token: int) -> ServerFacts | Reply | None:
        """Understand what came back.

        :raises DecodeError: for a broken answer.
        """
        if len(datagram) > DATAGRAM_BYTES:
            raise DecodeError(f"{self.name}: more than {DATAGRAM_BYTES} bytes")
        return self.reader(datagram, token)
