"""A laboratory as one thing: up, show, change, down (``docs/lab.rst``)."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs

from lanrage.errors import LanrageError
from lanrage.lab import build, netns, party, roles, teardown, wan
from lanrage.lab.conditions import Weather
from lanrage.lab.folder import BASE, Folder, Record
from lanrage.lab.node_call import CALL_TIMEOUT_S, call
from lanrage.lab.plan import Host, Plan, make_plan

Say = Callable[[str], None]
"""Told one sentence at each stage."""

SHOW_TIMEOUT_S = 5.0
"""A node answers at once; one that hangs must not hide the others."""


@attrs.define
class Lab:
    """A laboratory that stands.

    :param meeting: how the party came together; None in a process that did not build it.
    """

    folder: Folder
    record: Record
    plan: Plan
    meeting: party.Meeting | None = None

    @classmethod
    def open(cls, name: str, base: Path = BASE) -> Lab:
        """The laboratory of a name.

        :raises LabError: when there is none.
        """
        folder = Folder.of(name, base)
        record, plan = folder.load()
        return cls(folder, record, plan)

    def start(self, words: list[str], timeout: float = roles.READY_S) -> None:
        """Start processes and wait until they are ready; relays need the control server's key."""
        relays = [word for word in words if word in roles.RELAYS]
        started = [roles.start(self.folder, self.plan, word) for word in words if word not in relays]
        if relays:
            roles.wait_ready(self.folder, self.plan, [p for p in started if p.role == roles.CONTROL], timeout)
            started += [roles.start(self.folder, self.plan, word) for word in relays]
        roles.wait_ready(self.folder, self.plan, started, timeout)

    def gather(self) -> party.Meeting:
        """Found the party on the first host and let all others join."""
        code, address = party.found(self.folder, self.plan, self.record.name)
        self.record = attrs.evolve(self.record, code=code)
        self.folder.save(self.record)
        self.meeting = party.gather(self.folder, self.plan, code, address)
        return self.meeting

    def change(
        self, between: tuple[str, str] | None, loss: float | None, delay_ms: float | None, block: bool | None
    ) -> None:
        """Change the weather.

        :raises BadInput: for what is out of range or not possible.
        """
        with self.folder.locked():
            record, _ = self.folder.load()
            weather = record.weather.change(between, loss, delay_ms, block)
            wan.apply(self.folder, self.plan, weather)
            self.record = attrs.evolve(record, weather=weather)
            self.folder.save(self.record)

    def call(self, host: Host, operation: str, timeout: float = CALL_TIMEOUT_S, **args: Any) -> dict[str, Any]:
        """Let a host's node carry out an operation."""
        return call(roles.node_socket(self.folder, host), operation, timeout, **args).result

    def show(self) -> dict[str, Any]:
        """``{name, hosts, pairs}`` (``docs/lab.rst``); a node that does not answer has no address and no paths."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            views = dict(zip(self.plan.hosts, pool.map(self._view, self.plan.hosts), strict=True))
        return describe(self.plan, {host.name: view for host, view in views.items()})

    def addresses(self) -> dict[str, str]:
        """Each host's party address, of those that are in the party."""
        return {h["name"]: h["party_address"] for h in self.show()["hosts"] if h["party_address"]}

    def _view(self, host: Host) -> list[dict[str, Any]]:
        try:
            members: list[dict[str, Any]] = self.call(host, "party.show", SHOW_TIMEOUT_S)["members"]
        except LanrageError:
            return []
        return members

    def down(self) -> None:
        """Remove it."""
        teardown.down(self.record.name, self.folder)


def describe(plan: Plan, views: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What ``lab show --json`` prints.

    :param views: for each host name, the members as its node shows them.
    """
    hosts = [
        {
            "name": host.name,
            "index": host.index,
            "netns": host.netns,
            "party_address": next((m["address"] for m in views[host.name] if m["me"]), None),
            "nat": host.nat,
        }
        for host in plan.hosts
    ]
    return {"name": plan.name, "hosts": hosts, "pairs": [_pair(a, b, views) for a, b in plan.pairs()]}


def _pair(first: Host, second: Host, views: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The pair as the first host sees it, or the second where the first does not answer."""
    seen = [m for m in views[first.name] if m["name"] == second.name]
    seen += [m for m in views[second.name] if m["name"] == first.name]
    link = seen[0] if seen else {}
    return {
        "a": first.name,
        "b": second.name,
        "path": link.get("path", "none"),
        "rtt_ms": link.get("rtt_ms"),
        "endpoint": link.get("endpoint"),
    }


def up(
    record: Record, base: Path = BASE, *, nodes: bool = True, say: Say = lambda _text: None
) -> tuple[Lab, dict[str, Any]]:
    """Build a laboratory; with its nodes in one party when `nodes`. What was built is removed again on any failure.

    :return: the laboratory, and what ``lab up --json`` prints.
    :raises MissingRight: before anything is built.
    :raises LabError: when it does not come up.
    """
    netns.check_rights()
    begin = time.monotonic()
    folder = Folder.of(record.name, base)
    folder.create(attrs.evolve(record, weather=Weather()))
    lab = Lab(folder, record, make_plan(record.name, record.kinds, record.relays))
    try:
        say(f"building {len(lab.plan.hosts)} hosts and {len(lab.plan.routers)} routers")
        build.build(lab.plan, record.udp_timeout)
        wan.apply(folder, lab.plan, record.weather)
        folder.save(record)
        if nodes:
            _populate(lab, say)
        return lab, _report(lab, begin)
    except BaseException:
        teardown.keep_logs(folder)
        teardown.down(record.name, folder)
        raise


def _populate(lab: Lab, say: Say) -> None:
    say("starting control, relay and nodes")
    lab.start(roles.roles(lab.plan))
    say("founding a party and joining it")
    try:
        lab.gather()
    except LanrageError as error:
        names = [host.name for host in lab.plan.hosts]
        tails = "\n".join(f"--- {name}\n{roles.log_tail(lab.folder, name)}" for name in ["control", *names])
        raise netns.LabError(f"{error}\n{tails}") from error


def _report(lab: Lab, begin: float) -> dict[str, Any]:
    meeting = lab.meeting or party.Meeting()
    return {
        **lab.show(),
        "join_to_first_packet_ms": meeting.first_packet_ms(),
        "all_pairs_ms": meeting.all_pairs_ms(),
        "up_ms": round(1000 * (time.monotonic() - begin), 1),
    }
