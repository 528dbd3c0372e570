"""A guest over the kernel's WireGuard at both ends: unicast through the serving node, and broadcasts both ways."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from ipaddress import IPv4Interface
from pathlib import Path

import attrs
import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import roles, teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.guest_device import PROGRAMS, GuestDevice
from lanrage.lab.guest_traffic import Ears, Hearing, Place, exchange, tell_all
from lanrage.lab.lab import Lab, up
from tests.lab.bare import own

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif("LANRAGE_KERNEL_VM" not in os.environ, reason="needs the virtual machine of make test-kernel"),
    pytest.mark.needs(*PROGRAMS),
]

HEARD_S = 30.0
"""The emulated machine is 10 to 30 times slower than a real one."""
PORT = 30_123


class TestKernelGuest(SynchronousTestCase):
    """What a user with kernel WireGuard has."""

    def test_guest(self) -> None:
        """The guest and a member beyond its serving node exchange datagrams; each hears the other's broadcast once."""
        base = Path(tempfile.mkdtemp(prefix="lanrage-kernel-guest-"))
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        name = own("tguest")
        self.addCleanup(teardown.down, name, Folder.of(name, base))
        whole, _ = up(Record(name, ("open", "open", "open")), base, nodes=False)
        *nodes, last = whole.plan.hosts
        lab = Lab(whole.folder, whole.record, attrs.evolve(whole.plan, hosts=tuple(nodes)))
        lab.start(roles.roles(lab.plan), timeout=120)
        lab.gather()
        added = lab.call(nodes[0], "party.guest_add", name="phone", address=nodes[0].address)
        device = GuestDevice(last, base / "wireguard")
        device.up(added["config"])
        guest = Place("guest", last.netns, IPv4Interface(f"{added['guest']['address']}/24"))
        member = Place("h2", nodes[1].netns, IPv4Interface(f"{lab.addresses()['h2']}/24"))
        self.assertEqual("kernel", lab.call(nodes[0], "status")["tunnel"]["kind"])
        self.assertIsNotNone(exchange(guest, member, PORT))
        self.assertIsNotNone(exchange(member, guest, PORT))
        for sender, listener in ((guest, member), (member, guest)):
            for way in ("subnet", "limited"):
                heard = self.heard(sender, way, listener)
                self.assertEqual((1, sender.ip), (heard.copies, heard.source), (sender.name, way))
        device.down()

    def heard(self, sender: Place, way: str, listener: Place) -> Hearing:
        """What came of a broadcast; a node of the emulated machine sees a new socket late."""
        ears = Ears([listener])
        end = time.monotonic() + HEARD_S
        try:
            while True:
                heard = tell_all(sender, way, ears, [listener])[listener.name]
                if heard.copies or time.monotonic() > end:
                    return heard
        finally:
            ears.close()
