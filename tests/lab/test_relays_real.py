"""Two real relays between two nodes behind symmetric routers: one is killed, one is stopped under a stream."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from functools import partial
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import roles, teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import Lab, up
from lanrage.lab.ping import Pinger, stream
from lanrage.lab.process import Started, send
from tests.lab.bare import own

pytestmark = [pytest.mark.lab, pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")]

INTERVAL_S = 0.01
COUNT, STRIKE_AT = 600, 100
"""Packets of a stream, and after which one the relay is struck."""
OVER_S = 3.0
"""Seconds in which traffic must be over to the other relay."""


def _strike(process: Started, number: signal.Signals) -> None:
    send(process, number)


class RealRelaysTests(SynchronousTestCase):
    """A laboratory of two hosts and two relays."""

    name = own("trelays")

    def setUp(self) -> None:
        """Build it; nothing of it is left, whatever happens."""
        self.base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        self.addCleanup(teardown.down, self.name, Folder.of(self.name, self.base))
        self.lab, _ = up(Record(self.name, ("symmetric", "symmetric"), relays=2), self.base)
        self.pinger = Pinger()
        self.addCleanup(self.pinger.close)

    def relay_in_use(self, lab: Lab) -> str:
        """The role of the relay that the pair's traffic takes."""
        endpoint = lab.show()["pairs"][0]["endpoint"]
        return next(role for role, (host, _) in roles.RELAYS.items() if endpoint.startswith(f"{host}:"))

    def until_warm(self) -> None:
        """Wait until both ends hold a port at both relays."""
        deadline = time.monotonic() + 20.0
        while time.monotonic() < deadline:
            shown = [self.lab.call(host, "relays") for host in self.lab.plan.hosts]
            if all(row["usable"] for view in shown for member in view["members"] for row in member["relays"]):
                return
            time.sleep(0.2)
        self.fail(f"not both relays are usable: {shown}")

    def lost(self, role: str, number: signal.Signals) -> int:
        """Packets of a stream that were not answered while a relay got a signal."""
        addresses, (first, second) = self.lab.addresses(), self.lab.plan.hosts
        process = roles.running(self.lab.folder, role)
        assert process is not None
        way = (second.netns, addresses[first.name])
        return stream(self.pinger, [way], COUNT, {STRIKE_AT: partial(_strike, process, number)}, INTERVAL_S)[way]

    def test_relays(self) -> None:
        """Killed: over within three seconds. Stopped: nothing is lost.."""
        self.until_warm()
        struck = self.relay_in_use(self.lab)
        lost = self.lost(struck, signal.SIGKILL)
        self.assertLessEqual(lost * INTERVAL_S, OVER_S)
        self.assertNotEqual(self.relay_in_use(self.lab), struck)
        self.lab.start([struck])
        self.until_warm()
        struck = self.relay_in_use(self.lab)
        self.assertEqual(self.lost(struck, signal.SIGTERM), 0)
        self.assertNotEqual(self.relay_in_use(self.lab), struck)
