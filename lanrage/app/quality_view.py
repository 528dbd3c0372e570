"""How the paths between all members are, and who lags by that, of what members tell of theirs."""

from __future__ import annotations

from lanrage.app.party_life import PartyLife
from lanrage.app.path_kind import path_told
from lanrage.core.lags import Judged, PathSeen, judge
from lanrage.core.party_lags import judge_party
from lanrage.core.path_matrix import Pair, Told, matrix
from lanrage.core.replica import PartyReplica


def known(life: PartyLife) -> tuple[list[str], list[Pair]]:
    """Names of the members that are online, by their addresses, and what is known of the paths between them.

    :raises Refused: ``not_in_party``.
    """
    saved, replica, _ = life.current()
    me, desk = life.keys.identity.public, life.games.quality
    names = _names(replica, me)
    own = {names[each]: path for each, path in desk.own().items() if each in names}
    told = {
        names[sender]: Told(report.at, {names[to]: path for to, path in report.paths.items() if to in names})
        for sender, report in desk.reports().items()
        if sender in names
    }
    return list(names.values()), matrix(names.get(me, saved.my_name), own, told, list(names.values()))


def lags(life: PartyLife) -> Judged:
    """Who lags: by all members' words, or where nobody tells of its paths by this machine's own.

    :raises Refused: ``not_in_party``.
    """
    saved, replica, _ = life.current()
    members, pairs = known(life)
    if any(saved.my_name not in (pair.a, pair.b) for pair in pairs):
        return judge_party(saved.my_name, members, pairs)
    links = life.session.links.peers if life.session is not None and life.session.links is not None else {}
    online = {identity for identity, entry in replica.members.items() if entry.online}
    seen = []
    for link in links.values():
        path = path_told(link)
        there = link.identity in online
        seen.append(PathSeen(link.name, path.kind, there, path.rtt, path.jitter, path.loss, path.score))
    return judge(saved.my_name, seen)


def _names(replica: PartyReplica, me: bytes) -> dict[bytes, str]:
    ordered = sorted(replica.members.items(), key=lambda each: each[1].member.certificate.ip)
    return {who: entry.member.certificate.name for who, entry in ordered if entry.online or who == me}
