"""The parties that this machine took part in lately: where, when and with whom (``docs/desktop.rst``). Pure."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

PARTIES_LIMIT = 20
"""Parties remembered, the latest ones."""
MEMBERS_LIMIT = 64
"""Names of one party; as many as a party has at once. Those seen last stay."""
NAME_LIMIT = 64
"""Characters of a party's or a member's name."""
SERVER_LIMIT = 300
"""Characters of a control server's address."""


@attrs.frozen
class RecentParty:
    """One of them. It holds nothing by which the party could be joined.

    :param server: address of its control server.
    :param me: this machine's name in it.
    :param first: seconds since the epoch when it was entered first.
    :param last: when it was seen last.
    :param members: names of the others that were seen, the latest last.
    """

    party_id: str
    name: str
    server: str
    me: str
    first: float
    last: float
    members: tuple[str, ...] = ()


def remembered(known: Iterable[RecentParty], seen: RecentParty, limit: int = PARTIES_LIMIT) -> tuple[RecentParty, ...]:
    """What is known with one that is seen now, the latest party first.

    :param seen: its members are those that are there now.
    """
    others = tuple(each for each in known if each.party_id != seen.party_id)
    before = next((each for each in known if each.party_id == seen.party_id), None)
    names = dict.fromkeys(before.members if before is not None else ())
    me = seen.me[:NAME_LIMIT]
    for name in (each[:NAME_LIMIT] for each in seen.members):
        names.pop(name, None)
        names[name] = None
    names.pop(me, None)
    first = min(before.first, seen.first) if before is not None else seen.first
    last = max(before.last, seen.last) if before is not None else seen.last
    kept = attrs.evolve(
        seen,
        name=seen.name[:NAME_LIMIT],
        server=seen.server[:SERVER_LIMIT],
        me=me,
        first=first,
        last=last,
        members=tuple(names)[-MEMBERS_LIMIT:],
    )
    return (kept, *others)[:limit]
