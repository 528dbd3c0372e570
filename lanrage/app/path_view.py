"""What the node shows of its paths: plain values, in the shapes of :mod:`lanrage.app.path_results`."""

from __future__ import annotations

from collections.abc import Sequence

from lanrage.app.path_kind import path_kind
from lanrage.app.path_results import MoveShown, PairShown, PathShown, PathsShown, PeerShown
from lanrage.app.peer_link import PeerLink
from lanrage.core.links import Endpoint
from lanrage.core.path import Path
from lanrage.core.path_history import PathMove
from lanrage.core.path_matrix import Pair


def paths(party_id: str, nat: str, links: list[PeerLink], offset: float, between: Sequence[Pair] = ()) -> PathsShown:
    """All links.

    :param offset: the wall clock less the clock that the plans were given, in seconds.
    :param between: what is known of the paths between members.
    """
    ordered = sorted(links, key=lambda link: link.member.certificate.ip)
    shown = [_pair(each, offset) for each in between]
    return PathsShown(party_id, nat, [peer(link, offset) for link in ordered], shown)


def _pair(pair: Pair, offset: float) -> PairShown:
    path, at = pair.path, pair.at
    return PairShown(
        pair.a,
        pair.b,
        pair.by,
        path.kind,
        _milliseconds(path.rtt),
        round(path.jitter * 1000, 3),
        round(path.loss * 100, 2),
        _rounded(path.score),
        str(path.grade) if path.grade is not None else None,
        None if at is None else round(at + offset, 3),
    )


def peer(link: PeerLink, offset: float) -> PeerShown:
    """One link."""
    plan, certificate, seen = link.plan, link.member.certificate, link.status
    ordered = sorted(plan.paths.values(), key=lambda path: (path.endpoint != plan.active, not path.proven, path.order))
    return PeerShown(
        certificate.name,
        certificate.address,
        path_kind(link),
        plan.playing,
        plan.decides,
        str(link.peer_nat),
        plan.moves,
        seen.keepalive if seen is not None else 0,
        rx_bytes=seen.rx_bytes if seen is not None else 0,
        tx_bytes=seen.tx_bytes if seen is not None else 0,
        corrections=plan.keeper.corrected,
        handshakes_again=plan.keeper.restarts,
        stalls=plan.stall.stalls,
        paths=[_path(each, plan.active) for each in ordered],
        history=[_move(each, offset) for each in plan.history],
    )


def _path(path: Path, active: Endpoint | None) -> PathShown:
    quality = path.quality
    grade = quality.grade
    return PathShown(
        str(path.endpoint),
        str(path.candidate.kind),
        path.proven,
        path.endpoint == active,
        _milliseconds(quality.rtt),
        round(quality.jitter * 1000, 3),
        round(quality.loss * 100, 2),
        _rounded(quality.score),
        str(grade) if grade is not None else None,
        str(quality.trend),
        _rounded(quality.prediction),
    )


def _move(move: PathMove, offset: float) -> MoveShown:
    return MoveShown(
        round(move.at + offset, 3),
        str(move.left) if move.left not in (None, move.taken.endpoint) else "",
        str(move.taken.endpoint),
        str(move.taken.kind),
        str(move.reason),
        move.playing,
        _milliseconds(move.rtt),
        round(move.jitter * 1000, 3),
        round(move.loss * 100, 2),
        _rounded(move.score),
        round(move.left_loss * 100, 2),
        _rounded(move.left_score),
    )


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
