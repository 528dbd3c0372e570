"""The operations on servers, at a browser in memory and a real file."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.caller import Caller
from lanrage.app.game_mods_results import ServerModsShown
from lanrage.app.server_keeping import ServerKeeping, browsed
from lanrage.app.server_party import Hosting
from lanrage.app.server_queries import FIRST_LOOK
from lanrage.app.servers_node import ServersNode
from lanrage.core.game_profile import Executable, Join, JoinMethod, Platform
from lanrage.core.server_filter import Listed
from lanrage.core.server_marks import Mark, MarkKey, Marks
from lanrage.errors import BadInput, StoreError
from lanrage.store.servers import ServersFile
from tests.browser_world import BrowserWorld, Hosted, answering
from tests.core.test_server_games import ARENA
from tests.fakes_servers import DIFFERS
from tests.fakes_threads import ThreadClock
from tests.new_file import new_file
from tests.strategies_servers import ADDRESSES, MEMBERS

PLAYED = attrs.evolve(
    ARENA,
    executables=(Executable(Platform.LINUX, "openarena"), Executable(Platform.WINDOWS, "openarena.exe")),
    join=Join(JoinMethod.COMMAND, ("+connect", "{address}:{port}"), ("openarena",)),
)
BEN = MEMBERS[1]
CALLER = Caller(1000, lambda: None)


@attrs.define
class Games:
    """The parts of :class:`lanrage.app.games_plane.GamesPlane` that the operations use."""

    browser: Any
    servers: ServerKeeping
    profiles: Any


class Profiles:
    """Gives one game."""

    def all(self) -> tuple[Any, ...]:
        """It alone."""
        return (PLAYED,)

    def get(self, game: str) -> Any:
        """It, by its id."""
        return PLAYED if game == PLAYED.game else None


class Node(ServersNode):
    """Compares modifications in memory: with Ben they differ."""

    def mods_beside(self, listed: Listed, caller: Caller | None) -> Deferred[ServerModsShown | None]:
        """See :class:`ServersNode`."""
        assert caller is CALLER
        return succeed(DIFFERS if listed.member == "Ben" else None)


class NodeCase(SynchronousTestCase):
    """Ana's node; Ben hosts an arena that answers, Cara a server of which nothing is known."""

    def setUp(self) -> None:
        self.folder = new_file(self, "state")
        self.world = BrowserWorld(self)
        self.world.profiles.put(PLAYED)
        self.addCleanup(self.world.room.close)
        self.world.client.servers[ADDRESSES[1], 27960] = answering("Arena", map="q3dm17")
        self.node = self.made()
        self.world.run(0.1)
        self.world.hosting = {
            BEN: [Hosting("openarena", Hosted("udp", 27960, "quake3", 27960))],
            MEMBERS[2]: [Hosting("", Hosted("udp", 5))],
        }
        self.world.browser.hosting_changed()
        self.world.run(0.5)

    def made(self) -> ServersNode:
        """A node that has started."""
        node = Node()
        keeping = ServerKeeping(ThreadClock(), self.folder, self.world.browser)
        node.games = Games(self.world.browser, keeping, Profiles())  # type: ignore[assignment]
        node._reactor = self.world.room.clock
        self.successResultOf(Deferred.fromCoroutine(keeping.start()))
        self.addCleanup(lambda: self.successResultOf(Deferred.fromCoroutine(keeping.stop())))
        return node

    def ask(self, operation: str, **args: Any) -> dict[str, Any]:
        """Carry an operation out."""
        asking = Deferred.fromCoroutine(getattr(self.node, operation)(**args))
        if not asking.called:  # it waits for what was not asked yet
            self.world.run(FIRST_LOOK + 0.1)
        found: dict[str, Any] = self.successResultOf(asking)
        return found

    def refused(self, operation: str, **args: Any) -> str:
        """The field that is refused."""
        failure = self.failureResultOf(Deferred.fromCoroutine(getattr(self.node, operation)(**args)), BadInput)
        return str(failure.value.field)

    def listed(self, **wishes: Any) -> list[dict[str, Any]]:
        """``servers.list``."""
        usual = {"text": "", "game": "", "players": 0, "password": "", "room": False, "reachable": False}
        usual |= {"favourite": False, "tag": "", "sort": "name"}
        found: list[dict[str, Any]] = self.ask("list_servers", **(usual | wishes))["servers"]
        return found


class ListTests(NodeCase):
    """What is there."""

    def test_list(self) -> None:
        """All that fit, with what is known of each."""
        arena, other = self.listed()
        self.assertEqual(
            ("Arena", "openarena", "OpenArena", "Ben"),
            tuple(arena[key] for key in ("name", "game", "game_name", "member")),
        )
        self.assertEqual(
            ("yes", "it answered over the party link", 0.4), (arena["joinable"], arena["reason"], arena["judged_s"])
        )
        self.assertEqual((["detected"], "unknown", None), (other["found"], other["joinable"], other["latency_ms"]))
        self.assertEqual(["Arena"], [each["name"] for each in self.listed(reachable=True)])
        self.assertEqual([], self.listed(password="yes"))
        self.assertEqual(2, len(self.listed(password="no")))

    def test_show(self) -> None:
        """How it is known."""
        details = self.ask("show_server", server="ben:27960")
        self.assertEqual(
            ("quake3", 27960, 0, None), tuple(details[key] for key in ("query", "query_port", "missed", "announced_s"))
        )
        self.assertEqual("server", self.refused("show_server", server="nothing"))

    def test_join(self) -> None:
        """The address, and the profile's command with it; the Linux program alone."""
        joined = self.ask("join_server", server="Arena", caller=CALLER)
        self.assertEqual(msgspec.to_builtins(DIFFERS), joined["mods"])
        self.assertEqual(["+connect", "10.66.0.2:27960"], joined["arguments"])
        self.assertEqual((["openarena"], "command", "yes"), (joined["programs"], joined["method"], joined["joinable"]))
        other = self.ask("join_server", server="Cara:5", caller=CALLER)
        self.assertIsNone(other["mods"])
        self.assertEqual(
            ([], [], "", "unknown"), tuple(other[key] for key in ("programs", "arguments", "method", "joinable"))
        )


class KeepTests(NodeCase):
    """What the user keeps."""

    def test_marks(self) -> None:
        """They are on disk before the answer, by member, port and game, and come first in the list of the next life."""
        self.ask("favour_server", server="Cara:5", off=False)
        marked = self.ask("tag_server", server="Cara:5", add=["Fun", "slow"], remove=[])
        self.assertEqual((True, ["fun", "slow"]), (marked["favourite"], marked["tags"]))
        key = MarkKey(MEMBERS[2].hex(), 5, "")
        self.assertEqual({key: Mark(True, ("fun", "slow"))}, dict(ServersFile(self.folder).load().marks))
        self.assertEqual(["Cara", "Ben"], [each["member"] for each in self.listed()])
        self.assertEqual(["Cara"], [each["member"] for each in self.listed(tag="FUN")])
        self.ask("favour_server", server="Cara:5", off=True)
        self.ask("tag_server", server="Cara:5", add=[], remove=["fun", "slow"])
        self.assertEqual({}, dict(ServersFile(self.folder).load().marks))
        self.assertEqual("tag", self.refused("tag_server", server="Cara:5", add=[], remove=[]))

    def test_added(self) -> None:
        """By member or address, with a known game; it survives a restart and goes when it is removed."""
        self.ask("add_server", address="ben:5000", game="openarena", name="Ben's  second\x07", tcp=False)
        self.ask("add_server", address="play.example.org:1", game="", name="", tcp=True)
        (kept, far) = ServersFile(self.folder).load().named
        self.assertEqual((MarkKey(BEN.hex(), 5000, "openarena"), "Ben's second"), (kept.key, kept.name))
        self.assertEqual((MarkKey("play.example.org", 1), True), (far.key, far.tcp))
        places = {(each["address"], each["port"], each["proto"]) for each in self.listed() if "manual" in each["found"]}
        self.assertEqual({(ADDRESSES[1], 5000, "udp"), ("play.example.org", 1, "tcp")}, places)
        self.successResultOf(Deferred.fromCoroutine(self.node.games.servers.stop()))
        self.assertEqual([], self.listed())
        self.node = self.made()
        self.assertEqual(2, sum("manual" in each["found"] for each in self.listed()))
        self.ask("remove_server", server="Ben:5000")
        self.ask("remove_server", server="play.example.org:1")
        self.assertEqual([], [each for each in self.listed() if "manual" in each["found"]])
        self.assertEqual((), ServersFile(self.folder).load().named)

    def test_refusals(self) -> None:
        """Each names its field; nothing is kept."""
        self.assertEqual("address", self.refused("add_server", address="x", game="", name="", tcp=False))
        self.assertEqual("game", self.refused("add_server", address="x:1", game="no such", name="", tcp=False))
        self.assertEqual("server", self.refused("remove_server", server="Arena"))
        self.assertFalse(ServersFile(self.folder).path.exists())

    def test_a_full_disk(self) -> None:
        """What could not be kept is not shown either."""
        self.folder.write_bytes(b"")
        adding = self.node.add_server(address="x.example:1", game="", name="", tcp=False)
        self.failureResultOf(Deferred.fromCoroutine(adding), StoreError)
        self.assertEqual(Marks(), self.world.browser.marks)


class BrowsedTests(SynchronousTestCase):
    """The party of a node."""

    def test_none(self) -> None:
        """Without a node's life there is none."""
        self.assertIsNone(browsed(None))
