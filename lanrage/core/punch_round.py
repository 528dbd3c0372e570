"""Birthday probing with one member: when to ask, what to send when, what to keep (``docs/protocol-probe.rst``).

A pure machine, as :mod:`lanrage.core.path_plan` is: inputs carry `now`, outputs are actions. The end behind the
symmetric router asks; the other answers when it is ready, and both begin: the first opens its sockets at once, the
other sends its probes after the delay that it named. The first that hears a verified probe has the way.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator

import attrs

from lanrage.core.birthday import FIRST_PORT, PROBES, SEND_RATE, SOCKETS, Part, RoundBudget, part
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind

PATIENCE = 2.0
"""Seconds that a pair is on its relay before a round: plain punching opens within one."""
ASK_GAP, ASK_GAP_LIMIT = 3.0, 60.0
"""Seconds until a question without an answer is asked again, and the most that its doubling leads to. The other may
be busy with another round, or not want to."""
SPRAY_DELAY = 1.0
"""Seconds from the answer to the first probe: the answer travels, and 256 sockets are opened in 0.64 s."""
DELAY_LIMIT = 3.0
"""Seconds; an answer that names more is no answer."""
BATCH = 40
"""Most packets at once: what a busy machine did not send in time is not made up for in one burst."""
AFTERWARDS = 3.0
"""Seconds after the last probe in which a hit may still come to light."""
PROOF_TIME = 10.0
"""Seconds in which a way that was hit must be proven, and after which one that died is given up."""
ROUND_BYTES = 8


class Phase(enum.Enum):
    """Where a pair is."""

    IDLE = "idle"
    """Nothing to do, or waiting until it is worth asking."""
    ASKED = "asked"
    """Waiting for the other's answer."""
    OPENING = "opening"
    """Sockets are open and listen."""
    SPRAYING = "spraying"
    """Probes go out, or will after the delay."""
    HOLDING = "holding"
    """A socket was hit; its port is WireGuard's way to the other."""


@attrs.frozen
class View:
    """What is known of a pair now.

    :param own: what this node is behind.
    :param peer: what the member says it is behind.
    :param here: how reflectors see this node's port.
    :param there: addresses outside that the member's sealed offers named and that are fit to be probed.
    :param session: the member's session.
    :param relayed: the link is up, over a relay.
    :param direct: the direct addresses that are proven.
    """

    own: NatKind
    peer: NatKind
    here: Endpoint | None
    there: frozenset[Endpoint]
    session: bytes
    relayed: bool
    direct: frozenset[Endpoint] = frozenset()

    @property
    def network(self) -> tuple[str, frozenset[str], bytes]:
        """What a round depends on: a second one with the same has nothing new to find."""
        return self.here.host if self.here else "", frozenset(e.host for e in self.there), self.session


@attrs.frozen
class Ask:
    """Ask the member for a round."""

    round: bytes
    here: Endpoint


@attrs.frozen
class Ready:
    """Tell the member that probes begin after `delay` seconds."""

    round: bytes
    here: Endpoint
    delay: float


@attrs.frozen
class OpenSockets:
    """Open so many sockets towards an address."""

    count: int
    to: Endpoint


@attrs.frozen
class SendFrom:
    """Send a probe from these sockets."""

    sockets: range


@attrs.frozen
class Spray:
    """Send a probe from WireGuard's port to each of these."""

    to: tuple[Endpoint, ...]


@attrs.frozen
class Keep:
    """Let WireGuard send from the port of this socket; close the others."""

    socket: int
    to: Endpoint


@attrs.frozen
class EndRound:
    """The round is over: its sockets, if there are any, are closed."""


@attrs.frozen
class Release:
    """Give the way up that was kept."""

    to: Endpoint


PunchAction = Ask | Ready | OpenSockets | SendFrom | Spray | Keep | EndRound | Release


def random_ports(random: Callable[[int], bytes]) -> Iterator[int]:
    """Different ports, each as likely as another, without end until all were given.

    :param random: ``os.urandom``, or a test's own.
    """
    given: set[int] = set()
    while len(given) < 65536 - FIRST_PORT:
        port = int.from_bytes(random(2), "big")
        if port >= FIRST_PORT and port not in given:
            given.add(port)
            yield port


@attrs.define
class PairPunch:
    """The machine of one member.

    :param random: source of round ids and ports.
    :param budget: this node's, for all members.
    :ivar rounds: rounds that began.
    :ivar sent: packets spent on them.
    :ivar hits: sockets that were hit (at the end that opens), or ways that came up in a round (at the other).
    """

    random: Callable[[int], bytes]
    budget: RoundBudget
    phase: Phase = Phase.IDLE
    rounds: int = 0
    sent: int = 0
    hits: int = 0
    _round: bytes = b""
    _session: bytes = b""
    _target: Endpoint | None = None
    _tried: tuple[str, frozenset[str], bytes] | None = None
    _relayed_since: float | None = None
    _ask_at: float = 0.0
    _gap: float = ASK_GAP
    _begun: float = 0.0
    _progress: int = 0
    _seen_at: float = 0.0
    _proven: bool = False
    _ports: Iterator[int] = attrs.field(factory=lambda: iter(()))

    @property
    def target(self) -> Endpoint | None:
        """The member's address, at the end that opens sockets."""
        return self._target

    @property
    def busy(self) -> bool:
        """A round is under way: :meth:`look` is due often."""
        return self.phase in (Phase.OPENING, Phase.SPRAYING)

    def asks(self, round_id: bytes) -> bool:
        """Whether the question for this round still waits for its answer."""
        return self.phase is Phase.ASKED and round_id == self._round

    # --- inputs -------------------------------------------------------------------------------------------------------

    def look(self, view: View, now: float) -> list[PunchAction]:
        """Do what is due."""
        if self.phase is Phase.OPENING:
            return self._open(now)
        if self.phase is Phase.SPRAYING:
            return self._spray(view, now)
        if self.phase is Phase.HOLDING:
            return self._hold(view, now)
        if view.direct:
            self._tried = None  # what worked may be tried again when it is lost
        return self._wait(view, now)

    def asked(self, round_id: bytes, there: Endpoint, view: View, now: float) -> list[PunchAction]:
        """The member, behind a symmetric router, asks for a round.

        :param there: where its router is, as it says.
        """
        peer = NatKind.SYMMETRIC if view.peer is NatKind.UNKNOWN else view.peer
        known = there.host in {endpoint.host for endpoint in view.there}
        if self.phase is not Phase.IDLE or part(view.own, peer) is not Part.SPRAY or not known or view.here is None:
            return []
        if not view.relayed or self._tried == view.network or there.host == view.here.host:
            return []
        if not self._begin(Phase.SPRAYING, there, view, now):
            return []
        self._begun = now + SPRAY_DELAY
        self._ports = random_ports(self.random)
        return [Ready(round_id, view.here, SPRAY_DELAY)]

    def answered(self, round_id: bytes, there: Endpoint, delay: float, view: View, now: float) -> list[PunchAction]:
        """The member is ready, at the address `there`, and sends after `delay` seconds."""
        if self.phase is not Phase.ASKED or round_id != self._round or not 0.0 <= delay <= DELAY_LIMIT:
            return []
        if there not in view.there or not self._begin(Phase.OPENING, there, view, now):
            return []
        self._begun = now
        return [OpenSockets(SOCKETS, there), *self._open(now)]

    def hit(self, socket: int, source: Endpoint, now: float) -> list[PunchAction]:
        """A verified probe of the member came in at a socket of the round."""
        if self.phase is not Phase.OPENING or source != self._target:
            return []
        self.phase, self._seen_at, self._proven = Phase.HOLDING, now, False
        self.hits += 1
        self.budget.end()
        return [Keep(socket, source)]

    def stop(self) -> list[PunchAction]:
        """The member is gone, or the session ends, or what is needed failed; nothing is tried again in this network."""
        actions: list[PunchAction] = []
        if self.phase is Phase.HOLDING and self._target is not None:
            actions = [Release(self._target)]
        elif self.busy:
            actions = [EndRound()]
            self.budget.end()
        self.phase, self._target = Phase.IDLE, None
        return actions

    # --- within -------------------------------------------------------------------------------------------------------

    def _begin(self, phase: Phase, target: Endpoint, view: View, now: float) -> bool:
        if not self.budget.begin(target.host, now):
            return False
        self.phase, self._target, self._progress = phase, target, 0
        self._session, self._tried = view.session, view.network
        self.rounds += 1
        return True

    def _wait(self, view: View, now: float) -> list[PunchAction]:
        if not view.relayed or view.direct:
            self._relayed_since, self.phase, self._gap = None, Phase.IDLE, ASK_GAP
            return []
        if self._relayed_since is None:
            self._relayed_since = now
        if part(view.own, view.peer) is not Part.OPEN or view.here is None or self._tried == view.network:
            self.phase = Phase.IDLE  # another network, another part: the peer may ask now
            return []
        if not any(endpoint.host != view.here.host for endpoint in view.there):
            self.phase = Phase.IDLE  # behind our own router, or nowhere: an answer that comes late opens nothing
            return []
        if now < max(self._relayed_since + PATIENCE, self._ask_at) or self.budget.running:
            return []
        self.phase, self._round = Phase.ASKED, self.random(ROUND_BYTES)
        self._ask_at, self._gap = now + self._gap, min(2 * self._gap, ASK_GAP_LIMIT)
        return [Ask(self._round, view.here)]

    def _due(self, limit: int, now: float) -> int:
        if now < self._begun:
            return 0
        return min(BATCH, min(limit, int((now - self._begun) * SEND_RATE) + 1) - self._progress)

    def _open(self, now: float) -> list[PunchAction]:
        due = self._due(SOCKETS, now)
        if due > 0:
            sockets = range(self._progress, self._progress + due)
            self._progress += due
            self.sent += due
            return [SendFrom(sockets)]
        if now >= self._begun + DELAY_LIMIT + PROBES / SEND_RATE + AFTERWARDS:
            return self.stop()
        return []

    def _spray(self, view: View, now: float) -> list[PunchAction]:
        if self._target is None or any(endpoint.host == self._target.host for endpoint in view.direct):
            self.hits += 1
            return self.stop()
        if view.session != self._session:
            return self.stop()  # the member began anew: its sockets are gone
        due = self._due(PROBES, now)
        if due > 0:
            self._progress += due
            self.sent += due
            host = self._target.host
            return [Spray(tuple(Endpoint(host, next(self._ports)) for _ in range(due)))]
        if now >= self._begun + PROBES / SEND_RATE + AFTERWARDS:
            return self.stop()
        return []

    def _hold(self, view: View, now: float) -> list[PunchAction]:
        if self._target in view.direct:
            self._seen_at, self._proven = now, True
        if now < self._seen_at + PROOF_TIME and view.session == self._session:
            return []
        if self._proven:
            self._tried = None
        return self.stop()
