"""What a relay logs of bindings: which operation led to them, so that its lines join those of the nodes."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.identity import fingerprint
from lanrage.core.rate import TokenBucket
from lanrage.core.relay_bindings import Binding
from lanrage.logs import get_logger

RATE, BURST = 1.0, 200.0
"""Lines a second, and at once: holders of tickets bind as often as they like, and must not fill the disk."""

log = get_logger(__name__)


@attrs.define(eq=False)
class RelayNames:
    """Logs (:class:`lanrage.core.relay_bindings.BindingWatcher`).

    :param seconds: a clock that only moves forward.
    """

    seconds: Callable[[], float]
    _lines: TokenBucket = attrs.field(init=False, factory=lambda: TokenBucket(RATE, BURST))

    def named(self, binding: Binding) -> None:
        """An end is bound, and its holder said by which operation."""
        self._say("an end of a pair is bound at port {port}", binding)

    def ended(self, binding: Binding) -> None:
        """Its binding ended."""
        self._say("an end of a pair is bound no more at port {port}", binding)

    def _say(self, sentence: str, binding: Binding) -> None:
        if not self._lines.take(self.seconds()):
            return
        ticket = binding.ticket
        log.info(
            sentence,
            port=binding.line.local,
            party_id=ticket.party_id.hex(),
            peer_id=fingerprint(ticket.holder).hex(),
            correlation_id=binding.operation,
        )
