"""A router that rebinds, and relays that are cut off, in real namespaces; what WireGuard itself tells."""

from __future__ import annotations

import tempfile
from pathlib import Path

import attrs
import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import teardown, wireguard
from lanrage.lab.cuts import REBIND_FIRST, cut_relays, rebind
from lanrage.lab.netns import LabError, udp_socket
from lanrage.lab.plan import PUBLIC_ADDRESSES, RELAY_PORTS, make_plan
from tests.lab.bare import bare_lab
from tests.lab.natcheck import Observer, receive


@pytest.mark.needs("root", "ip", "nft")
class CutTests(SynchronousTestCase):
    """Packets."""

    def test_rebind(self) -> None:
        """A client is mapped to another port at once, each time to another, and still to one for all endpoints."""
        with bare_lab("trebind", "restricted") as lab:
            observer = Observer(lab.plan)
            observer.open()
            self.addCleanup(observer.close)
            client = observer.client(lab.plan.hosts[0])
            seen = [observer.mapped(client)]
            for number in range(2):
                rebind(lab.plan.routers[0], number)
                seen.append(observer.mapped(client))
                self.assertEqual(observer.mapped(client, 1), seen[-1])
            self.assertEqual(len(set(seen)), 3)
            self.assertGreaterEqual(seen[1][1], REBIND_FIRST)

    def test_relays(self) -> None:
        """Nothing comes to a relay's port while it is cut; other ports of the same address go on."""
        with bare_lab("tcut", "open") as lab:
            first = int(RELAY_PORTS.partition("-")[0])
            ports = {port: udp_socket(lab.plan.public, PUBLIC_ADDRESSES[0], port) for port in (first, 3478)}
            client = udp_socket(lab.plan.hosts[0].netns)
            for made in (client, *ports.values()):
                self.addCleanup(made.close)
            for cut in (False, True, False):
                cut_relays(lab.plan, cut)
                for port, there in ports.items():
                    client.sendto(b"?", (PUBLIC_ADDRESSES[0], port))
                    self.assertEqual(receive(there) is None, cut and port == first, (cut, port))


class WireGuardTests(SynchronousTestCase):
    """Asking."""

    def test_silent(self) -> None:
        """A WireGuard that hangs up, or whose namespace is not there, is an error of the laboratory."""
        with tempfile.TemporaryDirectory() as name:
            self.patch(teardown, "WIREGUARD_SOCKETS", Path(name))
            self.patch(wireguard, "WIREGUARD_SOCKETS", Path(name))
            host = attrs.evolve(make_plan("nowhere", ["open"]).hosts[0], tunnel_device="t")
            with self.assertRaises(LabError):
                wireguard.endpoints(host)
