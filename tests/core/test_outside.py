"""Whether a mapped port is reached from the internet, by the addresses that are known."""

from __future__ import annotations

import pytest
from hypothesis import given

from lanrage.core.candidates import is_private
from lanrage.core.outside import closed_because, is_public
from tests.strategies_mapping import addresses


@given(addresses)
def test_public(address: object) -> None:
    """No private address is public."""
    assert not (is_public(str(address)) and is_private(address))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("external", "seen", "word"),
    [
        ("203.0.113.5", [], ""),
        ("203.0.113.5", ["203.0.113.5"], ""),
        ("203.0.113.5", ["192.168.1.10", "127.0.0.1"], ""),
        ("203.0.113.5", ["198.51.100.1", "203.0.113.5"], ""),
        ("203.0.113.5", ["198.51.100.1"], "double NAT"),
        ("100.64.3.4", [], "CGNAT"),
        ("100.64.3.4", ["198.51.100.1"], "CGNAT"),
        ("192.168.0.2", [], "double NAT"),
        ("10.1.1.1", ["10.1.1.1"], "double NAT"),
    ],
)
def test_closed(external: str, seen: list[str], word: str) -> None:
    """Nothing speaks against it, or a sentence says what."""
    why = closed_because(external, seen)
    assert bool(why) is bool(word)
    assert word in why
