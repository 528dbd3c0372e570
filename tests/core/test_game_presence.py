"""What members play: what is told of a game, and the machines of several members under loss, delay and restarts."""

from __future__ import annotations

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_presence import (
    AGAIN,
    FAREWELLS,
    JITTER,
    NAME_LIMIT,
    REPEAT,
    SERVERS_LIMIT,
    SILENCE,
    SPACING,
    Hosted,
    Playing,
    PresenceTalk,
    playing,
)
from lanrage.core.play_ports import Span
from tests.fakes_running_games import ARMA, TEEWORLDS, running, udp

QUAKE, DOOM = Playing("quake", "Quake"), Playing("doom", "Doom", True, (Hosted("udp", 5029),))
BEN, CLEO = b"b" * 32, b"c" * 32
BOTH = frozenset({BEN, CLEO})
NOBODY: frozenset[bytes] = frozenset()


class PlayingTests(SynchronousTestCase):
    """What is told of a game that runs here."""

    def test_plays(self) -> None:
        """A game that listens at no port of the game's is played, not hosted."""
        self.assertEqual(playing(running("teeworlds", udp(41000)), TEEWORLDS), Playing("teeworlds", "Teeworlds"))

    def test_hosts(self) -> None:
        """Each socket at a port of the game's is a server, with the protocol that asks it there."""
        told = playing(running("teeworlds", udp(8303), udp(8305), Span("tcp", 8303, 8303)), TEEWORLDS)
        self.assertEqual(
            told,
            Playing(
                "teeworlds",
                "Teeworlds",
                True,
                (Hosted("udp", 8303, "teeworlds", 8303), Hosted("udp", 8305, "teeworlds", 8305)),
            ),
        )

    def test_query_port(self) -> None:
        """A query port of its own is told; where the whole server moved, as far away as that, if somebody is there."""
        at_home = playing(running("arma", udp(2302), udp(2303)), ARMA).servers
        self.assertEqual(at_home, (Hosted("udp", 2302, "a2s", 2303),))
        wide = attrs.evolve(ARMA, ports=(attrs.evolve(ARMA.ports[0], span=udp(2302, 2402)),))
        self.assertEqual(playing(running("arma", udp(2402), udp(2403)), wide).servers[0].query_port, 2403)
        self.assertEqual(playing(running("arma", udp(2402)), wide).servers[0].query_port, 2303)

    def test_bounds(self) -> None:
        """Many sockets are few servers, a long name is cut, what is not to be shown is not told."""
        told = playing(running("teeworlds", udp(8303, 8310)), TEEWORLDS)
        self.assertEqual(len(told.servers), SERVERS_LIMIT)
        self.assertEqual(playing(running("x", name="y" * 99), None).name, "y" * NAME_LIMIT)
        self.assertEqual(playing(running("x", name="\x1b\u202e"), None).name, "x")


class TalkTests(SynchronousTestCase):
    """One node's machine."""

    def talk(self) -> PresenceTalk:
        """It draws the middle."""
        return PresenceTalk(b"l" * 8, lambda: 0.5)

    def test_told(self) -> None:
        """On a change, to whose link comes up, and again each interval; not oftener than once a second."""
        talk = self.talk()
        self.assertEqual(talk.ready(frozenset({BEN}), 0.0), {BEN})
        self.assertEqual(talk.said((QUAKE,), 1.0), {BEN})
        self.assertEqual(talk.said((QUAKE,), 1.1), NOBODY)
        self.assertEqual(talk.said((DOOM,), 1.2), NOBODY)
        self.assertEqual(talk.deadline(), 1.0 + SPACING)
        self.assertEqual(talk.tick(1.0 + SPACING), (frozenset({BEN}), False))
        self.assertEqual(talk.deadline(), 2.0 + REPEAT)
        self.assertEqual(talk.ready(BOTH, 3.0), {CLEO})
        self.assertEqual(talk.deadline(), 3.0 + AGAIN)
        self.assertEqual(talk.tick(3.0 + AGAIN), (BOTH, False))
        self.assertEqual(talk.deadline(), 3.0 + AGAIN + REPEAT)

    def test_farewell(self) -> None:
        """That nothing is played any more is told a few times, and then nothing."""
        talk = self.talk()
        talk.ready(BOTH, 0.0)
        talk.said((QUAKE,), 0.0)
        told = [talk.said((), 10.0)]
        while (deadline := talk.deadline()) is not None:
            told.append(talk.tick(deadline)[0])
        self.assertEqual(told, [BOTH] * FAREWELLS)

    def test_forgotten(self) -> None:
        """Who is silent, or no member any more, plays nothing; who repeats goes on."""
        talk = self.talk()
        for identity in (BEN, CLEO):
            self.assertEqual(talk.heard(identity, b"x" * 8, 1, (QUAKE,), 0.0), (True, NOBODY))
        self.assertEqual(talk.heard(CLEO, b"x" * 8, 1, (QUAKE,), 50.0), (False, NOBODY))
        self.assertEqual(talk.tick(SILENCE), (NOBODY, True))
        self.assertEqual(talk.members, {CLEO: (QUAKE,)})
        self.assertFalse(talk.gone(BOTH))
        self.assertTrue(talk.gone(frozenset({BEN})))
        self.assertIsNone(talk.deadline())

    def test_overtaken(self) -> None:
        """What was sent earlier and comes later does not count; another life of the member does."""
        talk = self.talk()
        talk.heard(BEN, b"x" * 8, 5, (DOOM,), 0.0)
        self.assertEqual(talk.heard(BEN, b"x" * 8, 4, (QUAKE,), 1.0), (False, NOBODY))
        self.assertEqual(talk.members[BEN], (DOOM,))
        self.assertEqual(talk.heard(BEN, b"y" * 8, 1, (QUAKE,), 2.0), (True, NOBODY))

    def test_left(self) -> None:
        """Who goes out of the party says so, once, by a number of its own; what comes in the next one counts again."""
        talk, other = self.talk(), self.talk()
        talk.ready(BOTH, 0.0)
        talk.said((QUAKE,), 0.0)
        other.heard(BEN, talk.life, talk.number, talk.games, 0.0)
        talk.heard(CLEO, b"x" * 8, 1, (DOOM,), 0.0)
        number, to = talk.left()
        self.assertEqual((to, talk.members, talk.deadline()), (BOTH, {}, None))
        self.assertEqual(other.heard(BEN, talk.life, number, (), 1.0), (True, NOBODY))
        self.assertEqual(talk.ready(BOTH, 2.0), BOTH)
        self.assertEqual(other.heard(BEN, talk.life, talk.number, talk.games, 2.0), (True, NOBODY))
        self.assertEqual(self.talk().left()[1], NOBODY)

    def test_new_life(self) -> None:
        """A member that started anew is told what is played here, once for each of its lives."""
        talk = self.talk()
        talk.said((QUAKE,), 0.0)
        told = [talk.heard(BEN, life, 1, (), 1.0)[1] for life in (b"x" * 8, b"x" * 8, b"y" * 8)]
        self.assertEqual(told, [{BEN}, NOBODY, {BEN}])

    def test_many_lives(self) -> None:
        """One that begins anew ten times a second makes this node tell the others three times a minute more."""
        talk = self.talk()
        talk.ready(frozenset({BEN}), 0.0)
        talk.said((QUAKE,), 0.0)
        told = 0
        for step in range(1, 600):
            talk.heard(BEN, step.to_bytes(8, "big"), 1, (), step / 10)
            told += bool(talk.tick(step / 10)[0])
        self.assertLess(told, 8)

    def test_left_after_the_end_of_a_game(self) -> None:
        """A game that ended a moment ago, of which nobody was told yet, is taken back by the farewell."""
        talk = self.talk()
        talk.ready(frozenset({BEN}), 0.0)
        talk.said((QUAKE,), 0.0)
        self.assertEqual(talk.said((), 0.5), NOBODY)
        self.assertEqual(talk.left()[1], {BEN})


class Members(RuleBasedStateMachine):
    """Three members that tell each other, over a network that loses and reorders; each may start anew."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.lives = 0
        self.clean_since = 0.0
        self.on_the_way: list[tuple[int, int, bytes, int, tuple[Playing, ...]]] = []
        self.all = [self.born() for _ in range(3)]
        for number in range(3):
            self.up(number)

    def born(self) -> PresenceTalk:
        """Another life."""
        self.lives += 1
        return PresenceTalk(self.lives.to_bytes(8, "big"), lambda: 0.5)

    def others(self, number: int) -> frozenset[bytes]:
        """By identity."""
        return frozenset(bytes([each]) for each in range(3) if each != number)

    def send(self, number: int, to: frozenset[bytes]) -> None:
        """Put it on its way."""
        talk = self.all[number]
        self.on_the_way += [(number, each[0], talk.life, talk.number, talk.games) for each in to]

    def up(self, number: int) -> None:
        """Its links come up."""
        self.send(number, self.all[number].ready(self.others(number), self.now))

    def arrive(self, at: int) -> None:
        """One message arrives."""
        sender, to, life, serial, games = self.on_the_way.pop(at)
        self.send(to, self.all[to].heard(bytes([sender]), life, serial, games, self.now)[1])

    @rule(number=st.integers(0, 2), games=st.lists(st.sampled_from((QUAKE, DOOM)), unique=True, max_size=2))
    def play(self, number: int, games: list[Playing]) -> None:
        """Games begin and end."""
        self.clean_since = self.now
        self.send(number, self.all[number].said(tuple(games), self.now))

    @rule(number=st.integers(0, 2))
    def restart(self, number: int) -> None:
        """A node starts anew: it has forgotten all, and plays nothing."""
        self.clean_since = self.now
        self.all[number] = self.born()
        self.on_the_way = [each for each in self.on_the_way if each[0] != number]
        self.up(number)
        for other in self.others(number):
            self.all[other[0]].ready(self.others(other[0]) - {bytes([number])}, self.now)
            self.up(other[0])

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data(), lost=st.booleans())
    def deliver(self, data: st.DataObject, lost: bool) -> None:
        """Any one arrives, or is lost."""
        at = data.draw(st.integers(0, len(self.on_the_way) - 1))
        if lost:
            self.clean_since = self.now
            self.on_the_way.pop(at)
        else:
            self.arrive(at)

    @rule(seconds=st.floats(0.1, 200.0))
    def wait(self, seconds: float) -> None:
        """Time passes, and what was sent arrives."""
        end = self.now + seconds
        while True:
            while self.on_the_way:
                self.arrive(0)
            moments = [(deadline, number) for number in range(3) if (deadline := self.all[number].deadline())]
            moment, number = min(moments, default=(end, 0))
            if moment >= end:
                break
            self.now = max(self.now, moment)
            self.send(number, self.all[number].tick(self.now)[0])
        self.now = end

    @invariant()
    def agreed(self) -> None:
        """Once nothing was lost and nothing changed for the longest silence, everybody knows what everybody plays."""
        if self.now - self.clean_since <= SILENCE + REPEAT + JITTER or self.on_the_way:
            return
        for number, talk in enumerate(self.all):
            for other in self.others(number):
                assert talk.members.get(other, ()) == self.all[other[0]].games


class MembersTests(SynchronousTestCase):
    """The machine above."""

    def test_members(self) -> None:
        """In any order."""
        run_state_machine_as_test(Members, settings=settings(max_examples=25, stateful_step_count=20, deadline=None))
