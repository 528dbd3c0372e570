"""The datagram to the service manager, with a real socket in the place of systemd's."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.supervisor import TEXT_LIMIT, Supervisor

PID = 4711


class TakeTests(SynchronousTestCase):
    """What the environment says."""

    def take(self, **environment: str) -> Supervisor | None:
        """Read it; nothing of it is left for children."""
        found = Supervisor.take(environment, PID)
        self.assertEqual(environment, {})
        return found

    def test_nobody(self) -> None:
        """Without an address nobody wants to hear, whatever else is there."""
        self.assertIsNone(self.take())
        self.assertIsNone(self.take(WATCHDOG_USEC="1000000", WATCHDOG_PID=str(PID)))
        for address in ("", "@", "/", "run/notify", "vsock:2:1"):
            self.assertIsNone(self.take(NOTIFY_SOCKET=address))

    def test_watchdog(self) -> None:
        """It counts for the process that it names, or for whoever is there where it names none."""
        for environment, seconds in (
            ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(PID)}, 30.0),
            ({"WATCHDOG_USEC": "500000"}, 0.5),
            ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(PID + 1)}, None),
            ({"WATCHDOG_USEC": "0"}, None),
            ({"WATCHDOG_USEC": "-5"}, None),
            ({"WATCHDOG_USEC": "\u0663"}, None),
            ({}, None),
        ):
            found = self.take(NOTIFY_SOCKET="/run/notify", **environment)
            self.assertEqual(found, Supervisor("/run/notify", seconds))


class TellTests(SynchronousTestCase):
    """What arrives."""

    def setUp(self) -> None:
        """A socket as systemd has it."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-notify-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = str(self.folder / "notify")

    def listen(self, address: str) -> socket.socket:
        """A datagram socket that does not wait."""
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(ear.close)
        ear.setblocking(False)
        ear.bind(address)
        return ear

    def test_fields(self) -> None:
        """One datagram, one line a field."""
        ear = self.listen(self.path)
        self.assertTrue(Supervisor(self.path).tell(READY="1", STATUS="it is\nup"))
        self.assertEqual(ear.recv(4096), b"READY=1\nSTATUS=it is up")

    def test_abstract(self) -> None:
        """An address with an @ is no file."""
        name = f"lanrage-test-{os.getpid()}"
        ear = self.listen(f"\0{name}")
        self.assertTrue(Supervisor(f"@{name}").tell(WATCHDOG="1"))
        self.assertEqual(ear.recv(4096), b"WATCHDOG=1")

    def test_nobody_listens(self) -> None:
        """That is told, and is no error; nor is a manager that is too slow to take more."""
        self.assertFalse(Supervisor(self.path).tell(READY="1"))
        self.listen(self.path)
        told = [Supervisor(self.path).tell(STATUS="x" * TEXT_LIMIT) for _ in range(20_000)]
        self.assertTrue(told[0])
        self.assertFalse(told[-1])

    @given(st.text())
    def test_any_text(self, text: str) -> None:
        """No text makes a field of its own, or is too long for a datagram."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            name = f"lanrage-text-{os.getpid()}"
            ear.bind(f"\0{name}")
            ear.setblocking(False)
            if Supervisor(f"@{name}").tell(STATUS=text):
                [line] = ear.recv(65536).decode().split("\n")
                self.assertEqual(line, "STATUS=" + " ".join(text.split())[:TEXT_LIMIT])
