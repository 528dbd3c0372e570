"""The doctor inside of the node: collects all facts, and judges them (``docs/doctor.rst``)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import msgspec

from lanrage.app import bound_games, node_view
from lanrage.app.config import NodeConfig
from lanrage.app.doctor_probes import answer_time, carried_sizes, name_error, relay_answers
from lanrage.app.doctor_report import report
from lanrage.app.games_plane import GamesPlane
from lanrage.app.operations import Progress
from lanrage.app.party_life import PartyLife
from lanrage.app.party_node import quiet
from lanrage.app.probe_node import Seen
from lanrage.core.diagnosis import BoundGameFacts, ControlFacts, DiskFacts, Facts, MemberFacts, NodeFacts, RelayFacts
from lanrage.core.listening import ExposureFacts
from lanrage.errors import BadInput
from lanrage.net.machine_names import machine_names
from lanrage.net.rights import Rights
from lanrage.net.threads import in_thread
from lanrage.store.disk_trouble import read_only


class DoctorNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    _config: NodeConfig
    _reactor: Any
    _now: Callable[[], float]
    games: GamesPlane

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    async def _rights(self) -> Rights:
        raise AssertionError("given by the node")

    def _missing(self, life: PartyLife, rights: Rights) -> list[str]:
        raise AssertionError("given by the node")

    async def _exposed(self, life: PartyLife) -> ExposureFacts | None:
        raise AssertionError("given by the node")

    async def visible(self) -> Seen:
        """See :meth:`lanrage.app.probe_node.ProbeNode.visible`."""
        raise AssertionError("given by the node")

    async def diagnose(self) -> dict[str, Any]:
        """See :meth:`INode.diagnose`."""
        plain: dict[str, Any] = msgspec.to_builtins(await self._facts(quiet, ""))
        return plain

    async def doctor(self, *, member: str, addresses: bool, progress: Progress | None = None) -> dict[str, Any]:
        """See :meth:`INode.doctor`."""
        facts = await self._facts(progress or quiet, member)
        assert facts.local is not None
        names = await in_thread(self._reactor, machine_names)
        return report(Facts(facts.local, facts), hide_addresses=not addresses, member=member, names=names)

    async def _facts(self, progress: Progress, member: str) -> NodeFacts:
        life = self._own()
        progress("looking at this machine")
        port = self._config.devices.port if life.session is None else None
        local = await in_thread(self._reactor, node_view.local_facts, self._config.devices, port)
        missing = self._missing(life, await self._rights())
        facts = node_view.facts(life, local, missing, self._now())
        _check_member(facts, member)
        disk = await in_thread(self._reactor, disk_facts, self._config.state_dir)
        exposure, bound = await self._exposed(life), await self._bound(life)
        control = await self._control(life, facts.control, progress)
        members = await self._members(life, facts, member, progress)
        relays = await self._relays(life, facts, progress)
        seen = await self._visible(facts, member, progress)
        return msgspec.structs.replace(
            facts,
            disk=disk,
            exposure=exposure,
            bound_games=bound,
            control=control,
            members=members,
            relays=relays,
            visibility=seen.members,
            unprobed=seen.unprobed,
            unsent=seen.unsent,
        )

    async def _bound(self, life: PartyLife) -> list[BoundGameFacts] | None:
        session = life.session
        if session is None:
            return None
        party, helped = bound_games.party_addresses(session), bound_games.helped_ports(session)
        running = bound_games.running(self.games.watch)
        return await in_thread(self._reactor, bound_games.bound_games, running, party, helped)

    async def _control(self, life: PartyLife, facts: ControlFacts | None, progress: Progress) -> ControlFacts | None:
        """Asked now; where it does not answer its name is looked up."""
        if life.link is None or facts is None:
            return facts
        progress("asking the control server")  # stages are pasted as the report is
        asked = facts.connected
        rtt = await answer_time(life.link, self._reactor)
        error = "" if rtt is not None else await name_error(self._reactor, facts.address)
        connected = life.link.client.connected
        return msgspec.structs.replace(facts, connected=connected, asked=asked, rtt_ms=rtt, name_error=error)

    async def _relays(self, life: PartyLife, facts: NodeFacts, progress: Progress) -> list[RelayFacts]:
        """Asked now."""
        if life.session is None or life.session.relays is None or not facts.relays:
            return facts.relays
        progress("asking the relays")
        answers = await relay_answers(life.session.relays.look(), self._reactor)
        return [
            each if (known := answers.get(each.address)) is None else msgspec.structs.replace(each, reachable=known)
            for each in facts.relays
        ]

    async def _members(self, life: PartyLife, facts: NodeFacts, only: str, progress: Progress) -> list[MemberFacts]:
        """With the sizes of packets that reach them, and their clocks."""
        chosen = [each for each in facts.members if each.path != "none" and only in ("", each.name)]
        if life.session is None or facts.tunnel is None or not facts.tunnel.mtu or not chosen:
            return facts.members
        progress(f"sending large packets to {_count(chosen)}")
        echo = life.machinery.echo()
        try:
            sizes = await carried_sizes(echo, (each.address for each in chosen), facts.tunnel.mtu)
        finally:
            echo.stop()
        clocks = await self._clocks(life, {each.name for each in chosen})
        return [
            msgspec.structs.replace(each, mtu=sizes.get(each.address), **clocks.get(each.name, {}))
            for each in facts.members
        ]

    async def _clocks(self, life: PartyLife, names: set[str]) -> dict[str, dict[str, float]]:
        """What their clocks show, as fields of :class:`MemberFacts`, by name."""
        links = life.session.links.peers if life.session is not None and life.session.links is not None else {}
        wanted = {identity: link.name for identity, link in links.items() if link.ready and link.name in names}
        found = await self.games.side.clocks.ask(wanted)
        return {
            wanted[identity]: {"clock_offset_s": round(each.offset, 3), "clock_error_s": round(each.error, 3)}
            for identity, each in found.items()
        }

    async def _visible(self, facts: NodeFacts, only: str, progress: Progress) -> Seen:
        if facts.card is None:
            return Seen(None)
        progress("sending a game's broadcast")
        seen = await self.visible()
        members = seen.members
        return attrs.evolve(seen, members=members and [each for each in members if only in ("", each.name)])


def disk_facts(folder: Path) -> DiskFacts:
    """The disk of the state folder; blocks."""
    trouble, shown = read_only(folder), str(folder)
    try:
        stat = os.statvfs(folder)
    except OSError as error:
        return DiskFacts(shown, None, trouble or f"the state folder cannot be looked at: {error.strerror}")
    return DiskFacts(shown, stat.f_bavail * stat.f_frsize, trouble)


def _check_member(facts: NodeFacts, member: str) -> None:
    names = [each.name for each in facts.members]
    if member and member not in names:
        known = ", ".join(names) or "nobody else"
        raise BadInput("member", f"{member!r} is no other member of the party; there: {known}")


def _count(members: list[MemberFacts]) -> str:
    return members[0].name if len(members) == 1 else f"{len(members)} members"
