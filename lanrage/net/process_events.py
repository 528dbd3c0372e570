"""What the kernel tells of programs that start: its process connector (<linux/cn_proc.h>).

A socket filter lets nothing but ``exec`` through: a compiler's forks, exits and threads never wake us. How processes
end is told by descriptors of those that one wants to know of (:mod:`lanrage.net.process_ends`).

The connector needs CAP_NET_ADMIN in the machine's first user namespace, and the first process namespace; elsewhere it
refuses, or says nothing at all.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorFDSet, IReactorTime
from twisted.logger import Logger

from lanrage.errors import MissingRight
from lanrage.net import bpf
from lanrage.net.socket_reader import SocketReader

NETLINK_CONNECTOR = 11
CN_IDX_PROC = CN_VAL_PROC = 1
LISTEN, IGNORE = 1, 2
"""PROC_CN_MCAST_LISTEN, PROC_CN_MCAST_IGNORE."""
EVENT_NONE, EVENT_EXEC = 0, 2
"""PROC_EVENT_NONE, with which the kernel answers, and PROC_EVENT_EXEC."""
NLMSG_DONE = 3

_NETLINK = struct.Struct("=IHHII")
_CONNECTOR = struct.Struct("=IIIIHHI")
_WHAT_AT, _DATA_AT = 36, 52
"""Where an event's kind and its own fields are: behind the headers of netlink and connector, and behind its time."""
_WHAT = struct.Struct("=I")
_FIELDS = struct.Struct("=II")
LARGEST = 1024
"""Bytes; an event has 76."""
RECEIVE_BUFFER = 1 << 19
"""Bytes; some 600 execs while the reactor does something else. What does not fit is told as missed."""
ANSWER_TIMEOUT = 1.0
"""Seconds; the kernel answers within the call that asks, or not at all."""
NEAR = 0.05
"""Seconds: when events wake us again within them, a build runs, and the next ones are read together."""
TOGETHER = 0.02
"""Seconds for which events are let gather then: a compiler's cost a quarter, and a game is noticed that much later."""
NOT_TOLD = "the kernel does not tell of new processes here"

log = Logger()


class ConnectorReactor(IReactorFDSet, IReactorTime):
    """The sides of the reactor that are used here."""


def exec_filter() -> list[bpf.Instruction]:
    """Accept execs and answers; the kernel compares in network order what it wrote in the machine's."""

    def swapped(what: int) -> int:
        return int.from_bytes(_WHAT.pack(what), "big")

    return [
        (bpf.LOAD_WORD, 0, 0, _WHAT_AT),
        (bpf.JUMP_EQUAL, 1, 0, swapped(EVENT_EXEC)),
        (bpf.JUMP_EQUAL, 0, 1, swapped(EVENT_NONE)),
        bpf.ACCEPT,
        bpf.REFUSE,
    ]


def request(what: int) -> bytes:
    """A message to the connector."""
    body = _CONNECTOR.pack(CN_IDX_PROC, CN_VAL_PROC, 0, 0, _WHAT.size, 0, what)
    return _NETLINK.pack(_NETLINK.size + len(body), NLMSG_DONE, 0, 0, 0) + body


class ProcessEvents(SocketReader):
    """Listens from :meth:`open` to :meth:`close`."""

    prefix = "process"
    _reactor: ConnectorReactor

    def __init__(self, reactor: ConnectorReactor) -> None:
        super().__init__(reactor)
        self._started: Callable[[int], None] = lambda pid: None
        self._missed: Callable[[], None] = lambda: None
        self._answer: Deferred[None] | None = None
        self._patience: IDelayedCall | None = None
        self._gathering: IDelayedCall | None = None
        self._woken = float("-inf")
        self._some = False

    def open(self, started: Callable[[int], None], missed: Callable[[], None]) -> Deferred[None]:
        """Begin; fires when the kernel has agreed.

        :param started: called with the process that runs another program now; it must not raise.
        :param missed: called when events were lost: what runs must be looked at anew.
        :raises MissingRight: by the Deferred: why it does not tell.
        """
        self._started, self._missed = started, missed
        answer = self._answer = Deferred(lambda _: self.close())
        try:
            self._listen()
        except OSError as error:
            self._refused(f"{NOT_TOLD}: {error.strerror}")
        else:
            self._patience = self._reactor.callLater(ANSWER_TIMEOUT, self._refused, f"{NOT_TOLD}: it does not answer")
        return answer

    def _listen(self) -> None:
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        opened = socket.socket(socket.AF_NETLINK, kind, NETLINK_CONNECTOR)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            bpf.replace(opened, exec_filter())
            opened.bind((0, CN_IDX_PROC))
            opened.send(request(LISTEN))
        except OSError:
            opened.close()
            raise
        self._watch(opened)

    def close(self) -> None:
        """End; one that is closed is no error. Who waits for the kernel's answer is told that there is none."""
        answer = self._settle()
        if answer is not None:
            answer.errback(MissingRight(f"{NOT_TOLD}: it was closed before it answered"))
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._socket is not None:
            try:
                self._socket.send(request(IGNORE))
            except OSError as error:
                log.debug("the process connector was not told: {error}", error=error.strerror)
        self._unwatch()

    def doRead(self) -> None:
        """Twisted: take what has come; under load leave the next ones to :meth:`_gathered`."""
        before, self._woken = self._woken, self._reactor.seconds()
        super().doRead()
        if self._socket is not None and self._woken - before < NEAR:
            self._reactor.removeReader(self)
            self._gathering = self._reactor.callLater(TOGETHER, self._gathered)

    def _gathered(self) -> None:
        self._gathering, self._some = None, False
        super().doRead()
        if self._socket is None:
            return
        if self._some:
            self._woken = self._reactor.seconds()
            self._gathering = self._reactor.callLater(TOGETHER, self._gathered)
        else:
            self._reactor.addReader(self)

    def _settle(self) -> Deferred[None] | None:
        answer, self._answer = self._answer, None
        patience, self._patience = self._patience, None
        if patience is not None and patience.active():
            patience.cancel()
        return answer

    def _refused(self, sentence: str) -> None:
        answer = self._settle()
        self.close()
        if answer is not None:
            answer.errback(MissingRight(sentence))

    def _read_one(self, opened: socket.socket) -> None:
        try:
            data, (sender, _groups) = opened.recvfrom(LARGEST)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            self._missed()
            return
        self._some = True
        if sender != 0 or len(data) < _DATA_AT + _FIELDS.size:  # only the kernel, which has no port, tells the truth
            return
        (what,) = _WHAT.unpack_from(data, _WHAT_AT)
        first, second = _FIELDS.unpack_from(data, _DATA_AT)
        if what == EVENT_EXEC:
            self._started(second)  # the process; the first one is the thread that did it
        elif what == EVENT_NONE and self._answer is not None:
            self._answered(first)

    def _answered(self, code: int) -> None:
        """The kernel's answer to whoever asked; ours came first, since others' go to all."""
        if code:
            self._refused(f"{NOT_TOLD}: {os.strerror(code)}")
            return
        answer = self._settle()
        if answer is not None:
            answer.callback(None)
