"""What the links tell the LAN plane of paths that died."""

from __future__ import annotations

from tests.app.links_case import LinksCase, one


class DeadPathTests(LinksCase):
    """:meth:`lanrage.app.links.Links.path_dead`."""

    def test_other_end_silent(self) -> None:
        """A path is dead once all of a member's paths are; of who is no member nothing is said."""
        decider, other = self.two()
        self.assertEqual([False] * 2, [decider.links.path_dead(other.address), other.links.path_dead(decider.address)])
        self.assertFalse(decider.links.path_dead(one("10.99.0.1")))
        other.stop()
        self.world.run(90.0)
        self.assertTrue(decider.links.path_dead(other.address))
