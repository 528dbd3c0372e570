"""What a party reaches of the machine's sockets, and what the doctor says of it."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.diagnosis import Check, Facts
from lanrage.core.exposure import GuardRules, judge_port
from lanrage.core.exposure_judgement import NAMED, judge_exposure
from lanrage.core.listening import (
    ROWS_LIMIT,
    ExposureFacts,
    Listening,
    ServiceFacts,
    Stance,
    reachable,
    services,
)
from lanrage.core.play_ports import Proto
from tests.fakes_doctor import healthy_local, healthy_node
from tests.strategies_guard import numbers, protos, rules

sockets = st.builds(
    Listening, protos, st.sampled_from(["0.0.0.0", "::", "127.0.0.1", "::1", "10.66.0.1", "fe80::1%eth0"]), numbers
)


def no_other(_proto: Proto, _port: int) -> Stance:
    """No other firewall."""
    return Stance(False)


class ServiceTests(SynchronousTestCase):
    """:func:`services`."""

    @given(rules, st.lists(sockets, max_size=12))
    def test_same_rule(self, given_rules: GuardRules, some: list[Listening]) -> None:
        """Each port that others can reach at all is shown once, open where the guard's rule admits it."""
        found = services(given_rules, some, no_other)
        keys = {(each.proto, each.port) for each in some if reachable(each.address)}
        self.assertEqual(sorted(keys), sorted((row.proto, row.port) for row in found))
        for row in found:
            self.assertEqual(judge_port(given_rules, row.proto, row.port).admitted, row.reach == "open")

    def test_rows(self) -> None:
        """Programs, reasons, other firewalls, loopback left out."""

        def others(_proto: Proto, port: int) -> Stance:
            return Stance(port in (27960, 4445), port == 27960, "ip filter INPUT")

        some = [
            Listening("tcp", "0.0.0.0", 5432, "postgres"),
            Listening("tcp", "::", 5432),
            Listening("udp", "0.0.0.0", 27960, "ioq3ded"),
            Listening("udp", "0.0.0.0", 4445, "java"),
            Listening("udp", "10.66.0.1", 31337, "b"),
            Listening("udp", "::", 31337, "a"),
            Listening("tcp", "127.0.0.1", 31337, "secret"),
        ]
        free = "a port that no service of the machine is known to use"
        expected = [
            ServiceFacts("udp", 4445, "java", "unsure", f"{free}; another firewall's chain ip filter INPUT"),
            ServiceFacts("tcp", 5432, "postgres", "kept", "PostgreSQL"),
            ServiceFacts("udp", 27960, "ioq3ded", "blocked", f"{free}; another firewall's chain ip filter INPUT"),
            ServiceFacts("udp", 31337, "a, b", "open", free),
        ]
        self.assertEqual(expected, services(GuardRules(), some, others))

    def test_bounded(self) -> None:
        """A machine with thousands of ports is shown in part."""
        some = [Listening("udp", "0.0.0.0", 20000 + number) for number in range(ROWS_LIMIT + 5)]
        self.assertEqual(ROWS_LIMIT, len(services(GuardRules(), some, no_other)))

    def test_addresses(self) -> None:
        """Loopback is nobody else's; what is no address is assumed to be reached."""
        for address, expected in {"127.8.9.1": False, "::1": False, "0.0.0.0": True, "::": True, "*": True}.items():
            self.assertEqual(expected, reachable(address), address)


class DoctorTests(SynchronousTestCase):
    """What the doctor says."""

    def judged(self, exposure: ExposureFacts | None) -> list[Check]:
        """The checks."""
        node = msgspec.structs.replace(healthy_node(), exposure=exposure)
        return list(judge_exposure(Facts(healthy_local(), node)))

    def test_nothing(self) -> None:
        """In no party nothing is exposed."""
        self.assertEqual([], self.judged(None))
        self.assertEqual([], list(judge_exposure(Facts(healthy_local(), node_error="no node"))))

    def test_named(self) -> None:
        """Open, kept and blocked ports by their programs; what to do about the last."""
        some = [
            ServiceFacts("tcp", 22, "sshd", "kept", ""),
            ServiceFacts("udp", 27960, "", "open", ""),
            ServiceFacts("tcp", 25565, "java", "blocked", ""),
            ServiceFacts("tcp", 25566, "java", "unsure", ""),
        ]
        found = self.judged(ExposureFacts("guarded", some))
        self.assertEqual(["ok", "ok", "warning", "warning"], [check.level for check in found])
        self.assertEqual("members reach (guarded): 27960/udp", found[0].sentence)
        self.assertIn("keeps from members: 22/tcp (sshd)", found[1].sentence)
        self.assertIn("drops what members may reach: 25565/tcp (java)", found[2].sentence)
        self.assertEqual({"sudo lanrage firewall allow"}, {check.advice for check in found[2:]})

    def test_troubles(self) -> None:
        """Not guarded, not understood, removed by others."""
        found = self.judged(ExposureFacts("all", [], 0, 2, "no nftables", False))
        self.assertEqual(["warning", "ok", "unknown", "warning"], [check.level for check in found])
        self.assertIn("2 times", found[3].sentence)

    def test_many(self) -> None:
        """A sentence names a dozen, and counts the rest."""
        some = [ServiceFacts("udp", 20000 + number, "", "open", "") for number in range(NAMED + 3)]
        self.assertTrue(self.judged(ExposureFacts("all", some))[0].sentence.endswith("and 3 more"))
