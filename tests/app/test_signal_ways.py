"""Which way an offer takes: the control server, the tunnel, other members."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.signal_ways import SignalWays
from tests.app.link_world import LinkWorld, Player
from tests.fakes_underlay import Host


class WaysTests(SynchronousTestCase):
    """Anna tells Bert, with Carl beside them."""

    def setUp(self) -> None:
        self.world = LinkWorld()
        self.anna, self.bert, self.carl = (self.world.player(n, i) for i, n in enumerate(("anna", "bert", "carl"), 1))
        self.world.meet("anna", "bert", "carl")
        self.world.run(2.0)
        self.asked: list[Deferred[bool]] = []
        self.ways = SignalWays(self._control, self.anna.channel, self.anna.links)

    def _control(self, identity: bytes, payload: bytes) -> Deferred[bool]:
        del identity, payload
        self.asked.append(Deferred())
        return self.asked[-1]

    def counted(self, host: Host) -> int:
        """Datagrams for a host so far."""
        return sum(count for to, count in self.world.underlay.sent.items() if to.host == host.outer)

    def sent(self, answer: bool | None, *, around: bool = False) -> tuple[int, int]:
        """Datagrams straight to Bert and to Carl for one offer."""
        before = self.counted(self.bert.host), self.counted(self.carl.host)
        if around:
            self.ways.around(self.bert.keys.identity.public, b"an offer")
        else:
            self.ways.send(self.bert.keys.identity.public, b"an offer")
            if answer is not None:
                self.asked[-1].callback(answer)
        return self.counted(self.bert.host) - before[0], self.counted(self.carl.host) - before[1]

    def lose(self, player: Player) -> None:
        """No path to this player is open any more."""
        for path in self.anna.links.peers[player.keys.identity.public].plan.paths.values():
            path.last_pong = None

    def test_while_all_is_well(self) -> None:
        """By the control server and the tunnel; nobody else is asked, whether or not the server took it."""
        self.assertEqual([(1, 0)] * 3, [self.sent(None), self.sent(True), self.sent(False)])
        self.assertEqual(3, len(self.asked))

    def test_no_path(self) -> None:
        """Others are asked where the control server did not take it, and only then."""
        self.lose(self.bert)
        self.assertEqual([(1, 0), (1, 0), (1, 1)], [self.sent(None), self.sent(True), self.sent(False)])

    def test_again(self) -> None:
        """What is repeated never goes to the control server; others are asked while no path is open."""
        self.assertEqual((1, 0), self.sent(None, around=True))
        self.lose(self.bert)
        self.assertEqual((1, 1), self.sent(None, around=True))
        self.assertEqual([], self.asked)

    def test_who_left(self) -> None:
        """For one who is a member no more nobody is asked."""
        self.lose(self.bert)
        self.anna.follow([self.anna.member, self.carl.member])
        self.assertEqual((0, 0), self.sent(False))
