"""A ready check as the node shows it."""

from __future__ import annotations

from lanrage.app.desktop_results import ReadyMember, ReadyShown
from lanrage.app.party_life import PartyLife
from lanrage.core.replica import PartyReplica


def shown(life: PartyLife) -> ReadyShown | None:
    """The latest check; ``None`` where there is none."""
    found = life.games.ready.shown()
    if found is None or life.replica is None:
        return None
    current, outcome, left = found
    names = sorted((name_of(life.replica, who), who) for who in current.expected)
    members = [ReadyMember(name, said.value if (said := current.words.get(who)) else "") for name, who in names]
    return ReadyShown(name_of(life.replica, current.asker), outcome.value, round(left, 1), members)


def name_of(replica: PartyReplica, identity: bytes) -> str:
    """A member's name, or what stands for it."""
    entry = replica.members.get(identity)
    return entry.member.certificate.name if entry is not None else "a member that left"
