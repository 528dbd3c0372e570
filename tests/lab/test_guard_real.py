"""Full nodes guard their machines: a member reaches a game and no database, before, during and after a crash."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import tempfile
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import netns, roles, teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import Lab, up
from lanrage.lab.process import end, wait_for
from tests.lab.bare import own

DATABASE, GAME = 5432, 31337
PATIENCE_S = 20.0
REFUSED_S = 0.5


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")
class GuardTests(SynchronousTestCase):
    """Two hosts without routers."""

    name = own("tguard")

    def setUp(self) -> None:
        """A party of two, the first with a game server and a database."""
        base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        self.folder = Folder.of(self.name, base)
        self.addCleanup(teardown.down, self.name, self.folder)
        self.lab: Lab = up(Record(self.name, ("open", "open")), base)[0]
        self.one, self.other = self.lab.plan.hosts
        self.address = self.lab.addresses()[self.one.name]
        with contextlib.ExitStack() as stack, netns.entered(self.one.netns):
            for port in (DATABASE, GAME):
                server = stack.enter_context(socket.create_server(("0.0.0.0", port)))
                server.settimeout(0)
            self.addCleanup(stack.pop_all().close)

    def reaches(self, port: int) -> bool:
        """Whether the other host's connection to the first one's party address stands."""
        with netns.entered(self.other.netns):
            client = socket.socket()
        with client:
            client.settimeout(REFUSED_S)
            try:
                client.connect((self.address, port))
            except OSError:
                return False
        return True

    def tables(self) -> str:
        """The first host's tables."""
        with netns.entered(self.one.netns):
            return netns.run(["nft", "list", "tables"])

    def test_life(self) -> None:
        """The same is open all the time; the node names it; a flush is mended; a stop leaves nothing."""
        both = [self.reaches(GAME), self.reaches(DATABASE)]
        self.assertEqual([True, False], both)
        shown = self.lab.call(self.one, "lan.exposure")
        rows = {(row["proto"], row["port"]): row["reach"] for row in shown["services"]}
        self.assertEqual(("kept", "open"), (rows["tcp", DATABASE], rows["tcp", GAME]))
        with netns.entered(self.one.netns):
            netns.run(["nft", "flush", "ruleset"])
        wait_for("the guard", lambda: "lanrage-guard" in self.tables(), PATIENCE_S)
        self.assertFalse(self.reaches(DATABASE))
        facts = self.lab.call(self.one, "diagnose")
        self.assertEqual(1, facts["exposure"]["restored"])
        self.crash()
        self.stop()

    def crash(self) -> None:
        """A node that is killed leaves the guard with the tunnel; its next start takes both over."""
        process = roles.running(self.folder, self.one.name)
        assert process is not None
        end([process], first=signal.SIGKILL)
        self.assertIn("lanrage-guard", self.tables())
        self.assertFalse(self.reaches(DATABASE))
        started = roles.start(self.folder, self.lab.plan, self.one.name)
        roles.wait_ready(self.folder, self.lab.plan, [started])
        wait_for("the party", lambda: self.reaches(GAME), PATIENCE_S)
        self.assertFalse(self.reaches(DATABASE))

    def stop(self) -> None:
        """Nothing is left."""
        process = roles.running(self.folder, self.one.name)
        assert process is not None
        end([process], first=signal.SIGTERM)
        self.assertNotIn("lanrage-guard", self.tables())
