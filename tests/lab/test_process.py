"""Processes are known by pid and start time, and end without fail."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time

import hypothesis.strategies as st
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.netns import LabError
from lanrage.lab.ping import read_reply
from lanrage.lab.process import Started, alive, end, send, start_ticks, wait_for
from lanrage.wire.echo import Echo, checksum, encode_request


class ProcessTests(SynchronousTestCase):
    """A child that sleeps."""

    def child(self, code: str = "import time; time.sleep(600)") -> Started:
        """Start it; it is killed at the test's end."""
        # pylint: disable-next=consider-using-with
        process = subprocess.Popen([sys.executable, "-c", f"print(1, flush=True); {code}"], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.read(1)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        return Started("x", process.pid, start_ticks(process.pid) or 0)

    def test_end(self) -> None:
        """It ends at SIGTERM; ending it again is no error."""
        child = self.child()
        self.assertTrue(alive(child))
        end([child])
        self.assertFalse(alive(child))
        end([child])
        self.assertFalse(send(child, signal.SIGTERM))

    def test_other_start_time(self) -> None:
        """A process that got the pid later is left alone."""
        child = self.child()
        end([Started("x", child.pid, child.ticks - 1)], grace=0.1)
        self.assertFalse(send(Started("x", child.pid, child.ticks - 1), signal.SIGKILL))
        self.assertTrue(alive(child))

    def test_stubborn(self) -> None:
        """One that ignores SIGTERM is killed after the grace."""
        child = self.child("import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)")
        begin = time.monotonic()
        end([child], grace=0.2)
        self.assertFalse(alive(child))
        self.assertLess(time.monotonic() - begin, 5)

    def test_gone(self) -> None:
        """A pid that nobody has is no process."""
        self.assertIsNone(start_ticks(2**22 + 1))
        self.assertIsNotNone(start_ticks(os.getpid()))

    def test_wait(self) -> None:
        """What does not come to hold is named."""
        wait_for("x", lambda: True, 0)
        with self.assertRaises(LabError) as caught:
            wait_for("the moon rises", lambda: False, 0.02)
        self.assertIn("the moon rises", str(caught.exception))


class PingTests(SynchronousTestCase):
    """ICMP echo."""

    @given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(5, 15))
    def test_round_trip(self, ident: int, sequence: int, words: int) -> None:
        """The request's checksum holds; its answer is read by the one who asked only."""
        request = encode_request(Echo(ident, sequence))
        self.assertEqual(checksum(request), 0)
        reply = bytes([0x40 | words]) + bytes(4 * words - 1) + b"\0" + request[1:]
        self.assertEqual(read_reply(reply, ident), sequence)
        self.assertIsNone(read_reply(reply, ident ^ 1))
        self.assertIsNone(read_reply(reply[: 4 * words] + request, ident))

    @given(st.binary(max_size=90))
    def test_any_bytes(self, data: bytes) -> None:
        """No packet raises."""
        read_reply(data, struct.unpack("!H", data[-2:])[0] if len(data) > 1 else 0)
