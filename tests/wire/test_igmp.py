"""The kernel's tables of groups and of UDP sockets."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import DecodeError
from lanrage.wire.igmp import Membership, parse_igmp
from lanrage.wire.udp_table import parse_unconnected

TABLE = """Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
1\tlo        :     1      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
2\tlanrage0  :     2      V3
\t\t\t\t3C0200E0     2 0:00000000\t\t0
\t\t\t\t010000E0     1 0:00000000\t\t0
12\tenp0s31f6verylong:     1      V2
\t\t\t\t010000E0     1 0:00000000\t\t0
"""
UDP = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer\n"
    "  137: 00000000:115D 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 4321 2 0000 0\n"
    "  138: 0100007F:115E 0100007F:0035 01 00000000:00000000 00:00000000 00000000  1000        0 4322 2 0000 0\n"
    "  139: 00000000:CA6C 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 0 2 0000 0\n"
)


class TableTests(SynchronousTestCase):
    """Tables as the kernel prints them."""

    def test_groups(self) -> None:
        """Each group stands with its card and its count; both byte orders."""
        game, everybody = IPv4Address("224.0.2.60"), IPv4Address("224.0.0.1")
        expected = (
            Membership(1, "lo", everybody, 1),
            Membership(2, "lanrage0", game, 2),
            Membership(2, "lanrage0", everybody, 1),
            Membership(12, "enp0s31f6verylong", everybody, 1),
        )
        self.assertEqual(parse_igmp(TABLE, "little"), expected)
        self.assertEqual(
            parse_igmp(TABLE.replace("3C0200E0", "E000023C").replace("010000E0", "E0000001"), "big"), expected
        )

    def test_sockets(self) -> None:
        """Only sockets that are not connected to one sender, and not the kernel's own."""
        self.assertEqual(parse_unconnected(UDP), frozenset({4321}))

    def test_here(self) -> None:
        """This machine's own tables are read."""
        parse_igmp(Path("/proc/net/igmp").read_text("ascii"), "little")
        parse_unconnected(Path("/proc/net/udp").read_text("ascii"))

    @given(st.text(max_size=60), st.integers(0, 400))
    def test_any_text(self, noise: str, place: int) -> None:
        """Any text is a table or a DecodeError."""
        for parse, text in ((lambda text: parse_igmp(text, "little"), TABLE), (parse_unconnected, UDP)):
            try:
                parse(text[:place] + noise + text[place:])
            except DecodeError:
                continue
