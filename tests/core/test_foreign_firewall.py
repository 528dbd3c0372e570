"""Another firewall's rules, read: what is dropped, what is let in, what is not certain."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.foreign_firewall import DEPTH, SIZE_LIMIT, ForeignFirewall, Newcomer
from lanrage.core.listening import Stance

OWN = "lanrage-guard-wg"
GAME = Newcomer("wg", "udp", 27960)
SHUT, SHUT_PERHAPS, OPEN = (Stance(True, True, "inet t in"), Stance(True, False, "inet t in"), Stance(False))


def meta(key: str, right: Any, operator: str = "==") -> dict[str, Any]:
    """A match on a packet's device or protocol."""
    return {"match": {"op": operator, "left": {"meta": {"key": key}}, "right": right}}


def port(protocol: str, right: Any, operator: str = "==") -> dict[str, Any]:
    """A match on the destination port."""
    return {"match": {"op": operator, "left": {"payload": {"protocol": protocol, "field": "dport"}}, "right": right}}


def state(*words: str) -> dict[str, Any]:
    """A match on connection state."""
    return {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": list(words)}}


FROM = {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "192.0.2.1"}}
PING = {"match": {"op": "==", "left": {"payload": {"protocol": "icmp", "field": "type"}}, "right": "echo-request"}}
ACCEPT, DROP, REJECT, RETURN = ({name: None} for name in ("accept", "drop", "reject", "return"))
COUNTER = {"counter": {"packets": 1, "bytes": 2}}


def call(verb: str, target: str) -> dict[str, Any]:
    """A jump or goto."""
    return {verb: {"target": target}}


def firewall(*rules: list[Any], policy: str = "drop", table: str = "t", **chains: list[list[Any]]) -> ForeignFirewall:
    """A table with a base chain of these rules, and others."""
    base = {"family": "inet", "table": table, "name": "in", "type": "filter", "hook": "input", "policy": policy}
    rows: list[Any] = [{"metainfo": {}}, {"chain": base}]
    for name, each in {"in": list(rules), **chains}.items():
        if name != "in":
            rows.append({"chain": {"family": "inet", "table": table, "name": name}})
        rows += [{"rule": {"family": "inet", "table": table, "chain": name, "expr": rule}} for rule in each]
    return ForeignFirewall(json.dumps({"nftables": rows}), OWN)


class ReadingTests(SynchronousTestCase):
    """One packet, many firewalls."""

    def check(self, expected: Stance, *rules: list[Any], packet: Newcomer = GAME, **more: Any) -> None:
        """What becomes of it."""
        self.assertEqual(expected, firewall(*rules, **more).stance(packet))

    def test_policy(self) -> None:
        """Without a rule the policy holds; our own table is not another's."""
        self.check(SHUT)
        self.check(OPEN, policy="accept")
        self.check(OPEN, table=OWN)

    def test_matches(self) -> None:
        """Devices, protocols, ports: single, in sets, in ranges, negated, by prefix of the device's name."""
        for match in (
            meta("iifname", "wg"),
            meta("iifname", {"set": ["eth0", "wg"]}),
            meta("iifname", "w*"),
            meta("iifname", "eth0", "!="),
            meta("l4proto", {"set": ["tcp", "udp"]}),
            port("udp", 27960),
            port("th", {"range": [27000, 28000]}),
            port("udp", {"set": [53, {"range": [27960, 27963]}]}),
            {"match": {"op": "==", "left": {"fib": {"result": "type", "flags": ["daddr"]}}, "right": "local"}},
            {"xt": {"type": "match", "name": "addrtype"}},
        ):
            self.check(OPEN, [match, COUNTER, ACCEPT])
            self.check(SHUT, [match, COUNTER, DROP], policy="accept")
        for match in (
            meta("iifname", "eth0"),
            meta("iifname", "lo"),
            meta("nfproto", "ipv6"),
            port("tcp", 27960),
            port("udp", {"range": [1, 1023]}),
            port("udp", 27960, "!="),
            {
                "match": {
                    "op": "==",
                    "left": {"payload": {"protocol": "icmp", "field": "type"}},
                    "right": "echo-request",
                }
            },
        ):
            self.check(SHUT, [match, ACCEPT])
            self.check(OPEN, [match, DROP], policy="accept")

    def test_state(self) -> None:
        """A first packet is neither established nor invalid; iptables' own words for it are not told, and mean that."""
        self.check(SHUT, [state("established", "related"), ACCEPT])
        self.check(OPEN, [state("invalid"), DROP], policy="accept")
        self.check(OPEN, [state("new"), port("udp", 27960), ACCEPT])
        self.check(OPEN, [{"xt": {"type": "match", "name": "conntrack"}}, DROP], policy="accept")
        self.check(SHUT_PERHAPS, [{"xt": {"type": "match", "name": "conntrack"}}, port("udp", 27960), ACCEPT])

    def test_chains(self) -> None:
        """Jumps come back, gotos do not; a loop of chains ends."""
        self.check(OPEN, [call("jump", "zone")], zone=[[ACCEPT]])
        self.check(OPEN, [call("jump", "zone")], [ACCEPT], zone=[[RETURN], [DROP]])
        self.check(SHUT, [call("goto", "zone")], [ACCEPT], zone=[[RETURN], [ACCEPT]])
        self.check(SHUT, [call("jump", "zone")], policy="accept", zone=[[meta("iifname", "wg"), REJECT]])
        self.check(SHUT, [call("jump", "nowhere")])
        endless = firewall([call("jump", "in")])
        self.assertFalse(endless.stance(GAME).sure)

    def test_unsure(self) -> None:
        """What depends on the sender is said to be not certain, either way."""
        self.check(SHUT_PERHAPS, [FROM, ACCEPT])
        self.check(SHUT_PERHAPS, [FROM, DROP], policy="accept")
        self.check(SHUT_PERHAPS, [port("udp", "@ports"), ACCEPT])
        self.check(SHUT, [FROM, DROP])
        self.check(OPEN, [ACCEPT], [FROM, DROP])

    def test_not_understood(self) -> None:
        """Text that is no listing, or far too long: nothing is claimed."""
        for text in ("", "[]", '{"nftables": [{"chain": {}}]}', "x" * (SIZE_LIMIT + 1), "[" * 100_000):
            read = ForeignFirewall(text, OWN)
            self.assertEqual((False, OPEN), (read.understood, read.stance(GAME)))
        read = firewall([{"match": {"op": "=="}}, DROP])
        self.assertEqual((Stance(False, False), False), (read.stance(GAME), read.understood))
        self.assertEqual(16, DEPTH)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.sampled_from(["accept", "wg", "set", "@x", "local"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["match", "left", "right", "op", "meta", "key", "payload", "set", "range", "jump", "target"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        )
    )
    def test_anything(self, expression: Any) -> None:
        """No rule, however odd, is more than not understood."""
        read = firewall([expression, DROP], [{"match": expression}, ACCEPT])
        self.assertIsInstance(read.stance(GAME), Stance)
