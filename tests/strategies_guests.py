"""Guests' records, and the addresses and times around them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hypothesis import strategies as st

from lanrage.core.ledger_records import BringGuest
from lanrage.core.party_guests import Guest
from tests.fakes_control import NOW, seeded

NETWORK = IPv4Network("10.66.0.0/24")
GUEST_KEYS = [seeded(f"guest key {number}") for number in range(20)]
names = st.sampled_from(["phone", "Phone", "deck", "\N{FULLWIDTH LATIN CAPITAL LETTER D}eck", "tv"])
"""Two pairs of them are one name each (:func:`lanrage.core.names.name_key`)."""
addresses = st.integers(0, 20).map(lambda number: str(NETWORK[255 - number]))
keys = st.sampled_from(GUEST_KEYS)
lives = st.integers(1, 7200)


def bring(number: int, server: bytes, *, name: str = "", address: str = "", life: int = 3600) -> BringGuest:
    """A guest's record."""
    return BringGuest(
        GUEST_KEYS[number], name or f"guest {number}", address or str(NETWORK[254 - number]), server, int(NOW) + life
    )


def guest(number: int, server: bytes = b"s" * 32, life: int = 3600, author: bytes = b"") -> Guest:
    """The same, as a ledger has it.

    :param author: who brought it; empty: who serves it.
    """
    action = bring(number, server, life=life)
    return Guest(action.key, action.name, IPv4Address(action.address), server, action.expires, author or server)
