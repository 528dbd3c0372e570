"""A party over the kernel's WireGuard: two nodes behind a NAT's two sides, a direct path, a LAN broadcast."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import up
from lanrage.lab.netns import entered
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.result import Result
from tests.lab.bare import own

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif("LANRAGE_KERNEL_VM" not in os.environ, reason="needs the virtual machine of make test-kernel"),
]

HEARD_S = 20.0
"""The emulated machine is 10 to 30 times slower than a real one."""


class TestKernelParty(SynchronousTestCase):
    """What a user with kernel WireGuard has."""

    def test_party(self) -> None:
        """Two nodes meet directly over kernel WireGuard, and a broadcast of one is heard on the other."""
        base = Path(tempfile.mkdtemp(prefix="lanrage-kernel-party-"))
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        name = own("tkernel")
        self.addCleanup(teardown.down, name, Folder.of(name, base))
        lab, _ = up(Record(name, ("open", "restricted")), base)
        result = Result("kernel")
        settle(lab, result, expected_paths(lab.plan), timeout=60.0)
        self.assertEqual(result.shortfalls, [])
        kinds = {host.name: lab.call(host, "status")["tunnel"]["kind"] for host in lab.plan.hosts}
        self.assertEqual(kinds, {"h1": "kernel", "h2": "kernel"})
        self.assertEqual(self.broadcast(lab.plan.hosts[1].netns, lab.plan.hosts[0].netns), lab.addresses()["h2"])

    def broadcast(self, sender: str, listener: str) -> str:
        """Source address of a broadcast that one host sends, as the other hears it."""
        with entered(listener):
            ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with entered(sender):
            mouth = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with ear, mouth:
            ear.bind(("", 27960))
            ear.settimeout(1.0)
            mouth.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            end = time.monotonic() + HEARD_S
            while time.monotonic() < end:
                mouth.sendto(b"who is there", ("255.255.255.255", 27960))
                try:
                    return str(ear.recvfrom(64)[1][0])
                except TimeoutError:
                    continue
        return "nobody"
