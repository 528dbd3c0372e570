"""A node's binding at a relay: two nodes and the relay's table joined in memory, on a good and on a bad network."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.relay_cookies import Line
from tests.core.relay_world import MemoryRelay, Node, RelayWorld, node

ANNA, BEN = Line("192.0.2.1", 51820, 7800), Line("198.51.100.2", 4242, 7801)


def two() -> tuple[RelayWorld, Node, Node]:
    """Anna and Ben at a relay, on a good network of 40 ms round trip."""
    anna, ben = node("anna", "ben", ANNA), node("ben", "anna", BEN)
    return RelayWorld(MemoryRelay(), [anna, ben]), anna, ben


class BindTests(SynchronousTestCase):
    """Binding, data, the ways a binding ends."""

    def test_both_bind_and_data_passes(self) -> None:
        """Two round trips bind both; each one's data reaches the other unchanged, out of the port that it bound."""
        world, anna, ben = two()
        world.start()
        self.assertTrue(world.run(0.2, lambda: anna.binding.usable and ben.binding.usable))
        world.send(anna, [b"\x04\x00\x00\x00from anna", b"LRNGprobe"])
        world.send(ben, [b"\x04\x00\x00\x00from ben"])
        world.run(0.1)
        self.assertEqual(
            (anna.got, ben.got), ([b"\x04\x00\x00\x00from ben"], [b"\x04\x00\x00\x00from anna", b"LRNGprobe"])
        )
        counters = world.relay.table.counters
        self.assertEqual((counters.forwarded_packets, counters.forwarded_bytes), (3, 13 + 9 + 12))
