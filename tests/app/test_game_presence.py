"""Members know what each other play: joined in memory by real links and channels."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.game_announcer import QUIET, REMEMBERED_LIMIT, GameAnnouncer
from lanrage.app.game_presence import CHANGES_BURST, GamePresence
from lanrage.core.game_presence import GAMES_LIMIT, SILENCE, Hosted, Playing
from lanrage.wire import party_channel as wire
from tests.app.link_world import Player
from tests.app.test_party_channel import ChannelCase
from tests.fakes_control import SeededRandom
from tests.fakes_running_games import MemoryProfiles, MemoryWatch, running, udp

HOSTS = Playing("teeworlds", "Teeworlds", True, (Hosted("udp", 8303, "teeworlds", 8303),))
PLAYS = Playing("arma", "ARMA")


class PresenceCase(ChannelCase):
    """Three players whose presence is told."""

    def setUp(self) -> None:
        super().setUp()
        self.presences = [self.join(player) for player in self.players]
        self.ours, self.berts, self.carls = self.presences
        self.heard: list[tuple[Playing, ...]] = []
        self.berts.listen(lambda: self.heard.append(self.annas()))
        self.meet()

    def join(self, player: Player) -> GamePresence:
        """Its presence, part of its channel."""
        presence = GamePresence(self.world.clock, SeededRandom(f"{player.name} {self.world.clock.seconds()}"))
        presence.join(
            player.channel,
            lambda identity: player.links.peers[identity].name,
            lambda: player.links.cut_off.members,
        )
        return presence

    def identity(self, player: Player) -> bytes:
        """Whom it is."""
        return player.keys.identity.public

    def annas(self) -> tuple[Playing, ...]:
        """What Bert knows of Anna."""
        return self.berts.of(self.identity(self.anna))


class PresenceTests(PresenceCase):
    """What is told."""

    def test_life(self) -> None:
        """All know within a tenth of a second what Anna's machine runs, and that it has ended; a listener is told."""
        watch = MemoryWatch()
        self.ours.follow(watch, MemoryProfiles())
        with capturedLogs() as events:
            watch.put(running("teeworlds", udp(8303)))
            self.world.run(0.1)
            self.assertEqual([self.annas(), self.carls.of(self.identity(self.anna))], [(HOSTS,)] * 2)
            self.assertEqual(self.ours.own, (HOSTS,))
            self.assertEqual(self.ours.all(), {})
            self.world.run(2.0)
            watch.end("teeworlds")
            self.world.run(0.1)
        self.assertEqual(self.heard, [(HOSTS,), ()])
        self.assertEqual(self.berts.all(), {})
        told = [event for event in events if "game_id" in event]
        self.assertEqual(len(told), 4)
        self.assertEqual([event["peer"] for event in told], ["anna"] * 4)

    def test_crash(self) -> None:
        """A machine that is gone without a word plays nothing any more once its path is dead, long before its silence
        is; a path that opens again shows what it plays."""
        self.ours.say([HOSTS])
        self.world.run(1.0)
        self.assertEqual((HOSTS,), self.annas())
        anna = self.anna.host.outer
        self.world.underlay.drops = lambda source, to: anna in {source.host, to.host}
        self.assertLess(self.until(()), SILENCE / 2)
        self.assertEqual(([(HOSTS,), ()], {}), (self.heard, self.berts.all()))
        self.world.underlay.drops = lambda source, to: False
        self.assertLess(self.until((HOSTS,)), SILENCE)

    def until(self, games: tuple[Playing, ...]) -> float:
        """Seconds until Bert knows this of Anna."""
        begin = self.world.clock.seconds()
        while self.annas() != games and self.world.clock.seconds() < begin + SILENCE:
            self.world.run(0.5)
        return self.world.clock.seconds() - begin

    def test_guesses(self) -> None:
        """A game that is but guessed, by all of its ports even, is not told until it is sure."""
        watch = MemoryWatch()
        self.ours.follow(watch, MemoryProfiles())
        told = []
        for confidence in (0.65, 0.60 + 0.15, 0.80):
            watch.put(running("teeworlds", udp(8303), confidence=confidence))
            self.world.run(0.1)
            told.append(self.annas())
        self.assertEqual(told, [(), (), (HOSTS,)])

    def test_later_member(self) -> None:
        """Who comes later, or restarts, is told at once; who stopped in between has forgotten."""
        self.ours.say([HOSTS])
        self.world.run(1.0)
        self.berts.leave()
        self.assertEqual(self.annas(), ())
        self.bert.stop()
        self.world.run(1.0)
        self.bert.start()
        self.berts = self.join(self.bert)
        self.bert.follow([player.member for player in self.players])
        self.world.run(6.0)
        self.assertEqual(self.annas(), (HOSTS,))

    def test_member_leaves(self) -> None:
        """Who is no member any more plays nothing, at once."""
        self.ours.say([HOSTS])
        self.world.run(1.0)
        self.world.meet("bert", "carl")
        self.world.run(0.1)
        self.assertEqual(self.heard, [(HOSTS,), ()])

    def test_silence(self) -> None:
        """A member that says nothing plays nothing after the longest silence, though its paths are open; a lost telling
        is made up for."""
        self.world.underlay.drops = lambda source, to: True
        self.ours.say([HOSTS])
        self.world.run(1.0)
        self.world.underlay.drops = lambda source, to: False
        self.assertEqual(self.annas(), ())
        self.world.run(40.0)
        self.assertEqual(self.annas(), (HOSTS,))
        self.anna.channel.stop()
        self.world.run(SILENCE - 40.0)
        self.assertEqual(self.annas(), (HOSTS,))
        self.world.run(41.0)
        self.assertEqual(self.annas(), ())

    def test_session_ends(self) -> None:
        """A member whose session ends says so: the others know at once, and again when it is back."""
        self.ours.say([HOSTS])
        self.world.run(1.0)
        self.ours.leave()
        self.world.run(0.1)
        self.assertEqual(self.heard, [(HOSTS,), ()])
        self.ours.join(self.anna.channel)
        self.anna.channel.follow()
        self.world.run(0.1)
        self.assertEqual(self.annas(), (HOSTS,))

    def test_flood(self) -> None:
        """A member that changes its mind all the time is heard a few times, and again when it has calmed down."""
        self.heard.clear()
        for number in range(50):
            message = wire.Games.of(b"floods!!", number, [HOSTS] if number % 2 else [PLAYS])
            self.say(self.anna, self.bert, message)
        self.assertLessEqual(len(self.heard), CHANGES_BURST + 1)
        self.assertGreater(self.berts.refused, 40)
        self.world.run(5.0)
        self.say(self.anna, self.bert, wire.Games.of(b"floods!!", 51, [PLAYS]))
        self.assertEqual(self.annas(), (PLAYS,))

    def test_hostile(self) -> None:
        """A name that is not to be shown changes nothing and is counted; so is a kind from the future."""
        told = wire.PlayingTold("quake", "\u202eekauQ", False, ())
        self.say(self.anna, self.bert, wire.Games(b"hostile!", 1, (told,)))
        self.assertEqual((self.bert.channel.counters.malformed, self.annas()), (1, ()))
        self.bert.links.peers[self.identity(self.anna)].revoke()
        self.say(self.anna, self.bert, wire.Games.of(b"hostile!", 2, [PLAYS]))
        self.assertEqual(self.annas(), ())

    def test_bounds(self) -> None:
        """Of many games the first are told; what has no profile's id is not."""
        games = [Playing(f"game-{number}", f"Game {number}") for number in range(20)]
        self.ours.say([Playing("No Id", "x"), *games])
        self.world.run(0.1)
        self.assertEqual(self.annas(), tuple(games[:GAMES_LIMIT]))

    def test_listener_fails(self) -> None:
        """One listener's failure stops no other, and one that ended hears no more."""

        def broken() -> None:
            raise ValueError("a listener's own")

        told: list[int] = []
        for call in (broken, lambda: told.append(1)):
            end = self.ours.listen(call)
        self.ours.say([PLAYS])
        end()
        self.ours.say([])
        self.assertEqual(told, [1])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)

    def test_nothing_left(self) -> None:
        """After all have left, no timer of theirs runs."""
        self.ours.say([HOSTS])
        self.world.run(1.0)
        self.assertNotEqual(self.timers(), [])
        for presence in self.presences:
            presence.leave()
            presence.say([PLAYS])
        self.assertEqual(self.timers(), [])

    def timers(self) -> list[str]:
        """Those of presences that run."""
        return [str(call) for call in self.world.clock.getDelayedCalls() if "GamePresence" in str(call)]


class AnnouncerTests(SynchronousTestCase):
    """What the webhook is told."""

    def setUp(self) -> None:
        """It is wanted, in a party."""
        self.clock, self.watch = Clock(), MemoryWatch()
        self.lines: list[str] = []
        self.webhook: Any = self.lines.append
        self.party: str | None = "Friday"
        self.wanted = True
        self.announcer = GameAnnouncer(self.clock, lambda: self.webhook, lambda: self.party, lambda: self.wanted)
        self.announcer.follow(self.watch)

    def test_life(self) -> None:
        """Beginning and end of a game, with the party's name and the game's alone; a change is nothing new."""
        self.watch.put(running("teeworlds", udp(8303)))
        self.watch.put(running("teeworlds", udp(8304)))
        self.watch.end("teeworlds")
        self.assertEqual(self.lines, ["Friday: Teeworlds is played", "Friday: Teeworlds is over"])

    def test_not_wanted(self) -> None:
        """Nothing is told unless it is wanted, in a party and with a webhook; the end alone neither."""
        for field, value in (("wanted", False), ("party", None), ("webhook", None)):
            before = getattr(self, field)
            setattr(self, field, value)
            self.watch.put(running("teeworlds"))
            setattr(self, field, before)
            self.watch.end("teeworlds")
        self.assertEqual(self.lines, [])

    def test_guess(self) -> None:
        """What is but guessed is not told."""
        self.watch.put(running("teeworlds", confidence=0.65))
        self.watch.end("teeworlds")
        self.assertEqual(self.lines, [])
        for confidence in (0.65, 0.95, 0.8):
            self.watch.put(running("teeworlds", confidence=confidence))
        self.assertEqual(self.lines, ["Friday: Teeworlds is played"])

    def test_flapping(self) -> None:
        """A game that begins again and again is told once in five minutes."""
        for _ in range(9):
            self.watch.put(running("teeworlds"))
            self.watch.end("teeworlds")
            self.clock.advance(QUIET / 9)
        self.assertEqual(len(self.lines), 2)
        self.watch.put(running("teeworlds"))
        self.assertEqual(len(self.lines), 3)

    def test_bound(self) -> None:
        """However many games come and go, few are remembered; the one of just now among them."""
        for number in range(REMEMBERED_LIMIT + 9):
            self.clock.advance(1)
            self.watch.put(running(f"game-{number}"))
            self.watch.end(f"game-{number}")
        self.lines.clear()
        for number in (0, REMEMBERED_LIMIT + 8):
            self.watch.put(running(f"game-{number}"))
        self.assertEqual(self.lines, ["Friday: Game-0 is played"])

    def test_stop(self) -> None:
        """After the stop nothing is told."""
        self.watch.put(running("teeworlds"))
        self.announcer.stop()
        self.watch.end("teeworlds")
        self.assertEqual((len(self.lines), self.watch.listeners), (1, []))
