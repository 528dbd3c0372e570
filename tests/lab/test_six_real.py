"""Two nodes behind symmetric routers meet by IPv6, play over it, and go by the relay while it is away."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from functools import partial
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import Endpoint
from lanrage.lab import netns, roles, teardown
from lanrage.lab.flow import Flow
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import Lab, up
from lanrage.lab.moving import gain_six, lose_six
from lanrage.lab.paths import DIRECT, RELAY, expected_paths
from lanrage.lab.plan import Host
from lanrage.lab.sightings import Watch
from tests.lab.bare import own
from tests.lab.natcheck import receive

pytestmark = [pytest.mark.lab, pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go"), pytest.mark.timeout(120)]

SETTLE_S = 15.0
PLAY_S = 2.0
DIRECT_MS = 1500.0
"""The grid's limit for direct pairs."""
BACK_MS = 3000.0
"""An outage's limit, as of ``lanrage lab paths``."""
RETURN_S = 10.0
"""A path that died for the first time rests for 3 s."""
PAIR = ("h1", "h2")


class SixTests(SynchronousTestCase):
    """Each test has a party of its own."""

    def party(self, word: str, *kinds: str, late: bool = False) -> tuple[Lab, Watch]:
        """Hosts that have met by the paths that they should.

        :param late: the second has no IPv6 address yet, so that they are on the relay.
        """
        base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        name = own(word)
        self.addCleanup(teardown.down, name, Folder.of(name, base))
        lab, _ = up(Record(name, kinds), base, nodes=False)
        if late:
            lose_six(lab.plan.hosts[1])
        lab.start(roles.roles(lab.plan))
        watch = Watch(lab.folder)
        self.addCleanup(watch.__exit__)
        for host in lab.plan.hosts:
            watch.add(host)
        lab.gather()
        wanted = {PAIR: RELAY} if late else expected_paths(lab.plan)
        at = watch.until(lambda: {pair: watch.path(*pair) for pair in wanted} == wanted, SETTLE_S)
        self.assertIsNotNone(at, {pair: watch.path(*pair) for pair in wanted})
        return lab, watch

    def endpoints(self, watch: Watch) -> list[str]:
        """Where both ends of the pair send to."""
        return [Endpoint.parse(end.row["endpoint"]).host for end in watch.pair(*PAIR)]

    def test_direct(self) -> None:
        """Direct by IPv6 where IPv4 could only use the relay, in time; packets flow both ways, and broadcasts do."""
        lab, watch = self.party("tsixdir", "six", "six", "symmetric")
        first, second, _ = lab.plan.hosts
        self.assertEqual([second.six, first.six], self.endpoints(watch))
        times = [end.ms_to(DIRECT) for end in watch.pair(*PAIR)]
        print(f"direct after {times} ms")
        self.assertTrue(all(ms is not None and ms <= DIRECT_MS for ms in times), times)
        addresses = lab.addresses()
        with Flow(first.netns, addresses["h2"]) as there, Flow(second.netns, addresses["h1"]) as back:
            time.sleep(PLAY_S)
        for flow in (there, back):
            self.assertGreater(len(flow.record.sent), 100)
            self.assertEqual(0, flow.record.lost())
        self.assertEqual([DIRECT, DIRECT], [end.path for end in watch.pair(*PAIR)])
        for one, other in ((first, second), (second, first)):
            self.assertEqual(addresses[one.name], self.broadcast(one, addresses[one.name], other))

    def broadcast(self, sender: Host, source: str, hearer: Host) -> str | None:
        """Who is heard to broadcast, again and again as games do: a port just opened is not known to all yet."""
        with netns.udp_socket(hearer.netns, "", 5555) as ear, netns.udp_socket(sender.netns, source) as mouth:
            mouth.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            heard, limit = None, time.monotonic() + SETTLE_S
            while heard is None and time.monotonic() < limit:
                mouth.sendto(b"who plays?", ("255.255.255.255", 5555))
                heard = receive(ear, 0.5)
        return heard[1][0] if heard and heard[0] == b"who plays?" else None

    def test_away_and_back(self) -> None:
        """The address of either end goes: the relay takes over. It comes back: direct again, without loss."""
        for number in (0, 1):
            lab, watch = self.party(f"tsixrm{number}", "six", "six")
            hosts, addresses = lab.plan.hosts, lab.addresses()
            with Flow(hosts[0].netns, addresses["h2"]) as flow:
                time.sleep(PLAY_S)
                since = time.monotonic()
                lose_six(hosts[number])
                self.assertIsNotNone(watch.until_paths([PAIR], [RELAY], SETTLE_S))
                watch.until(partial(flow.resumed, since), SETTLE_S)
                time.sleep(PLAY_S)
                gained = time.monotonic()
                gain_six(hosts[number])
                back = watch.until_paths([PAIR], [DIRECT], RETURN_S)
                assert back is not None, "not direct again"
                time.sleep(PLAY_S)
            outage = flow.record.outage_ms(since)
            assert outage is not None
            print(f"end {number + 1}: outage {outage} ms, direct again after {1000 * (back - gained):.0f} ms")
            self.assertLessEqual(outage, BACK_MS)
            self.assertEqual(0, flow.record.lost(gained))
            self.assertEqual([hosts[1].six, hosts[0].six], self.endpoints(watch))

    def test_comes_later(self) -> None:
        """A machine that gets IPv6 while a party is on moves from the relay to the direct path."""
        lab, watch = self.party("tsixlate", "six", "six", late=True)
        first, second = lab.plan.hosts
        since = time.monotonic()
        gain_six(second)
        at = watch.until_paths([PAIR], [DIRECT], RETURN_S)
        assert at is not None
        print(f"direct {1000 * (at - since):.0f} ms after the address came")
        self.assertEqual([second.six, first.six], self.endpoints(watch))
