"""What a party reaches of the sockets that this machine listens on, and what stands in the way (``docs/guard.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Literal

import attrs
import msgspec

from lanrage.core.exposure import GuardRules, Verdict, judge_port
from lanrage.core.kept_ports import kept_reason
from lanrage.core.play_ports import Proto

ROWS_LIMIT = 200
"""Services that are shown; a desktop listens on some dozens of ports."""
Reach = Literal["open", "kept", "blocked", "unsure"]
"""``open``: members reach it. ``kept``: the party firewall keeps it from them. ``blocked``: the party firewall lets it
through, and another firewall of this machine drops it. ``unsure``: likewise, but that firewall's rules were not all
understood."""


@attrs.frozen
class Listening:
    """One socket that takes what comes from anywhere: TCP that listens, UDP without a peer.

    :param program: its name; empty where it is not known.
    """

    proto: Proto
    address: str
    port: int
    program: str = ""


class ServiceFacts(msgspec.Struct, frozen=True):
    """One service as the party meets it.

    :param reason: why, in words.
    """

    proto: Proto
    port: int
    program: str
    reach: Reach
    reason: str


class ExposureFacts(msgspec.Struct, frozen=True):
    """What a party reaches of this machine.

    :param exposure: the setting.
    :param trouble: why nothing is guarded; empty while all is well.
    :param restored: how often another program removed the party firewall.
    :param understood: another firewall's rules could be read.
    """

    exposure: str
    services: list[ServiceFacts] = []
    refused: int = 0
    restored: int = 0
    trouble: str = ""
    understood: bool = True


class Stance(msgspec.Struct, frozen=True):
    """What other firewalls of this machine do with a packet of the party.

    :param chain: ``FAMILY TABLE CHAIN`` that decides so; empty where all of them let it through.
    :param sure: all rules on its way were understood.
    """

    blocks: bool
    sure: bool = True
    chain: str = ""


Others = Callable[[Proto, int], Stance]


def reachable(address: str) -> bool:
    """Whether a packet from another machine can be for a socket with this address: all but loopback's."""
    try:
        return not ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return True


def services(rules: GuardRules, sockets: Iterable[Listening], others: Others) -> list[ServiceFacts]:
    """What becomes of a first packet to each of these sockets, by port; sockets on loopback are left out.

    A port whose program is known from one socket is not shown once more for another without.
    """
    named: dict[tuple[Proto, int], set[str]] = {}
    for each in sockets:
        if reachable(each.address):
            named.setdefault((each.proto, each.port), set()).add(each.program)
    rows = []
    for (proto, port), programs in sorted(named.items(), key=lambda row: (row[0][1], row[0][0])):
        reach, reason = _meet(rules, proto, port, others)
        rows.append(ServiceFacts(proto, port, ", ".join(sorted(filter(None, programs))), reach, reason))
    return rows[:ROWS_LIMIT]


def _meet(rules: GuardRules, proto: Proto, port: int, others: Others) -> tuple[Reach, str]:
    verdict = judge_port(rules, proto, port)
    if not verdict.admitted:
        usual = kept_reason(proto, port) if verdict is Verdict.KEPT else None
        return "kept", usual or verdict.value
    stance = others(proto, port)
    if not stance.blocks:
        return "open", verdict.value
    return ("blocked" if stance.sure else "unsure"), f"{verdict.value}; another firewall's chain {stance.chain}"
