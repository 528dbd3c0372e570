"""What the kernel tells of programs that start and end."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import subprocess
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.errors import MissingRight
from lanrage.net.process_ends import ProcessEnds, open_process
from lanrage.net.process_events import EVENT_EXEC, EVENT_NONE, NEAR, TOGETHER, ProcessEvents, exec_filter, request
from tests.net.test_network_events import FakeSocket
from tests.reader_clock import ReaderClock


def event(what: int, first: int, second: int) -> bytes:
    """A message of the connector."""
    head = struct.pack("=IHHII", 76, 3, 0, 0, 0) + struct.pack("=IIIIHHI", 1, 1, 0, 0, 40, 0, what)
    return head + bytes(12) + struct.pack("=II", first, second) + bytes(16)


class ReadingTests(SynchronousTestCase):
    """Messages, some of which no kernel sends."""

    def setUp(self) -> None:
        """A connector that is open on nothing."""
        self.clock = ReaderClock()
        self.clock.advance(100.0)
        self.events: Any = ProcessEvents(self.clock)  # type: ignore[arg-type]
        self.started: list[int] = []
        self.missed: list[None] = []
        self.events._started, self.events._missed = self.started.append, lambda: self.missed.append(None)

    def read(self, *came: bytes | OSError, sender: int = 0) -> None:
        """Let these come."""
        self.events._socket = FakeSocket(*came, sender=sender)
        self.clock.readers.append(self.events)
        self.events.doRead()

    def test_execs(self) -> None:
        """The process, not its thread; other kinds, other senders and scraps say nothing."""
        self.read(event(EVENT_EXEC, 12, 11), event(1, 5, 5), b"x" * 20, b"")
        self.assertEqual(self.started, [11])
        self.read(event(EVENT_EXEC, 12, 13), sender=4711)
        self.assertEqual((self.started, self.missed), ([11], []))

    def test_overflow(self) -> None:
        """What did not fit is told as missed, and what comes behind it is read."""
        self.read(OSError(errno.ENOBUFS, "full"), event(EVENT_EXEC, 9, 9))
        self.assertEqual((self.started, self.missed), ([9], [None]))

    def test_under_load(self) -> None:
        """Events that come one after another are left to gather, without the reactor, until none come."""
        self.read(event(EVENT_EXEC, 1, 1))
        self.assertEqual(self.clock.readers, [self.events])
        self.clock.advance(NEAR / 2)
        self.events._socket.came = [event(EVENT_EXEC, 2, 2)]
        self.events.doRead()
        self.assertEqual(self.clock.readers, [])
        self.events._socket.came = [event(EVENT_EXEC, 3, 3), event(EVENT_EXEC, 4, 4)]
        self.clock.advance(TOGETHER)
        self.assertEqual((self.started, self.clock.readers), ([1, 2, 3, 4], []))
        self.clock.advance(TOGETHER)
        self.assertEqual((self.clock.readers, self.clock.getDelayedCalls()), ([self.events], []))

    def test_filter(self) -> None:
        """The kernel lets execs and answers through, and nothing else, on a real socket."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours, theirs:
            from lanrage.net import bpf

            bpf.attach(ours, exec_filter())
            for what in (1, EVENT_EXEC, 0x80000000, EVENT_NONE, 4):
                theirs.send(event(what, 7, 7))
            ours.setblocking(False)
            found = [struct.unpack_from("=I", ours.recv(1024), 36)[0] for _ in range(2)]
            self.assertEqual(found, [EVENT_EXEC, EVENT_NONE])
            self.assertRaises(BlockingIOError, ours.recv, 1024)

    def test_answers(self) -> None:
        """Agreed, refused with the kernel's word, or silent: then it is closed, and no call is left."""
        for answer, told in ((0, None), (errno.EPERM, "Operation not permitted"), (None, "does not answer")):
            clock = ReaderClock()
            events: Any = ProcessEvents(clock)  # type: ignore[arg-type]
            events._listen = lambda events=events: events._watch(FakeOpen())
            outcome: list[Any] = []
            opened: Deferred[None] = events.open(self.started.append, lambda: None)
            opened.addBoth(outcome.append)
            if answer is None:
                clock.advance(1.0)
            else:
                events._read_one(FakeSocket(event(EVENT_NONE, answer, 0)))
            if told is None:
                self.assertEqual((outcome, clock.readers), ([None], [events]))
            else:
                self.assertIn(told, str(outcome[0].value))
                outcome[0].trap(MissingRight)
                self.assertEqual(clock.readers, [])
            events.close()
            self.assertEqual((clock.readers, clock.getDelayedCalls()), ([], []))

    def test_request(self) -> None:
        """As <linux/connector.h> and <linux/netlink.h> lay it out."""
        self.assertEqual(struct.unpack("=IHHIIIIIIHHI", request(1)), (40, 3, 0, 0, 0, 1, 1, 0, 0, 4, 0, 1))


class FakeOpen(FakeSocket):
    """A socket that takes and gives nothing."""

    def send(self, data: bytes) -> int:
        """Taken."""
        return len(data)

    def close(self) -> None:
        """Closed."""

    def fileno(self) -> int:
        """None."""
        return -1


def process_descriptors() -> int:
    """How many of this process' descriptors are of processes."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the list itself
            found += os.readlink(f"/proc/self/fd/{name}").endswith("[pidfd]")
    return found


class RealTests(TestCase):
    """A real kernel."""

    def setUp(self) -> None:
        """The reactor."""
        from twisted.internet import reactor

        self.reactor: Any = reactor

    @pytest.mark.needs("net-admin")
    def test_exec(self) -> Deferred[None]:
        """A program that starts is told of, once for each exec; after close nothing is."""
        seen: list[int] = []
        events = ProcessEvents(self.reactor)
        waiting: Deferred[None] = Deferred()

        def started(pid: int) -> None:
            seen.append(pid)
            if program and pid == program[0].pid and not waiting.called:
                waiting.callback(None)

        program: list[subprocess.Popen[bytes]] = []

        async def look() -> None:
            await events.open(started, lambda: None)
            program.append(subprocess.Popen(["sleep", "30"]))  # pylint: disable=consider-using-with
            try:
                if program[0].pid not in seen:
                    await waiting
            finally:
                events.close()
                program[0].kill()
                program[0].wait()
            self.assertEqual(events.fileno(), -1)

        return Deferred.fromCoroutine(look()).addTimeout(10.0, self.reactor)

    def test_ends(self) -> Deferred[None]:
        """The end of a process is told once; of one that is forgotten it is not; no descriptor is left."""
        before, told = process_descriptors(), list[int]()
        waiting: Deferred[None] = Deferred()

        def ended(pid: int) -> None:
            told.append(pid)
            waiting.callback(None)

        ends = ProcessEnds(self.reactor, ended)
        one, other = (subprocess.Popen(["sleep", "30"]) for _ in range(2))  # pylint: disable=consider-using-with
        for each in (one, other):
            for _ in range(2):
                descriptor = open_process(each.pid)
                assert descriptor is not None
                ends.watch(each.pid, descriptor)
        self.assertEqual((len(ends), one.pid in ends), (2, True))
        self.assertTrue(ends.forget(other.pid))
        for each in (other, one):
            each.kill()
            each.wait()

        def done(_: Any) -> None:
            self.assertEqual(told, [one.pid])
            ends.close()
            self.assertEqual(len(ends), 0)
            self.assertEqual(process_descriptors(), before)

        return waiting.addCallback(done).addTimeout(10.0, self.reactor)

    def test_no_such_process(self) -> None:
        """One that is gone has no descriptor."""
        with subprocess.Popen(["true"]) as gone:
            gone.wait()
        self.assertIsNone(open_process(gone.pid))
