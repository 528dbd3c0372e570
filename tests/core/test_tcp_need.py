"""When a peer is given a channel over TCP, and when it is taken back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.tcp_need import AGAIN, GIVE_UP, HOLD, PATIENCE, PeerView, TcpNeed

BERT = b"bert"
HEARD = PeerView(b"life one")
sessions = st.sampled_from([None, b"life one", b"life two"])
views = st.builds(PeerView, sessions, st.booleans(), st.booleans(), st.booleans())


class TcpNeedTests(SynchronousTestCase):
    """One peer, Bert, for the most part."""

    def setUp(self) -> None:
        self.need, self.now = TcpNeed(), 100.0

    def look(self, view: PeerView, after: float = 0.0, **facts: bool) -> bool:
        """Whether Bert shall have a channel."""
        self.now += after
        return BERT in self.need.look(self.now, {BERT: view}, **({"asked": True, "answered": False} | facts))

    def test_silence(self) -> None:
        """The relay gets a while to answer by UDP."""
        self.assertFalse(self.look(HEARD))
        self.assertFalse(self.look(HEARD, PATIENCE - 0.01))
        self.assertTrue(self.look(HEARD, 0.01))

    def test_an_answer(self) -> None:
        """A relay that answers ends the wait, and the next one begins anew."""
        self.look(HEARD)
        self.assertFalse(self.look(HEARD, PATIENCE, answered=True))
        self.assertFalse(self.look(HEARD))
        self.assertFalse(self.look(HEARD, PATIENCE - 0.1))
        self.assertTrue(self.look(HEARD, 0.11))

    def test_uncertain(self) -> None:
        """It is to be asked often until a relay has answered, and while a peer has a channel."""
        self.need.look(self.now, {}, asked=False, answered=False)
        self.assertFalse(self.need.uncertain)
        self.look(HEARD, asked=False)
        self.assertTrue(self.need.uncertain)
        self.look(HEARD, answered=True)
        self.assertFalse(self.need.uncertain)
        self.look(HEARD)
        self.look(HEARD, PATIENCE)
        self.look(PeerView(b"life one", usable=True), answered=True)
        self.assertTrue(self.need.uncertain)

    def test_known_to_be_blocked(self) -> None:
        """Where UDP is known not to come through, nothing is waited for; but a relay must be wanted at all."""
        self.assertFalse(self.look(HEARD, asked=False, blocked=True))
        self.assertTrue(self.look(HEARD, blocked=True))
        self.assertFalse(self.look(PeerView(None), blocked=True))

    def test_who_needs_none(self) -> None:
        """A peer of whom nothing was heard, or that is reached, gets no channel."""
        for view in (PeerView(None), PeerView(b"life one", reached=True)):
            self.look(view)
            self.assertFalse(self.look(view, PATIENCE))
            self.assertTrue(self.need.silent)

    def test_held_for_a_while(self) -> None:
        """Another way is open: the channel is kept until it has proven itself."""
        self.look(HEARD, blocked=True)
        other = PeerView(b"life one", reached=True, usable=True)
        self.assertTrue(self.look(other, 1.0, blocked=True))
        self.assertTrue(self.look(other, HOLD - 0.1, blocked=True))
        self.assertTrue(self.look(PeerView(b"life one", usable=True), 0.05, blocked=True))
        self.assertTrue(self.look(other, 0.05, blocked=True))
        self.assertFalse(self.look(other, HOLD, blocked=True))
        self.assertTrue(self.look(HEARD, 0.1, blocked=True))

    def test_udp_takes_over(self) -> None:
        """A binding by UDP has ended the one by TCP: the channel goes at once."""
        self.look(HEARD, blocked=True)
        self.assertFalse(self.look(PeerView(b"life one", bound=True), answered=True))

    def test_a_peer_that_does_not_come(self) -> None:
        """It holds no channel for ever; it is tried again after a while, and at once in another life."""
        self.assertTrue(self.look(HEARD, blocked=True))
        self.assertTrue(self.look(HEARD, GIVE_UP - 0.1, blocked=True))
        self.assertFalse(self.look(HEARD, 0.1, blocked=True))
        self.assertFalse(self.look(HEARD, AGAIN - 0.1, blocked=True))
        self.assertTrue(self.look(HEARD, 0.1, blocked=True))
        self.assertFalse(self.look(HEARD, GIVE_UP, blocked=True))
        self.assertTrue(self.look(PeerView(b"life two"), 0.1, blocked=True))

    def test_one_that_is_used_stays(self) -> None:
        """A channel that carries packets is not given up, however long it lasts."""
        self.look(HEARD, blocked=True)
        for _ in range(20):
            self.assertTrue(self.look(PeerView(b"life one", usable=True), GIVE_UP / 2, blocked=True))

    @given(st.lists(st.tuples(st.dictionaries(st.binary(max_size=1), views, max_size=3), st.floats(0, 50))))
    def test_any_history(self, history: list[tuple[dict[bytes, PeerView], float]]) -> None:
        """Only peers that are there, were heard and hold no binding by UDP; nobody who left is remembered."""
        need, now = TcpNeed(), 0.0
        for peers, after in history:
            now += after
            wanted = need.look(now, peers, asked=True, answered=False)
            for identity in wanted:
                self.assertIsNotNone(peers[identity].session)
                self.assertFalse(peers[identity].bound)
            self.assertLessEqual(set(need._peers), set(peers))
