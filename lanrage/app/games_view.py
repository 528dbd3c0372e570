"""What is shown of the games that members play, and of what they change here (``docs/games-effects.rst``)."""

from __future__ import annotations

from lanrage.app.game_session import PlaySide
from lanrage.app.party_life import PartyLife
from lanrage.app.party_session import PartySession
from lanrage.app.results import HostedShown, PlayingShown, TuningShown
from lanrage.core.game_presence import Playing


def game(playing: Playing) -> PlayingShown:
    """One game of one member."""
    servers = [HostedShown(each.proto, each.port, each.query, each.query_port) for each in playing.servers]
    return PlayingShown(playing.game, playing.name, playing.hosting, servers)


def of_member(side: PlaySide, identity: bytes, me: bool) -> list[PlayingShown]:
    """What a member plays, this node included."""
    return [game(each) for each in (side.presence.own if me else side.presence.of(identity))]


def sentences(life: PartyLife) -> list[str]:
    """Who plays what, members by their addresses."""
    if life.replica is None:
        return []
    own = life.keys.identity.public
    members = sorted(life.replica.members.values(), key=lambda entry: entry.member.certificate.ip)
    return [
        f"{entry.member.certificate.name} {'hosts' if each.hosting else 'plays'} {each.name}"
        for entry in members
        for each in of_member(life.games, entry.identity, entry.identity == own)
    ]


def tuning(side: PlaySide, session: PartySession | None) -> TuningShown | None:
    """What the running games change here now; ``None`` while none runs."""
    if not side.effects.games:
        return None
    wanted, games = side.effects.tuning, list(side.effects.games)
    tuned = session.games.tuning if session is not None and session.games is not None else None
    if tuned is None:
        return TuningShown(games, wanted.keepalive)
    outer = wanted.outer.value if wanted.outer is not None else None
    return TuningShown(games, wanted.keepalive, tuned.mtu, outer, tuned.marks.trouble)
