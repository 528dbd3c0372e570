"""Games' sockets beside a real WireGuard tunnel."""

from __future__ import annotations

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.app.test_lan_sockets_real import CARD, LONG, PORT, seek
from tests.lan_wireguard import wireguard_hosts


@pytest.mark.lab
@pytest.mark.needs("root", "tun", "ip", "wireguard-go")
class WireGuardTests(SynchronousTestCase):
    """Two members."""

    def test_sockets(self) -> None:
        """Seekers on the LAN card and on a real address talk with ordinary and bound servers, once each."""
        with wireguard_hosts() as (one, two):
            one.start_plane([2])
            two.start_plane([1])
            for options in ({}, {"device": CARD}):
                server = two.game("", PORT, **options)
                for seeker in (one.game("", 5555, device=CARD), one.game(one.real, 5556), one.game("", 5557)):
                    source, port = seek(seeker, server)
                    self.assertEqual(source, one.address)
                    self.assertEqual(seeker.heard(), ("I do, who plays?", two.address, PORT))
                    for text in ("by name", LONG):
                        seeker.send(text, two.address, PORT)
                        self.assertEqual(server.heard(), (text, one.address, port))
                        server.send(text, one.address, port)
                        self.assertEqual(seeker.heard(), (text, two.address, PORT))
                    self.assertEqual(seeker.end(), "")
                self.assertEqual(server.end(), "")
