"""Birthday probing for the pairs that stay on a relay: the machines of :mod:`lanrage.core.punch_round`, carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import attrs
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.action_queue import ActionQueue
from lanrage.app.links import Links
from lanrage.app.peer_link import PeerLink
from lanrage.app.punch_kit import PunchCounters, PunchKit, Sockets
from lanrage.core import punch_round as rounds
from lanrage.core.birthday import SOCKETS, RoundBudget
from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.probe import Probe, ProbeKind
from lanrage.core.punch_round import PairPunch, View
from lanrage.core.timings import Outcome
from lanrage.errors import CryptoError, DecodeError, LanrageError
from lanrage.timing import timing_span
from lanrage.wire import probes, signals

PUNCHED = timing_span("nat.punch")
"""One round of birthday probing, from its sockets to the hit, or to the end without one."""

LOOK_INTERVAL = 0.5
"""Seconds between looks at all pairs while no round runs."""
TICK = 0.025
"""Seconds between looks in a round: ten packets each at 400 a second."""
OUTSIDE = (CandidateKind.REFLEXIVE, CandidateKind.PUNCHED)
"""Kinds of path that stand for an address outside which the peer's sealed offer named; of them only IPv4 counts, since
there is no such router for IPv6."""

NOWHERE = Endpoint("127.0.0.1", 9)
"""Where sockets are opened to that are only tried: nothing is sent (port 9 discards, RFC 863)."""


@attrs.frozen
class _Hold:
    """Install the way through a socket."""

    link: PeerLink
    to: Endpoint
    port: int


@attrs.frozen
class _Let:
    """Take a way back; with its sockets."""

    to: Endpoint
    sockets: Sockets | None


@attrs.frozen
class _Try:
    """Ask for a round, if this machine can take part: the member spends its packets in vain otherwise."""

    pair: _Pair
    ask: rounds.Ask


@attrs.define(eq=False)
class _Pair:
    """One member: its machine, and the sockets of its round."""

    link: PeerLink
    machine: PairPunch
    sockets: Sockets | None = None
    begun: float = 0.0


class Punching:
    """Looks after all pairs of one party.

    :param own_key: our WireGuard key, 32 bytes.
    :param send: from WireGuard's port, past the budget of ordinary probes: rounds have their own.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        links: Links,
        party_id: str,
        own_key: bytes,
        send: Callable[[bytes, Endpoint], None],
        kit: PunchKit,
        random: Callable[[int], bytes],
    ) -> None:
        self._links = links
        self._own_key = own_key
        self._tag = probes.sender_tag(party_id, own_key)
        self._party_id = party_id
        self._clock = clock
        self._send = send
        self._kit = kit
        self._random = random
        self._budget = RoundBudget()
        self._pairs: dict[bytes, _Pair] = {}
        self._queue: ActionQueue[_Hold | _Let | _Try] = ActionQueue(self._perform)
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = clock
        self._past = PunchCounters()
        self._leaving: list[Sockets] = []
        self._stopped = False

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._links.hear_punches(self.heard)
        self._looking.start(LOOK_INTERVAL, now=False)

    async def stop(self) -> None:
        """Close all sockets and take all rules back; what members say from now on begins nothing."""
        self._stopped = True
        for loop in (self._looking, self._ticking):
            if loop.running:
                loop.stop()
        for identity in list(self._pairs):
            self._drop(identity)
        await self._queue.close()
        for sockets in self._leaving:
            sockets.close()
        self._leaving = []
        await self._kit.table.close()

    @property
    def counters(self) -> PunchCounters:
        """What was spent until now, over all members."""
        machines = [pair.machine for pair in self._pairs.values()]
        return PunchCounters(
            self._past.rounds + sum(m.rounds for m in machines),
            self._past.packets + sum(m.sent for m in machines),
            self._past.hits + sum(m.hits for m in machines),
            self._past.why_off,
        )

    # --- inputs -------------------------------------------------------------------------------------------------------

    def heard(self, link: PeerLink, signal: signals.Punch) -> None:
        """A sealed signal of a member about a round."""
        if self._stopped:
            return
        there, pair, now = signal.endpoint, self._pair(link), self._clock.seconds()
        if there is None or signal.session != link.plan.peer_session or signal.answers != link.plan.session:
            return
        view = self._view(link)
        if signal.step is signals.PunchStep.ASK:
            self._do(pair, pair.machine.asked(signal.round, there, view, now))
        else:
            self._do(pair, pair.machine.answered(signal.round, there, signal.delay_ms / 1000, view, now))

    def _received(self, pair: _Pair, place: int, payload: bytes) -> None:
        """A datagram came in at a socket of a round; its source is the round's target, the kernel sees to that."""
        link, target = pair.link, pair.machine.target
        try:
            probe = probes.decode(payload, link.keys.probe, link.plan.session)
        except (CryptoError, DecodeError):
            return
        theirs = probe.knows and probe.tag == probes.sender_tag(self._party_id, link.peer_key)
        if probe.kind is ProbeKind.PING and theirs and probe.session == link.plan.peer_session and target is not None:
            self._do(pair, pair.machine.hit(place, target, self._clock.seconds()))

    # --- within -------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        present = {identity: link for identity, link in self._links.peers.items() if not link.revoked}
        for identity, pair in list(self._pairs.items()):
            if present.get(identity) is not pair.link:
                self._drop(identity)
        for link in present.values():
            pair = self._pair(link)
            self._do(pair, pair.machine.look(self._view(link), self._clock.seconds()))

    def _tick(self) -> None:
        busy = [pair for pair in self._pairs.values() if pair.machine.busy]
        for pair in busy:
            self._do(pair, pair.machine.look(self._view(pair.link), self._clock.seconds()))
        if not busy:
            self._ticking.stop()

    def _pair(self, link: PeerLink) -> _Pair:
        pair = self._pairs.get(link.identity)
        if pair is None or pair.link is not link:
            self._drop(link.identity)
            pair = self._pairs[link.identity] = _Pair(link, PairPunch(self._random, self._budget))
        return pair

    def _drop(self, identity: bytes) -> None:
        pair = self._pairs.pop(identity, None)
        if pair is None:
            return
        self._do(pair, pair.machine.stop())
        self._past.rounds += pair.machine.rounds
        self._past.packets += pair.machine.sent
        self._past.hits += pair.machine.hits

    def _view(self, link: PeerLink) -> View:
        plan, links = link.plan, self._links
        current = plan.current
        paths = list(plan.paths.values())
        return View(
            links.nat,
            link.peer_nat,
            links.reflexive[0] if links.reflexive else None,
            frozenset(p.endpoint for p in paths if p.candidate.kind in OUTSIDE and ":" not in p.endpoint.host),
            plan.peer_session or b"",
            link.ready and current is not None and current.relayed,
            frozenset(p.endpoint for p in paths if p.proven and not p.relayed),
        )

    # --- actions ------------------------------------------------------------------------------------------------------

    def _do(self, pair: _Pair, actions: Sequence[rounds.PunchAction]) -> None:
        for action in actions:
            self._carry_out(pair, action)
        if pair.machine.busy and not self._ticking.running:
            self._ticking.start(TICK, now=False)

    def _carry_out(self, pair: _Pair, action: rounds.PunchAction) -> None:
        if isinstance(action, rounds.Ask):
            self._queue.put([_Try(pair, action)])
        elif isinstance(action, rounds.Ready):
            self.log.info("birthday probing of {peer} begins", peer=pair.link.name)
            self._signal(pair.link, signals.PunchStep.READY, action.round, action.here, round(1000 * action.delay))
        elif isinstance(action, rounds.OpenSockets):
            self._open(pair, action)
        elif isinstance(action, rounds.SendFrom):
            if pair.sockets is not None:
                for place in action.sockets:
                    pair.sockets.send(place, self._ping(pair.link))
        elif isinstance(action, rounds.Spray):
            for to in action.to:
                self._send(self._ping(pair.link), to)
        elif isinstance(action, rounds.Keep):
            self._keep(pair, action)
        elif isinstance(action, rounds.Release):
            sockets, pair.sockets = pair.sockets, None
            if sockets is not None:
                self._leaving.append(sockets)
            self._queue.put([_Let(action.to, sockets)])
            _become(pair.link, CandidateKind.REFLEXIVE, action.to)
        elif pair.sockets is not None:
            self.log.info("birthday probing of {peer} is over", peer=pair.link.name)
            PUNCHED.note(self._clock.seconds() - pair.begun, Outcome.FAILED)
            sockets, pair.sockets = pair.sockets, None
            sockets.close()

    def _open(self, pair: _Pair, action: rounds.OpenSockets) -> None:
        self.log.info("birthday probing with {peer} begins", peer=pair.link.name)
        made = self._kit.sockets()
        try:
            made.open(action.count, action.to, lambda place, payload: self._received(pair, place, payload))
        except LanrageError as error:
            self._off(error)
            pair.machine.stop()
        else:
            pair.sockets, pair.begun = made, self._clock.seconds()

    def _keep(self, pair: _Pair, action: rounds.Keep) -> None:
        assert pair.sockets is not None
        port = pair.sockets.keep(action.socket)
        PUNCHED.note(self._clock.seconds() - pair.begun)
        self.log.info(
            "a way to {peer} was hit: {to} from port {port}", peer=pair.link.name, to=str(action.to), port=port
        )
        self._queue.put([_Hold(pair.link, action.to, port)])

    def _signal(
        self, link: PeerLink, step: signals.PunchStep, round_id: bytes, here: Endpoint, delay_ms: int = 0
    ) -> None:
        plan = link.plan
        if not plan.peer_session:
            return
        signal = signals.Punch(plan.session, plan.peer_session, round_id, step, here.host, here.port, delay_ms)
        nonce = self._random(signals.NONCE_BYTES)
        sealed = signals.seal(signal, link.keys.seal, sender=self._own_key, receiver=link.peer_key, nonce=nonce)
        self._links.send_signal(link.identity, sealed)

    def _ping(self, link: PeerLink) -> bytes:
        ping = Probe(ProbeKind.PING, self._tag, link.plan.session, link.plan.next_transaction())
        return probes.encode(ping, link.keys.probe, link.plan.peer_session)

    def _perform(self, item: _Hold | _Let | _Try) -> Awaitable[None]:
        if isinstance(item, _Try):
            return self._try(item)
        return self._hold(item) if isinstance(item, _Hold) else self._let(item)

    async def _try(self, item: _Try) -> None:
        try:
            await self._kit.table.ready(self._links.listen_port)
            if self._past.why_off:  # maybe for want of sockets: can they be had by now?
                made = self._kit.sockets()
                made.open(SOCKETS, NOWHERE, lambda place, payload: None)
                made.close()
        except LanrageError as error:
            self._off(error)
            return
        self._past.why_off = ""
        if item.pair.machine.asks(item.ask.round):
            self._signal(item.pair.link, signals.PunchStep.ASK, item.ask.round, item.ask.here)

    async def _hold(self, item: _Hold) -> None:
        try:
            await self._kit.table.add(item.to, item.port, self._links.listen_port)
        except LanrageError as error:
            self._off(error)
            return
        _become(item.link, CandidateKind.PUNCHED, item.to)

    async def _let(self, item: _Let) -> None:
        try:
            await self._kit.table.remove(item.to)
        except LanrageError as error:
            self.log.warn("the way to {to} was not taken back: {error}", to=str(item.to), error=str(error))
        if item.sockets is not None:
            self._leaving.remove(item.sockets)
            item.sockets.close()

    def _off(self, error: LanrageError) -> None:
        if not self._past.why_off:
            self.log.warn("no birthday probing on this machine: {error}", error=str(error))
        self._past.why_off = str(error)


def _become(link: PeerLink, kind: CandidateKind, endpoint: Endpoint) -> None:
    """The peer's address is reached in another way from now on: what was known of the path is of no use."""
    link.way(Candidate(kind, endpoint), False)
    link.way(Candidate(kind, endpoint), True)
