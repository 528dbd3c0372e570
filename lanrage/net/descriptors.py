"""How many connections the system lets this process hold."""

from __future__ import annotations

import resource

from twisted.logger import Logger

RESERVE = 512
"""Descriptors for all that is no connection of the channel: database, logs, a relay's ports in the same process."""

log = Logger()
_told: set[int] = set()
# What was warned of: a server that is started again and again says it once.


def raise_limit(connections: int) -> int:
    """Let this process hold so many connections, as far as the system's hard limit allows.

    :returns: how many it can hold; at least 1.
    """
    wanted = connections + RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _below(soft, wanted):
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if not _below(soft, wanted):
        log.info("room for {connections} connections", connections=connections)
        return connections
    room = max(1, soft - RESERVE)
    if room in _told:
        return room
    _told.add(room)
    log.warn(
        "room for {room} of {connections} connections: the limit of open files is {limit} (LimitNOFILE= in the unit)",
        room=room,
        connections=connections,
        limit=soft,
    )
    return room


def _below(limit: int, wanted: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < wanted
