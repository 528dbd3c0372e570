"""A storm: thousands of sessions lose their server at once and come back; in sync = logged in, and follow answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from lanrage.errors import Unreachable
from tests.bench.control_fleet import Fleet, Player, side_by_side
from tests.bench.control_parties import Group, online
from tests.bench.control_process import ServerProcess
from tests.bench.control_wire import Wire


async def storm(fleet: Fleet, groups: list[Group], server: ServerProcess, cut: Callable[[], float]) -> dict[str, Any]:
    """Cut all, and take the time until every player of these groups is back in sync.

    :param cut: does it, and gives the CPU seconds of the server from which to count.
    :returns: seconds from the first redial, CPU seconds of the server, redials in all.
    """
    members = [(group, player) for group in groups for player in group.members]
    cuts = [gone(online(player)) for _, player in members]
    fleet.redials, fleet.first_redial = 0, 0.0

    async def back(group: Group, player: Player, lost: Deferred[None]) -> None:
        await lost
        while True:
            await player.reconnect()
            try:
                await group.resume(player)
                return
            except Unreachable:
                continue

    spent = cut()
    work = [back(group, player, lost) for (group, player), lost in zip(members, cuts, strict=True)]
    await side_by_side(work, len(work))
    return {
        "seconds": round(fleet.reactor.seconds() - fleet.first_redial, 2),
        "server_cpu_s": round(server.cpu() - spent, 2),
        "redials": fleet.redials,
    }


def gone(wire: Wire) -> Deferred[None]:
    """Fires when the connection is lost."""
    result: Deferred[None] = Deferred()

    def passed(lost: Wire) -> Wire:
        result.callback(None)
        return lost

    wire.lost.addCallback(passed)
    return result


def crash(server: ServerProcess) -> float:
    """Kill the server as a crash does, and start it again at once."""
    server.kill()
    server.start()
    return 0.0


def abort(server: ServerProcess, groups: list[Group]) -> float:
    """Reset every connection of these groups, as a network that goes down for a moment."""
    spent = server.cpu()
    for group in groups:
        for player in group.members:
            online(player).cut()
    return spent
