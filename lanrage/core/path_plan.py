"""The path plan: per peer, which address WireGuard sends to, and why (``docs/protocol-probe.rst``).

A pure machine: inputs carry `now` (seconds, of a clock that only moves forward), outputs are actions for the adapter.
One end of a pair (the lower WireGuard key) decides; it numbers each decision and tells the other over the very path it
chose; both write the endpoint and compare it with what WireGuard uses, since WireGuard follows the last packet it heard
("roaming").

WireGuard stalls for about five seconds when both ends start a handshake at once, so there is one initiator, the
decider: the other end's peer stays without an endpoint until it has been heard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import attrs

from lanrage.core.candidates import CANDIDATE_LIMIT, OFFERED, Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path import DEAD_AFTER, Path, ask_all
from lanrage.core.path_actions import Action, Moved, ResetPeer, SendOffer, SendProbe, WriteEndpoint
from lanrage.core.path_decision import Pending, patience
from lanrage.core.probe import Probe, ProbeKind
from lanrage.core.rate import TokenBucket

PATH_LIMIT = CANDIDATE_LIMIT + 8
"""Paths a peer: its offer, its relay ports and a few addresses from which its probes came."""
RELAY_PATIENCE = 0.1
"""Seconds after the offer in which a direct path may still win before the relay is taken."""
BETTER_BY, BETTER_FOR = 0.01, 5.0
"""Seconds that an equal kind of path must be shorter, and for how long, before traffic moves to it."""
CORRECTIONS, CORRECTION_RATE = 6.0, 1 / 60
"""How often one decision is written again at once, and a second, when WireGuard followed an old packet."""
FORGET_RATE, FORGET_BURST = 1 / 30, 4.0
"""Old addresses of a peer forgotten for new ones a second, and at once: each new one gets pings of ours."""
FORMER_LIMIT = 32
"""Sessions of the peer's former lives that are remembered: an offer of one is late, or a copy."""


@attrs.define
class PathPlan:
    """The plan for one peer.

    :param decides: this end has the lower WireGuard key.
    :param tag: our tag, for the probes we send.
    :param session: our session, 8 random bytes.
    :param random: source of transaction ids.
    """

    decides: bool
    tag: bytes
    session: bytes
    random: Callable[[int], bytes]
    peer_session: bytes | None = None
    active: Endpoint | None = None
    handshaken: bool = False
    moves: int = 0
    paths: dict[Endpoint, Path] = attrs.field(factory=dict)
    _decision: int = 0
    _pending: Pending | None = None
    _offered_at: float = 0.0
    _better_since: float | None = None
    _corrections: TokenBucket = attrs.field(factory=lambda: TokenBucket(CORRECTION_RATE, CORRECTIONS))
    _written_at: float | None = None
    _restarts: int = 0
    _settled: bool = False
    _forgetting: TokenBucket = attrs.field(factory=lambda: TokenBucket(FORGET_RATE, FORGET_BURST))
    _former: deque[bytes] = attrs.field(factory=lambda: deque(maxlen=FORMER_LIMIT))

    # --- inputs -------------------------------------------------------------------------------------------------------

    def offer(
        self,
        session: bytes,
        answers: bytes,
        candidates: Iterable[Candidate],
        now: float,
        knocked: Candidate | None = None,
    ) -> list[Action]:
        """The peer told where it may be reached. Offers come by several ways, so late ones and copies do no harm.

        :param candidates: those fit to be probed (:func:`lanrage.core.candidates.fit_to_probe`).
        :param knocked: where the offer itself came from, when it came as a knock.
        """
        actions: list[Action] = []
        if session in self._former:
            return actions
        if session != self.peer_session:
            if self.peer_session is not None:
                actions.append(ResetPeer())
                self._former.append(self.peer_session)
            self._start_over(session)
        if knocked is not None:
            self._path(knocked, now)
        self._offered_at = now
        for candidate in candidates:
            if candidate.kind in OFFERED:
                self._path(candidate, now)
        for path in self.paths.values():
            path.open_again(now)
        if answers != self.session:
            actions.append(SendOffer())
        return actions + self.tick(now)

    def restart(self, session: bytes) -> None:
        """WireGuard lost the peer: begin as a new link does; the peer resets its end when it hears the new session."""
        self.session = session
        self._start_over(None)

    def moved(self, now: float) -> list[Action]:
        """This machine's addresses changed: ask every path at once whether it still is one."""
        ask_all(self.paths.values(), now)
        return self.tick(now)

    def way(self, candidate: Candidate, usable: bool, now: float) -> list[Action]:
        """A way that this end found by itself (relay, relay over TCP, punched) became usable, or ceased to be."""
        if not usable:
            self.paths.pop(candidate.endpoint, None)
        else:
            path = self._path(candidate, now)
            if path is not None:
                path.open_again(now)
        return self.tick(now)

    def probe(self, probe: Probe, source: Endpoint, now: float, *, relayed: bool) -> list[Action]:
        """A verified probe of the peer came in.

        :param relayed: `source` is a port of a relay.
        """
        if self.peer_session is None or probe.session != self.peer_session:
            return [SendOffer()]
        if probe.kind is ProbeKind.PONG:
            path = self.paths.get(source)
            if path is None or not path.pong(probe.transaction, now):
                return []
            if path.seen_elsewhere(probe.observed) and self.decides and source == self.active and not self._pending:
                self._decide(path, "this end is seen at another address", now)
            return self.tick(now)
        if probe.kind is ProbeKind.DECIDED:
            return self._agreed(probe, now)
        kind = CandidateKind.RELAY if relayed else CandidateKind.PEER
        path = self._path(Candidate(kind, source), now)
        if path is None:
            return []
        if probe.kind is ProbeKind.DECIDE:
            return self._follow(probe, path)
        if not path.proven and not path.outstanding:
            path.next_ping = now
        return [self._answer(ProbeKind.PONG, probe, source, observed=source), *self.tick(now)]

    def wireguard(self, endpoint: Endpoint | None, handshaken: bool, now: float) -> list[Action]:
        """What WireGuard says of the peer: where it sends to, and whether a handshake was ever completed."""
        self.handshaken = handshaken
        return [*self._correct(endpoint, now), *self.tick(now)]

    def tick(self, now: float) -> list[Action]:
        """Do what is due: count losses, send pings, repeat or make decisions."""
        if self.peer_session is None:
            return []
        actions: list[Action] = []
        target = self._pending.endpoint if self._pending else self.active
        for path in self.paths.values():
            if path.expire(now) and (path.endpoint == target or not self.reached):
                actions.append(SendOffer())
                ask_all(self.paths.values(), now)
            if path.next_ping <= now:
                transaction = self.random(8)
                path.sent(transaction, now, active=path.endpoint == target)
                actions.append(SendProbe(Probe(ProbeKind.PING, self.tag, self.session, transaction), path.endpoint))
        if self.decides:
            actions += self._repeat(now)
            actions += self._choose(now)
        return actions

    def deadline(self, now: float) -> float | None:
        """When :meth:`tick` is due next; ``None`` while there is nothing to wait for."""
        if self.peer_session is None:
            return None
        times = [path.deadline() for path in self.paths.values()]
        if self._pending is not None:
            times.append(self._pending.next_at)
        if self.decides and self.active is None and self._offered_at + RELAY_PATIENCE > now:
            times.append(self._offered_at + RELAY_PATIENCE)
        return min(times, default=None)

    @property
    def reached(self) -> bool:
        """Some path to the peer is open."""
        return any(path.proven for path in self.paths.values())

    @property
    def current(self) -> Path | None:
        """The agreed path, when it is still known."""
        return self.paths.get(self.active) if self.active else None

    # --- within -------------------------------------------------------------------------------------------------------

    def _start_over(self, session: bytes | None) -> None:
        self.peer_session, self.active, self.handshaken = session, None, False
        self._decision, self._pending, self._better_since = 0, None, None
        self._written_at, self._restarts, self._settled = None, 0, False
        self._decided()
        self.paths = {e: Path(p.candidate, p.next_ping) for e, p in self.paths.items() if p.relayed}

    def _path(self, candidate: Candidate, now: float) -> Path | None:
        path = self.paths.get(candidate.endpoint)
        if path is None and (len(self.paths) < PATH_LIMIT or self._forget_one(now)):
            path = self.paths[candidate.endpoint] = Path(candidate, now)
        return path

    def _forget_one(self, now: float) -> bool:
        """Make room: a peer that roams has had more addresses than fit."""
        keep = (self.active, self._pending and self._pending.endpoint)
        old = [e for e, path in self.paths.items() if not (path.proven or path.relayed or e in keep)]
        if not old or not self._forgetting.take(now):
            return False
        del self.paths[old[0]]
        return True

    def _answer(self, kind: ProbeKind, probe: Probe, to: Endpoint, *, observed: Endpoint | None = None) -> SendProbe:
        answer = Probe(kind, self.tag, self.session, probe.transaction, observed, probe.decision)
        return SendProbe(answer, to)

    def _follow(self, probe: Probe, path: Path) -> list[Action]:
        if self.decides or probe.decision < self._decision:
            return []
        actions: list[Action] = [self._answer(ProbeKind.DECIDED, probe, path.endpoint)]
        if probe.decision > self._decision:
            self._decision = probe.decision
            self._decided()
            self.active = path.endpoint
            self.moves += 1
            actions.append(Moved(path.candidate, "decided by the peer"))
            if self.handshaken:
                actions.append(WriteEndpoint(path.endpoint))
        return actions

    def _agreed(self, probe: Probe, now: float) -> list[Action]:
        pending = self._pending
        if pending is None or probe.decision != pending.number or pending.endpoint not in self.paths:
            return []
        self._pending = None
        self._decided()
        self.moves += 1
        moved = Moved(self.paths[pending.endpoint].candidate, pending.reason)
        if self.active == pending.endpoint:
            return [moved]
        self.active, self._written_at = pending.endpoint, now
        return [WriteEndpoint(pending.endpoint, fresh=not self.handshaken), moved]

    def _handshake_again(self, now: float) -> list[Action]:
        if not self.decides or self.active is None or self._written_at is None:
            return []
        if now < self._patient_until():
            return []
        self._restarts += 1
        self._written_at = now
        return [WriteEndpoint(self.active, fresh=True)]

    def _decided(self) -> None:
        """A path is newly agreed: its endpoint may be corrected anew."""
        self._corrections = TokenBucket(CORRECTION_RATE, CORRECTIONS)

    def _correct(self, endpoint: Endpoint | None, now: float) -> list[Action]:
        """Make WireGuard's endpoint the agreed one."""
        if self.active is None:
            return []
        if not self.handshaken:
            return self._handshake_again(now)
        self._written_at, self._restarts = None, 0
        if self._settled and (endpoint == self.active or not self._corrections.take(now)):
            return []
        self._settled = True
        return [WriteEndpoint(self.active)]

    def _shaking(self, now: float) -> bool:
        return not self.handshaken and now < self._patient_until()

    def _patient_until(self) -> float:
        """Until when a handshake under way is left alone; WireGuard's far end takes but one each 20 ms, too."""
        if self._written_at is None or self.active is None:
            return 0.0
        path = self.paths.get(self.active)
        trip = path.rtt or 0.0 if path is not None else 0.0
        return self._written_at + patience(trip, self._restarts)

    def _repeat(self, now: float) -> list[Action]:
        pending = self._pending
        if pending is None or pending.next_at > now:
            return []
        path = self.paths.get(pending.endpoint)
        if path is None or pending.vain:
            self._pending = None
            if path is not None:
                path.missed, path.last_pong = DEAD_AFTER, None
            return [] if self.reached else [SendOffer()]
        pending.sent(now)
        decide = Probe(ProbeKind.DECIDE, self.tag, self.session, self.random(8), decision=pending.number)
        return [SendProbe(decide, pending.endpoint)]

    def _choose(self, now: float) -> list[Action]:
        proven = [path for path in self.paths.values() if path.proven]
        if not proven:
            return []
        best = min(proven, key=lambda path: path.order)
        target = self._pending.endpoint if self._pending else self.active
        held = self.paths.get(target) if target else None
        if held is best:
            self._better_since = None
            return []
        if held is None and target is None and best.relayed and now < self._offered_at + RELAY_PATIENCE:
            return []
        reason = self._reason(held, best, now)
        if reason is None or (held is not None and held.proven and self._shaking(now)):
            return []
        self._decide(best, reason, now)
        return [*self._begin_handshake(best, now), *self._repeat(now)]

    def _decide(self, path: Path, reason: str, now: float) -> None:
        self._decision += 1
        self._better_since = None
        self._pending = Pending(self._decision, path.endpoint, reason, now)

    def _begin_handshake(self, path: Path, now: float) -> list[Action]:
        """Before the first handshake there is nothing to move: it starts beside the decision, a round trip earlier.

        The other end is configured when it answers pings, and keeps no endpoint of its own until it is heard.
        """
        if self.handshaken:
            return []
        self.active, self._written_at = path.endpoint, now
        return [WriteEndpoint(path.endpoint, fresh=True)]

    def _reason(self, held: Path | None, best: Path, now: float) -> str | None:
        """Why to move from `held` to `best`, or ``None`` to stay: kind first, then a clear and lasting gain."""
        if held is None:
            return "the first open path" if self.active is None else "the path before is gone"
        if not held.proven:
            return "the path before is dead"
        if best.order[0] < held.order[0]:
            return "a better kind of path"
        if best.order[1] + BETTER_BY > held.order[1]:
            self._better_since = None
            return None
        if self._better_since is None:
            self._better_since = now
        return "shorter for a while" if now - self._better_since >= BETTER_FOR else None
