"""The doctor's judgement: each finding from its facts, and no facts that confuse it."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.diagnosis import (
    BoundGameFacts,
    CardFacts,
    Check,
    ControlFacts,
    DeviceFacts,
    DiskFacts,
    Facts,
    LocalFacts,
    MappingFacts,
    MemberFacts,
    NodeFacts,
    RelayFacts,
    RouteFacts,
    TunnelFacts,
)
from lanrage.core.doctor_faults import FAULTS, worst
from lanrage.core.judgement import judge
from tests.fakes_doctor import healthy_local, healthy_node


def replace(struct: Any, **changes: Any) -> Any:
    """A struct with some fields changed."""
    return msgspec.structs.replace(struct, **changes)


def facts(local: dict[str, Any] | None = None, **node: Any) -> Facts:
    """All well, but for these."""
    machine = replace(healthy_local(), **(local or {}))
    return Facts(machine, replace(healthy_node(), local=machine, **node))


def without_node(**local: Any) -> Facts:
    """No node runs."""
    return Facts(replace(healthy_local(), **local), node_error="no node is running at /x")


NETWORKS, SUBNETS = ["10.66.0.128/25", "10.0.0.0/8", "x"], ["", "10.66.0.0/24"]

names = st.text(max_size=8)
numbers = st.none() | st.floats(-1e6, 1e6)
truths = st.none() | st.booleans()
paths = st.sampled_from(["none", "direct", "relay", "relay-tcp"])
devices = st.builds(
    DeviceFacts,
    st.sampled_from(["lanrage0", "lanrage-wg0"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 9000),
    st.lists(names, max_size=2),
    st.none() | st.integers(0, 2),
    truths,
)
machines = st.builds(
    LocalFacts,
    st.integers(0, 70000),
    st.lists(st.sampled_from(["net_admin", "net_raw"]), max_size=2),
    st.sampled_from(["ready", "missing", "denied"]),
    st.sampled_from(["loaded", "available", "missing"]),
    st.lists(st.sampled_from(["nft", "wireguard-go"]), max_size=2),
    truths,
    truths,
    st.lists(st.sampled_from(["ufw", "NetworkManager"]), max_size=2),
    st.none() | st.lists(names, max_size=2),
    st.lists(devices, max_size=3),
    st.dictionaries(names, names, max_size=2),
    st.lists(
        st.builds(RouteFacts, st.sampled_from(["10.66.0.128/25", "10.0.0.0/8", "x"]), st.just("tun0")), max_size=2
    ),
    st.sampled_from(["", "x", "5.4.0-generic", "6.1.0", "5.12-rc1"]),
    st.lists(st.sampled_from(["lanrage0", "lanrage-wg0"]), max_size=2),
)
nodes = st.builds(
    NodeFacts,
    names,
    names,
    st.lists(st.text(min_size=1, max_size=8), max_size=2),
    st.none(),
    st.none()
    | st.builds(TunnelFacts, st.just("lanrage-wg0"), names, st.integers(0, 65535), st.sampled_from([0, 1280])),
    st.none() | st.builds(CardFacts, st.just("lanrage0"), st.just("10.66.0.1"), subnet=st.sampled_from(SUBNETS)),
    st.none()
    | st.builds(ControlFacts, names, st.booleans(), st.none() | names, numbers, numbers, st.booleans(), names),
    st.none() | names,
    st.lists(st.builds(RelayFacts, names, truths, numbers), max_size=2),
    st.lists(
        st.builds(
            MemberFacts,
            names,
            names,
            st.booleans(),
            st.sampled_from(["none", "direct", "relay"]),
            st.none(),
            numbers,
            numbers,
            st.none() | st.integers(0, 1500),
            st.integers(0, 9),
        ),
        max_size=3,
    ),
    disk=st.none() | st.builds(DiskFacts, st.just("/x"), st.none() | st.integers(0, 2**50), names),
    bound_games=st.none() | st.lists(st.builds(BoundGameFacts, names, names, st.just(1), names), max_size=2),
    udp_blocked=st.booleans(),
)


def first(given_facts: Facts) -> str:
    """The fault that a report begins with."""
    check = worst(judge(given_facts))
    return check.fault if check is not None else ""


class JudgementTests(SynchronousTestCase):
    """Each rule with what breaks it."""

    def bad(self, given_facts: Facts) -> list[tuple[str, str]]:
        """Name and level of all that is not well; each has a sentence."""
        checks = judge(given_facts)
        self.assertTrue(all(check.sentence for check in checks))
        advised = [check for check in checks if check.level in ("warning", "failure")]
        self.assertTrue(all(check.advice for check in advised), advised)
        return [(check.name, check.level) for check in checks if check.level != "ok"]

    def sentence(self, given_facts: Facts, name: str) -> Check:
        """The first finding of a name."""
        return next(check for check in judge(given_facts) if check.name == name)

    def test_all_well(self) -> None:
        """No finding but good ones, the node first, each hop named."""
        self.assertEqual(self.bad(facts()), [])
        told = [check.name for check in judge(facts())]
        wanted = "node rights tun wireguard kernel disk tunnel card subnet control clock reflexive relay"
        self.assertEqual(told, [*wanted.split(), "member Ben", "mtu Ben", "games"])
        self.assertIsNone(worst(judge(facts())))

    def test_no_node(self) -> None:
        """It says so first, and looks at the machine all the same."""
        checks = judge(without_node())
        self.assertEqual((checks[0].fault, checks[0].sentence), ("node_absent", "no node is running at /x"))
        self.assertEqual([check.name for check in checks[1:]], ["rights", "tun", "wireguard", "kernel"])

    def test_rights(self) -> None:
        """Named by capability; of a node that runs a failure, else a warning."""
        lacking = {"capabilities": ["net_raw"]}
        self.assertEqual(self.bad(facts(lacking)), [("rights", "failure")])
        check = self.sentence(facts(lacking), "rights")
        self.assertEqual(check.sentence, "the node cannot make links: CAP_NET_ADMIN is missing")
        self.assertIn(("rights", "warning"), self.bad(without_node(capabilities=[])))

    def test_tun_and_wireguard(self) -> None:
        """Missing, denied; module, program, neither."""
        self.assertEqual(self.bad(facts({"tun": "missing"})), [("tun", "failure")])
        self.assertEqual(self.bad(facts({"tun": "denied"})), [("tun", "failure")])
        self.assertIn(("tun", "warning"), self.bad(without_node(tun="denied")))
        self.assertEqual(self.bad(facts({"kernel_wireguard": "missing"})), [])
        self.assertEqual(self.bad(facts({"kernel_wireguard": "missing", "programs": []})), [("wireguard", "failure")])

    def test_port_taken(self) -> None:
        """Only where it is known to be a foreign program's."""
        self.assertIn(("port", "failure"), self.bad(without_node(port_taken=True)))
        self.assertNotIn(("port", "failure"), self.bad(without_node(port_taken=False)))

    def test_devices(self) -> None:
        """Gone, down, without broadcast, address lost, strict filter, too great an MTU, not looked at."""
        devices_now = healthy_local().devices
        tunnel, card = devices_now[0], devices_now[1]
        gone = [DeviceFacts("lanrage-wg0", present=False), DeviceFacts("lanrage0", present=False)]
        self.assertEqual(self.bad(facts({"devices": gone})), [("tunnel", "failure"), ("card", "failure")])
        changes: list[dict[str, Any]] = [{"up": False}, {"broadcast": False}, {"addresses": []}]
        changes += [{"rp_filter": 1}, {"mtu": 1500}]
        for change in changes:
            self.assertEqual(self.bad(facts({"devices": [tunnel, replace(card, **change)]})), [("card", "failure")])
        self.assertEqual(self.bad(facts({"devices": []})), [("tunnel", "unknown"), ("card", "unknown")])

    def test_control_and_clock(self) -> None:
        """Not connected; the clock's offset in three levels, its direction in words."""
        lost = ControlFacts("a.org:7766", False, error="refused")
        self.assertEqual(self.bad(facts(control=lost)), [("control", "failure")])
        for offset, level, words in (
            (-4.0, "ok", "4.0 s ahead"),
            (30.0, "warning", "behind"),
            (-90.0, "failure", "ahead"),
        ):
            check = self.sentence(facts(control=ControlFacts("a.org:7766", True, clock_offset_s=offset)), "clock")
            self.assertEqual((check.level, words in check.sentence), (level, True), check)

    def test_ways_out(self) -> None:
        """No reflexive address, no relay that answers, no relay at all, no UDP: warnings, for the LAN or TCP may do."""
        ben = replace(healthy_node().members[0], path="relay-tcp")
        self.assertEqual(self.bad(facts(udp_blocked=True, members=[ben])), [("udp", "warning")])
        self.assertEqual(self.bad(facts(udp_blocked=True)), [], "a direct path is by UDP")
        self.assertEqual(self.bad(facts(reflexive=None)), [("reflexive", "warning")])
        self.assertEqual(self.bad(facts(relays=[RelayFacts("a:1", False)])), [("relay", "warning")])
        self.assertEqual(self.bad(facts(relays=[])), [("relay", "warning")])
        self.assertEqual(self.bad(facts(port_mapping=MappingFacts(failure="no"))), [("port mapping", "warning")])
        self.assertEqual(self.bad(facts(port_mapping=MappingFacts())), [("port mapping", "unknown")])
        for good in (MappingFacts(needless=True), MappingFacts("pcp", "192.168.1.1", "203.0.113.5:1", 60.0, True)):
            self.assertEqual(self.bad(facts(port_mapping=good)), [])
        self.assertEqual(self.bad(facts(relays=[RelayFacts("a:1")])), [("relay", "unknown")])
        for loopback in ("127.0.0.1:51820", "[::1]:5"):
            self.assertEqual(self.bad(facts(reflexive=loopback)), [("reflexive", "unknown")])

    def test_members(self) -> None:
        """Offline is fine; online without path, without route, without handshake is not."""
        ben = healthy_node().members[0]
        cases: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
            ({"online": False, "path": "none", "handshake_age_s": None}, []),
            ({"path": "none"}, [("member Ben", "failure")]),
            ({"handshake_age_s": None}, [("member Ben", "failure")]),
            ({"handshake_age_s": 500.0}, [("member Ben", "warning")]),
            ({"address": "10.66.0.9"}, [("member Ben", "failure")]),
            ({"rtt_ms": None}, []),
        ]
        for change, wanted in cases:
            self.assertEqual(self.bad(facts(members=[replace(ben, **change)])), wanted, change)
        self.assertIn("no route into lanrage-wg0", self.sentence(facts({"host_routes": {}}), "member Ben").sentence)

    def test_surroundings(self) -> None:
        """No default route, firewalls; a manager of devices is told without alarm, unless it holds ours."""
        self.assertEqual(self.bad(facts({"default_route": False})), [("route", "warning")])
        leased = CardFacts("lanrage0", "10.66.0.1", routes=2)
        self.assertEqual(self.bad(facts({"default_route": False}, card=leased)), [])
        self.assertEqual(self.bad(facts({"input_drop": ["inet filter input"]})), [("firewall", "warning")])
        self.assertEqual(self.bad(facts({"watchers": ["ufw", "NetworkManager"]})), [("firewall", "warning")])
        held = facts({"watchers": ["NetworkManager"], "managed": ["lanrage0"]})
        self.assertEqual(first(held), "device_managed")

    def test_helped_sockets(self) -> None:
        """What is done for games' sockets is told, and nothing where nothing is."""
        helped = facts(card=CardFacts("lanrage0", "10.66.0.1", 2, 1, 2))
        self.assertEqual(
            self.sentence(helped, "sockets").sentence,
            "games' sockets that are helped: 2 ports bound to lanrage0, 1 bound to a real address",
        )
        self.assertEqual(self.sentence(helped, "route").sentence, "2 routes lead games' unbound broadcasts to lanrage0")
        self.assertEqual([each.name for each in judge(facts()) if each.name in ("sockets", "route")], [])

    def test_missing_sentences_of_the_node(self) -> None:
        """What the node says it lacks is a failure."""
        self.assertEqual(self.bad(facts(missing=["a card needs CAP_NET_ADMIN"])), [("node", "failure")])

    def test_an_idle_node(self) -> None:
        """A node that has nothing yet is judged by what is there."""
        self.assertEqual(self.bad(Facts(healthy_local(), NodeFacts("0.1.0", "idle"))), [])

    @given(machines, st.none() | nodes)
    def test_any_facts(self, local: LocalFacts, node: NodeFacts | None) -> None:
        """Any facts give findings that can be told, the node first, and survive the wire."""
        given_facts = Facts(local, node)
        checks = judge(given_facts)
        self.assertEqual(checks[0].name, "node")
        for check in checks:
            bad = check.level in ("warning", "failure")
            self.assertEqual(bad, check.fault in FAULTS, check)
            self.assertEqual((bad and FAULTS[check.fault].check) or check.id, check.id)
            self.assertTrue(check.advice or not bad, check)
            self.assertNotIn("{", check.advice)
        leading = worst(checks)
        self.assertEqual(any(check.fault for check in checks), leading is not None)
        self.assertTrue(leading is None or leading.failed or not any(check.failed for check in checks))
        self.assertEqual(msgspec.json.decode(msgspec.json.encode(checks), type=list[Check]), checks)
