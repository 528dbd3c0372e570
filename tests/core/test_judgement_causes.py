"""The first line of the doctor's report: of all that is wrong, the cause."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.diagnosis import BoundGameFacts, Check, ControlFacts, DiskFacts, MemberFacts, RelayFacts, RouteFacts
from lanrage.core.doctor_faults import FAULTS, found, worst
from lanrage.core.judgement import judge
from tests.core.test_judgement import facts, first, replace, without_node
from tests.fakes_doctor import healthy_node

BEN = healthy_node().members[0]
LOST = replace(BEN, path="none", handshake_age_s=None, mtu=None)
AWAY = ControlFacts("play.example.org:7766", False, "no answer")


class CauseTests(SynchronousTestCase):
    """One fault each, with what follows from it."""

    def test_causes(self) -> None:
        """Each is named before its consequences."""
        cut: dict[str, Any] = {"control": AWAY, "members": [LOST], "relays": [RelayFacts("a:1", False)]}
        cases = {
            "no_route": facts({"default_route": False}, **cut),
            "right_missing": facts({"capabilities": ["net_admin"]}, members=[LOST], missing=["it lacks CAP_NET_RAW"]),
            "udp_blocked": facts(udp_blocked=True, **{**cut, "control": healthy_node().control}),
            "control_unreachable": facts(control=AWAY, relays=[RelayFacts("a:1", False)]),
            "name_unresolved": facts(control=replace(AWAY, name_error="it cannot be looked up: no such name")),
            "port_taken": facts({"port_taken": True}, missing=["the port is taken"], card=None, tunnel=None),
            "clock_off": facts(control=ControlFacts("a:1", False, "refused", 7200.0), members=[LOST]),
            "path_mtu": facts(members=[replace(BEN, mtu=1224)]),
            "relay_down": facts(relays=[RelayFacts("a:1", False)], reflexive=None),
            "disk_full": facts(disk=DiskFacts("/x", 1000)),
            "disk_read_only": facts(disk=DiskFacts("/x", 2**40, "the disk of /x is read-only")),
            "node_absent": without_node(port_taken=True),
        }
        self.assertEqual({name: first(each) for name, each in cases.items()}, {name: name for name in cases})

    def test_a_failure_comes_before_a_warning(self) -> None:
        """Whatever their order in the table."""
        late, early = found("game_bound", "x", party="y"), found("clock_off", "z", level="warning")
        self.assertEqual(worst([early, late]), late)
        self.assertEqual(worst([found("relay_none", "a"), early]), early)

    def test_no_route_in_a_house(self) -> None:
        """Where everybody is reached without one, it is a warning."""
        checks = judge(facts({"default_route": False}))
        self.assertEqual([("no_route", "warning")], [(each.fault, each.level) for each in checks if each.fault])

    def test_control_that_does_not_answer(self) -> None:
        """A connection over which nothing comes is none; one that was not asked yet is one."""
        silent = ControlFacts("play.example.org:7766", True, asked=True)
        self.assertEqual(first(facts(control=silent)), "control_unreachable")
        self.assertEqual(first(facts(control=replace(silent, asked=False))), "")

    def test_subnet(self) -> None:
        """A foreign network within the party's fights, a larger one and our own do not."""
        clash = {"routes": [RouteFacts("10.66.0.128/25", "tun0"), RouteFacts("10.66.0.0/24", "lanrage0")]}
        check = next(each for each in judge(facts(clash)) if each.fault)
        self.assertEqual(
            (check.fault, check.advice.endswith("ip route del 10.66.0.128/25 dev tun0")), ("subnet_clash", True)
        )
        self.assertEqual(first(facts({"routes": [RouteFacts("10.64.0.0/10", "tun0")]})), "")
        self.assertEqual(first(facts({"routes": [RouteFacts("10.66.0.0/24", "tun0")]})), "subnet_clash")

    def test_games(self) -> None:
        """Game, address and port are named, and what to do."""
        bound = BoundGameFacts("Teeworlds", "udp", 8303, "192.168.1.5")
        check = next(each for each in judge(facts(bound_games=[bound])) if each.fault)
        self.assertIn("Teeworlds listens at 192.168.1.5 only (udp port 8303)", check.sentence)
        self.assertIn("10.66.0.1", check.advice)

    def test_clocks_of_members(self) -> None:
        """A session that is begun anew again and again is a clock's."""
        self.assertEqual(first(facts(members=[replace(BEN, resets=3)])), "member_clock")
        self.assertEqual(first(facts(members=[replace(BEN, resets=2)])), "")

    def test_one_member(self) -> None:
        """What concerns others is left out, what concerns this machine stays."""
        cara = MemberFacts("Cara", "10.66.0.3", True)
        both = facts(members=[BEN, cara])
        self.assertEqual({"", "Ben"}, {each.member for each in judge(both, "Ben")})
        self.assertEqual("member_no_path", first(both))
        self.assertIsNone(worst(judge(both, "Ben")))

    def test_an_old_kernel(self) -> None:
        """Is told as what it costs; one that cannot be read is not judged."""
        self.assertEqual(first(facts({"kernel": "5.10.0-28-amd64"})), "kernel_old")
        self.assertEqual(first(facts({"kernel": "strange"})), "")


class TableTests(SynchronousTestCase):
    """:data:`FAULTS`."""

    def test_rows(self) -> None:
        """Each has its words, and is a warning or a failure."""
        for row in FAULTS.values():
            self.assertIn(row.level, ("warning", "failure"))
            self.assertTrue(row.means.endswith(".") and row.remedy, row.id)

    def test_found(self) -> None:
        """Words are filled in; the name tells the member, the id does not."""
        check = found("path_mtu", "too small", member="Ben", needed=1360)
        advice = "raise the MTU of that network to 1360 or more (a router's PPPoE or VPN line), or let ICMP through"
        self.assertEqual(check, Check("mtu Ben", "failure", "too small", advice, "path_mtu", "mtu", "Ben"))
