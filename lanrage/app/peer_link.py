"""The link to one member: its path plan, joined to WireGuard, the probe port and the signals."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Network
from typing import Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.app.action_queue import ActionQueue
from lanrage.app.offering import Offering, OfferOutlet
from lanrage.core.candidates import Candidate
from lanrage.core.certificates import Member
from lanrage.core.doors import Doors
from lanrage.core.identity import PairKeys
from lanrage.core.links import Endpoint, PeerStatus, TunnelPeer
from lanrage.core.nat import NatKind
from lanrage.core.path_actions import Action, Moved, ResetPeer, SendOffer, SendProbe, WriteEndpoint
from lanrage.core.path_plan import PathPlan
from lanrage.core.probe import Probe, ProbeKind
from lanrage.core.rate import TokenBucket
from lanrage.core.relay_talk import RelayTalk
from lanrage.errors import LanrageError
from lanrage.interfaces import ITunnel
from lanrage.wire import probes, signals

KEEPALIVE = 25
"""Seconds; WireGuard's customary value, below the 30 s after which home routers forget a UDP flow."""
HEARD_RATE, HEARD_BURST = 3.0, 10.0
"""Offers a second, and at once, that the peer is heard with. An honest one sends at most 2.5 a second; each may cost a
new start of WireGuard's peer and a round of probes to 20 addresses."""
NONCES = 64
"""Offers of the peer that are known again: each may come by the control server, the tunnel, others and knocks."""
PROBES_RATE, PROBES_BURST = 200.0, 600.0
"""Probes a second, and at once, that are heard: 28 paths open with 280 pings and pongs in a second."""
DECISIONS_RATE, DECISIONS_BURST = 12.0, 30.0
"""Likewise of decisions, which cost a write to WireGuard: an honest end repeats one each 100 ms."""
SPOKEN_RATE, SPOKEN_BURST = 0.2, 20.0
"""Lines of the log that one peer may cause, so that nobody fills a friend's disk."""
CONFIGURE_RETRY = 2.0
"""Seconds until a peer that this machine did not take (a busy program, a route in the way) is configured again."""
CHECK_DELAYS = (0.01, 0.05, 0.2, 1.0)
"""Seconds after a write at which WireGuard's endpoint is read back."""


@attrs.define
class _Limits:
    """How much of one peer is listened to."""

    signals: TokenBucket = attrs.field(factory=lambda: TokenBucket(HEARD_RATE, HEARD_BURST))
    probes: TokenBucket = attrs.field(factory=lambda: TokenBucket(PROBES_RATE, PROBES_BURST))
    decisions: TokenBucket = attrs.field(factory=lambda: TokenBucket(DECISIONS_RATE, DECISIONS_BURST))
    spoken: TokenBucket = attrs.field(factory=lambda: TokenBucket(SPOKEN_RATE, SPOKEN_BURST))


@attrs.frozen
class Configure:
    """Make the peer known to WireGuard; before all else."""


class LinkOutlet(OfferOutlet, Protocol):
    """What a link asks of its surroundings."""

    def candidates(self) -> tuple[Candidate, ...]:
        """This node's own candidates now."""

    @property
    def nat(self) -> NatKind:
        """What this node is behind."""

    def send_probe(self, payload: bytes, to: Endpoint) -> None:
        """Send from WireGuard's port."""

    def check_soon(self, delay: float) -> None:
        """Read WireGuard's state back after `delay` seconds."""

    def add_peer(self, member: Member) -> Awaitable[None]:
        """Configure the peer without endpoint, and its route."""


class PeerLink:
    """One member's link.

    :param member: verified.
    :param keys: shared with the member.
    :param plan: the pure machine.
    :param remembered: addresses at which the member was reached in an earlier life.
    """

    log = Logger()

    def __init__(  # pylint: disable=too-many-arguments
        self,
        clock: IReactorTime,
        tunnel: ITunnel,
        member: Member,
        keys: PairKeys,
        plan: PathPlan,
        own_key: bytes,
        outlet: LinkOutlet,
        random: Callable[[int], bytes],
        *,
        remembered: tuple[Endpoint, ...] = (),
    ) -> None:
        self.member = member
        self.plan = plan
        self.keys = keys
        self.doors = Doors(remembered)
        self.ready = self.revoked = False
        self.peer_nat = NatKind.UNKNOWN
        self.relay_talk = RelayTalk()
        self.resets = 0
        self.status: PeerStatus | None = None
        self.added_at = clock.seconds()
        self.ready_after: float | None = None
        self._clock = clock
        self._tunnel = tunnel
        self._own_key = own_key
        self._outlet = outlet
        self._random = random
        self._queue: ActionQueue[Action | Configure] = ActionQueue(self._perform)
        self._timer: IDelayedCall | None = None
        self._again: IDelayedCall | None = None
        self._offering = Offering(clock, self.identity, plan, self.doors, outlet, self._make_offer)
        self._nonces: deque[bytes] = deque(maxlen=NONCES)
        self._limits = _Limits()
        self._configured = False
        self._closed = False

    @property
    def peer_key(self) -> bytes:
        """The member's WireGuard key."""
        return self.member.certificate.wireguard_key

    @property
    def identity(self) -> bytes:
        """The member's Ed25519 key."""
        return self.member.certificate.identity

    def start(self) -> None:
        """Configure the peer and tell it where we are; what arrives meanwhile waits its turn."""
        self._queue.put([Configure(), SendOffer()])

    # --- inputs -------------------------------------------------------------------------------------------------------

    def hears_signal(self) -> bool:
        """Whether one more signal of the peer is listened to now."""
        return self._limits.signals.take(self._clock.seconds())

    def hears_probe(self, probe: Probe) -> bool:
        """Whether one more probe of the peer is listened to now."""
        now, limits = self._clock.seconds(), self._limits
        if probe.kind in (ProbeKind.DECIDE, ProbeKind.DECIDED) and not limits.decisions.take(now):
            return False
        return limits.probes.take(now)

    def speaks(self) -> bool:
        """Whether what the peer just did may be told in the log."""
        return self._limits.spoken.take(self._clock.seconds())

    def heard_before(self, payload: bytes) -> bool:
        """Whether this very sealed offer was heard already, by another way."""
        return payload[: signals.NONCE_BYTES] in self._nonces

    def offered(
        self, payload: bytes, offer: signals.Offer, fit: tuple[Candidate, ...], knocked: Candidate | None
    ) -> None:
        """The peer's offer arrived; `fit` are its candidates that may be probed.

        :param payload: as it was sealed.
        :param knocked: where it came from, when it came as a knock.
        """
        self._nonces.append(payload[: signals.NONCE_BYTES])
        self.peer_nat = offer.nat
        offer.tell_relays(self.relay_talk)
        if knocked is not None:
            self.doors.heard(knocked.endpoint)
        self._do(self.plan.offer(offer.session, offer.answers, fit, self._clock.seconds(), knocked))

    def moved(self) -> None:
        """This machine's addresses changed."""
        self._do(self.plan.moved(self._clock.seconds()))
        self.offer()

    def probed(self, probe: Probe, source: Endpoint, *, relayed: bool) -> None:
        """A verified probe arrived."""
        if probe.session != self.plan.peer_session:
            self.doors.heard(source)
        self._do(self.plan.probe(probe, source, self._clock.seconds(), relayed=relayed))

    def way(self, candidate: Candidate, usable: bool) -> None:
        """A way that this end found by itself (relay, relay over TCP, punched) became usable, or ceased to be."""
        self._do(self.plan.way(candidate, usable, self._clock.seconds()))

    def saw(self, status: PeerStatus, resets: int) -> None:
        """WireGuard's view of the peer; one from before a reset is of no use."""
        if resets != self.resets:
            return
        self.status = status
        handshaken = status.latest_handshake > 0
        if handshaken and self.ready_after is None:
            self.ready_after = self._clock.seconds() - self.added_at
            self.log.info("link to {peer} is up after {ms:.0f} ms", peer=self.name, ms=self.ready_after * 1000)
        self.ready = handshaken and not self.revoked
        self._do(self.plan.wireguard(status.endpoint, handshaken, self._clock.seconds()))

    def missing(self, resets: int) -> None:
        """WireGuard does not know the peer: something else removed it, so the link begins anew."""
        if self._configured and resets == self.resets:
            self.log.warn("{peer} was missing from WireGuard", peer=self.name)
            self._forget_session()
            self.plan.restart(self._random(probes.SESSION_BYTES))
            self._do([Configure(), SendOffer()])

    def offer(self) -> None:
        """Send our candidates."""
        self._offering.tell()

    def revoke(self) -> None:
        """The member was thrown out: whatever waits in the queue is not done any more."""
        self.revoked, self.ready = True, False

    async def close(self) -> None:
        """Stop timers and let a running action end; what still comes in starts nothing."""
        self._closed = True
        self._offering.stop()
        for timer in (self._timer, self._again):
            if timer is not None and timer.active():
                timer.cancel()
        self._timer = self._again = None
        await self._queue.close()

    @property
    def name(self) -> str:
        """The member's name, for logs."""
        return self.member.certificate.name

    # --- actions ------------------------------------------------------------------------------------------------------

    def _do(self, actions: Sequence[Action | Configure]) -> None:
        self._queue.put(actions)
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        now = self._clock.seconds()
        deadline = None if self._closed else self.plan.deadline(now)
        self._timer = None if deadline is None else self._clock.callLater(max(0.001, deadline - now), self._tick)

    def _tick(self) -> None:
        self._do(self.plan.tick(self._clock.seconds()))

    def _perform(self, action: Action | Configure) -> Awaitable[None] | None:
        if self.revoked:
            return None
        if isinstance(action, Configure):
            return self._configure()
        if isinstance(action, SendProbe):
            self._outlet.send_probe(probes.encode(action.probe, self.keys.probe), action.to)
            return None
        if isinstance(action, SendOffer):
            self.offer()
            return None
        if isinstance(action, WriteEndpoint):
            return self._write(action)
        if isinstance(action, ResetPeer):
            return self._reset()
        self._moved(action)
        return None

    def _moved(self, move: Moved) -> None:
        if self.speaks():
            self.log.info(
                "path to {peer} is now {kind} {endpoint}: {reason}",
                peer=self.name,
                kind=str(move.path.kind),
                endpoint=str(move.path.endpoint),
                reason=move.reason,
            )
        for delay in CHECK_DELAYS:
            self._outlet.check_soon(delay)
        if self.plan.moves > 1:
            self._offering.moved()

    async def _configure(self) -> None:
        self._again = None
        try:
            await self._outlet.add_peer(self.member)
        except LanrageError as error:
            self.log.warn("{peer} cannot be reached from this machine: {error}", peer=self.name, error=str(error))
            if not self._closed:
                self._again = self._clock.callLater(CONFIGURE_RETRY, self._queue.put, [Configure()])
        else:
            self._configured = True

    async def _write(self, action: WriteEndpoint) -> None:
        if action.fresh:
            self._forget_session()
            await self._tunnel.remove_peer(self.peer_key)
        allowed = (IPv4Network(f"{self.member.certificate.address}/32"),)
        await self._tunnel.set_peer(TunnelPeer(self.peer_key, allowed, action.endpoint, KEEPALIVE))
        self._configured = self._again is None
        for delay in CHECK_DELAYS:
            self._outlet.check_soon(delay)

    def _forget_session(self) -> None:
        """What WireGuard said of the peer until now is of no use."""
        self.resets += 1
        self.ready = self._configured = False

    async def _reset(self) -> None:
        self._forget_session()
        await self._tunnel.remove_peer(self.peer_key)
        await self._configure()

    def _make_offer(self) -> bytes:
        outlet, theirs = self._outlet, self.plan.peer_session or b""
        offer = signals.Offer.of(self.plan.session, theirs, outlet.candidates(), outlet.nat, self.relay_talk)
        nonce = self._random(signals.NONCE_BYTES)
        return signals.seal(offer, self.keys.seal, sender=self._own_key, receiver=self.peer_key, nonce=nonce)
