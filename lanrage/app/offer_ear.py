"""Hearing members' offers, by whatever way they come."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.logger import Logger

from lanrage.app.link_counters import LinkCounters
from lanrage.app.link_limits import SPOKEN_BURST, SPOKEN_RATE
from lanrage.app.peer_link import PeerLink
from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.rate import TokenBucket
from lanrage.errors import CryptoError, DecodeError
from lanrage.wire import knocks, signals


@attrs.define
class OfferEar:
    """Opens what members sealed for us.

    :param own_key: our WireGuard key, 32 bytes.
    :param fits: whether an address may be probed.
    :param punched: is told what a member says of birthday probing.
    :param now: seconds, for limits.
    :param words: lines of the log about what did not open.
    :param by_tag: the links, as they are, by the members' tags.
    """

    own_key: bytes
    counters: LinkCounters
    fits: Callable[[Endpoint], bool]
    by_tag: dict[bytes, PeerLink]
    is_relay: Callable[[Endpoint], bool]
    now: Callable[[], float]
    words: TokenBucket = attrs.field(factory=lambda: TokenBucket(SPOKEN_RATE, SPOKEN_BURST))
    punched: Callable[[PeerLink, signals.Punch], None] = lambda link, signal: None
    log = Logger()

    def hear(self, link: PeerLink | None, payload: bytes, knocked: Candidate | None) -> None:
        """An offer came; by several ways, so copies are common and cost nothing.

        :param link: to its sender, as it claims; ``None`` for a stranger.
        :param knocked: whence it came, when it came as a knock.
        """
        if link is None:
            self.counters.signals_refused += 1
            return
        if link.heard_before(payload):
            self.counters.signals_repeated += 1
            return
        try:
            signal = signals.unseal(payload, link.keys.seal, sender=link.peer_key, receiver=self.own_key)
        except (CryptoError, DecodeError) as error:
            self.counters.signals_refused += 1
            if self.words.take(self.now()):
                self.log.warn(
                    "a signal of {peer} was refused: {error}", peer=link.name, peer_id=link.peer_id, error=str(error)
                )
            return
        if not link.hears_signal():  # what anybody can send must not use up what the member itself may say
            self.counters.signals_over_budget += 1
            return
        link.remember(payload)
        if isinstance(signal, signals.Punch):
            self.punched(link, signal)
            return
        offer = signal
        fit = tuple(candidate for candidate in offer.values() if self.fits(candidate.endpoint))
        self.log.debug(
            "{peer} offers {offered} candidates, {fit} fit",
            peer=link.name,
            peer_id=link.peer_id,
            offered=len(offer.candidates),
            fit=len(fit),
        )
        link.offered(offer, fit, knocked)

    def knocked(self, data: bytes, source: Endpoint) -> None:
        """A knock came in at WireGuard's port."""
        try:
            tag, sealed = knocks.decode(data)
        except DecodeError:
            self.counters.probes_malformed += 1
            return
        link = self.by_tag.get(tag)
        if link is None:
            self.counters.probes_unknown += 1
            return
        kind = CandidateKind.RELAY if self.is_relay(source) else CandidateKind.PEER
        self.hear(link, sealed, Candidate(kind, source))
