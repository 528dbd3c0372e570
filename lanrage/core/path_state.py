"""What one end knows of the paths to a peer, and when it has to do something next (:mod:`.path_plan`)."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator

import attrs

from lanrage.core.endpoint_keeper import EndpointKeeper
from lanrage.core.links import Endpoint
from lanrage.core.path import Path
from lanrage.core.path_choice import Choice
from lanrage.core.path_decision import Agreement
from lanrage.core.path_hearing import Heard, Hearing
from lanrage.core.path_history import HISTORY_LIMIT, PathMove
from lanrage.core.path_pace import HEARD_WITHIN, HOLD, Situation
from lanrage.core.path_table import PathTable
from lanrage.core.path_voice import Voice
from lanrage.core.probe import Probe, ProbeKind
from lanrage.core.stall import StallWatch
from lanrage.core.traffic import Traffic

TRANSACTION_BYTES = 8
"""As in every probe (``docs/protocol-probe.rst``)."""
RELAY_PATIENCE = 0.1
"""Seconds after the offer in which a direct path may still win before the relay is taken."""


@attrs.define
class PathState:
    """The state of the plan for one peer.

    :param decides: this end has the lower WireGuard key.
    :param tag: our tag, for the probes we send.
    :param session: our session, 8 random bytes.
    :param random: source of sessions.
    :ivar asked_by: another session of the peer, heard of, and to be named by our offers until it names ours.
    :ivar active: the agreed path's address.
    :ivar moves: how often a path was agreed on.
    :ivar playing: a game runs, by WireGuard's counters.
    :ivar hold: seconds after which a NAT between may forget a path that is not in use.
    :ivar history: the latest moves, the newest last.
    :ivar keeper: counts of handshakes begun anew and endpoints written again.
    :ivar hearing: which probes and sessions of the peer came before.
    :ivar stall: count of new beginnings since WireGuard's keys stalled.
    """

    decides: bool
    tag: bytes
    session: bytes
    random: Callable[[int], bytes]
    peer_session: bytes | None = None
    asked_by: bytes | None = None
    active: Endpoint | None = None
    moves: int = 0
    playing: bool = False
    hold: float = HOLD
    history: deque[PathMove] = attrs.field(factory=lambda: deque(maxlen=HISTORY_LIMIT))
    keeper: EndpointKeeper = attrs.field(factory=EndpointKeeper)
    stall: StallWatch = attrs.field(factory=StallWatch)
    hearing: Hearing = attrs.field(factory=Hearing)
    _table: PathTable = attrs.field(factory=PathTable)
    _choice: Choice = attrs.field(factory=Choice)
    _traffic: Traffic = attrs.field(factory=Traffic)
    _agreement: Agreement = attrs.field(factory=Agreement)
    _offered_at: float = 0.0
    _pinged_at: float = float("-inf")
    _numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))

    def deadline(self, now: float) -> float | None:
        """When the plan's tick is due next; ``None`` while there is nothing to wait for."""
        if self.peer_session is None:
            return None
        held = self.current
        times = [path.deadline() for path in self.paths.values()]
        times.append(self._agreement.deadline(open_path=held is not None and held.proven))
        if self.decides and self.active is None and self._offered_at + RELAY_PATIENCE > now:
            times.append(self._offered_at + RELAY_PATIENCE)
        if self.playing and not self.decides and self._pinged_at + HEARD_WITHIN > now:
            times.append(self._pinged_at + HEARD_WITHIN)
        soonest = min(times)
        return None if soonest == float("inf") else soonest

    def meant(self, probe: Probe) -> bool:
        """Whether a verified probe is of both ends' present lives."""
        return probe.knows and probe.session == self.peer_session

    def is_news(self, probe: Probe, source: Endpoint) -> bool:
        """Whether anything follows from a verified probe; a recorded one, sent again, says nothing."""
        if not self.meant(probe):
            return not self.hearing.is_former(probe.session)
        if probe.kind is ProbeKind.PONG:
            path = self.paths.get(source)
            return path is not None and path.awaits(probe.transaction)
        if probe.kind is ProbeKind.DECIDED:
            pending = self._agreement.pending
            return pending is not None and pending.number == probe.decision
        return self.hearing.place(probe.transaction, source) is not Heard.REPEATED

    def next_transaction(self) -> bytes:
        """The number of our next PING or DECIDE."""
        return next(self._numbers).to_bytes(TRANSACTION_BYTES, "big")

    @property
    def answers(self) -> bytes:
        """The session of the peer that our offers name; empty while none was heard of."""
        return self.asked_by or self.peer_session or b""

    @property
    def paths(self) -> dict[Endpoint, Path]:
        """All ways to the peer, by address."""
        return self._table.paths

    @property
    def handshaken(self) -> bool:
        """A handshake was completed."""
        return self.keeper.handshaken

    @property
    def reached(self) -> bool:
        """Some path to the peer is open."""
        return any(path.proven for path in self.paths.values())

    @property
    def sought(self) -> bool:
        """No path reaches the peer, or it may have begun anew, elsewhere."""
        return self.asked_by is not None or not self.reached

    @property
    def current(self) -> Path | None:
        """The agreed path, when it is still known."""
        return self.paths.get(self.active) if self.active else None

    # --- for the plan -------------------------------------------------------------------------------------------------

    @property
    def _voice(self) -> Voice:
        return Voice(self.tag, self.session, self.next_transaction)

    @property
    def _target(self) -> Endpoint | None:
        """Where traffic goes, or will."""
        pending = self._agreement.pending
        return pending.endpoint if pending else self.active

    def _situation(self, now: float) -> Situation:
        unanswered = self._traffic.doubtful(now) or (self.active is not None and not self.handshaken)
        return Situation(self.playing, self.decides, self.hold, self._pinged_at, unanswered)
