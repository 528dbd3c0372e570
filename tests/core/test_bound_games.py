"""Games' sockets that members do not reach."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.bound_games import Place, unheard
from lanrage.core.play_ports import Span

OWN, PARTY = ("192.168.1.5", "10.66.0.1", "fe80::1"), ("10.66.0.1",)
PORTS = (Span("udp", 8303, 8310),)


def lonely(*places: Place, ports: tuple[Span, ...] = PORTS, helped: frozenset[int] = frozenset()) -> list[Place]:
    """What is found of these."""
    return unheard(places, ports, OWN, PARTY, helped)


class UnheardTests(SynchronousTestCase):
    """:func:`unheard`."""

    def test_one_address(self) -> None:
        """Only the real one is a fault; any, the party's own and an address of nobody here are none."""
        bound = Place("udp", 8303, "192.168.1.5")
        self.assertEqual([bound], lonely(bound))
        for address in ("0.0.0.0", "::", "10.66.0.1", "239.1.2.3", "192.168.1.255"):
            self.assertEqual([], lonely(Place("udp", 8303, address)), address)

    def test_reached_otherwise(self) -> None:
        """A second socket on the port, or translated answers; another protocol's socket does not help."""
        bound = Place("udp", 8303, "192.168.1.5")
        self.assertEqual([], lonely(bound, Place("udp", 8303, "0.0.0.0")))
        self.assertEqual([], lonely(bound, helped=frozenset({8303})))
        self.assertEqual([bound], lonely(bound, Place("tcp", 8303, "0.0.0.0")))

    def test_ports(self) -> None:
        """Others than the profile's do not count; where it names none, all do."""
        other = Place("udp", 40000, "192.168.1.5")
        self.assertEqual([], lonely(other))
        self.assertEqual([other], lonely(other, ports=()))

    @given(
        st.lists(
            st.builds(
                Place,
                st.sampled_from(["tcp", "udp"]),
                st.integers(8300, 8312),
                st.sampled_from([*OWN, "0.0.0.0", "::", "127.0.0.1"]),
            )
        )
    )
    def test_any(self, places: list[Place]) -> None:
        """What is found was there, is at one real address, and each once."""
        found = lonely(*places)
        self.assertEqual(len(found), len(set(found)))
        self.assertTrue(set(found) <= {each for each in places if each.address in OWN and each.address not in PARTY})
