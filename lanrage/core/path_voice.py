"""The probes of one end, as actions."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.path import Path
from lanrage.core.path_actions import SendProbe
from lanrage.core.path_decision import Pending
from lanrage.core.probe import Probe, ProbeKind


@attrs.frozen
class Voice:
    """Speaks for one end of a pair.

    :param tag: our tag.
    :param session: our session.
    :param transaction: the next probe's number, for PING and DECIDE.
    """

    tag: bytes
    session: bytes
    transaction: Callable[[], bytes]

    def ping(self, path: Path, now: float) -> SendProbe:
        """Is this path open?"""
        transaction = self.transaction()
        path.sent(transaction, now)
        return SendProbe(Probe(ProbeKind.PING, self.tag, self.session, transaction), path.endpoint)

    def decide(self, pending: Pending, now: float) -> SendProbe:
        """Let us take this path."""
        pending.sent(now)
        transaction = self.transaction()
        probe = Probe(ProbeKind.DECIDE, self.tag, self.session, transaction, decision=pending.number)
        return SendProbe(probe, pending.endpoint)

    def pong(self, ping: Probe, source: Endpoint) -> SendProbe:
        """It is open, and you are seen there."""
        return SendProbe(Probe(ProbeKind.PONG, self.tag, self.session, ping.transaction, observed=source), source)

    def decided(self, decide: Probe, source: Endpoint) -> SendProbe:
        """Agreed."""
        answer = Probe(ProbeKind.DECIDED, self.tag, self.session, decide.transaction, decision=decide.decision)
        return SendProbe(answer, source)
