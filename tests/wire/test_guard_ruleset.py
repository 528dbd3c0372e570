"""The ruleset's text does with every packet what the pure rule says: read by a small interpreter of its own."""

from __future__ import annotations

import re

from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.exposure import Arrival, Exposure, GuardRules, judge
from lanrage.core.play_ports import parse_spans
from lanrage.errors import BadInput
from lanrage.wire.guard_ruleset import drop, let_pass, ruleset, table_name
from tests.strategies_guard import arrivals, rules

TUNNEL, CARD, OTHER = "lanrage-wg0", "lanrage0", "veth7"


class Reader:
    """Walks a packet through the text's chains, as nft(8) says that the kernel does."""

    def __init__(self, text: str) -> None:
        self.sets: dict[str, str] = dict(
            re.findall(r"^ set (\w+) \{ [^{}]*(?:elements = \{ ([^}]*) \}; )?\}$", text, re.M)
        )
        self.chains: dict[str, list[str]] = {}
        for name, body in re.findall(r"^ chain (\w+) \{\n(.*?)^ \}$", text, re.M | re.S):
            self.chains[name] = [line.strip() for line in body.splitlines() if line.strip()]

    def admits(self, packet: Arrival, device: str = TUNNEL) -> bool:
        """Whether it comes in."""
        return self.walk("forward" if packet.through else "input", packet, device)

    def walk(self, chain: str, packet: Arrival, device: str) -> bool:
        """From a chain's first rule."""
        for rule in self.chains[chain]:
            if rule.startswith("type filter hook"):
                continue
            found = re.fullmatch(r"(.*?) ?(accept|drop|goto (\w+))", rule)
            assert found is not None, rule
            condition, verdict, target = found.groups()
            if self.holds(condition, packet, device):
                return self.walk(target, packet, device) if target else verdict == "accept"
        return True  # the policy

    def holds(self, condition: str, packet: Arrival, device: str) -> bool:
        """Whether all matches of a rule hold; one that is not known here fails the test."""
        while condition:
            for pattern, check in self.matches(packet, device):
                found = re.match(pattern + r"(?: |$)", condition)
                if found is not None:
                    if not check(*found.groups()):
                        return False
                    condition = condition[found.end() :]
                    break
            else:
                raise AssertionError(f"unknown match: {condition}")
        return True

    def matches(self, packet: Arrival, device: str):  # type: ignore[no-untyped-def]  # a table of patterns and checks
        """What a match asks."""
        proto, port = packet.proto, packet.port
        return (
            (r"iifname != @ours", lambda: f'"{device}"' not in self.sets["ours"]),
            (r"iifname \. oifname @passes", lambda: packet.passes),
            (r"ct state established,related", lambda: packet.known),
            (r"ct status dnat", lambda: packet.translated is not None),
            (r"ct original proto-dst \{ ([^}]*) \}", lambda ports: inside(ports, packet.translated or 0)),
            (r"meta l4proto (tcp|udp)", lambda named: proto == named),
            (r"meta l4proto != \{ tcp, udp \}", lambda: proto not in ("tcp", "udp")),
            (r"meta l4proto \. th dport @(\w+)", lambda name: self.has(name, proto, port)),
            (r"udp dport 4666 update @senders \{ ip saddr limit rate over [^}]* \}", lambda: False),
            (r"udp dport @asking", lambda: proto == "udp" and packet.asked),
            (r"udp dport \{ ([^}]*) \}", lambda ports: proto == "udp" and inside(ports, port)),
            (r"(icmp|icmpv6) type \{ ([^}]*) \}", lambda named, types: proto == named and inside(types, port)),
            (r"counter name \w+", lambda: True),
        )

    def has(self, name: str, proto: str, port: int) -> bool:
        """Whether a set has a port."""
        rows = [row.split(" . ") for row in self.sets[name].split(", ") if row]
        return any(each == proto and inside(ports, port) for each, ports in rows)


def inside(ports: str, port: int) -> bool:
    """Whether a list of numbers and ranges has a number."""
    pairs = [(row.partition("-")[0], row.rpartition("-")[2]) for row in ports.split(", ")]
    return any(int(first) <= port <= int(last) for first, last in pairs)


class RulesetTests(SynchronousTestCase):
    """The text."""

    @given(rules, arrivals)
    def test_same_rule(self, given_rules: GuardRules, packet: Arrival) -> None:
        """The table and the pure rule agree on every packet."""
        reader = Reader(ruleset(TUNNEL, CARD, given_rules, [(TUNNEL, OTHER)]))
        self.assertEqual(judge(given_rules, packet).admitted, reader.admits(packet), packet)
        self.assertTrue(reader.admits(packet, "eth0"))
        self.assertEqual(reader.admits(packet, TUNNEL), reader.admits(packet, CARD))

    def test_names(self) -> None:
        """One table a device; devices' names are checked, for they stand in the text."""
        self.assertEqual("lanrage-guard-wg_0", table_name("wg+0"))
        for tunnel, card, passes in (("a b", CARD, ()), (TUNNEL, 'x"', ()), (TUNNEL, CARD, [("x;", "y")])):
            with self.assertRaises(BadInput):
                ruleset(tunnel, card, GuardRules(), passes)
        with self.assertRaises(BadInput):
            let_pass(TUNNEL, "add", "a", 'b" }')

    def test_atomic(self) -> None:
        """The old table goes and the new one comes in one transaction; a removal of what is gone is no error."""
        text = ruleset(TUNNEL, CARD, GuardRules())
        name = table_name(TUNNEL)
        self.assertTrue(text.startswith(f"table inet {name}\ndelete table inet {name}\ntable inet {name} {{\n"))
        self.assertEqual(f"add table inet {name}\ndelete table inet {name}\n", drop(name))
        self.assertEqual(2, let_pass(TUNNEL, "delete", "a", "b").count("element"))

    def test_searches(self) -> None:
        """Searches are remembered where not all high ports are open, and only those to ports in play."""
        for exposure in Exposure:
            text = ruleset(TUNNEL, CARD, GuardRules(exposure, play=parse_spans("4445", "x")))
            self.assertEqual(exposure is Exposure.GAMES, "chain output" in text)
