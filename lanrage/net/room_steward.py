"""The process outside as it speaks with the one inside a room (:mod:`lanrage.net.room_inside`)."""

from __future__ import annotations

import json
import os
import socket
from collections import deque
from collections.abc import Sequence
from typing import Any, Self

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.errors import LanrageError, MissingRight

GONE = "the process inside the room has ended"


class NotStarted(LanrageError):
    """The game cannot be started.

    :param status: the exit status that a shell would give.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@implementer(IReadDescriptor)
class Steward:
    """The room and the process in it. Make it by :meth:`enter`, and call :meth:`close` at the end.

    :ivar pid: of the process inside.
    :ivar namespace: a descriptor of the room's network.
    :ivar ended: fires with how the game ended, as :attr:`subprocess.Popen.returncode` says it.
    """

    def __init__(self, channel: socket.socket, pid: int, namespace: int) -> None:
        self._channel = channel
        self.pid = pid
        self.namespace = namespace
        self.ended: Deferred[int] = Deferred()
        self._reactor: IReactorFDSet | None = None
        self._asked: deque[Deferred[dict[str, Any]]] = deque()

    @classmethod
    def enter(cls, game: Sequence[str], node: int) -> Self:
        """Make a room; this process must have one thread.

        :param game: the program and its arguments, started later.
        :param node: process id of the node that is to give the room its card.
        :raises MissingRight: where the system forbids namespaces.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            _be_inside(ours, theirs, game, node)
        theirs.close()
        words, descriptors, _, _ = socket.recv_fds(ours, 4096, 1)
        if not descriptors:
            os.waitpid(pid, 0)
            ours.close()
            raise _error(json.loads(words) if words else {"error": GONE})
        return cls(ours, pid, descriptors[0])

    def attach(self, reactor: IReactorFDSet) -> None:
        """Listen for answers from now on."""
        self._channel.setblocking(False)
        self._reactor = reactor
        reactor.addReader(self)

    def dress(self, card: dict[str, Any]) -> Deferred[dict[str, Any]]:
        """Set the card up that the node has plugged in.

        :param card: what ``run.open`` gave.
        """
        return self._ask({"card": card})

    async def start(self) -> int:
        """Start the game; its process id.

        :raises NotStarted: where there is no such program.
        """
        answer = await self._ask({"start": True})
        return int(answer["pid"])

    def close(self) -> None:
        """End the process inside, and with it a game that still runs (by SIGTERM)."""
        if self._reactor is not None:
            self._reactor.removeReader(self)
        self._channel.close()
        os.waitpid(self.pid, 0)
        os.close(self.namespace)

    def _ask(self, order: dict[str, Any]) -> Deferred[dict[str, Any]]:
        try:
            self._channel.send(json.dumps(order).encode())
        except OSError:
            return fail(LanrageError(GONE))
        self._asked.append(Deferred())
        return self._asked[-1]

    # --- for the reactor ----------------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """The channel's descriptor."""
        return self._channel.fileno()

    def logPrefix(self) -> str:
        """Names this descriptor in the log."""
        return "room"

    def doRead(self) -> None:
        """One answer."""
        try:
            words = self._channel.recv(4096)
        except BlockingIOError:
            return
        if not words:
            self.connectionLost(Failure(LanrageError(GONE)))
            return
        message = json.loads(words)
        if "ended" in message:
            self.ended.callback(message["ended"])
        elif "error" in message:
            self._asked.popleft().errback(_error(message))
        else:
            self._asked.popleft().callback(message)

    def connectionLost(self, reason: Failure) -> None:
        """Nobody is inside any more."""
        if self._reactor is not None:
            self._reactor.removeReader(self)
            self._reactor = None
        while self._asked:
            self._asked.popleft().errback(reason)
        if not self.ended.called:
            self.ended.errback(reason)


def _be_inside(ours: socket.socket, theirs: socket.socket, game: Sequence[str], node: int) -> None:
    """The forked process; never returns."""
    status = 1
    try:
        ours.close()
        from lanrage.net.room_inside import live

        status = live(theirs, game, node)
    finally:
        os._exit(status)


def _error(message: dict[str, Any]) -> LanrageError:
    if "status" in message:
        return NotStarted(message["error"], message["status"])
    kind = MissingRight if message.get("code") == MissingRight.code else LanrageError
    return kind(message["error"])
