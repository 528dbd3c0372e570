"""A lease is written so that it reads back, and nothing else reads as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.mapping import Lease, Method, Transport
from lanrage.errors import DecodeError
from tests.strategies_mapping import leases

GOOD = "pcp 192.168.1.1 192.168.1.10 udp 51820 51820 000102030405060708090a0b 1700000000"


@given(leases)
def test_leases_read_back(lease: Lease) -> None:
    """One line of printable words."""
    text = lease.encode()
    assert text.isprintable()
    assert Lease.decode(text) == lease


@given(st.text(max_size=100) | st.text("pcudnat-mp0123456789. ", max_size=100))
def test_any_text_is_a_lease_or_a_decode_error(text: str) -> None:
    """Whatever stands in a damaged journal."""
    try:
        assert Lease.decode(text).encode() == text
    except DecodeError:
        return


@pytest.mark.parametrize(
    "change",
    [("pcp", "ftp"), ("udp", "sctp"), (" 51820 ", " 0 "), (" 51820 ", " 65536 "), ("0b", "0b0c"), ("1700", "-1")],
)
def test_refused(change: tuple[str, str]) -> None:
    """Each field has its bounds."""
    assert Lease.decode(GOOD).method is Method.PCP
    with pytest.raises(DecodeError):
        Lease.decode(GOOD.replace(*change))


def test_protocol_numbers() -> None:
    """As IANA counts."""
    assert (Transport.UDP.number, Transport.TCP.number) == (17, 6)
