"""The command line: what it asks the node, what it prints, its exit statuses."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage import errors
from lanrage.app.caller import Caller
from lanrage.app.cli import main, with_port
from lanrage.app.cli_frame import LazyGroup
from lanrage.app.cli_output import only_here
from lanrage.app.config import default_run_folder
from lanrage.app.operations import OPERATIONS, Progress, perform
from lanrage.app.role_sockets import SYSTEM_SOCKET, own_socket
from lanrage.core.code import InvitationCode
from lanrage.errors import BadInput, LanrageError, Refused
from tests.fakes_node import CODE, LINK, RULE, SPOKEN, FakeNode


class CommandCase(SynchronousTestCase):
    """Commands with a node in memory instead of a socket."""

    def setUp(self) -> None:
        """A node in no party."""
        self.node = FakeNode()

    def call(self, path: str, op: str, args: dict[str, Any], progress: Progress | None) -> Any:
        """Carry out at once."""
        return self.successOrRaise(
            Deferred.fromCoroutine(perform(self.node, op, args, progress, Caller(1000, lambda: None)))
        )

    def successOrRaise(self, done: Deferred[Any]) -> Any:
        """The result that is there already, or its exception."""
        outcome: list[Any] = []
        done.addBoth(outcome.append)
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        return outcome[0]

    def run_command(self, *words: str, stdin: str = "") -> Result:
        """Run ``lanrage WORDS``; nothing but an exit may come out of it."""
        result = CliRunner().invoke(main, list(words), obj=self.call, input=stdin)
        self.assertTrue(result.exception is None or isinstance(result.exception, SystemExit), result.exception)
        self.assertNotIn("Traceback", result.output)
        return result

    def done(self, *words: str, **more: Any) -> str:
        """Standard output of a command that succeeds."""
        result = self.run_command(*words, **more)
        self.assertEqual(result.exit_code, 0, result.output)
        return result.stdout


class PartyTests(CommandCase):
    """``lanrage party``."""

    def test_create_prints_a_code_to_copy(self) -> None:
        """The code stands alone on a line, unbroken, and again in the exact command of a friend."""
        out = self.done("party", "create", "Friday", "--server", "play.example.org", "--as", "Ann")
        self.assertIn(CODE, out.splitlines())
        self.assertIn(LINK, out.splitlines())
        self.assertIn(f"lanrage party join {CODE} --as NAME", out.splitlines())
        self.assertNotIn("\x1b", out)
        self.assertEqual(
            self.node.calls, [("create_party", "Friday", "play.example.org:7766", "Ann", 16, 24.0, 16, *RULE)]
        )

    def test_a_code_that_only_this_machine_can_use(self) -> None:
        """Its founder is told before the friends find out."""
        cases = {("127.0.0.1:1", "[::1]:1"): True, ("localhost:7766",): True, ("127.0.0.1:1", "a.org:1"): False}
        for addresses, wanted in cases.items():
            code = InvitationCode(bytes(16), "0" * 32, bytes(16), addresses).encode()
            self.assertEqual(only_here(code), wanted)
        self.assertFalse(only_here(CODE))

    def test_create_hands_every_option_on(self) -> None:
        """Numbers and the JSON result."""
        self.done("party", "create", "Friday", "--as", "Ann")
        self.assertEqual(self.node.calls.pop()[1:4], ("Friday", "", "Ann"))
        options = ["--max-members", "4", "--expires", "0.5", "--uses", "3", "--token", "club", "--json"]
        out = self.done("party", "create", "Friday", "--server", "[::1]:99", "--as", "Ann", *options)
        self.assertEqual(json.loads(out)["code"], CODE)
        self.assertEqual(self.node.calls, [("create_party", "Friday", "[::1]:99", "Ann", 4, 0.5, 3, *RULE, "club")])

    def test_join_shows_its_stages_on_stderr(self) -> None:
        """And its result on stdout; with --json nothing but JSON."""
        result = self.run_command("party", "join", CODE, "--as", "Ben")
        self.assertEqual(result.stderr, "... asking the control server\n... making the card\n")
        self.assertIn("You are in the party Friday as 10.66.0.1; it has 2 members.", result.stdout)
        result = self.run_command("party", "join", CODE, "--as", "Ben", "--json")
        self.assertEqual((result.stderr, json.loads(result.stdout)["members"]), ("", 2))
        self.assertNotIn("stages", json.loads(result.stdout))

    def test_join_by_stages(self) -> None:
        """A table of what each took; what did not come is said."""
        rows = [row.split() for row in self.done("party", "join", CODE, "--as", "Ben", "--timing").splitlines()]
        self.assertIn("code parsed 1.2 ms 1.2 ms".split(), rows)
        self.assertIn("channel did not come".split(), rows)
        self.assertNotEqual(0, self.run_command("party", "join", CODE, "--timing", "--wait", "61").exit_code)

    def test_a_code_may_come_by_stdin(self) -> None:
        """So that no process list shows it."""
        for words in ((), ("-",)):
            self.done("party", "join", *words, "--as", "Ben", stdin=f"  {CODE}\n")
        self.assertEqual(self.node.calls, [("join_party", CODE, "Ben")] * 2)

    def test_show_invite_leave(self) -> None:
        """The rest of a party's life."""
        self.done("party", "join", CODE, "--as", "Ben \u00e4[red]x")
        out = self.done("party", "show")
        self.assertIn("Ben \u00e4[red]x (you)", out)
        self.assertIn("20.5 ms", out)
        shown = json.loads(self.done("party", "show", "--json"))
        self.assertEqual([member["path"] for member in shown["members"]], ["none", "direct"])
        self.assertIn(CODE, self.done("party", "invite", "--uses", "2"))
        self.assertEqual(self.node.calls[-1], ("invite", 24.0, 2))
        self.assertIn("You left the party", self.done("party", "leave"))
        result = self.run_command("party", "leave")
        step = "start one by lanrage party create NAME, or join one by lanrage party join CODE"
        self.assertEqual((result.exit_code, result.stderr), (1, f"lanrage: this node is in no party; {step}\n"))

    def test_spoken_code(self) -> None:
        """One use unless more are asked for; the code and the friend's command stand alone, the long code nowhere."""
        self.done("party", "create", "Friday", "--as", "Ann")
        out = self.done("party", "invite", "--spoken")
        self.assertIn(SPOKEN, out.splitlines())
        self.assertIn(
            f"lanrage party join {SPOKEN} --server play.example.org:7766 --as NAME",
            out.splitlines(),
        )
        self.assertIn("within 10 minutes", out)
        self.assertNotIn(CODE, out)
        shown = json.loads(self.done("party", "invite", "--spoken", "--uses", "3", "--json"))
        self.assertEqual((CODE, LINK, SPOKEN), (shown["code"], shown["link"], shown["spoken"]["code"]))
        self.assertEqual(self.node.calls[1:], [("invite", 24.0, None, "spoken"), ("invite", 24.0, 3, "spoken")])
        self.done("party", "join", SPOKEN, "--server", "play.example.org", "--as", "Ben")
        self.assertEqual(self.node.calls[-1], ("join_party", SPOKEN, "Ben", "play.example.org:7766"))

    def test_a_hostile_name_does_not_reach_the_terminal(self) -> None:
        """Escapes, C1 controls and turned-around text are replaced; JSON is plain ASCII."""
        self.node.party = "Fri\x9bday\u202e"
        self.node._admit("Fri\x9b2J\u202e\x1b[2J", "me")
        out = self.done("party", "show")
        self.assertFalse(set(out) & set("\x9b\u202e\x1b"))
        self.assertTrue(self.done("party", "show", "--json").isascii())


class StatusTests(CommandCase):
    """``lanrage status``."""

    def test_status(self) -> None:
        """What is so, and what to type next."""
        out = self.done("status")
        self.assertIn("node       version 0.1.0, idle", out)
        self.assertIn("lanrage party join CODE", out)
        self.done("party", "join", CODE)
        out = self.done("status")
        self.assertIn("control    play.example.org:7766, connected", out)
        self.assertIn("lan        carried 12", out)
        self.assertIn("nat        full-cone; seen as 198.51.100.7:51820; mapping endpoint-independent", out)
        self.assertIn("; no hairpin; mappings live 125 s; tested 12 s ago", out)
        self.assertIn("relay-tcp  no UDP comes through: open, 2 members, 3 packets dropped", out)
        self.assertEqual(json.loads(self.done("status", "--json"))["state"], "in-party")

    def test_status_of_card(self) -> None:
        """Its addresses, or why it has none of IPv6."""
        card = {"name": "lanrage0", "address": "10.66.0.1", "address6": "fd10::a42:1", "without_ipv6": ""}
        for changes, words in (
            ({}, "card       lanrage0, 10.66.0.1, fd10::a42:1"),
            ({"address6": None, "without_ipv6": "it is off"}, "card       lanrage0, 10.66.0.1, no IPv6: it is off"),
        ):
            state = {"version": "0", "state": "in-party", "card": card | changes}
            result = CliRunner().invoke(main, ["status"], obj=lambda *_, shown=state: shown)
            self.assertIn(words, result.stdout)

    def test_status_of_port_mapping(self) -> None:
        """Where the router maps the port, or why nobody can use it."""
        mapped = {
            "method": "pcp",
            "gateway": "192.168.1.1",
            "external": "203.0.113.5:51820",
            "expires_s": 60.0,
            "offered": True,
            "needless": False,
            "failure": "",
        }
        for changes, words in (
            ({}, "mapping    203.0.113.5:51820 by pcp, for 60 s more"),
            ({"expires_s": None}, "by pcp, no end"),
            ({"offered": False, "failure": "double NAT"}, "not offered: double NAT"),
            ({"external": None, "failure": "no router maps"}, "mapping    no router maps"),
            ({"external": None}, "asking the router 192.168.1.1"),
            ({"needless": True}, "has a public address"),
        ):
            state = {"version": "0", "state": "in-party", "port_mapping": mapped | changes}
            result = CliRunner().invoke(main, ["status"], obj=lambda *_, shown=state: shown)
            self.assertIn(words, result.stdout)

    def test_where_the_socket_is(self) -> None:
        """Option, environment, default."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "lanrage").mkdir(parents=True)
        own = folder / "lanrage" / "node.sock"
        own.touch()
        paths: list[str] = []

        def call(path: str, *_: Any) -> Any:
            paths.append(path)
            return {"version": "0", "state": "idle"}

        runner = CliRunner()
        runner.invoke(main, ["--socket", "/a", "status"], obj=call)
        runner.invoke(main, ["status"], obj=call, env={"LANRAGE_SOCKET": "/b"})
        runner.invoke(main, ["status"], obj=call, env={"LANRAGE_SOCKET": None, "XDG_RUNTIME_DIR": None})
        runner.invoke(main, ["status"], obj=call, env={"LANRAGE_SOCKET": None, "XDG_RUNTIME_DIR": str(folder)})
        system = Path(SYSTEM_SOCKET)
        self.assertEqual(paths, ["/a", "/b", SYSTEM_SOCKET, SYSTEM_SOCKET if system.exists() else str(own)])

    def test_the_socket_of_a_user_s_own_node(self) -> None:
        """The command line looks where such a node listens."""
        runner = CliRunner()
        for environment in ({"XDG_RUNTIME_DIR": "/r"}, {"XDG_RUNTIME_DIR": None, "XDG_DATA_HOME": "/d"}):
            with runner.isolation(env=environment):
                wanted = default_run_folder(dict(os.environ), root=False) / "node.sock"
                self.assertEqual(own_socket(), str(wanted))

    def test_a_server_without_port(self) -> None:
        """Gets the usual one."""
        cases = {"a.org": "a.org:7766", "a.org:1": "a.org:1", "[::1]": "[::1]:7766", "[::1]:5": "[::1]:5"}
        self.assertEqual({text: with_port(text) for text in cases}, cases)


class RelayTests(CommandCase):
    """``lanrage relays``."""

    def test_relays(self) -> None:
        """Each relay, and for each member which one is taken and why; the same as JSON."""
        self.done("party", "join", CODE)
        out = self.done("relays")
        for words in ("203.0.113.9:7800-7863", "eu", "cooling, 17 s", "Ben (10.66.0.2)", "nearest for both", "in use"):
            self.assertIn(words, out)
        shown = json.loads(self.done("relays", "--json"))
        self.assertEqual(("up", 12.5, 1), tuple(shown["relays"][0][key] for key in ("health", "rtt_ms", "bound")))
        self.assertEqual([True, False], [row["active"] for row in shown["members"][0]["relays"]])


class FailureTests(CommandCase):
    """One clear sentence each, exit status not 0, no traceback."""

    def test_everything_that_a_node_refuses(self) -> None:
        """As text on stderr, as JSON on stdout, exit status 1."""
        cases: list[tuple[str, LanrageError, str]] = [
            ("join_party", BadInput("code", "its checksum does not hold"), "CODE: its checksum does not hold"),
            ("join_party", Refused("party_full", "the party is full"), "the party is full"),
            ("join_party", Refused("invitation_expired", "the invitation has expired"), "the invitation has expired"),
            ("join_party", Refused("name_taken", "another member has this name"), "another member has this name"),
            (
                "join_party",
                errors.StoreError("/x/identity.key cannot be read: no"),
                "/x/identity.key cannot be read: no",
            ),
            (
                "join_party",
                errors.MissingRight("a card needs CAP_NET_ADMIN: run it so"),
                "a card needs CAP_NET_ADMIN: run it so",
            ),
            ("join_party", BadInput("wireguard_port", "51820 is taken"), "wireguard_port: 51820 is taken"),
            ("join_party", errors.VersionMismatch("the server speaks version 2"), "the server speaks version 2"),
            ("join_party", errors.Unreachable("a.org:7766 does not answer"), "a.org:7766 does not answer"),
        ]
        for method, error, sentence in cases:
            self.node.failures = {method: error}
            result = self.run_command("party", "join", CODE, "--as", "Ben")
            self.assertEqual((result.exit_code, result.stderr, result.stdout), (1, f"lanrage: {sentence}\n", ""))
            result = self.run_command("party", "join", CODE, "--as", "Ben", "--json")
            told = {"code": error.code, "message": str(error)}
            if isinstance(error, BadInput):
                told["field"] = error.field
            self.assertEqual((result.exit_code, json.loads(result.stdout)), (1, {"error": told}))

    def test_a_rule_is_told_by_the_option_s_name(self) -> None:
        """Before the node is asked."""
        result = self.run_command("party", "join", CODE, "--as", " Ben")
        self.assertEqual(result.exit_code, 1)
        self.assertTrue(result.stderr.startswith("lanrage: --as: must be 1 to 32 characters"), result.stderr)
        self.assertEqual(self.node.calls, [])

    def test_wrong_usage(self) -> None:
        """Click's sentence, exit status 2."""
        for words, sentence in (
            (("party", "join", "--nope"), "No such option"),
            (("party", "create"), "Missing argument 'NAME'"),
            (("party", "create", "x", "--server", "a", "--uses", "65"), "65 is not in the range 1<=x<=64"),
            (("party", "create", "x", "--server", "a", "--expires", "0"), "not in the range"),
            (("party", "eat"), "No such command"),
            (("status", "x"), "unexpected extra argument"),
        ):
            result = self.run_command(*words)
            self.assertEqual(result.exit_code, 2)
            self.assertIn(sentence, result.stderr)

    def test_a_laboratory_that_cannot_be_loaded(self) -> None:
        """Is one sentence, and everything else works."""

        def broken() -> Any:
            raise ImportError("No module named 'lab'")

        result = CliRunner().invoke(LazyGroup("lab", load=broken, help="Laboratories."), ["up", "--hosts", "2"])
        wanted = "Error: the laboratory cannot be loaded: No module named 'lab'\n"
        self.assertEqual((result.exit_code, result.stderr), (1, wanted))
        self.assertIn("lab ", self.done("--help"))


class HelpTests(CommandCase):
    """``-h`` and ``--help`` everywhere."""

    def test_every_command_has_help_with_an_example(self) -> None:
        """The operations' help comes from the table."""
        for words in (
            ("party", "create"),
            ("party", "join"),
            ("party", "leave"),
            ("party", "show"),
            ("party", "invite"),
            ("status",),
        ):
            row = OPERATIONS[".".join(words)]
            out = " ".join(self.done(*words, "-h").split())
            self.assertEqual(" ".join(self.done(*words, "--help").split()), out)
            self.assertIn(row.help, out)
            self.assertIn(row.example, out)
        for group in ([], ["party"], ["doctor"]):
            self.assertIn("xample: lanrage", self.done(*group, "-h"))
        self.assertEqual(self.done("--version"), "lanrage 0.1.0\n")
