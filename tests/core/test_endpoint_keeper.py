"""WireGuard's endpoint is the agreed one; before the first handshake there is one initiator."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.endpoint_keeper import CORRECTION_RATE, CORRECTIONS, EndpointKeeper
from lanrage.core.links import Endpoint
from lanrage.core.path import ALARM_AFTER, Path
from lanrage.core.path_actions import WriteEndpoint
from lanrage.core.path_decision import HANDSHAKE_PATIENCE

HERE, THERE = Endpoint("198.51.100.1", 1), Endpoint("203.0.113.1", 2)


class HandshakeTests(SynchronousTestCase):
    """The first one."""

    def test_again(self) -> None:
        """Begun anew after 400 ms, 800 ms and so on, by the initiator alone; counted."""
        keeper = EndpointKeeper()
        self.assertEqual(WriteEndpoint(HERE, fresh=True), keeper.write(HERE, 0.0))
        times = [t / 100 for t in range(400) if keeper.look(HERE, None, None, t / 100, begins=True)]
        self.assertEqual([0.4, 1.2, 2.8], [round(at, 1) for at in times])
        self.assertEqual(3, keeper.restarts)
        other = EndpointKeeper()
        other.write(HERE, 0.0)
        self.assertEqual([], other.look(HERE, None, None, 60.0, begins=False))

    def test_shaking(self) -> None:
        """Left alone for the time that it takes on this path."""
        keeper, path = EndpointKeeper(), Path(Candidate(CandidateKind.PEER, HERE), 0.0)
        self.assertFalse(keeper.shaking(path, 0.0))
        keeper.write(HERE, 0.0)
        path.quality.latency.add(0.2)
        self.assertTrue(keeper.shaking(path, HANDSHAKE_PATIENCE + 0.5))
        self.assertFalse(keeper.shaking(None, HANDSHAKE_PATIENCE))
        keeper.handshaken = True
        self.assertFalse(keeper.shaking(path, 0.1))


class CorrectionTests(SynchronousTestCase):
    """After it."""

    def kept(self) -> EndpointKeeper:
        """One whose endpoint was written after the handshake."""
        keeper = EndpointKeeper(handshaken=True)
        self.assertEqual([WriteEndpoint(HERE)], keeper.look(HERE, HERE, None, 0.0, begins=True))
        return keeper

    def test_written_once(self) -> None:
        """The follower's WireGuard learnt the address by itself; it is written once all the same, for the keepalive."""
        keeper = self.kept()
        self.assertEqual([], keeper.look(HERE, HERE, None, 1.0, begins=True))
        self.assertEqual([WriteEndpoint(HERE)], keeper.look(HERE, THERE, None, 2.0, begins=True))
        self.assertEqual(1, keeper.corrected)

    def test_while_it_may_be_dead(self) -> None:
        """A path that falls silent is not forced upon WireGuard, which may have heard the peer elsewhere."""
        keeper, path = self.kept(), Path(Candidate(CandidateKind.PEER, HERE), 0.0)
        path.missed = ALARM_AFTER
        self.assertEqual([], keeper.look(HERE, THERE, path, 1.0, begins=True))
        path.missed = 0
        self.assertEqual([WriteEndpoint(HERE)], keeper.look(HERE, THERE, path, 1.0, begins=True))

    @given(st.lists(st.tuples(st.floats(0.0, 100.0), st.booleans()), max_size=100))
    def test_bounded(self, looks: list[tuple[float, bool]]) -> None:
        """Written only where it differs, six times at once, once a minute after that; a decision begins anew."""
        keeper, now = self.kept(), 0.0
        for gap, differs in looks:
            now += gap
            written = keeper.look(HERE, THERE if differs else HERE, None, now, begins=True)
            self.assertTrue(differs or not written)
        self.assertLessEqual(keeper.corrected, CORRECTIONS + now * CORRECTION_RATE + 1e-6)
        keeper.decided()
        self.assertEqual([WriteEndpoint(HERE)], keeper.look(HERE, THERE, None, now, begins=True))
