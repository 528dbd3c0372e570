"""The party's events at a node: from what its members do to who listens."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.party_news import BEAT, EVENT_RATE, PartyNews, party_seen
from lanrage.core.notices import NoticeKind
from lanrage.core.party_events import SETTLING, MemberSeen, PartyEvent, PartySeen
from tests.app.node_world import PartyCase, Player
from tests.core.test_party_events import ALONE, BEN, BEN_AWAY, TWO


class NewsTests(SynchronousTestCase):
    """:class:`PartyNews` by a clock."""

    def setUp(self) -> None:
        """A party to be seen, and a listener."""
        self.clock, self.view = Clock(), ALONE
        self.broken = False
        self.news = PartyNews(self.clock, self.see)
        self.heard: list[str] = []
        self.end = self.news.listen(self.hear)

    def see(self) -> PartySeen:
        """What is seen now."""
        if self.broken:
            raise ValueError("a bug")
        return self.view

    def hear(self, event: PartyEvent) -> None:
        """It is told."""
        self.heard.append(event.sentence)

    def test_life(self) -> None:
        """Looks each second from start to stop; a new start begins anew."""
        self.news.look()
        self.news.startService()
        self.view = TWO
        self.clock.advance(BEAT)
        self.view = BEN_AWAY
        self.clock.pump([BEAT] * (int(SETTLING / BEAT) + 1))
        self.assertEqual(["Ben joined the party", "Ben is offline"], self.heard)
        self.assertEqual("Friday", self.news.party.name if self.news.party is not None else "")
        self.news.stopService()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.view = TWO
        self.news.startService()
        self.assertEqual(2, len(self.heard))
        self.news.stopService()

    def test_too_many(self) -> None:
        """A member that changes its mind all the time is told of now and then; that it was thrown out is told."""
        self.view = TWO
        self.news.startService()
        ready = attrs.evolve(TWO, members={**TWO.members, BEN: MemberSeen("Ben", ready=True)})
        for _ in range(100):
            self.view = ready if self.view is TWO else TWO
            self.clock.advance(BEAT)
        told = len(self.heard)
        self.assertEqual((50, True), (told + self.news.passed_over, 8 <= told <= 8 + 100 * EVENT_RATE + 1))
        self.view = attrs.evolve(ALONE, thrown_out=frozenset({BEN}))
        self.clock.advance(BEAT)
        self.assertEqual("Ben was thrown out of the party", self.heard[-1])
        self.news.stopService()

    def test_bugs(self) -> None:
        """A listener that fails stops no other, nor does a look that fails stop the next."""

        def fails(event: Any) -> None:
            raise ValueError(event)

        self.end()
        self.news.listen(fails)
        self.news.listen(self.hear)
        self.news.startService()
        self.view, self.broken = TWO, True
        self.clock.advance(BEAT)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.broken = False
        self.clock.advance(BEAT)
        self.assertEqual((["Ben joined the party"], 1), (self.heard, len(self.flushLoggedErrors(ValueError))))
        self.news.stopService()


class NodeTests(PartyCase):
    """Whole nodes."""

    def members(self, player: Player) -> list[MemberSeen]:
        """As a player's node sees them."""
        seen = party_seen(player.node._life)
        assert seen is not None
        return list(seen.members.values())

    def test_events(self) -> Deferred[None]:
        """Who joins, is ready, and is thrown out by the ledger is seen as such, by its name."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            self.assertIsNone(party_seen(None))
            news, heard = anna.node.news, []
            news.listen(lambda event: heard.append((event.kind, event.member)))
            own: list[tuple[NoticeKind, str]] = []
            bert.node.news.listen(lambda event: own.append((event.kind, event.member)))
            for each in (news, bert.node.news):
                each.startService()
                self.addCleanup(each.stopService)
            seen = news.party
            assert seen is not None
            self.assertEqual({True}, {member.online for member in seen.members.values()})
            await bert.node.set_status(text="Ready!")
            await self.until(lambda: any(each.ready for each in self.members(anna)))
            news.look()
            name = next(each.name for each in self.members(anna) if each.ready)
            await anna.node.kick(member=name)
            await self.until(lambda: len(self.members(anna)) == 1)
            news.look()
            self.assertEqual([(NoticeKind.READY, name), (NoticeKind.KICKED, name)], heard)
            await self.until(lambda: party_seen(bert.node._life) is None)
            for _ in range(3):
                bert.node.news.look()
            self.assertEqual(([(NoticeKind.KICKED, name)], None), (own, bert.node.news.party))

        return self.run_async(life())
