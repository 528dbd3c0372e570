"""The lives of an origin and a receiver of leases, in any order that hypothesis finds."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lanrage.core.lan_frames import Frame
from lanrage.core.leases import LEASES_LIMIT
from lanrage.wire.packets import write_frame
from tests.lease_world import World, announcement, times_seen
from tests.strategies_lan import ME, PEER

PERIOD = 1.0
SETTLE = 70
"""Beats after which whatever was lost is put right: more than three renewals, and the longest wait for a grant."""


class Lives(RuleBasedStateMachine):
    """Two members; a game at one, a lobby at the other, a way between them that opens and closes."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World.of((ME, PEER))
        self.said: set[bytes] = set()
        self.game: Frame | None = None
        self.stopped = 0.0
        self.troubled = 0.0

    def trouble(self) -> None:
        """What is promised holds again some time after this."""
        self.troubled = self.world.clock.seconds()

    @rule(content=st.integers(0, 3))
    def start_game(self, content: int) -> None:
        """A game starts, or its lobby changes."""
        self.game = announcement(payload=b"lobby %d" % content)
        self.said.add(write_frame(self.game))
        self.trouble()

    @rule()
    def stop_game(self) -> None:
        """It ends without a word."""
        self.game, self.stopped = None, self.world.clock.seconds()

    @rule(beats=st.integers(1, 30))
    def play(self, beats: int) -> None:
        """Time passes."""
        for _ in range(beats):
            self.world.run(PERIOD)
            if self.game is not None:
                self.world.announce(ME, self.game)
        self.world.run(0)

    @rule(there=st.booleans(), back=st.booleans())
    def carry(self, there: bool, back: bool) -> None:
        """The carrier breaks in one direction or both, or works again."""
        self.world.carrier = lambda sender, receiver: (0.0,) if (there if sender == ME else back) else ()
        self.trouble()

    @rule(who=st.sampled_from([ME, PEER]))
    def restart(self, who: object) -> None:
        """A node starts again."""
        member = next(each for each in self.world.members.values() if each.lan.address == who)
        member.leases.stop()
        member.renew()
        self.trouble()

    @rule()
    def rejoin(self) -> None:
        """The receiver leaves and comes back."""
        self.world.meet((ME,))
        self.world.meet((ME, PEER))
        self.trouble()

    @rule(dead=st.booleans())
    def path(self, dead: bool) -> None:
        """Its link says that the path is dead, or not."""
        lobby = self.world.members[PEER]
        (lobby.dead.add if dead else lobby.dead.discard)(ME)
        self.trouble()

    @precondition(lambda self: self.game is not None)
    @rule()
    def settled(self) -> None:
        """Once the way works again, the lobby shows the game as it is and nothing else."""
        self.carry(True, True)
        self.path(False)
        self.play(SETTLE)
        assert self.game is not None
        seen = [each for each in times_seen(self.world, PEER, self.game) if each > self.world.clock.seconds() - 9.5]
        assert len(seen) in (9, 10, 11), seen
        shown = {data for when, _, data in self.world.members[PEER].seen if when > self.world.clock.seconds() - 9.5}
        assert shown == {write_frame(self.game)}

    @rule()
    def over(self) -> None:
        """Two periods and a second after its end nobody shows a game, where the way works."""
        self.stop_game()
        self.carry(True, True)
        self.play(SETTLE)
        before = len(self.world.members[PEER].seen)
        self.play(SETTLE)
        assert len(self.world.members[PEER].seen) == before

    @invariant()
    def only_what_was_said(self) -> None:
        """A lobby shows nothing that no game said, of nobody else."""
        assert all(who == ME and data in self.said for _, who, data in self.world.members[PEER].seen[-20:])

    @invariant()
    def fresh(self) -> None:
        """While nothing is wrong with the way, a game that ended is gone in time."""
        ended = self.stopped if self.game is None else float("inf")
        if self.troubled < ended - SETTLE * PERIOD:
            late = [when for when, _, _ in self.world.members[PEER].seen[-20:] if when > ended + 2 * PERIOD + 1]
            assert not late, (ended, late)

    @invariant()
    def bounded(self) -> None:
        """Neither end holds more than it may."""
        for member in self.world.members.values():
            counters = member.leases.counters()
            assert counters["leases_live"] <= LEASES_LIMIT
            assert counters["leases_held"] <= LEASES_LIMIT


Lives.TestCase.settings = settings(deadline=None, max_examples=15, stateful_step_count=15)
TestLives = Lives.TestCase
