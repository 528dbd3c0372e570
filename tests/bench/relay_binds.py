"""Real tickets, real bindings: Anna's and Ben's sockets bind at a relay, many at once, and refresh."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping

import attrs

from lanrage.core.relay import Bind, BindRequest, Bound, Challenge, Message
from lanrage.core.tickets import binding_statement, pair_of
from lanrage.errors import DecodeError
from lanrage.wire.relay import decode, encode
from tests.core.relay_world import holder, ticket, wireguard

PATIENCE, TRIES = 0.5, 10
"""Seconds without an answer until the questions are put again, and how often."""
Answers = dict[int, Message]
"""By the relay's port."""


@attrs.frozen
class Half:
    """One end of a pair, to be bound.

    :param local: the relay's port.
    :param name: of the end, and of the other.
    """

    own: socket.socket
    local: int
    name: str
    other: str

    @property
    def transaction(self) -> bytes:
        """Of its binding: always the same, so that a refresh knows it."""
        return f"{self.local:08d}".encode()


def bind(host: str, halves: Iterable[Half]) -> None:
    """Bind all, those of one socket together.

    :raises AssertionError: when a relay does not bind one.
    """
    for own, group in _by_socket(halves).items():
        cookies = _ask(own, host, {half.local: BindRequest(half.transaction) for half in group}, (Challenge, Bound))
        proofs = {}
        for half in group:
            given = cookies[half.local]
            if isinstance(given, Challenge):
                pair = pair_of(wireguard(half.name), wireguard(half.other))
                signature = holder(half.name).sign(binding_statement(given.cookie, half.transaction, pair))
                proofs[half.local] = Bind(half.transaction, given.cookie, signature, ticket(half.name, half.other))
        _ask(own, host, proofs, (Bound,))


def refresh(host: str, halves: Iterable[Half]) -> None:
    """Keep all bound for another minute; those of which the answer goes to somebody else are not waited for."""
    for half in halves:
        half.own.sendto(encode(BindRequest(half.transaction)), (host, half.local))


def drain(own: socket.socket) -> None:
    """Forget what came."""
    own.setblocking(False)
    try:
        while True:
            own.recv(2048)
    except BlockingIOError:
        return


def _by_socket(halves: Iterable[Half]) -> dict[socket.socket, list[Half]]:
    groups: dict[socket.socket, list[Half]] = {}
    for half in halves:
        groups.setdefault(half.own, []).append(half)
    return groups


def _ask(
    own: socket.socket, host: str, questions: Mapping[int, Message], wanted: tuple[type, ...]
) -> dict[int, Message]:
    answers: Answers = {}
    own.settimeout(PATIENCE)
    for _ in range(TRIES):
        for local, question in questions.items():
            if local not in answers:
                own.sendto(encode(question), (host, local))
        while len(answers) < len(questions):
            try:
                data, source = own.recvfrom(2048)
                answer = decode(data)
            except DecodeError:
                continue
            except TimeoutError:
                break
            asked = questions.get(source[1]) if source[0] == host else None
            if asked is not None and isinstance(answer, wanted) and _transaction(answer) == _transaction(asked):
                answers[source[1]] = answer
        else:
            return answers
    raise AssertionError(f"{len(questions) - len(answers)} of {len(questions)} are not answered")


def _transaction(message: Message) -> bytes | None:
    found: bytes | None = getattr(message, "transaction", None)
    return found
