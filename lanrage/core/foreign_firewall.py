"""Reads another firewall's nftables rules: would they let in what comes from the party?

Input is ``nft -j list ruleset`` (libnftables-json(5)). A rule's match is true, false or not known. Of what is not known
the usual is assumed: a rule on connection state alone is about old or broken connections, and the kind of the
destination is this machine's own. What is still not known makes the answer unsure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs

from lanrage.core.listening import Stance
from lanrage.core.play_ports import Proto

DEPTH = 16
"""Chains that call each other; the kernel takes as many (NFT_JUMP_STACK_SIZE)."""
STEPS = 20_000
"""Rules that are looked at for one packet; a firewall with as many is not understood."""
SIZE_LIMIT = 4 << 20
"""Bytes of a listing; some tools load lists of addresses that are far longer."""
_INPUT_FAMILIES = ("ip", "inet")
_NEUTRAL = frozenset("counter log limit comment notrack mangle quota".split())
"""Statements that decide nothing; a limit in front of a verdict is met at first."""
_ENDS = frozenset("accept drop reject return jump goto".split())


@attrs.frozen
class Newcomer:
    """A first packet of a member, over IPv4, to this machine's party address."""

    device: str
    proto: Proto
    port: int


class ForeignFirewall:
    """The rules of all tables but ours.

    :param listing: the JSON text.
    :param own: the name of our table.
    """

    def __init__(self, listing: str, own: str) -> None:
        self._chains: dict[tuple[str, str, str], list[Any]] = {}
        self._bases: list[tuple[tuple[str, str, str], str]] = []
        self.understood = len(listing) <= SIZE_LIMIT
        if self.understood:
            self._read(listing, own)

    def stance(self, packet: Newcomer) -> Stance:
        """What becomes of a packet."""
        try:
            return self._stance(packet)
        except (KeyError, TypeError, AttributeError, ValueError):  # no rule of any known nftables
            self.understood = False
            return Stance(False, False)

    def _stance(self, packet: Newcomer) -> Stance:
        unsure = Stance(False)
        for base, policy in self._bases:
            walk = _Walk(self._chains, packet)
            verdict = walk.base(base, policy)
            if verdict in ("drop", "reject"):
                found = Stance(True, not walk.unsure, " ".join(base))
                if found.sure:
                    return found
                unsure = found
            elif walk.may_block:
                unsure = Stance(True, False, " ".join(base))
        return unsure

    def _read(self, listing: str, own: str) -> None:
        try:
            rows = json.loads(listing)["nftables"]
            for row in rows:
                if "chain" in row and row["chain"]["table"] != own:
                    self._chain(row["chain"])
                if "rule" in row and row["rule"]["table"] != own:
                    rule = row["rule"]
                    self._chains.setdefault((rule["family"], rule["table"], rule["chain"]), []).append(rule["expr"])
        except (ValueError, KeyError, TypeError, RecursionError):
            self.understood, self._bases = False, []

    def _chain(self, chain: Any) -> None:
        key = (chain["family"], chain["table"], chain["name"])
        self._chains.setdefault(key, [])
        if chain.get("hook") == "input" and chain["family"] in _INPUT_FAMILIES and chain.get("type") == "filter":
            self._bases.append((key, chain.get("policy", "accept")))


class _Walk:
    """One packet through one base chain."""

    def __init__(self, chains: dict[tuple[str, str, str], list[Any]], packet: Newcomer) -> None:
        self._chains, self._packet = chains, packet
        self._steps = 0
        self.unsure = self.may_block = False

    def base(self, key: tuple[str, str, str], policy: str) -> str:
        """The verdict of a base chain."""
        verdict = self._chain(key, 0)
        return policy if verdict == "return" else verdict

    def _chain(self, key: tuple[str, str, str], depth: int) -> str:
        for expressions in self._chains.get(key, []):
            self._steps += 1
            if depth > DEPTH or self._steps > STEPS:
                self.unsure = True
                return "return"
            verdict, target = _verdict(expressions)
            if verdict is None:
                continue
            holds = _holds(expressions, self._packet)
            if holds is None:
                self._maybe(verdict)
            elif holds:
                found = self._follow(key, verdict, target, depth)
                if found is not None:
                    return found
        return "return"

    def _follow(self, key: tuple[str, str, str], verdict: str, target: str, depth: int) -> str | None:
        """The verdict, or ``None`` to go on with the next rule."""
        if verdict not in ("jump", "goto"):
            return verdict
        found = self._chain((key[0], key[1], target), depth + 1)
        return None if verdict == "jump" and found == "return" else found

    def _maybe(self, verdict: str) -> None:
        self.unsure = self.unsure or verdict in ("accept", "jump", "goto", "return")
        self.may_block = self.may_block or verdict in ("drop", "reject")


def _verdict(expressions: Any) -> tuple[str | None, str]:
    for each in expressions:
        for name, value in each.items():
            if name in _ENDS:
                return name, value["target"] if name in ("jump", "goto") else ""
    return None, ""


def _holds(expressions: Any, packet: Newcomer) -> bool | None:
    """Whether all matches of a rule hold."""
    found = list(_matches(expressions, packet))
    if False in found:
        return False
    states = [each for each in found if each == "state"]
    if states and len(states) == len(found):
        return False
    return None if states or None in found else True


def _matches(expressions: Any, packet: Newcomer) -> Iterator[bool | str | None]:
    for each in expressions:
        for name, value in each.items():
            if name == "match":
                yield _match(value, packet)
            elif name == "xt":
                yield _extension(value)
            elif name not in _NEUTRAL and name not in _ENDS:
                yield None


def _extension(value: Any) -> bool | str | None:
    """An iptables match without a translation: its name is all that is told."""
    name = value.get("name") if isinstance(value, dict) else None
    if name in ("conntrack", "state"):
        return "state"
    return True if name in ("addrtype", "comment", "limit", "LOG", "NFLOG") else None


def _match(value: Any, packet: Newcomer) -> bool | str | None:
    left, right, operator = value["left"], value["right"], value.get("op", "==")
    if "ct" in left and left["ct"].get("key") in ("state", "status"):
        return "state" if left["ct"]["key"] == "status" or not _has(right, "new") else operator != "!="
    facts = _facts(left, packet)
    if facts is None or operator not in ("==", "!=", "in"):
        return None
    inside = _inside(right, facts)
    return None if inside is None else inside is not (operator == "!=")


def _facts(left: Any, packet: Newcomer) -> tuple[Any, ...] | None:
    """What the packet has where a match looks; empty where it has no such thing, ``None`` where that is not known."""
    if "meta" in left:
        known = {"iifname": packet.device, "iif": packet.device, "l4proto": packet.proto, "nfproto": "ipv4"}
        key = left["meta"]["key"]
        return (known[key],) if key in known else None
    if "fib" in left and left["fib"].get("result") == "type":
        return ("local",)
    if "payload" in left:
        protocol, field = left["payload"].get("protocol"), left["payload"].get("field")
        if protocol in ("tcp", "udp", "th") and field == "dport":
            return (packet.port,) if protocol in ("th", packet.proto) else ()
        if protocol in ("tcp", "udp", "icmp", "icmpv6", "ip6", "sctp"):
            return None if protocol == packet.proto else ()
        if (protocol, field) == ("ip", "protocol"):
            return (packet.proto,)
    return None


def _inside(right: Any, facts: tuple[Any, ...]) -> bool | None:
    if not facts:
        return False
    if isinstance(right, dict) and "set" in right:
        each = [_inside(one, facts) for one in right["set"]]
        return True if True in each else None if None in each else False
    if isinstance(right, dict) and "range" in right:
        low, high = right["range"]
        return low <= facts[0] <= high if all(isinstance(end, int) for end in (low, high)) else None
    if isinstance(right, list):
        return facts[0] in right
    if isinstance(right, str) and right.startswith("@"):
        return None
    if isinstance(right, str) and right.endswith("*"):
        return str(facts[0]).startswith(right[:-1])
    return right == facts[0] if isinstance(right, str | int) else None


def _has(right: Any, word: str) -> bool:
    if isinstance(right, dict):
        right = right.get("set", [])
    return word == right or (isinstance(right, list) and word in right)
