"""One party of all hosts of a laboratory: founded, joined by all at once, and timed until every pair has met."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import attrs

from lanrage.lab.folder import Folder
from lanrage.lab.netns import LabError
from lanrage.lab.node_call import Call, call
from lanrage.lab.ping import INTERVAL_S, Pinger
from lanrage.lab.plan import CONTROL_PORT, PUBLIC_ADDRESSES, Host, Plan
from lanrage.lab.roles import node_socket

SERVER = f"{PUBLIC_ADDRESSES[0]}:{CONTROL_PORT}"

PARTY_LIMIT = 64
"""The most members that a charter allows."""

MEET_S = 60.0
"""Joins end within a second; after a minute something is broken for good."""


@attrs.define
class Meeting:
    """When whom met whom, in seconds of the monotonic clock.

    :param addresses: party address by host name.
    :param issued: when each join was asked for.
    :param met: when each pair, lower index first, had its first packet answered.
    """

    addresses: dict[str, str] = attrs.field(factory=dict)
    issued: dict[str, float] = attrs.field(factory=dict)
    met: dict[tuple[str, str], float] = attrs.field(factory=dict)

    def first_packet_ms(self) -> dict[str, float]:
        """For each joiner, from asking to join until a packet came back from another member."""
        return {
            name: round(1000 * (min(t for pair, t in self.met.items() if name in pair) - issued), 1)
            for name, issued in self.issued.items()
            if any(name in pair for pair in self.met)
        }

    def all_pairs_ms(self) -> float:
        """From the first join asked for until the last pair had met."""
        if not self.met or not self.issued:
            return 0.0
        return round(1000 * (max(self.met.values()) - min(self.issued.values())), 1)


def found(folder: Folder, plan: Plan, name: str, token: str = "") -> tuple[str, str]:
    """Let the first host found a party; its invitation code and its founder's address.

    :param token: for a control server that asks for one.
    """
    founder = plan.hosts[0]
    answer = call(
        node_socket(folder, founder),
        "party.create",
        name=name,
        server=SERVER,
        member_name=founder.name,
        max_members=PARTY_LIMIT,
        uses=PARTY_LIMIT,
        token=token,
    )
    return answer.result["code"], answer.result["address"]


def join(folder: Folder, host: Host, code: str) -> Call:
    """Let a host join."""
    return call(node_socket(folder, host), "party.join", code=code, member_name=host.name)


def gather(folder: Folder, plan: Plan, code: str, founder_address: str, timeout: float = MEET_S) -> Meeting:
    """Let all others join at the same time and wait until each pair has exchanged a packet.

    :raises LabError: names the pairs that did not meet.
    :raises LanrageError: what a node refused.
    """
    meeting = Meeting({plan.hosts[0].name: founder_address})
    pinger = Pinger()
    with ThreadPoolExecutor(max_workers=max(1, len(plan.hosts))) as pool:
        joining: dict[Future[Call], Host] = {}
        for host in plan.hosts[1:]:
            meeting.issued[host.name] = time.monotonic()
            joining[pool.submit(join, folder, host, code)] = host
        try:
            _meet(plan, meeting, pinger, joining, time.monotonic() + timeout)
        finally:
            pinger.close()
    return meeting


def _meet(plan: Plan, meeting: Meeting, pinger: Pinger, joining: dict[Future[Call], Host], deadline: float) -> None:
    wanted = [(first.name, second.name) for first, second in plan.pairs()]
    due = time.monotonic()
    while len(meeting.met) < len(wanted):
        for done in [future for future in joining if future.done()]:
            host = joining.pop(done)
            answer = done.result()
            meeting.addresses[host.name] = answer.result["address"]
            meeting.issued[host.name] = answer.issued
        if time.monotonic() > deadline:
            missing = ", ".join("-".join(pair) for pair in wanted if pair not in meeting.met)
            raise LabError(f"these pairs have not exchanged a packet: {missing}")
        if time.monotonic() >= due:
            due = time.monotonic() + max(INTERVAL_S, len(wanted) * INTERVAL_S / 50)
            for netns, target in _waiting(plan, meeting):
                pinger.send(netns, target)
        for netns, source, _, when in pinger.receive(due - time.monotonic()):
            _note(plan, meeting, netns, source, when)


def _waiting(plan: Plan, meeting: Meeting) -> Iterator[tuple[str, str]]:
    """Pairs that have not met, as (namespace of the later host, address of the earlier one)."""
    for first, second in plan.pairs():
        if (first.name, second.name) not in meeting.met and first.name in meeting.addresses:
            yield second.netns, meeting.addresses[first.name]


def _note(plan: Plan, meeting: Meeting, netns: str, source: str, when: float) -> None:
    for first, second in plan.pairs():
        if second.netns == netns and meeting.addresses.get(first.name) == source:
            meeting.met.setdefault((first.name, second.name), when)
