"""The broadcast check judges rightly: a real LAN passes it, and a fault on that LAN is named."""

from __future__ import annotations

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import netns
from lanrage.lab.broadcasts import Row, report, run
from lanrage.lab.lab import Lab
from lanrage.lab.listeners import CARD
from lanrage.lab.plan import Host
from lanrage.lab.result import Result
from tests.lab.bare import bare_lab


def wear(host: Host, gateway: str) -> None:
    """Give a host's card the name and the address that a party's card would have."""
    mac = b"\x02\x66" + bytes(map(int, host.address.split(".")))
    lines = ["link set eth0 down", f"link set eth0 name {CARD}", f"link set {CARD} address {mac.hex(':')}"]
    lines += [f"link set {CARD} up", f"route add default via {gateway}"]
    netns.ip_batch(host.netns, lines)


class ReportTests(SynchronousTestCase):
    """Rows to a result."""

    def test_each_fault_is_named(self) -> None:
        """Missing, doubled and wrongly addressed ones each fall short; a clean row does not."""
        rows = [Row("subnet", "h1", 4, 4, (), (), ()), Row("IPX", "h2", 2, 0, ("h1 ipx",), ("h3 ipx x2",), ())]
        result = Result("broadcasts")
        report(rows, result)
        self.assertFalse(result.ok)
        self.assertEqual(result.figures["missing"], 1)
        self.assertIn("IPX from h2, twice: h3 ipx x2", result.shortfalls)
        clean = Result("broadcasts")
        report(rows[:1], clean)
        self.assertTrue(clean.ok)


@pytest.mark.needs("root", "ip", "nft")
class RealLanTests(SynchronousTestCase):
    """Two hosts behind one router, whose cards are a LAN indeed."""

    def rows(self, lab: Lab) -> list[Row]:
        """Run the check on it."""
        addresses = {host.name: host.address for host in lab.plan.hosts}
        return run(lab, addresses, lambda _text: None)

    @pytest.mark.lab
    def test_real_lan(self) -> None:
        """Every way of sending reaches every socket of the other host once."""
        with bare_lab("tbcast", "restricted", "lan") as lab:
            for host in lab.plan.hosts:
                wear(host, lab.plan.routers[0].lan_address)
            result = Result("broadcasts")
            report(self.rows(lab), result)
        self.assertEqual(result.shortfalls, [])
        self.assertEqual(result.figures["arrived_once"], 2 * (6 * 2 + 2 * 4 + 1))
