"""The link to one member: its path plan, joined to WireGuard, the probe port and the signals."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.app.action_queue import ActionQueue
from lanrage.app.link_limits import LinkLimits
from lanrage.app.offering import Offering, OfferOutlet
from lanrage.app.peer_device import DeviceOutlet, PeerDevice
from lanrage.core.candidates import Candidate
from lanrage.core.certificates import Member
from lanrage.core.doors import Doors
from lanrage.core.identity import PairKeys, fingerprint
from lanrage.core.links import Endpoint, PeerStatus
from lanrage.core.nat import NatKind
from lanrage.core.operation_ages import LIFE
from lanrage.core.path_actions import Action, Moved, ResetPeer, SendOffer, SendProbe, WriteEndpoint
from lanrage.core.path_plan import PathPlan
from lanrage.core.probe import Probe
from lanrage.core.relay_talk import RelayTalk
from lanrage.core.traffic import Counters
from lanrage.interfaces import ITunnel
from lanrage.log_context import context, get_context
from lanrage.timing import timing_span
from lanrage.wire import probes, signals

CONNECTED = timing_span("peer.connect")
"""From knowing a member to WireGuard's first handshake with it."""

NONCES = 64
"""Offers of the peer that are known again: each may come by the control server, the tunnel, others and knocks."""


@attrs.frozen
class Configure:
    """Make the peer known to WireGuard; before all else."""


@attrs.frozen
class WriteKeepalive:
    """The peer's NAT needs another keepalive than WireGuard has."""


LinkAction = Action | Configure | WriteKeepalive


class LinkOutlet(OfferOutlet, DeviceOutlet, Protocol):
    """What a link asks of its surroundings."""

    def candidates(self) -> tuple[Candidate, ...]:
        """This node's own candidates now."""

    @property
    def nat(self) -> NatKind:
        """What this node is behind."""

    def send_probe(self, payload: bytes, to: Endpoint, member: bytes | None = None) -> bool:
        """Send from WireGuard's port; false when limits forbid it."""

    def lan_bytes(self, link: PeerLink) -> int:
        """What LAN plane and party channel took to and from the member, in WireGuard's bytes."""

    def keepalive_for(self, link: PeerLink) -> int:
        """Seconds between WireGuard's keepalives to this peer: what the NATs between need."""


class PeerLink:
    """One member's link.

    :param member: verified.
    :param keys: shared with the member.
    :param plan: the pure machine.
    :param remembered: addresses at which the member was reached in an earlier life.
    :ivar peer_id: the member's fingerprint, for logs.
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
        self.peer_id = fingerprint(member.certificate.identity).hex()
        self.plan = plan
        self.keys = keys
        self.doors = Doors(remembered)
        self.revoked = False
        self.peer_nat = NatKind.UNKNOWN
        self.relay_talk = RelayTalk()
        self.status: PeerStatus | None = None
        self.added_at = clock.seconds()
        self.ready_after: float | None = None
        self._clock = clock
        self._own_key = own_key
        self._outlet = outlet
        self._random = random
        self._queue: ActionQueue[LinkAction] = ActionQueue(self._perform)
        self._device = PeerDevice(
            clock, tunnel, member, outlet, again=self.reconfigure, keepalive=lambda: outlet.keepalive_for(self)
        )
        self._timer: IDelayedCall | None = None
        self._offering = Offering(clock, self.identity, plan, self.doors, outlet, self._make_offer)
        self._nonces: deque[bytes] = deque(maxlen=NONCES)
        self._limits = LinkLimits()
        self._closed = False
        self._began = get_context()

    @property
    def peer_key(self) -> bytes:
        """The member's WireGuard key."""
        return self.member.certificate.wireguard_key

    @property
    def identity(self) -> bytes:
        """The member's Ed25519 key."""
        return self.member.certificate.identity

    @property
    def operation(self) -> str:
        """What led to the link (a member's join), as long as that is under way; else empty."""
        young = self._clock.seconds() - self.added_at < LIFE
        return self._began.get("correlation_id", "") if young else ""

    @property
    def log_fields(self) -> dict[str, str]:
        """What each of its log lines bears."""
        return {**getattr(self._outlet, "log_fields", {}), "peer_id": self.peer_id}

    @property
    def ready(self) -> bool:
        """WireGuard's handshake came through, and the member is one."""
        return self._device.alive and not self.revoked

    @property
    def resets(self) -> int:
        """How often WireGuard forgot the peer's session."""
        return self._device.resets

    def start(self) -> None:
        """Configure the peer and tell it where we are; what arrives meanwhile waits its turn."""
        self.log.debug("link to {peer} begins", peer=self.name)
        self._put([Configure(), SendOffer()])

    # --- inputs -------------------------------------------------------------------------------------------------------

    def hears_signal(self) -> bool:
        """Whether one more signal of the peer is listened to now."""
        return self._limits.hears_signal(self._clock.seconds())

    def hears_probe(self, probe: Probe) -> bool:
        """Whether one more probe of the peer is listened to now; one of another life has limits of its own."""
        return not self.plan.meant(probe) or self._limits.hears_probe(probe.kind, self._clock.seconds())

    def speaks(self) -> bool:
        """Whether what the peer just did may be told in the log."""
        return self._limits.speaks(self._clock.seconds())

    def heard_before(self, payload: bytes) -> bool:
        """Whether this very sealed offer was heard already, by another way."""
        return payload[: signals.NONCE_BYTES] in self._nonces

    def remember(self, payload: bytes) -> None:
        """This sealed signal was heard."""
        self._nonces.append(payload[: signals.NONCE_BYTES])

    def offered(self, offer: signals.Offer, fit: tuple[Candidate, ...], knocked: Candidate | None) -> None:
        """The peer's offer arrived; `fit` are its candidates that may be probed.

        :param knocked: where it came from, when it came as a knock.
        """
        actions = self.plan.offer(offer.session, offer.answers, fit, self._clock.seconds(), knocked)
        known = offer.session == self.plan.peer_session
        if known:
            self.peer_nat = offer.nat
            offer.tell_relays(self.relay_talk)
        if knocked is not None and (known or actions):
            self.doors.heard(knocked.endpoint, sure=known)
        self._do(actions)

    def moved(self) -> None:
        """This machine's addresses changed."""
        self._do(self.plan.moved(self._clock.seconds()))
        self.offer()

    def probed(self, probe: Probe, source: Endpoint, *, relayed: bool) -> None:
        """A verified probe arrived."""
        foreign = not self.plan.meant(probe)
        actions = self.plan.probe(probe, source, self._clock.seconds(), relayed=relayed)
        if foreign and actions:  # it asks for an offer
            self.doors.heard(source, sure=False)
        self._do(actions)

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
            CONNECTED.note(self.ready_after)
            with context(**self._began):  # whoever looked: this is the end of what began the link
                self.log.info("link to {peer} is up after {ms:.0f} ms", peer=self.name, ms=self.ready_after * 1000)
        self._device.alive = handshaken
        if self._device.keepalive_due:
            self._put([WriteKeepalive()])
        self.plan.hold = self._outlet.keepalive_for(self)
        counters = Counters(status.rx_bytes, status.tx_bytes, status.latest_handshake, self._outlet.lan_bytes(self))
        self._do(self.plan.wireguard(status.endpoint, handshaken, self._clock.seconds(), counters))

    def missing(self, resets: int) -> None:
        """WireGuard does not know the peer: something else removed it, so the link begins anew."""
        if self._device.configured and resets == self.resets:
            self.log.warn("{peer} was missing from WireGuard", peer=self.name)
            self._device.forget_session()
            self.plan.restart(self._random(probes.SESSION_BYTES))
            self._do([Configure(), SendOffer()])

    def offer(self) -> None:
        """Send our candidates."""
        self._offering.tell()

    def revoke(self) -> None:
        """The member was thrown out: whatever waits in the queue is not done any more."""
        self.revoked = True

    async def close(self) -> None:
        """Stop timers and let a running action end; what still comes in starts nothing."""
        self._closed = True
        self.log.info("link to {peer} ends", peer=self.name)
        self._offering.stop()
        self._device.close()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        await self._queue.close()

    @property
    def name(self) -> str:
        """The member's name, for logs."""
        return self.member.certificate.name

    # --- actions ------------------------------------------------------------------------------------------------------

    def _put(self, actions: Sequence[LinkAction]) -> None:
        operation = self.operation or get_context().get("correlation_id", "")  # a socket's context is of who opened it
        with context(**self.log_fields, correlation_id=operation):
            self._queue.put(actions)

    def _do(self, actions: Sequence[LinkAction]) -> None:
        self._put(actions)
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        now = self._clock.seconds()
        deadline = None if self._closed else self.plan.deadline(now)
        self._timer = None if deadline is None else self._clock.callLater(max(0.001, deadline - now), self._tick)

    def _tick(self) -> None:
        self._do(self.plan.tick(self._clock.seconds()))

    def _perform(self, action: LinkAction) -> Awaitable[None] | None:
        if self.revoked:
            return None
        if isinstance(action, Configure):
            return self._device.configure()
        if isinstance(action, WriteKeepalive):
            return self._device.write_keepalive()
        if isinstance(action, SendProbe):
            self._send_probe(action)
            return None
        if isinstance(action, SendOffer):
            self.offer()
            return None
        if isinstance(action, WriteEndpoint):
            return self._device.write(action)
        if isinstance(action, ResetPeer):
            self.log.debug("WireGuard begins anew with {peer}", peer=self.name)
            return self._device.reset()
        self._moved(action)
        return None

    def _send_probe(self, action: SendProbe) -> None:
        path, probe = self.plan.paths.get(action.to), action.probe
        member = self.identity if path is not None and path.answers(self._clock.seconds()) else None
        payload = probes.encode(probe, self.keys.probe, self.plan.peer_session)
        if not self._outlet.send_probe(payload, action.to, member):
            self.plan.unsent(probe, action.to)
            self._schedule()

    def _moved(self, move: Moved) -> None:
        if self.speaks():
            self.log.info(
                "path to {peer} is now {kind} {endpoint}: {reason}",
                peer=self.name,
                kind=str(move.path.kind),
                endpoint=str(move.path.endpoint),
                reason=move.reason,
            )
        self._device.check_soon()
        if self.plan.moves > 1:
            self._offering.moved()

    def reconfigure(self) -> None:
        """What WireGuard and the routes know of the peer is to be set again; endpoint and session stay."""
        self._put([Configure()])

    def _make_offer(self) -> bytes:
        outlet, theirs = self._outlet, self.plan.answers
        offer = signals.Offer.of(self.plan.session, theirs, outlet.candidates(), outlet.nat, self.relay_talk)
        nonce = self._random(signals.NONCE_BYTES)
        return signals.seal(offer, self.keys.seal, sender=self._own_key, receiver=self.peer_key, nonce=nonce)
