"""What running games want of this machine: ports in play, keepalive and MTU of links, marks on their traffic
(``docs/games-effects.rst``).

All is computed anew from the games that run: what a game changed ends with it, in whatever order they come and go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from lanrage.core.game_detection import Method, RunningGame
from lanrage.core.game_profile import GameProfile, TrafficClass
from lanrage.core.keepalive import LEAST
from lanrage.core.kept_ports import KEPT
from lanrage.core.links import TUNNEL_MTU
from lanrage.core.play_ports import SPANS_LIMIT, Span, merged

MTU_LIMIT = 1420
"""Bytes; with WireGuard's 80 over IPv6 it fits an Ethernet of 1500."""
_ORDER = (TrafficClass.REALTIME, TrafficClass.STANDARD, TrafficClass.BULK)
"""The outer packets of several games bear one mark: the most urgent one's."""


@attrs.frozen
class GameWishes:
    """What one running game wants.

    :param ports: of its profile, and where it listens; at most :data:`~lanrage.core.play_ports.SPANS_LIMIT` spans.
    :param keepalive: seconds at most.
    :param mtu: bytes.
    """

    ports: tuple[Span, ...] = ()
    keepalive: int | None = None
    mtu: int | None = None
    traffic: TrafficClass | None = None


@attrs.frozen
class Marked:
    """Traffic of one class.

    :param ports: by which it is known, at either end.
    """

    traffic: TrafficClass
    ports: tuple[Span, ...]


@attrs.frozen
class Tuning:
    """What the running games want together.

    :param keepalive: seconds at most between packets of an idle link; ``None``: none of them says.
    :param mtu: of the tunnel, in bytes.
    :param marks: the most urgent class first; none for traffic that goes as it is.
    :param outer: the mark of the packets in which the tunnel's are sealed; ``None`` leaves them as they are.
    """

    keepalive: int | None = None
    mtu: int = TUNNEL_MTU
    marks: tuple[Marked, ...] = ()
    outer: TrafficClass | None = None


UNTUNED = Tuning()
"""While no game runs."""


def wishes_of(running: RunningGame, profile: GameProfile | None) -> GameWishes:
    """What a game wants; without a profile, its sockets alone.

    Where it listens counts only if one of its processes is a known program: what else has its ports, or a window named
    like it, may be anything, and opens nothing but the profile's ports. Ports where a machine's service is known to be
    are left out: a game's web console is no game.
    """
    own = tuple(use.span for use in profile.ports) if profile is not None else ()
    found = tuple(span for each in profile.discovery for span in each.ports) if profile is not None else ()
    named = merged((*own, *found))[:SPANS_LIMIT]
    known = any(each.method is Method.PROCESS for each in running.results)
    listens = without(running.listens, KEPT) if known else ()
    while len(ports := merged((*named, *listens))) > SPANS_LIMIT:
        listens = listens[: len(listens) - (len(ports) - SPANS_LIMIT)]
    if profile is None:
        return GameWishes(ports)
    return GameWishes(ports, profile.keepalive, profile.mtu, profile.traffic)


def tuned(wishes: Mapping[str, GameWishes]) -> Tuning:
    """The wishes of all running games together: the lowest keepalive and MTU that any of them names, within what the
    links can do."""
    games = list(wishes.values())
    keepalives = [each.keepalive for each in games if each.keepalive is not None]
    mtus = [each.mtu for each in games if each.mtu is not None]
    classes = {each.traffic for each in games if each.traffic is not None}
    outer = next((each for each in _ORDER if each in classes), TrafficClass.STANDARD)
    return Tuning(
        max(LEAST, min(keepalives)) if keepalives else None,
        max(TUNNEL_MTU, min(MTU_LIMIT, *mtus)) if mtus else TUNNEL_MTU,
        tuple(_marked(games)),
        outer if outer is not TrafficClass.STANDARD else None,
    )


def _marked(games: Iterable[GameWishes]) -> Iterable[Marked]:
    """Each port in one class, the most urgent of those that claim it."""
    taken: tuple[Span, ...] = ()
    for traffic in _ORDER:
        claimed = merged(span for each in games if each.traffic is traffic for span in each.ports)
        ports = without(claimed, taken)
        taken = merged((*taken, *claimed))
        if ports and traffic is not TrafficClass.STANDARD:
            yield Marked(traffic, ports)


def without(spans: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """The ports of `spans` that are in none of the others, merged."""
    left = merged(spans)
    for other in others:
        left = tuple(part for span in left for part in _cut(span, other))
    return left


def _cut(span: Span, other: Span) -> Iterable[Span]:
    if span.proto != other.proto or other.last < span.first or span.last < other.first:
        yield span
        return
    if span.first < other.first:
        yield attrs.evolve(span, last=other.first - 1)
    if other.last < span.last:
        yield attrs.evolve(span, first=other.last + 1)
