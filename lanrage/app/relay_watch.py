"""How far each relay is, measured by STUN from WireGuard's own port (:mod:`lanrage.core.relay_distance`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall

from lanrage.app.relay_places import Place
from lanrage.core.links import Endpoint
from lanrage.core.relay_distance import GAP, SAMPLES, TIMEOUT, Distance, DistanceMeter
from lanrage.core.stun_questions import TRANSACTION_BYTES
from lanrage.wire import relay_stun


@attrs.define(eq=False)
class _Target:
    """One relay and its meter."""

    endpoint: Endpoint
    meter: DistanceMeter = attrs.field(factory=DistanceMeter)
    calls: list[IDelayedCall] = attrs.field(factory=list)
    heard: float | None = None

    def cancel(self) -> None:
        """No more questions."""
        for call in self.calls:
            if call.active():
                call.cancel()
        self.calls.clear()


class RelayWatch:
    """Measures relays, again and again.

    :param send: from WireGuard's port.
    :param changed: called when a round is over.
    """

    def __init__(
        self,
        reactor: Any,
        send: Callable[[bytes, Endpoint], None],
        changed: Callable[[], None],
        random: Callable[[int], bytes],
    ) -> None:
        self._reactor = reactor
        self._send = send
        self._changed = changed
        self._random = random
        self._targets: dict[str, _Target] = {}

    def use(self, places: Iterable[Place]) -> None:
        """These from now on; new ones are asked at once."""
        wanted = {place.relay_id: place.gauge for place in places}
        for relay_id, target in list(self._targets.items()):
            if wanted.get(relay_id) != target.endpoint:
                target.cancel()
                del self._targets[relay_id]
        for relay_id, endpoint in wanted.items():
            if relay_id not in self._targets:
                self._targets[relay_id] = target = _Target(endpoint)
                self._round(target)

    def received(self, payload: bytes, source: Endpoint) -> bool:
        """STUN came in; false when it is no answer of a relay."""
        target = next((each for each in self._targets.values() if each.endpoint == source), None)
        if target is None:
            return False
        transaction = relay_stun.answered(payload)
        if transaction is not None:
            target.heard = now = self._reactor.seconds()
            target.meter.answered(transaction, now)
        return True

    def distances(self) -> dict[str, Distance]:
        """What is known now, by relay."""
        known = {relay_id: target.meter.distance for relay_id, target in self._targets.items()}
        return {relay_id: distance for relay_id, distance in known.items() if distance is not None}

    def look(self) -> None:
        """Measure now."""
        for target in self._targets.values():
            target.cancel()
            self._round(target)

    def heard(self) -> dict[str, float | None]:
        """When each relay that is asked answered last, by the reactor's clock; ``None``: never."""
        return {relay_id: target.heard for relay_id, target in self._targets.items()}

    def moved(self) -> None:
        """This machine is in another network: measure anew."""
        for target in self._targets.values():
            target.cancel()
            target.meter.forget()
            self._round(target)

    def stop(self) -> None:
        """Measure no more."""
        self.use(())

    def _round(self, target: _Target) -> None:
        later = self._reactor.callLater
        self._ask(target)
        target.calls = [later(number * GAP, self._ask, target) for number in range(1, SAMPLES)]
        target.calls.append(later((SAMPLES - 1) * GAP + TIMEOUT, self._close, target))

    def _ask(self, target: _Target) -> None:
        transaction = self._random(TRANSACTION_BYTES)
        target.meter.asked(transaction, self._reactor.seconds())
        self._send(relay_stun.ask(transaction), target.endpoint)

    def _close(self, target: _Target) -> None:
        target.meter.close_round(self._reactor.seconds())
        target.calls = [self._reactor.callLater(target.meter.interval, self._round, target)]
        self._changed()
