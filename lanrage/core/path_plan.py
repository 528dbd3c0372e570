"""The path plan: per peer, which address WireGuard sends to, and why (``docs/protocol-probe.rst``).

A pure machine: inputs carry `now` (seconds, of a clock that only moves forward), outputs are actions for the adapter.
One end of a pair (the lower WireGuard key) decides (:mod:`lanrage.core.path_choice`); it numbers each decision and
tells the other over the very path it chose; both write the endpoint and compare it with what WireGuard uses
(:mod:`lanrage.core.endpoint_keeper`).

WireGuard stalls for about five seconds when both ends start a handshake at once, so there is one initiator, the
decider: the other end's peer stays without an endpoint until it has been heard.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from lanrage.core.candidates import OFFERED, Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path import Path, ask_all
from lanrage.core.path_actions import Action, Moved, ResetPeer, SendOffer, WriteEndpoint
from lanrage.core.path_choice import Choice, Reason
from lanrage.core.path_hearing import Heard
from lanrage.core.path_history import PathMove
from lanrage.core.path_pace import set_paces
from lanrage.core.path_state import RELAY_PATIENCE, PathState
from lanrage.core.probe import Probe, ProbeKind
from lanrage.core.traffic import Counters, Traffic

SESSION_BYTES = 8
"""As in every probe (``docs/protocol-probe.rst``)."""
RENEW_AFTER = 5.0
"""Seconds without a path and an offer after which a session that counts as left, and yet names ours, is believed."""


@attrs.define
class PathPlan(PathState):
    """The plan for one peer; its parameters are those of :class:`.PathState`."""

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
        if self.hearing.is_former(session):
            lost = answers == self.session and not self.reached and now > self._offered_at + RENEW_AFTER
            return self._begin_anew(now) if lost else []
        actions: list[Action] = []
        unknown = session != self.peer_session
        if unknown and self.peer_session is not None:
            if answers != self.session:  # maybe a copy from before: who lives under that session will name ours
                self.asked_by = session
                return [SendOffer()]
            actions.append(ResetPeer())
            self.hearing.left(self.peer_session)
        if unknown:
            self._start_over(session)
        self.asked_by = None
        if knocked is not None:
            self._learn(knocked, now)
        self._offered_at = now
        for candidate in candidates:
            if candidate.kind in OFFERED:
                self._learn(candidate, now)
        for path in self.paths.values():
            path.open_again(now)
        if unknown or answers != self.session:
            actions.append(SendOffer())
        return actions + self.tick(now)

    def restart(self, session: bytes) -> None:
        """WireGuard lost the peer: begin as a new link does; the peer resets its end when it hears the new session."""
        self.session, self.asked_by = session, None
        self.hearing.forget_former()
        self._agreement.start_over(0)
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
            path = self._table.learn(candidate, now, (self.active, self._target), own=True)
            if path is not None:
                path.open_again(now)
        return self.tick(now)

    def probe(self, probe: Probe, source: Endpoint, now: float, *, relayed: bool) -> list[Action]:
        """A verified probe of the peer came in.

        :param relayed: `source` is a port of a relay.
        """
        if not self.meant(probe):
            return [SendOffer()] if self.hearing.asks(probe.session, now) else []
        if probe.kind is ProbeKind.PONG:
            path = self.paths.get(source)
            if path is None or not path.pong(probe.transaction, now):
                return []
            if (
                path.seen_elsewhere(probe.observed)
                and self.decides
                and source == self.active
                and not self._agreement.pending
            ):
                return [*self._decide(path, Reason.ELSEWHERE, now), *self.tick(now)]
            return self.tick(now)
        if probe.kind is ProbeKind.DECIDED:
            return self._agreed(probe, now)
        path = self._asked(probe, Candidate(CandidateKind.RELAY if relayed else CandidateKind.PEER, source), now)
        if path is None:
            return []
        if not path.proven and not path.outstanding:
            path.next_ping = now
        if probe.kind is ProbeKind.DECIDE:
            return [*self._follow(probe, path, now), *self.tick(now)]
        if source == self.active:
            self._pinged_at = now
        return [self._voice.pong(probe, source), *self.tick(now)]

    def unsent(self, probe: Probe, to: Endpoint) -> None:
        """A limit held back what was to be sent."""
        path, pending = self.paths.get(to), self._agreement.pending
        if path is not None:
            path.unsent(probe.transaction)
        if pending is not None and probe.kind is ProbeKind.DECIDE and probe.decision == pending.number:
            pending.unsent()

    def wireguard(
        self, endpoint: Endpoint | None, handshaken: bool, now: float, counters: Counters | None = None
    ) -> list[Action]:
        """What WireGuard says of the peer.

        :param endpoint: where it sends to.
        :param handshaken: a handshake was ever completed.
        :param counters: its bytes, where they are known.
        """
        self.keeper.handshaken = handshaken
        if counters is not None:
            self._traffic.look(counters, now)
            self.playing = self._traffic.playing(now)
            if self._stalled(counters, now):
                return self._begin_anew(now)
        if self.active is None:
            return self.tick(now)
        written = self.keeper.look(self.active, endpoint, self.current, now, begins=self.decides)
        return [*written, *self.tick(now)]

    def tick(self, now: float) -> list[Action]:
        """Do what is due: count losses, send pings, repeat or make decisions."""
        if self.peer_session is None:
            return []
        actions: list[Action] = []
        target = self._target
        self.playing = self.playing and self._traffic.playing(now)
        set_paces(
            self.paths.values(),
            self.paths.get(target) if target else None,
            self._choice.rival,
            self._situation(now),
            now,
        )
        for path in self.paths.values():
            if path.expire(now) and (path.endpoint == target or not self.reached):
                actions.append(SendOffer())
                ask_all(self.paths.values(), now)
            if path.next_ping <= now:
                actions.append(self._voice.ping(path, now))
        if self.decides:
            actions += self._repeat(now)
            actions += self._choose(now)
        return actions

    # --- within -------------------------------------------------------------------------------------------------------

    def _start_over(self, session: bytes | None) -> None:
        self.peer_session, self.active = session, None
        self._agreement.start_over(self._agreement.number if self.decides else 0)  # none of ours comes twice a session
        self._choice, self._traffic, self.playing = Choice(), Traffic(), False
        self.hearing.start_over()
        self.keeper.start_over()
        self.stall.start_over()
        self._table.start_over()

    def _learn(self, candidate: Candidate, now: float) -> Path | None:
        return self._table.learn(candidate, now, (self.active, self._target))

    def _asked(self, probe: Probe, by: Candidate, now: float) -> Path | None:
        """The path of a PING or DECIDE; none for a decision of no use, and for a copy from where nothing leads."""
        if probe.kind is ProbeKind.DECIDE and (self.decides or probe.decision < self._agreement.number):
            return None
        heard = self.hearing.note(probe.transaction, by.endpoint)
        if heard is Heard.REPEATED:
            return None
        return self.paths.get(by.endpoint) if heard is Heard.ELSEWHERE else self._learn(by, now)

    def _follow(self, probe: Probe, path: Path, now: float) -> list[Action]:
        if not path.proven:  # it was just asked: where it is open, the decision's next repetition is heard
            return []
        if probe.decision == self._agreement.number and path.endpoint != self.active:
            return []  # its sender shall not believe that we are here
        actions: list[Action] = [self._voice.decided(probe, path.endpoint)]
        if probe.decision > self._agreement.number:
            self._agreement.number = probe.decision
            actions.append(self._moved(path, Reason.PEER, now))
            self.active = path.endpoint
            if self.handshaken:
                actions.append(WriteEndpoint(path.endpoint))
        return actions

    def _agreed(self, probe: Probe, now: float) -> list[Action]:
        pending = self._agreement.agreed(probe.decision)
        if pending is None:
            return []
        if pending.endpoint not in self.paths:  # the other end is where nothing leads any more
            self._agreement.give_up(now)
            return self.tick(now)
        moved = self._moved(self.paths[pending.endpoint], pending.reason, now)
        if self.active == pending.endpoint:
            return [moved]
        self.active = pending.endpoint
        return [self.keeper.write(pending.endpoint, now), moved]

    def _moved(self, path: Path, reason: str, now: float) -> Moved:
        self.keeper.decided()
        self.moves += 1
        self.history.append(PathMove.of(now, self.current, self.active, path, reason, self.playing))
        return Moved(path.candidate, reason)

    def _stalled(self, counters: Counters, now: float) -> bool:
        path = self.current
        if path is None or self._agreement.pending is not None:
            return False
        return self.stall.look(counters, self._traffic, answered_at=path.last_heard, playing=self.playing, now=now)

    def _begin_anew(self, now: float) -> list[Action]:
        """The path is open and WireGuard's keys stall: both ends forget them, the other when it hears our session."""
        self.restart(self.random(SESSION_BYTES))
        return [ResetPeer(), SendOffer(), *self.tick(now)]

    def _repeat(self, now: float) -> list[Action]:
        agreement, held = self._agreement, self.current
        if agreement.doubtful(now) and held is not None and held.proven:
            return self._decide(held, Reason.APART, now)
        pending = agreement.pending
        if pending is None or pending.next_at > now:
            return []
        path = self.paths.get(pending.endpoint)
        if path is not None and not pending.vain:
            return [self._voice.decide(pending, now)]
        agreement.give_up(now)
        if path is not None:
            path.fall(now)
        return self._repeat(now) or ([] if self.reached else [SendOffer()])

    def _choose(self, now: float) -> list[Action]:
        target = self._target
        held = self.paths.get(target) if target else None
        move = self._choice.look(self.paths.values(), held, now, first=self.active is None, playing=self.playing)
        if move is None:
            return []
        if target is None and move.path.relayed and now < self._offered_at + RELAY_PATIENCE:
            return []
        if move.reason.voluntary and self._agreement.doubted:
            return []
        if held is not None and held.proven and self.keeper.shaking(self.current, now):
            return []
        if held is not None and move.reason in (Reason.DEAD, Reason.LOSSY, Reason.SLOW):
            held.left(now, dead=move.reason is Reason.DEAD)
        begun = self._begin_handshake(move.path, now)
        return [*begun, *self._decide(move.path, move.reason, now)]

    def _decide(self, path: Path, reason: str, now: float) -> list[Action]:
        self._agreement.decide(path, reason, now)
        return self._repeat(now)

    def _begin_handshake(self, path: Path, now: float) -> list[Action]:
        """Before the first handshake there is nothing to move: it starts beside the decision, a round trip earlier."""
        if self.handshaken:
            return []
        self.active = path.endpoint
        return [self.keeper.write(path.endpoint, now)]
