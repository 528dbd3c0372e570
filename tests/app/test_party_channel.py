"""The party channel of members joined in memory: heads and records come through, strangers and floods do not."""

from __future__ import annotations

import errno

from twisted.logger import capturedLogs

from lanrage.app.party_channel import (
    ANSWER_DATAGRAMS,
    FORWARD_BURST,
    FORWARD_RATE,
    MESSAGES_BURST,
    ChannelCounters,
    PartyChannel,
)
from lanrage.core.heads import HEAD_INTERVAL, HEAD_JITTER
from lanrage.wire import party_channel as wire
from tests.app.link_world import Player
from tests.app.links_case import LinksCase
from tests.fakes_underlay import InsidePort


class ChannelCase(LinksCase):
    """Three open players who have met."""

    def setUp(self) -> None:
        super().setUp()
        self.players = [self.world.player(name, number) for number, name in enumerate(("anna", "bert", "carl"), 1)]
        self.anna, self.bert, self.carl = self.players

    def meet(self) -> None:
        """They meet."""
        self.world.meet("anna", "bert", "carl")
        self.world.run(3.0)

    def say(self, sender: Player, to: Player, message: wire.Message) -> None:
        """What a member with another program may say."""
        link = sender.links.peers[to.keys.identity.public]
        datagram = wire.seal(
            message,
            link.keys.channel,
            sender=sender.keys.wireguard.public,
            receiver=to.keys.wireguard.public,
            nonce=b"n" * 12,
        )
        to.channel.received(datagram, str(sender.address))

    def heads(self) -> set[tuple[int, bytes]]:
        """All different heads."""
        return {player.ledger.head() for player in self.players}


class LedgerTests(ChannelCase):
    """What one has, all come to have."""

    def test_at_the_first_meeting(self) -> None:
        """Who was away gets what it missed as soon as a link is up."""
        self.anna.ledger.grow(40)
        self.bert.ledger.records = self.anna.ledger.records[:7]
        self.meet()
        self.assertEqual({self.anna.ledger.head()}, self.heads())
        self.assertEqual([ChannelCounters()] * 3, [player.channel.counters for player in self.players])

    def test_growth(self) -> None:
        """A record of one is with all within a second."""
        self.meet()
        self.anna.ledger.grow(1, 1100)
        self.anna.channel.head_changed()
        self.world.run(0.5)
        self.assertEqual({self.anna.ledger.head()}, self.heads())

    def test_nothing_twice(self) -> None:
        """Records that are known already are not given to the ledger again."""
        self.meet()
        self.anna.ledger.grow(3)
        self.anna.channel.head_changed()
        self.world.run(1.0)
        taken = list(self.bert.ledger.taken)
        self.say(self.anna, self.bert, wire.Records(1, tuple(self.anna.ledger.records)))
        self.assertEqual(taken, self.bert.ledger.taken)
        self.say(self.anna, self.bert, wire.Records(3, (self.anna.ledger.records[2], b"4 next")))
        self.assertEqual((self.anna.keys.identity.public, 1), self.bert.ledger.taken[-1])
        self.assertEqual(4, self.bert.ledger.head()[0])

    def test_a_long_history(self) -> None:
        """Hundreds of records come in many datagrams, within half a minute, although some get lost."""
        self.anna.ledger.grow(300, 400)
        lost = iter(range(10**9))
        self.world.underlay.drops = lambda source, to: next(lost) % 10 == 9
        self.world.meet("anna", "bert", "carl")
        self.world.run(25.0)
        self.assertEqual({self.anna.ledger.head()}, self.heads())

    def test_hidden_record(self) -> None:
        """The telling was lost: the next one, within an interval, makes up for it."""
        self.meet()
        self.world.underlay.drops = lambda source, to: True
        self.anna.ledger.grow(1)
        self.anna.channel.head_changed()
        self.world.run(0.5)
        self.world.underlay.drops = lambda source, to: False
        self.assertEqual(2, len(self.heads()))
        self.world.run(HEAD_INTERVAL + HEAD_JITTER + 2.0)
        self.assertEqual({self.anna.ledger.head()}, self.heads())

    def test_two_histories(self) -> None:
        """Another history is an alarm, once for each pair at each end, in the log and in the ledger."""
        self.anna.ledger.grow(2, mark=b"one")
        for player in (self.bert, self.carl):
            player.ledger.grow(2, mark=b"other")
        with capturedLogs() as events:
            self.meet()
            self.world.run(3 * HEAD_INTERVAL)
        others = [(player.keys.identity.public, 2) for player in (self.bert, self.carl)]
        self.assertEqual(sorted(others), sorted(self.anna.ledger.forks))
        for player in (self.bert, self.carl):
            self.assertEqual([(self.anna.keys.identity.public, 2)], player.ledger.forks)
        told = [event for event in events if "another history" in (event.get("log_format") or "")]
        self.assertEqual(4, len(told))

    def test_without_a_ledger(self) -> None:
        """Where no ledger is kept heads and records change nothing, and none is told."""
        anna = self.anna
        channel = anna.channel = PartyChannel(
            self.world.clock, anna.keys.wireguard.public, InsidePort(anna.host), anna.links, None, bytes
        )
        channel.start()
        self.bert.ledger.grow(3)
        self.meet()
        channel.head_changed()
        self.say(self.bert, anna, wire.Records(1, tuple(self.bert.ledger.records)))
        self.assertEqual(
            [(0, bytes(32)), self.bert.ledger.head(), self.bert.ledger.head()],
            [player.ledger.head() for player in self.players],
        )
        self.assertEqual(ChannelCounters(), channel.counters)


class StrangerTests(ChannelCase):
    """Whoever has no key."""

    def setUp(self) -> None:
        super().setUp()
        self.meet()
        self.bert.ledger.grow(5)

    def test_local_program(self) -> None:
        """One that sends from a member's address without its key changes nothing; so does one from elsewhere."""
        link = self.bert.links.peers[self.anna.keys.identity.public]
        head = wire.HeadTold(9, b"h" * 32)
        ours, theirs = self.anna.keys.wireguard.public, self.bert.keys.wireguard.public
        own = wire.seal(head, link.keys.channel, sender=theirs, receiver=ours, nonce=b"n" * 12)
        other_key = wire.seal(head, link.keys.seal, sender=ours, receiver=theirs, nonce=b"n" * 12)
        mine = self.bert.channel
        for data in (own, other_key, b"LRPC\x01" + bytes(60)):
            mine.received(data, str(self.anna.address))
        for data in (b"", b"LRPC\x02" + bytes(60), bytes(1500)):
            mine.received(data, str(self.anna.address))
        for source in ("10.66.0.9", str(self.bert.address), "198.51.100.1"):
            mine.received(own, source)
        self.assertEqual(ChannelCounters(strangers=3, forged=3, malformed=3), mine.counters)
        self.assertEqual([], self.bert.ledger.taken)

    def test_who_left(self) -> None:
        """One who is a member no more is a stranger."""
        self.bert.follow([player.member for player in (self.bert, self.carl)])
        self.anna.channel.signal(self.bert.keys.identity.public, b"x")
        datagram = b"LRPC\x01" + bytes(60)
        self.bert.channel.received(datagram, str(self.anna.address))
        self.assertEqual(ChannelCounters(strangers=1), self.bert.channel.counters)

    def test_flood(self) -> None:
        """A member that floods is heard so many times at once; others are heard all the same."""
        for _ in range(1000):
            self.say(self.anna, self.bert, wire.Want(5))
        self.assertGreater(self.bert.channel.counters.over_budget, 999 - MESSAGES_BURST)
        self.carl.ledger.grow(9)
        self.carl.channel.head_changed()
        self.world.run(1.0)
        self.assertEqual(9, self.bert.ledger.head()[0])

    def test_asks_again_and_again(self) -> None:
        """A member that asks for all records again and again gets a bounded number of datagrams."""
        self.bert.ledger.grow(500, 1000)
        self.bert.channel.head_changed()
        at = self.world.underlay.hosts[0].inner
        before = sum(count for to, count in self.world.underlay.sent.items() if to.host == at)
        for _ in range(100):
            self.say(self.anna, self.bert, wire.Want(0))
        sent = sum(count for to, count in self.world.underlay.sent.items() if to.host == at) - before
        self.assertGreaterEqual(sent, ANSWER_DATAGRAMS)
        self.assertLessEqual(sent, 4 * ANSWER_DATAGRAMS)

    def test_after_the_end(self) -> None:
        """Nothing is said after the stop, and no timer is left."""
        for player in self.players:
            player.stop()
        self.world.underlay.close()
        self.world.run(0.2)
        self.bert.channel.head_changed()
        self.bert.channel.follow()
        self.assertFalse(self.bert.channel.signal(self.anna.keys.identity.public, b"x"))
        self.assertEqual([], self.world.clock.getDelayedCalls())


class ForwardTests(ChannelCase):
    """Offers for a third member."""

    def setUp(self) -> None:
        super().setUp()
        self.meet()
        self.payload = self.anna.links.peers[self.carl.keys.identity.public]._make_offer()
        self.ids = {player.name: player.keys.identity.public for player in self.players}

    def test_once(self) -> None:
        """It is passed on by one member, once, and counts as the sender's own."""
        self.assertEqual(1, self.anna.channel.forward(self.ids["carl"], self.payload))
        self.world.run(0.2)
        self.assertEqual([0, 1, 0], [player.channel.counters.forwarded for player in self.players])
        self.assertEqual(0, self.carl.links.counters.signals_refused)
        self.carl.links.signalled(self.ids["anna"], self.payload)
        self.assertEqual(1, self.carl.links.counters.signals_repeated)

    def test_never_again(self) -> None:
        """What was forwarded goes no further, whatever it names; nor back to its sender, to us or to strangers."""
        self.say(self.anna, self.bert, wire.Forwarded(self.ids["carl"], self.payload))
        for name in (self.ids["anna"], self.ids["bert"], b"s" * 32):
            self.say(self.anna, self.bert, wire.Forward(name, self.payload))
        self.world.run(0.2)
        self.assertEqual([0, 0, 0], [player.channel.counters.forwarded for player in self.players])
        self.assertEqual(3, self.bert.channel.counters.not_forwarded)

    def test_forged_sender(self) -> None:
        """Who passes on cannot say that it was another's: the offer's own seal tells."""
        offer = self.bert.links.peers[self.ids["carl"]]._make_offer()
        self.say(self.bert, self.carl, wire.Forwarded(self.ids["anna"], offer))
        self.assertEqual(1, self.carl.links.counters.signals_refused)

    def test_too_many(self) -> None:
        """A member has so many passed on in a while."""
        seconds = 10
        for _ in range(seconds * 20):
            self.say(self.anna, self.bert, wire.Forward(self.ids["carl"], self.payload))
            self.world.run(0.05)
        self.assertLessEqual(self.bert.channel.counters.forwarded, FORWARD_BURST + seconds * FORWARD_RATE + 1)
        self.assertGreater(self.bert.channel.counters.over_budget, 0)

    def test_nobody_to_ask(self) -> None:
        """Alone with one other there is nobody to pass on."""
        for player in (self.anna, self.bert):
            player.follow([self.anna.member, self.bert.member])
        self.assertEqual(0, self.anna.channel.forward(self.ids["bert"], self.payload))

    def test_what_cannot_be_sent(self) -> None:
        """A payload that no datagram holds, and what the kernel refuses, is counted."""
        self.anna.channel.signal(self.ids["bert"], bytes(1300))
        self.assertEqual(1, self.anna.channel.counters.unsent)
        self.anna.host.tunnel = None
        self.assertEqual(errno.EDESTADDRREQ, InsidePort(self.anna.host).send(b"x", str(self.bert.address)))
        self.anna.channel.signal(self.ids["bert"], b"x")
        self.assertEqual(2, self.anna.channel.counters.unsent)
