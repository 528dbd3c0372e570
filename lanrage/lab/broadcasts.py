"""``lanrage lab broadcasts``: what is sent to all arrives once at every socket, from the right source."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from ipaddress import IPv4Interface
from pathlib import Path

import attrs

from lanrage.lab import roles
from lanrage.lab.demo import SUBNET_BITS, laboratory
from lanrage.lab.folder import BASE
from lanrage.lab.lab import Lab
from lanrage.lab.listeners import Listeners, tally
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.result import Result
from lanrage.lab.senders import WAYS, Sender, Way, transmit

NAME = "broadcasts"
KINDS = ("open", "restricted", "symmetric")

ARRIVE_S = 2.0
"""A LAN game's lobby must show within a second; twice that on a busy machine."""
DUPLICATE_S = 0.5
"""How long a second copy may take to show itself."""

SPLIT_BYTES = 1200
"""Payload of a large announcement: with all headers it needs more than one carried datagram."""


@attrs.frozen
class Row:
    """One way of sending, from one host: what its listeners got."""

    way: str
    sender: str
    expected: int
    once: int
    missing: tuple[str, ...]
    twice: tuple[str, ...]
    wrong_source: tuple[str, ...]


def broadcasts(base: Path = BASE, name: str = NAME, say: Callable[[str], None] = lambda _text: None) -> Result:
    """Each way of sending to all, from each host, heard by sockets of each kind on every other host."""
    result = Result(NAME)
    with laboratory(name, KINDS, base, say) as lab:
        lab.start(roles.roles(lab.plan))
        lab.gather()
        settle(lab, result, expected_paths(lab.plan))
        rows = run(lab, lab.addresses(), say)
    report(rows, result)
    return result


def run(lab: Lab, addresses: dict[str, str], say: Callable[[str], None], ways: Sequence[Way] = WAYS) -> list[Row]:
    """Send everything on a laboratory that stands, and listen.

    :param addresses: of each host on its card.
    :param ways: of sending.
    """
    listeners = Listeners()
    try:
        for host in lab.plan.hosts:
            listeners.add_host(host.name, host.netns, addresses[host.name])
        listeners.collect(DUPLICATE_S)  # the nodes get to see the new sockets
        rows = []
        for way in ways:
            say(f"sending: {way.name}")
            for host in lab.plan.hosts:
                sender = Sender(host.name, host.netns, IPv4Interface(f"{addresses[host.name]}/{SUBNET_BITS}"))
                rows.append(_one(way, sender, listeners, [h.name for h in lab.plan.hosts if h is not host]))
    finally:
        listeners.close()
    return rows


def report(rows: list[Row], result: Result) -> None:
    """Judge the rows."""
    result.figures["ways"] = [{"way": r.way, "sender": r.sender, "expected": r.expected, "once": r.once} for r in rows]
    result.exactly("expected", sum(r.expected for r in rows), sum(r.expected for r in rows))
    result.exactly("arrived_once", sum(r.once for r in rows), sum(r.expected for r in rows))
    for name in ("missing", "twice", "wrong_source"):
        result.exactly(name, sum(len(getattr(row, name)) for row in rows), 0)
        for row in rows:
            if getattr(row, name):
                where = ", ".join(getattr(row, name))
                result.fail(f"{row.way} from {row.sender}, {name.replace('_', ' ')}: {where}")


def _one(way: Way, sender: Sender, listeners: Listeners, others: list[str]) -> Row:
    payload = f"{way.name} {sender.host} {os.urandom(4).hex()}".encode()
    transmit(way, sender, payload)
    wanted = [(host, name) for host in others for name in listeners.of(host, way.listeners)]
    own = len(listeners.of(sender.host, way.listeners))
    heard = listeners.collect(ARRIVE_S, len(wanted) + own)
    heard += listeners.collect(DUPLICATE_S)
    source = sender.mac.hex(":") if way.listeners == "ipx" else str(sender.address.ip)
    return _judge(way, sender, wanted, tally([h for h in heard if h.payload.startswith(payload)]), source)


def _judge(
    way: Way,
    sender: Sender,
    wanted: list[tuple[str, str]],
    counts: dict[tuple[str, str, bytes, str], int],
    source: str,
) -> Row:
    good: dict[tuple[str, str], int] = {}
    wrong: list[str] = []
    for (host, name, _, seen), count in counts.items():
        if host == sender.host:
            continue  # the sender's own kernel gives it its own broadcast, with whatever source its route has
        if seen == source:
            good[host, name] = good.get((host, name), 0) + count
        else:
            wrong.append(f"{host} {name} from {seen}")
    return Row(
        way.name,
        sender.host,
        len(wanted),
        sum(1 for where in wanted if good.get(where) == 1),
        tuple(f"{host} {name}" for host, name in wanted if not good.get((host, name))),
        tuple(f"{host} {name} x{n}" for (host, name), n in good.items() if n > 1),
        tuple(wrong),
    )
