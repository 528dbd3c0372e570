"""The doctor's report: its first line, what is hidden in it, and the command that shows it."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import msgspec
from click.testing import CliRunner
from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.app.doctor_report import examine, headed, report
from lanrage.app.doctor_results import Doctored
from lanrage.core.diagnosis import BoundGameFacts, ControlFacts, DiskFacts, Facts, MappingFacts, NodeFacts, RelayFacts
from lanrage.core.hiding import MachineNames
from lanrage.errors import BadInput, LanrageError, MissingRight, Unreachable
from tests.fakes_doctor import healthy_local, healthy_node

KEYS = ["headline", "fault", "ok", "checks", "facts"]
CHECK_KEYS = ["name", "level", "sentence", "advice", "fault", "id", "member"]


def node_report(node: NodeFacts | None = None, *, hide: bool = True) -> dict[str, Any]:
    """As a node gives it."""
    facts = node or healthy_node()
    return report(Facts(facts.local or healthy_local(), facts), hide_addresses=hide)


class ReportTests(SynchronousTestCase):
    """:func:`report`."""

    def test_all_is_well(self) -> None:
        """Said in the first line, with no fault."""
        told = node_report()
        self.assertEqual((list(told), told["ok"], told["fault"]), (KEYS, True, ""))
        self.assertEqual(told["headline"], f"All is well: {len(told['checks'])} checks")
        self.assertEqual(list(told["checks"][0]), CHECK_KEYS)

    def test_the_worst_first(self) -> None:
        """Of several the cause, hidden as all of it; how many more there are."""
        bound = [BoundGameFacts("Quake", "udp", 27960, "198.51.100.9")]
        node = msgspec.structs.replace(healthy_node(), bound_games=bound, relays=[RelayFacts("93.184.216.35:1", False)])
        told = node_report(node)
        self.assertEqual((told["fault"], told["ok"]), ("game_bound", False))
        self.assertTrue(told["headline"].startswith("games: Quake listens at private-"), told["headline"])
        self.assertTrue(told["headline"].endswith("(and 1 more)"))

    def test_warnings(self) -> None:
        """Are no failure, and are said so."""
        told = node_report(msgspec.structs.replace(healthy_node(), relays=[]))
        self.assertEqual((told["fault"], told["ok"]), ("relay_none", True))
        self.assertTrue(told["headline"].startswith("No failure, but relay: "))

    def test_hidden(self) -> None:
        """No address, no host name, unless asked for."""
        text = json.dumps(node_report())
        for secret in ("10.66.0", "93.184", "198.51", "play.example.org"):
            self.assertNotIn(secret, text)
        self.assertIn("93.184.216.34:51820", json.dumps(node_report(hide=False)))

    def test_machine_and_people(self) -> None:
        """No home folder, host name or login name, unless asked for; they stand in facts, errors and checks."""
        disk = DiskFacts("/home/mara/.local/state/lanrage", 5, "/home/mara/.local: denied to mara on den-pc")
        node = msgspec.structs.replace(healthy_node(), disk=disk)
        names = MachineNames(("den-pc",), ("mara",), ("/home/mara",))
        for hide in (True, False):
            told = json.dumps(report(Facts(healthy_local(), node), hide_addresses=hide, names=names))
            self.assertEqual([not hide] * 3, [word in told for word in ("mara", "den-pc", "/home")])
            self.assertEqual(hide, "~/.local: denied to user-1 on host-1" in told)

    def test_hosts_called_like_words(self) -> None:
        """A host's name is hidden in either case and as a whole word; no field or fault loses its name for it."""
        for name in ("control", "node", "relay", "checks", "ok", "missing", "ready", "lan"):
            control = ControlFacts(f"{name}:7766", False, f"{name.upper()} does not answer")
            node = msgspec.structs.replace(healthy_node(), control=control)
            told = node_report(node)
            facts = msgspec.convert(told, Doctored).facts
            assert facts.node is not None
            assert facts.node.control is not None
            assert facts.node.local is not None
            self.assertEqual("control_unreachable", told["fault"])
            self.assertEqual(
                ("host-1:7766", "host-1 does not answer"), (facts.node.control.address, facts.node.control.error)
            )
            self.assertEqual("lanrage0", facts.node.local.devices[1].name)

    @given(st.integers(2**24 + 1, 2**128 - 1), st.sampled_from(("v4", "v6")))
    def test_no_address_anywhere(self, number: int, kind: str) -> None:
        """Wherever a fact or the sentence of an error holds an address, the report holds none."""
        address = str(IPv4Address(number % 2**32) if kind == "v4" else IPv6Address(number))
        assume(not ip_address(address).is_loopback and int(ip_address(address)) > 2**24)
        where = f"[{address}]:7766" if kind == "v6" else f"{address}:7766"
        node = msgspec.structs.replace(
            healthy_node(),
            control=ControlFacts(where, False, f"{where} does not answer", name_error=f"no answer of {address}."),
            relays=[RelayFacts(where, False)],
            reflexive=where,
            unsent=f"sending from {address} failed",
            port_mapping=MappingFacts("pcp", address, where, failure=f"the router {address} refused"),
            missing=[f"{address}, {where}"],
        )
        self.assertNotIn(address, json.dumps(node_report(node)))

    def test_shape(self) -> None:
        """What the operation gives is what its result class says."""
        self.assertEqual(headed(node_report()), node_report())


class ExamineTests(SynchronousTestCase):
    """What the command adds to the node's word, or puts in its place."""

    def refused(self, error: LanrageError) -> dict[str, Any]:
        """The report where the node answers with an error."""

        def ask() -> Any:
            raise error

        return examine(ask)

    def test_another_version(self) -> None:
        """Is a warning of this side; the node's checks stay."""
        other = examine(lambda: node_report(msgspec.structs.replace(healthy_node(), version="9.9")))
        self.assertEqual((other["fault"], other["ok"]), ("node_version", True))
        self.assertIn("member Ben", [check["name"] for check in other["checks"]])

    def test_a_node_that_knows_no_doctor(self) -> None:
        """An older one: this side looks at the machine, and does not say that no node is there."""
        for told in (self.refused(BadInput("op", "'doctor' is not known here")), examine(lambda: {"version": 5})):
            self.assertEqual((told["fault"], told["ok"]), ("node_version", False))
            self.assertNotIn("node_absent", [check["fault"] for check in told["checks"]])
            self.assertIn("rights", [check["id"] for check in told["checks"]])

    def test_what_a_node_says_is_hidden(self) -> None:
        """No address is in the report for having been in an error."""
        for error in (LanrageError("198.51.100.7 is away"), BadInput("op", "198.51.100.7 is none")):
            told = self.refused(error)
            self.assertNotIn("198.51", json.dumps(told))
            self.assertIn("private-1 is", told["headline"])

    def test_what_this_side_sees_is_hidden(self) -> None:
        """With no node, or one that knows no doctor: the names of this machine are not in it."""
        names = MachineNames(("den-pc",), ("mara",), ("/home/mara",))
        for kind in (Unreachable, MissingRight, LanrageError):

            def ask(kind: type[LanrageError] = kind) -> Any:
                raise kind("no node of mara is running at /home/mara/run on den-pc")

            words = "no node of user-1 is running at ~/run on host-1"
            self.assertIn(words, examine(ask, names=lambda: names)["headline"])
            self.assertIn("mara", examine(ask, hide_addresses=False, names=lambda: names)["headline"])

    def test_a_node_that_starts(self) -> None:
        """Its sentence is the finding."""
        told = self.refused(LanrageError("the node waits for its disk"))
        self.assertEqual(("node_lacks", "the node waits for its disk"), (told["fault"], told["checks"][0]["sentence"]))

    def test_no_node(self) -> None:
        """Said first; the machine is looked at."""
        told = self.refused(Unreachable("no node is running at /x"))
        self.assertEqual((told["fault"], told["ok"]), ("node_absent", False))
        self.assertIsNotNone(told["facts"]["local"]["port_taken"])

    def test_a_node_that_may_not_be_asked(self) -> None:
        """Its own port is not taken for a foreign program's."""
        told = self.refused(MissingRight("use sudo"))
        self.assertEqual(("node_absent", None), (told["fault"], told["facts"]["local"]["port_taken"]))

    def test_an_unknown_member(self) -> None:
        """Is the user's mistake."""
        with self.assertRaises(BadInput):
            self.refused(BadInput("member", "nobody"))


class CommandTests(SynchronousTestCase):
    """``lanrage doctor``."""

    def setUp(self) -> None:
        """Nothing was asked yet."""
        self.asked: tuple[Any, ...] = ()
        self.progress = ""

    def run_doctor(self, answer: Any, *words: str) -> tuple[int, str]:
        """Exit status and stdout with a node that answers so; what it was asked is kept."""

        def call(_path: str, *asked: Any) -> Any:
            self.asked = asked[:2]
            if asked[2] is not None:
                asked[2]("looking at this machine")
            if isinstance(answer, Exception):
                raise answer
            return answer

        result = CliRunner().invoke(main, ["doctor", *words], obj=call)
        self.assertTrue(result.exception is None or isinstance(result.exception, SystemExit), result.exception)
        self.progress = result.stderr
        return result.exit_code, result.stdout

    def test_healthy(self) -> None:
        """Exit status 0; stages on standard error."""
        status, out = self.run_doctor(node_report())
        self.assertEqual((status, out.splitlines()[0]), (0, "All is well: 16 checks."))
        self.assertEqual(
            (self.asked, "looking" in self.progress), (("doctor", {"member": "", "addresses": False}), True)
        )

    def test_a_fault(self) -> None:
        """Exit status 1; the first two lines tell what is wrong and what to do."""
        bound = [BoundGameFacts("Quake", "udp", 27960, "192.168.1.5")]
        status, out = self.run_doctor(node_report(msgspec.structs.replace(healthy_node(), bound_games=bound)), "Ben")
        lines = out.splitlines()
        self.assertEqual((status, self.asked[1]["member"]), (1, "Ben"))
        self.assertTrue(lines[0].startswith("games: Quake listens at"))
        self.assertTrue(lines[1].startswith("      -> let it listen at all addresses"))

    def test_json(self) -> None:
        """The report alone, and no progress."""
        status, out = self.run_doctor(node_report(), "--json", "--addresses")
        self.assertEqual((status, json.loads(out), self.progress), (0, node_report(), ""))
        self.assertEqual(self.asked[1], {"member": "", "addresses": True})

    def test_without_a_node(self) -> None:
        """It says so first; exit status 1; the machine is looked at."""
        status, out = self.run_doctor(Unreachable("no node is running at /x; start one with: so"))
        self.assertTrue(out.startswith("node: no node is running at /x; start one with: so"), out)
        self.assertEqual((status, "rights: " in out, "tun: " in out), (1, True, True))
