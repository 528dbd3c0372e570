"""The rules beside the LAN plane as text; what they do is seen in ``tests/app/test_lan_sockets_real.py``."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.wire.lan_ruleset import ruleset, table_name
from tests.strategies_lan import ME, REAL


class TextTests(SynchronousTestCase):
    """What is asked for, and nothing else."""

    def test_bound(self) -> None:
        """Ports of sockets on the card need no connection tracking."""
        rules = ruleset("wg0", ME, {7001, 6000}, {}).splitlines()
        self.assertEqual(
            rules[5:],
            ['add rule ip lanrage-lan-wg0 coming iifname "wg0" ip daddr 10.66.0.1 udp dport { 6000, 7001 } drop'],
        )

    def test_translated(self) -> None:
        """Both directions of each port."""
        rules = ruleset("wg0", ME, (), {6000: REAL}).splitlines()
        self.assertEqual(
            rules[6:],
            [
                'add rule ip lanrage-lan-wg0 coming iifname "wg0" ip daddr 10.66.0.1 udp dport 6000 '
                "ip daddr set 192.168.1.20",
                'add rule ip lanrage-lan-wg0 leaving oifname "wg0" ip saddr 192.168.1.20 udp sport 6000 '
                "ip saddr set 10.66.0.1",
            ],
        )

    def test_name(self) -> None:
        """A device's name is made fit for a table's."""
        self.assertEqual(table_name("wg0"), "lanrage-lan-wg0")
        self.assertEqual(table_name('a"b c'), "lanrage-lan-a_b_c")
