"""The shapes of what the node tells of its paths (``docs/api.rst``); times in the unit that their name ends with."""

from __future__ import annotations

from lanrage.app.results import PathKind, Result


class PathShown(Result, frozen=True):
    """One path to a member.

    :param kind: how its address was learnt: one of :class:`lanrage.core.candidates.CandidateKind`.
    :param open: a probe came back, and it has not died since.
    :param active: the pair's traffic takes it.
    :param loss_pct: of the last 5 s, or of the last minute where those tell too little.
    :param score: 0 to 100, of latency, jitter and loss; `grade` is it in a letter from A to F.
    :param trend: of the latency: ``improving``, ``stable`` or ``degrading``.
    :param bad_in_s: in how many seconds the score is below 60, if its course holds.
    """

    endpoint: str
    kind: str
    open: bool
    active: bool
    rtt_ms: float | None = None
    jitter_ms: float = 0.0
    loss_pct: float = 0.0
    score: float | None = None
    grade: str | None = None
    trend: str = "stable"
    bad_in_s: float | None = None


class MoveShown(Result, frozen=True):
    """Traffic took another path.

    :param at: seconds since the epoch.
    :param left: the address before, empty for the first.
    :param taken: the address since then, with how good it was at that time.
    :param left_score: how good the one before was.
    """

    at: float
    left: str
    taken: str
    kind: str
    reason: str
    playing: bool
    rtt_ms: float | None = None
    jitter_ms: float = 0.0
    loss_pct: float = 0.0
    score: float | None = None
    left_loss_pct: float = 0.0
    left_score: float | None = None


class PeerShown(Result, frozen=True):
    """The link to one member.

    :param decides: this node chooses the path for both.
    :param nat: what the member is behind, as it says.
    :param playing: a game runs over the link, by WireGuard's counters.
    :param keepalive_s: between WireGuard's keepalives.
    :param corrections: how often WireGuard's endpoint had to be written again after it followed an old packet.
    :param handshakes_again: how often a handshake that did not come was started anew.
    :param stalls: how often both ends began anew since WireGuard's keys stalled.
    :param history: the latest moves, the oldest first.
    """

    name: str
    address: str
    path: PathKind
    playing: bool
    decides: bool
    nat: str
    moves: int
    keepalive_s: int
    rx_bytes: int = 0
    tx_bytes: int = 0
    corrections: int = 0
    handshakes_again: int = 0
    stalls: int = 0
    paths: list[PathShown] = []
    history: list[MoveShown] = []


class PairShown(Result, frozen=True):
    """The path between two members that are online, as one of them measures it.

    :param a: name, as are `b` and `by`.
    :param by: who measured it: this node its own; of two others who is worse off.
    :param told_at: when it told that, in seconds since the epoch; null for this node's own.
    """

    a: str
    b: str
    by: str
    path: PathKind
    rtt_ms: float | None = None
    jitter_ms: float = 0.0
    loss_pct: float = 0.0
    score: float | None = None
    grade: str | None = None
    told_at: float | None = None


class PathsShown(Result, frozen=True):
    """The links to all members, by their party addresses.

    :param nat: what this node is behind.
    :param between: the paths between all members, as far as they are known.
    """

    party_id: str
    nat: str
    peers: list[PeerShown]
    between: list[PairShown] = []
