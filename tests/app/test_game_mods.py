"""Members compare their modifications: joined in memory by real links and channels."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import attrs
from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial import unittest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.game_mods import COMPARISONS_LIMIT, QUESTIONS_BURST, SOON, GameMods
from lanrage.app.game_mods_asking import LONGEST, WAIT
from lanrage.app.game_mods_node import GameModsNode
from lanrage.app.game_mods_own import KEPT, KEPT_SHARE, OwnModLists, players_home
from lanrage.core.game_mods import MODS_LIMIT, NAME_BYTES, Compared, Mod, ModDifference, ModList, Verdict
from lanrage.core.game_profile import GameProfile, ModKind, Mods
from lanrage.errors import BadInput, Refused
from lanrage.net.game_mod_files import ModPlaces, mods_of
from lanrage.wire import party_channel as wire
from tests.app.link_world import Player
from tests.app.test_cli import CommandCase
from tests.app.test_party_channel import ChannelCase

RULE = Mods(next(iter(ModKind)), ("~/.tag/mods/*",), True)
TAG = GameProfile("tag", "Tag", "low", (), mods=RULE)
PLAIN = GameProfile("plain", "Plain", "low", ())
SHORT = ModList.of([Mod("a.jar", b"1" * 16), Mod("b.jar", b"1" * 16)])
OTHER = ModList.of([Mod("b.jar", b"2" * 16), Mod("c.jar", b"1" * 16)])
LARGEST = ModList.of(Mod(f"{number:04}".ljust(NAME_BYTES, "x"), b"3" * 16) for number in range(MODS_LIMIT))
DIFFERS = Compared(Verdict.DIFFERS, ModDifference(("a.jar",), ("c.jar",), ("b.jar",)))


class KnownProfiles:
    """Two games, one of which has modifications."""

    def get(self, game: str) -> GameProfile | None:
        """See :class:`lanrage.app.game_presence.Profiles`."""
        return {"tag": TAG, "plain": PLAIN}.get(game)

    def on_change(self, _call: Any) -> Any:
        """Never."""
        return lambda: None


@attrs.define
class Files:
    """Modifications in memory; ``held`` readings wait."""

    mods: ModList = SHORT
    reads: int = 0
    error: Exception | None = None
    held: Deferred[ModList] | None = None

    def read(self, rule: Mods, places: ModPlaces) -> Deferred[ModList]:
        """As :func:`lanrage.net.game_mod_files.mods_of`."""
        assert (rule, places) == (RULE, ModPlaces("/home/ana"))
        self.reads += 1
        if self.held is not None:
            return self.held
        return fail(self.error) if self.error is not None else succeed(self.mods)


class ModsCase(ChannelCase):
    """Three players with lists."""

    def setUp(self) -> None:
        super().setUp()
        self.files = [Files(), Files(), Files(OTHER)]
        self.parts = [self.join(*each) for each in zip(self.players, self.files, strict=True)]
        self.ours, self.berts, self.carls = self.parts
        self.meet()

    def join(self, player: Player, files: Files, home: str | None = "/home/ana") -> GameMods:
        """Its part of the channel."""
        mods = GameMods(self.world.clock, OwnModLists(self.world.clock, files.read, home))
        mods.profiles = KnownProfiles()
        mods.join(player.channel)
        return mods

    def compare(self, seconds: float = 0.2, game: str = "tag") -> list[Compared]:
        """What Anna sees of Bert and of Carl."""
        comparing = ensureDeferred(self.ours.compare(game))
        self.world.run(seconds)
        own, found = self.successResultOf(comparing)
        self.assertEqual(own, self.files[0].mods)
        return [found[player.keys.identity.public] for player in (self.bert, self.carl)]


class ExchangeTests(ModsCase):
    """Lists over the channel."""

    def test_same_and_other(self) -> None:
        """Who has the same is the same, and who differs is told with the names; own files are read once."""
        self.assertEqual(self.compare(), [Compared(Verdict.SAME), DIFFERS])
        self.assertEqual(self.compare(), [Compared(Verdict.SAME), DIFFERS])
        self.assertEqual([files.reads for files in self.files], [1, 1, 1])
        self.world.run(KEPT)
        self.files[1].mods = OTHER
        self.assertEqual(self.compare(), [DIFFERS, DIFFERS])

    def test_largest(self) -> None:
        """The largest list comes whole within the longest wait, and without a refusal by the channel."""
        self.files[2].mods = LARGEST
        found = self.compare(LONGEST - 1)[1]
        self.assertEqual(len(found.difference.there), MODS_LIMIT)
        self.assertEqual(self.anna.channel.counters.over_budget, 0)

    def test_loss(self) -> None:
        """Of a long list half of what goes is lost: it is asked for again."""
        self.files[2].mods = ModList.of(LARGEST.mods[:120])
        count = 0

        def drops(_source: Any, _to: Any) -> bool:
            nonlocal count
            count += 1
            return count % 4 == 0

        self.world.underlay.drops = drops
        found = self.compare(LONGEST - 1)[1]
        self.assertEqual(len(found.difference.there), 120)

    def test_silence(self) -> None:
        """Who is not heard is asked twice and gives no answer; who has no link is not asked."""
        self.world.underlay.drops = lambda source, to: True
        self.assertEqual(self.compare(2 * WAIT + 0.1), [Compared(Verdict.NO_ANSWER)] * 2)
        self.ours.followed(frozenset(), frozenset(self.anna.links.peers))
        self.assertEqual(self.compare(0.0), [Compared(Verdict.NO_LINK)] * 2)

    def test_unknown(self) -> None:
        """A member whose node cannot read its list says so; one that is older says nothing."""
        self.files[1].error = BadInput("mods", "more than 1000 modifications")
        self.carl.channel.extras.remove(self.carls)
        self.assertEqual(self.compare(2 * WAIT + 0.1), [Compared(Verdict.UNKNOWN), Compared(Verdict.NO_ANSWER)])

    def test_service(self) -> None:
        """A system's service, and a game without modifications, are errors that say why; others hear that it is so."""
        for game, home, word in (
            ("tag", None, "home folder"),
            ("plain", "/home/ana", "names no"),
            ("x", "/", "names no"),
        ):
            part = self.join(self.anna, Files(), home)
            failure = self.failureResultOf(ensureDeferred(part.compare(game)), BadInput)
            self.assertIn(word, str(failure.value))
            part.leave()

    def beside(self, player: Player, seconds: float = 0.2) -> Deferred[Compared]:
        """What Anna sees of one, soon."""
        comparing = ensureDeferred(self.ours.beside(player.keys.identity.public, "tag"))
        self.world.run(seconds)
        return comparing

    def test_beside_one(self) -> None:
        """Before play one member is asked, and no other; who has no link, or does not answer, is waited for shortly."""
        self.assertEqual(DIFFERS, self.successResultOf(self.beside(self.carl)))
        self.assertEqual([1, 0, 1], [files.reads for files in self.files])
        self.ours.followed(frozenset({self.bert.keys.identity.public}), frozenset(self.anna.links.peers))
        self.assertEqual(Compared(Verdict.NO_LINK), self.successResultOf(self.beside(self.carl)))
        self.world.underlay.drops = lambda source, to: True
        self.assertEqual(Compared(Verdict.NO_ANSWER), self.successResultOf(self.beside(self.bert, SOON)))

    def test_beside_while_reading(self) -> None:
        """Who wants to play does not wait for a disk: it is said that the list is being read, and the next finds it."""
        self.files[0].held = Deferred()
        comparing = self.beside(self.carl, SOON)
        self.assertIn("still being read", str(self.failureResultOf(comparing, BadInput).value))
        self.files[0].held.callback(SHORT)
        self.assertEqual(DIFFERS, self.successResultOf(self.beside(self.carl)))

    def test_leave(self) -> None:
        """A session that ends ends the comparing; no timer is left."""
        self.world.underlay.drops = lambda source, to: True
        comparing = ensureDeferred(self.ours.compare("tag"))
        self.ours.leave()
        self.assertEqual(set(self.successResultOf(comparing)[1].values()), {Compared(Verdict.NO_ANSWER)})
        self.assertEqual(self.successResultOf(ensureDeferred(self.ours.compare("tag")))[1], {})

    def test_busy(self) -> None:
        """More comparisons than a few at once are refused."""
        self.world.underlay.drops = lambda source, to: True
        some = [ensureDeferred(self.ours.compare("tag")) for _ in range(COMPARISONS_LIMIT)]
        self.failureResultOf(ensureDeferred(self.ours.compare("tag")), Refused)
        self.world.run(2 * WAIT + 0.1)
        for each in some:
            self.successResultOf(each)


class HostileTests(ModsCase):
    """What another program may say."""

    def test_flood(self) -> None:
        """Questions beyond the budget are not answered, and files are read once for all."""
        for _ in range(100):
            self.say(self.anna, self.bert, wire.ModsAsk("tag", b"", ()))
        self.assertEqual(self.berts.refused, 100 - QUESTIONS_BURST)
        self.assertEqual(self.files[1].reads, 1)

    def test_slow_reading(self) -> None:
        """While a list is read, one question of a member waits; the list is kept the longer the longer that took."""
        held: Deferred[ModList] = Deferred()
        self.files[1].held = held
        for _ in range(3):
            self.say(self.anna, self.bert, wire.ModsAsk("tag", b"", ()))
        self.assertEqual((self.berts.refused, self.files[1].reads), (2, 1))
        self.world.run(2.0)
        held.callback(SHORT)
        self.world.run(2.0 * KEPT_SHARE - 1)
        self.say(self.anna, self.bert, wire.ModsAsk("tag", b"", ()))
        self.assertEqual(self.files[1].reads, 1)

    def test_revoked(self) -> None:
        """Who was thrown out is told nothing."""
        self.bert.links.peers[self.anna.keys.identity.public].revoke()
        self.say(self.anna, self.bert, wire.ModsAsk("tag", b"", ()))
        self.assertEqual(self.files[1].reads, 0)

    def test_bad_parts(self) -> None:
        """Parts that nobody asked for, or that cannot be shown, change nothing; the latter are counted."""
        bad = wire.ModsPart("tag", b"d" * 16, 0, 1, (wire.ModTold("\u202ea", b""),))
        self.say(self.carl, self.anna, bad)
        self.assertEqual(self.anna.channel.counters.malformed, 0)
        comparing = ensureDeferred(self.ours.compare("tag"))
        self.say(self.carl, self.anna, bad)
        self.say(self.carl, self.anna, wire.ModsPart("tag", b"d" * 16, 0, 1, ()))
        self.world.run(0.2)
        self.assertEqual(self.anna.channel.counters.malformed, 1)
        self.assertEqual(self.successResultOf(comparing)[1][self.carl.keys.identity.public], DIFFERS)


class OwnTests(SynchronousTestCase):
    """Our own list."""

    def test_game_folder(self) -> None:
        """Modifications in the game's folder are not known, instead of none."""
        lists = OwnModLists(Clock(), Files().read, "/home/ana")
        rule = Mods(RULE.kind, ("mods/*.jar",))
        self.assertIn("game's folder", self.successResultOf(lists.get("tag", rule)).trouble)

    def test_failure(self) -> None:
        """A reading that fails otherwise is logged."""
        lists = OwnModLists(Clock(), Files(error=ZeroDivisionError()).read, "/home/ana")
        self.assertEqual(self.successResultOf(lists.get("tag", RULE)).trouble, "they could not be read")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_home(self) -> None:
        """Root, services and nobody have no player's home; a player has that of the session."""
        for environment in ({}, {"HOME": "/home/ana"}):
            self.assertEqual([players_home(uid, environment) for uid in (0, 33, 999, 65_534)], [None] * 4)
        self.assertEqual([players_home(59_999, {"HOME": home}) for home in ("/home/ana", "ana")], ["/home/ana", None])


class NodeTests(ModsCase):
    """The operation ``games.mods``."""

    def test_operation(self) -> None:
        """Members by their names and addresses; who is no member any more is left out."""
        entries = [
            SimpleNamespace(identity=player.keys.identity.public, member=player.member)
            for player in (self.carl, self.bert, self.anna)
        ]
        node = GameModsNode()
        vars(node)["games"] = SimpleNamespace(
            profiles=SimpleNamespace(all=lambda: (TAG, PLAIN)), side=SimpleNamespace(mods=self.ours)
        )
        replica = SimpleNamespace(members={entry.identity: entry for entry in entries})
        vars(node)["_life"] = SimpleNamespace(replica=replica)
        for count in (2, 1, 0):
            comparing = ensureDeferred(node.compare_mods("Tag"))
            self.world.run(0.2)
            result = self.successResultOf(comparing)
            self.assertEqual([mod["name"] for mod in result["mods"]], ["a.jar", "b.jar"])
            self.assertEqual([member["verdict"] for member in result["members"]], ["same", "differs"][:count])
            if count == 2:
                carls = result["members"][1]
                found = [carls[field] for field in ("missing_here", "missing_there", "other")]
                self.assertEqual(found, [["c.jar"], ["a.jar"], ["b.jar"]])
                del replica.members[self.carl.keys.identity.public]
            else:
                node._life = None  # pylint: disable=protected-access


class FileTests(unittest.TestCase):
    """With the real reactor's thread and a real folder."""

    def test_read(self) -> Deferred[None]:
        """What is in the home folder of the user is read off the reactor."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-mods-"))
        self.addCleanup(shutil.rmtree, folder)
        (folder / ".tag" / "mods").mkdir(parents=True)
        (folder / ".tag" / "mods" / "a.jar").write_bytes(b"contents")
        lists = OwnModLists(
            cast(Any, reactor), lambda rule, places: mods_of(cast(Any, reactor), rule, places), str(folder)
        )
        return lists.get("tag", RULE).addCallback(
            lambda own: self.assertEqual([(mod.name, len(mod.hash)) for mod in own.mods.mods], [("a.jar", 16)])
        )


class CommandTests(CommandCase):
    """``lanrage games mods``."""

    def test_mods(self) -> None:
        """Each member with what differs, long lists shortened; all of it with ``--json``."""
        out = " ".join(self.done("games", "mods", "minecraft", "java").split())
        for words in (
            "1 modification of minecraft-java here.",
            "Ben: differs missing here: sodium.jar missing there: own-00.jar, own-01.jar",
            "own-19.jar, and 3 more other contents: iris.jar Carl: the same Dora: no answer",
            "Emil: does not know its own Fritz: no link to it",
        ):
            self.assertIn(words, out)
        (ben, *_) = json.loads(self.done("games", "mods", "minecraft", "java", "--json"))["members"]
        self.assertEqual((ben["verdict"], len(ben["missing_there"])), ("differs", 23))

    def test_alone(self) -> None:
        """Without other members that is said."""
        self.node.alone = True
        self.assertIn("no other member", self.done("games", "mods", "minecraft", "java"))
