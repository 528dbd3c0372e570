"""The keepalive of a member's peer follows what its NAT needs."""

from __future__ import annotations

from lanrage.app.peer_device import CONFIGURE_RETRY, KEEPALIVE
from lanrage.app.status_watch import STATUS_INTERVAL
from lanrage.core.links import TunnelPeer
from lanrage.core.path_actions import ResetPeer, WriteEndpoint
from lanrage.errors import Unreachable
from tests.app.links_case import LinksCase
from tests.fakes_links import MemoryTunnel


class KeepaliveTests(LinksCase):
    """Written with the endpoint, and again when it changes."""

    def test_it_follows(self) -> None:
        """A new value is written once within a second, the endpoint and the session stay."""
        anna, bert = self.two()
        key = bert.keys.wireguard.public
        before = anna.tunnel.peers[key]
        self.assertEqual(KEEPALIVE, before.keepalive)
        anna.links.keepalive = lambda link: 8 if link.peer_key == key else KEEPALIVE
        anna.tunnel.history.clear()
        self.world.run(STATUS_INTERVAL * 5)
        self.assertEqual([("set", key)], anna.tunnel.history)
        after = anna.tunnel.peers[key]
        self.assertEqual((8, before.endpoint), (after.keepalive, after.endpoint))
        self.assertEqual(before.latest_handshake, after.latest_handshake)

    def test_none_before_the_handshake(self) -> None:
        """A peer without a session stays passive, whatever its NAT needs: a keepalive begins a handshake."""
        anna, bert = self.world.player("anna", 1), self.world.player("bert", 2)
        anna.links.keepalive = lambda link: 8
        anna.follow([anna.member, bert.member])
        self.world.run(STATUS_INTERVAL * 3)
        self.assertEqual(0, anna.tunnel.peers[bert.keys.wireguard.public].keepalive)

    def test_a_write_that_fails(self) -> None:
        """The peer was removed and cannot be set: it is configured again, and the link is back by itself."""
        anna, bert = self.two()
        key, link = bert.keys.wireguard.public, anna.links.peers[bert.keys.identity.public]
        working = anna.tunnel.set_peer

        async def failing(peer: TunnelPeer) -> None:
            raise Unreachable("wireguard-go did not answer in time")

        anna.tunnel.set_peer = failing  # type: ignore[method-assign]
        assert link.plan.active is not None
        link._queue.put([WriteEndpoint(link.plan.active, fresh=True)])
        self.world.run(1.0)
        self.assertNotIn(key, anna.tunnel.peers)
        anna.tunnel.set_peer = working  # type: ignore[method-assign]
        self.world.run(CONFIGURE_RETRY + 2.0)
        self.assertIn(key, anna.tunnel.peers)
        self.flushLoggedErrors()

    def test_a_reset_that_fails(self) -> None:
        """Whichever half of it fails, once: the peer is configured again by itself."""
        anna, bert = self.two()
        key, link = bert.keys.wireguard.public, anna.links.peers[bert.keys.identity.public]
        for operation in ("remove_peer", "set_peer"):
            self.fail_once(anna.tunnel, operation)
            link._queue.put([ResetPeer()])
            self.assertFalse(link._device.configured)
            self.world.run(CONFIGURE_RETRY + 0.1)
            self.assertTrue(link._device.configured)
            self.assertIn(key, anna.tunnel.peers)
        self.flushLoggedErrors(Unreachable)

    def test_the_keepalive_survives(self) -> None:
        """A write to a peer in use fails, once: configured again, it has its endpoint and its keepalive."""
        anna, bert = self.two()
        link = anna.links.peers[bert.keys.identity.public]
        endpoint = link.plan.active
        assert endpoint is not None
        self.fail_once(anna.tunnel, "set_peer")
        link._queue.put([WriteEndpoint(endpoint)])
        self.world.run(CONFIGURE_RETRY + 3 * STATUS_INTERVAL)
        after = anna.tunnel.peers[bert.keys.wireguard.public]
        self.assertEqual((endpoint, KEEPALIVE), (after.endpoint, after.keepalive))
        self.flushLoggedErrors(Unreachable)

    def test_a_keepalive_that_fails(self) -> None:
        """A new keepalive is not written, once: it is written at the next look."""
        anna, bert = self.two()
        anna.links.keepalive = lambda link: 8
        self.fail_once(anna.tunnel, "set_peer")
        self.world.run(5 * STATUS_INTERVAL)
        self.assertEqual(8, anna.tunnel.peers[bert.keys.wireguard.public].keepalive)
        self.assertEqual(1, len(self.flushLoggedErrors(Unreachable)))

    @staticmethod
    def fail_once(tunnel: MemoryTunnel, operation: str) -> None:
        """WireGuard refuses the next one."""
        working = getattr(tunnel, operation)

        async def failing(*_: object) -> None:
            setattr(tunnel, operation, working)
            raise Unreachable("wireguard-go did not answer in time")

        setattr(tunnel, operation, failing)
