"""What the door does by itself as time passes, the reactor in memory."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import ILogObserver, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from lanrage.app.control_door import LOOK_INTERVAL, WARNING, Door, DoorSettings
from lanrage.core.identity import SigningKey
from lanrage.core.server_certificate import LIFETIME
from lanrage.net.front import FrontFactory
from lanrage.store.certificate import CERTIFICATE
from tests.fakes_channel import MemoryNetwork, RecordingDesk
from tests.fakes_control import seeded
from tests.fakes_tls import DAY, FakeAuthority


@implementer(ILogObserver)
@attrs.frozen(eq=False)
class Ear:
    """Keeps the door's warnings."""

    warnings: list[str]

    def __call__(self, event: Any) -> None:
        """Keep."""
        if event.get("log_level") == LogLevel.warn and "trouble" in event:
            self.warnings.append(event["trouble"])


class DoorLifeTests(SynchronousTestCase):
    """Certificates that are looked after."""

    def setUp(self) -> None:
        """A clock, a folder, and an ear for warnings."""
        self.reactor = MemoryReactorClock()
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-door-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.began = time.time()
        self.warnings: list[str] = []
        hear = Ear(self.warnings)
        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)

    def open(self, settings: DoorSettings) -> Door:
        """A door that listens."""
        key = SigningKey(seeded("server"))
        door = Door(self.reactor, settings, self.folder, key, lambda: self.began + self.reactor.seconds(), os.urandom)
        inner = MemoryNetwork(clock=self.reactor).serve("server:1", RecordingDesk())
        work = door.open("tcp:7766", inner)
        with self.assertRaises(StopIteration):
            work.send(None)
        self.assertEqual((7766, FrontFactory), (self.reactor.tcpServers[0][0], type(self.reactor.tcpServers[0][1])))
        return door

    def context(self, door: Door) -> Any:
        """What the next handshake is answered with."""
        assert door._source is not None
        return door._source.context

    def shut(self, door: Door) -> None:
        """After the stop nothing is left."""
        self.successResultOf(door.stop_listening())
        self.assertEqual((None, []), (door.address, self.reactor.getDelayedCalls()))

    def test_own_certificate(self) -> None:
        """It stays for most of a year and is replaced before it expires, in its file, too; a lost file is made anew."""
        door = self.open(DoorSettings())
        first, pem = self.context(door), (self.folder / CERTIFICATE).read_bytes()
        self.reactor.advance(LOOK_INTERVAL)
        self.assertIs(first, self.context(door))
        self.reactor.advance(LIFETIME.total_seconds() - 30 * DAY)
        second = self.context(door)
        self.assertIsNot(first, second)
        self.assertNotEqual(pem, (self.folder / CERTIFICATE).read_bytes())
        (self.folder / CERTIFICATE).unlink()
        self.reactor.advance(LOOK_INTERVAL)
        self.assertTrue((self.folder / CERTIFICATE).exists())
        self.assertEqual([], self.warnings)
        self.shut(door)

    def test_files_of_an_authority(self) -> None:
        """New files count within 10 s; broken ones are warned of once, however long they stay."""
        authority = FakeAuthority(self.began)
        certificate, key = authority.write(self.folder, authority.issue("a.example"))
        door = self.open(DoorSettings.parse(str(certificate), str(key), ""))
        first = self.context(door)
        authority.write(self.folder, authority.issue("a.example"))
        self.reactor.advance(LOOK_INTERVAL)
        second = self.context(door)
        self.assertIsNot(first, second)
        certificate.write_bytes(b"half a cert")
        for _ in range(5):
            self.reactor.advance(LOOK_INTERVAL)
        self.assertIs(second, self.context(door))
        self.assertEqual(1, len(self.warnings))
        self.assertIn("the old one still is: tls-certificate: the file holds no certificate", self.warnings[0])
        authority.write(self.folder, authority.issue("a.example"))
        self.reactor.advance(LOOK_INTERVAL)
        self.assertIsNot(second, self.context(door))
        self.shut(door)

    def test_a_certificate_that_nobody_renews(self) -> None:
        """A week before a CA's certificate expires the log says so, once; a new one settles it."""
        authority = FakeAuthority(self.began)
        certificate, key = authority.write(self.folder, authority.issue("a.example"))
        door = self.open(DoorSettings.parse(str(certificate), str(key), ""))
        self.reactor.advance(30 * DAY - WARNING - 2 * LOOK_INTERVAL)
        self.assertEqual([], self.warnings)
        for _ in range(4):
            self.reactor.advance(LOOK_INTERVAL)
        self.assertEqual(1, len(self.warnings))
        self.assertIn("expires within a week", self.warnings[0])
        authority.write(self.folder, authority.issue("a.example", last=90.0))
        for _ in range(4):
            self.reactor.advance(LOOK_INTERVAL)
        self.assertEqual(1, len(self.warnings))
        self.shut(door)
