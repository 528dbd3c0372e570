"""Datagrams larger than the cards' MTU, and IPX in all framings, between network namespaces."""

from __future__ import annotations

import json
import sys
from collections import Counter

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.lan_hosts import lan_hosts
from tests.lan_large import FRAMINGS, SIZES, content, digest

ME, MAC = "10.66.0.1", "02:66:0a:42:00:01"


@pytest.mark.needs("root", "tun", "ip")
class RealTests(SynchronousTestCase):
    """Two members."""

    def test_whole(self) -> None:
        """What fits is heard whole, once, from the LAN card and from a real card; what is larger is counted once."""
        expected = [("udp", size, digest(content(kind, size)), ME) for size in SIZES[:-1] for kind in ("party", "real")]
        expected += [(name, 12 + len(body), digest(body), MAC) for name, body in FRAMINGS.items()]
        expected.append(("udp", 3, digest(b"end"), ME))
        with lan_hosts(2) as (one, two):
            planes = [one.start_plane([2]), two.start_plane([1])]
            listener = two.run(sys.executable, "-m", "tests.lan_large", "listen")
            self.assertEqual(listener.line(), "ready")
            one.run(sys.executable, "-m", "tests.lan_large", "send", ME)
            got = Counter(tuple(json.loads(listener.line())) for _ in expected)
            self.assertEqual(got, Counter(expected))
            self.assertEqual(listener.end(), "")
            sent, received = (json.loads(plane.end().splitlines()[-1]) for plane in planes)
            self.assertEqual((sent["dropped_too_long"], sent["dropped_ip_fragment"]), (2, 0))
            self.assertEqual((sent["forwarded_packets"], received["injected_packets"]), (len(expected),) * 2)
