"""``lanrage servers`` on a terminal and in a pipe."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Callable
from typing import Any

import attrs
import msgspec
from click.testing import CliRunner, Result
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.app.cli_call import Tools, show_each
from lanrage.app.game_start import find_program, launch
from lanrage.app.servers_results import JoinShown, ServerDetails, ServersShown
from lanrage.errors import Refused
from tests.app.test_cli import CommandCase
from tests.fakes_servers import ARENA, DETAILS, DIFFERS, JOIN, QUIET, UNKNOWN_HERE


class ServersTests(CommandCase):
    """Commands that ask once."""

    def test_list(self) -> None:
        """A row a server: who plays what where, how far it is and by which way that was measured."""
        out = self.done("servers", "list")
        arena = next(line for line in out.splitlines() if "Friday Arena" in line)
        for word in (
            "* Friday Arena [friday]",
            "OpenArena",
            "Ben",
            "3/8",
            "oa_dm1",
            "10.66.0.2:27960",
            "yes",
            "12.2 ms",
        ):
            self.assertIn(word, arena)
        self.assertNotIn("icmp", arena)
        quiet = next(line for line in out.splitlines() if "Cara" in line)
        for word in ("(password)", "?", "no", "30.0 ms (connect)"):
            self.assertIn(word, quiet)
        self.assertIn("1 of 2 servers do not fit.", self.done("servers", "list", "--reachable"))
        self.node.servers = []
        self.assertIn("lanrage servers add ADDRESS:PORT", self.done("servers", "list"))

    def test_wishes(self) -> None:
        """All of them go to the node; what cannot be is refused before it is asked."""
        words = "fri day --game openttd --players 2 --password no --room --reachable --favourite --tag x --sort latency"
        self.done("servers", "list", *words.split())
        wishes = {"text": "fri day", "game": "openttd", "players": 2, "password": "no", "room": True}
        wishes |= {"reachable": True, "favourite": True, "tag": "x", "sort": "latency"}
        self.assertEqual([("list_servers", wishes)], self.node.calls)
        for wrong in (["--players", "-1"], ["--password", "x"], ["--sort", "x"], ["--tag", "x" * 99]):
            self.assertNotEqual(0, self.run_command("servers", "list", *wrong).exit_code)

    def test_show(self) -> None:
        """How each thing is known."""
        out = self.done("servers", "show", "Friday", "Arena")
        self.assertEqual([("show_server", "Friday Arena")], self.node.calls)
        for words in (
            "Friday Arena at 10.66.0.2:27960/udp",
            "yes: it answered over the party link, 0 s ago",
            "announced, detected, for 61 s",
            "2 s ago, each 1.5 s",
            "quake3 at port 27960, last answer 0 s ago, 0 unanswered since",
            "12.2 ms by icmp, stable, each 60 s",
        ):
            self.assertIn(words, out)

    def test_marks(self) -> None:
        """Favourites, tags, servers that the user names."""
        self.assertIn("is a favourite and tagged friday.", self.done("servers", "favourite", "Ben:27960"))
        self.assertIn("is marked no more.", self.done("servers", "favourite", "Ben:27960", "--off"))
        self.assertIn("is tagged a, b.", self.done("servers", "tag", "Ben:27960", "--add", "a", "--add", "b"))
        self.done("servers", "add", "Ben:27960", "--game", "openarena", "--name", "Arena", "--tcp")
        self.done("servers", "remove", "Ben:27960")
        self.assertEqual(
            [
                ("favour_server", "Ben:27960", False),
                ("favour_server", "Ben:27960", True),
                ("tag_server", "Ben:27960", ["a", "b"], []),
                ("add_server", "Ben:27960", "openarena", "Arena", True),
                ("remove_server", "Ben:27960"),
            ],
            self.node.calls,
        )

    def test_json(self) -> None:
        """As the shapes say."""
        listed = msgspec.json.decode(self.done("servers", "list", "--json"), type=ServersShown)
        self.assertEqual(ServersShown([ARENA, QUIET], 2), listed)
        self.assertEqual(DETAILS, msgspec.json.decode(self.done("servers", "show", "x", "--json"), type=ServerDetails))


class JoinTests(CommandCase):
    """``lanrage servers join``; the game is a fake that notes its arguments."""

    def setUp(self) -> None:
        super().setUp()
        self.started: list[tuple[str, list[str]]] = []
        self.user = 1000

    def run_command(self, *words: str, stdin: str = "") -> Result:
        """With a process that is never replaced."""
        tools = Tools(self.call, execute=self.execute, user=lambda: self.user)
        return CliRunner().invoke(main, list(words), obj=tools, input=stdin)

    def execute(self, path: str, arguments: list[str]) -> None:
        """Become the game."""
        self.started.append((path, arguments))

    def test_starts(self) -> None:
        """The first program that is installed gets the profile's arguments, as a list."""
        out = self.done("servers", "join", "Friday", "Arena")
        program = find_program(["true"])
        assert program is not None
        self.assertEqual([(program, [program, "+connect", "10.66.0.2:27960"])], self.started)
        self.assertIn(f"Starting: {program} +connect 10.66.0.2:27960", out)

    def test_prints(self) -> None:
        """--print and --json start nothing."""
        out = self.done("servers", "join", "x", "--print")
        self.assertEqual("10.66.0.2:27960", out.splitlines()[0])
        self.assertIn("Start it with: ", out)
        document = json.loads(self.done("servers", "join", "x", "--json"))
        self.assertEqual(["+connect", "10.66.0.2:27960"], document.pop("command")[1:])
        self.assertEqual(JOIN, msgspec.convert(document, JoinShown))
        self.assertEqual([], self.started)

    def test_what_cannot_be_started(self) -> None:
        """The address is printed all the same, with what to do by hand."""
        cases: dict[str, dict[str, Any]] = {
            "is not installed here: none of no-such-game": {"programs": ["no-such-game", "/bin/true"]},
            "Pick it in the list of OpenArena": {"arguments": [], "method": "lobby"},
            "Type the address into OpenArena": {"arguments": [], "method": "address"},
            "Type the address into the game": {"arguments": [], "method": "", "game_name": ""},
            "Mind: it does not answer.": {"joinable": "no", "reason": "it does not answer", "arguments": []},
        }
        for words, changes in cases.items():
            self.node.join = msgspec.structs.replace(JOIN, **changes)
            out = self.done("servers", "join", "x")
            self.assertIn(words, out)
            self.assertIn("10.66.0.2:27960", out.splitlines())
        self.assertEqual([], self.started)

    def test_modifications(self) -> None:
        """What differs at the hosting member, or why that is not known, is said before the game is started."""
        for mods, words in (
            (DIFFERS, "Your modifications differ from those of Ben: missing here: a.jar missing there: b.jar other"),
            (UNKNOWN_HERE, "not compared with those of Ben: modifications of x: they cannot be read."),
        ):
            self.node.join = msgspec.structs.replace(JOIN, mods=mods)
            out = " ".join(self.done("servers", "join", "x").split())
            self.assertLess(0, out.index(words), out)
            self.assertLess(out.index(words), out.index("Starting: "))
        self.node.join = msgspec.structs.replace(JOIN, mods=msgspec.structs.replace(DIFFERS, verdict="same"))
        self.assertNotIn("odifications", self.done("servers", "join", "x"))

    def test_never_as_root(self) -> None:
        """A game is the user's."""
        self.user = 0
        result = self.run_command("servers", "join", "x")
        self.assertEqual(1, result.exit_code)
        self.assertIn("not started as root", result.output)
        self.assertEqual([], self.started)


class LaunchTests(SynchronousTestCase):
    """The last step."""

    def test_errors(self) -> None:
        """A program that cannot be started is a sentence."""
        with self.assertRaisesRegex(Refused, "cannot be started: No such file"):
            launch("/no/such/game", [], os.execv, lambda: 1000)

    def test_programs(self) -> None:
        """By name alone: a profile's path does not count."""
        self.assertIsNone(find_program(["/bin/true", "", "no-such-game"]))
        self.assertTrue((find_program(["no-such-game", "true"]) or "").endswith("/true"))


@attrs.define
class Watching:
    """Shows results one after another, as a node gives them."""

    results: list[dict[str, Any]]
    asked: list[tuple[str, dict[str, Any]]] = attrs.field(factory=list)

    def watch(self, path: str, op: str, args: dict[str, Any], show: Callable[[Any], None]) -> None:
        """See :data:`lanrage.app.cli_call.Watcher`."""
        del path
        self.asked.append((op, args))
        for result in self.results:
            show(result)


def of_list(*servers: Any) -> dict[str, Any]:
    """Of ``servers.list``."""
    plain: dict[str, Any] = msgspec.to_builtins(ServersShown(list(servers), len(servers)))
    return plain


class WatchTests(SynchronousTestCase):
    """``lanrage servers watch`` in a pipe."""

    def lines(self, *words: str) -> list[str]:
        """What comes out for a list that changes."""
        more = msgspec.structs.replace(ARENA, players=4)
        slower = msgspec.structs.replace(more, latency_ms=99.0, judged_s=7.0)
        watching = Watching([of_list(), of_list(ARENA), of_list(more, QUIET), of_list(slower, QUIET), of_list(QUIET)])
        tools = Tools(watch=watching.watch)
        done = CliRunner().invoke(main, ["servers", "watch", *words, "--game", "openarena"], obj=tools)
        self.assertEqual(0, done.exit_code, done.output)
        self.assertEqual(
            ("servers.list", "openarena"),
            (watching.asked[0][0], watching.asked[0][1]["game"]),
        )
        return done.stdout.splitlines()

    def test_lines(self) -> None:
        """One for each that came, changed or went; latency alone is no change."""
        arena = "Friday Arena, OpenArena, Ben, {}, oa_dm1, 10.66.0.2:27960, join yes"
        quiet = "+ server of Cara, ?, Cara, 10.66.0.3:5, join no"
        wanted = [f"+ {arena.format('3/8')}", f"~ {arena.format('4/8')}", quiet, f"- {arena.format('4/8')}"]
        self.assertEqual(wanted, self.lines())

    def test_json(self) -> None:
        """A document a line, when something changed."""
        counts = [len(json.loads(line)["servers"]) for line in self.lines("--json")]
        self.assertEqual([0, 1, 2, 1], counts)

    def test_watching(self) -> None:
        """Each result is shown as it comes, until it fails."""

        class Node:
            """Tells two results, then stops."""

            async def watch(self, op: str, args: dict[str, Any]) -> AsyncGenerator[Any, None]:
                """See :class:`NodeClient`."""
                yield (op, 1)
                yield (op, args)
                raise Refused("stopping", "the node stops")

        shown: list[Any] = []
        watching = Deferred.fromCoroutine(show_each(Node(), "status", {}, shown.append))
        self.failureResultOf(watching, Refused)
        self.assertEqual(shown, [("status", 1), ("status", {})])
