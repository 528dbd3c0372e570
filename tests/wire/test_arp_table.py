"""The kernel's table of MACs."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from lanrage.wire.arp_table import ArpRow, parse_arp

TABLE = """IP address       HW type     Flags       HW address            Mask     Device
192.168.1.50     0x1         0x2         02:00:00:00:00:02     *        eth0
192.168.1.51     0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.1.52     0x1         0x6         02:00:00:00:00:04     *        wlan0
"""


def test_complete_rows() -> None:
    """Rows with a MAC, on whatever card."""
    assert list(parse_arp(TABLE)) == [
        ArpRow(IPv4Address("192.168.1.50"), bytes.fromhex("020000000002"), "eth0"),
        ArpRow(IPv4Address("192.168.1.52"), bytes.fromhex("020000000004"), "wlan0"),
    ]


@given(st.text() | st.from_regex(r"[0-9.]{7,15} +0x1 +0x2 +02:00:00:00:00:02 +\* +eth0"))
def test_any_text(text: str) -> None:
    """Any text is some rows or none."""
    for row in parse_arp(text):
        assert len(row.mac) == 6
