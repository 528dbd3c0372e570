"""Members tell each other their paths and clocks over the real channel, in memory."""

from __future__ import annotations

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.clock_desk import BURST, TURN_SECONDS, TURNS, ClockDesk
from lanrage.app.quality_desk import QualityDesk
from lanrage.core.clock_reading import ClockReading
from lanrage.core.path_reports import REPEAT, SILENCE, PathTold
from lanrage.wire import party_channel as wire
from lanrage.wire.party_quality import ClockAsk, ClockTold, Quality
from tests.app.link_world import Player
from tests.app.test_party_channel import ChannelCase
from tests.fakes_control import NOW, SeededRandom

Found = dict[bytes, ClockReading]


@attrs.define
class Heard:
    """Takes part in a channel, and keeps what was said."""

    words: list[wire.Message] = attrs.field(factory=list)

    def followed(self, ready: frozenset[bytes], members: frozenset[bytes]) -> None:
        """Nothing to do."""

    def heard(self, identity: bytes, message: wire.Message) -> None:
        """Keep it."""
        del identity
        self.words.append(message)


def who(player: Player) -> bytes:
    """Its identity."""
    return player.keys.identity.public


class QualityDeskTests(ChannelCase):
    """Anna, Bert and Carl."""

    def setUp(self) -> None:
        """All have met; Carl's program is of an earlier version."""
        super().setUp()
        self.meet()
        self.desks = {player.name: QualityDesk(self.world.clock) for player in (self.anna, self.bert)}
        for player in (self.anna, self.bert):
            self.desks[player.name].join(player.channel, player.links)
            player.channel.follow()

    def test_told(self) -> None:
        """Within some seconds each knows what the other measures, and nothing of who tells nothing."""
        self.world.run(2.5)
        anna, bert = self.desks["anna"], self.desks["bert"]
        told = anna.reports()
        self.assertEqual(list(told), [who(self.bert)])
        self.assertEqual(list(told[who(self.bert)].paths), [who(self.carl)])
        path, measured = told[who(self.bert)].paths[who(self.carl)], bert.own()[who(self.carl)]
        self.assertEqual((path.kind, path.grade), ("direct", measured.grade))
        self.assertEqual(self.carl.channel.counters.malformed, 0)
        self.world.run(2 * REPEAT)
        self.assertGreater(anna.reports()[who(self.bert)].at, self.world.clock.seconds() - REPEAT - 2.0)

    def test_forgotten(self) -> None:
        """Who says nothing more is forgotten, and who is no member any more at once; nothing is left after the end."""
        self.world.run(3.0)
        self.desks["bert"].leave()
        self.world.run(SILENCE)
        self.assertEqual(self.desks["anna"].reports(), {})
        self.desks["bert"].join(self.bert.channel, self.bert.links)
        self.bert.channel.follow()
        self.world.run(SILENCE)
        self.assertEqual(list(self.desks["anna"].reports()), [who(self.bert)])
        self.world.meet("anna", "carl")
        self.world.run(0.1)
        self.assertEqual(self.desks["anna"].reports(), {})
        for desk in self.desks.values():
            desk.leave()
            self.assertEqual((desk.own(), desk.reports()), ({}, {}))
        self.assertEqual([player.channel.extras for player in self.players], [[], [], []])

    def test_door(self) -> None:
        """A report that names its sender, or one member twice, changes nothing and is counted; members that nobody
        knows are left out; too many are not heard."""
        desk, address = self.desks["anna"], self.carl.address
        ways = PathTold("direct", 0.01)
        rows = [(self.bert.address, ways), (self.bert.address, ways)]
        for wrong in ([(address, ways)], rows):
            self.say(self.carl, self.anna, Quality.of(wrong))
        self.assertEqual((self.anna.channel.counters.malformed, desk.reports()), (2, {}))
        stranger = next(ip for ip in self.anna.links._network.hosts() if ip not in {p.address for p in self.players})
        self.say(
            self.carl, self.anna, Quality.of([(stranger, ways), (self.bert.address, ways), (self.anna.address, ways)])
        )
        self.assertEqual(desk.reports()[who(self.carl)].paths, {who(self.bert): ways})
        for _ in range(50):
            self.say(self.carl, self.anna, Quality(()))
        self.assertGreater(desk.refused, 30)

    def test_no_game(self) -> None:
        """Both ends count alike what the channel took of their tunnel, so that it is taken for no game; of members that
        went nothing is kept."""
        self.world.run(3 * REPEAT)
        for player, other in ((self.anna, self.bert), (self.bert, self.anna)):
            self.assertGreater(player.channel.carried[other.address], 0)
            self.assertEqual(player.channel.carried[other.address], other.channel.carried[player.address])
        self.assertEqual(self.anna.channel.carried.keys(), {self.bert.address, self.carl.address})
        self.world.meet("anna", "carl")
        self.world.run(0.1)
        self.assertEqual(self.anna.channel.carried.keys(), {self.carl.address})


class ClockDeskTests(ChannelCase):
    """Anna asks; Bert's clock is two hours behind, Carl's program knows no such question."""

    def setUp(self) -> None:
        """All have met."""
        super().setUp()
        self.meet()
        self.desk, self.bert_desk = self.clock_desk(self.anna, 0.0), self.clock_desk(self.bert, -7200.0)
        self.carl_hears = Heard()
        self.carl.channel.extras.append(self.carl_hears)

    def clock_desk(self, player: Player, off: float) -> ClockDesk:
        """One whose clock is so far off."""
        desk = ClockDesk(self.world.clock, SeededRandom(player.name))
        desk.wall = lambda: NOW + self.world.clock.seconds() + off
        desk.join(player.channel)
        return desk

    def asked(self, *players: Player) -> tuple[Deferred[Found], list[Found]]:
        """A question to these, and what comes of it."""
        done: list[Found] = []
        asking: Deferred[Found] = Deferred.fromCoroutine(self.desk.ask(who(each) for each in players))
        asking.addCallback(done.append)
        return asking, done

    def test_told(self) -> None:
        """The offset is within the error; one question is enough, and no time is spent once all answered."""
        _, done = self.asked(self.bert)
        self.world.run(TURN_SECONDS / 2)
        (found,) = done
        reading = found[who(self.bert)]
        self.assertLessEqual(abs(reading.offset + 7200.0), reading.error)
        self.assertLess(reading.error, 0.2)
        self.assertEqual(self.bert.channel.carried[self.anna.address], self.anna.channel.carried[self.bert.address])

    def test_no_answer(self) -> None:
        """Who does not answer is asked three times and then left out; an answer that nobody waits for changes nothing,
        nor does one of another than who was asked."""
        _, done = self.asked(self.bert, self.carl)
        self.world.run(0.3)
        (question,) = (each for each in self.carl_hears.words if isinstance(each, ClockAsk))
        self.say(self.bert, self.anna, ClockTold(question.token, 1))
        self.world.run(TURNS * TURN_SECONDS)
        self.assertEqual([set(each) for each in done], [{who(self.bert)}])
        self.assertEqual(sum(isinstance(each, ClockAsk) for each in self.carl_hears.words), TURNS)
        self.say(self.carl, self.anna, ClockTold(question.token, 1))

    def test_lost(self) -> None:
        """A question that is lost is asked again."""
        self.world.underlay.drops = lambda source, to: True
        _, done = self.asked(self.bert)
        self.world.run(0.1)
        self.world.underlay.drops = lambda source, to: False
        self.world.run(TURN_SECONDS)
        self.assertEqual([set(each) for each in done], [{who(self.bert)}])

    def test_ends(self) -> None:
        """Leaving the party, and giving up, end a question at once; nothing is left that waits."""
        _, done = self.asked(self.carl)
        self.desk.leave()
        self.assertEqual(done, [{}])
        self.desk.join(self.anna.channel)
        asking, _ = self.asked(self.carl)
        asking.cancel()
        asking.addErrback(lambda _: None)
        self.assertEqual(self.desk._askings, [])

    def test_a_flood(self) -> None:
        """A member that asks too often is not answered any more."""
        for _ in range(100):
            self.say(self.carl, self.anna, ClockAsk(bytes(8)))
        self.world.run(1.0)
        answers = sum(isinstance(each, ClockTold) for each in self.carl_hears.words)
        self.assertGreaterEqual(self.desk.refused, 85)
        self.assertEqual((answers + self.desk.refused, answers <= BURST), (100, True))
